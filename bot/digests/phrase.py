"""A digest in words: the few lines of a chat message, cut to what its reader has time for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import dates, words  # the words and dates of the pages: a digest says them alike
from bot.digests.gather import Facts, Sign
from handlers import texts_digest as texts
from handlers.texts import quote
from handlers.texts_digest import Item
from storage.digests import LEADER, UNIT
from storage.reports.overview import Figure
from storage.types import AnyRow

_MOST_LISTED = 3
_NUMERALS = "一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Line:
    """A figure with what it is a part of, for mail and page; `of` None where it is a part of nothing."""

    figure: Figure
    label: str
    count: int
    of: int | None
    meaning: str


# What a figure is a part of: the sum of these.
_DENOMINATORS: Mapping[Figure, tuple[Figure, ...]] = {
    Figure.MERGED: (Figure.RECEIVED,),
    Figure.DECLINED: (Figure.RECEIVED,),
    Figure.EMERGENCY: (Figure.RECEIVED,),
    Figure.ACCEPTED: (Figure.DECIDED,),
    Figure.VERIFIED: (Figure.CHECKED,),
    Figure.CLOSED: (Figure.CLOSED, Figure.ONGOING),
    Figure.TOLD: (Figure.TO_TELL,),
    Figure.OVERDUE: (Figure.HELD,),
    Figure.RED: (Figure.OVERDUE,),
}
_TODAY = (
    Figure.SUSPECT,
    Figure.OVERDUE,
    Figure.RED,
    Figure.TO_ACCEPT,
    Figure.TO_RECHECK,
    Figure.PLEA,
    Figure.LATE,
    Figure.YELLOW,
)
_LAST_WEEK = (
    Figure.RECEIVED,
    Figure.MERGED,
    Figure.DECLINED,
    Figure.EMERGENCY,
    Figure.ACCEPTED,
    Figure.VERIFIED,
    Figure.CLOSED,
    Figure.ONGOING,
    Figure.TOLD,
)
_LEADER_TODAY = (Figure.SUSPECT, Figure.OVERDUE, Figure.RED, Figure.LATE)
_LEADER_WEEK = (Figure.RECEIVED, Figure.ACCEPTED, Figure.VERIFIED, Figure.CLOSED, Figure.ONGOING)
_UNIT_TODAY = (Figure.OVERDUE, Figure.RED)
_UNIT_WEEK = (Figure.HANDED, Figure.MENDED, Figure.STRUCK, Figure.HELD)


def list_today(facts: Facts) -> list[Line]:
    """Return the figures of what is to be done today."""
    return _list_lines(facts, _UNIT_TODAY if facts.reader.kind == UNIT else _TODAY)


def list_last_week(facts: Facts) -> list[Line]:
    """Return the figures of the week."""
    return _list_lines(facts, _UNIT_WEEK if facts.reader.kind == UNIT else _LAST_WEEK)


def phrase(facts: Facts, *, link: str = "") -> str:
    """Return what the reader is sent by chat, with `link` as its last line where there is room for it."""
    if facts.reader.kind == LEADER:
        return _fit(facts, _phrase_leader, texts.MOST_LEADER, link)
    if facts.reader.kind == UNIT:
        return _fit(facts, _phrase_unit, texts.MOST_UNIT, link)
    return _fit(facts, _phrase_office, texts.MOST_OFFICE, link)


def build_item(row: AnyRow, now: datetime, *, has_unit: bool = True) -> Item:
    """Return a report as a digest lists it: by its unit and category, never by what was said of it."""
    parts = [row.unit_name] if has_unit and row.unit_name else []
    return Item(row.code, " ".join([*parts, say_category(row.category)]), say_due(row.due_at, now))


def say_due(due_at: datetime | None, now: datetime) -> str:
    """Return how a term stands; nothing is said where none is set."""
    return "未定期限" if due_at is None else dates.say_due(due_at, now)


def say_category(category: str) -> str:
    """Return the word of a hazard code."""
    return words.CATEGORIES.get(category, category)


def say_sign(sign: Sign) -> str:
    """Return a category that grows, such as 用电连续两周升（4 条）."""
    if sign.is_rising:
        return f"{say_category(sign.category)}连续两周升（{sign.count} 条）"
    return f"{say_category(sign.category)}一周 {sign.count} 条"


def say_acceptance(facts: Facts) -> str:
    """Return how long it took to accept, such as 0.8 工作日."""
    return "本周无" if facts.acceptance_days is None else f"{facts.acceptance_days:.1f} 工作日"


def _list_lines(facts: Facts, figures: Sequence[Figure]) -> list[Line]:
    return [
        Line(
            figure,
            texts.LABELS[figure],
            facts.counts[figure],
            sum(facts.counts[each] for each in _DENOMINATORS[figure]) if figure in _DENOMINATORS else None,
            texts.MEANINGS[figure],
        )
        for figure in figures
        if figure in facts.counts
    ]


def _fit(facts: Facts, say: Callable[[Facts, int], str], most: int, link: str) -> str:
    """Return the words with as many of the listed items as there is room for."""
    for tail in [f"\n{link}", ""] if link else [""]:
        for listed in range(_MOST_LISTED, -1, -1):
            said = say(facts, listed) + tail
            if len(said) <= most:
                return said
    return said[: most - 1] + "…"


def _phrase_office(facts: Facts, listed: int) -> str:
    counts = facts.counts
    about = facts.reader.about or "随手拍"
    parts = [
        (
            "今天要办",
            [
                *_say_items(Figure.SUSPECT, facts.suspects, facts, listed),
                *_say_items(Figure.OVERDUE, facts.due, facts, listed),
                *_say_counts(counts, (Figure.RED, Figure.TO_ACCEPT, Figure.TO_RECHECK, Figure.PLEA)),
                *_say_counts(counts, (Figure.LATE, Figure.YELLOW)),
            ],
        ),
        ("上周情况", _say_last_week(facts, listed)),
        *((section.title, list(section.lines)) for section in facts.sections),
        ("回告", _say_answers(facts)),
    ]
    lines = [f"【{facts.week.say()}】{about}"]
    for numeral, (title, said) in zip(_NUMERALS, parts, strict=False):
        lines.append(f"{numeral}、{title}" + ("" if said else f"：{texts.NOTHING}"))
        lines += [f" {line}" for line in said]
    return "\n".join(lines)


def _say_last_week(facts: Facts, listed: int) -> list[str]:
    counts = facts.counts
    if not any(counts[each] for each in (Figure.RECEIVED, Figure.DECIDED, Figure.CHECKED, Figure.CLOSED)):
        return [f"{texts.NOTHING}，在办 {counts[Figure.ONGOING]}"] if counts[Figure.ONGOING] else []
    parts = _say_parts(counts, (Figure.MERGED, Figure.DECLINED, Figure.EMERGENCY))
    came = f"收到 {counts[Figure.RECEIVED]}" + (f"（{'、'.join(parts)}）" if parts else "")
    done = [f"{texts.LABELS[each]} {counts[each]}" for each in (Figure.ACCEPTED, Figure.VERIFIED, Figure.CLOSED)]
    lines = ["；".join([came, *done, f"在办 {counts[Figure.ONGOING]}"])]
    if facts.top:
        lines.append("类别前三：" + "、".join(f"{say_category(category)} {count}" for category, count in facts.top))
    if facts.signs and listed:
        lines.append("苗头：" + "、".join(say_sign(sign) for sign in facts.signs[:listed]))
    return lines


def _say_answers(facts: Facts) -> list[str]:
    counts = facts.counts
    if not counts[Figure.TO_TELL] and facts.acceptance_days is None:
        return []
    told = f"上周回告 {counts[Figure.TOLD]}/{counts[Figure.TO_TELL]}" if counts[Figure.TO_TELL] else "没有要回告的"
    return [f"{told}；平均受理 {say_acceptance(facts)}"]


def _say_items(figure: Figure, rows: Sequence[AnyRow], facts: Facts, listed: int) -> list[str]:
    count = facts.counts[figure]
    if not count:
        return []
    return [
        f"{texts.LABELS[figure]} {texts.list_items([build_item(row, facts.made_at) for row in rows], count, listed)}"
    ]


def _say_parts(counts: Mapping[Figure, int], figures: Sequence[Figure]) -> list[str]:
    return [f"{texts.LABELS[figure]} {counts[figure]}" for figure in figures if counts[figure]]


def _say_counts(counts: Mapping[Figure, int], figures: Sequence[Figure]) -> list[str]:
    parts = _say_parts(counts, figures)
    return ["，".join(parts)] if parts else []


def _phrase_leader(facts: Facts, listed: int) -> str:
    counts = facts.counts
    urgent = "，".join(_say_parts(counts, _LEADER_TODAY)) or texts.NOTHING
    named = [row.code for row in (*facts.suspects[:1], *facts.due[:1])] if listed else []
    first = f"，先看 {'、'.join(named)}" if named else ""
    week = [f"{texts.LABELS[each]} {counts[each]}" for each in _LEADER_WEEK]
    last = "，".join(week) if any(counts[each] for each in _LEADER_WEEK) else texts.NOTHING
    return f"【{facts.week.say()}】要您看的：{urgent}{first}。上周：{last}。"


def _phrase_unit(facts: Facts, listed: int) -> str:
    counts = facts.counts
    lines = [f"【{facts.week.say()}】{facts.reader.about if listed else quote(facts.reader.about, 20)}"]
    items = [build_item(row, facts.made_at, has_unit=False) for row in facts.due]
    lines.append(f"要办的 {texts.list_items(items, len(items), listed)}" if items else f"要办的：{texts.NOTHING}")
    parts = _say_counts(counts, (Figure.OVERDUE, Figure.RED))
    lines += parts
    week = _say_parts(counts, (Figure.HANDED, Figure.MENDED, Figure.STRUCK))
    lines.append(f"上周：{'，'.join(week) or texts.NOTHING}；手上 {counts[Figure.HELD]}")
    for section in facts.sections:
        lines.append(f"{section.title}：{'；'.join(section.lines)}")
    return "\n".join(lines)
