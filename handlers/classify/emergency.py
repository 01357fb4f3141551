"""Whether something is happening now: event cues, and the scopes (past, drill, question…) that take them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from handlers.classify.cues import LONGEST_WORD, Hit, Rule
from handlers.classify.types import Emergency, Intent

# How far apart, in characters, the parts of one event may be told.
_REACH = 26
_SENTENCE_ENDS = "。?"
_CLAUSE_ENDS = "。?,"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of emergency with what is said about it."""

    emergency: Emergency
    label: str
    category: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Words that take an event back: `where` they must stand, what cancels them, which kinds do not care."""

    name: str
    means: Intent
    atom: int  # bit mask, as `unless`
    where: str  # before, after, just after, sentence, message
    characters: int  # for before and after: largest gap between the word and the event
    unless: int
    spares: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: the live kind, or else the scope that took the first one back."""

    words: str
    kind: Kind | None
    scope: Scope | None


class EmergencyFinder:
    """Look for live events among the hits of a text."""

    def __init__(self, kinds: Sequence[Kind], scopes: Sequence[Scope]) -> None:
        self._kinds = {kind.emergency.kind: kind for kind in kinds}
        self._order = {kind.emergency.kind: order for order, kind in enumerate(kinds)}
        self._scopes = tuple(scopes)

    def find(self, text: str, hits: list[Hit], present: int) -> Finding | None:
        """Return the gravest live event (by the order of the file), else one taken back, else None."""
        order = self._order
        events = [
            (order[rule.owner], index, rule)
            for index, hit in enumerate(hits)
            for rule in hit[2].events
            if rule.needs & present == rule.needs
        ]
        if not events:
            return None
        events.sort(key=lambda event: event[:2])
        scopes = [scope for scope in self._scopes if scope.atom & present and not scope.unless & present]
        everywhere = [scope for scope in scopes if scope.where == "message"]
        stretches: dict[int, _Stretch] = {}
        taken_back: Finding | None = None
        for _, index, rule in events:
            # A drill takes back all of it; one event is enough to say so.
            if taken_back and any(rule.owner not in scope.spares for scope in everywhere):
                continue
            if rule.reach is not None and not _stand_near(rule, hits, index):
                continue
            stretch = stretches.get(index)
            if stretch is None:
                stretch = stretches[index] = _stretch(text, hits, index)
            if not stretch.tells(rule):
                continue
            event = hits[index]
            scope = _taken_back_by(text, event, stretch, scopes, rule.owner)
            if scope is None:
                return Finding(event[2].text, self._kinds[rule.owner], None)
            taken_back = taken_back or Finding(event[2].text, None, scope)
        return taken_back


class _Stretch(NamedTuple):
    """What stands around one event in its sentence, the event itself left out."""

    hits: list[Hit]
    atoms: int

    def tells(self, rule: Rule) -> bool:
        """Say whether the rule's needs stand in the stretch and none of its vetoes does."""
        return not rule.needs & ~self.atoms and not rule.vetoes & self.atoms


def _stand_near(rule: Rule, hits: list[Hit], index: int) -> bool:
    """Say whether the rule's needs stand within its reach of the event."""
    start, end, _ = hits[index]
    low, high = start - (rule.reach or 0), end + (rule.reach or 0)
    missing = rule.needs
    at = index
    while at >= 0 and hits[at][0] > low - LONGEST_WORD and missing:
        if at != index and hits[at][1] > low:
            missing &= ~hits[at][2].atoms
        at -= 1
    at = index + 1
    while at < len(hits) and hits[at][0] < high and missing:
        missing &= ~hits[at][2].atoms
        at += 1
    return not missing


def _stretch(text: str, hits: list[Hit], index: int) -> _Stretch:
    event = hits[index]
    low, high = _around(text, event, _REACH)
    at = index
    while at > 0 and hits[at - 1][0] >= low:
        at -= 1
    near: list[Hit] = []
    atoms = 0
    while at < len(hits) and hits[at][0] < high:
        hit = hits[at]
        at += 1
        if hit[1] <= high and hit[:2] != event[:2]:
            near.append(hit)
            atoms |= hit[2].atoms
    return _Stretch(near, atoms)


def _taken_back_by(text: str, event: Hit, stretch: _Stretch, scopes: Sequence[Scope], kind: str) -> Scope | None:
    for scope in scopes:
        if kind in scope.spares:
            continue
        if scope.where == "message":
            return scope
        if scope.atom & stretch.atoms and any(
            scope.atom & hit[2].atoms and _stands(text, event, hit, scope) for hit in stretch.hits
        ):
            return scope
    return None


def _around(text: str, hit: Hit, reach: int) -> tuple[int, int]:
    """Return the stretch of the sentence at most `reach` characters before and after an event."""
    start, end, _ = hit
    low, high = max(0, start - reach), min(len(text), end + reach)
    for mark in _SENTENCE_ENDS:
        low = max(low, text.rfind(mark, low, start) + 1)
        stop = text.find(mark, end, high)
        high = stop if stop >= 0 else high
    return low, high


def _stands(text: str, event: Hit, word: Hit, scope: Scope) -> bool:
    """Say whether a scope word stands where it takes the event back."""
    start, end = event[:2]
    if scope.where == "before":
        between = text[word[1] : start]
        return word[0] < start and word[1] <= end and len(between) <= scope.characters and not _has_end(between)
    if scope.where in ("after", "just after"):
        between = text[end : word[0]]
        ends = _SENTENCE_ENDS if scope.where == "after" else _CLAUSE_ENDS
        return (
            word[1] > end
            and word[0] >= start
            and len(between) <= scope.characters
            and not any(mark in between for mark in ends)
        )
    return not (word[0] >= start and word[1] <= end)


def _has_end(between: str) -> bool:
    return any(mark in between for mark in _CLAUSE_ENDS)
