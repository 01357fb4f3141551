"""What a liaison's next message may be the answer to: the list that they were shown, and a wish that is still open."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, ForeignKey, String, Table, Text, delete, insert, select

from storage.database import RowId, metadata
from storage.types import Instant


class Awaited(StrEnum):
    """What the bot has asked a liaison for."""

    NOTHING = ""
    WHICH = "which"  # a number of the list
    PHOTO = "photo"
    DAY = "day"  # until when they want more time


@dataclass(frozen=True, slots=True)
class Turn:
    """Where the conversation with a liaison stands; `listed` are assignments in the order of their numbers."""

    at: datetime
    wish: str = ""
    awaits: Awaited = Awaited.NOTHING
    assignment_id: int | None = None
    words: str = ""  # what they said, until it can be written down with a step
    listed: tuple[int, ...] = ()


# One row for each member of staff; a new turn takes the place of the one before.
liaison_turns = Table(
    "liaison_turns",
    metadata,
    Column("staff_id", RowId, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False, comment="sent time of the liaison's message"),
    Column("wish", String(12), nullable=False, default="", comment="rectify, extend, dispute, acknowledge, or none"),
    Column("awaits", String(8), nullable=False, default="", comment="which, photo, day, or nothing"),
    Column("assignment_id", RowId, ForeignKey("assignments.id")),
    Column("words", Text, nullable=False, default="", comment="the liaison's"),
    Column("listed", Text, nullable=False, default="[]", comment="JSON list of assignments as they were numbered"),
)


def find_turn(db: Connection, staff_id: int) -> Turn | None:
    """Return where the conversation with a liaison stands."""
    row = db.execute(select(liaison_turns).where(liaison_turns.c.staff_id == staff_id)).one_or_none()
    if row is None:
        return None
    return Turn(row.at, row.wish, Awaited(row.awaits), row.assignment_id, row.words, tuple(json.loads(row.listed)))


def keep_turn(db: Connection, staff_id: int, turn: Turn) -> None:
    """Keep where the conversation stands now; the caller serialises the work of one account."""
    db.execute(delete(liaison_turns).where(liaison_turns.c.staff_id == staff_id))
    db.execute(
        insert(liaison_turns).values(
            staff_id=staff_id,
            at=turn.at,
            wish=turn.wish,
            awaits=turn.awaits.value,
            assignment_id=turn.assignment_id,
            words=turn.words,
            listed=json.dumps(list(turn.listed)),
        )
    )
