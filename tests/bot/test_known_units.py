"""Units that are added, renamed or taken out of use are recognised, or not, without a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bot.known_units import LOOK_EVERY, KnownUnits
from handlers.classify import load_lexicon
from storage.database import Database
from storage.units import add_unit, deactivate_unit
from tests.intake import T0, Clock

LEXICON = load_lexicon()
WORDS = "东沟配电箱没盖"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(database: Database, clock: Clock) -> KnownUnits:
    return KnownUnits(database, LEXICON, now=clock, log=structlog.get_logger("test"))


def add_east(database: Database) -> int:
    with database.write() as db:
        return add_unit(db, name="样例东沟村", kind="village", aliases=["东沟"], now=T0)


def test_a_new_unit_is_recognised_within_seconds(database: Database, clock: Clock, known: KnownUnits) -> None:
    assert known.understand(WORDS).unit is None
    unit_id = add_east(database)
    clock.at += LOOK_EVERY - timedelta(milliseconds=1)
    assert known.understand(WORDS).unit is None
    clock.at += timedelta(milliseconds=1)
    assert known.understand(WORDS).unit == "样例东沟村"
    assert dict(known) == {"样例东沟村": unit_id}
    assert (known["样例东沟村"], known.get("样例西梁村"), len(known)) == (unit_id, None, 1)


def test_a_unit_out_of_use_is_forgotten(database: Database, clock: Clock) -> None:
    unit_id = add_east(database)
    known = KnownUnits(database, LEXICON, now=clock, log=structlog.get_logger("test"))
    assert known.understand(WORDS).unit == "样例东沟村"
    with database.write() as db:
        deactivate_unit(db, unit_id)
    clock.at += LOOK_EVERY
    assert known.understand(WORDS).unit is None
    assert not known


def test_a_clock_that_was_set_back_does_not_stop_it(database: Database, clock: Clock, known: KnownUnits) -> None:
    add_east(database)
    clock.at -= timedelta(hours=8)
    assert known.understand(WORDS).unit == "样例东沟村"


def test_looks_once_in_a_while_and_makes_a_classifier_only_for_a_change(
    sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_east(sqlite_database)
    known = KnownUnits(sqlite_database, LEXICON, now=clock, log=structlog.get_logger("test"))
    looks = 0
    read = sqlite_database.read

    @contextmanager
    def count() -> Iterator[Connection]:
        nonlocal looks
        looks += 1
        with read() as db:
            yield db

    monkeypatch.setattr(sqlite_database, "read", count)
    before = known._classifier
    for _ in range(100):
        clock.at += timedelta(milliseconds=100)
        known.understand(WORDS)
    assert looks == 2
    assert known._classifier is before


def test_what_was_known_stays_while_the_database_is_away(
    sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_east(sqlite_database)
    known = KnownUnits(sqlite_database, LEXICON, now=clock, log=structlog.get_logger("test"))
    tries = 0

    def fail() -> Iterator[Connection]:
        nonlocal tries
        tries += 1
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(sqlite_database, "read", fail)
    clock.at += LOOK_EVERY
    assert [known.understand(WORDS).unit for _ in range(3)] == ["样例东沟村"] * 3
    assert tries == 1  # the others do not wait for it once more
    monkeypatch.undo()
    clock.at += LOOK_EVERY
    assert known.understand(WORDS).unit == "样例东沟村"


def test_no_message_waits_for_the_look_of_another(
    sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownUnits(sqlite_database, LEXICON, now=clock, log=structlog.get_logger("test"))
    has_begun, may_end = threading.Event(), threading.Event()
    read = sqlite_database.read

    @contextmanager
    def hold() -> Iterator[Connection]:
        has_begun.set()
        assert may_end.wait(10)
        with read() as db:
            yield db

    monkeypatch.setattr(sqlite_database, "read", hold)
    add_east(sqlite_database)
    clock.at += LOOK_EVERY
    looker = threading.Thread(target=known.understand, args=(WORDS,))
    looker.start()
    assert has_begun.wait(10)
    clock.at += LOOK_EVERY
    assert known.understand(WORDS).unit is None  # at once, with what was known
    may_end.set()
    looker.join(10)
    assert known.understand(WORDS).unit == "样例东沟村"
