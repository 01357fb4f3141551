"""The rules of the account's own menu, and its buttons as the chat page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.simulator.errors import ErrcodeError


@dataclass(frozen=True, slots=True)
class Button:
    """One button of the menu: a key to click, or a link."""

    name: str
    key: str = ""
    url: str = ""


# What the phone shows until the bot has created a menu.
DEFAULT_BUTTONS = (Button("报隐患", "REPORT"), Button("查进度", "PROGRESS"), Button("怎么用", "HELP"))


def check_menu(menu: Mapping[str, Any]) -> None:
    """Raise the platform's error for a menu outside its limits: 3 × 5 buttons, sizes in bytes."""
    buttons = menu.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise ErrcodeError(40016, "invalid button size")
    for button in buttons:
        _check_button(button, 16)
        below = button.get("sub_button")
        if below is None:
            continue
        if not isinstance(below, list) or len(below) > 5:
            raise ErrcodeError(40023, "invalid sub button size")
        for inner in below:
            _check_button(inner, 60)


def list_buttons(menu: Mapping[str, Any] | None) -> tuple[tuple[str, tuple[Button, ...]], ...]:
    """Return the top buttons with the buttons below them (one with the same name where there is no sub-menu)."""
    if menu is None:
        return tuple((button.name, (button,)) for button in DEFAULT_BUTTONS)
    return tuple(
        (button["name"], tuple(_build_button(inner) for inner in button.get("sub_button") or [button]))
        for button in menu["button"]
    )


def _build_button(button: Mapping[str, Any]) -> Button:
    return Button(str(button["name"]), str(button.get("key") or ""), str(button.get("url") or ""))


def _check_button(button: Any, name_bytes: int) -> None:
    if not isinstance(button, dict):
        raise ErrcodeError(40016, "invalid button size")
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= name_bytes:
        raise ErrcodeError(40018, "invalid button name size")
    if button.get("sub_button"):
        return
    kind, key, url = button.get("type"), button.get("key", ""), button.get("url", "")
    if not isinstance(kind, str) or not kind:
        raise ErrcodeError(40017, "invalid button type")
    if kind == "view":
        if not isinstance(url, str) or not 1 <= len(url.encode()) <= 1024:
            raise ErrcodeError(40020, "invalid button url size")
    elif kind not in {"media_id", "miniprogram", "article_id", "article_view_limited"} and (
        not isinstance(key, str) or not 1 <= len(key.encode()) <= 128
    ):
        raise ErrcodeError(40019, "invalid button key size")
