"""A webhook on either engine; after every case no openid and no secret may stand in a table or in a log line."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import set_up_logs
from storage.database import Database
from tests.conformance.platform import Desk, check_nothing_leaks
from tests.intake import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Give what the program's own logs write, every level of it."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logs("DEBUG")
    monkeypatch.undo()
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


@pytest.fixture
def desk(sqlite_database: Database, clock: Clock, log_lines: io.StringIO) -> Iterator[Desk]:
    """Give a webhook in plain mode on SQLite."""
    yield Desk(sqlite_database, clock, log=structlog.get_logger("suishoupai"))
    check_nothing_leaks(sqlite_database, log_lines.getvalue())


@pytest.fixture
def either_desk(database: Database, clock: Clock, log_lines: io.StringIO) -> Iterator[Desk]:
    """Give a webhook in plain mode, on one engine after the other."""
    yield Desk(database, clock, log=structlog.get_logger("suishoupai"))
    check_nothing_leaks(database, log_lines.getvalue())


@pytest.fixture
def postgres_desk(postgres_database: Database, clock: Clock, log_lines: io.StringIO) -> Iterator[Desk]:
    """Give a webhook in plain mode on PostgreSQL."""
    yield Desk(postgres_database, clock, log=structlog.get_logger("suishoupai"))
    check_nothing_leaks(postgres_database, log_lines.getvalue())
