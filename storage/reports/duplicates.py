"""Reports that may be about the same thing: suggested with reasons, never merged; a person decides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rapidfuzz.fuzz import ratio
from sqlalchemy import Connection, and_, select, union_all

from storage.attachments import AttachmentState, attachments
from storage.reports.search import cells_around, split_words
from storage.reports.tables import ReportState, report_pairs, reports
from storage.types import AnyRow

RECENT = timedelta(days=30)  # on both sides of the report
NEAR_METRES = 150.0
NEAR_BITS = 10  # of the 64 of a difference hash
SIMILAR_LABEL = 80.0  # of 100, rapidfuzz's ratio
CLOSE_IN_TIME = timedelta(hours=48)

_MOST_IN_A_CELL = 60
_MOST_EQUAL = 60  # reports with the same photo
_NEIGHBOURS = 1_000  # reports looked at on either side by id: a month where 33 come in a day
_MOST_PHOTOS = 4_000
_TELLING_BITS = 8  # a difference hash with fewer bits set, or unset, is that of an even surface: it tells nothing
_EARTH_METRES = 6_371_008.8  # mean radius, IUGG
_SMALLEST_SCORE = 45  # a village's name is not enough: the category must agree as well


class Reason(StrEnum):
    """Why a report is suggested; pages translate it."""

    SAME_PHOTO = "same_photo"  # the same bytes
    NEAR_PHOTO = "near_photo"
    NEAR_PLACE = "near_place"
    SAME_LABEL = "same_label"
    SIMILAR_LABEL = "similar_label"
    SAME_CATEGORY = "same_category"
    CLOSE_IN_TIME = "close_in_time"


# What each reason weighs. The last two together stay below _SMALLEST_SCORE: they say nothing by themselves. The same
# bytes outweigh all others together.
_WEIGHTS = {
    Reason.SAME_PHOTO: 200,
    Reason.NEAR_PHOTO: 60,
    Reason.NEAR_PLACE: 50,
    Reason.SAME_LABEL: 30,
    Reason.SIMILAR_LABEL: 25,
    Reason.SAME_CATEGORY: 20,
    Reason.CLOSE_IN_TIME: 10,
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A report that may be about the same thing, and why; `metres` between the two where both have a point."""

    report_id: int
    code: str
    reasons: tuple[str, ...]
    score: int
    metres: int | None = None


def suggest_duplicates(db: Connection, report: AnyRow, *, most: int = 5) -> list[Suggestion]:
    """Return recent reports that may be about the same thing as `report` (a row of `reports`), likeliest first.

    Looks at what lies in the same corner of the map, at the reports next to it by time, and at photos with the same
    bytes; what it reads is bounded whatever the table's size.
    """
    likenesses = _Likenesses(report.place_label)
    candidates = _list_ids_nearby(db, report)
    photos = _list_like_photos(db, report, candidates)
    candidates.update(photos)
    for number, latitude, longitude, label in _list_neighbours(db, report):
        if likenesses.get(label) or _is_near(_measure_between(report, latitude, longitude)):
            candidates.add(number)
    suggestions = []
    for row in _list_recent(db, report, candidates):
        why: set[Reason] = {photos[row.id]} if row.id in photos else set()
        metres = _measure_between(report, row.latitude, row.longitude)
        if _is_near(metres):
            why.add(Reason.NEAR_PLACE)
        likeness = likenesses.get(row.place_label)
        if likeness:
            why.add(Reason.SAME_LABEL if likeness == 100 else Reason.SIMILAR_LABEL)
        if row.category == report.category != "UNK":
            why.add(Reason.SAME_CATEGORY)
        if abs(row.created_at - report.created_at) <= CLOSE_IN_TIME:
            why.add(Reason.CLOSE_IN_TIME)
        suggestions.append(_build_suggestion(row, why, metres))
    likely = [suggestion for suggestion in suggestions if suggestion.score >= _SMALLEST_SCORE]
    return sorted(likely, key=lambda each: (-each.score, -each.report_id))[:most]


def measure_metres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the metres between two points given in degrees, on a sphere (haversine)."""
    up = math.radians(other_latitude - latitude)
    right = math.radians(other_longitude - longitude)
    across = math.cos(math.radians(latitude)) * math.cos(math.radians(other_latitude))
    half_chord = math.sin(up / 2) ** 2 + across * math.sin(right / 2) ** 2
    return 2 * _EARTH_METRES * math.asin(math.sqrt(min(1.0, half_chord)))


def count_different_bits(one: int, other: int) -> int:
    """Return in how many of their 64 bits two difference hashes, kept as signed numbers, differ."""
    return ((one ^ other) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


class _Likenesses:
    """How like one label others are, from 0 to 100; a township's reports name few places, so each is compared once."""

    def __init__(self, label: str) -> None:
        self._words = "".join(split_words(label))
        self._known = {"": 0.0}

    def get(self, label: str) -> float:
        if not self._words:
            return 0.0
        known = self._known.get(label)
        if known is None:
            known = ratio(self._words, "".join(split_words(label)), score_cutoff=SIMILAR_LABEL)
            self._known[label] = known
        return known


def _build_suggestion(row: AnyRow, why: set[Reason], metres: float | None) -> Suggestion:
    ordered = [reason for reason in Reason if reason in why]
    return Suggestion(
        row.id,
        row.code,
        tuple(reason.value for reason in ordered),
        sum(_WEIGHTS[reason] for reason in ordered),
        None if metres is None else round(metres),
    )


def _measure_between(report: AnyRow, latitude: float | None, longitude: float | None) -> float | None:
    if report.latitude is None or report.longitude is None or latitude is None or longitude is None:
        return None
    return measure_metres(report.latitude, report.longitude, latitude, longitude)


def _is_near(metres: float | None) -> bool:
    return metres is not None and metres <= NEAR_METRES


def _list_neighbours(db: Connection, report: AnyRow) -> Sequence[AnyRow]:
    """Return id, point and label of the reports next to one by id; ids follow the time of arrival."""
    return db.execute(
        select(reports.c.id, reports.c.latitude, reports.c.longitude, reports.c.place_label).where(
            reports.c.id.between(report.id - _NEIGHBOURS, report.id + _NEIGHBOURS)
        )
    ).all()


def _list_ids_nearby(db: Connection, report: AnyRow) -> set[int]:
    """Return those of the newest reports in the nine cells of the map around one that are near."""
    if report.latitude is None or report.longitude is None:
        return set()
    newest = [
        select(report_pairs.c.report_id)
        .where(report_pairs.c.pair == cell)
        .order_by(report_pairs.c.report_id.desc())
        .limit(_MOST_IN_A_CELL)
        .subquery()
        for cell in cells_around(report.latitude, report.longitude)
    ]
    in_cells = list(db.execute(union_all(*(select(each.c.report_id) for each in newest))).scalars())
    points = select(reports.c.id, reports.c.latitude, reports.c.longitude).where(reports.c.id.in_(in_cells))
    return {row[0] for row in db.execute(points) if _is_near(_measure_between(report, row[1], row[2]))}


def _list_recent(db: Connection, report: AnyRow, report_ids: set[int]) -> Sequence[AnyRow]:
    """Return those of some reports that came at about the same time as one, without itself and withdrawn ones."""
    return db.execute(
        select(
            reports.c.id,
            reports.c.code,
            reports.c.category,
            reports.c.latitude,
            reports.c.longitude,
            reports.c.place_label,
            reports.c.created_at,
        ).where(
            reports.c.id.in_(report_ids - {report.id}),
            reports.c.state != ReportState.WITHDRAWN,
            reports.c.created_at.between(report.created_at - RECENT, report.created_at + RECENT),
        )
    ).all()


def _list_like_photos(db: Connection, report: AnyRow, nearby: Iterable[int]) -> dict[int, Reason]:
    """Return the reports with a photo like one of this report's, and how like it is."""
    is_kept = and_(attachments.c.state == AttachmentState.KEPT, attachments.c.kind == "photo")
    columns = select(attachments.c.report_id, attachments.c.sha256, attachments.c.difference_hash).where(is_kept)
    of_report = attachments.c.report_id
    own = db.execute(columns.where(of_report == report.id)).all()
    found: dict[int, Reason] = {}
    hashes = [row.difference_hash for row in own if is_telling(row.difference_hash)]
    if hashes:
        wheres = [of_report.between(report.id - _NEIGHBOURS, report.id + _NEIGHBOURS), of_report.in_(list(nearby))]
        for where in wheres:
            for row in db.execute(columns.where(where).limit(_MOST_PHOTOS)):
                if is_telling(row.difference_hash) and any(
                    count_different_bits(row.difference_hash, each) <= NEAR_BITS for each in hashes
                ):
                    found[row.report_id] = Reason.NEAR_PHOTO
    sums = {row.sha256 for row in own if row.sha256}
    if sums:
        equal = columns.where(attachments.c.sha256.in_(sums)).order_by(attachments.c.id.desc()).limit(_MOST_EQUAL)
        found.update((row.report_id, Reason.SAME_PHOTO) for row in db.execute(equal))
    found.pop(report.id, None)
    return found


def is_telling(difference_hash: int | None) -> bool:
    """Return whether a difference hash says anything: that of an even surface does not."""
    if difference_hash is None:
        return False
    return _TELLING_BITS <= count_different_bits(difference_hash, 0) <= 64 - _TELLING_BITS
