"""What a decision is made of: the rules, what is remembered, the sentences, and the step that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.message import Place
from storage.reports.gathering import Pieces, RecentReport


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things hang together."""

    gather: timedelta = timedelta(minutes=10)  # pieces within this of each other are of one report
    burst: timedelta = timedelta(seconds=60)  # more of the same this soon after the last piece is not answered again
    late_place: timedelta = timedelta(hours=24)  # a place that was asked for may come this late


class Sentence(StrEnum):
    """What the bot says; the words are elsewhere."""

    EMERGENCY = "emergency"
    URGENT = "urgent"  # more about an emergency: reads back, and to dial first
    GATHERING = "gathering"  # reads back what is there and asks for the one thing that is missing
    READ_BACK = "read_back"  # reads back without asking again
    SUBMITTED = "submitted"  # everything is there
    AS_IT_IS = "as_it_is"  # submitted although something is missing, since there is no more to come
    ADDED = "added"  # a late piece went to a report that was submitted before
    CORRECTED = "corrected"
    WHAT_IS_RIGHT = "what_is_right"  # something was wrong, but not yet said what
    NEVER_MIND = "never_mind"  # half a withdrawal: say how to make it a whole one
    ANONYMOUS = "anonymous"
    ANONYMOUS_FROM_NOW = "anonymous_from_now"
    NEXT_ONE = "next_one"  # a further report was announced
    WHAT_IS_THERE = "what_is_there"  # a place came without a hazard
    EMPTY_PLACE = "empty_place"  # a point of the map came without anything in it


@dataclass(frozen=True, slots=True)
class Memory:
    """What was said while there was no report that it could go to."""

    place: Place | None = None
    place_sent_at: datetime | None = None
    another_at: datetime | None = None
    is_anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one message leads to.

    `pieces` is what the report knows afterwards: `joins` names the report, or a new one is opened when it is None;
    without `pieces` no report is touched. A report that `ends` was still gathering and is submitted as it is.
    """

    sentence: Sentence | None
    pieces: Pieces | None = None
    joins: RecentReport | None = None
    ends: RecentReport | None = None
    is_submitted: bool = False
    asks: bool = False  # the sentence puts the one question that is open, for the first time
    is_apart: bool = False  # a new report beside one that the message could have joined
    cautions: bool = False  # the danger has just become clear: say to stop and keep away
    place_to_remember: Place | None = None
    forgets: bool = False  # what was remembered has been used
    announces_another: bool = False
