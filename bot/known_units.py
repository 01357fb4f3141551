"""The units as a process knows them: looked up again every few seconds, so that a new one needs no restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from structlog.typing import FilteringBoundLogger

from handlers.classify import Classifier, Understanding
from handlers.classify.lexicon import Lexicon
from storage.database import Database
from storage.units import UnitNames, list_unit_names

LOOK_EVERY = timedelta(seconds=5)


class KnownUnits(Mapping[str, int]):
    """The units in use, canonical name to row, and a classifier that knows every name of them.

    The first message after five seconds looks at the units again, by one query; no other waits for it, and only where
    something has changed is a classifier made. While the database is away, what was known stays known.
    """

    def __init__(
        self, database: Database, lexicon: Lexicon, *, now: Callable[[], datetime], log: FilteringBoundLogger
    ) -> None:
        """Look for the first time; raises the database's errors."""
        self._database = database
        self._lexicon = lexicon
        self._now = now
        self._log = log
        self._looking = threading.Lock()
        self._looked_at = now()
        self._names: list[UnitNames] = []
        self._ids: Mapping[str, int] = {}
        self._classifier = Classifier(lexicon)
        self._look()

    def understand(self, text: str) -> Understanding:
        """Return what a text seems to say, with the unit that it names."""
        self._look_again()
        return self._classifier.understand(text)

    def __getitem__(self, name: str) -> int:
        return self._ids[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def _look_again(self) -> None:
        now = self._now()
        # By the distance, so that a clock that was set back does not stop it.
        if abs(now - self._looked_at) < LOOK_EVERY or not self._looking.acquire(blocking=False):
            return
        try:
            self._looked_at = now  # even if it fails: one message in five seconds may wait for a database that is away
            self._look()
        except self._database.outages as error:
            self._log.warning("units_not_looked_up", error=type(error).__name__)
        finally:
            self._looking.release()

    def _look(self) -> None:
        with self._database.read() as db:
            names = list_unit_names(db)
        if names == self._names:
            return
        self._classifier = Classifier(self._lexicon, list_aliases(names))
        self._ids = {unit.name: unit.id for unit in names}
        self._names = names


def list_aliases(names: list[UnitNames]) -> Mapping[str, str]:
    """Return every name that a unit is called by, with its canonical name."""
    return {alias: unit.name for unit in names for alias in (unit.name, *unit.aliases)}
