"""Messages whose handler broke: tried again at 30 s, 10 min, 1 h and 6 h, then left to a person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from bot.jobs.messages import retry_next_failed
from bot.webhook.robot import IntakeRoBot
from handlers.classify import Classifier, Understanding
from storage.database import Database
from storage.messages import MessageState, messages
from storage.types import AnyRow
from tests.bot.jobs.programs import Watched, make_program
from tests.intake import Talk, make_robot

# From the delivery and from each failed try to the next one.
SCHEDULE = (timedelta(seconds=30), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
MOMENT = timedelta(milliseconds=1)
OPENID = "oTESTperson00000000000000001"


class Broken:
    """An understanding that fails while it is told to."""

    def __init__(self, classifier: Classifier) -> None:
        self.real, self.error = classifier, RuntimeError(f"quotes {OPENID}") if classifier else None

    def understand(self, text: str) -> Understanding:
        """Fail, or understand."""
        if self.error is not None:
            raise self.error
        return self.real.understand(text)


@pytest.fixture
def watched(database: Database, tmp_path: Path) -> Watched:
    watched = make_program(database, tmp_path)
    watched.program.__dict__["robot"] = make_robot(database, watched.clock)
    return watched


@pytest.fixture
def broken(watched: Watched) -> Broken:
    """Break the understanding, and let a message come."""
    robot: IntakeRoBot = watched.program.robot
    broken = Broken(robot._classifier)
    robot._classifier = broken  # type: ignore[assignment]
    assert Talk(robot, watched.program.database, watched.clock, OPENID).say("井口的护栏断了一截") is not None
    return broken


def get_row(watched: Watched) -> AnyRow:
    with watched.program.database.read() as db:
        return db.execute(select(messages)).one()


def test_is_tried_at_exactly_these_times_and_then_left_to_a_person(watched: Watched, broken: Broken) -> None:
    clock, due_at = watched.clock, watched.clock.at
    for number, wait in enumerate(SCHEDULE, 1):
        due_at += wait
        assert get_row(watched).due_at == due_at
        clock.at = due_at - MOMENT
        assert not retry_next_failed(watched.program)
        clock.at = due_at
        assert retry_next_failed(watched.program)
        assert not retry_next_failed(watched.program)
        assert get_row(watched).attempts == number
    clock.advance(days=365)
    assert not retry_next_failed(watched.program)
    row = get_row(watched)
    assert (row.state, row.due_at, row.report_id) == (MessageState.FAILED, None, None)
    assert watched.list_events() == ["message_failed_again"] * len(SCHEDULE)
    assert OPENID not in str(watched.lines.entries)


@pytest.mark.parametrize("failures", range(4))
def test_becomes_a_report_once_the_handler_works(watched: Watched, broken: Broken, failures: int) -> None:
    for _ in range(failures):
        watched.clock.at = get_row(watched).due_at
        retry_next_failed(watched.program)
    broken.error = None
    watched.clock.at = get_row(watched).due_at
    assert retry_next_failed(watched.program)
    row = get_row(watched)
    assert row.state == MessageState.DONE
    assert row.report_id is not None
    assert watched.list_events()[-1] == "message_recovered"
    watched.clock.advance(days=1)
    assert not retry_next_failed(watched.program)


def test_a_try_that_was_cut_off_is_due_again_soon(
    watched: Watched, broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(_failed: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(watched.program.robot, "retry_failed", cut_off)
    watched.clock.at = get_row(watched).due_at
    with pytest.raises(OperationalError):
        retry_next_failed(watched.program)
    assert get_row(watched).due_at == watched.clock.at + timedelta(minutes=2)
    assert get_row(watched).state == MessageState.FAILED


def test_a_payload_that_cannot_be_opened_counts_as_a_failure(watched: Watched, broken: Broken) -> None:
    with watched.program.database.write() as db:
        db.execute(update(messages).values(payload_sealed=b"\x01" + b"damaged" * 9))
    watched.clock.at = get_row(watched).due_at
    assert retry_next_failed(watched.program)
    assert get_row(watched).due_at == watched.clock.at + SCHEDULE[1]


def test_an_erased_payload_is_not_tried(watched: Watched, broken: Broken) -> None:
    with watched.program.database.write() as db:
        db.execute(update(messages).values(payload_sealed=None))
    watched.clock.advance(days=1)
    assert not retry_next_failed(watched.program)


def test_does_nothing_where_nothing_failed(watched: Watched) -> None:
    assert not retry_next_failed(watched.program)
