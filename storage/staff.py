"""Staff who log in: names, roles, password hashes and the lock after wrong passwords."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    delete,
    false,
    func,
    insert,
    select,
    true,
    update,
)

from storage.bindings import bindings, end_bind_codes, unbind
from storage.database import RowId, metadata
from storage.types import AnyRow, Instant
from storage.units import units


class Role(StrEnum):
    """What a member of staff may do."""

    ADMIN = "admin"
    REVIEWER = "reviewer"
    LEADER = "leader"
    KEEPER = "keeper"
    LIAISON = "liaison"


staff = Table(
    "staff",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("username", String(40), nullable=False, unique=True),
    Column("display_name", String(40), nullable=False),
    Column("role", String(12), nullable=False),
    Column("password_hash", String(200), nullable=False, comment="scrypt"),  # empty: no log-in
    Column("password_version", Integer, nullable=False, default=1, comment="counted up to end every login"),
    Column("must_change_password", Boolean, nullable=False, default=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("failed_count", Integer, nullable=False, default=0, comment="wrong passwords in a row"),
    Column("locked_until", Instant),
    Column("email", String(200), nullable=False, default="", comment="for digests and notices"),
    Column("last_login_at", Instant),
    Column("created_at", Instant, nullable=False),
)

# For which units a member of staff is the liaison (联系人).
liaisons = Table(
    "liaisons",
    metadata,
    Column("staff_id", RowId, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("unit_id", RowId, ForeignKey("units.id"), primary_key=True, autoincrement=False),
    Index("ix_liaisons_unit_id", "unit_id"),
)


def add_staff(
    db: Connection,
    *,
    username: str,
    display_name: str,
    role: Role,
    password_hash: str,
    now: datetime,
    must_change_password: bool = False,
    email: str = "",
) -> int:
    """Insert a member of staff and return the id; with an empty `password_hash` there is no log-in."""
    row = db.execute(
        insert(staff)
        .values(
            username=username,
            display_name=display_name,
            role=role.value,
            password_hash=password_hash,
            must_change_password=must_change_password,
            email=email,
            created_at=now,
        )
        .returning(staff.c.id)
    )
    return int(row.scalar_one())


def change_staff(db: Connection, staff_id: int, *, username: str, display_name: str, role: Role, email: str) -> None:
    """Replace what is known of a member of staff."""
    db.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(username=username, display_name=display_name, role=role.value, email=email)
    )


def deactivate_staff(db: Connection, staff_id: int, *, now: datetime) -> bool:
    """End the log-ins, the binding and the open codes of somebody who has left; False when they had left before."""
    done = db.execute(
        update(staff)
        .where(staff.c.id == staff_id, staff.c.is_active == true())
        .values(is_active=False, password_version=staff.c.password_version + 1)
    )
    unbind(db, staff_id)
    end_bind_codes(db, staff_id, now=now)
    return done.rowcount == 1


def reactivate_staff(db: Connection, staff_id: int) -> bool:
    """Take somebody back, with the password of before and without a binding; False when they were there."""
    done = db.execute(update(staff).where(staff.c.id == staff_id, staff.c.is_active == false()).values(is_active=True))
    return done.rowcount == 1


def give_password(db: Connection, staff_id: int, *, password_hash: str) -> None:
    """Set a password that its owner must change at the first log-in; every older log-in ends."""
    change_password(db, staff_id, password_hash=password_hash)
    db.execute(update(staff).where(staff.c.id == staff_id).values(must_change_password=True))


def next_username(db: Connection) -> str:
    """Return a free username for somebody who does not log in, such as staff-17."""
    number = int(db.execute(select(func.coalesce(func.max(staff.c.id), 0))).scalar_one())
    while True:
        number += 1
        username = f"staff-{number}"
        if db.execute(select(staff.c.id).where(staff.c.username == username)).first() is None:
            return username


def list_staff(db: Connection) -> Sequence[AnyRow]:
    """Return every member of staff, those who have left last, with `bound_at` of their chat account."""
    return db.execute(
        select(staff, bindings.c.bound_at)
        .select_from(staff.outerjoin(bindings, bindings.c.staff_id == staff.c.id))
        .order_by(staff.c.is_active.desc(), staff.c.display_name, staff.c.id)
    ).all()


def find_anybody(db: Connection, staff_id: int) -> AnyRow | None:
    """Return the row of a member of staff, even of one who has left, with `bound_at` of their chat account."""
    return db.execute(
        select(staff, bindings.c.bound_at)
        .select_from(staff.outerjoin(bindings, bindings.c.staff_id == staff.c.id))
        .where(staff.c.id == staff_id)
    ).one_or_none()


def find_staff(db: Connection, username: str) -> AnyRow | None:
    """Return the row of an active member of staff by the name that is typed at log-in."""
    return db.execute(select(staff).where(staff.c.username == username, staff.c.is_active)).one_or_none()


def find_staff_by_id(db: Connection, staff_id: int) -> AnyRow | None:
    """Return the row of an active member of staff."""
    return db.execute(select(staff).where(staff.c.id == staff_id, staff.c.is_active)).one_or_none()


def record_wrong_password(db: Connection, staff_id: int, *, locked_until: datetime | None) -> None:
    """Count a wrong password; `locked_until` closes the account until then."""
    db.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(failed_count=staff.c.failed_count + 1, locked_until=locked_until)
    )


def record_login(db: Connection, staff_id: int, *, now: datetime) -> None:
    """Keep a log-in and forget the wrong passwords before it."""
    db.execute(update(staff).where(staff.c.id == staff_id).values(failed_count=0, locked_until=None, last_login_at=now))


def change_password(db: Connection, staff_id: int, *, password_hash: str) -> None:
    """Set a new password, which ends every login made with the old one."""
    db.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(
            password_hash=password_hash,
            password_version=staff.c.password_version + 1,
            must_change_password=False,
            failed_count=0,
            locked_until=None,
        )
    )


def list_liaison_ids(db: Connection, unit_id: int) -> list[int]:
    """Return the active liaisons of a unit."""
    theirs = select(liaisons.c.staff_id).where(liaisons.c.unit_id == unit_id)
    return list(
        db.execute(select(staff.c.id).where(staff.c.id.in_(theirs), staff.c.is_active).order_by(staff.c.id)).scalars()
    )


def list_reviewer_ids(db: Connection) -> list[int]:
    """Return the active members of staff who decide about reports."""
    deciding = [Role.REVIEWER.value, Role.ADMIN.value]
    return list(
        db.execute(
            select(staff.c.id).where(staff.c.role.in_(deciding), staff.c.is_active).order_by(staff.c.id)
        ).scalars()
    )


def set_liaisons(db: Connection, unit_id: int, staff_ids: Iterable[int]) -> None:
    """Keep who the liaisons of a unit are; whoever is not named is none."""
    db.execute(delete(liaisons).where(liaisons.c.unit_id == unit_id))
    rows = [{"unit_id": unit_id, "staff_id": staff_id} for staff_id in sorted(set(staff_ids))]
    if rows:
        db.execute(insert(liaisons), rows)


def set_liaison_units(db: Connection, staff_id: int, unit_ids: Iterable[int]) -> None:
    """Keep for which units a member of staff is the liaison; for whichever is not named they are not."""
    db.execute(delete(liaisons).where(liaisons.c.staff_id == staff_id))
    rows = [{"unit_id": unit_id, "staff_id": staff_id} for unit_id in sorted(set(unit_ids))]
    if rows:
        db.execute(insert(liaisons), rows)


def list_liaisons(db: Connection, unit_id: int) -> Sequence[AnyRow]:
    """Return the active liaisons of a unit by name: id, username, display_name, role, email, bound_at."""
    return db.execute(
        select(staff.c.id, staff.c.username, staff.c.display_name, staff.c.role, staff.c.email, bindings.c.bound_at)
        .select_from(
            liaisons.join(staff, staff.c.id == liaisons.c.staff_id).outerjoin(
                bindings, bindings.c.staff_id == staff.c.id
            )
        )
        .where(liaisons.c.unit_id == unit_id, staff.c.is_active == true())
        .order_by(staff.c.display_name, staff.c.id)
    ).all()


def list_liaison_units(db: Connection, staff_id: int) -> Sequence[AnyRow]:
    """Return the units in use for which a member of staff is the liaison, by name: id, name, kind."""
    return db.execute(
        select(units.c.id, units.c.name, units.c.kind)
        .join(liaisons, liaisons.c.unit_id == units.c.id)
        .where(liaisons.c.staff_id == staff_id, units.c.is_active == true())
        .order_by(units.c.name)
    ).all()


def list_liaison_pairs(db: Connection) -> Sequence[tuple[int, int]]:
    """Return every liaison and unit: staff, unit; those who have left and units out of use are among them."""
    rows = db.execute(select(liaisons.c.staff_id, liaisons.c.unit_id).order_by(liaisons.c.staff_id, liaisons.c.unit_id))
    return [(row.staff_id, row.unit_id) for row in rows]
