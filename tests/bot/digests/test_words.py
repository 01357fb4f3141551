"""How a digest reads by chat and by mail."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from bot.digests.gather import Facts, Section, Sign
from bot.digests.phrase import phrase
from bot.digests.render import render
from bot.digests.weeks import Week
from handlers.texts_digest import MOST_LEADER, MOST_OFFICE, MOST_UNIT
from storage.digests import Reader
from storage.reports.overview import Figure, Scope
from tests.township import at

LINK = "https://example.com/admin/digests/2026-W47"
NOW = at(2026, 11, 23, "08:30")


class Row:
    """A row as storage gives it."""

    def __init__(self, number: int, **values: Any) -> None:
        self.code, self.unit_name, self.category = f"2611-{number:03d}", "东坪村", "ELEC"
        self.level, self.due_at = "P2", at(2026, 11, 18)
        self.__dict__.update(values)


def make_facts(kind: str = "office", count: int = 0, rows: int = 0, **values: Any) -> Facts:
    facts = Facts(
        Week(2026, 47),
        Reader(1, kind, Scope((), (1,)) if kind == "unit" else Scope(), "东坪村" if kind == "unit" else "", True),
        NOW,
        dict.fromkeys(Figure, count),
        suspects=[Row(number, level="P1") for number in range(rows)],  # type: ignore[misc]
        due=[Row(100 + number) for number in range(rows)],  # type: ignore[misc]
        trend=[(Week(2026, 40 + number), count * number) for number in range(8)],
    )
    return replace(facts, **values)


def test_the_office_reads_what_to_do_first_then_the_week() -> None:
    counts = dict.fromkeys(Figure, 0) | {
        Figure.SUSPECT: 1, Figure.OVERDUE: 2, Figure.RED: 1, Figure.RECEIVED: 23, Figure.MERGED: 4,
        Figure.DECLINED: 4, Figure.EMERGENCY: 1, Figure.ACCEPTED: 15, Figure.VERIFIED: 12, Figure.CLOSED: 9,
        Figure.ONGOING: 6, Figure.TO_TELL: 15, Figure.TOLD: 14,
    }  # fmt: skip
    facts = make_facts(
        counts=counts,
        suspects=[Row(18, unit_name="某砖厂", category="HEAT", due_at=at(2026, 11, 22))],
        due=[Row(9), Row(11, unit_name="某饭店", category="GAS", due_at=at(2026, 11, 21))],
        top=[("FIRE", 5), ("EBIK", 4), ("HEAT", 3)],
        signs=[Sign("HEAT", 3, True)],
        acceptance_days=0.8,
    )
    assert phrase(facts, link=LINK) == (
        "【第47周 11/16—11/22】随手拍\n"
        "一、今天要办\n"
        " 疑似重大待核定 1：2611-018 某砖厂 取暖与煤气中毒（逾期 1 天）\n"
        " 逾期未整改 2：2611-009 东坪村 用电（逾期 5 天）；2611-011 某饭店 燃气（逾期 2 天）\n"
        " 红栏 1\n"
        "二、上周情况\n"
        " 收到 23（重复合并 4、非安全或不予受理 4、险情 1）；受理 15；属实 12；已销号 9；在办 6\n"
        " 类别前三：消防与疏散 5、电动车停放充电 4、取暖与煤气中毒 3\n"
        " 苗头：取暖与煤气中毒连续两周升（3 条）\n"
        "三、回告\n"
        " 上周回告 14/15；平均受理 0.8 工作日\n"
        f"{LINK}"
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("office", "【第47周 11/16—11/22】随手拍\n一、今天要办：本周无\n二、上周情况：本周无\n三、回告：本周无"),
        ("leader", "【第47周 11/16—11/22】要您看的：本周无。上周：本周无。"),
        ("unit", "【第47周 11/16—11/22】东坪村\n要办的：本周无\n上周：本周无；手上 0"),
    ],
)
def test_a_week_without_anything_says_so(kind: str, said: str) -> None:
    assert phrase(make_facts(kind)) == said


@pytest.mark.parametrize(("kind", "most"), [("office", MOST_OFFICE), ("leader", MOST_LEADER), ("unit", MOST_UNIT)])
@pytest.mark.parametrize("count", [1, 9_999, 1_000_000])
@pytest.mark.parametrize("link", ["", LINK, "https://example.com/" + "x" * 300])
def test_no_digest_is_longer_than_its_reader_has_time_for(kind: str, most: int, count: int, link: str) -> None:
    facts = make_facts(
        kind,
        count,
        rows=20,
        top=[(each, count) for each in ("HEAT", "CHEM", "EBIK")],
        signs=[Sign(each, count, True) for each in ("HEAT", "CHEM", "EBIK")],
        acceptance_days=123.4,
        reader=Reader(1, kind, Scope((), (1,)) if kind == "unit" else Scope(), "很长很长的单位名字" * 9, True),
    )
    said = phrase(facts, link=link)
    assert len(said) <= most
    assert "第47周" in said
    assert "[" not in said


def test_sections_of_other_subjects_stand_before_the_answers_and_are_left_out_without() -> None:
    with_them = phrase(make_facts(sections=(Section("本季义务", ("村 9/15", "未报 3 家")),)))
    assert "三、本季义务\n 村 9/15\n 未报 3 家\n四、回告" in with_them
    assert "义务" not in phrase(make_facts())
    assert "义务" not in render(make_facts())


class Looked(HTMLParser):
    """Collects what a mail client would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "background", "action")]


@pytest.mark.parametrize("kind", ["office", "leader", "unit"])
def test_mail_has_no_script_and_leads_nowhere_but_home(kind: str) -> None:
    evil = '<script>alert("x")</script><img src=https://evil.example/a.png>'
    facts = make_facts(kind, 3, rows=3, due=[Row(1, unit_name=evil)], sections=(Section(evil, (evil,)),))
    facts = replace(facts, reader=replace(facts.reader, about=evil))
    looked = Looked()
    looked.feed(page := render(facts, link_to=lambda figure: f"{LINK}/{figure.value}"))
    assert not {"script", "img", "link", "style", "iframe", "object", "form", "svg", "video"} & set(looked.tags)
    assert not any(name.startswith("on") for name in looked.names)
    assert {address.startswith(LINK) for address in looked.addresses} == {True}
    assert "url(" not in page
    assert "@import" not in page


def test_without_an_address_of_our_own_nothing_is_a_link() -> None:
    looked = Looked()
    looked.feed(render(make_facts("office", 3, rows=3)))
    assert looked.addresses == []


def test_numbers_lead_to_their_rows_and_show_what_they_are_a_part_of() -> None:
    counts = dict.fromkeys(Figure, 0) | {Figure.RECEIVED: 23, Figure.MERGED: 4, Figure.TO_TELL: 15, Figure.TOLD: 14}
    page = render(make_facts(counts=counts), link_to=lambda figure: f"{LINK}/{figure.value}")
    assert f'<a href="{LINK}/merged" style="color:#0f6b5c;">4</a>/23' in page
    assert f'<a href="{LINK}/told" style="color:#0f6b5c;">14</a>/15' in page


def test_the_chart_is_cells_of_a_table() -> None:
    page = render(make_facts(count=2))
    widths = [int(width) for width in re.findall(r'<td width="(\d+)%" style="background', page)]
    assert len(widths) == 7  # of eight weeks the first had none
    assert widths == sorted(widths)
    assert widths[-1] == 60


def test_the_foot_defines_every_figure_that_is_shown() -> None:
    page = render(make_facts("office", 1))
    foot = page.split(">口径<")[1]
    for label in ("收到", "受理", "属实", "已销号", "在办", "已回告", "逾期未整改", "红栏", "平均受理", "苗头"):
        assert f"{label}：" in foot
    assert "2027 年的节假日还没有配置" in render(make_facts(unknown_year=2027))
