"""The words of reminders and digests, made at the moment when they are sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.digests.weeks import parse_week
from bot.documents import ledger as documents
from bot.jobs.digests import BY_MAIL, build_link
from bot.jobs.reminders import word_escalation, word_reminder
from bot.notify.words import Attached, MakeWords, Rendered
from handlers import texts_digest as texts
from storage.digests import Reader, find_digest, list_readers
from storage.outbox import Channel, DueNotice, Purpose
from storage.reports.deadlines import Deadlines
from storage.reports.ledger import LedgerFilter, count_ledger
from storage.staff import find_staff_by_id

MOST_ROWS = 20_000  # of the ledger that goes with a mail; a longer one is fetched from the page
_XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def build_makers(
    read_deadlines: Callable[[Connection], Deadlines], public_url: str = ""
) -> Mapping[Purpose, MakeWords]:
    """Return what makes the words of the purposes that are put into the outbox without them."""

    def make_reminder(db: Connection, notice: DueNotice, now: datetime) -> Rendered | None:
        said = word_reminder(db, notice, now, read_deadlines(db))
        return None if said is None else Rendered(said, texts.REMINDER_TITLE)

    def make_escalation(db: Connection, notice: DueNotice, now: datetime) -> Rendered | None:
        said = word_escalation(db, notice, now)
        return None if said is None else Rendered(said, texts.ESCALATION_TITLE)

    def make_digest(db: Connection, notice: DueNotice, now: datetime) -> Rendered | None:
        return render_digest(db, notice, now, read_deadlines(db), public_url)

    return {
        Purpose.REMINDER: make_reminder,
        Purpose.TO_REVIEW: make_escalation,
        Purpose.DIGEST: make_digest,
    }


def render_digest(
    db: Connection, notice: DueNotice, now: datetime, deadlines: Deadlines, public_url: str
) -> Rendered | None:
    """Return a digest as it was made, for a recipient with an address with the ledger; None for who has left."""
    named = notice.subject.removeprefix("week:").removesuffix(BY_MAIL)
    digest = find_digest(db, named, notice.recipient)
    reader = next((each for each in list_readers(db) if each.recipient == notice.recipient), None)
    if digest is None or reader is None:
        return None
    week = parse_week(named)
    return Rendered(
        digest.words,
        texts.digest_title(week.say()),
        html=digest.page,
        attached=_attach_ledger(db, reader, named, now, deadlines) if _may_be_mail(notice) else (),
        url=build_link(reader, week, public_url),
    )


def _may_be_mail(notice: DueNotice) -> bool:
    """Return whether a notice can go by mail, so that the ledger is worth its while."""
    channels = notice.fields.get("channels")
    return not channels or Channel.MAIL in channels


def _attach_ledger(
    db: Connection, reader: Reader, named: str, now: datetime, deadlines: Deadlines
) -> tuple[Attached, ...]:
    """Return the ledger of what is open and what came in the week; a liaison's only what the units were handed."""
    person = find_staff_by_id(db, reader.staff_id)
    if person is None or not person.email:
        return ()
    span = parse_week(named).span(deadlines.calendar.timezone)
    filter_ = LedgerFilter(since=span.since, until=span.until, has_open=True, handed_to=reader.scope.unit_ids)
    if count_ledger(db, filter_, now=now).rows > MOST_ROWS:
        return ()
    stream = io.BytesIO()
    documents.write_ledger(db, filter_, "xlsx", stream, now=now)
    return (Attached(texts.ledger_name(named), _XLSX_TYPE, stream.getvalue()),)
