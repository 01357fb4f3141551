"""What in a hand-over could tell the unit who reported it; pure. A reviewer is warned, and decides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.admin.neutral import load_phrases
from storage.reports.assignments import HandOver
from storage.types import AnyRow
from storage.units import UnitKind

FEW_PEOPLE = 10  # in a smaller unit everybody knows who was where
LONGEST_SAME = 5  # characters; a longer run of the reporter's own words is theirs

_NUMBER = "[0-9〇零一二三四五六七八九十两]"
_HINTS = (
    (
        re.compile(f"(?:[01]?[0-9]|2[0-3])[:：][0-5][0-9]|{_NUMBER}{{1,3}}点(?:{_NUMBER}{{1,3}}分?|半|一刻|三刻)"),
        "时间写到了几点几分",
    ),
    (re.compile(f"[零早中晚夜白甲乙丙]班|[大小]夜班?|{_NUMBER}{{1,2}}点班"), "写了班次"),
    (re.compile("工号|工牌|职工号"), "写了工号"),
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}[-－]?\d{7,8}(?!\d)"), "写了电话号码"),
)
_SEEN_ALONE = re.compile(
    "只有(?:我|俺)|就(?:我|俺)(?:一个|自己|们两)|(?:我|俺)(?:一个人|自己一个)|没(?:有)?别人|没旁人"
)


@dataclass(frozen=True, slots=True)
class Betrayal:
    """A reason to think twice; `passage` is what to mark in the text, empty where it is not about a passage."""

    why: str
    passage: str = ""


def find_betrayals(hand_over: HandOver, report: AnyRow, unit: AnyRow) -> list[Betrayal]:
    """Return what could tell a unit who reported: its size, who else can know, and passages of the text."""
    found = []
    if unit.headcount is not None and unit.headcount < FEW_PEOPLE:
        found.append(Betrayal(f"这个单位只有 {unit.headcount} 个人"))
    elif unit.headcount is None and unit.kind != UnitKind.VILLAGE:
        found.append(Betrayal("没有填这个单位有多少人，人少的话容易猜到"))
    if _SEEN_ALONE.search(report.description):
        found.append(Betrayal("上报人说过只有他一个人看到"))
    texts = (hand_over.place, hand_over.problem, hand_over.requirement)
    for pattern, why in _HINTS:
        found += [Betrayal(why, hit[0]) for text in texts for hit in pattern.finditer(text)]
    if report.alias:
        found += [Betrayal("写了上报人的代号", report.alias) for text in texts if report.alias in text]
    harmless = (report.place_label, unit.name, *_list_neutral())
    for text in texts:
        runs = _list_same_runs(text, report.description)
        found += [Betrayal("和上报人的原话一样", run) for run in runs if not _is_within(run, harmless)]
    return list(dict.fromkeys(found))


def split_passages(text: str, betrayals: Iterable[Betrayal]) -> list[tuple[str, bool]]:
    """Return a text in parts, each with whether it is to be marked."""
    passages = sorted({each.passage for each in betrayals if each.passage}, key=len, reverse=True)
    if not passages:
        return [(text, False)]
    parts = re.split(f"({'|'.join(re.escape(passage) for passage in passages)})", text)
    return [(part, at % 2 == 1) for at, part in enumerate(parts) if part]


def _list_same_runs(text: str, description: str) -> list[str]:
    """Return the longest runs that two texts share, none within another, each longer than LONGEST_SAME."""
    runs, at = [], 0
    while at + LONGEST_SAME < len(text):
        end = at + LONGEST_SAME + 1
        if text[at:end] not in description:
            at += 1
            continue
        while end < len(text) and text[at : end + 1] in description:
            end += 1
        runs.append(text[at:end])
        at = end
    return runs


def _is_within(run: str, harmless: Sequence[str]) -> bool:
    return any(run in each for each in harmless)


def _list_neutral() -> list[str]:
    return [phrase for each in load_phrases().values() for phrase in (*each.problems, *each.requirements)]
