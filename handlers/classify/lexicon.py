"""Reading and checking the data files: words, rules and sentences an operator may edit."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from handlers.classify.cues import EVENT, LONGEST_WORD, CueError, RuleReader, Words, read_groups, rule_lines
from handlers.classify.emergency import EmergencyFinder, Kind, Scope
from handlers.classify.marks import only
from handlers.classify.normal import Normaliser, Variant
from handlers.classify.types import Category, Emergency, Intent

T = TypeVar("T")

FOLDER = Path(__file__).with_name("lexicon")
_WHERE = ("before", "after", "just after", "sentence", "message")
_PLACE_ROLES = ("name", "noun", "kind", "side")
_MARKS = ("anonymous", "another")
_POINTS = {"words3": 3, "words2": 2, "words1": 1}


class LexiconError(ValueError):
    """A data file that cannot be used; the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Standard:
    """A national standard by which something may be a major hazard, with the day it took effect and was checked."""

    name: str
    version: str
    effective: date
    checked: date


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All data files, compiled."""

    normaliser: Normaliser
    words: Words
    emergencies: EmergencyFinder
    category_names: Mapping[str, str]
    category_ranks: Mapping[str, int]
    intent_order: Mapping[str, int]
    intent_names: Mapping[str, str]
    shapes: Mapping[Intent, re.Pattern[str]]
    standards: Mapping[str, Standard]
    place_stops: frozenset[str]


def load_lexicon(folder: Path | None = None) -> Lexicon:
    """Read the data files of `folder`, or those shipped; raise LexiconError naming file and entry."""
    return _Loader(folder or FOLDER).load()


class _Loader:
    """One reading of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words = Words(longest=LONGEST_WORD)

    def load(self) -> Lexicon:
        self._normaliser = self._read_normal()
        self._groups = self._read_groups()
        self._reader = RuleReader(self._words, self._groups)
        emergencies = self._read_emergencies()
        names, ranks = self._read_categories()
        order, shapes, intent_names = self._read_intents()
        standards = self._read_majors()
        self._read_levels()
        stops = self._read_places()
        self._check_words()
        return Lexicon(
            normaliser=self._normaliser,
            words=self._words,
            emergencies=emergencies,
            category_names=names,
            category_ranks=ranks,
            intent_order=order,
            intent_names=intent_names,
            shapes=shapes,
            standards=standards,
            place_stops=stops,
        )

    def _file(self, name: str) -> dict[str, Any]:
        try:
            return tomllib.loads((self._folder / name).read_text(encoding="utf-8"))
        except OSError as error:
            raise LexiconError(f"{name}: 读不到这个文件({error.strerror})") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise LexiconError(f"{name}: 格式不对,{error}") from error

    def _read_normal(self) -> Normaliser:
        name = "normal.toml"
        table = self._file(name)
        characters: dict[str, str] = {}
        for pair in _text(name, table, "traditional").split():
            if len(pair) != 2:
                raise LexiconError(f"{name}: traditional 里的“{pair}”应是两个字")
            _put(name, "traditional", characters, pair[0], pair[1])
        for new, olds in _table(name, table, "characters").items():
            for old in olds:
                _put(name, f"characters.{new}", characters, old, new)
        variants: dict[str, Variant] = {}
        for entry in table.get("variant", []):
            wrong, right = _text(name, entry, "wrong"), _text(name, entry, "right")
            where = f"variant“{wrong}”"
            if wrong == right:
                raise LexiconError(f"{name}: {where} 的 wrong 和 right 一样")
            variant = Variant(wrong, right, _words(entry, "needs"), _words(entry, "unless"))
            _put(name, where, variants, wrong, variant)
        self._particles = _text(name, table, "particles")
        return Normaliser(characters, _text(name, table, "fillers").split(), list(variants.values()))

    def _read_groups(self) -> dict[str, tuple[str, ...]]:
        name = "words.toml"
        table = self._file(name)
        groups = _table(name, table, "groups")
        for group in groups:
            if not _text(name, groups, group).split():
                raise LexiconError(f"{name}: 词组“{group}”是空的")
        with _entry(name, "shields"):
            for shield in _text(name, table, "shields").split():
                self._words.word(shield).shield = True
        with _entry(name, "groups"):
            return read_groups(groups)

    def _read_emergencies(self) -> EmergencyFinder:
        name = "emergencies.toml"
        table = self._file(name)
        kinds: dict[str, Kind] = {}
        for entry in table.get("kind", []):
            code = _text(name, entry, "name")
            phones = tuple(_text(name, entry, "phones").split())
            if not phones:
                raise LexiconError(f"{name}: 险情“{code}”没有电话")
            category = self._category(name, code, _text(name, entry, "category"))
            emergency = Emergency(code, phones, _text(name, entry, "advice"))
            _put(name, "kind", kinds, code, Kind(emergency, _text(name, entry, "label"), category))
            self._rules(name, f"kind “{code}”", EVENT, code, _text(name, entry, "rules"))
        scopes = [self._scope(name, entry, kinds) for entry in table.get("scope", [])]
        if not kinds:
            raise LexiconError(f"{name}: 一种险情也没有")
        return EmergencyFinder(list(kinds.values()), scopes)

    def _scope(self, name: str, entry: dict[str, Any], kinds: Mapping[str, Kind]) -> Scope:
        label = _text(name, entry, "name")
        where = _text(name, entry, "where")
        if where not in _WHERE:
            raise LexiconError(f"{name}: scope “{label}” 的 where 只能是 {'、'.join(_WHERE)}")
        spares = frozenset(_words(entry, "spares"))
        if unknown := spares - set(kinds):
            raise LexiconError(f"{name}: scope “{label}” 的 spares 里没有这种险情:{' '.join(sorted(unknown))}")
        unless = entry.get("unless", "")
        with _entry(name, f"scope “{label}”"):
            return Scope(
                name=label,
                means=self._intent(name, f"scope “{label}”", _text(name, entry, "means")),
                atom=self._reader.atom(_text(name, entry, "words")),
                where=where,
                characters=int(entry.get("characters", 0)),
                unless=self._reader.atom(unless) if unless else 0,
                spares=spares,
            )

    def _read_categories(self) -> tuple[dict[str, str], dict[str, int]]:
        name = "categories.toml"
        table = self._file(name)
        ranked = [self._category(name, "first", code) for code in _text(name, table, "first").split()]
        names: dict[str, str] = {}
        for code, entry in _table(name, table, "category").items():
            self._category(name, "category", code)
            names[code] = _text(name, entry, "name")
            for key, points in _POINTS.items():
                for text in _text(name, entry, key).split():
                    with _entry(name, f"{code}.{key}"):
                        word = self._words.word(text)
                    if code in word.weights:
                        raise LexiconError(f"{name}: {code} 里“{text}”写了两遍")
                    word.weights[code] = points
            self._rules(name, f"{code}.rules", "category", code, _text(name, entry, "rules"))
        if missing := {code.value for code in Category} - {"UNK"} - set(names):
            raise LexiconError(f"{name}: 少了类别 {' '.join(sorted(missing))}")
        return names, {code: rank for rank, code in enumerate(ranked)}

    def _read_intents(
        self,
    ) -> tuple[dict[str, int], dict[Intent, re.Pattern[str]], dict[str, str]]:
        name = "intents.toml"
        table = self._file(name)
        order: dict[str, int] = {}
        for intent, block in _table(name, table, "rules").items():
            self._intent(name, "rules", intent)
            order[intent] = len(order)
            self._rules(name, f"rules.{intent}", "intent", intent, block)
        for mark in _MARKS:
            block = _text(name, _table(name, table, "marks"), mark)
            self._rules(name, f"marks.{mark}", "mark", mark, block)
        numbers: dict[str, None] = {}
        for entry in table.get("redirect", []):
            number = _text(name, entry, "number")
            _put(name, "redirect", numbers, number, None)
            self._rules(name, f"redirect “{number}”", "redirect", number, _text(name, entry, "rules"))
        shapes = {}
        for intent, words in _table(name, table, "only").items():
            if not words.split():
                raise LexiconError(f"{name}: only.{intent} 是空的")
            levelled = [self._normaliser.level(word, 100) for word in words.split()]
            shapes[self._intent(name, "only", intent)] = only(levelled, self._particles)
        intent_names = _table(name, table, "names")
        if missing := {intent.value for intent in Intent} - set(intent_names):
            raise LexiconError(f"{name}: names 里少了 {' '.join(sorted(missing))}")
        return order, shapes, intent_names

    def _read_majors(self) -> dict[str, Standard]:
        name = "majors.toml"
        standards: dict[str, Standard] = {}
        for entry in self._file(name).get("standard", []):
            title = _text(name, entry, "name")
            days = [entry.get("effective"), entry.get("checked")]
            if not all(isinstance(day, date) for day in days):
                raise LexiconError(f"{name}: “{title}”的 effective 和 checked 应是日期,如 2026-11-23")
            _put(name, "standard", standards, title, Standard(title, _text(name, entry, "version"), *days))
            self._rules(name, f"“{title}”", "major", title, _text(name, entry, "rules"))
        return standards

    def _read_levels(self) -> None:
        name = "levels.toml"
        table = self._file(name)
        for level in ("P1", "P3"):
            self._rules(name, level, "level", level, _text(name, table, level))

    def _read_places(self) -> frozenset[str]:
        name = "places.toml"
        table = self._file(name)
        for role in _PLACE_ROLES:
            for text in _text(name, table, role).split():
                word = self._words.word(text)
                if word.place:
                    raise LexiconError(f"{name}: “{text}”写了两遍")
                word.place = role
        return frozenset(_text(name, table, "stops")) - {" ", "\n"}

    def _rules(self, name: str, where: str, part: str, owner: str, block: str) -> None:
        for line in rule_lines(block):
            here = f"{where}“{line}”"
            with _entry(name, here):
                rule = self._reader.rule(part, owner, line)
            if rule.reach is not None and part != EVENT:
                raise LexiconError(f"{name}: {here}:“@”只能用在险情里")

    def _check_words(self) -> None:
        """Refuse words that no working copy can contain, such as ones in capitals or with a filler inside."""
        for word in self._words:
            copy = self._normaliser.clean(self._normaliser.level(word.text, 100))
            if copy != word.text:
                raise LexiconError(
                    f"{self._file_with(word.text)}: 词“{word.text}”永远对不上,整理过的原话里它会变成“{copy}”"
                )

    def _file_with(self, text: str) -> str:
        files = sorted(self._folder.glob("*.toml"))
        return next((file.name for file in files if text in file.read_text(encoding="utf-8")), "?")

    @staticmethod
    def _category(name: str, where: str, code: str) -> str:
        if code not in Category.__members__:
            raise LexiconError(f"{name}: {where} 里没有“{code}”这个类别")
        return code

    @staticmethod
    def _intent(name: str, where: str, intent: str) -> Intent:
        try:
            return Intent(intent)
        except ValueError as error:
            raise LexiconError(f"{name}: {where} 里没有“{intent}”这个意图") from error


@contextmanager
def _entry(name: str, where: str) -> Iterator[None]:
    """Name the file and the entry in the error of whatever is read inside."""
    try:
        yield
    except CueError as error:
        raise LexiconError(f"{name}: {where}: {error}") from error


def _text(name: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str):
        raise LexiconError(f"{name}: 缺“{key}”,或者它不是引号里的文字")
    return value


def _table(name: str, table: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    if not isinstance(value, dict):
        raise LexiconError(f"{name}: 缺 [{key}] 这一节")
    return value


def _words(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(entry.get(key, "")).split())


def _put(name: str, where: str, table: dict[str, T], key: str, value: T) -> None:
    if not key:
        raise LexiconError(f"{name}: {where} 里有空词")
    if key in table:
        raise LexiconError(f"{name}: {where} 里“{key}”写了两遍")
    table[key] = value
