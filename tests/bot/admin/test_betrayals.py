"""What could tell a unit who reported."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bot.admin.betrayals import find_betrayals, split_passages
from bot.admin.neutral import load_phrases
from bot.words import CATEGORIES
from storage.reports.assignments import HandOver
from tests.factories import NOW

SAID = "砖厂里头那个配电箱门掉了电线都露着"


def find(
    problem: str = "配电箱损坏或者敞开",
    *,
    place: str = "红星砖厂门口",
    description: str = SAID,
    headcount: int | None = 40,
    kind: str = "enterprise",
) -> list[tuple[str, str]]:
    report: Any = SimpleNamespace(description=description, alias="热心群众00FF", place_label="红星砖厂门口")
    unit: Any = SimpleNamespace(name="红星砖厂", headcount=headcount, kind=kind)
    hand_over = HandOver(1, place, problem, "请持证电工检修，合格后再送电", NOW)
    return [(each.why, each.passage) for each in find_betrayals(hand_over, report, unit)]


@pytest.mark.parametrize(
    ("problem", "passages"),
    [
        pytest.param("配电箱损坏或者敞开", [], id="neutral words"),
        pytest.param("箱门掉了电线都露着，要修", ["箱门掉了电线都露着"], id="the reporter's own words"),
        pytest.param("配电箱门掉", [], id="five characters are nobody's"),
        pytest.param("早上7:20看到箱门开着", ["7:20"], id="a time to the minute"),
        pytest.param("七点二十看到箱门开着", ["七点二十"], id="a time in words"),
        pytest.param("下午发现箱门开着", [], id="a part of the day"),
        pytest.param("四点班的时候箱门开着", ["四点班"], id="a shift"),
        pytest.param("夜班没有人管", ["夜班"], id="another shift"),
        pytest.param("工号 1024 看到的", ["工号"], id="a number of staff"),
        pytest.param("联系 13800000000", ["13800000000"], id="a telephone"),
        pytest.param("热心群众00FF 反映", ["热心群众00FF"], id="the alias"),
    ],
)
def test_finds_passages(problem: str, passages: list[str]) -> None:
    assert [passage for _, passage in find(problem)] == passages


@pytest.mark.parametrize(
    ("values", "why"),
    [
        pytest.param({"headcount": 9}, "这个单位只有 9 个人", id="few people"),
        pytest.param({"headcount": 10}, "", id="enough people"),
        pytest.param({"headcount": None}, "没有填这个单位有多少人，人少的话容易猜到", id="nobody said how many"),
        pytest.param({"headcount": None, "kind": "village"}, "", id="a village is not small"),
        pytest.param({"description": "就我一个人看到的"}, "上报人说过只有他一个人看到", id="seen alone"),
    ],
)
def test_weighs_who_can_know(values: dict[str, Any], why: str) -> None:
    assert find(**values) == ([(why, "")] if why else [])


def test_the_place_that_the_report_has_is_no_betrayal_but_more_of_the_words_is() -> None:
    assert find(place="红星砖厂门口", description="红星砖厂门口有坑") == []
    assert find(place="砖厂里头那个配电箱") == [("和上报人的原话一样", "砖厂里头那个配电箱")]


def test_neutral_words_are_harmless_even_where_the_reporter_says_the_same() -> None:
    phrase = load_phrases()["FIRE"].problems[1]
    assert find(phrase, description=f"{phrase}，没人管") == []


def test_every_kind_has_neutral_words() -> None:
    assert set(load_phrases()) == set(CATEGORIES)


def test_marks_every_passage() -> None:
    betrayals = find_betrayals(
        HandOver(1, "门口", "夜班，夜班", "要求", NOW),
        SimpleNamespace(description="", alias="", place_label=""),  # type: ignore[arg-type]
        SimpleNamespace(name="村", headcount=50, kind="village"),  # type: ignore[arg-type]
    )
    assert split_passages("夜班，夜班", betrayals) == [("夜班", True), ("，", False), ("夜班", True)]
    assert split_passages("没有", []) == [("没有", False)]
