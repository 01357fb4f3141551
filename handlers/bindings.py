"""Staff who bind their chat account by a one-time code, typed or scanned, and who take it away again."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import Connection

from handlers import texts_binding as texts
from handlers.answers import Answer
from handlers.message import Message
from handlers.services import Services
from storage import bindings, reporters, staff
from storage.audit import record_audit_entry
from storage.bindings import CODE_LENGTH, BindOutcome, clean_code

SCENE_PREFIX = "bind-"  # of a QR code that carries a code

# Letters and digits alone, so that 绑定在电杆上的牌子要掉了 stays a hazard.
_BIND = re.compile(r"(?:我要)?绑定码?[\s:,是“”\"']*(?P<code>[0-9A-Za-z\s\-_·]*)[\s.。!“”\"']*")
_UNBIND = re.compile(r"(?:我要|帮我|请)?(?:解绑|解除绑定|取消绑定)(?:吧|了)?[\s.。!,]*")
_REFUSALS = {
    BindOutcome.WRONG: texts.WRONG,
    BindOutcome.EXPIRED: texts.EXPIRED,
    BindOutcome.TAKEN: texts.TAKEN,
    BindOutcome.PAUSED: texts.PAUSED,
}


def register(robot: Any, services: Services) -> None:
    """Attach the handlers of codes; each leaves alone whatever carries none."""

    @robot.subscribe
    def receive_subscription(message: Message, db: Connection) -> Answer | None:
        scene = message.event_key.removeprefix("qrscene_")
        if not scene.startswith(SCENE_PREFIX):
            return None
        reporters.mark_subscribed(db, message.reporter_id, at=message.sent_at)
        return _bind(message, db, scene.removeprefix(SCENE_PREFIX))

    @robot.scan
    def receive_scan(message: Message, db: Connection) -> Answer | None:
        if not message.event_key.startswith(SCENE_PREFIX):
            return None
        return _bind(message, db, message.event_key.removeprefix(SCENE_PREFIX))

    @robot.text
    def receive_words(message: Message, db: Connection) -> Answer | None:
        if message.understanding.emergency is not None:
            return None
        said = unicodedata.normalize("NFKC", message.text).strip()
        if _UNBIND.fullmatch(said):
            return _unbind(message, db)
        wish = _BIND.fullmatch(said)
        if wish is None:
            return None
        return _bind(message, db, wish["code"]) if clean_code(wish["code"]) else Answer(texts.HOW)


def _bind(message: Message, db: Connection, code: str) -> Answer:
    if len(clean_code(code)) != CODE_LENGTH:
        return Answer(texts.WRONG)  # no code at all, so nobody was guessing
    now = message.received_at
    bound = bindings.bind(db, code, reporter_id=message.reporter_id, now=now)
    if bound.staff_id is None:
        return _seal(_REFUSALS[bound.outcome])
    member = staff.find_staff_by_id(db, bound.staff_id)
    if member is None:
        raise RuntimeError("a code was open for somebody who has left")
    names = [unit.name for unit in staff.list_liaison_units(db, bound.staff_id)]
    record_audit_entry(db, at=now, by=f"staff:{member.username}", action="bind", subject=f"staff:{member.id}")
    role = staff.Role(member.role)
    return _seal(texts.bound(member.display_name, role, names, is_replaced=bound.is_replaced))


def _unbind(message: Message, db: Connection) -> Answer:
    staff_id = message.reporter.staff_id
    if staff_id is None or not bindings.unbind(db, staff_id):
        return Answer(texts.NOT_BOUND)
    member = staff.find_staff_by_id(db, staff_id)
    by = "reporter" if member is None else f"staff:{member.username}"
    record_audit_entry(db, at=message.received_at, by=by, action="unbind", subject=f"staff:{staff_id}")
    return Answer(texts.UNBOUND)


def _seal(words: str) -> Answer:
    """Answer and keep what was typed sealed only: a code that was not used up would still be good."""
    return Answer(words, is_confidential=True)
