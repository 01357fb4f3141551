"""The digest of any week as an operator asks for it: shown, or put into the outbox of those who have not had it."""

from __future__ import annotations

import json

from sqlalchemy import Connection

from bot.digests.gather import gather
from bot.digests.phrase import phrase
from bot.digests.weeks import Week, week_of
from bot.jobs.digests import build_rules, queue_digest
from bot.wiring import Program
from storage.digests import OFFICE, Reader, list_readers, list_recipients, make_unit_reader
from storage.errors import UnknownRowError
from storage.reports.overview import Scope
from storage.types import AnyRow
from storage.units import list_units


def find_last_week(program: Program) -> Week:
    """Return the week that ended last."""
    with program.database.read() as db:
        today = program.read_deadlines(db).calendar.get_day(program.now())
    return week_of(today).shift(-1)


def show_digest(program: Program, week: Week, unit: str | None) -> str:
    """Return the office's digest of a week, or a unit's by one of its names; raises UnknownRowError for no unit."""
    with program.database.read() as db:
        reader = Reader(0, OFFICE, Scope()) if unit is None else make_unit_reader(db, _find_unit(db, unit))
        deadlines, makers = program.read_deadlines(db), build_rules(program.settings).makers
        facts = gather(db, reader, week, deadlines=deadlines, now=program.now(), makers=makers)
    return phrase(facts)


def send_digests(program: Program, week: Week, unit: str | None) -> int:
    """Put a week's digests into the outbox for everybody, or a unit's liaisons, who has not had it; returns how many.

    Raises UnknownRowError for a unit that is not there.
    """
    rules = build_rules(program.settings)
    with program.database.read() as db:
        made = list_recipients(db, str(week))
        readers = [reader for reader in list_readers(db) if reader.recipient not in made]
        if unit is not None:
            unit_id = _find_unit(db, unit).id
            readers = [reader for reader in readers if unit_id in reader.scope.unit_ids]
    sent = 0
    for reader in readers:
        with program.database.read() as db:
            deadlines = program.read_deadlines(db)
            facts = gather(db, reader, week, deadlines=deadlines, now=program.now(), makers=rules.makers)
        sent += queue_digest(program.database, facts, rules)
    return sent


def _find_unit(db: Connection, name: str) -> AnyRow:
    for unit in list_units(db):
        if name in (unit.name, *json.loads(unit.aliases)):
            return unit
    raise UnknownRowError("there is no unit of this name")
