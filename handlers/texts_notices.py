"""What notices say by themselves: that the duty has been told, what stands above a mail and in a template's fields."""

from __future__ import annotations

from collections.abc import Mapping

from storage.outbox import Purpose
from storage.reports.transitions import Action

ACCOUNT = "随手拍"

TITLES: Mapping[Purpose, str] = {
    Purpose.PROGRESS: "您报的隐患有进展",
    Purpose.QUESTION: "您报的隐患，想问您一句",
    Purpose.DUTY_TOLD: "已通知值班人员",
    Purpose.ASSIGNMENT: "有一条隐患请整改",
    Purpose.RETURNED: "有一条隐患要再改一次",
    Purpose.SETTLED: "交办的隐患有结果了",
    Purpose.REMINDER: "今天要办的隐患",
    Purpose.TO_REVIEW: "有一条隐患等您看",
    Purpose.DIGEST: "上周情况",
    Purpose.ALARM: "险情",
    Purpose.CONCEALED: "有一条保密线索",
}

# At most five characters each, which is all that a phrase may have.
STATES: Mapping[Purpose, str] = {
    Purpose.PROGRESS: "有进展",
    Purpose.QUESTION: "想问您",
    Purpose.DUTY_TOLD: "已通知值班",
    Purpose.ASSIGNMENT: "请整改",
    Purpose.RETURNED: "退回再改",
    Purpose.SETTLED: "有结果",
    Purpose.REMINDER: "请整改",
    Purpose.TO_REVIEW: "等您看",
    Purpose.DIGEST: "周摘要",
    Purpose.ALARM: "险情",
    Purpose.CONCEALED: "保密线索",
}
STEPS: Mapping[str, str] = {
    Action.ACCEPT.value: "已受理",
    Action.DECLINE.value: "不予受理",
    Action.MERGE.value: "合并办理",
    Action.TRANSFER.value: "已移交",
    Action.VERIFY.value: "已核实",
    Action.UNFOUNDED.value: "不属实",
    Action.ASSIGN.value: "整改中",
    Action.RECTIFY.value: "待复查",
    Action.RETURN.value: "退回再改",
    Action.CLOSE.value: "已销号",
    Action.REOPEN.value: "重新办",
    Action.EXTEND.value: "已延期",
}
HINT = "回“进度”看详情"


def duty_told(code: str) -> str:
    """Return what the reporter of an emergency hears once a channel of the duty has accepted the alarm."""
    return f"编号 {code}：已通知值班人员。您先顾好自己，情况有变随时发来；该打 119、120 的电话还是要打。"


def title(purpose: Purpose, code: str = "") -> str:
    """Return what stands above a mail."""
    return f"{ACCOUNT}：{TITLES[purpose]}" + (f"（{code}）" if code else "")


def state(purpose: Purpose, subject: str) -> str:
    """Return where a report stands, in at most five characters: the step that the subject names, else the purpose."""
    return STEPS.get(subject.split(":")[2], STATES[purpose]) if subject.count(":") >= 2 else STATES[purpose]


def see_photos(url: str) -> str:
    """Return the line that leads a liaison to the photos of what is to be mended."""
    return f"看照片：{url}"
