"""What becomes of the fields of a template message."""

from __future__ import annotations

from typing import Any

import pytest

from bot.simulator.errors import ErrcodeError
from bot.simulator.template_rules import build_template_rows


@pytest.mark.parametrize(
    ("name", "sent", "shown"),
    [
        pytest.param("thing01", "配电箱没门", "配电箱没门", id="as it is"),
        pytest.param("thing01", "字" * 21, "字" * 20, id="21 characters are cut"),
        pytest.param("thing01", "第一行\n第二行", "第一行 第二行", id="line break"),
        pytest.param("thing01", "好😀的", "好的", id="emoji"),
        pytest.param("character_string2", "S7K2-1", "S7K2-1", id="code"),
        pytest.param("time3", "2026年11月16日 09:30", "2026年11月16日 09:30", id="time"),
        pytest.param("phrase4", "已交办", "已交办", id="phrase"),
        pytest.param("编号", "S7K2", "S7K2", id="free name"),
    ],
)
def test_shows_field(name: str, sent: str, shown: str) -> None:
    assert build_template_rows({name: {"value": sent}}, ()) == ((name, shown),)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(None, id="no fields"),
        pytest.param({"thing01": "bare"}, id="not an object"),
        pytest.param({"thing01": {"value": 5}}, id="number"),
        pytest.param({"thing01": {"value": ""}}, id="empty"),
        pytest.param({"thing01": {"value": "😀\n"}}, id="nothing left"),
        pytest.param({"character_string2": {"value": "编号"}}, id="Chinese in a code"),
        pytest.param({"time3": {"value": "昨天"}}, id="no time"),
        pytest.param({"phrase4": {"value": "已经交办下去了"}}, id="long phrase"),
        pytest.param({"phone_number5": {"value": "12345678901234567890"}}, id="long number"),
    ],
)
def test_refuses_field(sent: Any) -> None:
    with pytest.raises(ErrcodeError, match="47003"):
        build_template_rows(sent, ())


def test_template_wants_all_its_fields_in_order() -> None:
    sent = {"thing02": {"value": "b"}, "thing01": {"value": "a"}}
    assert build_template_rows(sent, ("thing01", "thing02")) == (("thing01", "a"), ("thing02", "b"))
    with pytest.raises(ErrcodeError, match="47003"):
        build_template_rows(sent, ("thing01", "thing03"))
