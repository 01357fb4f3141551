"""What happened to a report, in order of time: steps, what was sent to whom and whether it arrived, answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot import words
from storage.outbox import NoticeState, list_report_notices
from storage.reports.questions import QuestionKind, list_questions
from storage.reports.queue import list_history
from storage.staff import find_staff
from storage.types import AnyRow


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    title: str
    kind: str  # step, notice or answer
    who: str = ""
    moved: str = ""  # such as 待受理 → 已受理
    said: str = ""
    outcome: str = ""
    is_bad: bool = False


def list_entries(db: Connection, report_id: int) -> list[Entry]:
    """Return everything that happened to a report, oldest first."""
    entries = [
        *_list_steps(db, list_history(db, report_id)),
        *(_to_entry(notice) for notice in list_report_notices(db, report_id)),
        *_list_answers(list_questions(db, report_id)),
    ]
    return sorted(entries, key=lambda entry: entry.at)  # a step stays before what it told


def say_who(db: Connection, by: str) -> str:
    """Return the name of whoever did something."""
    if by == "bot":
        return "机器人"
    if by == "reporter":
        return "上报人"
    username = by.removeprefix("staff:")
    row = find_staff(db, username)
    return username if row is None else str(row.display_name)


def say_outcome(notice: AnyRow) -> str:
    """Return what became of a notice, no better than it is known."""
    match NoticeState(notice.state):
        case NoticeState.SENT:
            return f"已送到{words.CHANNELS.get(notice.channel, notice.channel)}"
        case NoticeState.HELD:
            person = "上报人" if notice.recipient.startswith("reporter:") else "对方"
            return f"等{person}下次发消息时送出"
        case NoticeState.FAILED:
            return f"没送到：{words.say_notice_reason(notice.reason)}"
        case NoticeState.DROPPED:
            return f"没有发：{words.say_notice_reason(notice.reason)}" if notice.reason else "不用发了"
    return words.NOTICE_STATES[notice.state]


def _list_steps(db: Connection, history: Sequence[AnyRow]) -> list[Entry]:
    names = {by: say_who(db, by) for by in {step.by for step in history}}
    return [
        Entry(
            step.at,
            words.HISTORY_ACTIONS.get(step.action, "改动"),
            "step",
            names[step.by],
            f"{words.STATES.get(step.from_state, '')} → {words.STATES.get(step.to_state, '')}"
            if step.from_state and step.to_state and step.from_state != step.to_state
            else "",
            words.say_note(step.action, step.note),
        )
        for step in history
    ]


def _to_entry(notice: AnyRow) -> Entry:
    if notice.recipient.startswith("reporter:"):
        title = "告诉上报人"
    elif notice.recipient.startswith("staff:"):
        title = f"发给{notice.display_name}"
    else:
        title = "通知值班"
    is_bad = notice.state in {NoticeState.FAILED, NoticeState.MAYBE}
    return Entry(notice.created_at, title, "notice", said=notice.words, outcome=say_outcome(notice), is_bad=is_bad)


def _list_answers(asked: Sequence[AnyRow]) -> list[Entry]:
    return [
        Entry(question.answered_at, f"上报人答：{words.FIXED_ANSWERS[question.answer]}", "answer")
        for question in asked
        if question.kind == QuestionKind.FIXED and question.answered_at and question.answer in words.FIXED_ANSWERS
    ]
