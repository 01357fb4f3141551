"""People who follow, leave or scan: welcome, erasure, and the place that a QR code stands for."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection

from handlers import texts
from handlers.answers import Answer
from handlers.message import Message
from handlers.services import Services
from storage import reporters

_SCENE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")  # the platform's own limit is 64 characters


def register(robot: Any, services: Services) -> None:
    """Attach the handlers of subscriptions and scans."""

    @robot.subscribe
    def receive_subscription(message: Message, db: Connection) -> Answer:
        reporters.mark_subscribed(db, message.reporter_id, at=message.sent_at)
        _bind_scene(message, db, message.event_key.removeprefix("qrscene_"))
        return Answer(texts.WELCOME)

    @robot.scan
    def receive_scan(message: Message, db: Connection) -> Answer:
        _bind_scene(message, db, message.event_key)
        return Answer(texts.PROMPT_REPORT)

    @robot.unsubscribe
    @robot.user_authorization_revoke
    @robot.user_authorization_cancellation
    def erase(message: Message, db: Connection) -> Answer:
        is_gone = reporters.erase_identity(db, message.reporter_id, at=message.sent_at, now=message.received_at)
        return Answer(None, erases=is_gone)


def _bind_scene(message: Message, db: Connection, scene: str) -> None:
    if _SCENE.fullmatch(scene):
        reporters.mark_scene(db, message.reporter_id, scene)
