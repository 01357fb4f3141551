"""What is wrong with a configuration, in words for the person who has to put it right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: the key as the file has it, what is wrong, what to do. Never the value."""

    key: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.key}:{self.message}。{self.hint}" if self.hint else f"{self.key}:{self.message}。"


class SettingsError(Exception):
    """Raised when the configuration cannot be used; holds every problem that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(
            "\n".join([f"配置有 {len(self.problems)} 处要改:", *(f"- {problem}" for problem in self.problems)])
        )
