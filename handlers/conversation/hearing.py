"""One message beside everything that its meaning depends on, and the step that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from handlers.classify import Category, Intent, Understanding
from handlers.conversation import phrases
from handlers.conversation.pieces import (
    STILL_OPEN,
    append_words,
    find_current,
    find_withdrawn,
    is_same_place,
    list_missing,
    missing_to_ask,
)
from handlers.conversation.types import Memory, Rules, Sentence, Step
from handlers.message import Kind, Message, Place
from storage.reports.gathering import Pieces, RecentReport
from storage.reports.tables import ReportState

CORRECTION = "correction"  # what was asked for, when all that is known is that something was wrong

_COUNTED = {Kind.IMAGE: "photos", Kind.VOICE: "voices", Kind.VIDEO: "videos"}
_ASKING = frozenset({Sentence.GATHERING, Sentence.URGENT, Sentence.ANONYMOUS})
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

    Commands, thanks and questions are not decided here. `recent` are the reporter's newest reports, newest first.
    """
    rules = rules or Rules()
    near = find_current(recent, message.sent_at, rules)
    is_announced = memory.another_at is not None and _is_announced(memory.another_at, near, message.sent_at, rules)
    current = None if is_announced else near
    hearing = _Hearing(message, recent, memory, unit_id, rules, near, current, is_announced)
    match message.kind:
        case Kind.IMAGE | Kind.VIDEO:
            return hearing.media()
        case Kind.VOICE:
            return hearing.spoken() if message.text.strip() else hearing.media()
        case Kind.LOCATION:
            return hearing.point()
        case Kind.TEXT:
            return hearing.words()
    return None


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
    near: RecentReport | None  # the report that lies nearest in time
    current: RecentReport | None  # the same, unless a further one was announced
    is_announced: bool

    # -- pictures and voices ------------------------------------------------------------------------------------

    def media(self) -> Step:
        """Add a picture or a voice without clear words to its report."""
        if self.near is None:
            withdrawn = find_withdrawn(self.recent, self.message.sent_at)
            if withdrawn is not None:  # the rest of an album whose beginning was taken back
                return self._keep(self._counted(withdrawn.pieces), None, withdrawn)
        before = self.current.pieces if self.current else self._fresh()
        pieces = self._counted(before)
        if self.message.text and not phrases.says_nothing(self.message.text):
            pieces = self._with_words(pieces, self.message.understanding)
        return self._keep(pieces, self._what_to_say(before, pieces))

    def spoken(self) -> Step | None:
        """Decide on a voice by its transcript; None for a command, a question or thanks."""
        step = self.words()
        if step is None and self.message.understanding.intent is Intent.UNKNOWN:
            return self.media()  # transcripts go wrong: somebody must listen
        return step

    def _counted(self, pieces: Pieces) -> Pieces:
        name = _COUNTED.get(self.message.kind)
        return replace(pieces, **{name: getattr(pieces, name) + 1}) if name else pieces

    # -- places -------------------------------------------------------------------------------------------------

    def point(self) -> Step:
        """Add a point of the map to the report that it belongs to, or remember it."""
        place = self.message.place
        if place is None or (place.latitude is None and not place.label.strip()):
            report = self.current or self._waiting_for_place()
            return (
                Step(Sentence.EMPTY_PLACE)
                if report is None
                else self._keep(report.pieces, Sentence.EMPTY_PLACE, report)
            )
        return self._place(place)

    def _place(self, place: Place) -> Step:
        report = self.current or self._waiting_for_place()
        if report is None:
            return Step(Sentence.WHAT_IS_THERE, place_to_remember=place)
        before = report.pieces
        pieces = replace(
            self._counted(before),
            place_label=place.label or before.place_label,
            latitude=place.latitude if place.latitude is not None else before.latitude,
            longitude=place.longitude if place.longitude is not None else before.longitude,
            asked="place" if before.asked == CORRECTION else before.asked,
            unit_id=before.unit_id or self.unit_id,
        )
        return self._keep(pieces, self._what_to_say(before, pieces, report), report)

    def _waiting_for_place(self) -> RecentReport | None:
        for report in self.recent:
            is_in_time = report.last_piece_at <= self.message.sent_at <= report.last_piece_at + self.rules.late_place
            if report.state in STILL_OPEN and "place" in list_missing(report.pieces) and is_in_time:
                return report
        return None

    # -- words --------------------------------------------------------------------------------------------------

    def words(self) -> Step | None:
        """Decide on a text; None when it is none of a report's business."""
        heard, text = self.message.understanding, self.message.text
        if heard.emergency is not None:
            return self._emergency(heard)
        if heard.correction is not None and (corrected := self._correction(heard.correction)) is not None:
            return corrected
        if self.current is not None and self.current.state is ReportState.GATHERING and phrases.is_ending(text):
            return self._end(self.current)
        if heard.intent is Intent.HAZARD:
            return self._place_words(phrases.name_place(text)) if self._answers_where(heard) else self._hazard(heard)
        if heard.another and not self._is_urgent() and phrases.is_announcement(text):
            return Step(Sentence.NEXT_ONE, ends=self._gathering(), announces_another=True)
        if heard.anonymous and heard.intent in (Intent.UNKNOWN, Intent.LOCATION, Intent.PRIVACY_QUESTION):
            return self._anonymous(heard)
        if heard.intent is Intent.LOCATION:
            return self._place_words(heard.place or text)
        if heard.intent is Intent.UNKNOWN:
            return self._unclear_words(heard)
        if self._is_urgent() and self.current is not None and self._is_news(heard):
            pieces = self._with_words(self._counted(self.current.pieces), heard)
            return self._keep(pieces, Sentence.URGENT)
        return None

    def _is_news(self, heard: Understanding) -> bool:
        """Say whether what sounds like talk tells of an emergency going on: 人没事了, 怎么还不来."""
        text = self.message.text
        if heard.intent is Intent.STATUS_QUERY:
            return not heard.report_code and "进度" not in text
        return heard.intent in (Intent.SMALL_TALK, Intent.ACKNOWLEDGEMENT) and "没事" in text

    def _is_urgent(self) -> bool:
        return self.current is not None and self.current.pieces.is_emergency

    def _emergency(self, heard: Understanding) -> Step:
        report = self.current
        if report is None or not (report.pieces.is_emergency or not report.pieces.description):
            return self._open(self._with_words(self._counted(self._fresh()), heard), Sentence.EMERGENCY)
        return self._keep(self._with_words(self._counted(report.pieces), heard), Sentence.EMERGENCY)

    def _hazard(self, heard: Understanding) -> Step:
        if self.current is None or self._starts_another(self.current.pieces, heard):
            pieces = self._with_words(self._counted(self._fresh()), heard)
            return self._open(pieces, self._opening_sentence(pieces))
        before = self.current.pieces
        pieces = self._with_words(self._counted(before), heard)
        return self._keep(pieces, self._what_to_say(before, pieces))

    def _starts_another(self, before: Pieces, heard: Understanding) -> bool:
        if not before.description or before.asked == CORRECTION:
            return False  # the words that belong to the pictures that came first, or put right what was said
        if heard.another and (not before.is_emergency or phrases.begins_another(self.message.text)):
            return True
        if Category.UNK in (before.category, heard.category):
            return False
        is_other_place = bool(before.place_label and heard.place) and not is_same_place(before.place_label, heard.place)
        if is_other_place and before.is_emergency:
            return True
        if before.is_emergency or phrases.goes_on(self.message.text):
            return False
        return is_other_place or before.category != heard.category

    def _answers_where(self, heard: Understanding) -> bool:
        report = self.current or self._waiting_for_place()
        if report is None or "place" not in list_missing(report.pieces):
            return False
        if report.pieces.asked != "place" and not report.pieces.is_emergency:
            return False
        return phrases.is_place(self.message.text, heard.place, sounds_like_hazard=heard.intent is Intent.HAZARD)

    def _place_words(self, words: str) -> Step:
        report = self.current
        if report is None or "place" in list_missing(report.pieces):
            return self._place(Place(None, None, words.strip()[:200]))
        before = report.pieces
        pieces = self._counted(before)
        if before.asked == CORRECTION:
            pieces = replace(pieces, place_label=words, latitude=None, longitude=None, asked="place")
        elif is_same_place(before.place_label, words):
            pieces = replace(pieces, place_label=max(before.place_label, words, key=len))
        elif list_missing(before):  # 东坪村广场, and then 三楼
            pieces = replace(pieces, place_label=f"{before.place_label} {words}".strip()[:200])
        else:
            pieces = replace(pieces, description=append_words(before.description, self.message.text))
        return self._keep(pieces, self._what_to_say(before, pieces))

    def _unclear_words(self, heard: Understanding) -> Step | None:
        report, text = self.current, self.message.text
        if phrases.is_unsupported(text):
            return None
        if report is not None and phrases.is_mistake(text):
            return self._keep(replace(self._counted(report.pieces), asked=CORRECTION), Sentence.WHAT_IS_RIGHT)
        if report is not None and phrases.says_nothing(text) and not self._answers_where(heard):
            return self._filler(report)
        if self._answers_where(heard):
            return self._place(Place(None, None, phrases.name_place(text)))
        if report is None:
            return None
        if heard.another and not self._is_urgent() and phrases.begins_another(text):
            pieces = self._with_words(self._counted(self._fresh()), heard)
            return self._open(pieces, self._opening_sentence(pieces))
        pieces = self._with_words(self._counted(report.pieces), heard)
        return self._keep(pieces, self._what_to_say(report.pieces, pieces))

    def _filler(self, report: RecentReport) -> Step:
        before = report.pieces
        pieces = self._counted(before)
        if phrases.is_never_mind(self.message.text):
            return self._keep(pieces, Sentence.NEVER_MIND)
        sentence = self._what_to_say(before, pieces)
        return self._keep(pieces, None if sentence is Sentence.ADDED and pieces == before else sentence)

    def _end(self, report: RecentReport) -> Step:
        pieces = self._counted(report.pieces)
        missing = list_missing(pieces)
        return replace(self._keep(pieces, Sentence.AS_IT_IS if missing else Sentence.SUBMITTED), is_submitted=True)

    def _correction(self, correction: tuple[str, str]) -> Step | None:
        wrong, right = correction
        report = self.current or self._latest()
        if report is None:
            return None
        heard, before = self.message.understanding, report.pieces
        pieces = self._counted(before)
        is_known = bool(wrong) and (wrong in before.place_label or wrong in before.description)
        if is_known:
            pieces = replace(
                pieces,
                place_label=before.place_label.replace(wrong, right),
                description=before.description.replace(wrong, right),
            )
        elif heard.place or (not wrong and (heard.intent is Intent.LOCATION or phrases.is_place(right))):
            pieces = replace(pieces, place_label=right)
        else:
            pieces = replace(pieces, description=append_words(before.description, self.message.text))
        if pieces.place_label != before.place_label:  # the point of the map was of the wrong place
            pieces = replace(pieces, latitude=None, longitude=None)
        if self.unit_id is not None:
            pieces = replace(pieces, unit_id=self.unit_id)
        if pieces.asked == CORRECTION:
            pieces = replace(pieces, asked="place")
        return self._keep(pieces, Sentence.CORRECTED, report)

    def _latest(self) -> RecentReport | None:
        return next(
            (
                report
                for report in self.recent
                if report.state in STILL_OPEN
                and report.opened_at <= self.message.sent_at <= report.last_piece_at + self.rules.late_place
            ),
            None,
        )

    def _anonymous(self, heard: Understanding) -> Step:
        report = self.current or (None if self.is_announced else self._latest())
        if report is None:
            return Step(Sentence.ANONYMOUS_FROM_NOW)
        pieces = replace(self._counted(report.pieces), is_anonymous=True)
        if heard.place and "place" in list_missing(pieces) and heard.intent is not Intent.PRIVACY_QUESTION:
            pieces = replace(pieces, place_label=heard.place)
        elif heard.intent is Intent.UNKNOWN and len(self.message.text) > 10:  # more than the wish itself
            pieces = self._with_words(pieces, heard)
        return self._keep(pieces, Sentence.ANONYMOUS, report)

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
            description=append_words(before.description, self.message.text),
            place_label=before.place_label or heard.place,
            category=heard.category.value if is_clearer else before.category,
            level=level if is_hazard and level in _LEVELS else before.level,
            is_emergency=before.is_emergency or heard.emergency is not None,
            major_standard=before.major_standard or (heard.major_suspect.standard if heard.major_suspect else ""),
            why=append_words(before.why, "\n".join(heard.why)) if is_hazard else before.why,
            unit_id=before.unit_id or self.unit_id,
            is_anonymous=before.is_anonymous or heard.anonymous,
            asked="place" if before.asked == CORRECTION else before.asked,  # these words are what is right
        )

    def _opening_sentence(self, pieces: Pieces) -> Sentence:
        return Sentence.GATHERING if list_missing(pieces) else Sentence.SUBMITTED

    def _what_to_say(self, before: Pieces, pieces: Pieces, report: RecentReport | None = None) -> Sentence | None:
        report = report or self.current
        if report is None:
            return self._opening_sentence(pieces)
        if before.asked == CORRECTION and pieces.asked != CORRECTION:
            return Sentence.CORRECTED
        missing = list_missing(pieces)
        is_told = before.asked in (missing_to_ask(missing), CORRECTION)
        if self._is_more_of_the_same(before, pieces, report):
            return None
        if pieces.is_emergency:
            return Sentence.URGENT
        if not missing:
            return Sentence.SUBMITTED if list_missing(before) else Sentence.ADDED
        return Sentence.READ_BACK if is_told else Sentence.GATHERING

    def _is_more_of_the_same(self, before: Pieces, pieces: Pieces, report: RecentReport) -> bool:
        """Say whether the answer to the last piece answers this one too: an album, or a sentence in three lines."""
        if abs(self.message.sent_at - report.last_piece_at) > self.rules.burst:
            return False
        if (before.place_label, before.latitude, before.level) != (pieces.place_label, pieces.latitude, pieces.level):
            return False
        match self.message.kind:
            case Kind.IMAGE | Kind.VIDEO:
                return before.photos + before.videos > 0 and list_missing(before) == list_missing(pieces)
            case Kind.VOICE:
                return before.voices > 0
        had_words = bool(before.description) or pieces.description == before.description
        return had_words and not pieces.is_emergency and list_missing(before) == list_missing(pieces)

    def _gathering(self) -> RecentReport | None:
        return next((report for report in self.recent if report.state is ReportState.GATHERING), None)

    def _open(self, pieces: Pieces, sentence: Sentence) -> Step:
        return self._keep(pieces, sentence, opens=True)

    def _keep(
        self, pieces: Pieces, sentence: Sentence | None, report: RecentReport | None = None, *, opens: bool = False
    ) -> Step:
        report = None if opens else report or self.current
        missing = list_missing(pieces)
        question = missing_to_ask(missing)
        asks = sentence in _ASKING and question != "" and pieces.asked not in (question, CORRECTION)
        whole = replace(
            pieces,
            messages=pieces.messages + 1,
            missing=",".join(missing),
            asked=question if asks else pieces.asked,
        )
        before = report.pieces.level if report is not None else "P2"
        return Step(
            sentence,
            pieces=whole,
            joins=report,
            asks=asks,
            is_apart=report is None and self.near is not None,
            cautions=pieces.level == "P1" and before not in ("P0", "P1"),
            ends=self._gathering() if report is None else None,
            is_submitted=not missing or whole.is_emergency,
            forgets=report is None and (self.memory.place is not None or self.memory.another_at is not None),
        )
