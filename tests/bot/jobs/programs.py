"""A program with a clock that tests move, and logs that they read."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from structlog.testing import LogCapture

from bot.settings import load_settings
from bot.wiring import Program
from storage.database import Database
from tests.intake import Clock
from tests.running import write_config

_number = itertools.count(1)


@dataclass
class Watched:
    """A program and what it logged."""

    program: Program
    clock: Clock
    lines: LogCapture = field(default_factory=LogCapture)

    def list_events(self) -> list[str]:
        """Return the events that were logged."""
        return [line["event"] for line in self.lines.entries]


def make_program(database: Database, folder: Path, **parts: Any) -> Watched:
    """Return a program on a migrated database; `parts` take the place of its own."""
    lines, clock = LogCapture(), Clock()
    log = structlog.wrap_logger(None, processors=[lines], wrapper_class=structlog.make_filtering_bound_logger(0))
    own = folder / f"program{next(_number)}"
    own.mkdir()
    settings = load_settings(write_config(own, database.engine.url.render_as_string(hide_password=False)), environ={})
    program = Program(settings, log, clock)
    for name, part in {"database": database, **parts}.items():
        program.__dict__[name] = part  # where a cached property keeps what it has made
    return Watched(program, clock, lines)
