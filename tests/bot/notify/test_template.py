"""Fields of template messages fit their types, whatever is put into them."""

from __future__ import annotations

import pytest

from bot.notify.template import Template, build_fields, fit_field
from bot.settings.outgoing import NotifyTable, TemplateField
from bot.simulator.template_rules import build_template_rows

LONG = "东坪村井口的护栏断了一截人要掉下去请赶快来人看看"  # more than twenty characters


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (LONG, LONG[:19] + "…"),
        ("一" * 20, "一" * 20),
        ("一" * 21, "一" * 19 + "…"),
        ("护栏断了\r\n请来人\n\n", "护栏断了 请来人"),
        ("⚠️护栏断了👷‍♂️", "护栏断了"),
        ("护栏\u200b断\u0007了", "护栏断了"),
        ("", "无"),
        (" \n\t", "无"),
        ("🔥🔥", "无"),
    ],
    ids=["long", "just", "one too many", "newline", "emoji", "unseen", "empty", "blank", "nothing but emoji"],
)
def test_row_86_a_field_is_cut_to_twenty_on_one_line_without_emoji_and_never_empty(value: str, expected: str) -> None:
    assert fit_field("thing1", value) == expected
    assert build_template_rows({"thing1": {"value": fit_field("thing1", value)}}, ("thing1",)) == (
        ("thing1", expected),
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("phrase2", "复查没过退回再改", "复查没过退"),
        ("phrase2", "P1 疑似重大!", "疑似重大"),
        ("phrase2", "", "无"),
        ("character_string1", "2611-018", "2611-018"),
        ("character_string1", "编号 2611-018。", "2611-018"),
        ("character_string1", "x" * 40, "x" * 32),
        ("character_string1", "编号", "-"),
        ("time4", "2026-11-25 09:05", "2026-11-25 09:05"),
        ("time4", "11月25日上午", "00:00"),
        ("date5", "2026-11-25 09:05", "2026-11-25"),
        ("number6", "共 12 条", "12"),
        ("number6", "", "0"),
        ("const7", LONG, LONG[:19] + "…"),
        ("letter8", "a1b2", "ab"),
        ("phone_number9", "0355-0000000 转 8", "0355-00000008"),
        ("car_number10", "晋D·00000", "晋D00000"),
        ("amount11", "¥100", "100"),
        ("unheard_of1", LONG, LONG[:19] + "…"),
    ],
)
def test_each_type_takes_what_is_its_own(name: str, value: str, expected: str) -> None:
    fitted = fit_field(name, value)
    assert fitted == expected
    build_template_rows({name: {"value": fitted}}, (name,))  # the platform would not refuse it


@pytest.mark.parametrize("value", ["", LONG * 3, "🔥\n", "<&>\"'", "\ud83d", "2611-018", "０１２", "\u202e倒"])
def test_no_type_lets_anything_through_that_is_refused(value: str) -> None:
    kinds = ["thing", "const", "phrase", "character_string", "number", "letter", "symbol", "phone_number"]
    kinds += ["car_number", "amount", "time", "date", "name"]
    for kind in kinds:
        build_template_rows({f"{kind}1": {"value": fit_field(f"{kind}1", value)}}, (f"{kind}1",))


def test_fields_are_filled_as_the_operator_has_mapped_them() -> None:
    template = Template(
        "x" * 43, (TemplateField(name="thing9", value="事项"), TemplateField(name="time1", value="时间"))
    )
    assert build_fields(template, {"事项": "护栏", "时间": "2026-11-25 09:05", "编号": "2611-018"}) == {
        "thing9": "护栏", "time1": "2026-11-25 09:05",
    }  # fmt: skip
    usual = Template("x" * 43, NotifyTable().progress_fields)
    assert set(build_fields(usual, {})) == {"character_string1", "phrase2", "thing3", "time4"}
