"""Villages, enterprises, offices and schools, with every name that people call them by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    delete,
    false,
    insert,
    select,
    true,
    update,
)

from storage.database import RowId, metadata
from storage.types import AnyRow, Instant


class UnitKind(StrEnum):
    """What sort of unit it is: 村, 企业, 站所, 学校."""

    VILLAGE = "village"
    ENTERPRISE = "enterprise"
    OFFICE = "office"
    SCHOOL = "school"


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
    headcount: int | None = None,
) -> int:
    """Insert a unit and return its id; the point is in GCJ-02 degrees, as the platform sends places."""
    row = db.execute(
        insert(units)
        .values(
            name=name,
            kind=kind,
            aliases=json.dumps(list(aliases), ensure_ascii=False),
            latitude=latitude,
            longitude=longitude,
            is_high_risk=is_high_risk,
            headcount=headcount,
            created_at=now,
        )
        .returning(units.c.id)
    )
    return int(row.scalar_one())


def change_unit(
    db: Connection,
    unit_id: int,
    *,
    name: str,
    kind: str,
    aliases: Sequence[str],
    latitude: float | None,
    longitude: float | None,
    is_high_risk: bool,
    headcount: int | None,
) -> None:
    """Replace what is known of a unit."""
    db.execute(
        update(units)
        .where(units.c.id == unit_id)
        .values(
            name=name,
            kind=kind,
            aliases=json.dumps(list(aliases), ensure_ascii=False),
            latitude=latitude,
            longitude=longitude,
            is_high_risk=is_high_risk,
            headcount=headcount,
        )
    )


def deactivate_unit(db: Connection, unit_id: int) -> bool:
    """Take a unit out of use: its names are not recognised any more, what it has stays; False when it was out."""
    done = db.execute(update(units).where(units.c.id == unit_id, units.c.is_active == true()).values(is_active=False))
    return done.rowcount == 1


def reactivate_unit(db: Connection, unit_id: int) -> bool:
    """Take a unit into use again; False when it was in use."""
    done = db.execute(update(units).where(units.c.id == unit_id, units.c.is_active == false()).values(is_active=True))
    return done.rowcount == 1


def find_unit(db: Connection, unit_id: int) -> AnyRow | None:
    """Return a unit's row, in use or not."""
    return db.execute(select(units).where(units.c.id == unit_id)).one_or_none()


def list_units(db: Connection, *, only_active: bool = False) -> Sequence[AnyRow]:
    """Return every unit's row by name."""
    query = select(units).order_by(units.c.name)
    return db.execute(query.where(units.c.is_active == true()) if only_active else query).all()


def read_aliases(row: AnyRow) -> tuple[str, ...]:
    """Return what else people call the unit of a row."""
    return tuple(json.loads(row.aliases))


def list_unit_names(db: Connection) -> list[UnitNames]:
    """Return the names of every unit in use, for finding units in what people write."""
    rows = db.execute(
        select(units.c.id, units.c.name, units.c.aliases).where(units.c.is_active == true()).order_by(units.c.name)
    )
    return [UnitNames(row.id, row.name, read_aliases(row)) for row in rows]


def set_category_offices(db: Connection, offices: Mapping[str, int]) -> None:
    """Keep which office sees to each kind of hazard, by code; kinds that are not named have none."""
    db.execute(delete(category_offices))
    if offices:
        db.execute(
            insert(category_offices),
            [{"category": category, "unit_id": unit_id} for category, unit_id in offices.items()],
        )


def list_category_offices(db: Connection) -> dict[str, int]:
    """Return the office in use that sees to each kind of hazard: code -> unit."""
    rows = db.execute(
        select(category_offices.c.category, category_offices.c.unit_id)
        .join(units, units.c.id == category_offices.c.unit_id)
        .where(units.c.is_active == true())
        .order_by(category_offices.c.category)
    )
    return {row.category: row.unit_id for row in rows}


def find_category_office(db: Connection, category: str) -> int | None:
    """Return the office in use that sees to a kind of hazard."""
    return list_category_offices(db).get(category)
