"""A pretend platform on loopback, and clients with sub-second bounds that call it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.simulator.account import Account
from bot.simulator.platform import Platform
from bot.simulator.server import serve_platform
from bot.wechat.client import WeChatClient
from bot.wechat.tokens import TokenStore
from bot.wechat.transport import Timeouts
from storage.database import Database
from storage.vault import Vault

APP_ID = "wx0000invented0001"
APP_SECRET = "invented-app-secret-0123456789"
OPENID = "o-invented-openid-0001"
PHOTO = b"\xff\xd8\xff" + b"not a real photo" * 20


@dataclass
class Clock:
    """A clock that tests move."""

    at: datetime = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.at

    def pass_time(self, seconds: float) -> None:
        """Move on."""
        self.at += timedelta(seconds=seconds)


@dataclass
class Setting:
    """The platform, its address, and how to make clients of it."""

    platform: Platform
    url: str
    clock: Clock
    database: Database
    vault: Vault = field(default_factory=lambda: Vault(b"k" * 32))

    def make_store(self, **changes: object) -> TokenStore:
        """Return a token store as one more process would have it."""
        given: dict[str, object] = {"now": self.clock, "pause": self.clock.pass_time, **changes}
        return TokenStore(self.database, self.vault, APP_ID, **given)  # type: ignore[arg-type]

    def make_client(self, **changes: object) -> WeChatClient:
        """Return a client; `changes` are its named arguments, and store, secret and url."""
        store = changes.pop("store", None) or self.make_store()
        secret, url = changes.pop("secret", APP_SECRET), changes.pop("url", self.url)
        given: dict[str, object] = {
            "now": self.clock,
            "picture_hosts": ("mmbiz.qpic.cn",),
            "timeouts": Timeouts(connect=0.5, read=0.5, call=0.8, media=0.8),
            **changes,
        }
        return WeChatClient(APP_ID, secret, url, store, **given)  # type: ignore[arg-type]

    def count_calls(self, endpoint: str) -> int:
        """Return how often an endpoint was called."""
        return len(self.platform.call_log.list_calls(endpoint))


@contextmanager
def open_setting(database: Database) -> Iterator[Setting]:
    """Yield a platform that nobody follows yet."""
    clock = Clock()
    account = Account(token="invented-token", app_id=APP_ID, app_secret=APP_SECRET)
    platform = Platform(account, "http://127.0.0.1:9/unused", clock=clock)
    with serve_platform(platform) as url:
        yield Setting(platform, url, clock, database)
