"""Notices in a whole program: the configuration's channels are reached, held ones go, and a run has its cap."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import select

from bot.jobs.process import run_jobs_once
from bot.jobs.table import build_jobs, run_job
from bot.logs import set_up_logs
from bot.settings import load_settings
from bot.wiring import Program
from storage import outbox
from storage.database import Database
from storage.outbox import NoticeState, Purpose, notices
from tests.bot.notify.postoffice import open_post_office
from tests.factories import NOW, make_message, make_reporter
from tests.intake import Clock
from tests.running import write_config


def make_program(database: Database, folder: Path, **keys: object) -> Program:
    """Return a program with a configuration of its own; `keys` are given as in the environment."""
    config = write_config(folder, database.engine.url.render_as_string(hide_password=False))
    environ = {
        f"SUISHOUPAI_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in keys.items()
    }
    program = Program(load_settings(config, environ), set_up_logs("error"), Clock())
    program.__dict__["database"] = database  # where a cached property keeps what it has made
    return program


def add(database: Database, recipient: str, subject: str = "report:1", **more: object) -> None:
    with database.write() as db:
        given = {"purpose": Purpose.ALARM, "words": "【险情】2611-018", "is_urgent": True, "now": NOW, **more}
        assert outbox.add_notice(db, recipient=recipient, subject=subject, **given) is not None  # type: ignore[arg-type]


def list_states(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as db:
        wanted = select(notices.c.recipient, notices.c.state, notices.c.channel).order_by(notices.c.id)
        return [tuple(row) for row in db.execute(wanted)]  # type: ignore[misc]


def test_every_channel_of_the_configuration_is_reached(
    database: Database, tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/wecom").respond_with_json({"errcode": 0})
    httpserver.expect_request("/dingtalk").respond_with_json({"errcode": 0})
    httpserver.expect_request("/feishu").respond_with_json({"code": 0})
    with open_post_office() as office:
        program = make_program(
            database,
            tmp_path,
            DUTY__CHANNELS=[
                f"wecom+{httpserver.url_for('/wecom')}?key=invented",
                f"dingtalk+{httpserver.url_for('/dingtalk')}?access_token=invented#secret=invented",
                f"feishu+{httpserver.url_for('/feishu')}#secret=invented",
                "mail:duty@example.com",
            ],
            DUTY__CONFIDENTIAL_TO=["mail:named@example.com"],
            MAIL__HOST="127.0.0.1",
            MAIL__PORT=str(office.port),
            MAIL__SENDER="随手拍 <bot@example.com>",
            MAIL__TLS="none",
        )
        for recipient in ("duty:1", "duty:2", "duty:3", "duty:4"):
            add(database, recipient)
        add(database, "duty:confidential-1", purpose=Purpose.CONCEALED)
        assert run_jobs_once(program) == 5
        assert list_states(database) == [
            ("duty:1", "sent", "wecom"),
            ("duty:2", "sent", "dingtalk"),
            ("duty:3", "sent", "feishu"),
            ("duty:4", "sent", "mail"),
            ("duty:confidential-1", "sent", "mail"),
        ]
        assert {letter["To"] for letter in office.letters} == {"duty@example.com", "named@example.com"}
    assert sorted(request.path for request, _ in httpserver.log) == ["/dingtalk", "/feishu", "/wecom"]


def test_one_run_sends_no_more_than_its_cap(sqlite_database: Database, tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/wecom").respond_with_json({"errcode": 0})
    program = make_program(
        sqlite_database, tmp_path, NOTIFY__MOST_PER_RUN="2",
        DUTY__CHANNELS=[f"wecom+{httpserver.url_for('/wecom')}?key=invented"],
    )  # fmt: skip
    for number in range(3):
        add(sqlite_database, "duty:1", f"report:{number}")
    (job,) = [job for job in build_jobs(program) if job.name == "send_notices"]
    assert [run_job(program, job, may_go_on=lambda: True) for _ in range(2)] == [2, 1]


@pytest.mark.parametrize("has_written", [True, False])
def test_the_jobs_let_held_ones_go(database: Database, tmp_path: Path, has_written: bool) -> None:
    program = make_program(database, tmp_path)
    with database.write() as db:
        reporter_id = make_reporter(db)
    add(database, f"reporter:{reporter_id}", purpose=Purpose.PROGRESS, is_urgent=False)
    with database.write() as db:
        claimed = outbox.claim_next_notice(db, now=NOW, lease_until=NOW)
        assert claimed is not None
        outbox.settle_notice(db, claimed, NoticeState.HELD, now=NOW)
        if has_written:
            make_message(db, reporter_id=reporter_id, received_at=program.now().replace(hour=2), sent_at=NOW)
    (job,) = [job for job in build_jobs(program) if job.name == "release_held"]
    assert job.work_next() == has_written
    assert list_states(database)[0][1] == ("waiting" if has_written else "held")
