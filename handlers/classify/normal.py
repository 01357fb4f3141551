"""The working copy of a message: width, script, fillers and mishearings levelled; the text itself is never changed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SPACE = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")
_SPACE_BETWEEN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])[^\S\n]+(?=[\u4e00-\u9fff])")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_REPEATED = re.compile(r"([\u4e00-\u9fff])\1{2,}")
# Marks that mean the same to us; NFKC has already made full-width ASCII marks narrow.
_MARKS = {ord(mark): "," for mark in "、﹐"} | {ord(mark): "。" for mark in "!;…"}
# Invisible characters: joiners, marks of direction, byte order, variation selectors, soft hyphen.
_INVISIBLE = dict.fromkeys((*range(8203, 8208), 8288, 65279, 65038, 65039, 173))
_CONTROL = dict.fromkeys((*range(9), *range(14, 32), 127))


@dataclass(frozen=True, slots=True)
class Variant:
    """A word as it is often misheard or mistyped; replaced only beside one of `needs` and none of `unless`."""

    wrong: str
    right: str
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class Normaliser:
    """Turn a text into its working copy by the tables of `normal.toml`."""

    def __init__(self, characters: Mapping[str, str], fillers: Sequence[str], variants: Sequence[Variant]) -> None:
        self._table: dict[int, str | None] = {ord(old): new for old, new in characters.items()}
        self._table |= _MARKS | _INVISIBLE | _CONTROL
        longest_first = sorted(fillers, key=len, reverse=True)
        self._fillers = re.compile("|".join(map(re.escape, longest_first))) if fillers else None
        self._variants = {variant.wrong: variant for variant in variants}
        wrongs = sorted(self._variants, key=len, reverse=True)
        self._wrong = re.compile("|".join(map(re.escape, wrongs))) if wrongs else None

    def level(self, text: str, limit: int) -> str:
        """Return width, script, marks and spaces levelled; at most `limit` characters are looked at."""
        copy = text[:limit]
        if not copy.isascii() and not unicodedata.is_normalized("NFKC", copy):
            copy = unicodedata.normalize("NFKC", copy)[:limit]
        copy = copy.lower().translate(self._table).strip()
        if "\n" in copy:
            copy = _BREAKS.sub("。", copy)
        if " " in copy or _SPACE.search(copy):
            copy = _close_spaces(copy)
        return _REPEATED.sub(r"\1", copy)

    def clean(self, levelled: str) -> str:
        """Return a levelled text without fillers and with mishearings put right."""
        copy = self._fillers.sub("", levelled) if self._fillers else levelled
        if self._wrong is None or self._wrong.search(copy) is None:
            return copy
        whole = copy
        return self._wrong.sub(lambda found: self._right(found[0], whole), whole)

    def _right(self, wrong: str, text: str) -> str:
        variant = self._variants[wrong]
        if variant.needs and not any(word in text for word in variant.needs):
            return wrong
        return wrong if any(word in text for word in variant.unless) else variant.right


def _close_spaces(text: str) -> str:
    """Read spaces between Chinese words as commas, but letter-spaced words (着 火 了) as one word."""
    gaps = len(_SPACE_BETWEEN_CHINESE.findall(text))
    if gaps:
        spaced_out = gaps * 2 >= len(_CHINESE.findall(text)) - 1
        text = _SPACE_BETWEEN_CHINESE.sub("" if spaced_out else ",", text)
    return _SPACE.sub("", text)
