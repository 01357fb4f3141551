"""Weekly digests as they were made: one for each week and recipient, and who is to get one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, Text, UniqueConstraint, func, select

from storage.database import RowId, insert_or_skip, metadata
from storage.reports.overview import Scope
from storage.staff import Role, liaisons, staff
from storage.types import AnyRow, Instant, to_milliseconds
from storage.units import category_offices, units

OFFICE, LEADER, UNIT = "office", "leader", "unit"

digests = Table(
    "digests",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("week", String(8), nullable=False, comment="ISO week that it tells of, such as 2026-W47"),
    Column("recipient", String(48), nullable=False, comment="staff:<id>"),
    Column("kind", String(8), nullable=False, comment="office, leader or unit"),
    Column("words", Text, nullable=False, comment="as sent by chat"),
    Column("page", Text, nullable=False, comment="as sent by mail and shown as a page: HTML"),
    Column("made_at", Instant, nullable=False),
    UniqueConstraint("week", "recipient", name="uq_digests_once"),
)

_keep = insert_or_skip(digests, ["week", "recipient", "kind", "words", "page", "made_at"], returning=digests.c.id)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who gets a digest, in which form, and about what."""

    staff_id: int
    kind: str  # office, leader or unit
    scope: Scope
    about: str = ""  # the names of the units, for those who read about their own
    can_log_in: bool = False

    @property
    def recipient(self) -> str:
        """Return the reader as digests and notices name them."""
        return f"staff:{self.staff_id}"


def list_readers(db: Connection, *, since_before: datetime | None = None) -> list[Reader]:
    """Return everybody who gets a digest; with `since_before` only who was on the staff before that instant.

    A leader reads the short form and a reviewer the office's. A liaison of an office (站所) that sees to kinds of
    hazards reads about these and what was handed to it, any other liaison about what was handed to their units.
    """
    people = select(staff.c.id, staff.c.role, staff.c.password_hash).where(staff.c.is_active)
    if since_before is not None:
        people = people.where(staff.c.created_at < since_before)
    rows = db.execute(
        select(liaisons.c.staff_id, units.c.id, units.c.name, units.c.kind)
        .join_from(liaisons, units, liaisons.c.unit_id == units.c.id)
        .where(units.c.is_active)
        .order_by(units.c.id)
    )
    served: dict[int, list[AnyRow]] = {}
    for row in rows:
        served.setdefault(row.staff_id, []).append(row)
    kinds = _list_kinds(db)
    readers = []
    for person in db.execute(people.order_by(staff.c.id)):
        reader = _find_reader(person, served.get(person.id, []), kinds)
        if reader is not None:
            readers.append(reader)
    return readers


def make_unit_reader(db: Connection, unit: AnyRow) -> Reader:
    """Return who would read a unit's digest, whether or not it has a liaison."""
    return _serve(0, [unit], _list_kinds(db), can_log_in=False)


def list_recipients(db: Connection, week: str) -> set[str]:
    """Return whose digest of a week was made."""
    return set(db.execute(select(digests.c.recipient).where(digests.c.week == week)).scalars())


def keep_digest(db: Connection, reader: Reader, *, week: str, words: str, page: str, now: datetime) -> int | None:
    """Keep a digest as it was made and return its id; None when there is one for this week and reader."""
    row = _keep.first(
        db,
        {
            "week": week,
            "recipient": reader.recipient,
            "kind": reader.kind,
            "words": words,
            "page": page,
            "made_at": to_milliseconds(now),
        },
    )
    return None if row is None else int(row[0])


def find_digest(db: Connection, week: str, recipient: str) -> AnyRow | None:
    """Return a recipient's digest of a week as it was made."""
    return db.execute(select(digests).where(digests.c.week == week, digests.c.recipient == recipient)).one_or_none()


def list_weeks(db: Connection, *, most: int = 60) -> Sequence[AnyRow]:
    """Return the weeks of which there are digests, the latest first: week, how many `rows`, made_at."""
    return db.execute(
        select(digests.c.week, func.count().label("rows"), func.min(digests.c.made_at).label("made_at"))
        .group_by(digests.c.week)
        .order_by(digests.c.week.desc())
        .limit(most)
    ).all()


def _find_reader(person: AnyRow, served: Sequence[AnyRow], kinds: dict[int, list[str]]) -> Reader | None:
    can_log_in = bool(person.password_hash)
    if person.role == Role.LEADER:
        return Reader(person.id, LEADER, Scope(), can_log_in=can_log_in)
    if person.role in (Role.ADMIN, Role.REVIEWER):
        return Reader(person.id, OFFICE, Scope(), can_log_in=can_log_in)
    if person.role != Role.LIAISON or not served:
        return None
    return _serve(person.id, served, kinds, can_log_in=can_log_in)


def _serve(staff_id: int, served: Sequence[AnyRow], kinds: dict[int, list[str]], *, can_log_in: bool) -> Reader:
    categories = tuple(sorted({each for unit in served if unit.kind == "office" for each in kinds.get(unit.id, ())}))
    return Reader(
        staff_id,
        OFFICE if categories else UNIT,
        Scope(categories, tuple(unit.id for unit in served)),
        "、".join(unit.name for unit in served),
        can_log_in,
    )


def _list_kinds(db: Connection) -> dict[int, list[str]]:
    kinds: dict[int, list[str]] = {}
    for office in db.execute(select(category_offices).order_by(category_offices.c.category)):
        kinds.setdefault(office.unit_id, []).append(office.category)
    return kinds
