"""What is known of reports and of their pieces: which report a piece is of, what is missing, how words are added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.conversation.types import Rules
from storage.reports.gathering import Pieces, RecentReport
from storage.reports.tables import ReportState

MAX_DESCRIPTION = 4_000  # characters; the message rows keep every word anyway

# States in which a piece that belongs to the report by its time still goes to it.
STILL_OPEN = frozenset(
    {
        ReportState.GATHERING,
        ReportState.RECEIVED,
        ReportState.ACCEPTED,
        ReportState.VERIFIED,
        ReportState.ASSIGNED,
        ReportState.REOPENED,
    }
)


def find_current(recent: Sequence[RecentReport], sent_at: datetime, rules: Rules) -> RecentReport | None:
    """Return the report that a piece sent at `sent_at` belongs to: by the time of sending, not of arrival.

    Of several the nearest in time, then the latest: a picture of an album that overtakes its neighbours lies a
    second before the report that the neighbours opened, and much later than the report before.
    """
    fitting = (
        report
        for report in recent
        if report.state in STILL_OPEN
        and report.opened_at - rules.gather <= sent_at <= report.last_piece_at + rules.gather
    )
    return min(
        fitting,
        key=lambda report: (_distance(report, sent_at), -report.opened_at.timestamp(), -report.id),
        default=None,
    )


def find_withdrawn(recent: Sequence[RecentReport], sent_at: datetime) -> RecentReport | None:
    """Return the withdrawn report that a piece was surely sent for: it was sent before another of its pieces."""
    return next(
        (
            report
            for report in recent
            if report.state is ReportState.WITHDRAWN and report.opened_at <= sent_at < report.last_piece_at
        ),
        None,
    )


def list_missing(pieces: Pieces) -> tuple[str, ...]:
    """Return what a report lacks: something to look at or read, a description, a place."""
    has_words = bool(pieces.description) or pieces.voices > 0
    has_look = pieces.photos > 0 or pieces.videos > 0 or has_words
    has_place = bool(pieces.place_label) or pieces.latitude is not None
    return tuple(
        name
        for name, is_there in (("look", has_look), ("description", has_words), ("place", has_place))
        if not is_there
    )


def missing_to_ask(missing: Sequence[str]) -> str:
    """Return the one thing to ask for: the place first, since a picture tells the rest."""
    return next((name for name in ("place", "description", "look") if name in missing), "")


def is_same_place(one: str, other: str) -> bool:
    """Say whether one of two places names the other."""
    return bool(one) and (one in other or other in one)


def append_words(before: str, words: str) -> str:
    """Return a description with one more line, unless that line is there already."""
    words = words.strip()
    if not words or words in before.split("\n"):
        return before
    return f"{before}\n{words}".strip()[:MAX_DESCRIPTION]


def _distance(report: RecentReport, sent_at: datetime) -> timedelta:
    return max(report.opened_at - sent_at, sent_at - report.last_piece_at, timedelta(0))
