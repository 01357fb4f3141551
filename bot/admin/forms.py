"""What is read from the staff's forms, and how a form that cannot be taken is refused in words."""

from __future__ import annotations

from datetime import date

from flask import abort, request

LONGEST_NOTE = 1000  # characters
LONGEST_SAYING = 300  # characters; one message that is read on a telephone


class RefusedError(Exception):
    """Raised when a form cannot be taken as it was filled in; `field` is where the fault is to stand.

    The text is for the person who filled it in.
    """

    def __init__(self, said: str, field: str = "") -> None:
        super().__init__(said)
        self.field = field


def read_text(field: str, *, most: int = LONGEST_NOTE, need: str = "") -> str:
    """Return what was typed into a field; `need` is what to say when nothing was, empty where it may be left out."""
    typed = request.form.get(field, "").replace("\r\n", "\n").strip()
    if len(typed) > most:
        raise RefusedError(f"写得太长了，最多 {most} 个字，现在是 {len(typed)} 个。", field)
    if need and not typed:
        raise RefusedError(need, field)
    return typed


def read_day(field: str) -> date | None:
    """Return the day of a date field, None when it is empty."""
    typed = request.form.get(field, "").strip()
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise RefusedError("日期没看懂，写成 2026-12-03 这样。", field) from error


def read_version(typed: str | None = None) -> int:
    """Return the version that the page showed; a form without one is none of ours."""
    version = request.form.get("version", "") if typed is None else typed
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        abort(400)
    return int(version)


def read_id(field: str) -> int | None:
    """Return the row that was chosen from a list, None when none was."""
    typed = request.form.get(field, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
