"""The next step of a conversation, decided purely: what a message does to the reporter's reports, and what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.classify import Category, Intent, Understanding
from handlers.message import Kind, Message, Place
from storage.reports.gathering import Pieces, RecentReport
from storage.reports.tables import ReportState

MAX_DESCRIPTION = 4_000  # characters; the message rows keep every word anyway


@dataclass(frozen=True, slots=True)
class Rules:
    """How long things hang together."""

    gather: timedelta = timedelta(minutes=10)  # pieces within this of each other are of one report
    burst: timedelta = timedelta(seconds=60)  # a picture this soon after the last piece is not answered again
    late_place: timedelta = timedelta(hours=24)  # a place that was asked for may come this late


class Sentence(StrEnum):
    """What the bot says; the words are elsewhere."""

    EMERGENCY = "emergency"
    GATHERING = "gathering"  # reads back what is there and asks for the one thing that is missing
    READ_BACK = "read_back"  # reads back without asking again
    SUBMITTED = "submitted"  # everything is there
    ADDED = "added"  # a late piece went to a report that was submitted before
    CORRECTED = "corrected"
    ANONYMOUS = "anonymous"
    ANONYMOUS_FROM_NOW = "anonymous_from_now"
    NEXT_ONE = "next_one"  # a further report was announced
    WHAT_IS_THERE = "what_is_there"  # a place came without a hazard


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
    cautions: bool = False  # the danger has just become clear: say to stop and keep away
    place_to_remember: Place | None = None
    forgets: bool = False  # what was remembered has been used
    announces_another: bool = False


# States in which a piece that belongs to the report by its time still goes to it.
_STILL_OPEN = frozenset(
    {
        ReportState.GATHERING,
        ReportState.RECEIVED,
        ReportState.ACCEPTED,
        ReportState.VERIFIED,
        ReportState.ASSIGNED,
        ReportState.REOPENED,
    }
)
# Something that a place's name or a way to it ends in; enough when the place was just asked for.
_PLACE_LIKE = re.compile(
    "[村庄镇街路口巷楼厂矿店校院桥站河沟坡库井棚场房区队组号屋洞湾岭寨门边旁头角]|附近|对面|对过|跟前|这儿|那儿|里头|外头|底下|上头"
)
_COMMANDS = frozenset({Intent.STATUS_QUERY, Intent.WITHDRAWAL, Intent.HELP})
_LEVELS = ("P0", "P1", "P2", "P3")


def next_step(
    message: Message,
    recent: Sequence[RecentReport],
    memory: Memory,
    *,
    unit_id: int | None = None,
    rules: Rules | None = None,
) -> Step | None:
    """Return what a piece of a report leads to; None when the message is no piece of any report.

    Commands, thanks and questions are not decided here. `recent` are the reporter's newest reports in any order.
    """
    rules = rules or Rules()
    current = find_current(recent, message.sent_at, rules)
    if memory.another_at is not None and _is_announced(memory.another_at, current, message.sent_at, rules):
        current = None
    hearing = _Hearing(message, recent, memory, unit_id, rules, current)
    if message.kind in (Kind.IMAGE, Kind.VIDEO, Kind.VOICE):
        return hearing.media()
    if message.kind is Kind.LOCATION:
        return hearing.point()
    if message.kind is Kind.TEXT:
        return hearing.words()
    return None


def find_current(recent: Sequence[RecentReport], sent_at: datetime, rules: Rules) -> RecentReport | None:
    """Return the report that a piece sent at `sent_at` belongs to: by the time of sending, not of arrival."""
    fitting = sorted(
        (
            report
            for report in recent
            if report.state in _STILL_OPEN
            and report.opened_at - rules.gather <= sent_at <= report.last_piece_at + rules.gather
        ),
        key=lambda report: (report.opened_at, report.id),
    )
    begun = [report for report in fitting if report.opened_at <= sent_at]
    if begun:
        return begun[-1]
    return fitting[0] if fitting else None


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


def _is_announced(another_at: datetime, current: RecentReport | None, sent_at: datetime, rules: Rules) -> bool:
    is_fresh = another_at <= sent_at <= another_at + rules.gather
    return is_fresh and (current is None or current.opened_at <= another_at)


@dataclass(frozen=True, slots=True)
class _Hearing:
    """One message beside everything that its meaning depends on."""

    message: Message
    recent: Sequence[RecentReport]
    memory: Memory
    unit_id: int | None
    rules: Rules
    current: RecentReport | None

    # -- pictures and voices ------------------------------------------------------------------------------------

    def media(self) -> Step | None:
        """Add a picture or a voice to its report; None for a command that was spoken."""
        if self.message.text and self.message.understanding.intent in _COMMANDS:
            return None
        before = self.current.pieces if self.current else self._fresh()
        counted = {"photo": "photos", "voice": "voices", "video": "videos"}[self._media_kind()]
        pieces = replace(before, **{counted: getattr(before, counted) + 1})
        understanding = self.message.understanding
        if self.message.text:
            pieces = self._with_words(pieces, understanding)
        if understanding.emergency is not None:
            return self._keep(pieces, Sentence.EMERGENCY)
        if self.current is not None and self._is_burst(counted, before):
            return self._keep(pieces, None)
        return self._keep(pieces, self._what_to_say(before, pieces))

    def _media_kind(self) -> str:
        return {Kind.IMAGE: "photo", Kind.VOICE: "voice", Kind.VIDEO: "video"}[self.message.kind]

    def _is_burst(self, counted: str, before: Pieces) -> bool:
        if self.current is None or getattr(before, counted) == 0:
            return False
        return abs(self.message.sent_at - self.current.last_piece_at) <= self.rules.burst

    # -- places -------------------------------------------------------------------------------------------------

    def point(self) -> Step:
        """Add a point of the map to the report that it belongs to, or remember it."""
        place = self.message.place
        if place is None or (place.latitude is None and not place.label):
            return self._place_step(None)
        return self._place_step(place)

    def _place_step(self, place: Place | None) -> Step:
        report = self.current or self._waiting_for_place()
        if place is None:
            return Step(Sentence.READ_BACK if report else Sentence.WHAT_IS_THERE, pieces=None)
        if report is None:
            return Step(Sentence.WHAT_IS_THERE, place_to_remember=place)
        pieces = replace(
            report.pieces,
            place_label=place.label or report.pieces.place_label,
            latitude=place.latitude if place.latitude is not None else report.pieces.latitude,
            longitude=place.longitude if place.longitude is not None else report.pieces.longitude,
            unit_id=report.pieces.unit_id or self.unit_id,
        )
        return self._keep(pieces, self._what_to_say(report.pieces, pieces), report)

    def _waiting_for_place(self) -> RecentReport | None:
        for report in self.recent:
            is_in_time = report.last_piece_at <= self.message.sent_at <= report.last_piece_at + self.rules.late_place
            if report.state in _STILL_OPEN and "place" in list_missing(report.pieces) and is_in_time:
                return report
        return None

    # -- words --------------------------------------------------------------------------------------------------

    def words(self) -> Step | None:
        """Decide on a text; None when it is none of a report's business."""
        heard = self.message.understanding
        if heard.emergency is not None:
            return self._emergency(heard)
        if heard.correction is not None and (corrected := self._correction(heard.correction)) is not None:
            return corrected
        if heard.intent is Intent.HAZARD:
            return self._hazard(heard)
        if heard.another and len(self.message.text) <= 12:  # "还有一个" and nothing else
            return Step(Sentence.NEXT_ONE, ends=self._gathering(), announces_another=True)
        if heard.anonymous:
            return self._anonymous()
        if heard.intent is Intent.LOCATION:
            return self._place_words(heard.place or self.message.text)
        if heard.intent is Intent.UNKNOWN:
            return self._unclear_words(heard)
        return None

    def _emergency(self, heard: Understanding) -> Step:
        is_same = self.current is not None and (self.current.pieces.is_emergency or not self.current.pieces.description)
        if self.current is None or not is_same:
            return self._open(self._with_words(self._fresh(), heard), Sentence.EMERGENCY)
        return self._keep(self._with_words(self.current.pieces, heard), Sentence.EMERGENCY)

    def _hazard(self, heard: Understanding) -> Step:
        if self.current is None or self._starts_another(self.current.pieces, heard):
            pieces = self._with_words(self._fresh(), heard)
            return self._open(pieces, self._what_to_say(Pieces(), pieces))
        before = self.current.pieces
        pieces = self._with_words(before, heard)
        return self._keep(pieces, self._what_to_say(before, pieces))

    def _starts_another(self, before: Pieces, heard: Understanding) -> bool:
        if not before.description:
            return False  # the words that belong to the pictures that came first
        if heard.another:
            return True
        is_other_kind = Category.UNK not in (before.category, heard.category) and before.category != heard.category
        is_other_place = bool(before.place_label and heard.place) and not _is_same_place(
            before.place_label, heard.place
        )
        return is_other_kind or is_other_place

    def _place_words(self, words: str) -> Step:
        if self.current is not None and "place" not in list_missing(self.current.pieces):
            before = self.current.pieces
            if _is_same_place(before.place_label, words):
                pieces = replace(before, place_label=max(before.place_label, words, key=len))
            else:
                pieces = replace(before, description=_append(before.description, self.message.text))
            return self._keep(pieces, self._what_to_say(before, pieces))
        return self._place_step(Place(None, None, words.strip()[:200]))

    def _unclear_words(self, heard: Understanding) -> Step | None:
        report = self.current
        if report is None:
            waiting = self._waiting_for_place()
            is_answer = waiting is not None and waiting.pieces.asked == "place" and self._could_be_place()
            return self._place_step(Place(None, None, self.message.text.strip())) if is_answer else None
        if report.pieces.asked == "place" and "place" in list_missing(report.pieces) and self._could_be_place():
            return self._place_step(Place(None, None, heard.place or self.message.text.strip()))
        pieces = self._with_words(report.pieces, heard)
        return self._keep(pieces, self._what_to_say(report.pieces, pieces))

    def _could_be_place(self) -> bool:
        words = self.message.text.strip()
        if self.message.understanding.place:
            return len(words) <= 30
        return 2 <= len(words) <= 16 and _PLACE_LIKE.search(words) is not None

    def _correction(self, correction: tuple[str, str]) -> Step | None:
        wrong, right = correction
        report = self.current or next((report for report in self.recent if self._is_correctable(report)), None)
        if report is None:
            return None
        before = report.pieces
        if wrong and (wrong in before.place_label or wrong in before.description):
            pieces = replace(
                before,
                place_label=before.place_label.replace(wrong, right),
                description=before.description.replace(wrong, right),
            )
        elif self.message.understanding.place or not wrong:
            pieces = replace(before, place_label=right)
        else:
            pieces = replace(before, description=_append(before.description, self.message.text))
        if self.unit_id is not None:
            pieces = replace(pieces, unit_id=self.unit_id)
        return self._keep(pieces, Sentence.CORRECTED, report)

    def _is_correctable(self, report: RecentReport) -> bool:
        return report.state in _STILL_OPEN and report.last_piece_at + self.rules.late_place >= self.message.sent_at

    def _anonymous(self) -> Step:
        if self.current is None:
            return Step(Sentence.ANONYMOUS_FROM_NOW)
        return self._keep(replace(self.current.pieces, is_anonymous=True), Sentence.ANONYMOUS)

    # -- what becomes of it -------------------------------------------------------------------------------------

    def _fresh(self) -> Pieces:
        place = self.memory.place
        is_near = (
            place is not None
            and self.memory.place_sent_at is not None
            and abs(self.message.sent_at - self.memory.place_sent_at) <= self.rules.gather
        )
        if place is None or not is_near:
            return Pieces(is_anonymous=self.memory.is_anonymous)
        return Pieces(
            place_label=place.label,
            latitude=place.latitude,
            longitude=place.longitude,
            is_anonymous=self.memory.is_anonymous,
        )

    def _with_words(self, before: Pieces, heard: Understanding) -> Pieces:
        is_clearer = before.category == Category.UNK and heard.category is not Category.UNK
        is_hazard = heard.intent in (Intent.HAZARD, Intent.EMERGENCY)
        level = min(before.level, heard.level.value) if before.description else heard.level.value
        return replace(
            before,
            description=_append(before.description, self.message.text),
            place_label=before.place_label or heard.place,
            category=heard.category.value if is_clearer else before.category,
            level=level if is_hazard and level in _LEVELS else before.level,
            is_emergency=before.is_emergency or heard.emergency is not None,
            major_standard=before.major_standard or (heard.major_suspect.standard if heard.major_suspect else ""),
            why=_append(before.why, "\n".join(heard.why)) if is_hazard else before.why,
            unit_id=before.unit_id or self.unit_id,
            is_anonymous=before.is_anonymous or heard.anonymous,
        )

    def _what_to_say(self, before: Pieces, pieces: Pieces) -> Sentence:
        missing = list_missing(pieces)
        if not missing:
            was_whole = self.current is not None and not list_missing(before)
            return Sentence.ADDED if was_whole else Sentence.SUBMITTED
        return Sentence.READ_BACK if pieces.asked == missing_to_ask(missing) else Sentence.GATHERING

    def _gathering(self, besides: RecentReport | None = None) -> RecentReport | None:
        return next(
            (report for report in self.recent if report.state is ReportState.GATHERING and report is not besides), None
        )

    def _open(self, pieces: Pieces, sentence: Sentence | None) -> Step:
        step = self._keep(pieces, sentence, None, opens=True)
        return replace(step, ends=self._gathering())

    def _keep(
        self, pieces: Pieces, sentence: Sentence | None, report: RecentReport | None = None, *, opens: bool = False
    ) -> Step:
        report = None if opens else report or self.current
        missing = list_missing(pieces)
        asked = missing_to_ask(missing) if sentence is Sentence.GATHERING else pieces.asked
        whole = replace(pieces, messages=pieces.messages + 1, missing=",".join(missing), asked=asked)
        before = report.pieces.level if report is not None else "P2"
        return Step(
            sentence,
            pieces=whole,
            joins=report,
            cautions=pieces.level == "P1" and before not in ("P0", "P1"),
            ends=self._gathering() if report is None else None,
            is_submitted=not missing or whole.is_emergency,
            forgets=report is None and (self.memory.place is not None or self.memory.another_at is not None),
        )


def missing_to_ask(missing: Sequence[str]) -> str:
    """Return the one thing to ask for: the place first, since a picture tells the rest."""
    return next((name for name in ("place", "description", "look") if name in missing), "")


def _is_same_place(one: str, other: str) -> bool:
    return bool(one) and (one in other or other in one)


def _append(before: str, words: str) -> str:
    words = words.strip()
    if not words or words in before.split("\n"):
        return before
    return f"{before}\n{words}".strip()[:MAX_DESCRIPTION]
