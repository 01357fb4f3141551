"""Attempts to send: the ledger, the windows of the platform that are counted from it, and where somebody is reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, or_, select, text, update

from storage.bindings import bindings
from storage.database import serialise_on
from storage.messages import messages
from storage.outbox import Channel, DueNotice, NoticeState, notices, sends
from storage.reporters import reporters
from storage.staff import staff
from storage.types import AnyRow

# reference/wechat.md 2.2: what opens a window for customer-service messages, since 2023-06-12.
MESSAGE_CREDITS = 5
MESSAGE_WINDOW = timedelta(hours=48)
EVENT_CREDITS = 3
EVENT_WINDOW = timedelta(minutes=1)
OPENING_EVENTS = ("click", "scancode_push", "scancode_waitmsg", "scan", "subscribe")
_MARGIN = {MESSAGE_WINDOW: timedelta(minutes=1), EVENT_WINDOW: timedelta(seconds=5)}  # a send must arrive inside
_MAYBE_REASON = "没等到对方回话"
_RELEASED_AT_ONCE = 500


class Outcome(StrEnum):
    """What came of an attempt."""

    SENT = "sent"  # the channel accepted it
    MAYBE = "maybe"  # the channel did not say; also while it is being asked
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Window:
    """What the platform still lets us say to somebody; `opened_at` is when they last wrote or clicked."""

    credits_left: int = 0
    opened_at: datetime | None = None

    def may_spend(self, *, is_result: bool) -> bool:
        """Return whether a message may go; the last one of a window is kept for results."""
        return self.credits_left > 1 or (self.credits_left == 1 and is_result)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where a person is reached; `reporter_id` is the chat account, None for staff without one."""

    reporter_id: int | None
    openid_sealed: bytes | None = field(repr=False)
    is_subscribed: bool
    mail: str = field(default="", repr=False)
    is_gone: bool = False  # a member of staff who has left

    @property
    def has_chat(self) -> bool:
        """Whether there is a chat account that can be written to."""
        return self.openid_sealed is not None and self.is_subscribed


def find_addressee(db: Connection, notice: DueNotice) -> Addressee | None:
    """Return where the recipient of a notice is reached; None for a recipient that is no person."""
    if notice.reporter_id is not None:
        row = db.execute(
            select(reporters.c.id, reporters.c.openid_sealed, reporters.c.is_subscribed).where(
                reporters.c.id == notice.reporter_id
            )
        ).one()
        return Addressee(row.id, row.openid_sealed, bool(row.is_subscribed))
    if notice.staff_id is not None:
        return _find_staff(db, staff.c.id == notice.staff_id)
    return None


def find_staff_addressee(db: Connection, username: str) -> Addressee | None:
    """Return where the member of staff with a name for logging in is reached; None when there is nobody."""
    return _find_staff(db, staff.c.username == username)


def _find_staff(db: Connection, condition: ColumnElement[bool]) -> Addressee | None:
    row = db.execute(
        select(staff.c.email, staff.c.is_active, reporters.c.id, reporters.c.openid_sealed, reporters.c.is_subscribed)
        .select_from(
            staff.outerjoin(bindings, bindings.c.staff_id == staff.c.id).outerjoin(
                reporters, reporters.c.id == bindings.c.reporter_id
            )
        )
        .where(condition)
    ).one_or_none()
    if row is None:
        return None
    return Addressee(row.id, row.openid_sealed, bool(row.is_subscribed), row.email, not row.is_active)


def find_window(db: Connection, reporter_id: int, *, now: datetime) -> Window:
    """Return what may still be sent to a chat account by customer service.

    A message of theirs opens five sends within 48 hours, a click, a scan or a subscription three within a minute. Each
    window is counted by itself, which at worst leaves a send unused.
    """
    found = [
        _count_window(db, reporter_id, messages.c.kind != "event", MESSAGE_CREDITS, MESSAGE_WINDOW, now),
        _count_window(
            db,
            reporter_id,
            and_(messages.c.kind == "event", messages.c.event.in_(OPENING_EVENTS)),
            EVENT_CREDITS,
            EVENT_WINDOW,
            now,
        ),
    ]
    opened = [window.opened_at for window in found if window.opened_at is not None]
    return Window(max(window.credits_left for window in found), max(opened, default=None))


def _count_window(
    db: Connection, reporter_id: int, opens: ColumnElement[bool], allowance: int, lasts: timedelta, now: datetime
) -> Window:
    last = db.execute(
        select(messages.c.sent_at, messages.c.received_at)
        .where(messages.c.reporter_id == reporter_id, opens)
        .order_by(messages.c.sent_at.desc())
        .limit(1)
    ).one_or_none()
    if last is None or now >= last.sent_at + lasts - _MARGIN[lasts]:
        return Window()
    opened_at = min(last.sent_at, last.received_at)  # two clocks: rather count a send too many
    spent = db.execute(
        select(func.count())
        .select_from(sends)
        .where(
            sends.c.reporter_id == reporter_id,
            sends.c.at >= opened_at,
            sends.c.channel == Channel.CUSTOMER.value,
            sends.c.outcome != Outcome.REFUSED.value,
        )
    ).scalar_one()
    return Window(max(0, allowance - int(spent)), opened_at)


def serialise_sends(db: Connection, reporter_id: int) -> None:
    """Let nobody else count and spend this chat account's window until commit."""
    serialise_on(db, -reporter_id)  # positive numbers are for what the account itself sends


def begin_send(db: Connection, notice: DueNotice, channel: Channel, *, reporter_id: int | None, now: datetime) -> int:
    """Enter an attempt into the ledger before it is made; returns its id."""
    db.execute(update(notices).where(notices.c.id == notice.id).values(channel=channel.value))
    row = db.execute(
        insert(sends)
        .values(
            notice_id=notice.id,
            reporter_id=reporter_id,
            channel=channel.value,
            at=now,
            outcome=Outcome.MAYBE.value,
            reason=_MAYBE_REASON,
        )
        .returning(sends.c.id)
    )
    return int(row.scalar_one())


def finish_send(
    db: Connection, send_id: int, outcome: Outcome, *, errcode: int | None = None, reason: str = ""
) -> None:
    """Keep what came of an attempt."""
    db.execute(
        update(sends).where(sends.c.id == send_id).values(outcome=outcome.value, errcode=errcode, reason=reason[:120])
    )


def count_maybes(db: Connection, notice_id: int, channel: Channel) -> int:
    """Return how many attempts of a notice by a channel may have arrived, one cut off by a crash among them."""
    return int(
        db.execute(
            select(func.count())
            .select_from(sends)
            .where(
                sends.c.notice_id == notice_id,
                sends.c.channel == channel.value,
                sends.c.outcome == Outcome.MAYBE.value,
            )
        ).scalar_one()
    )


def mark_not_following(db: Connection, reporter_id: int) -> None:
    """Keep that the platform says that somebody does not follow; their next subscription takes it back."""
    db.execute(update(reporters).where(reporters.c.id == reporter_id).values(is_subscribed=False))


def list_releasable(db: Connection, *, most: int = _RELEASED_AT_ONCE) -> list[int]:
    """Return held notices whose recipient has written, or bound a chat account, since they were put on hold."""
    account = func.coalesce(notices.c.reporter_id, bindings.c.reporter_id)
    has_written = exists().where(
        messages.c.reporter_id == account,
        messages.c.received_at > notices.c.settled_at,
        or_(messages.c.kind != "event", messages.c.event.in_(OPENING_EVENTS)),
    )
    rows: list[AnyRow] = list(
        db.execute(
            select(notices.c.id)
            .select_from(notices.outerjoin(bindings, bindings.c.staff_id == notices.c.staff_id))
            .where(text("notices.state = 'held'"), or_(has_written, bindings.c.bound_at > notices.c.settled_at))
            .order_by(notices.c.id)
            .limit(most)
        ).all()
    )
    return [int(row.id) for row in rows]


def release_held(db: Connection, *, now: datetime, most: int = _RELEASED_AT_ONCE) -> int:
    """Make held notices due whose recipient has written since; returns how many."""
    ids = list_releasable(db, most=most)
    if not ids:
        return 0
    done = db.execute(
        update(notices)
        .where(notices.c.id.in_(ids), notices.c.state == NoticeState.HELD.value)
        .values(state=NoticeState.WAITING.value, due_at=now, settled_at=None, reason="")
    )
    return done.rowcount
