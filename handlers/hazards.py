"""Pieces of hazard reports: photos, words, voices and places, gathered into one report each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from handlers import alarms, followups, texts
from handlers.answers import Answer
from handlers.classify import Intent
from handlers.conversation import Memory, Sentence, Step, next_step
from handlers.message import Message, Place
from handlers.services import Services
from storage import reporters
from storage.reports import gathering
from storage.reports.gathering import RecentReport
from storage.reports.receipts import add_receipt, has_receipt
from storage.reports.tables import ReportState

LONGEST_SENTENCE = 120  # characters of a first answer
_NO_TIME_FOR_RECEIPTS = frozenset({Sentence.EMERGENCY, Sentence.URGENT})


def register(robot: Any, services: Services) -> None:
    """Attach the handlers of everything that can be a piece of a report."""

    @robot.image
    @robot.voice
    @robot.video
    @robot.location
    @robot.text
    def receive_piece(message: Message, db: Connection) -> Answer | None:
        return hear(message, db, services)


def hear(message: Message, db: Connection, services: Services) -> Answer | None:
    """Take in what can be a piece of a report; None when it is none."""
    if message.understanding.intent is Intent.CONCEALED_ACCIDENT:
        alarms.tell_confidential(db, services, message)
        return Answer(texts.CONCEALED, is_for_people=True, is_confidential=True)
    recent = gathering.list_recent(db, message.reporter_id)
    if any(report.state is not ReportState.GATHERING for report in recent):
        answered = followups.hear(message, db, services, recent)
        if answered is not None:
            return answered
    unit_id = services.unit_ids.get(message.understanding.unit or "")
    memory = _recall(message)
    step = next_step(message, recent, memory, unit_id=unit_id, rules=services.rules)
    return None if step is None else _take(db, message, step, services)


def _recall(message: Message) -> Memory:
    reporter = message.reporter
    place = None
    if reporter.place_sent_at is not None:
        place = Place(reporter.place_latitude, reporter.place_longitude, reporter.place_label)
    return Memory(place, reporter.place_sent_at, reporter.another_at, reporter.is_anonymous)


def _take(db: Connection, message: Message, step: Step, services: Services) -> Answer:
    now = message.received_at
    if step.ends is not None:
        gathering.submit_report(db, step.ends.id, now=now, note="接着报下一个")
    if step.place_to_remember is not None:
        place = step.place_to_remember
        reporters.remember_place(
            db,
            message.reporter_id,
            label=place.label,
            latitude=place.latitude,
            longitude=place.longitude,
            sent_at=message.sent_at,
        )
    if step.announces_another:
        reporters.remember_another(db, message.reporter_id, at=message.sent_at)
    if step.sentence is Sentence.ANONYMOUS_FROM_NOW:
        reporters.mark_anonymous(db, message.reporter_id)
    if step.pieces is None:
        ended = step.ends.code if step.ends else ""
        return Answer(_say(step, ended, message, services), step.ends.id if step.ends else None)
    gather_until = None if step.is_submitted else now + services.rules.gather
    if step.joins is None:
        report = gathering.open_report(
            db,
            reporter_id=message.reporter_id,
            pieces=step.pieces,
            sent_at=message.sent_at,
            gather_until=gather_until,
            now=now,
        )
        if step.forgets:
            reporters.forget_announcements(db, message.reporter_id)
    else:
        report = gathering.add_pieces(
            db, step.joins, step.pieces, sent_at=message.sent_at, gather_until=gather_until, now=now
        )
    if report.pieces.is_emergency:
        alarms.raise_alarm(db, services, message, report, None if step.joins is None else step.joins.pieces)
    said = _say(step, report.code, message, services)
    if report.pieces.is_anonymous and said is not None:
        said = _with_receipt(db, step, report, message, services) or said
    return Answer(said, report.id, keeps_media=True)


def _with_receipt(db: Connection, step: Step, report: RecentReport, message: Message, services: Services) -> str | None:
    """Return the answer with the word that opens an unnamed report from any account; None for no word this time.

    It is told once, and not in the answer to an emergency, nor in one that would grow too long.
    """
    if services.random_digits is None or step.sentence in _NO_TIME_FOR_RECEIPTS or has_receipt(db, report.id):
        return None
    word = services.random_digits(4)
    said = _say(step, report.code, message, services, receipt=word)
    if said is None or len(said) > LONGEST_SENTENCE:
        return None
    add_receipt(db, report.id, code=report.code, word=word)
    return said


def _say(step: Step, code: str, message: Message, services: Services, *, receipt: str = "") -> str | None:
    if step.sentence is None:
        return None
    pieces = step.pieces or (step.ends.pieces if step.ends else gathering.Pieces())
    return texts.say(
        step.sentence,
        code=code,
        pieces=pieces,
        emergency=message.understanding.emergency,
        asks=step.asks,
        is_apart=step.is_apart,
        cautions=step.cautions,
        duty_phones=services.duty_phones,
        receipt=receipt,
    )
