"""What a liaison is answered by chat: short, and never a word of the reporter's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers.texts import MAX_REPLY_BYTES, quote
from handlers.texts_steps import say_day
from storage.types import AnyRow

NOTHING_TO_MEND = "您那边现在没有要办的。看到隐患，拍照或说一句就行。"
NOTHING_FOR_PEOPLE = "您那边现在没有要办的，这话转给镇里的人看了。"
ALL_RECTIFIED = "您那边的都报过整改了，等着镇里复查。"
ASK_WHICH = "是哪一条？回数字就行。"
ASK_ONE_BY_ONE = "一条一条说，照片才不会弄混。先说哪一条？回数字。"
NO_SUCH_NUMBER = "没有这个数。您那边要办的是这些，回数字："
PHOTO_LATER = "好，拍了发来就行。"
HOW_TO_ANSWER = "改好拍照发来，说“1 整改好了”；时间不够说“1 还要三天”。"

_ROOM = MAX_REPLY_BYTES - 240  # for the sentences around a list


def list_assignments(rows: Sequence[AnyRow], *, today: date, zone: ZoneInfo, rectified: int = 0) -> str:
    """Return what a liaison has to mend, numbered, a line each, as many as one answer holds."""
    lines: list[str] = []
    used = 0
    for number, row in enumerate(rows, start=1):
        line = f"{number} {row.code} {quote(row.place, 14)}，{say_due(row.due_at, today=today, zone=zone)}"
        used += len(line.encode()) + 1
        if used > _ROOM:
            lines.append(f"还有 {len(rows) - number + 1} 条，办完上面的再看。")
            break
        lines.append(line)
    if rectified:
        lines.append(f"另有 {rectified} 条报过整改，等着复查。")
    return "\n".join(lines)


def say_due(due_at: datetime, *, today: date, zone: ZoneInfo) -> str:
    """Return how long there is: 12月3日前, 今天到期 or 逾期 2 天."""
    late = (today - due_at.astimezone(zone).date()).days
    if late > 0:
        return f"逾期 {late} 天"
    return "今天到期" if late == 0 else f"{say_day(due_at, zone)}前"


def show(row: AnyRow, due: str) -> str:
    """Return what one assignment is about."""
    return (
        f"{row.code} {quote(row.place, 14)}：{quote(row.problem, 24).rstrip('。')}。{due}。"
        f"改好拍照发来，说“{row.code} 整改好了”。"
    )


def not_theirs(code: str, listed: str) -> str:
    """Return the answer to a code that is not there or not theirs; the two must sound alike."""
    head = f"您那边要办的里没有 {quote(code, 16)}。"
    return f"{head}\n{listed}" if listed else f"{head}现在没有要办的。"


def ended(code: str, ending: str) -> str:
    """Return the answer about what was theirs and is over."""
    return f"{code} 复查过了，已经销号。" if ending == "close" else f"{code} 不用您那边办了。"


def already_rectified(code: str) -> str:
    """Return the answer to a second 整改好了."""
    return f"{code} 报过整改了，等着镇里复查，结果会告诉您。"


def acknowledged(rows: Sequence[AnyRow], *, today: date, zone: ZoneInfo) -> str:
    """Return the answer to 收到."""
    if len(rows) == 1:
        due = say_due(rows[0].due_at, today=today, zone=zone)
        return f"好，{rows[0].code} 知道您看到了，{due}。改好拍张照片发来。"
    first = say_due(rows[0].due_at, today=today, zone=zone)
    return f"好，{len(rows)} 条都知道您看到了，最紧的 {rows[0].code} {first}。回“我的任务”看清单。"


def working(code: str) -> str:
    """Return the answer to 正在弄."""
    return f"好，{code or '这事'}知道您那边在办了。改好拍张照片发来，时间不够就说“还要几天”。"


def ask_photo(code: str, place: str) -> str:
    """Return the wish for a picture of what was mended."""
    return f"{code}（{quote(place, 14)}）改好了？拍张改好的照片发来就行。没法拍，回“没法拍照”。"


def rectified(code: str, place: str, photos: int) -> str:
    """Return that the office will come and look."""
    seen = f"{photos} 张照片收到，" if photos else ""
    return f"{code}（{quote(place, 14)}）记下了，{seen}转给镇里复查，结果告诉您。"


def rectified_by_photo(code: str, place: str) -> str:
    """Return that the first picture of several has come."""
    return f"{code}（{quote(place, 14)}）照片收到，转给镇里复查。还有照片接着发。"


def photo_added(code: str) -> str:
    """Return where a late picture went."""
    return f"照片加进 {code} 了。要是新的隐患，说说在哪儿、什么问题。"


def whose_photo(code: str) -> str:
    """Return the question about a picture that came without words."""
    return f"照片收到了，先记作 {code}。是改好的，回“整改好了”；是新隐患，说说在哪儿、什么问题。"


def ask_day(code: str) -> str:
    """Return the question for the day."""
    return f"{code} 要延到哪天？说“还要三天”或“12月5号”都行。"


def extension_requested(code: str, until: datetime, due_at: datetime, zone: ZoneInfo) -> str:
    """Return what was asked for, and what holds until it is decided."""
    return f"{code} 申请延到 {say_day(until, zone)}，转给镇里定。没定下来还按 {say_day(due_at, zone)}。"


def in_time_anyway(code: str, due_at: datetime, zone: ZoneInfo) -> str:
    """Return that no more time is needed."""
    return f"{code} 本来就到 {say_day(due_at, zone)}，来得及，不用延。改好拍张照片发来。"


def too_far(code: str, latest: datetime, zone: ZoneInfo) -> str:
    """Return the latest day that can be asked for."""
    return f"{code} 最多能延到 {say_day(latest, zone)}，再报一个日子。实在不行，跟镇里打电话说。"


def too_late_to_extend(code: str) -> str:
    """Return that even today is before the day that was named."""
    return f"{code} 说的那天已经过了，再报一个日子。"


def extended_before(code: str, due_at: datetime, zone: ZoneInfo) -> str:
    """Return that more time is given once."""
    return f"{code} 延过一次了，只能延一次，还按 {say_day(due_at, zone)}。有难处跟镇里打电话说。"


def extension_open(code: str) -> str:
    """Return that the office has not decided yet."""
    return f"{code} 的延期报上去了，等着镇里定，定了告诉您。"


def disputed(code: str, due_at: datetime, zone: ZoneInfo) -> str:
    """Return that people decide."""
    return f"{code} 您说的记下了，转给镇里去核。定下来以前先看着点，期限还是 {say_day(due_at, zone)}。"


def not_possible(code: str) -> str:
    """Return that a step does not fit any more."""
    return f"{code} 眼下不用这一步，没有动它。回“我的任务”看清单。"
