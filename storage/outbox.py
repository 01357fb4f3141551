"""Notices on their way out: one row for each recipient, purpose and subject, and a line for every attempt to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.database import RowId, insert_or_skip, metadata
from storage.types import Instant, to_milliseconds


class NoticeState(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"  # to be sent at `due_at`
    HELD = "held"  # no channel is open to the recipient; leaves with their next message
    SENDING = "sending"  # a process is at it, at most until `due_at`
    SENT = "sent"  # a channel accepted it
    MAYBE = "maybe"  # given to a channel that did not say whether it took it
    FAILED = "failed"  # nobody took it, and trying again cannot help
    DROPPED = "dropped"  # not needed any more when its time came


class Purpose(StrEnum):
    """What a notice is for; with its subject it says what must not be sent twice."""

    PROGRESS = "progress"  # to the reporter: a step of their report
    QUESTION = "question"  # to the reporter: the office needs to know more, or whether it is mended
    DUTY_TOLD = "duty_told"  # to the reporter of an emergency: the duty has been told
    ASSIGNMENT = "assignment"  # to a liaison: something to mend
    RETURNED = "returned"  # to a liaison: not good enough
    SETTLED = "settled"  # to a liaison: closed, extension granted or refused, taken back
    REMINDER = "reminder"  # to a liaison: the one merged message of a day
    TO_REVIEW = "to_review"  # to reviewers: mended, disputed, more time asked for, reopened, overdue
    DIGEST = "digest"  # the week
    ALARM = "alarm"  # to the duty: an emergency
    CONCEALED = "concealed"  # to the named one or two: a suspected concealed accident


notices = Table(
    "notices",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("recipient", String(48), nullable=False, comment="reporter:<id>, staff:<id> or duty:<name of a channel>"),
    Column("reporter_id", RowId, ForeignKey("reporters.id"), comment="the reporter, for reporter:<id>"),
    Column("staff_id", RowId, ForeignKey("staff.id"), comment="the member of staff, for staff:<id>"),
    Column("purpose", String(16), nullable=False),
    Column("subject", String(64), nullable=False, comment="such as report:17:closed, day:2026-11-30, week:2026-W48"),
    Column("report_id", RowId, ForeignKey("reports.id")),
    Column("state", String(8), nullable=False),
    Column("is_urgent", Boolean, nullable=False, default=False, comment="P0 and P1: at any hour"),
    Column("is_result", Boolean, nullable=False, default=False, comment="may use up the last message of a window"),
    Column("words", Text, nullable=False, default="", comment="what is said; empty: made when it is sent"),
    Column("fields", Text, nullable=False, default="{}", comment="JSON: what mail and templates need besides"),
    Column("due_at", Instant, comment="when to try next, or until when somebody is trying; empty once settled or held"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("channel", String(12), nullable=False, default="", comment="the channel of the last attempt"),
    Column("reason", String(120), nullable=False, default="", comment="why it is held, failed or dropped"),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant, comment="when it was sent, given up or dropped"),
    UniqueConstraint("recipient", "purpose", "subject", name="uq_notices_once"),
    Index("ix_notices_report_id_id", "report_id", "id"),
    Index(
        "ix_notices_due_at",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index("ix_notices_held", "id", sqlite_where=text("state = 'held'"), postgresql_where=text("state = 'held'")),
    Index("ix_notices_failed", "id", sqlite_where=text("state = 'failed'"), postgresql_where=text("state = 'failed'")),
)

# Append-only: every attempt, and the ledger that the platform's windows are counted from.
sends = Table(
    "sends",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("notice_id", RowId, ForeignKey("notices.id"), nullable=False),
    Column("reporter_id", RowId, ForeignKey("reporters.id"), comment="the chat account, for sends by chat"),
    Column("channel", String(12), nullable=False, comment="customer, template, mail, wecom, dingtalk or feishu"),
    Column("at", Instant, nullable=False),
    Column("outcome", String(12), nullable=False, comment="sent, maybe or refused"),
    Column("errcode", Integer),
    Column("reason", String(120), nullable=False, default=""),
    Index("ix_sends_notice_id", "notice_id"),
    Index("ix_sends_reporter_id_at", "reporter_id", "at"),
)

_add = insert_or_skip(
    notices,
    [
        "recipient", "reporter_id", "staff_id", "purpose", "subject", "report_id", "state", "is_urgent", "is_result",
        "words", "fields", "due_at", "attempts", "channel", "reason", "created_at",
    ],
    returning=notices.c.id,
)  # fmt: skip


def add_notice(
    db: Connection,
    *,
    recipient: str,
    purpose: Purpose,
    subject: str,
    now: datetime,
    words: str = "",
    fields: Mapping[str, Any] | None = None,
    report_id: int | None = None,
    is_urgent: bool = False,
    is_result: bool = False,
) -> int | None:
    """Put a notice into the outbox, to leave as soon as its hours and windows allow; returns its id.

    `recipient` is reporter:<id>, staff:<id> or duty:<name of a channel>. None when there is one already for this
    recipient, purpose and subject: asking twice is harmless. Without `words` they are made when it is sent.
    """
    kind, _, number = recipient.partition(":")
    row = _add.first(
        db,
        {
            "recipient": recipient,
            "reporter_id": int(number) if kind == "reporter" else None,
            "staff_id": int(number) if kind == "staff" else None,
            "purpose": purpose.value,
            "subject": subject,
            "report_id": report_id,
            "state": NoticeState.WAITING.value,
            "is_urgent": is_urgent,
            "is_result": is_result,
            "words": words,
            "fields": json.dumps(fields or {}, ensure_ascii=False),
            "due_at": to_milliseconds(now),
            "attempts": 0,
            "channel": "",
            "reason": "",
            "created_at": to_milliseconds(now),
        },
    )
    return None if row is None else int(row[0])
