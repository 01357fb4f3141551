"""Staff who log in: names, roles, password hashes and the lock after wrong passwords."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, String, Table, insert, select, update

from storage.database import RowId, metadata
from storage.types import AnyRow, Instant


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
) -> int:
    """Insert a member of staff and return the id."""
    row = db.execute(
        insert(staff)
        .values(
            username=username,
            display_name=display_name,
            role=role.value,
            password_hash=password_hash,
            must_change_password=must_change_password,
            created_at=now,
        )
        .returning(staff.c.id)
    )
    return int(row.scalar_one())


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
