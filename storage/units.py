"""Villages, enterprises, offices and schools, with every name that people call them by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Float, ForeignKey, Integer, String, Table, Text, insert, select

from storage.database import RowId, metadata
from storage.types import AnyRow, Instant

units = Table(
    "units",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("kind", String(16), nullable=False, comment="village, enterprise, office or school"),
    Column("aliases", Text, nullable=False, default="[]", comment="JSON list: 大名, 俗名, 老名"),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("is_high_risk", Boolean, nullable=False, default=False),
    Column("headcount", Integer, comment="people who work or live there; empty when nobody said"),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("created_at", Instant, nullable=False),
)

# Which office (站所) sees to a kind of hazard.
category_offices = Table(
    "category_offices",
    metadata,
    Column("category", String(4), primary_key=True),
    Column("unit_id", RowId, ForeignKey("units.id"), nullable=False),
)


@dataclass(frozen=True, slots=True)
class UnitNames:
    """A unit's canonical name and what else people call it."""

    id: int
    name: str
    aliases: tuple[str, ...]


def add_unit(
    db: Connection,
    *,
    name: str,
    kind: str,
    aliases: Sequence[str],
    now: datetime,
    latitude: float | None = None,
    longitude: float | None = None,
    is_high_risk: bool = False,
) -> int:
    """Insert a unit and return its id."""
    row = db.execute(
        insert(units)
        .values(
            name=name,
            kind=kind,
            aliases=json.dumps(list(aliases), ensure_ascii=False),
            latitude=latitude,
            longitude=longitude,
            is_high_risk=is_high_risk,
            created_at=now,
        )
        .returning(units.c.id)
    )
    return int(row.scalar_one())


def list_units(db: Connection) -> Sequence[AnyRow]:
    """Return every unit's row by name."""
    return db.execute(select(units).order_by(units.c.name)).all()


def list_unit_names(db: Connection) -> list[UnitNames]:
    """Return the names of every unit, for finding units in what people write."""
    return [UnitNames(row.id, row.name, tuple(json.loads(row.aliases))) for row in list_units(db)]
