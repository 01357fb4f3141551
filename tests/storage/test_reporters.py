"""Who reports: found by a keyed hash, shown by an alias, erased on request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.reporters import (
    Reporter,
    erase_identity,
    find_reporter,
    get_or_add_reporter,
    get_sealed_openid,
    mark_anonymous,
    mark_scene,
    mark_subscribed,
    remember_place,
    reporters,
)
from tests.factories import make_reporter

HASH = "a" * 64


def give(*texts: str) -> Callable[[int], str]:
    """Return a source of digits that gives these texts and then fails."""
    left = list(texts)

    def random_hex(digits: int) -> str:
        text = left.pop(0)
        assert len(text) == digits
        return text

    return random_hex


def add(db: Connection, now: datetime, openid_hash: str = HASH, *, digits: Callable[[int], str]) -> Reporter:
    return get_or_add_reporter(db, openid_hash=openid_hash, seal=lambda: b"sealed", random_hex=digits, now=now)


def test_reporter_is_added_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        first = add(db, now, digits=give("7f3a"))
        assert first.alias == "热心群众7F3A"
        assert add(db, now, digits=give()) == first
        assert find_reporter(db, HASH) == first
        assert find_reporter(db, "b" * 64) is None
        assert get_sealed_openid(db, first.id) == b"sealed"


def test_alias_that_is_taken_gives_way_to_a_longer_one(database: Database, now: datetime) -> None:
    with database.write() as db:
        add(db, now, digits=give("7f3a"))
        other = add(db, now, "b" * 64, digits=give("7f3a", "7f3a", "12345"))
    assert other.alias == "热心群众12345"


def test_alias_of_an_erased_reporter_is_never_given_again(database: Database, now: datetime) -> None:
    with database.write() as db:
        first = add(db, now, digits=give("7f3a"))
        assert erase_identity(db, first.id, at=now, now=now)
        again = add(db, now, digits=give("7f3a", "0001"))
    assert again.id != first.id
    assert again.alias == "热心群众0001"


def test_gives_up_where_no_alias_is_free(database: Database, now: datetime) -> None:
    taken = ["7f3a", "7f3a", "7f3a5", "7f3a56", "7f3a5678", "7f3a56781234"]
    with database.write() as db:
        for text in set(taken):
            make_reporter(db, alias="热心群众" + text.upper())
        with pytest.raises(RuntimeError, match="alias"):
            add(db, now, digits=give(*taken))


def test_erasing_leaves_the_alias_and_nothing_about_the_person(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = add(db, now, digits=give("7f3a"))
        mark_scene(db, reporter.id, "poster-7")
        remember_place(db, reporter.id, label="我家", latitude=36.0, longitude=113.0, sent_at=now)
        assert erase_identity(db, reporter.id, at=now, now=now)
        row = db.execute(select(reporters)).one()
        assert find_reporter(db, HASH) is None
        assert get_sealed_openid(db, reporter.id) is None
    assert (row.alias, row.is_subscribed, row.erased_at) == ("热心群众7F3A", False, now)
    assert (row.openid_hash, row.openid_sealed, row.scene) == (None, None, None)
    assert (row.place_label, row.place_latitude, row.place_longitude, row.place_sent_at) == ("", None, None, None)


@pytest.mark.parametrize(
    ("steps", "is_subscribed", "is_erased"),
    [
        (["subscribe 1"], True, False),
        (["subscribe 1", "unsubscribe 2"], False, True),
        (["unsubscribe 2", "subscribe 1"], False, True),
        (["subscribe 3", "unsubscribe 2"], True, False),
        (["subscribe 2", "unsubscribe 2"], False, True),
        (["unsubscribe 1"], False, True),
    ],
    ids=["came", "came and left", "left, late news of coming", "late news of leaving", "same second", "left"],
)
def test_order_of_subscriptions_is_that_of_sending(
    database: Database, now: datetime, steps: list[str], is_subscribed: bool, is_erased: bool
) -> None:
    with database.write() as db:
        number = make_reporter(db)
        for step in steps:
            name, minute = step.split()
            at = now + timedelta(minutes=int(minute))
            if name == "subscribe":
                mark_subscribed(db, number, at=at)
            else:
                erase_identity(db, number, at=at, now=now)
        row = db.execute(select(reporters)).one()
    assert (row.is_subscribed, row.openid_hash is None) == (is_subscribed, is_erased)


def test_remembers_and_forgets_a_place(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = add(db, now, digits=give("7f3a"))
        remember_place(db, reporter.id, label="东" * 300, latitude=36.0, longitude=None, sent_at=now)
        found = find_reporter(db, HASH)
        assert found is not None
        assert (found.place_label, found.place_latitude, found.place_sent_at) == ("东" * 200, 36.0, now)
        remember_place(db, reporter.id, label="", latitude=None, longitude=None, sent_at=None)
        assert find_reporter(db, HASH) == reporter


def test_keeps_that_somebody_wants_to_stay_unnamed(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = add(db, now, digits=give("7f3a"))
        mark_anonymous(db, reporter.id)
        found = find_reporter(db, HASH)
    assert found is not None
    assert found.is_anonymous


@pytest.mark.parametrize(
    "values",
    [
        {"openid_hash": None},
        {"openid_hash": None, "openid_sealed": None},
        {"openid_sealed": None},
        {"alias": "热心群众0000"},
        {"openid_hash": "0" * 64},
    ],
    ids=["sealed without hash", "unknown but not erased", "hash without seal", "alias twice", "hash twice"],
)
def test_database_refuses_reporters_that_cannot_be(database: Database, values: dict[str, object]) -> None:
    with database.write() as db:
        make_reporter(db, alias="热心群众0000", openid_hash="0" * 64)
    with pytest.raises(IntegrityError), database.write() as db:
        make_reporter(db, **values)
