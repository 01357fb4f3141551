"""Whether something is happening now: event cues, and the scopes (past, drill, question…) that take them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.classify.cues import Hit, Rule, RuleSet
from handlers.classify.types import Emergency

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
    atom: int
    where: str  # before, after, sentence, message
    characters: int  # for before and after: largest gap between the word and the event
    unless: int | None
    spares: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found: the live kind, or the words and the scope that took the last one back."""

    kind: Kind | None
    words: str
    scope: str


class EmergencyFinder:
    """Look for live events among the hits of a text."""

    def __init__(self, kinds: Sequence[Kind], rules: Iterable[Rule], scopes: Sequence[Scope]) -> None:
        self._kinds = {kind.emergency.kind: (order, kind) for order, kind in enumerate(kinds)}
        self._rules = RuleSet(rules)
        self._scopes = tuple(scopes)

    def find(self, text: str, hits: list[Hit], present: set[int]) -> Finding | None:
        """Return the gravest live event (by the order of the file), else one taken back, else None."""
        touched = self._rules.touched(present)
        if not touched:
            return None
        touched.sort(key=lambda rule: self._kinds[rule.owner][0])
        taken_back: Finding | None = None
        for rule in touched:
            for hit in hits:
                if rule.key not in hit[2].atoms:
                    continue
                around = _around(text, hit)
                atoms: set[int] = set()
                for start, end, word in hits:
                    if start >= around[0] and end <= around[1] and (start, end) != hit[:2]:
                        atoms |= word.atoms
                if not rule.needs <= atoms or not rule.vetoes.isdisjoint(atoms):
                    continue
                scope = self._scope(text, hit, hits, present, rule.owner)
                if scope is None:
                    return Finding(self._kinds[rule.owner][1], hit[2].text, "")
                taken_back = taken_back or Finding(None, hit[2].text, scope.name)
        return taken_back

    def _scope(self, text: str, event: Hit, hits: list[Hit], present: set[int], kind: str) -> Scope | None:
        for scope in self._scopes:
            if scope.atom not in present or kind in scope.spares:
                continue
            if scope.unless is not None and scope.unless in present:
                continue
            if scope.where == "message":
                return scope
            if any(scope.atom in hit[2].atoms and _stands(text, event, hit, scope) for hit in hits):
                return scope
        return None


def _around(text: str, hit: Hit) -> tuple[int, int]:
    """Return the stretch of the sentence in which the parts of an event are looked for."""
    start, end, _ = hit
    low, high = max(0, start - _REACH), min(len(text), end + _REACH)
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
    if scope.where == "after":
        between = text[end : word[0]]
        return word[1] > end and word[0] >= start and len(between) <= scope.characters
    low, high = _around(text, event)
    return low <= word[0] and word[1] <= high and not (word[0] >= start and word[1] <= end)


def _has_end(between: str) -> bool:
    return any(mark in between for mark in _CLAUSE_ENDS)
