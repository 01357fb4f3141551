"""Liaisons by chat: 收到, 整改好了 with photos, more time, not ours, and what is theirs to do.

A liaison reports hazards like anybody else, and an emergency of theirs goes before everything: both are left to the
handlers after these. Pictures without words are taken for a report of a hazard until the liaison says that they show
what was mended; then they move.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from handlers import hazards
from handlers import texts_rectification as texts
from handlers.answers import SILENCE, Answer
from handlers.classify import Intent
from handlers.conversation import find_current
from handlers.liaison_words import Said, Wish, read_day, read_words
from handlers.message import Message
from handlers.services import Services
from handlers.steps import take_step
from storage.errors import ForbiddenTransitionError
from storage.liaison_turns import Awaited, Turn, find_turn, keep_turn
from storage.reports import assignments, by_liaison, gathering, questions, verdicts
from storage.reports.deadlines import Deadlines
from storage.reports.tables import ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import Actor
from storage.staff import find_staff_by_id
from storage.types import AnyRow

ANSWER_LIFETIME = timedelta(hours=24)  # what was asked for may come this late
LIST_LIFETIME = timedelta(days=7)  # numbers mean the list that was shown last, for so long
PICTURES_BEFORE = timedelta(hours=1)  # photos may come this long before the words
PICTURES_AFTER = timedelta(minutes=30)  # and go on for so long after the last one
TOLD_BEFORE = timedelta(hours=24)  # how long the last notice says which one is meant


def register(robot: Any, services: Services) -> None:
    """Attach the handlers of what liaisons answer; to everybody else they have nothing to say."""

    @robot.image
    @robot.video
    def receive_picture(message: Message, db: Connection) -> Answer | None:
        hearing = _begin(message, db, services)
        return None if hearing is None else hearing.picture()

    @robot.text
    @robot.voice
    def receive_words(message: Message, db: Connection) -> Answer | None:
        hearing = _begin(message, db, services)
        return None if hearing is None else hearing.words()


def _begin(message: Message, db: Connection, services: Services) -> _Hearing | None:
    staff_id = message.reporter.staff_id
    heard = message.understanding
    if staff_id is None or heard.emergency is not None or heard.intent is Intent.CONCEALED_ACCIDENT:
        return None
    member = find_staff_by_id(db, staff_id)
    if member is None:
        return None
    return _Hearing(message, db, services, staff_id, f"staff:{member.username}", find_turn(db, staff_id))


@dataclass(frozen=True)
class _Hearing:
    """One message of a liaison beside what was said before."""

    message: Message
    db: Connection
    services: Services
    staff_id: int
    by: str
    turn: Turn | None

    # -- pictures -------------------------------------------------------------------------------------------------

    def picture(self) -> Answer | None:
        """Add a picture to what was said to be mended, or take it for a hazard and ask."""
        if self._is_reporting():
            return None
        turn = self.turn
        row = self._find(turn.assignment_id) if turn is not None and turn.assignment_id is not None else None
        if turn is not None and row is not None and row.ended_at is None:
            if self._awaits(Awaited.PHOTO) and row.state == ReportState.ASSIGNED:
                return self._rectify(row, turn.words, has_picture=True)
            if row.state == ReportState.RECTIFIED and turn.wish == Wish.RECTIFY:
                last = by_liaison.find_last_photo_at(self.db, row.id) or turn.at
                if abs(self.message.sent_at - max(last, turn.at)) <= PICTURES_AFTER:
                    return self._add_picture(row, last)
        if not by_liaison.list_to_mend(self.db, self.staff_id):
            return None
        answer = hazards.hear(self.message, self.db, self.services)
        if answer is None or answer.text is None or self.message.reporter.is_anonymous:
            return answer
        pictures = self._find_pictures()
        if pictures is None or pictures.id != answer.report_id:
            return answer
        text = texts.whose_photo(pictures.code)
        return replace(answer, text=f"照片收到了。{texts.ASK_WHICH}" if self._awaits(Awaited.WHICH) else text)

    def _add_picture(self, row: AnyRow, last: datetime) -> Answer:
        is_more = abs(self.message.sent_at - last) <= self.services.rules.burst
        text = None if is_more else texts.photo_added(row.code)
        return Answer(text, row.report_id, keeps_media=True, after_photo_of=row.id)

    # -- words ----------------------------------------------------------------------------------------------------

    def words(self) -> Answer | None:
        """Decide on what was written or said; None when it is not about what is to be mended."""
        said = read_words(self.message.text, self.message.understanding)
        if self._awaits(Awaited.DAY) and said.wish in (None, Wish.EXTEND, Wish.PICK) and not said.code:
            row = self._find(self.turn.assignment_id) if self.turn is not None else None
            if row is not None and row.ended_at is None and self._read_day(row) is not None:
                return self._extend(row, self._join_words())
        if said.wish is None:
            return None
        is_slight = said.is_short or said.wish in (Wish.PICK, Wish.LATER, Wish.NO_PHOTO)
        if is_slight and self._is_reporting():
            return None
        match said.wish:
            case Wish.LIST:
                return Answer(self._list("") or texts.NOTHING_TO_MEND)
            case Wish.SHOW | Wish.PICK:
                return self._named(said)
            case Wish.NO_PHOTO:
                return self._without_picture()
            case Wish.LATER:
                return Answer(texts.PHOTO_LATER) if self._awaits(Awaited.PHOTO) else None
            case Wish.ACKNOWLEDGE | Wish.WORKING:
                return self._acknowledge(said)
        return self._act_on(said, said.wish, self.message.text)

    def _named(self, said: Said) -> Answer | None:
        """Take a code or a number by itself: the answer to "which?", or a look at one."""
        if self.turn is not None and self._awaits(Awaited.WHICH):
            return self._act_on(self._picked(said), Wish(self.turn.wish), self.turn.words)
        if said.wish is Wish.PICK and not self._is_listed_lately():
            return None
        row = self._resolve(said, Wish.SHOW, "")
        if not isinstance(row, Answer) and row is not None:
            if row.state == ReportState.ASSIGNED and said.code and self._find_pictures() is not None:
                return self._act(row, Wish.RECTIFY, self.message.text, has_no_photo=False)
            if row.state == ReportState.RECTIFIED:
                return Answer(texts.already_rectified(row.code))
            return Answer(texts.show(row, texts.say_due(row.due_at, today=self.today, zone=self.zone)))
        return row

    def _picked(self, said: Said) -> Said:
        """Return a choice together with what was said before it."""
        before = read_words(self.turn.words, self.message.understanding) if self.turn is not None else said
        return replace(said, has_no_photo=said.has_no_photo or before.has_no_photo)

    def _without_picture(self) -> Answer | None:
        if self.turn is None or not self._awaits(Awaited.PHOTO):
            return None
        row = self._find(self.turn.assignment_id)
        if row is None or row.ended_at is not None or row.state != ReportState.ASSIGNED:
            return None
        return self._rectify(row, self._join_words())

    def _acknowledge(self, said: Said) -> Answer | None:
        is_named = bool(said.code or said.numbers)
        if not is_named and (self._awaits(Awaited.PHOTO) or self._awaits(Awaited.DAY)):
            return SILENCE if said.wish is Wish.ACKNOWLEDGE else Answer(texts.PHOTO_LATER)
        open_ = by_liaison.list_to_mend(self.db, self.staff_id)
        if is_named:
            row = self._resolve(said, Wish.ACKNOWLEDGE, self.message.text)
            if row is None or isinstance(row, Answer):
                return row
            if row.state != ReportState.ASSIGNED:
                return Answer(texts.already_rectified(row.code))
            meant = [row]
        else:
            unheard = by_liaison.list_unheard(self.db, self.staff_id, open_)
            meant = [row for row in open_ if row.acknowledged_at is None and row.id not in unheard]
        for row in meant:
            take_step(self.db, verdicts.acknowledge, row.report_id, self._doing(), self.deadlines)
        if said.wish is Wish.WORKING and open_:
            return Answer(texts.working(f"{meant[0].code} " if len(meant) == 1 else ""))
        if meant:
            return Answer(texts.acknowledged(meant, today=self.today, zone=self.zone))
        return SILENCE if open_ and "谢" not in self.message.text else None

    # -- which one is meant ---------------------------------------------------------------------------------------

    def _act_on(self, said: Said, wish: Wish, words: str) -> Answer | None:
        row = self._resolve(said, wish, words)
        if row is None or isinstance(row, Answer):
            return row
        return self._act(row, wish, words, has_no_photo=said.has_no_photo)

    def _resolve(self, said: Said, wish: Wish, words: str) -> AnyRow | Answer | None:
        """Return the open assignment that is meant, the answer when it is none, or None to leave it to others."""
        if said.code:
            return self._by_code(said.code)
        open_ = by_liaison.list_to_mend(self.db, self.staff_id)
        if said.numbers:
            return self._by_number(said.numbers, open_, wish, words)
        if not open_:
            return self._nothing_open(said, wish)
        if len(open_) == 1:
            return open_[0]
        meant = self._by_context(open_)
        return meant or Answer(self._list(texts.ASK_WHICH, wish, words))

    def _by_code(self, code: str) -> AnyRow | Answer | None:
        row = by_liaison.find_theirs(self.db, self.staff_id, code=code)
        if row is None:
            if gathering.list_own(self.db, self.message.reporter_id, code=code):
                return None  # a report that they made themselves
            return Answer(texts.not_theirs(code, self._list("")))
        return row if row.ended_at is None else Answer(texts.ended(code, row.ending))

    def _by_number(
        self, numbers: tuple[int, ...], open_: list[AnyRow], wish: Wish, words: str
    ) -> AnyRow | Answer | None:
        if len(numbers) > 1:
            return Answer(self._list(texts.ASK_ONE_BY_ONE, wish, words)) if open_ else None
        turn = self.turn
        is_known = turn is not None and turn.listed and self.message.sent_at - turn.at <= LIST_LIFETIME
        listed = turn.listed if turn is not None and is_known else tuple(row.id for row in open_)
        if not 1 <= numbers[0] <= len(listed):
            return Answer(self._list(texts.NO_SUCH_NUMBER, wish, words)) if open_ else None
        row = self._find(listed[numbers[0] - 1])
        if row is None:
            return None
        return row if row.ended_at is None else Answer(texts.ended(row.code, row.ending))

    def _by_context(self, open_: list[AnyRow]) -> AnyRow | None:
        """Return the one that was spoken of last: by them, or by the last notice that reached them."""
        meant: int | None = None
        if self.turn is not None and (self._awaits(Awaited.PHOTO) or self._awaits(Awaited.DAY)):
            meant = self.turn.assignment_id
        if meant is None:
            meant = by_liaison.find_told_last(self.db, self.staff_id, since=self.message.received_at - TOLD_BEFORE)
        return next((row for row in open_ if row.id == meant), None)

    def _nothing_open(self, said: Said, wish: Wish) -> Answer | None:
        if wish is not Wish.RECTIFY:
            return None
        rectified = assignments.list_open_assignments(self.db, self.staff_id)
        if len(rectified) == 1 and self._find_pictures() is not None:
            return self._act(rectified[0], wish, self.message.text, has_no_photo=False)
        if rectified:
            return Answer(texts.ALL_RECTIFIED)
        if self._find_pictures() is not None or questions.list_open_questions(self.db, self.message.reporter_id):
            return None  # the end of a report of their own, or the answer to a question about one
        if said.is_short:
            return Answer(texts.NOTHING_TO_MEND)
        return Answer(texts.NOTHING_FOR_PEOPLE, is_for_people=True)

    # -- what is done ---------------------------------------------------------------------------------------------

    def _act(self, row: AnyRow, wish: Wish, words: str, *, has_no_photo: bool) -> Answer:
        try:
            match wish:
                case Wish.RECTIFY:
                    return self._finish(row, words, has_no_photo=has_no_photo)
                case Wish.EXTEND:
                    return self._extend(row, words)
                case Wish.DISPUTE:
                    return self._dispute(row, words)
        except ForbiddenTransitionError:
            return Answer(texts.not_possible(row.code))
        return Answer(texts.show(row, texts.say_due(row.due_at, today=self.today, zone=self.zone)))

    def _finish(self, row: AnyRow, words: str, *, has_no_photo: bool) -> Answer:
        if row.state == ReportState.RECTIFIED:
            moved = self._move_pictures(row)
            self._keep(Wish.RECTIFY, row)
            return Answer(texts.photo_added(row.code) if moved else texts.already_rectified(row.code))
        if not has_no_photo and self._find_pictures() is None:
            self._keep(Wish.RECTIFY, row, Awaited.PHOTO, words)
            return Answer(texts.ask_photo(row.code, row.place))
        return self._rectify(row, words)

    def _rectify(self, row: AnyRow, words: str, *, has_picture: bool = False) -> Answer:
        take_step(self.db, verdicts.rectify, row.report_id, self._doing(), self.deadlines, note=words)
        moved = self._move_pictures(row)
        self._keep(Wish.RECTIFY, row)
        if has_picture:
            text = texts.rectified_by_photo(row.code, row.place)
            return Answer(text, row.report_id, keeps_media=True, after_photo_of=row.id)
        return Answer(texts.rectified(row.code, row.place, moved))

    def _move_pictures(self, row: AnyRow) -> int:
        """Move the pictures that came before the words, and take back the report that they made."""
        pictures = self._find_pictures()
        if pictures is None:
            return 0
        doing = Doing("reporter", Actor.REPORTER, self.message.received_at)
        reason = f"是 {row.code} 整改后的照片"
        take_step(self.db, verdicts.withdraw, pictures.id, doing, self.deadlines, reason=reason)
        return by_liaison.take_over_photos(self.db, pictures.id, row)

    def _extend(self, row: AnyRow, words: str) -> Answer:
        if row.state != ReportState.ASSIGNED:
            return Answer(texts.already_rectified(row.code))
        if assignments.is_extended(self.db, row.report_id):
            return Answer(texts.extended_before(row.code, row.due_at, self.zone))
        if assignments.find_open_plea(self.db, row.report_id, assignments.PleaKind.EXTENSION) is not None:
            return Answer(texts.extension_open(row.code))
        day = self._read_day(row) or read_day(words, today=self.today, due=self._day_of(row.due_at))
        if day is None:
            self._keep(Wish.EXTEND, row, Awaited.DAY, words)
            return Answer(texts.ask_day(row.code))
        self._keep(Wish.EXTEND, row, Awaited.DAY, words)  # another day may follow one that cannot be had
        if day <= self._day_of(row.due_at) or day < self.today:
            is_past = day < self.today
            return Answer(
                texts.too_late_to_extend(row.code) if is_past else texts.in_time_anyway(row.code, row.due_at, self.zone)
            )
        latest = row.due_at + self.deadlines.extension
        if day > self._day_of(latest):
            return Answer(texts.too_far(row.code, latest, self.zone))
        until = min(self.deadlines.calendar.end_day(day), latest)
        take_step(
            self.db, verdicts.request_extension, row.report_id, self._doing(), self.deadlines, until=until, reason=words
        )
        self._keep(Wish.EXTEND, row)
        return Answer(texts.extension_requested(row.code, until, row.due_at, self.zone))

    def _dispute(self, row: AnyRow, words: str) -> Answer:
        if row.state != ReportState.ASSIGNED:
            return Answer(texts.already_rectified(row.code))
        take_step(self.db, verdicts.dispute, row.report_id, self._doing(), self.deadlines, reason=words)
        self._keep(Wish.DISPUTE, row)
        return Answer(texts.disputed(row.code, row.due_at, self.zone))

    # -- what it hangs on -----------------------------------------------------------------------------------------

    @cached_property
    def deadlines(self) -> Deadlines:
        return self.services.read_deadlines(self.db)

    @property
    def zone(self) -> ZoneInfo:
        return self.deadlines.calendar.timezone

    @property
    def today(self) -> date:
        return self._day_of(self.message.received_at)

    def _day_of(self, instant: datetime) -> date:
        return self.deadlines.calendar.get_day(instant)

    def _read_day(self, row: AnyRow) -> date | None:
        return read_day(self.message.text, today=self.today, due=self._day_of(row.due_at))

    def _doing(self) -> Doing:
        return Doing(self.by, Actor.LIAISON, self.message.received_at)

    def _find(self, assignment_id: int | None) -> AnyRow | None:
        if assignment_id is None:
            return None
        return by_liaison.find_theirs(self.db, self.staff_id, assignment_id=assignment_id)

    def _find_pictures(self) -> AnyRow | None:
        return by_liaison.find_photo_report(
            self.db, self.message.reporter_id, sent_at=self.message.sent_at, within=PICTURES_BEFORE
        )

    def _awaits(self, awaited: Awaited) -> bool:
        turn = self.turn
        if turn is None or turn.awaits is not awaited:
            return False
        return -self.services.rules.gather <= self.message.sent_at - turn.at <= ANSWER_LIFETIME

    def _is_listed_lately(self) -> bool:
        turn = self.turn
        return turn is not None and bool(turn.listed) and self.message.sent_at - turn.at <= PICTURES_AFTER

    def _is_reporting(self) -> bool:
        """Say whether they are in the middle of a report of a hazard that has words."""
        recent = gathering.list_recent(self.db, self.message.reporter_id)
        current = find_current(recent, self.message.sent_at, self.services.rules)
        if current is None or current.state is not ReportState.GATHERING:
            return False
        return bool(current.pieces.description) or current.pieces.voices > 0

    def _join_words(self) -> str:
        before = self.turn.words if self.turn is not None else ""
        return f"{before}\n{self.message.text}".strip()

    def _list(self, head: str, wish: Wish | None = None, words: str = "") -> str:
        """Return the numbered list and keep what its numbers mean; with a wish the next number is the choice."""
        open_ = assignments.list_open_assignments(self.db, self.staff_id)
        to_mend = [row for row in open_ if row.state == ReportState.ASSIGNED]
        awaits = Awaited.WHICH if wish is not None else Awaited.NOTHING
        turn = Turn(self.message.sent_at, wish or "", awaits, None, words, tuple(row.id for row in to_mend))
        keep_turn(self.db, self.staff_id, turn)
        if not open_:
            return ""
        listed = texts.list_assignments(to_mend, today=self.today, zone=self.zone, rectified=len(open_) - len(to_mend))
        tail = texts.HOW_TO_ANSWER if to_mend and wish is None else ""
        return "\n".join(filter(None, (head, listed, tail)))

    def _keep(self, wish: Wish, row: AnyRow, awaits: Awaited = Awaited.NOTHING, words: str = "") -> None:
        listed = self.turn.listed if self.turn is not None else ()
        keep_turn(self.db, self.staff_id, Turn(self.message.sent_at, wish.value, awaits, row.id, words, listed))
