"""What the program writes: one JSON object a line, with the places of failures and never their values."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from contextlib import redirect_stderr
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from structlog.typing import FilteringBoundLogger

from bot.logs import log_stray_errors, set_up_logs
from storage.database import Database

pytestmark = pytest.mark.usefixtures("kept_logging")
SECRETS = ("oSECRETopenid", "13800138000", "access_token_7f")


class Lines:
    """What was written to standard error."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def set_up(self, level: str) -> FilteringBoundLogger:
        """Set up the logs to be written here."""
        with redirect_stderr(self.stream):
            return set_up_logs(level)

    def read(self) -> list[dict[str, Any]]:
        """Return the records; fails where a line is no JSON or holds a secret."""
        written = self.stream.getvalue()
        for secret in SECRETS:
            assert secret not in written
        return [json.loads(line) for line in written.splitlines()]


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def log(lines: Lines) -> FilteringBoundLogger:
    return lines.set_up("info")


def fail() -> None:
    error = KeyError("access_token_7f")
    error.add_note("13800138000")
    raise ValueError("oSECRETopenid sent 13800138000") from error


def test_a_record_is_one_line_with_its_level_and_an_instant(log: FilteringBoundLogger, lines: Lines) -> None:
    log.warning("attachment_put_off", attachment=3, reason="第一行\n第二行")
    (record,) = lines.read()
    assert (record["event"], record["level"], record["attachment"]) == ("attachment_put_off", "warning", 3)
    assert record["reason"] == "第一行\n第二行"
    assert datetime.fromisoformat(record["timestamp"]).utcoffset() is not None


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_says_nothing_below_its_level(lines: Lines, level: str) -> None:
    log = lines.set_up(level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(f"ours_{name}")
        getattr(logging.getLogger("theirs"), name)("theirs_%s", name)
    names = ["debug", "info", "warning", "error"]
    wanted = names[names.index(level) :]
    assert [record["event"] for record in lines.read()] == [
        f"{who}_{name}" for name in wanted for who in ("ours", "theirs")
    ]


def test_setting_up_twice_writes_each_line_once(lines: Lines) -> None:
    lines.set_up("info")
    lines.set_up("info").info("once")
    assert len(lines.read()) == 1


def test_an_exception_tells_its_place_and_its_cause_but_not_what_it_quotes(
    log: FilteringBoundLogger, lines: Lines
) -> None:
    try:
        fail()
    except ValueError:
        log.exception("job_failed", job="one")
        logging.getLogger("theirs").exception("their failure")
    for record in lines.read():
        assert record["exception"].startswith("ValueError at test_logs.py:")
        assert " from KeyError" in record["exception"]


def test_a_database_error_tells_neither_statement_nor_values(
    log: FilteringBoundLogger, lines: Lines, sqlite_database: Database
) -> None:
    try:
        with sqlite_database.read() as db:
            db.execute(text("SELECT openid FROM reporters WHERE openid = :openid"), {"openid": "oSECRETopenid"})
    except sqlite_database.outages:
        log.exception("job_failed")
    (record,) = lines.read()
    assert "OperationalError" in record["exception"]
    assert "SELECT" not in str(record)


def test_what_nobody_caught_is_a_line_as_well(log: FilteringBoundLogger, lines: Lines) -> None:
    log_stray_errors(log)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    records = lines.read()
    assert [(record["event"], record["error"]) for record in records] == [("uncaught", "ValueError")] * 2
    assert all("test_logs.py" in record["exception"] for record in records)


def test_a_warning_is_a_line_as_well(log: FilteringBoundLogger, lines: Lines) -> None:
    log_stray_errors(log)
    warnings.showwarning("old", DeprecationWarning, "somewhere.py", 1)
    (record,) = lines.read()
    assert record["level"] == "warning"


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("urllib3.connectionpool", logging.WARNING),
        ("apscheduler.scheduler", logging.WARNING),
        ("apscheduler.executors.default", logging.INFO),
        ("alembic.runtime.migration", logging.INFO),
        ("PIL.PngImagePlugin", logging.INFO),
    ],
)
def test_talkative_libraries_are_quiet(lines: Lines, name: str, level: int) -> None:
    lines.set_up("debug")
    logging.getLogger(name).log(level, "GET /cgi-bin/token?secret=access_token_7f")
    assert lines.read() == []


@pytest.mark.parametrize("name", ["_granian", "_granian.serve", "_granian.utils"])
def test_the_web_servers_lines_end_where_a_traceback_begins(log: FilteringBoundLogger, lines: Lines, name: str) -> None:
    logger = logging.getLogger(name)
    logger.error("Application callable raised an exception\nTraceback …\nValueError: oSECRETopenid")
    logger.info("Spawning worker-%d", 1)
    logger.warning("Configuration allows spawning up to 8 Python threads, which seems quite high")
    assert [record["event"] for record in lines.read()] == [
        "Application callable raised an exception", "Spawning worker-1",
    ]  # fmt: skip


def test_a_text_that_no_encoding_holds_is_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with (
        path.open("w", encoding="utf-8", errors="backslashreplace") as stream,  # as standard error is
        redirect_stderr(stream),
    ):
        set_up_logs("info").info("odd", words="\ud800 \x00 \u2028")
    (line,) = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert "odd" in line
