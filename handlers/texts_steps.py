"""What people are told of a step in the loop: reporters, liaisons and reviewers, a sentence each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.texts import quote
from storage.reports.assignments import HandOver
from storage.reports.transitions import Action

# What the office may put into its own wording, and what stands there.
PLACEHOLDERS = ("编号", "理由", "期限", "单位")
_PLACEHOLDER = re.compile("{(" + "|".join(PLACEHOLDERS) + ")}")

FIXED_QUESTION = "您看改好没有？回 1 改好了，回 2 没改，回 3 不知道。"

TO_REPORTER: Mapping[Action, str] = {
    Action.ACCEPT: "您报的 {编号} 受理了，会有人去看。回“进度”随时能查。",
    Action.DECLINE: "您报的 {编号} 没有受理：{理由}。有新情况可以再发来。",
    Action.MERGE: "您报的 {编号} 跟别人说的是同一件事，并在一起办，结果照样告诉您。",
    Action.TRANSFER: "您报的 {编号} 镇里管不了，转给{单位}办了，我们会去问结果。",
    Action.VERIFY: "您报的 {编号} 去看过了，情况属实，接着派人整改。",
    Action.UNFOUNDED: "您报的 {编号} 派人去看过：{理由}。要是还在，再拍一张发来。",
    Action.ASSIGN: "您报的 {编号} 派下去整改了，要求 {期限} 前改好。",
    Action.RECTIFY: "您报的 {编号} 那边说改好了，镇里再去复查。",
    Action.RETURN: "您报的 {编号} 复查没过，退回去重新改。",
    Action.CLOSE: "您报的 {编号} 改好了，复查过了，多亏您说一声。",
    Action.REOPEN: "您报的 {编号} 重新办了，有结果告诉您。",
    Action.WITHDRAW: "您报的 {编号} 不再办了：{理由}。",
    Action.ASK: "您报的 {编号}，想再问一句：{理由} 直接回就行。",
    Action.EXTEND: "您报的 {编号}，整改延到 {期限}。",
}
# In place of the usual sentence when what it is merged into is done with: nothing more will come.
MERGED_INTO_DONE = "您报的 {编号} 跟别人说的是同一件事，那件已经办完了。要是还在，再拍一张发来。"
TAKEN_AWAY = "{编号} 改派给别人了，不用您那边办了。"
TO_LIAISON: Mapping[Action, str] = {
    Action.RETURN: "【退回再改】{编号} 复查没过：{理由}。{期限} 前再改一次，改好拍照发来，说“{编号} 整改好了”。",
    Action.CLOSE: "{编号} 复查过了，已经销号，辛苦。",
    Action.MERGE: "{编号} 跟别的并在一起了，这一条不用您那边办了。",
    Action.TRANSFER: "{编号} 转给别的部门了，不用您那边办了。",
    Action.UNFOUNDED: "{编号} 核过了，不用您那边办了。",
    Action.WITHDRAW: "{编号} 撤了，不用您那边办了。",
    Action.EXTEND: "{编号} 准了，延到 {期限}。延期只有这一次。",
    Action.REFUSE_EXTENSION: "{编号} 的延期没有准：{理由}。还是请 {期限} 前改好。",
    Action.DISMISS_DISPUTE: "{编号} 核过了，还是请您那边办：{理由}。期限 {期限}。",
}
TO_REVIEWERS: Mapping[Action, str] = {
    Action.RECTIFY: "{编号} {单位}报整改完成，等着复查。",
    Action.REOPEN: "{编号} 上报人说没改好，重新办。",
    Action.ANSWER: "{编号} 上报人补充了情况，请看。",
    Action.REQUEST_EXTENSION: "{编号} {单位}申请延期：{理由}。",
    Action.DISPUTE: "{编号} {单位}说不属实或者不归他们：{理由}。",
}


def fill(wording: str, *, code: str, reason: str = "", due_at: datetime | None, unit: str, zone: ZoneInfo) -> str:
    """Return a wording with its placeholders filled; what is not one of PLACEHOLDERS stays as it is.

    What is filled in is not looked at again, so a reason may speak of {编号} without anything happening.
    """
    values = {
        "编号": code,
        "理由": quote(reason, 300).rstrip("。"),
        "期限": "" if due_at is None else say_day(due_at, zone),
        "单位": quote(unit, 80),
    }
    if not values["理由"]:
        wording = wording.replace("：{理由}", "")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], wording)


def assignment(code: str, hand_over: HandOver, zone: ZoneInfo) -> str:
    """Return what a liaison is sent, which is all that the unit learns; the reviewer previews this very text."""
    origin = "镇里例行检查发现" if hand_over.is_inspection else "镇里收到反映"
    return (
        f"【请整改】{code}\n来由：{origin}\n地点：{hand_over.place}\n问题：{hand_over.problem}\n"
        f"要求：{hand_over.requirement}\n期限：{say_day(hand_over.due_at, zone)}\n"
        f"看到了回“收到”。改好拍照发来，说“{code} 整改好了”。时间不够回“{code} 还要三天”。"
    )


def say_day(instant: datetime, zone: ZoneInfo) -> str:
    """Return a day as people say it, such as 12月3日."""
    local = instant.astimezone(zone)
    return f"{local.month}月{local.day}日"
