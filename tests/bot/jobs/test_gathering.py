"""Gathering ends at its time exactly, with what is missing marked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.jobs.gathering import close_next_gathering
from storage.database import Database
from storage.reports.tables import ReportState, report_history, reports
from storage.types import AnyRow
from tests.factories import NOW, make_report
from tests.intake import Clock, Talk, make_robot

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def get_report(database: Database) -> AnyRow:
    with database.read() as db:
        return db.execute(select(reports)).one()


@pytest.mark.parametrize(
    ("send", "missing"),
    [
        (lambda talk: talk.photo(), {"place"}),
        (lambda talk: talk.say("井口的护栏断了一截,人要掉下去"), {"place"}),
    ],
    ids=["photo", "words"],
)
def test_closes_at_its_time_and_marks_what_is_missing(
    database: Database, clock: Clock, send: object, missing: set[str]
) -> None:
    talk = Talk(make_robot(database, clock), database, clock)
    send(talk)  # type: ignore[operator]
    until = get_report(database).gather_until
    assert until == clock.at + timedelta(minutes=10)
    clock.at = until - MOMENT
    assert not close_next_gathering(database, now=clock)
    assert get_report(database).state == ReportState.GATHERING
    clock.at = until
    assert close_next_gathering(database, now=clock)
    report = get_report(database)
    assert (report.state, report.submitted_at, report.gather_until) == (ReportState.RECEIVED, until, None)
    assert missing <= set(report.missing.split(","))
    with database.read() as db:
        last = db.execute(select(report_history).order_by(report_history.c.id.desc()).limit(1)).one()
    assert (last.action, last.by, last.at, last.from_state, last.to_state) == (
        "submit", "bot", until, "gathering", "received",
    )  # fmt: skip
    assert not close_next_gathering(database, now=clock)


def test_every_further_piece_moves_the_end(database: Database, clock: Clock) -> None:
    talk = Talk(make_robot(database, clock), database, clock)
    talk.photo()
    clock.advance(minutes=9)
    talk.photo()
    clock.advance(minutes=9)
    assert not close_next_gathering(database, now=clock)
    clock.advance(minutes=1)
    assert close_next_gathering(database, now=clock)


def test_closes_one_at_a_time_the_one_that_has_waited_longest_first(database: Database, clock: Clock) -> None:
    with database.write() as db:
        ids = [
            make_report(db, state=ReportState.GATHERING, gather_until=NOW - timedelta(minutes=minutes))
            for minutes in (1, 3, 2, -1)
        ]
    closed = []
    while close_next_gathering(database, now=clock):
        with database.read() as db:
            done = db.execute(select(reports.c.id).where(reports.c.state == ReportState.RECEIVED)).scalars()
            closed += [one for one in done if one not in closed]
    assert closed == [ids[1], ids[2], ids[0]]


def test_one_that_was_withdrawn_meanwhile_is_left_alone(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as db:
        make_report(db, state=ReportState.GATHERING, gather_until=NOW)
    monkeypatch.setattr("bot.jobs.gathering.gathering.claim_next_gathered", lambda _db, now: None)
    assert not close_next_gathering(database, now=clock)
    assert get_report(database).state == ReportState.GATHERING
