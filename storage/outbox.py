"""Notices on their way out: one row for each recipient, purpose and subject, and a line for every attempt to send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    func,
    select,
    text,
    update,
)

from storage.database import RowId, insert_or_skip, metadata
from storage.reporters import reporters
from storage.reports.tables import reports
from storage.staff import staff
from storage.types import AnyRow, Instant, to_milliseconds


class NoticeState(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"  # to be sent at `due_at`
    HELD = "held"  # no channel is open to the recipient; leaves with their next message
    SENDING = "sending"  # a process is at it, at most until `due_at`
    SENT = "sent"  # a channel accepted it
    MAYBE = "maybe"  # given to a channel that did not say whether it took it
    FAILED = "failed"  # nobody took it, and trying again cannot help
    DROPPED = "dropped"  # not needed any more when its time came


class Channel(StrEnum):
    """By what way a notice leaves."""

    CUSTOMER = "customer"  # a customer-service message of the chat
    TEMPLATE = "template"  # a template message of the chat
    MAIL = "mail"
    WECOM = "wecom"  # robots of groups: 企业微信, 钉钉, 飞书
    DINGTALK = "dingtalk"
    FEISHU = "feishu"


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
    Column("settled_at", Instant, comment="when it was sent, given up, dropped or put on hold"),
    UniqueConstraint("recipient", "purpose", "subject", name="uq_notices_once"),
    Index("ix_notices_report_id_id", "report_id", "id"),
    Index(
        "ix_notices_due_at",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "ix_notices_urgent",
        "due_at",
        sqlite_where=text("is_urgent AND due_at IS NOT NULL"),
        postgresql_where=text("is_urgent AND due_at IS NOT NULL"),
    ),
    Index("ix_notices_held", "id", sqlite_where=text("state = 'held'"), postgresql_where=text("state = 'held'")),
    Index("ix_notices_failed", "id", sqlite_where=text("state = 'failed'"), postgresql_where=text("state = 'failed'")),
)

# Every attempt, and the ledger that the platform's windows are counted from. A row is written before the attempt as
# "maybe", so that a crash in the middle leaves the truth, and gets its outcome after it; no row is ever deleted.
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


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice claimed for sending; `attempts` counts this one."""

    id: int
    recipient: str
    reporter_id: int | None
    staff_id: int | None
    purpose: Purpose
    subject: str
    report_id: int | None
    is_urgent: bool
    is_result: bool
    words: str
    fields: Mapping[str, Any]
    attempts: int
    created_at: datetime


_SETTLED = (NoticeState.SENT, NoticeState.MAYBE, NoticeState.FAILED, NoticeState.DROPPED)
_RESENDABLE = (NoticeState.FAILED, NoticeState.HELD)
_LONGEST_REASON = 120
# Written out, not bound: an engine uses a partial index only where the query repeats its words.
_DUE = (text("is_urgent AND due_at IS NOT NULL"), text("due_at IS NOT NULL"))


def has_due_notice(db: Connection, *, now: datetime) -> bool:
    """Return whether a notice is due."""
    found = db.execute(select(notices.c.id).where(text("due_at IS NOT NULL"), notices.c.due_at <= now).limit(1))
    return found.first() is not None


def claim_next_notice(db: Connection, *, now: datetime, lease_until: datetime) -> DueNotice | None:
    """Claim one notice that is due, urgent ones before all others.

    It is the caller's until `lease_until`; of somebody who died over it, it is due again then.
    """
    for is_due in _DUE:
        row = db.execute(
            select(notices)
            .where(is_due, notices.c.due_at <= now)
            .order_by(notices.c.due_at, notices.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            continue
        db.execute(
            update(notices)
            .where(notices.c.id == row.id)
            .values(state=NoticeState.SENDING.value, due_at=lease_until, attempts=row.attempts + 1)
        )
        return DueNotice(
            id=row.id,
            recipient=row.recipient,
            reporter_id=row.reporter_id,
            staff_id=row.staff_id,
            purpose=Purpose(row.purpose),
            subject=row.subject,
            report_id=row.report_id,
            is_urgent=bool(row.is_urgent),
            is_result=bool(row.is_result),
            words=row.words,
            fields=json.loads(row.fields),
            attempts=row.attempts + 1,
            created_at=row.created_at,
        )
    return None


def settle_notice(db: Connection, notice: DueNotice, state: NoticeState, *, now: datetime, reason: str = "") -> bool:
    """Keep what became of a claimed notice; False when somebody who had waited out the claim has it now.

    That it was sent is kept also then: it is true whoever has it.
    """
    mine = (
        notices.c.state.not_in(_SETTLED)
        if state is NoticeState.SENT
        else (notices.c.state == NoticeState.SENDING.value) & (notices.c.attempts == notice.attempts)
    )
    done = db.execute(
        update(notices)
        .where(notices.c.id == notice.id, mine)
        .values(state=state.value, due_at=None, settled_at=now, reason=reason[:_LONGEST_REASON])
    )
    return done.rowcount == 1


def put_off_notice(
    db: Connection, notice: DueNotice, *, due_at: datetime, reason: str = "", is_counted: bool = True
) -> bool:
    """Put a claimed notice off; False when somebody else has it now.

    `is_counted` False takes the attempt back: what stops everybody is not held against this one.
    """
    done = db.execute(
        update(notices)
        .where(
            notices.c.id == notice.id,
            notices.c.state == NoticeState.SENDING.value,
            notices.c.attempts == notice.attempts,
        )
        .values(
            state=NoticeState.WAITING.value,
            due_at=due_at,
            reason=reason[:_LONGEST_REASON],
            attempts=notice.attempts - (0 if is_counted else 1),
        )
    )
    return done.rowcount == 1


def count_told(db: Connection, recipient: str, *, since: datetime) -> int:
    """Return how many notices have left for a recipient since an instant."""
    return int(
        db.execute(
            select(func.count())
            .select_from(notices)
            .where(
                notices.c.recipient == recipient,
                notices.c.state.in_([NoticeState.SENT.value, NoticeState.MAYBE.value]),
                notices.c.settled_at >= since,
            )
        ).scalar_one()
    )


def resend(db: Connection, notice_id: int, *, now: datetime) -> bool:
    """Let a notice that failed or is held try again at once; False when it is neither."""
    done = db.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.state.in_([state.value for state in _RESENDABLE]))
        .values(state=NoticeState.WAITING.value, due_at=now, settled_at=None, attempts=0, reason="")
    )
    return done.rowcount == 1


_SHOWN = (
    notices.c.id,
    notices.c.recipient,
    notices.c.purpose,
    notices.c.subject,
    notices.c.state,
    notices.c.is_urgent,
    notices.c.channel,
    notices.c.reason,
    notices.c.attempts,
    notices.c.due_at,
    notices.c.created_at,
    notices.c.settled_at,
    notices.c.report_id,
    reporters.c.alias,
    staff.c.display_name,
    reports.c.code,
)
_WITH_NAMES = (
    notices.outerjoin(reporters, reporters.c.id == notices.c.reporter_id)
    .outerjoin(staff, staff.c.id == notices.c.staff_id)
    .outerjoin(reports, reports.c.id == notices.c.report_id)
)


def list_outbox(
    db: Connection, state: NoticeState | None, *, before: int | None = None, most: int = 50
) -> Sequence[AnyRow]:
    """Return notices in a state, or in any, newest first and with ids below `before`.

    Columns: those of the notice but its words, `alias` of a reporter, `display_name` of staff, `code` of the report.
    """
    wanted = select(*_SHOWN).select_from(_WITH_NAMES).order_by(notices.c.id.desc()).limit(most)
    if state is not None:  # by its words, so that the indexes of held and failed ones serve
        wanted = wanted.where(text(f"notices.state = '{state.value}'"))
    if before is not None:
        wanted = wanted.where(notices.c.id < before)
    return db.execute(wanted).all()


def count_outbox(db: Connection) -> Mapping[NoticeState, int]:
    """Return how many notices wait (those being sent among them), are held, and failed."""
    open_ones = {
        NoticeState.WAITING: "due_at IS NOT NULL",
        NoticeState.HELD: "state = 'held'",
        NoticeState.FAILED: "state = 'failed'",
    }
    return {
        state: int(db.execute(select(func.count()).select_from(notices).where(text(condition))).scalar_one())
        for state, condition in open_ones.items()
    }


def list_report_notices(db: Connection, report_id: int) -> Sequence[AnyRow]:
    """Return every notice about a report with its words, oldest first, and `display_name` of the member of staff."""
    return db.execute(
        select(notices, staff.c.display_name)
        .select_from(notices.outerjoin(staff, staff.c.id == notices.c.staff_id))
        .where(notices.c.report_id == report_id)
        .order_by(notices.c.id)
    ).all()


def list_sends(db: Connection, notice_id: int) -> Sequence[AnyRow]:
    """Return every attempt to send a notice, oldest first."""
    return db.execute(select(sends).where(sends.c.notice_id == notice_id).order_by(sends.c.id)).all()
