"""Which chat account belongs to which member of staff: one-time codes, bindings, and limits for guessing."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from storage.database import RowId, metadata
from storage.types import AnyRow, Instant

CODE_ALPHABET = "ABCDEFGHJKMNPQRTUVWXY2345679"  # without 0 O 1 I L, and one each of 2 Z, 5 S, 8 B
CODE_LENGTH = 8  # 28 ** 8 codes: at five guesses an hour nobody finds one in the day that it lives
CODE_LIFETIME = timedelta(hours=24)
MOST_GUESSES = 5
GUESSING_PERIOD = timedelta(hours=1)  # both what the wrong ones are counted over, and how long the pause is
_LOOK_ALIKES = str.maketrans("ZS8", "25B")
_BETWEEN = " -_·.、,:"  # what people put between the characters when they copy them


bindings = Table(
    "bindings",
    metadata,
    Column("staff_id", RowId, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("reporter_id", RowId, ForeignKey("reporters.id"), nullable=False, unique=True, comment="the chat account"),
    Column("bound_at", Instant, nullable=False),
)

bind_codes = Table(
    "bind_codes",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("staff_id", RowId, ForeignKey("staff.id"), nullable=False),
    Column("code_hash", String(64), nullable=False, unique=True, comment="SHA-256 of the code"),
    Column("created_by", String(48), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant, comment="when it was used, or replaced by a newer one"),
    Index("ix_bind_codes_staff_id", "staff_id"),
)

# Wrong codes and words of one chat account, so that nobody can try them all.
guesses = Table(
    "guesses",
    metadata,
    Column("reporter_id", RowId, ForeignKey("reporters.id"), primary_key=True, autoincrement=False),
    Column("purpose", String(12), primary_key=True, comment="bind or receipt"),
    Column("failed_count", Integer, nullable=False),
    Column("since", Instant, nullable=False, comment="the first wrong one of this count"),
)


class BindOutcome(StrEnum):
    """What became of a code that was typed or scanned."""

    BOUND = "bound"
    WRONG = "wrong"
    EXPIRED = "expired"  # too old, used already, or replaced by a newer one
    TAKEN = "taken"  # this chat account is somebody else's; the code stays good
    PAUSED = "paused"  # too many wrong ones; the code was not even looked at


@dataclass(frozen=True, slots=True)
class Bound:
    """What became of a code, and whose it is where that is settled."""

    outcome: BindOutcome
    staff_id: int | None = None
    is_replaced: bool = False  # another chat account of the same person has given way


class Purpose(StrEnum):
    """What somebody may be guessing at."""

    BIND = "bind"
    RECEIPT = "receipt"


def make_bind_code(db: Connection, staff_id: int, *, by: str, now: datetime, choose: Callable[[str], str]) -> str:
    """Return a fresh code that binds a chat account to a member of staff for a day; older ones end.

    `choose` gives a random character of a text. Only the code's hash is kept, so it is shown once.
    """
    end_bind_codes(db, staff_id, now=now)
    code = "".join(choose(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    db.execute(
        insert(bind_codes).values(
            staff_id=staff_id,
            code_hash=_hash(code),
            created_by=by,
            created_at=now,
            expires_at=now + CODE_LIFETIME,
        )
    )
    return code


def end_bind_codes(db: Connection, staff_id: int, *, now: datetime) -> None:
    """End every open code of a member of staff."""
    db.execute(
        update(bind_codes)
        .where(bind_codes.c.staff_id == staff_id, bind_codes.c.ended_at.is_(None))
        .values(ended_at=now)
    )


def clean_code(typed: str) -> str:
    """Return a typed code as it was given: half-width capitals without gaps, look-alikes put right."""
    plain = unicodedata.normalize("NFKC", typed).upper()
    return "".join(letter for letter in plain if letter not in _BETWEEN).translate(_LOOK_ALIKES)


def bind(db: Connection, code: str, *, reporter_id: int, now: datetime) -> Bound:
    """Make a chat account that of the member of staff whose code it gives; an account bound before gives way.

    The caller serialises the work of one account. Wrong codes are counted here, so that nobody can leave that out.
    """
    if not may_guess(db, reporter_id, Purpose.BIND, now=now):
        return Bound(BindOutcome.PAUSED)
    row = db.execute(select(bind_codes).where(bind_codes.c.code_hash == _hash(clean_code(code)))).one_or_none()
    if row is None:
        count_guess(db, reporter_id, Purpose.BIND, now=now)
        return Bound(BindOutcome.WRONG)
    if row.ended_at is not None or now >= row.expires_at:
        return Bound(BindOutcome.EXPIRED)
    owner = find_bound_staff(db, reporter_id)
    if owner is not None and owner != row.staff_id:
        return Bound(BindOutcome.TAKEN)
    used = update(bind_codes).where(bind_codes.c.id == row.id, bind_codes.c.ended_at.is_(None)).values(ended_at=now)
    if db.execute(used).rowcount != 1:  # another account has used it since
        return Bound(BindOutcome.EXPIRED)
    is_replaced = unbind(db, row.staff_id) and owner is None
    db.execute(insert(bindings).values(staff_id=row.staff_id, reporter_id=reporter_id, bound_at=now))
    forget_guesses(db, reporter_id, Purpose.BIND)
    return Bound(BindOutcome.BOUND, row.staff_id, is_replaced)


def unbind(db: Connection, staff_id: int) -> bool:
    """Take a member of staff's chat account away; False when there was none."""
    return db.execute(delete(bindings).where(bindings.c.staff_id == staff_id)).rowcount == 1


def find_binding(db: Connection, staff_id: int) -> AnyRow | None:
    """Return the binding of a member of staff: staff_id, reporter_id, bound_at."""
    return db.execute(select(bindings).where(bindings.c.staff_id == staff_id)).one_or_none()


def find_bound_staff(db: Connection, reporter_id: int) -> int | None:
    """Return whose a chat account is."""
    found: int | None = db.execute(
        select(bindings.c.staff_id).where(bindings.c.reporter_id == reporter_id)
    ).scalar_one_or_none()
    return found


def may_guess(db: Connection, reporter_id: int, purpose: Purpose, *, now: datetime) -> bool:
    """Return whether a chat account may try another code or word: not for an hour after five wrong ones in an hour."""
    row = _find_guesses(db, reporter_id, purpose)
    return row is None or row.failed_count < MOST_GUESSES or _is_over(row.since, now)


def count_guess(db: Connection, reporter_id: int, purpose: Purpose, *, now: datetime) -> None:
    """Count a wrong code or word; the fifth within an hour begins the pause.

    The caller serialises the work of one account.
    """
    row = _find_guesses(db, reporter_id, purpose)
    if row is None:
        db.execute(insert(guesses).values(reporter_id=reporter_id, purpose=purpose.value, failed_count=1, since=now))
        return
    is_over = _is_over(row.since, now)
    count = 1 if is_over else row.failed_count + 1
    begins = is_over or count == MOST_GUESSES  # of the count, or of the pause
    db.execute(
        update(guesses)
        .where(guesses.c.reporter_id == reporter_id, guesses.c.purpose == purpose.value)
        .values(failed_count=count, since=now if begins else row.since)
    )


def forget_guesses(db: Connection, reporter_id: int, purpose: Purpose) -> None:
    """Forget the wrong ones after a right one."""
    db.execute(delete(guesses).where(guesses.c.reporter_id == reporter_id, guesses.c.purpose == purpose.value))


def _find_guesses(db: Connection, reporter_id: int, purpose: Purpose) -> AnyRow | None:
    return db.execute(
        select(guesses).where(guesses.c.reporter_id == reporter_id, guesses.c.purpose == purpose.value)
    ).one_or_none()


def _is_over(since: datetime, now: datetime) -> bool:
    return abs(now - since) >= GUESSING_PERIOD  # a clock that was set back must not lengthen the pause


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
