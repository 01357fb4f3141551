"""A stopped clock, an account in each mode, and a callback that does what a test tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

import pytest
from flask import Flask, Response, request

from bot.simulator.account import Account, Mode
from bot.simulator.people import Person
from bot.simulator.platform import Platform
from bot.simulator.server import serve_app

OPENID = "o-invented-li"
STRANGER = "o-invented-nobody"
LEFT = "o-invented-left"
PEOPLE = (
    Person(OPENID, "样例·李秀英", "东沟村村民", "#a8483f", "样例东沟村"),
    Person(LEFT, "样例·刘师傅", "煤矿班长", "#3b5b7a", "样例南洼村"),
)
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


@dataclass
class StoppedClock:
    now: datetime = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Callback:
    """A webhook on loopback: answers the planned responses in turn, then `success`."""

    url: str = ""
    planned: list[Callable[[], Response]] = field(default_factory=list)
    seen: list[tuple[dict[str, str], bytes, dict[str, str]]] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def answer(self, body: str | bytes, status: int = 200, times: int = 1, **headers: str) -> None:
        self.planned += [lambda: Response(body, status, headers)] * times

    def stall(self, times: int = 1) -> None:
        def late() -> Response:
            self.released.wait(20)
            return Response("success")

        self.planned += [late] * times

    def drip(self) -> None:
        def pieces() -> Iterator[bytes]:
            while not self.released.wait(0.02):
                yield b"s"

        self.planned.append(lambda: Response(pieces()))

    def take(self) -> Response:
        with self.lock:
            self.seen.append((request.args.to_dict(), request.get_data(), dict(request.headers)))
            plan = self.planned.pop(0) if self.planned else (lambda: Response("success"))
        return plan()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def callback() -> Iterator[Callback]:
    callback = Callback()
    app = Flask("callback", static_folder=None)
    app.add_url_rule("/wechat", "wechat", callback.take, methods=["POST"])
    app.add_url_rule("/wechat", "verify", lambda: Response(request.args["echostr"]), methods=["GET"])
    with serve_app(app) as base_url:
        callback.url = f"{base_url}/wechat"
        yield callback
        callback.released.set()


MakePlatform = Callable[..., Platform]


def make_account(mode: Mode = "plain") -> Account:
    return Account("inventedToken", "wx0000000000000001", "invented-secret", AES_KEY, mode, "gh_invented0001")


@pytest.fixture
def make_platform(clock: StoppedClock) -> Iterator[MakePlatform]:
    made: list[Platform] = []

    def make(mode: Mode = "plain", callback_url: str = "http://127.0.0.1:9/wechat", **more: Any) -> Platform:
        made.append(
            Platform(make_account(mode), callback_url, clock=clock, people=PEOPLE, not_following=[LEFT], **more)
        )
        return made[-1]

    yield make
    for platform in made:
        platform.close()


def build_text_reply(content: str, to: str = OPENID, sender: str = "gh_invented0001") -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[{to}]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
        f"<CreateTime>1795000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content></xml>"
    ).encode()
