"""What a roster would change: a line for each change, and a line for each row that cannot be taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be taken."""

    line: int
    said: str


@dataclass(frozen=True, slots=True)
class Change(Generic[Entry]):
    """A row of the database as it would be: added when `row_id` is None."""

    line: int
    row_id: int | None
    entry: Entry
    said: Sequence[str]  # what differs; for somebody or something new, what it is
    comes_back: bool = False  # was out of use


@dataclass(slots=True)
class Plan(Generic[Entry]):
    """Everything that a roster would do; with a single fault it does nothing."""

    changes: list[Change[Entry]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    same_count: int = 0

    @property
    def added_count(self) -> int:
        """Return how many would be added."""
        return sum(change.row_id is None for change in self.changes)

    def add_faults(self, line: int, faults: dict[str, str], words: dict[str, str]) -> None:
        """Note what is wrong with the fields of a row."""
        self.faults.extend(Fault(line, f"{words[name]}：{said}") for name, said in faults.items())
