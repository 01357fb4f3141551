"""Messages and reports for tests of pure decisions, without any database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.classify import Classifier, load_lexicon, no_words
from handlers.message import Kind, Media, Message, Place
from storage.reporters import Reporter
from storage.reports.gathering import Pieces, RecentReport
from storage.reports.tables import ReportState

T0 = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
CLASSIFIER = Classifier(load_lexicon(), {})
REPORTER = Reporter(1, "热心群众0001", True, False, None, "", None, None, None, None)
_MEDIA = {Kind.IMAGE: "photo", Kind.VOICE: "voice", Kind.VIDEO: "video"}


def at(seconds: float) -> datetime:
    """Return the instant so many seconds after the beginning."""
    return T0 + timedelta(seconds=seconds)


def make_message(kind: Kind = Kind.TEXT, text: str = "", seconds: float = 0, place: Place | None = None) -> Message:
    """Return a message sent and received so many seconds after the beginning."""
    return Message(
        reporter=REPORTER,
        kind=kind,
        sent_at=at(seconds),
        received_at=at(seconds),
        text=text,
        understanding=CLASSIFIER.understand(text) if text else no_words(),
        place=place,
        media=Media(_MEDIA[kind], "m", "", "") if kind in _MEDIA else None,
    )


def make_report(
    id: int = 1,
    state: ReportState = ReportState.GATHERING,
    opened: float = 0,
    last: float | None = None,
    **pieces: Any,
) -> RecentReport:
    """Return a report opened and last added to so many seconds after the beginning."""
    last = opened if last is None else last
    return RecentReport(id, f"2611-{id:03d}", state, at(opened), at(last), Pieces(**pieces))
