"""Pieces of hazard reports: photos, words, voices and places, gathered into one report each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from handlers import texts
from handlers.answers import Answer
from handlers.classify import Intent
from handlers.conversation import Memory, Sentence, Step, next_step
from handlers.message import Message, Place
from handlers.services import Services
from storage import reporters
from storage.reports import gathering


def register(robot: Any, services: Services) -> None:
    """Attach the handlers of everything that can be a piece of a report."""

    @robot.image
    @robot.voice
    @robot.video
    @robot.location
    @robot.text
    def receive_piece(message: Message, db: Connection) -> Answer | None:
        if message.understanding.intent is Intent.CONCEALED_ACCIDENT:
            return Answer(texts.CONCEALED, is_for_people=True, is_confidential=True)
        recent = gathering.list_recent(db, message.reporter_id)
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
    return Answer(_say(step, report.code, message, services), report.id, keeps_media=True)


def _say(step: Step, code: str, message: Message, services: Services) -> str | None:
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
    )
