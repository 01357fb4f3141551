"""A pretend platform, and a client of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from bot.wechat.client import WeChatClient
from storage.database import Database
from tests.bot.wechat.setting import OPENID, Setting, open_setting


@pytest.fixture
def setting(sqlite_database: Database) -> Iterator[Setting]:
    """Give a platform that nobody follows yet, and an empty database."""
    with open_setting(sqlite_database) as opened:
        yield opened


@pytest.fixture
def client(setting: Setting) -> Iterator[WeChatClient]:
    """Give a client of that platform."""
    with setting.make_client() as made:
        yield made


@pytest.fixture
def write_to(setting: Setting) -> Callable[[], None]:
    """Give a function by which somebody follows and writes, so that messages may be sent to them."""

    def write() -> None:
        setting.platform.followers.record_push(setting.platform.build.subscribe(OPENID))
        setting.platform.followers.record_push(setting.platform.build.text(OPENID, "你好"))

    return write
