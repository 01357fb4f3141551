"""Which of the 18 categories a hazard belongs to: points by cue words and rules, UNK rather than a hard guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.classify.cues import Hit, Rule

# Below this many points the evidence is too weak to name a category.
ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """The category chosen ("UNK" when unsure), its points, and the words that spoke for it."""

    code: str
    points: int
    words: tuple[str, ...]


def choose_category(hits: list[Hit], rules: Sequence[Rule], ranks: Mapping[str, int]) -> Choice:
    """Add up the points; `ranks` orders the categories that win a tie, any other tie is UNK."""
    points: dict[str, int] = {}
    covered = 0
    spoke: dict[str, list[str]] = {}
    seen: set[str] = set()
    for _, end, word in hits:
        # Hits come longest first: 三轮 inside 电动三轮 does not speak for itself.
        if not word.weights or end <= covered:
            continue
        covered = end
        if word.text in seen:
            continue
        seen.add(word.text)
        for code, weight in word.weights.items():
            points[code] = points.get(code, 0) + weight
            spoke.setdefault(code, []).append(word.text)
    for rule in rules:
        points[rule.owner] = points.get(rule.owner, 0) + rule.weight
    if not points:
        return Choice("UNK", 0, ())
    best = max(points.values())
    leaders = [code for code, value in points.items() if value == best]
    words = tuple(dict.fromkeys(spoke.get(leaders[0], ())))
    if best < ENOUGH:
        return Choice("UNK", best, words)
    if len(leaders) > 1:
        ranked = [code for code in leaders if code in ranks]
        if not ranked:
            return Choice("UNK", best, words)
        leaders = [min(ranked, key=ranks.__getitem__)]
        words = tuple(dict.fromkeys(spoke.get(leaders[0], ())))
    return Choice(leaders[0], best, words)
