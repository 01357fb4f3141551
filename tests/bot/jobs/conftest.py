"""A pretend platform, and the services of jobs that fetch from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import Database
from tests.bot.jobs.fetching import Fetching
from tests.bot.wechat.setting import Setting, open_setting


@pytest.fixture
def setting(sqlite_database: Database) -> Iterator[Setting]:
    """Give a platform that nobody follows yet, and an empty database."""
    with open_setting(sqlite_database) as opened:
        yield opened


@pytest.fixture
def fetching(setting: Setting) -> Iterator[Fetching]:
    """Give jobs' services with an empty store."""
    with setting.make_client() as client:
        yield Fetching(setting, client)
