"""Every message that came, once: its key, its sealed payload, what was made of it, and the reply that was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    select,
    text,
    update,
)

from storage.database import Prepared, RowId, insert_or_skip, metadata
from storage.reporters import COLUMNS, WITH_BINDING, Reporter, reporters, to_reporter
from storage.types import AnyRow, Instant, to_milliseconds


class MessageState(StrEnum):
    """What became of a message."""

    DONE = "done"
    UNSORTED = "unsorted"  # 未分类: the bot did not understand it, a person looks at it
    SORTED = "sorted"  # a person has looked at it
    FAILED = "failed"  # the handler broke; a job tries again
    UNREADABLE = "unreadable"  # no message could be read from the body; kept for a person


messages = Table(
    "messages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("key", String(64), nullable=False, unique=True, comment="keyed hash of what makes the message unique"),
    Column("reporter_id", RowId, ForeignKey("reporters.id")),
    Column("report_id", RowId, ForeignKey("reports.id")),
    Column("kind", String(16), nullable=False),
    Column("event", String(48), nullable=False, default=""),
    Column(
        "sent_at",
        Instant,
        nullable=False,
        comment="CreateTime, or the time of receipt where that cannot be right",
    ),
    Column("received_at", Instant, nullable=False),
    Column("text", Text, nullable=False, default="", comment="what was written, said or linked"),
    Column("payload_sealed", LargeBinary, comment="the whole message as it came; empty once erased"),
    Column("intent", String(24), nullable=False, default=""),
    Column("category", String(4), nullable=False, default=""),
    Column("state", String(12), nullable=False),
    Column("reply", Text, comment="what was answered; empty for the bare acknowledgement"),
    Column("error", String(200), nullable=False, default="", comment="the kind of the failure, never its values"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", Instant, comment="when a failed message is tried again"),
    Column("sorted_by", String(48)),
    Index("ix_messages_report_id_id", "report_id", "id"),
    Index("ix_messages_reporter_id_id", "reporter_id", "id"),
)
# Written out, not bound: an engine uses a partial index only where the query repeats its words.
_in_box = text("state IN ('unsorted', 'failed', 'unreadable')")
Index(
    "ix_messages_confidential",
    messages.c.id,
    sqlite_where=text("intent = 'concealed_accident'"),
    postgresql_where=text("intent = 'concealed_accident'"),
)
Index(
    "ix_messages_in_box",
    messages.c.id,
    sqlite_where=_in_box,
    postgresql_where=_in_box,
)

_record = insert_or_skip(
    messages,
    [
        "key", "reporter_id", "report_id", "kind", "event", "sent_at", "received_at", "text", "payload_sealed",
        "intent", "category", "state", "reply", "error", "attempts", "due_at",
    ],
    returning=messages.c.id,
)  # fmt: skip
_find_reply = Prepared(select(messages.c.id, messages.c.reply).where(messages.c.key == bindparam("by_key")))
_find_sender = Prepared(
    select(*COLUMNS, messages.c.id, messages.c.reply)
    .select_from(WITH_BINDING.outerjoin(messages, messages.c.key == bindparam("by_key")))
    .where(reporters.c.openid_hash == bindparam("openid_hash"))
)
_finish = Prepared(
    update(messages)
    .where(messages.c.id == bindparam("by_id"))
    .values(state=bindparam("state"), reply=bindparam("reply"), report_id=bindparam("report_id"))
)


@dataclass(frozen=True, slots=True)
class Given:
    """The reply that an earlier delivery of the same message was given; None for the bare acknowledgement."""

    reply: str | None


def find_given_reply(db: Connection, key: str) -> Given | None:
    """Return what was answered to the message with this key, None when it is new."""
    row = _find_reply.first(db, {"by_key": key})
    return None if row is None else Given(row[1])


def find_sender(db: Connection, *, openid_hash: str, key: str) -> tuple[Reporter | None, Given | None]:
    """Return who sent a message and what was answered to it before, each None when new, by one look."""
    row = _find_sender.first(db, {"by_key": key, "openid_hash": openid_hash})
    if row is None:
        return None, find_given_reply(db, key)  # somebody new, or whose identity was erased
    *reporter, message_id, reply = row
    return to_reporter(reporter), None if message_id is None else Given(reply)


def record_message(
    db: Connection,
    *,
    key: str,
    reporter_id: int | None,
    kind: str,
    event: str,
    sent_at: datetime,
    received_at: datetime,
    text: str,
    payload_sealed: bytes,
    intent: str,
    category: str,
    state: MessageState,
    reply: str | None = None,
    report_id: int | None = None,
    error: str = "",
    due_at: datetime | None = None,
) -> int | None:
    """Insert a message row and return its id; None when a row with this key is there already."""
    row = _record.first(
        db,
        {
            "key": key,
            "reporter_id": reporter_id,
            "report_id": report_id,
            "kind": kind,
            "event": event,
            "sent_at": to_milliseconds(sent_at),
            "received_at": to_milliseconds(received_at),
            "text": text,
            "payload_sealed": payload_sealed,
            "intent": intent,
            "category": category,
            "state": state.value,
            "reply": reply,
            "error": error[:200],
            "attempts": 0,
            "due_at": None if due_at is None else to_milliseconds(due_at),
        },
    )
    return None if row is None else int(row[0])


def finish_message(
    db: Connection, message_id: int, *, state: MessageState, reply: str | None, report_id: int | None
) -> None:
    """Keep what was answered to a message and the report that it went to."""
    _finish.run(db, {"by_id": message_id, "state": state.value, "reply": reply, "report_id": report_id})


def seal_words(db: Connection, message_id: int) -> None:
    """Leave the words of a confidential message in its sealed payload only."""
    db.execute(update(messages).where(messages.c.id == message_id).values(text=""))


@dataclass(frozen=True, slots=True)
class FailedMessage:
    """A message whose handler broke, claimed for another try."""

    id: int
    key: str
    payload_sealed: bytes
    received_at: datetime
    attempts: int


def has_due_failed(db: Connection, *, now: datetime) -> bool:
    """Say whether a failed message is due for another try."""
    due = select(messages.c.id).where(_in_box, messages.c.state == MessageState.FAILED, messages.c.due_at <= now)
    due = due.limit(1)
    return db.execute(due).first() is not None


def put_off_failed(db: Connection, message_id: int, *, due_at: datetime) -> None:
    """Set when a failed message is tried next."""
    db.execute(update(messages).where(messages.c.id == message_id).values(due_at=due_at))


def claim_next_failed(db: Connection, *, now: datetime, next_try_at: datetime) -> FailedMessage | None:
    """Claim one failed message that is due, pushing its next try to `next_try_at` in case this one is cut off."""
    due = (
        select(messages)
        .where(
            messages.c.state == MessageState.FAILED,
            messages.c.due_at <= now,
            messages.c.payload_sealed.is_not(None),
        )
        .order_by(messages.c.due_at, messages.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = db.execute(due).one_or_none()
    if row is None:
        return None
    db.execute(
        update(messages).where(messages.c.id == row.id).values(attempts=messages.c.attempts + 1, due_at=next_try_at)
    )
    return FailedMessage(row.id, row.key, row.payload_sealed, row.received_at, row.attempts + 1)


def give_up_failed(db: Connection, message_id: int) -> None:
    """Leave a failed message to a person: it is not tried again, and stays in the box."""
    db.execute(update(messages).where(messages.c.id == message_id).values(due_at=None))


def erase_messages(db: Connection, reporter_id: int, *, last_id: int | None = None) -> None:
    """Empty the payloads of a reporter, and the words of messages that belong to no report.

    The reply to the message `last_id`, which asked for it, stays: its repeats are to be answered alike.
    """
    mine = messages.c.reporter_id == reporter_id
    outside = update(messages).where(mine, messages.c.report_id.is_(None))
    db.execute(update(messages).where(mine).values(payload_sealed=None))
    db.execute(outside.values(text="", state=MessageState.DONE))
    db.execute(outside.where(messages.c.id != (last_id or 0)).values(reply=None))


def list_report_messages(db: Connection, report_ids: Sequence[int], *, most: int = 200) -> Sequence[AnyRow]:
    """Return the messages of reports in the order they were sent: id, report_id, kind, event, text, sent_at, reply …"""
    return db.execute(
        select(
            messages.c.id,
            messages.c.report_id,
            messages.c.kind,
            messages.c.event,
            messages.c.text,
            messages.c.sent_at,
            messages.c.received_at,
            messages.c.intent,
            messages.c.reply,
            messages.c.state,
        )
        .where(messages.c.report_id.in_(list(report_ids)))
        .order_by(messages.c.sent_at, messages.c.id)
        .limit(most)
    ).all()


def list_unsorted(db: Connection, *, before_id: int | None = None, most: int = 30) -> Sequence[AnyRow]:
    """Return the newest messages that a person must look at, below `before_id`, with the alias of the sender."""
    query = (
        select(
            messages.c.id,
            messages.c.kind,
            messages.c.event,
            messages.c.text,
            messages.c.sent_at,
            messages.c.received_at,
            messages.c.intent,
            messages.c.reply,
            messages.c.state,
            messages.c.error,
            reporters.c.alias,
        )
        .select_from(messages.outerjoin(reporters))
        .where(_in_box)
        .order_by(messages.c.id.desc())
        .limit(most)
    )
    if before_id is not None:
        query = query.where(messages.c.id < before_id)
    return db.execute(query).all()


_CONFIDENTIAL = text("intent = 'concealed_accident'")  # written out as its index has it


def list_confidential(db: Connection, *, most: int = 100) -> Sequence[AnyRow]:
    """Return the newest messages whose words are kept sealed only: id, received_at, alias, payload_sealed."""
    return db.execute(
        select(messages.c.id, messages.c.received_at, messages.c.payload_sealed, reporters.c.alias)
        .select_from(messages.outerjoin(reporters))
        .where(_CONFIDENTIAL)
        .order_by(messages.c.id.desc())
        .limit(most)
    ).all()


def find_confidential(db: Connection, message_id: int) -> AnyRow | None:
    """Return one confidential message that can still be opened."""
    return db.execute(
        select(messages.c.id, messages.c.received_at, messages.c.payload_sealed).where(
            messages.c.id == message_id, _CONFIDENTIAL, messages.c.payload_sealed.is_not(None)
        )
    ).one_or_none()


def mark_sorted(db: Connection, message_id: int, *, by: str) -> bool:
    """Keep that a person has looked at a message of the box; False when it is not in the box."""
    done = db.execute(
        update(messages)
        .where(messages.c.id == message_id, _in_box)
        .values(state=MessageState.SORTED, sorted_by=by, due_at=None)
    )
    return done.rowcount == 1
