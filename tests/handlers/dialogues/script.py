"""The notation in which dialogues are written down, and the person who speaks them to the robot.

## 标题                    a dialogue; with (两库) in its title it is held on PostgreSQL too
> 配电箱没盖               a text; five seconds pass before each message
> [照片] · [照片 x9] · [视频] · [短视频] · [语音] · [语音] 词 · [定位] 地名 · [链接] 题 · [事件] 名 值 · [怪类型]
> -30s [照片]              sent half a minute before it arrives; +60s: after
> 再来一次                 the same message is delivered once more
… 30                       minutes pass
< 词 & 词 & !词            the answer holds these and not those; < — is no word at all
= 待受理 照片2 地点东坪村 缺地点 ELEC P1 匿名 险情 条3 说“没盖”   a report, in the order of their codes
# 未分类 1                 so many messages wait in the box; otherwise none may
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.intake import Clock, Talk, make_robot

HERE = Path(__file__).parent
_STEP = re.compile(r"(?P<shift>[+-]\d+s )?(?:\[(?P<kind>[^\]\d ]+)(?: x(?P<times>\d+))?\] ?)?(?P<words>.*)", re.DOTALL)
_KINDS = {"照片", "视频", "短视频", "语音", "定位", "链接", "事件", "怪类型"}
_STATES = {
    "收集中": "gathering",
    "待受理": "received",
    "已受理": "accepted",
    "已撤回": "withdrawn",
    "不受理": "declined",
}


@dataclass
class Turn:
    """One message, the answer that is expected to it, and the minutes that pass before."""

    said: str
    answers: list[str] = field(default_factory=list)
    minutes_before: float = 0


@dataclass
class Dialogue:
    """One dialogue of the table."""

    title: str
    turns: list[Turn] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    in_box: int = 0
    minutes_after: float = 0


def read_dialogues() -> list[Dialogue]:
    """Return every dialogue of this directory."""
    return [dialogue for path in sorted(HERE.glob("*.txt")) for dialogue in _read(path.read_text(encoding="utf-8"))]


def _read(script: str) -> Iterator[Dialogue]:
    for block in re.split(r"^## ", script, flags=re.MULTILINE)[1:]:
        title, *lines = block.splitlines()
        dialogue, minutes = Dialogue(title.strip()), 0.0
        for line in lines:
            mark, rest = line[:1], line[2:]
            if mark == ">":
                dialogue.turns.append(Turn(rest, minutes_before=minutes))
                minutes = 0
            elif mark == "<":
                dialogue.turns[-1].answers.append(rest)
            elif mark == "…":
                minutes += float(rest)
            elif mark == "=":
                dialogue.reports.append(rest)
            elif mark == "#":
                dialogue.in_box = int(rest.removeprefix("未分类"))
            elif line.strip():
                raise ValueError(f"{title}: cannot read {line!r}")
        dialogue.minutes_after = minutes
        yield dialogue


class Person(Talk):
    """Somebody who speaks the steps of a dialogue; remembers every body, to deliver it again."""

    last_body: bytes = b""

    def deliver(self, body: bytes) -> str | None:
        self.last_body = body
        return super().deliver(body)

    def speak(self, said: str) -> list[str | None]:
        """Send one step and return the answers, several when it is sent several times."""
        if said == "再来一次":
            return [self.deliver(self.last_body)]
        match = _STEP.fullmatch(said)
        assert match is not None
        kind, words = match["kind"], match["words"]
        if kind and kind not in _KINDS:
            kind, words = None, said.removeprefix(match["shift"] or "")
        more: dict[str, Any] = {}
        if match["shift"]:
            more["sent_at"] = self.clock.at + timedelta(seconds=int(match["shift"].strip().removesuffix("s")))
        times = int(match["times"] or 1) if kind else 1
        return [self._send(kind, words.replace("\\n", "\n"), more) for _ in range(times)]

    def _send(self, kind: str | None, words: str, more: dict[str, Any]) -> str | None:
        match kind:
            case None:
                return self.say(words, **more)
            case "照片":
                return self.photo(**more)
            case "视频":
                return self.send("video", MediaId="VIDEO1", ThumbMediaId="THUMB1", **more)
            case "短视频":
                return self.send("shortvideo", MediaId="VIDEO2", ThumbMediaId="THUMB2", **more)
            case "语音":
                return self.voice(words or None, **more)
            case "定位":
                return self.pin(words, **more)
            case "链接":
                return self.send("link", Title=words, Description="", Url="https://example.com/a", **more)
            case "事件":
                name, _, key = words.partition(" ")
                return self.event(name, key, **more)
        return self.send("hologram", Content=words, **more)


def make_person(database: Any) -> Person:
    """Return somebody new on a robot of their own."""
    clock = Clock()
    return Person(make_robot(database, clock), database, clock)


def list_reports(database: Any) -> list[dict[str, Any]]:
    """Return the reports as they stand, in the order of their codes."""
    with database.read() as db:
        rows = db.execute(text("SELECT * FROM reports ORDER BY id")).mappings().all()
    return [dict(row) for row in rows]


def list_messages(database: Any) -> list[dict[str, Any]]:
    """Return the messages as they stand."""
    with database.read() as db:
        rows = db.execute(text("SELECT * FROM messages ORDER BY id")).mappings().all()
    return [dict(row) for row in rows]


def check_report(row: dict[str, Any], expected: str) -> None:
    """Compare a report with a line of the notation; what the line does not name is not looked at."""
    for words in re.findall(r"说“[^”]*”|不说“[^”]*”|\S+", expected):
        is_fine = _is_as(row, words)
        assert is_fine, f"{words!r} is not so: {row}"


def _is_as(row: dict[str, Any], words: str) -> bool:
    if words in _STATES:
        return bool(row["state"] == _STATES[words])
    if words.startswith("说“"):
        return words[2:-1] in row["description"]
    if words.startswith("不说“"):
        return words[3:-1] not in row["description"]
    if counted := re.fullmatch(r"(照片|语音|视频|条)(\d+)", words):
        name = {"照片": "photo_count", "语音": "voice_count", "视频": "video_count", "条": "message_count"}[counted[1]]
        return bool(row[name] == int(counted[2]))
    if words.startswith("地点"):
        return bool(row["place_label"].replace(" ", "_") == words[2:])
    if words == "定位":
        return row["latitude"] is not None
    if words == "无定位":
        return row["latitude"] is None
    if words.startswith("缺"):
        names = {"地点": "place", "情况": "description", "东西": "look"}
        return set(filter(None, row["missing"].split(","))) == {names[name] for name in words[1:].split("、")}
    if words == "齐":
        return bool(row["missing"] == "")
    if words in ("匿名", "险情"):
        return bool(row["is_anonymous" if words == "匿名" else "is_emergency"])
    if re.fullmatch(r"P\d", words):
        return bool(row["level"] == words)
    return bool(row["category"] == words)
