"""Instants as people say them."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.dates import CHINA, is_overdue, say_due, say_exactly, say_moment

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=CHINA)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=CHINA)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("instant", "said"),
    [
        pytest.param(at(2026, 11, 25, 14, 20), "今天 14:20", id="today"),
        pytest.param(at(2026, 11, 25, 0, 0), "今天 00:00", id="today from midnight on"),
        pytest.param(at(2026, 11, 25, 18, 0), "今天 18:00", id="later today, by a clock ahead of ours"),
        pytest.param(at(2026, 11, 24, 23, 59), "昨天 23:59", id="yesterday up to midnight"),
        pytest.param(at(2026, 11, 23, 8, 0), "2 天前", id="the day before"),
        pytest.param(at(2026, 11, 19, 8, 0), "6 天前", id="six days"),
        pytest.param(at(2026, 11, 18, 8, 0), "11月18日", id="a week is a date"),
        pytest.param(at(2026, 11, 27, 8, 0), "11月27日", id="a day to come is a date"),
        pytest.param(at(2025, 12, 31, 8, 0), "2025年12月31日", id="another year is said"),
        pytest.param(datetime.fromisoformat("2026-11-24T16:10:00+00:00"), "今天 00:10", id="UTC is turned"),
    ],
)
def test_says_a_moment_as_people_do(instant: datetime, said: str) -> None:
    assert say_moment(instant, NOW) == said


@pytest.mark.parametrize(
    ("due_at", "said", "is_late"),
    [
        pytest.param(at(2026, 11, 25, 17, 30), "今天 17:30 前", False, id="today"),
        pytest.param(at(2026, 11, 26, 17, 30), "明天 17:30 前", False, id="tomorrow"),
        pytest.param(at(2026, 11, 28, 9, 0), "还有 3 天", False, id="by calendar days"),
        pytest.param(at(2026, 11, 25, 14, 30), "今天 14:30 前", False, id="not late at the very moment"),
        pytest.param(at(2026, 11, 25, 14, 0), "刚过期限", True, id="half an hour"),
        pytest.param(at(2026, 11, 25, 9, 0), "逾期 5 小时", True, id="hours on the same day"),
        pytest.param(at(2026, 11, 24, 23, 59), "逾期 1 天", True, id="since yesterday"),
        pytest.param(at(2026, 11, 23, 17, 30), "逾期 2 天", True, id="two days"),
    ],
)
def test_says_a_term_as_people_do(due_at: datetime, said: str, is_late: bool) -> None:
    assert say_due(due_at, NOW) == said
    assert is_overdue(due_at, NOW) is is_late


def test_says_a_moment_exactly_in_the_townships_time() -> None:
    assert say_exactly(datetime.fromisoformat("2026-11-25T01:05:00+00:00")) == "2026年11月25日 09:05"


def test_nothing_is_overdue_without_a_term() -> None:
    assert not is_overdue(None, NOW)
