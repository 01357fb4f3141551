"""Finding cue words in one pass, and rules over them; knows nothing about what the cues mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_SIGN = re.compile(r"\s+([+=-])\s+")
_GROUP = re.compile(r"<([^<>]+)>")


class CueError(ValueError):
    """A word or a rule that cannot be read."""


@dataclass(slots=True, eq=False)
class Word:
    """One cue word: which alternatives it satisfies, what it weighs for each category, which role it has in a place."""

    text: str
    atoms: set[int] = field(default_factory=set)
    weights: dict[str, int] = field(default_factory=dict)
    place: str = ""
    shield: bool = False


Hit = tuple[int, int, Word]  # start, end, word


@dataclass(frozen=True, slots=True)
class Rule:
    """`key` and all of `needs` must be there, none of `vetoes`; `written` is the line of the data file.

    `part` says what the rule decides (category, intent, level…), `owner` for which of them it speaks.
    """

    part: str
    owner: str
    key: int
    needs: frozenset[int]
    vetoes: frozenset[int]
    weight: int
    written: str


class Words:
    """Every cue word of a lexicon, found by its first two characters."""

    def __init__(self) -> None:
        self._words: dict[str, Word] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._singles: dict[str, Word] = {}

    def word(self, text: str) -> Word:
        """Return the word, adding it on first use; raise CueError when it is empty."""
        if not text:
            raise CueError("空词")
        known = self._words.get(text) or self._singles.get(text)
        if known is not None:
            return known
        word = Word(text)
        if len(text) == 1:
            self._singles[text] = word
            return word
        self._words[text] = word
        head = text[:2]
        self._lengths[head] = tuple(sorted({*self._lengths.get(head, ()), len(text)}, reverse=True))
        return word

    def __iter__(self) -> Iterator[Word]:
        yield from self._words.values()
        yield from self._singles.values()

    def scan(self, text: str) -> list[Hit]:
        """Return every cue word of `text`, overlapping ones too, by start and longest first."""
        hits: list[Hit] = []
        lengths_of, word_of, single_of = self._lengths.get, self._words.get, self._singles.get
        shielded = 0
        for start, letter in enumerate(text):
            lengths = lengths_of(text[start : start + 2])
            if lengths is not None:
                for length in lengths:
                    word = word_of(text[start : start + length])
                    # The last slices of a text may be shorter than asked for; they then hit a shorter word twice.
                    if word is not None and len(word.text) == length:
                        end = start + length
                        if word.shield:
                            shielded = max(shielded, end)
                            _drop_inside(hits, start, end)
                            if word.atoms or word.weights:
                                hits.append((start, end, word))
                        elif end > shielded:
                            hits.append((start, end, word))
            single = single_of(letter)
            if single is not None and start >= shielded:
                hits.append((start, start + 1, single))
        return hits


def _drop_inside(hits: list[Hit], start: int, end: int) -> None:
    """Take back hits that lie inside a shield word such as 睡着了."""
    hits[:] = [hit for hit in hits if not (hit[0] >= start and hit[1] <= end)]


class RuleSet:
    """Rules indexed by their key."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_key: dict[int, list[Rule]] = {}
        for rule in rules:
            self._by_key.setdefault(rule.key, []).append(rule)
        self._keys = frozenset(self._by_key)

    def touched(self, present: set[int]) -> list[Rule]:
        """Return the rules whose key and needs are all present, whatever their vetoes say."""
        by_key = self._by_key
        return [rule for key in self._keys & present for rule in by_key[key] if rule.needs <= present]

    def fired(self, present: set[int]) -> list[Rule]:
        """Return the rules whose needs are all present and whose vetoes are all absent."""
        by_key = self._by_key
        return [
            rule
            for key in self._keys & present
            for rule in by_key[key]
            if rule.needs <= present and rule.vetoes.isdisjoint(present)
        ]


class RuleReader:
    """Reads rule lines `甲/乙 + <组> - 丙 = 3` and marks the words they speak of."""

    def __init__(self, words: Words, groups: dict[str, tuple[str, ...]]) -> None:
        self._words = words
        self._groups = groups
        self._atoms: dict[tuple[str, ...], int] = {}

    def atom(self, alternatives: str) -> int:
        """Return the number that stands for `甲/乙/<组>`; each of its words is marked with it."""
        texts = tuple(sorted(set(self._expand(alternatives))))
        known = self._atoms.get(texts)
        if known is not None:
            return known
        number = len(self._atoms)
        self._atoms[texts] = number
        for text in texts:
            self._words.word(text).atoms.add(number)
        return number

    def rule(self, part: str, owner: str, line: str, weight: int = 3) -> Rule:
        """Return the rule of one line; raise CueError when it cannot be read."""
        parts = _SIGN.split(line.strip())
        key = self.atom(parts[0])
        needs: set[int] = set()
        vetoes: set[int] = set()
        for sign, piece in zip(parts[1::2], parts[2::2], strict=True):
            if sign == "=":
                if not piece.lstrip("-").isdigit():
                    raise CueError(f"“= {piece}”不是数字")
                weight = int(piece)
            else:
                (needs if sign == "+" else vetoes).add(self.atom(piece))
        return Rule(part, owner, key, frozenset(needs), frozenset(vetoes), weight, line.strip())

    def _expand(self, alternatives: str) -> Iterator[str]:
        for part in alternatives.split("/"):
            group = _GROUP.fullmatch(part)
            if group is None:
                if not part or any(sign in part for sign in "<>+=/ "):
                    raise CueError(f"读不懂“{part}”")
                yield part
            elif group[1] in self._groups:
                yield from self._groups[group[1]]
            else:
                raise CueError(f"没有词组<{group[1]}>")


def read_groups(written: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Return each group's words, with `<other>` inside a group put in place; raise CueError on a circle."""
    groups: dict[str, tuple[str, ...]] = {}

    def expand(name: str, above: Sequence[str]) -> tuple[str, ...]:
        if name in above:
            raise CueError(f"词组<{name}>绕回了自己")
        if name not in written:
            raise CueError(f"没有词组<{name}>")
        if name not in groups:
            words: list[str] = []
            for part in written[name].split():
                inner = _GROUP.fullmatch(part)
                words.extend(expand(inner[1], (*above, name)) if inner else [part])
            groups[name] = tuple(words)
        return groups[name]

    for name in written:
        expand(name, ())
    return groups


def rule_lines(block: str) -> Iterable[str]:
    """Return the rule lines of a block, without blank lines and lines that begin with #."""
    return [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]
