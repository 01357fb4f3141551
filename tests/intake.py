"""A robot on a real database, and people who talk to it; for dialogues, conformance and journeys."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import structlog

from bot.deadlines import read_deadlines
from bot.jobs.gathering import close_next_gathering
from bot.settings.tables import WechatTable
from bot.webhook.incoming import read_fields, read_incoming
from bot.webhook.robot import IntakeRoBot
from handlers import register_handlers
from handlers.classify import Classifier, load_lexicon
from handlers.services import Services
from storage.database import Database
from storage.vault import Vault

TOKEN = "testtoken"
APP_ID = "wxba5fad812f8e6fb9"
ORIGINAL_ID = "gh_0123456789ab"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
VAULT_KEY = bytes(range(32))
T0 = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai

_LEXICON = load_lexicon()
_serial = itertools.count(10_000_000_000_000_001)


class Clock:
    """The time as a test sets it."""

    def __init__(self, at: datetime = T0) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **parts: float) -> None:
        self.at += timedelta(**parts)


def make_wechat(**changes: Any) -> WechatTable:
    """Return the account's settings, in plain mode unless said otherwise."""
    values = {
        "token": TOKEN,
        "app_id": APP_ID,
        "app_secret": "0123456789abcdef0123456789abcdef",
        "encoding_aes_key": AES_KEY,
        "mode": "plain",
        "original_id": ORIGINAL_ID,
    }
    return WechatTable(**(values | changes))


def make_robot(
    database: Database,
    clock: Clock,
    *,
    services: Services | None = None,
    units: dict[str, str] | None = None,
    **wechat: Any,
) -> IntakeRoBot:
    """Return a robot with every handler on a migrated database."""
    digits = itertools.count(1)
    robot = IntakeRoBot(
        make_wechat(**wechat),
        database=database,
        vault=Vault(VAULT_KEY),
        classifier=Classifier(_LEXICON, units or {}),
        now=clock,
        random_hex=lambda n: f"{next(digits):0{n}x}"[-n:],
        log=structlog.get_logger("test"),
    )
    register_handlers(robot, services or make_services())
    return robot


def make_services(**values: Any) -> Services:
    """Return what the handlers are given, with receipt words that count up from 4827 and the default deadlines."""
    words = itertools.count(4827)
    given = {"read_deadlines": read_deadlines, "random_digits": lambda n: f"{next(words):0{n}d}"[-n:]}
    return Services(**(given | values))


def make_xml(openid: str, kind: str, at: datetime, **elements: Any) -> bytes:
    """Return a message as the platform writes it; an element given as None is left out."""
    fields: dict[str, Any] = {
        "ToUserName": ORIGINAL_ID,
        "FromUserName": openid,
        "CreateTime": int(at.timestamp()),
        "MsgType": kind,
        **elements,
    }
    if kind != "event" and "MsgId" not in fields:
        fields["MsgId"] = next(_serial)
    inner = "".join(
        f"<{name}>{value}</{name}>" if isinstance(value, int | float) else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in fields.items()
        if value is not None
    )
    return f"<xml>{inner}</xml>".encode()


@dataclass
class Talk:
    """One person's conversation with a robot, on a clock that the person moves."""

    robot: IntakeRoBot
    database: Database
    clock: Clock
    openid: str = "oTESTperson00000000000000001"
    replies: list[str | None] = field(default_factory=list)

    def send(self, kind: str, *, sent_at: datetime | None = None, **elements: Any) -> str | None:
        """Send one message and return what the bot says, None for the bare acknowledgement."""
        return self.deliver(make_xml(self.openid, kind, sent_at or self.clock.at, **elements))

    def deliver(self, body: bytes) -> str | None:
        """Deliver a body as it is."""
        reply = self.robot.get_reply(read_incoming(read_fields(body), body, received_at=self.clock.at))
        text = None if reply.render() == "success" else str(read_fields(reply.render().encode())["Content"])
        self.replies.append(text)
        return text

    def say(self, words: str, **more: Any) -> str | None:
        """Send a text."""
        return self.send("text", Content=words, **more)

    def photo(self, **more: Any) -> str | None:
        """Send a picture."""
        media_id = f"MEDIA{next(_serial)}"
        return self.send("image", PicUrl=f"https://mmbiz.qpic.cn/{media_id}/0", MediaId=media_id, **more)

    def voice(self, words: str | None = None, **more: Any) -> str | None:
        """Send a voice message, with a transcript if `words` are given."""
        return self.send("voice", MediaId=f"VOICE{next(_serial)}", Format="amr", Recognition=words, **more)

    def pin(
        self, label: str = "样例镇东坪村广场", latitude: float = 36.01, longitude: float = 113.02, **more: Any
    ) -> str | None:
        """Send a point of the map."""
        return self.send("location", Location_X=latitude, Location_Y=longitude, Scale=20, Label=escape(label), **more)

    def event(self, name: str, key: str | None = None, **more: Any) -> str | None:
        """Send one of the platform's events."""
        return self.send("event", Event=name, EventKey=key, **more)

    def wait(self, **parts: float) -> None:
        """Let time pass; what is due meanwhile happens."""
        self.clock.advance(**parts)
        while close_next_gathering(self.database, now=self.clock):
            pass
