"""What the platform does to the fields of a template message: check by type, strip, cut."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from bot.simulator.errors import ErrcodeError

MAX_FIELD_CHARACTERS = 20

_TYPE = re.compile(r"^([a-z_]+?)\d*$")
# The limits are those of the subscription notices, whose field types the category templates share.
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "number": re.compile(r"-?\d{1,32}(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "phone_number": re.compile(r"[\d+\- ]{1,17}"),
    "car_number": re.compile(r"\w{1,8}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "amount": re.compile(r"[¥￥$]?\d{1,10}(\.\d+)?元?"),
    "time": re.compile(r"(\d{4}[年/-]\d{1,2}[月/-]\d{1,2}日? ?)?(\d{1,2}:\d{2}(:\d{2})?)?"),
    "date": re.compile(r"\d{4}[年/-]\d{1,2}[月/-]\d{1,2}日?( \d{1,2}:\d{2})?"),
}


def build_template_rows(sent: Any, wanted: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the fields as the person sees them, in the order of the template (or as sent, when none is known).

    Long free text is cut without a word. A missing or empty field, or one of the wrong shape, raises 47003.
    """
    if not isinstance(sent, dict) or not sent:
        raise ErrcodeError(47003, "argument invalid! data is empty")
    rows: list[tuple[str, str]] = []
    for name in wanted or tuple(sent):
        value = sent.get(name)
        text = value.get("value") if isinstance(value, dict) else None
        if not isinstance(text, str):
            raise ErrcodeError(47003, f"argument invalid! data.{name}.value invalid")
        rows.append((name, _check_field(name, text)))
    return tuple(rows)


def _check_field(name: str, text: str) -> str:
    matched = _TYPE.match(name)
    shape = _SHAPES.get(matched.group(1)) if matched else None
    if shape is not None:
        if not text or not shape.fullmatch(text):
            raise ErrcodeError(47003, f"argument invalid! data.{name}.value invalid")
        return text
    kept = "".join(_keep_character(character) for character in text).strip()
    if not kept:
        raise ErrcodeError(47003, f"argument invalid! data.{name}.value is empty")
    return kept[:MAX_FIELD_CHARACTERS]


def _keep_character(character: str) -> str:
    """Return the character, a blank for a line break, nothing for emoji and controls."""
    if character in "\r\n\t":
        return " "
    category = unicodedata.category(character)
    return "" if category in {"So", "Cc", "Cs", "Co", "Cn"} or character in "\ufe0f\u200d" else character
