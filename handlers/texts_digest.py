"""What reminders and the weekly digest say: short, in plain words, nobody blamed and nothing that a reporter said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.texts import quote
from storage.reports.overview import Figure

MOST_REMINDER = 120  # characters, as of every sentence of the bot
MOST_OFFICE, MOST_LEADER, MOST_UNIT = 400, 120, 200  # characters of a digest by chat (domain: 6.4)
NOTHING = "本周无"

_LISTED = 3
_PROBLEM, _UNIT = 12, 10  # characters of them that an item shows

# The word of each figure and what exactly it counts; the definitions stand at the foot of every digest.
LABELS: Mapping[Figure, str] = {
    Figure.RECEIVED: "收到",
    Figure.MERGED: "重复合并",
    Figure.DECLINED: "非安全或不予受理",
    Figure.EMERGENCY: "险情",
    Figure.DECIDED: "作了受理决定",
    Figure.ACCEPTED: "受理",
    Figure.CHECKED: "核查",
    Figure.VERIFIED: "属实",
    Figure.CLOSED: "已销号",
    Figure.TO_TELL: "该回告",
    Figure.TOLD: "已回告",
    Figure.ONGOING: "在办",
    Figure.SUSPECT: "疑似重大待核定",
    Figure.TO_ACCEPT: "待受理",
    Figure.TO_RECHECK: "待复查",
    Figure.PLEA: "申请待定",
    Figure.OVERDUE: "逾期未整改",
    Figure.RED: "红栏",
    Figure.YELLOW: "办结期限标黄",
    Figure.LATE: "办结期限标红",
    Figure.HANDED: "交办",
    Figure.MENDED: "报整改完成",
    Figure.STRUCK: "已销号",
    Figure.HELD: "手上的",
}
MEANINGS: Mapping[Figure, str] = {
    Figure.RECEIVED: "这一周报上来的，不含上报人自己撤回的",
    Figure.MERGED: "收到的里面，跟别的是同一件的",
    Figure.DECLINED: "收到的里面，不是安全隐患或不归这里管的",
    Figure.EMERGENCY: "收到的里面，正在发生的险情",
    Figure.DECIDED: "这一周决定受理或不予受理的",
    Figure.ACCEPTED: "这一周受理的，哪一周收到的都算，分母是作了受理决定的",
    Figure.CHECKED: "这一周去看过有结论的",
    Figure.VERIFIED: "这一周核实属实的，分母是去看过有结论的",
    Figure.CLOSED: "这一周销号的，分母是销号的加上在办的",
    Figure.TO_TELL: "这一周办结、有上报人可回的：销号、不予受理、不属实、移交",
    Figure.TOLD: "该回告的里面，结果已经送到的",
    Figure.ONGOING: "受理以后还没有办结的，按做摘要的时候算",
    Figure.SUSPECT: "险情和疑似重大里，还没有去看过的",
    Figure.TO_ACCEPT: "还没有作受理决定的",
    Figure.TO_RECHECK: "报了整改完成，等人去看的",
    Figure.PLEA: "联系人申请延期或提出异议，等镇里定的",
    Figure.OVERDUE: "交办了，过了期限没有报整改完成的，分母是交办以后还没有销号的",
    Figure.RED: "逾期满 5 天的，请打电话问，分母是逾期的",
    Figure.YELLOW: "离办结的最后期限不远了",
    Figure.LATE: "离办结的最后期限更近，先办",
    Figure.HANDED: "这一周交办给本单位的",
    Figure.MENDED: "这一周本单位报整改完成的",
    Figure.STRUCK: "这一周本单位销号的",
    Figure.HELD: "交办以后还没有销号的",
}
REMINDER_TITLE = "今天等您办的"
ESCALATION_TITLE = "超过期限，请马上看"
ACCEPTANCE_MEANING = "从报上来到作出受理，按上班时间折成的工作日"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a list: its code, what or whose it is, and how its time stands, such as 逾期 2 天."""

    code: str
    about: str
    due: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for the office on a working day."""

    counts: Mapping[Figure, int]  # to accept, to recheck, pleas
    overdue: Sequence[Item]  # came to two or five days after their term
    aged: Sequence[Item]  # came near the limit of the whole


def remind(items: Sequence[Item], *, most: int = MOST_REMINDER) -> str:
    """Return the one merged reminder of a day to a liaison."""
    for listed in range(min(_LISTED, len(items)), 0, -1):
        lines = [f"{item.code} {quote(item.about, _PROBLEM)}，{item.due}" for item in items[:listed]]
        more = f"\n另有 {len(items) - listed} 件，回“我的任务”看。" if len(items) > listed else ""
        said = f"【请整改】{len(items)} 件等您办：\n" + "\n".join(lines) + f"{more}\n改好拍照发来，带上编号。"
        if len(said) <= most:
            return said
    return f"【请整改】{len(items)} 件等您办，回“我的任务”看，改好拍照发来。"


def to_review(waiting: Waiting, *, most: int = MOST_REMINDER) -> str:
    """Return the one merged message of a day to a reviewer; empty when nothing waits."""
    counts = [f"{LABELS[figure]} {count}" for figure, count in waiting.counts.items() if count]
    for listed in range(_LISTED, -1, -1):
        parts = ["、".join(counts)] if counts else []
        parts += _list_codes("逾期请打电话问", waiting.overdue, listed)
        parts += _list_codes("快到办结期限", waiting.aged, listed)
        said = f"【今天等您办】{'；'.join(parts)}。"
        if not parts:
            return ""
        if len(said) <= most:
            return said
    return said


def escalate(code: str, word: str, due: str) -> str:
    """Return what reviewers are told, at any hour, of a grave report whose time has run out."""
    return f"【请马上看】{code} {word}，{due}，还没有办，请打电话催办。"


def list_items(items: Sequence[Item], count: int, listed: int) -> str:
    """Return a count with the first of its items, such as 2：2611-009 东坪村用电（逾期 5 天）等."""
    if not listed or not items:
        return str(count)
    shown = "；".join(f"{item.code} {quote(item.about, _UNIT + _PROBLEM)}（{item.due}）" for item in items[:listed])
    return f"{count}：{shown}" + ("等" if count > min(listed, len(items)) else "")


def _list_codes(word: str, items: Sequence[Item], listed: int) -> list[str]:
    if not items:
        return []
    shown = "、".join(f"{item.code} {item.due}" for item in items[:listed])
    more = f" 等 {len(items)} 件" if len(items) > listed else ""
    return [f"{word}：{shown}{more}" if listed else f"{word} {len(items)} 件"]


def digest_title(week: str) -> str:
    """Return the subject of the mail that brings a digest."""
    return f"随手拍周摘要 {week}"


def ledger_name(week: str) -> str:
    """Return the name of the file that goes with it."""
    return f"隐患排查治理台账 {week}.xlsx"
