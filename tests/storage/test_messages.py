"""Every message is kept once, answered alike, tried again when it failed, and emptied on request."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from storage.database import Database
from storage.messages import (
    Given,
    MessageState,
    claim_next_failed,
    erase_messages,
    find_given_reply,
    finish_message,
    give_up_failed,
    has_due_failed,
    list_report_messages,
    list_unsorted,
    mark_sorted,
    messages,
    record_message,
)
from tests.factories import make_message, make_report, make_reporter

KEY = "a" * 64
BOX = (MessageState.UNSORTED, MessageState.FAILED, MessageState.UNREADABLE)


def record(db: Connection, now: datetime, key: str = KEY) -> int | None:
    return record_message(
        db,
        key=key,
        reporter_id=make_reporter(db),
        kind="text",
        event="",
        sent_at=now,
        received_at=now,
        text="护栏断了",
        payload_sealed=b"sealed",
        intent="hazard",
        category="MINE",
        state=MessageState.DONE,
    )


def test_message_is_recorded_once_and_answered_alike(database: Database, now: datetime) -> None:
    with database.write() as db:
        assert find_given_reply(db, KEY) is None
        number = record(db, now)
        assert number is not None
        report = make_report(db)
        finish_message(db, number, state=MessageState.DONE, reply="收到", report_id=report)
    with database.write() as db:
        assert record(db, now) is None
        assert find_given_reply(db, KEY) == Given("收到")
        row = db.execute(select(messages)).one()
    assert (row.report_id, row.sent_at, row.text, row.payload_sealed) == (report, now, "护栏断了", b"sealed")


def test_bare_acknowledgement_is_an_answer_too(database: Database, now: datetime) -> None:
    with database.write() as db:
        record(db, now)
        assert find_given_reply(db, KEY) == Given(None)


def test_failed_message_is_claimed_when_due(database: Database, now: datetime) -> None:
    later = now + timedelta(minutes=5)
    with database.write() as db:
        number = make_message(db, state=MessageState.FAILED, due_at=now + timedelta(seconds=1))
        make_message(db, state=MessageState.DONE, due_at=now)
        make_message(db, state=MessageState.FAILED, due_at=now, payload_sealed=None)
        make_message(db, state=MessageState.FAILED, due_at=None)
        assert claim_next_failed(db, now=now, next_try_at=later) is None
        claimed = claim_next_failed(db, now=now + timedelta(seconds=1), next_try_at=later)
        assert claimed is not None
        assert (claimed.id, claimed.payload_sealed, claimed.attempts) == (number, b"sealed", 1)
        assert claim_next_failed(db, now=now + timedelta(seconds=1), next_try_at=later) is None
        again = claim_next_failed(db, now=later, next_try_at=later)
        assert again is not None
        assert again.attempts == 2


def test_two_claimants_get_different_messages(postgres_database: Database, now: datetime) -> None:
    with postgres_database.write() as db:
        numbers = {make_message(db, state=MessageState.FAILED, due_at=now) for _ in range(2)}
    with postgres_database.write() as one, postgres_database.write() as two:
        claimed = [claim_next_failed(db, now=now, next_try_at=now) for db in (one, two)]
    assert {message.id for message in claimed if message} == numbers


def test_message_that_is_given_up_stays_in_the_box(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_message(db, state=MessageState.FAILED, due_at=now)
        assert has_due_failed(db, now=now)
        give_up_failed(db, number)
        assert not has_due_failed(db, now=now)
        assert [row.id for row in list_unsorted(db)] == [number]


@pytest.mark.parametrize("state", MessageState)
def test_box_holds_what_a_person_must_look_at(database: Database, state: MessageState) -> None:
    with database.write() as db:
        number = make_message(db, state=state)
        assert [row.id for row in list_unsorted(db)] == ([number] if state in BOX else [])
        assert mark_sorted(db, number, by="staff:reviewer") is (state in BOX)
        assert mark_sorted(db, number, by="staff:other") is False
        assert list_unsorted(db) == []


def test_box_pages_newest_first_with_the_alias(database: Database) -> None:
    with database.write() as db:
        reporter = make_reporter(db, alias="热心群众7F3A")
        numbers = [make_message(db, state=MessageState.UNSORTED, reporter_id=reporter) for _ in range(5)]
        numbers.append(make_message(db, state=MessageState.UNREADABLE, reporter_id=None))
        first = list_unsorted(db, most=4)
        assert [row.id for row in first] == numbers[:1:-1]
        assert [row.alias for row in first] == [None, *["热心群众7F3A"] * 3]
        assert [row.id for row in list_unsorted(db, before_id=first[-1].id)] == numbers[1::-1]


def test_erasing_keeps_the_words_of_reports_only(database: Database) -> None:
    with database.write() as db:
        reporter, other = make_reporter(db), make_reporter(db)
        report = make_report(db, reporter_id=reporter)
        hazard = make_message(db, reporter_id=reporter, report_id=report, reply="收到")
        talk = make_message(db, reporter_id=reporter, text="我是张某某", reply="您好", state=MessageState.UNSORTED)
        foreign = make_message(db, reporter_id=other, text="别人的话")
        erase_messages(db, reporter)
        rows = {row.id: row for row in db.execute(select(messages))}
    assert (rows[hazard].payload_sealed, rows[hazard].text) == (None, "井口的护栏断了一截")
    assert (rows[talk].payload_sealed, rows[talk].text, rows[talk].reply) == (None, "", None)
    assert rows[talk].state == MessageState.DONE
    assert (rows[foreign].payload_sealed, rows[foreign].text) == (b"sealed", "别人的话")


def test_messages_of_reports_are_listed_as_they_were_sent(database: Database, now: datetime) -> None:
    with database.write() as db:
        one, two, other = (make_report(db) for _ in range(3))
        late = make_message(db, report_id=one, sent_at=now + timedelta(minutes=2))
        early = make_message(db, report_id=two, sent_at=now + timedelta(minutes=1))
        make_message(db, report_id=other)
        assert [row.id for row in list_report_messages(db, [one, two])] == [early, late]
        assert [row.id for row in list_report_messages(db, [one, two], most=1)] == [early]
