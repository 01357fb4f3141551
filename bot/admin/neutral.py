"""Neutral words for what a unit is to mend, by kind of hazard; read from neutral.toml, which an operator may add to."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).with_name("neutral.toml")


@dataclass(frozen=True, slots=True)
class Phrases:
    """What may be said of one kind of hazard; the first of each is what a form begins with."""

    problems: tuple[str, ...]
    requirements: tuple[str, ...]


@lru_cache
def load_phrases(path: Path = _FILE) -> Mapping[str, Phrases]:
    """Return the phrases of every kind; raises ValueError naming the kind that lacks some."""
    found = {}
    for category, lists in tomllib.loads(path.read_text(encoding="utf-8")).items():
        problems, requirements = tuple(lists.get("problems", ())), tuple(lists.get("requirements", ()))
        if not (problems and requirements):
            raise ValueError(f"{path.name}: {category} needs problems and requirements")
        found[category] = Phrases(problems, requirements)
    return found


def find_phrases(category: str) -> Phrases:
    """Return the phrases of a kind; those of no kind in particular where it has none."""
    phrases = load_phrases()
    return phrases.get(category, phrases["UNK"])
