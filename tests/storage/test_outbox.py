"""The outbox: each notice once, claimed by one, settled truthfully; and the ledger that windows are counted from."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select

from storage import outbox, sends
from storage.bindings import bindings
from storage.database import Database
from storage.outbox import Channel, DueNotice, NoticeState, Purpose, notices
from storage.reporters import reporters
from storage.sends import Outcome, Window
from storage.staff import Role, add_staff, staff
from storage.types import AnyRow
from tests.factories import NOW, make_message, make_report, make_reporter

LEASE = timedelta(minutes=2)
MOMENT = timedelta(milliseconds=1)
_number = itertools.count(1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def add(db: Connection, recipient: str, *, purpose: Purpose = Purpose.PROGRESS, subject: str = "", **more: Any) -> int:
    subject = subject or f"report:1:{next(_number)}"
    added = outbox.add_notice(
        db, **{"recipient": recipient, "purpose": purpose, "subject": subject, "now": NOW, "words": "好", **more}
    )
    assert added is not None
    return added


def claim(db: Connection, *, now: datetime = NOW) -> DueNotice | None:
    return outbox.claim_next_notice(db, now=now, lease_until=now + LEASE)


def must_claim(db: Connection, *, now: datetime = NOW) -> DueNotice:
    notice = claim(db, now=now)
    assert notice is not None
    return notice


def get(db: Connection, notice_id: int) -> AnyRow:
    return db.execute(select(notices).where(notices.c.id == notice_id)).one()


def make_staff(db: Connection, username: str = "wang", **more: Any) -> int:
    return add_staff(
        db, username=username, display_name="样例·王", role=Role.LIAISON, password_hash="", now=NOW, **more
    )


# --- one of each, claimed by one ------------------------------------------------------------------------------


def test_the_same_notice_is_added_once(database: Database) -> None:
    with database.write() as db:
        reporter = f"reporter:{make_reporter(db)}"
        given: dict[str, Any] = {"recipient": reporter, "purpose": Purpose.PROGRESS, "now": NOW}
        first = outbox.add_notice(db, subject="report:1:accept", **given)
        assert first is not None
        assert outbox.add_notice(db, subject="report:1:accept", **given) is None
        assert outbox.add_notice(db, subject="report:1:close", **given) is not None
        assert get(db, first).reporter_id == int(reporter.partition(":")[2])


def test_claims_urgent_ones_first_and_then_the_oldest(database: Database) -> None:
    with database.write() as db:
        reporter = f"reporter:{make_reporter(db)}"
        second = add(db, reporter, now=NOW - HOUR)
        first = add(db, reporter, now=NOW - 2 * HOUR)
        urgent = add(db, "duty:1", purpose=Purpose.ALARM, is_urgent=True)
        add(db, reporter, now=NOW + MOMENT)
        assert [must_claim(db).id for _ in range(3)] == [urgent, first, second]
        assert not outbox.has_due_notice(db, now=NOW)
        assert claim(db) is None


def test_two_claim_different_ones(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("one writer at a time")
    with database.write() as db:
        reporter = f"reporter:{make_reporter(db)}"
        ids = {add(db, reporter), add(db, reporter)}
    with database.write() as one, database.write() as other:
        assert {must_claim(one).id, must_claim(other).id} == ids
        assert claim(other) is None


def test_what_somebody_died_over_is_due_again_when_the_lease_ends(database: Database) -> None:
    with database.write() as db:
        notice_id = add(db, "duty:1")
        assert must_claim(db).attempts == 1
        assert claim(db, now=NOW + LEASE - MOMENT) is None
        again = must_claim(db, now=NOW + LEASE)
        assert (again.id, again.attempts) == (notice_id, 2)


@pytest.mark.parametrize("state", [NoticeState.FAILED, NoticeState.HELD, NoticeState.DROPPED, NoticeState.MAYBE])
def test_who_lost_the_claim_settles_nothing(database: Database, state: NoticeState) -> None:
    with database.write() as db:
        add(db, "duty:1")
        late = must_claim(db)
        mine = must_claim(db, now=NOW + LEASE)
        assert not outbox.settle_notice(db, late, state, now=NOW)
        assert not outbox.put_off_notice(db, late, due_at=NOW)
        assert get(db, mine.id).state == NoticeState.SENDING
        assert outbox.settle_notice(db, mine, state, now=NOW, reason="为什么" * 60)
        row = get(db, mine.id)
        assert (row.state, row.due_at, row.settled_at, len(row.reason)) == (state, None, NOW, 120)


def test_that_it_was_sent_is_true_whoever_has_it_and_is_kept_once(database: Database) -> None:
    with database.write() as db:
        add(db, "duty:1")
        late = must_claim(db)
        mine = must_claim(db, now=NOW + LEASE)
        assert outbox.settle_notice(db, late, NoticeState.SENT, now=NOW)
        assert not outbox.settle_notice(db, mine, NoticeState.SENT, now=NOW + HOUR)
        assert not outbox.put_off_notice(db, mine, due_at=NOW)
        assert get(db, mine.id).settled_at == NOW


@pytest.mark.parametrize(("is_counted", "attempts"), [(True, 1), (False, 0)], ids=["counted", "not held against it"])
def test_puts_off(database: Database, is_counted: bool, attempts: int) -> None:
    with database.write() as db:
        add(db, "duty:1")
        notice = must_claim(db)
        assert outbox.put_off_notice(db, notice, due_at=NOW + HOUR, reason="忙", is_counted=is_counted)
        row = get(db, notice.id)
        assert (row.state, row.due_at, row.attempts, row.reason) == ("waiting", NOW + HOUR, attempts, "忙")


def test_only_what_failed_or_is_held_is_sent_again(database: Database) -> None:
    with database.write() as db:
        reporter = f"reporter:{make_reporter(db)}"
        for state in NoticeState:
            notice_id = add(db, reporter)
            db.execute(notices.update().where(notices.c.id == notice_id).values(state=state, due_at=None, attempts=7))
            is_resent = outbox.resend(db, notice_id, now=NOW + HOUR)
            assert is_resent == (state in (NoticeState.FAILED, NoticeState.HELD)), state
            if is_resent:
                row = get(db, notice_id)
                assert (row.state, row.due_at, row.attempts, row.settled_at) == ("waiting", NOW + HOUR, 0, None)


# --- what the pages show --------------------------------------------------------------------------------------


def test_lists_and_counts_by_state_with_names(database: Database) -> None:
    with database.write() as db:
        report_id = make_report(db)
        row = db.execute(select(reporters.c.id, reporters.c.alias)).one()
        first = add(db, f"reporter:{row.id}", report_id=report_id)
        second = add(db, f"staff:{make_staff(db)}", purpose=Purpose.ASSIGNMENT, report_id=report_id)
        third = add(db, "duty:1", purpose=Purpose.ALARM)
        claimed = must_claim(db)
        outbox.settle_notice(db, claimed, NoticeState.FAILED, now=NOW, reason="没送到")
        assert claimed.id == first
        assert [one.id for one in outbox.list_outbox(db, None)] == [third, second, first]
        assert [one.id for one in outbox.list_outbox(db, None, before=third, most=1)] == [second]
        assert [one.id for one in outbox.list_outbox(db, NoticeState.WAITING)] == [third, second]
        (failed,) = outbox.list_outbox(db, NoticeState.FAILED)
        assert (failed.alias, failed.reason) == (row.alias, "没送到")
        assert outbox.count_outbox(db) == {NoticeState.WAITING: 2, NoticeState.HELD: 0, NoticeState.FAILED: 1}
        timeline = outbox.list_report_notices(db, report_id)
        assert [(one.purpose, one.state, one.display_name) for one in timeline] == [
            ("progress", "failed", None), ("assignment", "waiting", "样例·王"),
        ]  # fmt: skip
        assert timeline[1].report_id == report_id


# --- where somebody is reached --------------------------------------------------------------------------------


def test_finds_a_reporter_and_staff_by_their_binding(database: Database) -> None:
    with database.write() as db:
        reporter_id = make_reporter(db)
        staff_id = make_staff(db, email="wang@example.com")
        add(db, f"reporter:{reporter_id}")
        add(db, f"staff:{staff_id}", now=NOW + MOMENT)
        add(db, "duty:1", now=NOW + 2 * MOMENT)
        to_reporter, to_staff, to_duty = (must_claim(db, now=NOW + HOUR) for _ in range(3))
        found = sends.find_addressee(db, to_reporter)
        assert found is not None
        assert (found.reporter_id, found.has_chat, found.mail) == (reporter_id, True, "")
        unbound = sends.find_addressee(db, to_staff)
        assert unbound is not None
        assert (unbound.reporter_id, unbound.has_chat, unbound.mail) == (None, False, "wang@example.com")
        db.execute(insert(bindings).values(staff_id=staff_id, reporter_id=reporter_id, bound_at=NOW))
        assert sends.find_addressee(db, to_staff) == sends.find_staff_addressee(db, "wang")
        bound = sends.find_staff_addressee(db, "wang")
        assert bound is not None
        assert (bound.reporter_id, bound.has_chat, bound.is_gone) == (reporter_id, True, False)
        db.execute(staff.update().values(is_active=False))
        left = sends.find_staff_addressee(db, "wang")
        assert left is not None
        assert left.is_gone
        assert sends.find_addressee(db, to_duty) is None
        assert sends.find_staff_addressee(db, "nobody") is None


def test_who_does_not_follow_or_was_erased_has_no_chat(database: Database) -> None:
    with database.write() as db:
        reporter_id = make_reporter(db)
        add(db, f"reporter:{reporter_id}")
        notice = must_claim(db)
        sends.mark_not_following(db, reporter_id)
        found = sends.find_addressee(db, notice)
        assert found is not None
        assert not found.has_chat
        db.execute(reporters.update().values(openid_hash=None, openid_sealed=None, is_subscribed=True, erased_at=NOW))
        erased = sends.find_addressee(db, notice)
        assert erased is not None
        assert not erased.has_chat


# --- windows ---------------------------------------------------------------------------------------------------


def spend(
    db: Connection,
    reporter_id: int,
    *,
    at: datetime = NOW,
    outcome: Outcome | None = Outcome.SENT,
    channel: Channel = Channel.CUSTOMER,
) -> None:
    add(db, f"reporter:{reporter_id}", now=NOW - HOUR)
    send_id = sends.begin_send(db, must_claim(db), channel, reporter_id=reporter_id, now=at)
    if outcome is not None:
        sends.finish_send(db, send_id, outcome)


def event(name: str) -> dict[str, Any]:
    return {"kind": "event", "event": name, "text": ""}


@pytest.mark.parametrize(
    ("message", "after", "left"),
    [
        ({}, timedelta(), 5),
        ({"kind": "image", "text": ""}, 47 * HOUR, 5),
        ({}, 48 * HOUR - MINUTE - MOMENT, 5),
        ({}, 48 * HOUR - MINUTE, 0),
        (event("click"), 54 * timedelta(seconds=1), 3),
        (event("click"), 55 * timedelta(seconds=1), 0),
        (event("scancode_push"), timedelta(), 3),
        (event("scancode_waitmsg"), timedelta(), 3),
        (event("scan"), timedelta(), 3),
        (event("subscribe"), timedelta(), 3),
        (event("view"), timedelta(), 0),
        (event("location"), timedelta(), 0),
        (event("unsubscribe"), timedelta(), 0),
        (event("templatesendjobfinish"), timedelta(), 0),
    ],
    ids=lambda value: str(value.get("event", value.get("kind", "text"))) if isinstance(value, dict) else str(value),
)
def test_a_window_opens_by_what_somebody_does(
    database: Database, message: dict[str, Any], after: timedelta, left: int
) -> None:
    with database.write() as db:
        reporter_id, other = make_reporter(db), make_reporter(db)
        make_message(db, reporter_id=reporter_id, **message)
        assert sends.find_window(db, reporter_id, now=NOW + after).credits_left == left
        assert sends.find_window(db, other, now=NOW + after) == Window()


def test_each_send_since_the_last_message_spends_one(database: Database) -> None:
    with database.write() as db:
        reporter_id = make_reporter(db)
        make_message(db, reporter_id=reporter_id, sent_at=NOW - HOUR, received_at=NOW - HOUR)
        spend(db, reporter_id, at=NOW - 2 * HOUR)  # before it
        spend(db, reporter_id, at=NOW - MINUTE)
        spend(db, reporter_id, at=NOW - MINUTE, outcome=Outcome.MAYBE)
        spend(db, reporter_id, at=NOW - MINUTE, outcome=None)  # begun, and nobody knows more
        spend(db, reporter_id, at=NOW - MINUTE, outcome=Outcome.REFUSED)
        spend(db, reporter_id, at=NOW - MINUTE, channel=Channel.TEMPLATE)
        assert sends.find_window(db, reporter_id, now=NOW) == Window(2, NOW - HOUR)
        make_message(db, reporter_id=reporter_id)
        assert sends.find_window(db, reporter_id, now=NOW) == Window(5, NOW)


def test_no_window_goes_below_nothing_and_a_click_opens_one_beside_it(database: Database) -> None:
    with database.write() as db:
        reporter_id = make_reporter(db)
        make_message(db, reporter_id=reporter_id, sent_at=NOW - HOUR, received_at=NOW - HOUR)
        for _ in range(6):
            spend(db, reporter_id, at=NOW - MINUTE)
        assert sends.find_window(db, reporter_id, now=NOW).credits_left == 0
        make_message(db, reporter_id=reporter_id, **event("click"))
        assert sends.find_window(db, reporter_id, now=NOW) == Window(3, NOW)


@pytest.mark.parametrize(
    ("credits_left", "is_result", "may"),
    [(0, True, False), (1, False, False), (1, True, True), (2, False, True), (5, True, True)],
)
def test_the_last_of_a_window_is_for_results(credits_left: int, is_result: bool, may: bool) -> None:
    assert Window(credits_left, NOW).may_spend(is_result=is_result) == may


def test_counts_what_may_have_arrived_by_channel(database: Database) -> None:
    with database.write() as db:
        add(db, "duty:1")
        notice = must_claim(db)
        sends.begin_send(db, notice, Channel.MAIL, reporter_id=None, now=NOW)
        send_id = sends.begin_send(db, notice, Channel.MAIL, reporter_id=None, now=NOW)
        assert get(db, notice.id).channel == "mail"
        assert sends.count_maybes(db, notice.id, Channel.MAIL) == 2
        sends.finish_send(db, send_id, Outcome.REFUSED, errcode=550, reason="不收" * 100)
        assert sends.count_maybes(db, notice.id, Channel.MAIL) == 1
        assert sends.count_maybes(db, notice.id, Channel.WECOM) == 0
        last = outbox.list_sends(db, notice.id)[-1]
        assert (last.outcome, last.errcode, len(last.reason)) == ("refused", 550, 120)


# --- held ones leave with the next message ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "is_released"),
    [
        (None, False),
        ({"received_at": NOW - MINUTE}, False),  # before it was held
        ({"received_at": NOW + MINUTE}, True),
        ({"received_at": NOW + MINUTE, **event("click")}, True),
        ({"received_at": NOW + MINUTE, **event("templatesendjobfinish")}, False),
    ],
    ids=["silence", "before", "message", "click", "event of the platform"],
)
@pytest.mark.parametrize("kind", ["reporter", "staff"])
def test_held_notices_leave_with_the_recipients_next_message(
    database: Database, kind: str, message: dict[str, Any] | None, is_released: bool
) -> None:
    with database.write() as db:
        reporter_id, staff_id = make_reporter(db), make_staff(db)
        db.execute(insert(bindings).values(staff_id=staff_id, reporter_id=reporter_id, bound_at=NOW - HOUR))
        notice_id = add(db, f"{kind}:{reporter_id if kind == 'reporter' else staff_id}")
        outbox.settle_notice(db, must_claim(db), NoticeState.HELD, now=NOW, reason="等")
        make_message(db, received_at=NOW + MINUTE)  # somebody else's
        if message is not None:
            make_message(db, reporter_id=reporter_id, **message)
        assert sends.release_held(db, now=NOW + HOUR) == int(is_released)
        row = get(db, notice_id)
        assert (row.state, row.due_at) == (("waiting", NOW + HOUR) if is_released else ("held", None))
        assert row.settled_at == (None if is_released else NOW)


def test_a_notice_held_for_want_of_a_chat_account_leaves_when_one_is_bound(database: Database) -> None:
    with database.write() as db:
        staff_id = make_staff(db)
        add(db, f"staff:{staff_id}")
        outbox.settle_notice(db, must_claim(db), NoticeState.HELD, now=NOW)
        assert sends.release_held(db, now=NOW) == 0
        db.execute(insert(bindings).values(staff_id=staff_id, reporter_id=make_reporter(db), bound_at=NOW + MINUTE))
        assert sends.release_held(db, now=NOW + MINUTE) == 1
        db.execute(delete(bindings))
