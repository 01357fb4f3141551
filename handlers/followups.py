"""What a reporter says about a report that was submitted: whether it is mended, what was asked for, and by receipt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from handlers import standing
from handlers import texts_followups as texts
from handlers.answers import Answer
from handlers.classify import Category, Intent
from handlers.conversation import find_current, list_missing, phrases
from handlers.conversation.pieces import append_words, is_same_place
from handlers.message import Kind, Message
from handlers.services import Services
from handlers.steps import take_step
from storage import bindings
from storage.errors import ForbiddenTransitionError, TooLateError
from storage.reports import gathering, questions, verdicts
from storage.reports.gathering import Pieces, RecentReport
from storage.reports.merging import find_master
from storage.reports.questions import QuestionKind
from storage.reports.receipts import find_by_receipt
from storage.reports.taking import Doing, lock
from storage.reports.transitions import Actor
from storage.types import AnyRow

FIXED, NOT_FIXED, UNKNOWN = "fixed", "not_fixed", "unknown"

_END = "(?:[了啦乐啊呀哈的呢]|谢谢您?|多谢|辛苦)*"
_MENDED = "(?:修|改|弄|整改|整|换|清|装|补|处理|办|盖|填)"
_LEAD = "(?:看了|去看了|看过了|我看了?|我看见|真的?|确实|我|俺|这个|那个|那儿|现在|是|还是|都|也|好像|今天|早就|已经?)*"
_ANSWERS = (
    (
        NOT_FIXED,
        f"{_LEAD}(?:2|二|没(?:有)?(?:{_MENDED}(?:好|完)?|好|动|变|人来|人管|人修|见人)|还没(?:有)?{_MENDED}?(?:好|完)?"
        f"|还(?:是)?(?:那样|老样子|坏着|坏的|没)|(?:还是)?(?:那样|老样子)|根本没.{{0,6}}|又坏|假的|骗人|不行|没有|没)"
        f"(?:{_MENDED}|好|完|动)*",
    ),
    (
        FIXED,
        f"{_LEAD}(?:1|一|(?:都)?{_MENDED}(?:好|完|上|过|妥)|(?:都)?好|没问题|可以|{_MENDED}(?=[了啦乐])|好着呢|弄妥|解决|不错)",
    ),
    (
        UNKNOWN,
        f"{_LEAD}(?:3|三|不知道|不清楚|不晓得|不确定|说不(?:清|准|好)|没(?:去)?(?:看|注意|留意|过去|路过)|没顾上|不在家|在外地)",
    ),
)
_PATTERNS = tuple((answer, re.compile(pattern + _END)) for answer, pattern in _ANSWERS)
# Words that answer "where?" or end a report as well: they belong to the report that is being gathered.
_LOOSE = re.compile("(?:好|完|可以|不知道|不清楚|不晓得|没有|没|一|二|三)" + _END)
_CODE = re.compile("(?<![0-9-])[1-9][0-9]{3}[-‐-―－_—][0-9]{3,5}(?![0-9-])")
_RECEIPT = re.compile(
    r"(?:查一下|查一查|查询|查看|查|进度|看看|看一下|编号|回执|[:,，\s])*"
    r"([1-9]\d{3})[-‐-―－_—](\d{3,5})[\s,，;；:：、和的]*(?:口令|密码|暗号)?(?:是|为)?[\s:：,，]*(?<!\d)(\d{4})[\s。.]*"
)
_NO_ANSWER = frozenset(
    {
        Intent.STATUS_QUERY, Intent.WITHDRAWAL, Intent.HELP, Intent.PRIVACY_QUESTION, Intent.REWARD_QUESTION,
        Intent.SAFETY_QUESTION, Intent.NON_SAFETY, Intent.SPAM, Intent.CHECK_IN, Intent.ACTIVITY_RECORD,
        Intent.ACKNOWLEDGEMENT, Intent.SMALL_TALK,
    }
)  # fmt: skip


def register(robot: Any, services: Services) -> None:
    """Attach the handler of receipts; answers to questions are asked for by `hazards`, which knows the reports."""

    @robot.text
    @robot.voice
    def look_up(message: Message, db: Connection) -> Answer | None:
        found = _RECEIPT.fullmatch(unicodedata.normalize("NFKC", message.text.strip())[:80])
        return None if found is None else _show_by_receipt(message, db, services, f"{found[1]}-{found[2]}", found[3])


def hear(message: Message, db: Connection, services: Services, recent: Sequence[RecentReport]) -> Answer | None:
    """Take in the answer to an open question; None when there is none, or when the message is about something else."""
    heard = message.understanding
    if heard.emergency is not None or message.kind not in (
        Kind.TEXT,
        Kind.VOICE,
        Kind.IMAGE,
        Kind.VIDEO,
        Kind.LOCATION,
    ):
        return None
    if not questions.is_asked(db, message.reporter_id):
        return None
    open_ = questions.list_open_questions(db, message.reporter_id)
    current = find_current(recent, message.sent_at, services.rules)
    asked = _pick(open_, heard.report_code, QuestionKind.FIXED)
    answer = read_answer(message.text)
    if asked is not None and answer and not (_is_elsewhere(current, asked) and _is_loose(message.text)):
        return _hear_fixed(message, db, services, asked, answer)
    asked = _pick(open_, heard.report_code, QuestionKind.MORE)
    if asked is None or _is_elsewhere(current, asked):
        return None
    return _hear_more(message, db, services, asked)


def read_answer(words: str) -> str:
    """Return fixed, not_fixed or unknown as it is said in words or by a number; nothing for anything else."""
    plain = _strip(words)
    return next((answer for answer, pattern in _PATTERNS if pattern.fullmatch(plain)), "")


def _is_elsewhere(current: RecentReport | None, asked: AnyRow) -> bool:
    """Say whether they are in the middle of telling about something else."""
    return current is not None and current.id != asked.report_id


def _is_loose(words: str) -> bool:
    return _LOOSE.fullmatch(_strip(words)) is not None


def _strip(words: str) -> str:
    plain = _CODE.sub("", unicodedata.normalize("NFKC", words[:100]))
    return "".join(letter for letter in plain if letter.isalnum())


def _pick(open_: Sequence[AnyRow], code: str, kind: QuestionKind) -> AnyRow | None:
    """Return the newest question of a kind, or the one about the report that is named."""
    return next((asked for asked in open_ if asked.kind == kind and code in ("", asked.code)), None)


# -- is it mended ---------------------------------------------------------------------------------------------------


def _hear_fixed(message: Message, db: Connection, services: Services, asked: AnyRow, answer: str) -> Answer:
    master_id = find_master(db, asked.report_id)
    lock(db, asked.report_id, master_id)
    questions.answer(db, asked.id, answer, now=message.received_at)
    if answer == FIXED:
        return Answer(texts.fixed(asked.code), asked.report_id)
    if answer == UNKNOWN:
        return Answer(texts.unknown(asked.code), asked.report_id)
    deadlines = services.read_deadlines(db)
    doing = Doing("reporter", Actor.REPORTER, message.received_at)
    try:
        take_step(db, verdicts.reopen, master_id, doing, deadlines, reason=message.text)
    except TooLateError:
        again = _open_again(message, db, asked)
        return Answer(texts.not_fixed_too_late(asked.code, again.code), again.id)
    except ForbiddenTransitionError:  # somebody else whose report is a part of the same has said so before
        return Answer(texts.not_fixed_already(asked.code), asked.report_id)
    return Answer(texts.not_fixed(asked.code), asked.report_id)


def _open_again(message: Message, db: Connection, asked: AnyRow) -> RecentReport:
    """Open a report of the same place and kind that goes on with the one that was closed."""
    own = gathering.list_own(db, message.reporter_id, code=asked.code)
    before = own[0].pieces if own else Pieces()
    pieces = Pieces(
        description=f"{asked.code} 说改好了，还没改：{message.text}\n{before.description}".strip(),
        place_label=before.place_label,
        latitude=before.latitude,
        longitude=before.longitude,
        messages=1,
        category=before.category,
        level=max(before.level, "P1"),  # what was happening then is not happening now
        unit_id=before.unit_id,
        is_anonymous=before.is_anonymous,
    )
    pieces = replace(pieces, missing=",".join(list_missing(pieces)))
    now = message.received_at
    again = gathering.open_report(
        db, reporter_id=message.reporter_id, pieces=pieces, sent_at=message.sent_at, gather_until=None, now=now
    )
    verdicts.continue_report(db, again.id, asked.report_id)
    return again


# -- what the office wanted to know ------------------------------------------------------------------------------------


def _hear_more(message: Message, db: Connection, services: Services, asked: AnyRow) -> Answer | None:
    own = gathering.list_own(db, message.reporter_id, code=asked.code)
    if not own or not _is_answer(message, own[0]):
        return None
    report = own[0]
    pieces = _add(report.pieces, message, services)
    if pieces is None:
        return None
    added = gathering.add_pieces(
        db, report, pieces, sent_at=message.sent_at, gather_until=None, now=message.received_at
    )
    doing = Doing("reporter", Actor.REPORTER, message.received_at)
    try:
        take_step(db, verdicts.hear_answer, report.id, doing, services.read_deadlines(db), question=asked)
    except ForbiddenTransitionError:  # it was settled meanwhile; what was said is kept with it
        questions.end_questions(db, report.id, now=message.received_at)
    return Answer(texts.answer_heard(report.code, added.pieces), report.id, keeps_media=True)


def _is_answer(message: Message, report: RecentReport) -> bool:
    """Say whether a message can be the answer, and is not plainly a report of something else."""
    heard, text = message.understanding, message.text
    if message.kind in (Kind.IMAGE, Kind.VIDEO, Kind.LOCATION) or not text.strip():
        return message.kind is not Kind.TEXT
    if heard.intent in _NO_ANSWER and not any(letter.isdigit() for letter in text):
        return False
    if heard.intent in (Intent.STATUS_QUERY, Intent.WITHDRAWAL, Intent.SPAM, Intent.HELP, Intent.NON_SAFETY):
        return False
    if heard.anonymous or heard.another or phrases.begins_another(text) or phrases.is_unsupported(text):
        return False
    before = report.pieces
    is_other_kind = Category.UNK not in (before.category, heard.category) and before.category != heard.category
    is_other_place = bool(before.place_label and heard.place) and not is_same_place(before.place_label, heard.place)
    return not (heard.intent is Intent.HAZARD and is_other_kind and is_other_place)


def _add(before: Pieces, message: Message, services: Services) -> Pieces | None:
    """Return what the report knows with the answer; None when there is nothing in it."""
    heard, place = message.understanding, message.place
    pieces = replace(before, messages=before.messages + 1)
    match message.kind:
        case Kind.IMAGE:
            pieces = replace(pieces, photos=before.photos + 1)
        case Kind.VIDEO:
            pieces = replace(pieces, videos=before.videos + 1)
        case Kind.VOICE:
            pieces = replace(pieces, voices=before.voices + 1)
        case Kind.LOCATION:
            if place is None or (place.latitude is None and not place.label.strip()):
                return None
            pieces = replace(
                pieces,
                place_label=place.label or before.place_label,
                latitude=place.latitude if place.latitude is not None else before.latitude,
                longitude=place.longitude if place.longitude is not None else before.longitude,
            )
    if message.text.strip():
        is_place = not before.place_label and phrases.is_place(message.text, heard.place)
        label = phrases.name_place(message.text) if is_place else heard.place
        pieces = replace(
            pieces,
            description=append_words(before.description, message.text),
            place_label=(before.place_label or label)[:200],
            category=heard.category.value if before.category == Category.UNK else before.category,
        )
    unit_id = before.unit_id or services.unit_ids.get(heard.unit or "")
    pieces = replace(pieces, unit_id=unit_id)
    return replace(pieces, missing=",".join(list_missing(pieces)))


# -- by receipt -------------------------------------------------------------------------------------------------------


def _show_by_receipt(message: Message, db: Connection, services: Services, code: str, word: str) -> Answer | None:
    """Return where a report stands for whoever has its word; wrong ones are limited and all sound alike."""
    now, who = message.received_at, message.reporter_id
    own = gathering.list_own(db, who, code=code)
    if own:
        return Answer(texts.by_receipt(code, standing.say_standing(db, own[0].id, services)))
    if not bindings.may_guess(db, who, bindings.Purpose.RECEIPT, now=now):
        return Answer(texts.RECEIPT_PAUSED)
    found = find_by_receipt(db, code=code, word=word)
    if found is None:
        bindings.count_guess(db, who, bindings.Purpose.RECEIPT, now=now)
        return Answer(texts.WRONG_RECEIPT)
    bindings.forget_guesses(db, who, bindings.Purpose.RECEIPT)
    return Answer(texts.by_receipt(found.code, standing.say_standing(db, found.id, services)))
