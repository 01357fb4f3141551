"""What reports are found by, and the job that keeps it up to date."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import select, update

from storage.database import Database
from storage.reports.search import cell_of, cells_around, find_code, index_next_reports, pairs_of, split_words
from storage.reports.tables import report_pairs, reports
from tests.factories import make_report


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("井口的护栏断了。快来!", ["井口的护栏断了", "快来"]),
        ("ＬＥＤ灯 ３号", ["led灯", "3号"]),
        ("2611-018", ["2611", "018"]),
        ("。。!", []),
        ("", []),
        ("a_b%c", ["a", "b", "c"]),
        ("@12,34", ["12", "34"]),
    ],
    ids=["punctuation", "full width", "code", "nothing in it", "empty", "wildcards", "looks like a cell"],
)
def test_splits_text_into_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("护栏断", {"护栏", "栏断", "断"}),
        ("井", {"井"}),
        ("护栏,井", {"护栏", "栏", "井"}),
        ("AbＢ", {"ab", "bb", "b"}),
        ("𠮷野家", {"𠮷野", "野家", "家"}),
        ("", set()),
    ],
    ids=["three characters", "one character", "no pair across a comma", "folded", "beyond two bytes", "empty"],
)
def test_pairs_overlap_and_the_last_character_stands_alone(text: str, pairs: set[str]) -> None:
    assert pairs_of(text) == pairs


@pytest.mark.parametrize(
    ("typed", "code"),
    [("2611-018", "2611-018"), (" ２６１１-０１８ ", "2611-018"), ("2611-1234567", "2611-1234567")]
    + [(typed, None) for typed in ("2611", "2611-18", "2611-018 护栏", "护栏", "")],
)
def test_recognises_a_code(typed: str, code: str | None) -> None:
    assert find_code(typed) == code


@pytest.mark.parametrize("metres_up", [-149, 0, 149])
@pytest.mark.parametrize("metres_right", [-149, 0, 149])
@pytest.mark.parametrize("latitude", [18.2, 36.0, 36.2499, 53.5])
def test_whatever_is_within_150_metres_lies_in_the_cells_around(
    latitude: float, metres_up: int, metres_right: int
) -> None:
    longitude = 113.0012
    up = metres_up / 111_195
    right = metres_right / (111_195 * math.cos(math.radians(latitude)))
    assert cell_of(latitude + up, longitude + right) in cells_around(latitude, longitude)


def read_pairs(database: Database) -> set[tuple[str, int]]:
    with database.read() as db:
        return {(row.pair, row.report_id) for row in db.execute(select(report_pairs))}


def index(database: Database, most: int = 200) -> int:
    with database.write() as db:
        return index_next_reports(db, most=most)


def test_indexes_words_place_code_and_point(database: Database) -> None:
    with database.write() as db:
        number = make_report(
            db, code="2611-018", description="护栏断", place_label="东坪", latitude=36.0001, longitude=113.0001
        )
    assert index(database) == 1
    expected = {"护栏", "栏断", "断", "东坪", "坪", "26", "61", "11", "1", "01", "18", "8", cell_of(36.0001, 113.0001)}
    assert read_pairs(database) == {(pair, number) for pair in expected}
    with database.read() as db:
        row = db.execute(select(reports)).one()
    assert row.is_indexed
    assert row.search_text == "护栏断 东坪 2611 018 @14400,45200"


def test_indexing_again_changes_nothing(database: Database) -> None:
    with database.write() as db:
        make_report(db)
    index(database)
    first = read_pairs(database)
    assert index(database) == 0
    with database.write() as db:
        db.execute(update(reports).values(is_indexed=False))
    assert index(database) == 1
    assert read_pairs(database) == first


def test_replaces_the_pairs_of_words_that_changed(database: Database) -> None:
    with database.write() as db:
        number = make_report(db, code="2611-001", description="护栏断了" * 200, place_label="")
        other = make_report(db, code="2611-002", description="护栏断了", place_label="")
    index(database)
    with database.write() as db:
        db.execute(update(reports).where(reports.c.id == number).values(description="路塌了", is_indexed=False))
    index(database)
    found = read_pairs(database)
    assert ("路塌", number) in found
    assert ("护栏", number) not in found
    assert ("护栏", other) in found


def test_indexes_a_bounded_number_oldest_first(database: Database) -> None:
    with database.write() as db:
        numbers = [make_report(db) for _ in range(5)]
    assert [index(database, most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert {number for _, number in read_pairs(database)} == set(numbers)


def test_forgets_hundreds_of_pairs_at_once(database: Database) -> None:
    with database.write() as db:
        number = make_report(db, description="".join(chr(0x4E00 + offset) for offset in range(1500)), place_label="")
    index(database)
    assert len(read_pairs(database)) > 1500
    with database.write() as db:
        db.execute(update(reports).where(reports.c.id == number).values(description="", is_indexed=False))
    index(database)
    assert {pair for pair, _ in read_pairs(database) if not pair.isascii()} == set()


def test_two_indexers_do_not_take_the_same_reports(postgres_database: Database) -> None:
    with postgres_database.write() as db:
        make_report(db)
    with postgres_database.write() as one, postgres_database.write() as other:
        assert index_next_reports(one) == 1
        assert index_next_reports(other) == 0
