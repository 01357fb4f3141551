"""Which reports are suggested as being about the same thing, and which are not."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage.attachments import AttachmentState
from storage.database import Database
from storage.reports import duplicates
from storage.reports.duplicates import Suggestion, count_different_bits, measure_metres, suggest_duplicates
from storage.reports.search import index_next_reports
from storage.reports.tables import ReportState, reports
from tests.factories import make_photo, make_report

HASH = 0x0F0F_1234_5678_00FF
METRE = 1 / 111_195  # degrees of latitude


def suggest(db: Connection, number: int, most: int = 5) -> list[Suggestion]:
    while index_next_reports(db):
        pass
    return suggest_duplicates(db, db.execute(select(reports).where(reports.c.id == number)).one(), most=most)


def make(db: Connection, **values: Any) -> int:
    """Insert a report that is like no other but for what is given."""
    return make_report(db, **{"place_label": "", "category": "UNK", **values})


@pytest.mark.parametrize(
    ("mine", "other", "reasons"),
    [
        (
            {"latitude": 36.0, "longitude": 113.0},
            {"latitude": 36.0 + 140 * METRE, "longitude": 113.0},
            ("near_place", "close_in_time"),
        ),
        (
            {"place_label": "东坪村井口", "category": "MINE"},
            {"place_label": "东坪村 井口。", "category": "MINE"},
            ("same_label", "same_category", "close_in_time"),
        ),
        (
            {"place_label": "东坪村井口", "category": "MINE"},
            {"place_label": "东坪村井口旁边", "category": "MINE"},
            ("similar_label", "same_category", "close_in_time"),
        ),
        (
            {"latitude": 36.0, "longitude": 113.0, "category": "FIRE"},
            {"latitude": 36.0, "longitude": 113.0, "category": "FIRE"},
            ("near_place", "same_category", "close_in_time"),
        ),
    ],
    ids=["140 metres", "same label", "similar label", "same point and category"],
)
def test_suggests_what_is_alike(
    database: Database, mine: dict[str, Any], other: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    with database.write() as db:
        number, like = make(db, **mine), make(db, **other)
        make(db)
        found = suggest(db, number)
    assert [(each.report_id, each.reasons) for each in found] == [(like, reasons)]


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ({"latitude": 36.0, "longitude": 113.0}, {"latitude": 36.0 + 160 * METRE, "longitude": 113.0}),
        ({"place_label": "东坪村", "category": "MINE"}, {"place_label": "东坪村", "category": "FIRE"}),
        ({"place_label": "东坪村井口", "category": "MINE"}, {"place_label": "西坪村桥头", "category": "MINE"}),
        ({"category": "MINE"}, {"category": "MINE"}),
        ({"latitude": 36.0, "longitude": None}, {"latitude": 36.0, "longitude": 113.0}),
        ({}, {}),
    ],
    ids=["160 metres", "village only", "other place", "category only", "half a point", "nothing"],
)
def test_does_not_suggest_what_is_not_alike(database: Database, mine: dict[str, Any], other: dict[str, Any]) -> None:
    with database.write() as db:
        number = make(db, **mine)
        make(db, **other)
        assert suggest(db, number) == []


SAME_PLACE = {"latitude": 36.0, "longitude": 113.0}


@pytest.mark.parametrize("state", ReportState)
def test_every_state_is_suggested_but_withdrawn(database: Database, state: ReportState) -> None:
    with database.write() as db:
        number = make(db, **SAME_PLACE)
        values = {"merged_into_id": number} if state is ReportState.MERGED else {}
        make(db, state=state, **SAME_PLACE, **values)
        assert len(suggest(db, number)) == (0 if state is ReportState.WITHDRAWN else 1)


@pytest.mark.parametrize(("days", "count"), [(29, 1), (-29, 1), (31, 0), (-31, 0)])
def test_only_recent_reports_are_suggested(database: Database, now: datetime, days: int, count: int) -> None:
    with database.write() as db:
        number = make(db, **SAME_PLACE)
        make(db, created_at=now + timedelta(days=days), **SAME_PLACE)
        found = suggest(db, number)
    assert len(found) == count
    assert all("close_in_time" not in each.reasons for each in found)


def test_likeliest_comes_first_and_no_more_than_asked(database: Database) -> None:
    with database.write() as db:
        number = make(db, category="FIRE", place_label="井口", **SAME_PLACE)
        place = make(db, **SAME_PLACE)
        both = make(db, category="FIRE", place_label="井口", **SAME_PLACE)
        label = make(db, category="FIRE", place_label="井口")
        found = suggest(db, number)
        assert [each.report_id for each in found] == [both, *sorted([place, label], reverse=True)]
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
        assert [each.report_id for each in suggest(db, number, most=1)] == [both]


def flip(bits: int) -> int:
    """Return HASH with its lowest bits flipped, as a signed number."""
    flipped = HASH ^ ((1 << bits) - 1)
    return flipped - (1 << 64) if flipped >> 63 else flipped


@pytest.mark.parametrize(
    ("photo", "reasons"),
    [
        ({"sha256": "a" * 64, "difference_hash": None}, ("same_photo", "close_in_time")),
        ({"sha256": "a" * 64, "difference_hash": HASH}, ("same_photo", "close_in_time")),
        ({"difference_hash": flip(0)}, ("near_photo", "close_in_time")),
        ({"difference_hash": flip(10)}, ("near_photo", "close_in_time")),
        ({"difference_hash": flip(11)}, None),
        ({"difference_hash": None}, None),
        ({"difference_hash": HASH, "state": AttachmentState.PENDING}, None),
        ({"difference_hash": HASH, "kind": "video"}, None),
    ],
    ids=["same bytes", "same bytes and look", "same look", "10 bits", "11 bits", "no hash", "not kept", "no photo"],
)
def test_compares_photos(database: Database, photo: dict[str, Any], reasons: tuple[str, ...] | None) -> None:
    with database.write() as db:
        number, other = make(db), make(db)
        make_photo(db, report_id=number, sha256="a" * 64, difference_hash=HASH)
        make_photo(db, report_id=other, **photo)
        found = suggest(db, number)
    assert [(each.report_id, each.reasons) for each in found] == ([] if reasons is None else [(other, reasons)])


@pytest.mark.parametrize("difference_hash", [0, -1, 0b111, -2], ids=["black", "white", "nearly black", "nearly white"])
def test_photos_of_nothing_are_not_alike(database: Database, difference_hash: int) -> None:
    with database.write() as db:
        number, other = make(db), make(db)
        for report_id in (number, other):
            make_photo(db, report_id=report_id, difference_hash=difference_hash)
        assert suggest(db, number) == []


def test_same_photo_outweighs_everything_else(database: Database) -> None:
    with database.write() as db:
        number = make(db, category="FIRE", place_label="井口", **SAME_PLACE)
        make(db, category="FIRE", place_label="井口", **SAME_PLACE)
        other = make(db)
        for report_id in (number, other):
            make_photo(db, report_id=report_id, sha256="b" * 64)
        assert suggest(db, number)[0].report_id == other


def test_finds_point_and_bytes_far_away_in_the_table(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_NEIGHBOURS", 2)
    with database.write() as db:
        near, photo, out_of_reach = make(db, **SAME_PLACE), make(db), make(db, place_label="井口", category="FIRE")
        for _ in range(5):
            make(db)
        number = make(db, place_label="井口", category="FIRE", **SAME_PLACE)
        for report_id in (number, photo):
            make_photo(db, report_id=report_id, sha256="c" * 64)
        found = {each.report_id for each in suggest(db, number)}
    assert found == {near, photo}
    assert out_of_reach not in found


def test_suggesting_changes_nothing(database: Database) -> None:
    with database.write() as db:
        number = make(db, **SAME_PLACE)
        make(db, **SAME_PLACE)
        suggest(db, number)
        before = db.execute(select(reports)).all()
        assert suggest(db, number)
        assert db.execute(select(reports)).all() == before


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ((36.0, 113.0), (36.0, 113.0), 0),
        ((0.0, 0.0), (0.0, 1.0), 111_195),
        ((36.0, 113.0), (37.0, 113.0), 111_195),
        ((60.0, 0.0), (60.0, 1.0), 55_597),
        ((0.0, 0.0), (0.0, 180.0), math.pi * 6_371_008.8),
    ],
    ids=["same point", "on the equator", "along a meridian", "at 60 degrees", "half round the earth"],
)
def test_measures_metres(one: tuple[float, float], other: tuple[float, float], metres: float) -> None:
    assert measure_metres(*one, *other) == pytest.approx(metres, rel=1e-3)


@pytest.mark.parametrize(("one", "other", "bits"), [(0, 0, 0), (0, -1, 64), (-1, 1, 63), (5, 6, 2)])
def test_counts_different_bits_of_signed_numbers(one: int, other: int, bits: int) -> None:
    assert count_different_bits(one, other) == bits
