"""The week that the sample people live through: reading it from its file, checking it, playing it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.simulator.people import SAMPLE_PEOPLE
from bot.simulator.scenes import SHIPPED
from handlers.classify import Category

WEEK_FILE = Path(__file__).parent / "samples" / "week.toml"

# The 18 hazard codes; a dialogue may name the one it is about.
THEMES = frozenset(category.value for category in Category if category is not Category.UNK)


class WeekError(ValueError):
    """The file of the sample week has a mistake; the message says where."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one person does: `at` counts from Monday 00:00 in Shanghai.

    `kind` is text, photo, voice, location, link, click, scan, subscribe or unsubscribe. `text` holds what is
    written, what a voice was recognised as, or a link's title; `scenes` names sample photos (see scenes.SHIPPED);
    `label` is a place's name or a link's address; `theme` is a hazard code, or empty outside hazards.
    """

    at: timedelta
    person: str
    kind: str
    text: str = ""
    scenes: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    label: str = ""
    event_key: str = ""
    theme: str = ""


def load_week(path: Path = WEEK_FILE) -> list[Step]:
    """Return the week's steps in order of time; raises WeekError naming the dialogue and the row."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise WeekError(f"{path.name}: {error}") from error
    steps: list[Step] = []
    for number, talk in enumerate(content.get("talk", []), start=1):
        steps += _read_talk(talk, f"{path.name}: dialogue {number}")
    if not steps:
        raise WeekError(f"{path.name}: there is no dialogue in it")
    return sorted(steps, key=lambda step: step.at)


def play(steps: Iterable[Step], send: Callable[[Step], None]) -> None:
    """Send every step, the earliest first."""
    for step in sorted(steps, key=lambda step: step.at):
        send(step)


def _read_talk(talk: Mapping[str, Any], where: str) -> list[Step]:
    unknown = sorted(set(talk) - {"who", "theme", "steps"})
    if unknown:
        raise WeekError(f"{where}: unknown key {unknown[0]!r}; known are who, theme, steps")
    who, theme, rows = talk.get("who"), talk.get("theme", ""), talk.get("steps")
    if who not in {person.name for person in SAMPLE_PEOPLE}:
        raise WeekError(f"{where}: nobody is called {who!r}; see people.SAMPLE_PEOPLE")
    if theme and theme not in THEMES:
        raise WeekError(f"{where}: {theme!r} is not one of the 18 hazard codes")
    if not isinstance(rows, list) or not rows:
        raise WeekError(f"{where}: steps must be a list of at least one row")
    steps = []
    before = timedelta()
    for number, row in enumerate(rows, start=1):
        step = _read_step(row, who, theme, f"{where} ({who}), row {number}")
        if step.at < before:
            raise WeekError(f"{where} ({who}), row {number}: earlier than the row before it")
        before = step.at
        steps.append(step)
    return steps


def _read_step(row: Any, who: str, theme: str, where: str) -> Step:
    if not isinstance(row, list) or len(row) < 2:
        raise WeekError(f"{where}: a row is [time, kind, content …]")
    at = _read_time(row[0], where)
    kind, content = row[1], row[2:]
    read = _READERS.get(kind)
    if read is None:
        raise WeekError(f"{where}: unknown kind {kind!r}; known are {', '.join(_READERS)}")
    try:
        fields = read(content)
    except WeekError as error:
        raise WeekError(f"{where}: {error}") from None
    return Step(at, who, kind, theme=theme, **fields)


def _read_time(written: Any, where: str) -> timedelta:
    """Read `day HH:MM` or `day HH:MM:SS`; day 1 is Monday."""
    try:
        day, clock = written.split(" ")
        hours, minutes, *seconds = (int(part) for part in clock.split(":"))
        (second,) = seconds or (0,)
        day = int(day)
    except (AttributeError, ValueError):
        raise WeekError(f"{where}: time {written!r} is not like '3 07:40' or '3 07:40:15'") from None
    if not (1 <= day <= 7 and 0 <= hours < 24 and 0 <= minutes < 60 and 0 <= second < 60):
        raise WeekError(f"{where}: there is no time {written!r} in a week")
    return timedelta(days=day - 1, hours=hours, minutes=minutes, seconds=second)


def _read_words(content: list[Any]) -> dict[str, Any]:
    match content:
        case [str(text)] if text:
            return {"text": text}
    raise WeekError("needs one sentence")


def _read_voice(content: list[Any]) -> dict[str, Any]:
    match content:
        case [str(text)]:
            return {"text": text}
    raise WeekError("needs what was recognised; an empty sentence when nothing was")


def _read_photos(content: list[Any]) -> dict[str, Any]:
    if not content:
        raise WeekError("needs at least one photo")
    for photo in content:
        if photo not in SHIPPED:
            raise WeekError(f"there is no sample photo {photo!r}")
    return {"scenes": tuple(content)}


def _read_location(content: list[Any]) -> dict[str, Any]:
    match content:
        case [float(latitude), float(longitude), str(label)] if abs(latitude) <= 90 and abs(longitude) <= 180:
            return {"latitude": latitude, "longitude": longitude, "label": label}
    raise WeekError("needs latitude, longitude and a label")


def _read_link(content: list[Any]) -> dict[str, Any]:
    match content:
        case [str(title), str(address)] if address.startswith("https://"):
            return {"text": title, "label": address}
    raise WeekError("needs a title and an https address")


def _read_key(content: list[Any]) -> dict[str, Any]:
    match content:
        case [str(key)] if key:
            return {"event_key": key}
    raise WeekError("needs one key")


def _read_subscription(content: list[Any]) -> dict[str, Any]:
    match content:
        case []:
            return {}
        case [str(key)] if key:
            return {"event_key": key}
    raise WeekError("takes at most the key of the code that was scanned")


def _read_nothing(content: list[Any]) -> dict[str, Any]:
    if content:
        raise WeekError("takes no content")
    return {}


_READERS: dict[str, Callable[[list[Any]], dict[str, Any]]] = {
    "text": _read_words,
    "photo": _read_photos,
    "voice": _read_voice,
    "location": _read_location,
    "link": _read_link,
    "click": _read_key,
    "scan": _read_key,
    "subscribe": _read_subscription,
    "unsubscribe": _read_nothing,
}
