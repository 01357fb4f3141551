"""Instants as people in the township say them; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def say_moment(instant: datetime, now: datetime) -> str:
    """Return 今天 14:20, 昨天 09:05, 3 天前, 11月3日 or 2025年11月3日; an instant to come is said in full."""
    there, here = instant.astimezone(CHINA), now.astimezone(CHINA)
    days = (here.date() - there.date()).days
    if days == 0:
        return f"今天 {there:%H:%M}"
    if days == 1:
        return f"昨天 {there:%H:%M}"
    if 2 <= days < 7:
        return f"{days} 天前"
    return _say_day(there, here)


def say_due(due_at: datetime, now: datetime) -> str:
    """Return 今天 17:30 前, 明天 17:30 前, 还有 3 天, 逾期 5 小时 or 逾期 2 天; days are the calendar's."""
    there, here = due_at.astimezone(CHINA), now.astimezone(CHINA)
    days = (there.date() - here.date()).days
    if due_at < now:
        if days < 0:
            return f"逾期 {-days} 天"
        hours = (now - due_at) // timedelta(hours=1)
        return f"逾期 {hours} 小时" if hours else "刚过期限"
    if days == 0:
        return f"今天 {there:%H:%M} 前"
    if days == 1:
        return f"明天 {there:%H:%M} 前"
    return f"还有 {days} 天"


def is_overdue(due_at: datetime | None, now: datetime) -> bool:
    """Return whether a term has passed."""
    return due_at is not None and due_at < now


def say_exactly(instant: datetime) -> str:
    """Return the whole date and time, such as 2026年11月25日 14:20."""
    there = instant.astimezone(CHINA)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


def say_day(instant: datetime, now: datetime) -> str:
    """Return a day, such as 12月3日 or 2027年1月3日."""
    return _say_day(instant.astimezone(CHINA), now.astimezone(CHINA))


def _say_day(there: datetime, here: datetime) -> str:
    day = f"{there.month}月{there.day}日"
    return day if there.year == here.year else f"{there.year}年{day}"
