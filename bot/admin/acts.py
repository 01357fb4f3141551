"""Each step that a reviewer takes on a report's page: what its form says, and what the page answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import request
from sqlalchemy import Connection

from bot import words
from bot.admin import telling
from bot.admin.forms import LONGEST_SAYING, RefusedError, read_day, read_text
from handlers import steps
from handlers.texts_steps import say_day
from storage.errors import AlreadyExtendedError, ForbiddenTransitionError
from storage.reports import verdicts
from storage.reports.assignments import find_open_assignment
from storage.reports.deadlines import Deadlines
from storage.reports.queue import find_report
from storage.reports.search import find_code
from storage.reports.tables import ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import Action, Actor, list_actions
from storage.types import AnyRow

NOT_INTO = "不能合并到 {code}：它就是这一条，或者已经合并、没受理、被撤回了。换一条。"
NO_SUCH = "没有找到编号 {code}。看看是不是少了一位，样子像 {example}。"
WRONG_UNTIL = "新期限要晚于原来的 {day}，最多往后延 {days} 天。"
PAST_DAY = "期限不能早于今天。"
LONGEST_AUTHORITY = 80  # characters


@dataclass(frozen=True, slots=True)
class Desk:
    """A report in front of a reviewer: who, when, with which version of it, in which calendar."""

    report: AnyRow
    by: str
    now: datetime
    version: int
    deadlines: Deadlines

    @property
    def doing(self) -> Doing:
        """Return the step's who and when, with nothing said to the reporter but the usual."""
        return Doing(self.by, Actor.REVIEWER, self.now, self.version)

    def about(self, action: Action, **fills: object) -> tuple[int, Doing, Deadlines]:
        """Return what every verdict takes first, with what the form says to the reporter."""
        says = ""
        if telling.tells_reporter(action, self.report):
            typed = read_text("says", most=LONGEST_SAYING)
            says = telling.finish(typed, self.report, self.deadlines, **fills)  # type: ignore[arg-type]
        return self.report.id, Doing(self.by, Actor.REVIEWER, self.now, self.version, says), self.deadlines


Act = Callable[[Connection, Desk], str]


def read_due(desk: Desk, field: str, *, need: str = "") -> datetime | None:
    """Return the end of the day that a date field names; the past is refused."""
    day = read_day(field)
    if day is None:
        if need:
            raise RefusedError(need, field)
        return None
    if day < desk.deadlines.calendar.get_day(desk.now):
        raise RefusedError(PAST_DAY, field)
    return desk.deadlines.calendar.end_day(day)


def _accept(db: Connection, desk: Desk) -> str:
    steps.take_step(db, verdicts.accept, *desk.about(Action.ACCEPT))
    return f"{desk.report.code} 已受理，到“在办”里去了。"


def _decline(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="要写一句为什么，上报人问起来好回话。")
    steps.take_step(db, verdicts.decline, *desk.about(Action.DECLINE, reason=reason), reason=reason)
    return f"{desk.report.code} 不予受理，理由记下了。"


def _merge(db: Connection, desk: Desk) -> str:
    typed = request.form.get("into", "").strip()[:20]
    example = f"{desk.report.code.partition('-')[0]}-001"
    code = find_code(typed.lstrip("#＃"))
    master = None if code is None else find_report(db, code)
    if master is None:
        raise RefusedError(NO_SUCH.format(code=typed, example=example), "into")
    try:
        steps.take_step(db, verdicts.merge, *desk.about(Action.MERGE), into_id=master.id)
    except ForbiddenTransitionError as error:
        if Action.MERGE in list_actions(ReportState(desk.report.state)):
            raise RefusedError(NOT_INTO.format(code=master.code), "into") from error
        raise
    return f"{desk.report.code} 已合并到 {master.code}。"


def _transfer(db: Connection, desk: Desk) -> str:
    authority = read_text("authority", most=LONGEST_AUTHORITY, need="写上移交给哪个部门。")
    reason = read_text("reason", need="写一句为什么移交。")
    reply_due_at = read_due(desk, "reply_on")
    about = desk.about(Action.TRANSFER, reason=reason, unit=authority)
    steps.take_step(db, verdicts.transfer, *about, authority=authority, reason=reason, reply_due_at=reply_due_at)
    return f"{desk.report.code} 已移交给{authority}。"


def _verify(db: Connection, desk: Desk) -> str:
    steps.take_step(db, verdicts.verify, *desk.about(Action.VERIFY), note=read_text("note"))
    return f"{desk.report.code} 核实属实，下一步交办。"


def _unfounded(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句去看了是什么情况，上报人要听的。")
    steps.take_step(db, verdicts.find_unfounded, *desk.about(Action.UNFOUNDED, reason=reason), reason=reason)
    return f"{desk.report.code} 记为不属实。"


def _rectify(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句怎么知道改好了，比如谁打的电话。")
    steps.take_step(db, verdicts.rectify, *desk.about(Action.RECTIFY, reason=reason), note=reason)
    return f"{desk.report.code} 记为整改完成，等另一个人复查销号。"


def _return(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句哪里没改好，联系人好再改。")
    due_at = read_due(desk, "due_on", need="定一个新的期限。")
    if due_at is None:
        raise RefusedError("定一个新的期限。", "due_on")
    about = desk.about(Action.RETURN, reason=reason, due_at=due_at)
    steps.take_step(db, verdicts.return_, *about, reason=reason, due_at=due_at)
    return f"{desk.report.code} 退回再改，期限 {_say(due_at, desk)}。"


def _close(db: Connection, desk: Desk) -> str:
    steps.take_step(db, verdicts.close, *desk.about(Action.CLOSE), note=read_text("note"))
    return f"{desk.report.code} 已销号。"


def _reopen(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句为什么重新办。")
    steps.take_step(db, verdicts.reopen, *desk.about(Action.REOPEN, reason=reason), reason=reason)
    return f"{desk.report.code} 重新办，回到“待办”里了。"


def _withdraw(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句为什么不再办了。")
    steps.take_step(db, verdicts.withdraw, *desk.about(Action.WITHDRAW, reason=reason), reason=reason)
    return f"{desk.report.code} 撤下来了，不再办。"


def _ask(db: Connection, desk: Desk) -> str:
    question = read_text("reason", most=200, need="写上要问什么。")
    if desk.report.reporter_id is None:
        raise RefusedError("不知道是谁报的，问不了。", "reason")
    steps.take_step(db, verdicts.ask, *desk.about(Action.ASK, reason=question), question=question)
    return f"问上报人的话放进发件箱了，等答的时候 {desk.report.code} 不计时。"


def _extend(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句为什么准延期。")
    until = read_due(desk, "until_on", need="写上延到哪天。")
    assignment = find_open_assignment(db, desk.report.id)
    if until is None or assignment is None:
        raise RefusedError("写上延到哪天。", "until_on")
    about = desk.about(Action.EXTEND, reason=reason, due_at=until)
    try:
        steps.take_step(db, verdicts.extend, *about, until=until, reason=reason)
    except AlreadyExtendedError:
        raise
    except ForbiddenTransitionError as error:
        if Action.EXTEND in list_actions(ReportState(desk.report.state)):
            said = WRONG_UNTIL.format(day=_say(assignment.due_at, desk), days=desk.deadlines.extension.days)
            raise RefusedError(said, "until_on") from error
        raise
    return f"{desk.report.code} 准予延期到 {_say(until, desk)}。"


def _refuse_extension(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句为什么不准，联系人要听的。")
    steps.take_step(db, verdicts.refuse_extension, desk.report.id, desk.doing, desk.deadlines, reason=reason)
    return f"{desk.report.code} 不准延期，已经告诉联系人。"


def _dismiss_dispute(db: Connection, desk: Desk) -> str:
    reason = read_text("reason", need="写一句为什么还是他们办，联系人要听的。")
    steps.take_step(db, verdicts.dismiss_dispute, desk.report.id, desk.doing, desk.deadlines, reason=reason)
    return f"{desk.report.code} 照原样办，已经告诉联系人。"


def _recategorise(db: Connection, desk: Desk) -> str:
    category, level = request.form.get("category", ""), request.form.get("level", "")
    if category not in words.CATEGORIES or level not in words.LEVELS:
        raise RefusedError("类别和等级要从单子里选。", "category")
    steps.take_step(
        db, verdicts.recategorise, desk.report.id, desk.doing, desk.deadlines, category=category, level=level
    )
    return f"改成了：{words.CATEGORIES[category]}，{words.LEVELS[level]}。"


def _add_note(db: Connection, desk: Desk) -> str:
    note = read_text("note", need="还没有写字。")
    steps.take_step(db, verdicts.add_note, desk.report.id, desk.doing, desk.deadlines, note=note)
    return "备注记下了。"


def _say(instant: datetime, desk: Desk) -> str:
    return say_day(instant, desk.deadlines.calendar.timezone)


# What the page can do, by action; an assignment has a page of its own.
ACTS: Mapping[Action, Act] = {
    Action.ACCEPT: _accept,
    Action.DECLINE: _decline,
    Action.MERGE: _merge,
    Action.TRANSFER: _transfer,
    Action.VERIFY: _verify,
    Action.UNFOUNDED: _unfounded,
    Action.RECTIFY: _rectify,
    Action.RETURN: _return,
    Action.CLOSE: _close,
    Action.REOPEN: _reopen,
    Action.WITHDRAW: _withdraw,
    Action.ASK: _ask,
    Action.EXTEND: _extend,
    Action.REFUSE_EXTENSION: _refuse_extension,
    Action.DISMISS_DISPUTE: _dismiss_dispute,
    Action.RECATEGORISE: _recategorise,
    Action.ADD_NOTE: _add_note,
}
