"""Finding cue words in one pass, and rules over them; knows nothing about what the cues mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

_SIGN = re.compile(r"\s+([+=@-])\s+")
_GROUP = re.compile(r"<([^<>]+)>")


# The part of emergency rules; they are tried where their key stands, not for the text as a whole.
EVENT = "emergency"
# The longest word of a lexicon; longer ones would be sentences, and those never come twice.
LONGEST_WORD = 12


class CueError(ValueError):
    """A word or a rule that cannot be read."""


@dataclass(slots=True, eq=False)
class Word:
    """One cue word and all that hangs on it.

    `atoms` is a bit mask of the alternatives it satisfies; `rules` and `events` are the general rules and the
    emergency rules to try when it is met; `weights` are its points for each category.
    """

    text: str
    atoms: int = 0
    rules: list[Rule] = field(default_factory=list)
    events: list[Rule] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)
    place: str = ""
    shield: bool = False

    @property
    def speaks(self) -> bool:
        """Whether the word means anything by itself; most shield words do not."""
        return bool(self.atoms or self.weights or self.place)


Hit = tuple[int, int, Word]  # start, end, word


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """`key` and all of `needs` must be there, none of `vetoes`; all are bit masks of atoms.

    `part` says what the rule decides (category, intent, level…), `owner` for which of them it speaks.
    """

    part: str
    owner: str
    key: int
    needs: int
    vetoes: int
    weight: int
    reach: int | None  # how many characters may lie between the key and the needs; None: no matter


class Words:
    """Every cue word of a lexicon, found by its first two characters."""

    def __init__(self, longest: int | None = None) -> None:
        self._longest = longest
        self._words: dict[str, Word] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._singles: dict[str, Word] = {}

    def word(self, text: str) -> Word:
        """Return the word, adding it on first use; raise CueError when it is empty or too long."""
        if not text:
            raise CueError("空词")
        if self._longest is not None and len(text) > self._longest:
            raise CueError(f"词“{text}”太长,最多 {self._longest} 个字")
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
        lengths_of, word_of, singles = self._lengths.get, self._words.get, self._singles
        shielded = 0
        last = len(text)
        for start, (letter, head) in enumerate(zip(text, map(str.__add__, text, text[1:] + "\n"), strict=True)):
            lengths = lengths_of(head)
            if lengths is not None:
                for length in lengths:
                    end = start + length
                    word = word_of(text[start:end])
                    # At the end of a text slices are shorter than asked for and would find a word twice.
                    if word is None or end > last:
                        continue
                    if word.shield:
                        shielded = max(shielded, end)
                        if word.speaks:
                            hits.append((start, end, word))
                    elif end > shielded:
                        hits.append((start, end, word))
            if letter in singles and start >= shielded:
                hits.append((start, start + 1, singles[letter]))
        return hits


def present_in(hits: Iterable[Hit]) -> int:
    """Return the mask of all atoms met."""
    present = 0
    for _, _, word in hits:
        present |= word.atoms
    return present


def fired(hits: Iterable[Hit], present: int) -> dict[Rule, None]:
    """Return the general rules whose needs are all present and whose vetoes are all absent, in reading order."""
    met: dict[Rule, None] = {}
    for _, _, word in hits:
        for rule in word.rules:
            if rule.needs & present == rule.needs and not rule.vetoes & present:
                met[rule] = None
    return met


class RuleReader:
    """Reads rule lines `甲/乙 + <组> - 丙 @ 5 = 3` and marks the words they speak of."""

    def __init__(self, words: Words, groups: dict[str, tuple[str, ...]]) -> None:
        self._words = words
        self._groups = groups
        self._atoms: dict[tuple[str, ...], int] = {}
        self._spellings: dict[int, tuple[str, ...]] = {}

    def atom(self, alternatives: str) -> int:
        """Return the bit that stands for `甲/乙/<组>`; each of its words is marked with it."""
        texts = tuple(sorted(set(self._expand(alternatives))))
        known = self._atoms.get(texts)
        if known is not None:
            return known
        bit = 1 << len(self._atoms)
        self._atoms[texts] = bit
        self._spellings[bit] = texts
        for text in texts:
            self._words.word(text).atoms |= bit
        return bit

    def rule(self, part: str, owner: str, line: str, weight: int = 3) -> Rule:
        """Return the rule of one line; raise CueError when it cannot be read."""
        parts = _SIGN.split(line.strip())
        bits = [self.atom(parts[0])]
        vetoes = 0
        reach: int | None = None
        for sign, piece in zip(parts[1::2], parts[2::2], strict=True):
            if sign in "=@":
                if not piece.lstrip("-").isdecimal():
                    raise CueError(f"“{sign} {piece}”不是数字")
                weight, reach = (int(piece), reach) if sign == "=" else (weight, int(piece))
            elif sign == "+":
                bits.append(self.atom(piece))
            else:
                vetoes |= self.atom(piece)
        if part != EVENT:
            # Any of them may wake the rule; the rarest wakes it least often in vain.
            bits.sort(key=self._commonness)
        rule = Rule(part, owner, bits[0], reduce(or_, bits[1:], 0), vetoes, weight, reach)
        for text in self._spellings[rule.key]:
            word = self._words.word(text)
            (word.events if part == EVENT else word.rules).append(rule)
        return rule

    def _commonness(self, bit: int) -> float:
        """Guess how often one of the words is met: short words far more often than long ones."""
        return sum(20.0 ** -len(text) for text in self._spellings[bit])

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


def spoken(rule: Rule, hits: Iterable[Hit]) -> str:
    """Return the words of a text that made a rule fire, as `甲 + 乙`."""
    words: dict[str, None] = {}
    left = rule.key | rule.needs
    for _, _, word in hits:
        if word.atoms & left:
            left &= ~word.atoms
            words[word.text] = None
            if not left:
                break
    return " + ".join(words)


def rule_lines(block: str) -> Iterable[str]:
    """Return the rule lines of a block, without blank lines and lines that begin with #."""
    return [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]
