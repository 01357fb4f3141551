"""Template messages: short fields of fixed types, which the platform refuses or cuts when they do not fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.notify.words import Rendered
from bot.settings.outgoing import TemplateField
from bot.wechat.client import WeChatClient

LONGEST_THING = 20  # characters; of the free types all have this limit since 2023-05-04
_NOTHING = "无"
_TYPE = re.compile(r"([a-z_]+?)\d*")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]")
_DROPPED = {"So", "Sk", "Cc", "Cs", "Co", "Cn", "Cf"}  # emoji, what colours them, and what nobody sees
_TIME = re.compile(r"(\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日? ?)?\d{1,2}:\d{2}(:\d{2})?")
_DATE = re.compile(r"\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?")


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the account and what is put into its fields."""

    id: str
    fields: Sequence[TemplateField]


def build_template(template_id: str, fields: Sequence[TemplateField]) -> Template | None:
    """Return a configured template, None where no id is given."""
    return Template(template_id, fields) if template_id else None


def send_template(client: WeChatClient, openid: str, template: Template, rendered: Rendered, *, notice_id: int) -> None:
    """Send a notice as a template message; within ten minutes it may be repeated. Raises WeChatError.

    The platform knows a repeat by the notice's id.
    """
    client.send_template(
        openid,
        template.id,
        build_fields(template, rendered.values),
        client_msg_id=f"notice-{notice_id}",
        url=rendered.url,
    )


def build_fields(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """Return what goes into the fields of a template, each as its type wants it and none of them empty."""
    return {field.name: fit_field(field.name, values.get(field.value, "")) for field in template.fields}


def fit_field(name: str, value: str) -> str:
    """Return a value as the type of a field takes it, the type being the field's name without its number.

    Limits of reference/wechat.md 2.3 and 2.4. What cannot be made to fit becomes the type's own "nothing".
    """
    matched = _TYPE.fullmatch(name)
    fit = _FITS.get(matched[1] if matched else "", _fit_thing)
    return fit(_clean(value))


def _clean(value: str) -> str:
    """Return a value on one line, without emoji and without what nobody sees."""
    text = unicodedata.normalize("NFC", value)
    kept = "".join(" " if character.isspace() else "" if _is_dropped(character) else character for character in text)
    return " ".join(kept.split())


def _is_dropped(character: str) -> bool:
    return unicodedata.category(character) in _DROPPED or "\ufe00" <= character <= "\ufe0f"


def _fit_thing(value: str) -> str:
    return value if 0 < len(value) <= LONGEST_THING else f"{value[: LONGEST_THING - 1]}…" if value else _NOTHING


def _fit_phrase(value: str) -> str:
    return _NOT_CHINESE.sub("", value)[:5] or _NOTHING


def _matching(pattern: str, longest: int, nothing: str) -> Callable[[str], str]:
    """Return a fit that keeps the characters of `pattern`, at most so many of them."""
    refused = re.compile(f"[^{pattern}]")

    def fit(value: str) -> str:
        return refused.sub("", value)[:longest] or nothing

    return fit


def _fit_time(value: str) -> str:
    found = _TIME.search(value)
    return found[0].strip() if found else "00:00"


def _fit_date(value: str) -> str:
    found = _DATE.search(value)
    return found[0] if found else "1970-01-01"


def _fit_name(value: str) -> str:
    return value[:10] or _NOTHING


_FITS: Mapping[str, Callable[[str], str]] = {
    "thing": _fit_thing,
    "const": _fit_thing,
    "phrase": _fit_phrase,
    "character_string": _matching("!-~", 32, "-"),
    "number": _matching("0-9", 32, "0"),
    "letter": _matching("A-Za-z", 32, "X"),
    "symbol": _matching("!-/:-@", 5, "-"),
    "phone_number": _matching("0-9+-", 17, "0"),
    "car_number": _matching("0-9A-Z\u4e00-\u9fff", 8, _NOTHING),
    "amount": _matching("0-9", 10, "0"),
    "time": _fit_time,
    "date": _fit_date,
    "name": _fit_name,
}
