"""Which unit a report may be for: where it is, what its words name, and which office sees to its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from storage.reports.duplicates import measure_metres
from storage.types import AnyRow
from storage.units import list_category_offices, list_units, read_aliases

NEAR_METRES = 1_500  # a unit's point is its gate or its committee's house, not its border
_MOST_NEAR = 2
_SHORTEST_NAME = 2  # characters; one character occurs in everything


class UnitWhy(StrEnum):
    """Why a unit is suggested."""

    KNOWN = "known"  # the report has it already
    NAMED = "named"  # the place's name says it
    SAID = "said"  # the reporter's words say it
    NEAR = "near"  # its point is close
    OFFICE = "office"  # it sees to this kind of hazard


@dataclass(frozen=True, slots=True)
class UnitSuggestion:
    """A unit that a report may be assigned to; `metres` from the report's point where that is why."""

    unit_id: int
    name: str
    why: UnitWhy
    metres: int | None = None


def suggest_units(db: Connection, report: AnyRow) -> list[UnitSuggestion]:
    """Return units in use for a report (a row of `reports`), likeliest first, each once."""
    rows = list_units(db, only_active=True)
    by_id = {row.id: row for row in rows}
    found: list[UnitSuggestion] = []
    if report.unit_id in by_id:
        found.append(UnitSuggestion(report.unit_id, by_id[report.unit_id].name, UnitWhy.KNOWN))
    for words, why in ((report.place_label, UnitWhy.NAMED), (report.description, UnitWhy.SAID)):
        found += [UnitSuggestion(row.id, row.name, why) for row in _list_named(rows, words)]
    found += _list_near(rows, report)
    office = list_category_offices(db).get(report.category)
    if office is not None:
        found.append(UnitSuggestion(office, by_id[office].name, UnitWhy.OFFICE))
    first: dict[int, UnitSuggestion] = {}
    for suggestion in found:
        first.setdefault(suggestion.unit_id, suggestion)
    return list(first.values())


def _list_named(rows: Sequence[AnyRow], words: str) -> list[AnyRow]:
    """Return the units that words name, by name or alias; the longest name first, for it says most."""
    named = []
    for row in rows:
        names = [name for name in (row.name, *read_aliases(row)) if len(name) >= _SHORTEST_NAME and name in words]
        if names:
            named.append((max(len(name) for name in names), row))
    return [row for _, row in sorted(named, key=lambda pair: (-pair[0], pair[1].id))]


def _list_near(rows: Sequence[AnyRow], report: AnyRow) -> list[UnitSuggestion]:
    if report.latitude is None or report.longitude is None:
        return []
    measured = sorted(
        (measure_metres(report.latitude, report.longitude, row.latitude, row.longitude), row.id, row.name)
        for row in rows
        if row.latitude is not None and row.longitude is not None
    )
    return [
        UnitSuggestion(unit_id, name, UnitWhy.NEAR, round(metres))
        for metres, unit_id, name in measured[:_MOST_NEAR]
        if metres <= NEAR_METRES
    ]
