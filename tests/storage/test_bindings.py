"""Chat accounts of staff: one-time codes, bindings that give way to newer ones, and limits for guessing."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from storage.bindings import (
    CODE_ALPHABET,
    CODE_LENGTH,
    MOST_GUESSES,
    BindOutcome,
    Bound,
    Purpose,
    bind,
    bind_codes,
    clean_code,
    count_guess,
    find_binding,
    find_bound_staff,
    forget_guesses,
    make_bind_code,
    may_guess,
    unbind,
)
from storage.database import Database
from storage.messages import find_sender
from storage.reporters import erase_identity, find_reporter
from storage.staff import Role, add_staff
from tests.factories import make_message, make_reporter

HOUR = timedelta(hours=1)


def make_choose(code: str) -> Callable[[str], str]:
    letters = itertools.cycle(code)
    return lambda _alphabet: next(letters)


@pytest.fixture
def staff_ids(database: Database, now: datetime) -> tuple[int, int]:
    with database.write() as db:
        zhang, li = (
            add_staff(db, username=name, display_name=name, role=Role.LIAISON, password_hash="", now=now)
            for name in ("zhang", "li")
        )
    return zhang, li


def make_code(db: Connection, staff_id: int, now: datetime, code: str = "ABCD2345") -> str:
    return make_bind_code(db, staff_id, by="staff:admin", now=now, choose=make_choose(code))


def test_a_code_binds_once(database: Database, now: datetime, staff_ids: tuple[int, int]) -> None:
    with database.write() as db:
        zhang, reporter_id, other = staff_ids[0], make_reporter(db), make_reporter(db)
        code = make_code(db, zhang, now)
        assert code == "ABCD2345"
        assert bind(db, code, reporter_id=reporter_id, now=now) == Bound(BindOutcome.BOUND, zhang)
        assert bind(db, code, reporter_id=other, now=now).outcome is BindOutcome.EXPIRED
        row = find_binding(db, zhang)
        assert row is not None
        assert (row.reporter_id, row.bound_at) == (reporter_id, now)
        assert find_bound_staff(db, reporter_id) == zhang
        assert find_bound_staff(db, other) is None


def test_only_the_hash_of_a_code_is_kept(database: Database, now: datetime, staff_ids: tuple[int, int]) -> None:
    with database.write() as db:
        make_code(db, staff_ids[0], now)
        row = db.execute(select(bind_codes)).one()
    assert row.code_hash == hashlib.sha256(b"ABCD2345").hexdigest()
    assert "ABCD2345" not in repr(row)


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        (timedelta(hours=24) - timedelta(milliseconds=1), BindOutcome.BOUND),
        (timedelta(hours=24), BindOutcome.EXPIRED),
    ],
)
def test_a_code_lives_for_a_day(
    database: Database, now: datetime, staff_ids: tuple[int, int], after: timedelta, outcome: BindOutcome
) -> None:
    with database.write() as db:
        code = make_code(db, staff_ids[0], now)
        assert bind(db, code, reporter_id=make_reporter(db), now=now + after).outcome is outcome


def test_a_newer_code_ends_the_older(database: Database, now: datetime, staff_ids: tuple[int, int]) -> None:
    zhang, li = staff_ids
    with database.write() as db:
        old, others = make_code(db, zhang, now), make_code(db, li, now, "EFGH3456")
        new = make_code(db, zhang, now, "JKMN4567")
        assert bind(db, old, reporter_id=make_reporter(db), now=now).outcome is BindOutcome.EXPIRED
        assert bind(db, new, reporter_id=make_reporter(db), now=now) == Bound(BindOutcome.BOUND, zhang)
        assert bind(db, others, reporter_id=make_reporter(db), now=now) == Bound(BindOutcome.BOUND, li)


def test_a_second_account_of_the_same_person_takes_over(
    database: Database, now: datetime, staff_ids: tuple[int, int]
) -> None:
    zhang = staff_ids[0]
    with database.write() as db:
        old, new = make_reporter(db), make_reporter(db)
        bind(db, make_code(db, zhang, now), reporter_id=old, now=now)
        taken_over = bind(db, make_code(db, zhang, now, "EFGH3456"), reporter_id=new, now=now)
        assert taken_over == Bound(BindOutcome.BOUND, zhang, is_replaced=True)
        assert find_bound_staff(db, old) is None
        assert find_bound_staff(db, new) == zhang


def test_an_account_of_somebody_else_is_not_taken_and_the_code_stays_good(
    database: Database, now: datetime, staff_ids: tuple[int, int]
) -> None:
    zhang, li = staff_ids
    with database.write() as db:
        reporter_id = make_reporter(db)
        bind(db, make_code(db, zhang, now), reporter_id=reporter_id, now=now)
        code = make_code(db, li, now, "EFGH3456")
        assert bind(db, code, reporter_id=reporter_id, now=now).outcome is BindOutcome.TAKEN
        assert find_bound_staff(db, reporter_id) == zhang
        assert unbind(db, zhang)
        assert not unbind(db, zhang)
        assert bind(db, code, reporter_id=reporter_id, now=now) == Bound(BindOutcome.BOUND, li)


def test_whoever_is_bound_already_may_bind_again(database: Database, now: datetime, staff_ids: tuple[int, int]) -> None:
    zhang = staff_ids[0]
    with database.write() as db:
        reporter_id = make_reporter(db)
        bind(db, make_code(db, zhang, now), reporter_id=reporter_id, now=now)
        again = bind(db, make_code(db, zhang, now, "EFGH3456"), reporter_id=reporter_id, now=now)
        assert again == Bound(BindOutcome.BOUND, zhang)


@pytest.mark.parametrize(
    "typed", ["abcd2345", "ABCD 2345", "ABCD-2345", "ａｂｃｄ２３４５", "A B C D\u30002345", "A8CDZ34S"]
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert clean_code(typed) == "ABCD2345"


def test_the_alphabet_has_no_look_alikes() -> None:
    assert len(set(CODE_ALPHABET)) == len(CODE_ALPHABET) == 28
    assert not set(CODE_ALPHABET) & set("0O1ILZS8")
    assert CODE_LENGTH == 8


def test_a_pause_follows_five_wrong_codes(database: Database, now: datetime, staff_ids: tuple[int, int]) -> None:
    with database.write() as db:
        reporter_id = make_reporter(db)
        code = make_code(db, staff_ids[0], now)
        for number in range(MOST_GUESSES):
            wrong = bind(db, "XXXXXXX2", reporter_id=reporter_id, now=now + timedelta(minutes=number))
            assert wrong.outcome is BindOutcome.WRONG
        last = now + timedelta(minutes=MOST_GUESSES - 1)
        for wait in (timedelta(), HOUR - timedelta(seconds=1)):
            assert bind(db, code, reporter_id=reporter_id, now=last + wait).outcome is BindOutcome.PAUSED
        assert bind(db, code, reporter_id=make_reporter(db), now=last).outcome is BindOutcome.BOUND
        new = make_code(db, staff_ids[0], now, "EFGH3456")
        assert bind(db, new, reporter_id=reporter_id, now=last + HOUR).outcome is BindOutcome.BOUND
        assert may_guess(db, reporter_id, Purpose.BIND, now=last + HOUR)


@pytest.mark.parametrize(
    ("minutes", "may"),
    [
        ((0, 0, 0, 0), True),
        ((0, 0, 0, 0, 0), False),
        ((0, 10, 20, 30, 59), False),
        ((0, 10, 20, 30, 60), True),  # the hour is over, a new count begins
        ((0, 10, 20, 30, 60, 61, 62, 63), True),
        ((0, 10, 20, 30, 60, 61, 62, 63, 64), False),
    ],
)
def test_counts_wrong_ones_within_an_hour(
    database: Database, now: datetime, minutes: tuple[int, ...], may: bool
) -> None:
    with database.write() as db:
        reporter_id = make_reporter(db)
        for minute in minutes:
            count_guess(db, reporter_id, Purpose.RECEIPT, now=now + timedelta(minutes=minute))
        at = now + timedelta(minutes=minutes[-1])
        assert may_guess(db, reporter_id, Purpose.RECEIPT, now=at) is may
        assert may_guess(db, reporter_id, Purpose.BIND, now=at)
        assert may_guess(db, reporter_id, Purpose.RECEIPT, now=at + HOUR)
        assert may_guess(db, reporter_id, Purpose.RECEIPT, now=at - 30 * HOUR)  # the clock was set back
        forget_guesses(db, reporter_id, Purpose.RECEIPT)
        assert may_guess(db, reporter_id, Purpose.RECEIPT, now=at)


def test_the_look_at_a_sender_tells_whose_account_it_is(
    database: Database, now: datetime, staff_ids: tuple[int, int]
) -> None:
    zhang = staff_ids[0]
    with database.write() as db:
        reporter_id, other = (make_reporter(db, openid_hash=letter * 64) for letter in "ab")
        make_message(db, reporter_id=reporter_id, key="k" * 64, reply="好")
        bind(db, make_code(db, zhang, now), reporter_id=reporter_id, now=now)
        sender, given = find_sender(db, openid_hash="a" * 64, key="k" * 64)
        assert sender is not None
        assert given is not None
        assert (sender.id, sender.staff_id, given.reply) == (reporter_id, zhang, "好")
        stranger, given = find_sender(db, openid_hash="b" * 64, key="n" * 64)
        assert stranger is not None
        assert (stranger.id, stranger.staff_id, given) == (other, None, None)
        found = find_reporter(db, "a" * 64)
    assert found is not None
    assert found.staff_id == zhang


def test_an_erased_identity_ends_the_binding(database: Database, now: datetime, staff_ids: tuple[int, int]) -> None:
    with database.write() as db:
        reporter_id = make_reporter(db, subscription_changed_at=now)
        bind(db, make_code(db, staff_ids[0], now), reporter_id=reporter_id, now=now)
        assert not erase_identity(db, reporter_id, at=now - HOUR, now=now)
        assert find_binding(db, staff_ids[0]) is not None
        assert erase_identity(db, reporter_id, at=now, now=now)
        assert find_binding(db, staff_ids[0]) is None
