"""Measures a digest and a reminder run over many reports.

Run as `python -m tests.bench.digests [--reports 1000000] [--postgres]`; whatever it writes is deleted at the end.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, text

from bot.deadlines import read_deadlines
from bot.digests.gather import build_period, gather
from bot.digests.phrase import phrase
from bot.digests.render import render
from bot.digests.weeks import week_of
from bot.jobs.reminders import remind_today
from storage.database import Database
from storage.digests import list_readers
from storage.heartbeats import heartbeats
from storage.outbox import notices
from storage.reports.assignments import assignments
from storage.reports.overview import Figure, list_figure
from storage.reports.tables import ReportState, report_history, reports
from storage.staff import Role, add_staff, liaisons
from storage.types import from_milliseconds, to_milliseconds
from storage.units import add_unit
from tests import databases, factories
from tests.bench import queue

SMALL = 1_000
_UNITS = 60
_DAY = 86_400_000  # milliseconds
_PATH = (
    ("submit", "gathering", "received"),
    ("accept", "received", "accepted"),
    ("verify", "accepted", "verified"),
    ("assign", "verified", "assigned"),
    ("rectify", "assigned", "rectified"),
    ("close", "rectified", "closed"),
)
_CATEGORIES = ("MINE", "FIRE", "ELEC", "GAS", "ROAD", "CONS", "UNK")
_HANDED = (ReportState.ASSIGNED, ReportState.RECTIFIED)


def main() -> None:
    """Fill a small and a large database and print what a digest and a reminder run cost in each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--postgres", action="store_true", help="measure PostgreSQL instead of SQLite")
    options = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="suishoupai-bench-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        server = stack.enter_context(databases.run_postgres_server()) if options.postgres else ""
        figures: list[dict[str, float]] = []
        for count in (SMALL, options.reports):
            if server:
                url = stack.enter_context(databases.make_postgres_database(server))
            else:
                url = f"sqlite:///{directory / f'{count}.sqlite3'}"
            databases.build_schema(url)
            database = Database(url)
            stack.callback(database.close)
            started = time.perf_counter()
            now = fill(database, count)
            print(f"{count:>9,} reports filled in {time.perf_counter() - started:.0f} s", flush=True)
            figures.append(measure(database, now))
    print(f"\n{'milliseconds, median of 5':44} {SMALL:>9,} {options.reports:>11,}")
    for name, small in figures[0].items():
        print(f"{name:44} {small:9.1f} {figures[1][name]:11.1f}")


def fill(database: Database, count: int) -> datetime:
    """Insert `count` reports with their steps, hand-overs and staff; returns a Monday morning after the last one."""
    last = from_milliseconds(queue._START + count * queue._MINUTE)
    with database.read() as db:
        calendar = read_deadlines(db).calendar
    monday = week_of(calendar.get_day(last)).shift(1).monday
    while not calendar.is_working_day(monday):
        monday += timedelta(days=1)
    now = datetime.combine(monday, calendar.hours[0][0], calendar.timezone) + timedelta(minutes=5)
    with database.write() as db:
        for number in range(1, 101):
            factories.make_reporter(db, id=number)
        _fill_staff(db, now - timedelta(days=800))
    queue._insert(database, reports, _make_reports(count, to_milliseconds(now)))
    queue._insert(database, report_history, _make_steps(count))
    queue._insert(database, assignments, _make_hand_overs(count, to_milliseconds(now)))
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(text("VACUUM ANALYZE"))
    return now


def _fill_staff(db: Connection, now: datetime) -> None:
    for role in (Role.REVIEWER, Role.LEADER):
        add_staff(db, username=role.value, display_name="某", role=role, password_hash="", now=now)
    for number in range(1, _UNITS + 1):
        unit_id = add_unit(db, name=f"单位{number}", kind="village", aliases=[], now=now)
        staff_id = add_staff(db, username=f"l{number}", display_name="某", role=Role.LIAISON, password_hash="", now=now)
        db.execute(insert(liaisons).values(staff_id=staff_id, unit_id=unit_id))


def _draw_states(count: int) -> Sequence[ReportState]:
    """Return the state of each report: three tenths are open, as in the bench of the queue."""
    states, weights = zip(*queue._STATES, strict=True)
    return random.Random(21).choices(states, weights, k=count)


def _make_reports(count: int, now: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(22)
    for number, state in enumerate(_draw_states(count), 1):
        created = queue._START + number * queue._MINUTE
        level = ("P2", "P3", "P2", "P3", "P2", "P1", "P2", "P3", "P2", "P3")[number % 10]
        yield {
            "id": number, "code": f"{number:010d}", "reporter_id": number % 100 + 1, "state": state.value, "version": 1,
            "category": _CATEGORIES[chance.randrange(7)], "level": "P0" if number % 500 == 0 else level,
            "is_emergency": False, "major_standard": "", "why": "", "description": "护栏断了一截，在井口边上",
            "place_label": "东坪村井口", "latitude": None, "longitude": None, "unit_id": number % _UNITS + 1,
            "is_anonymous": False, "photo_count": 1, "voice_count": 0, "video_count": 0, "message_count": 2,
            "missing": "", "asked": "", "source": "chat", "opened_at": created, "last_piece_at": created,
            "gather_until": None, "created_at": created, "submitted_at": created + queue._MINUTE,
            "due_at": now + chance.randint(-40, 40) * _DAY if state in _HANDED else None, "merged_into_id": None,
            "is_indexed": True, "search_text": "",
        }  # fmt: skip


def _make_steps(count: int) -> Iterator[dict[str, Any]]:
    for number, state in enumerate(_draw_states(count), 1):
        ends = [at for at, (_, _, to_state) in enumerate(_PATH) if to_state == state]
        created = queue._START + number * queue._MINUTE
        for at, (action, from_state, to_state) in enumerate(_PATH[: (ends[0] if ends else 1) + 1]):
            yield {
                "report_id": number, "at": created + at * _DAY // 2, "by": "staff:reviewer", "action": action,
                "from_state": from_state, "to_state": to_state, "note": "",
            }  # fmt: skip


def _make_hand_overs(count: int, now: int) -> Iterator[dict[str, Any]]:
    for row in _make_reports(count, now):
        if row["state"] in (*_HANDED, ReportState.CLOSED):
            is_mended = row["state"] != ReportState.ASSIGNED
            is_closed = row["state"] == ReportState.CLOSED
            yield {
                "report_id": row["id"],
                "unit_id": row["unit_id"],
                "liaison_id": None,
                "assigned_at": row["created_at"] + 3 * _DAY // 2,
                "assigned_by": "staff:reviewer",
                "place": "广场",
                "problem": "配电箱门没锁",
                "requirement": "锁好",
                "photo_ids": "[]",
                "is_inspection": False,
                "due_at": row["due_at"] or row["created_at"] + 5 * _DAY,
                "acknowledged_at": None,
                "rectified_at": row["created_at"] + 2 * _DAY if is_mended else None,
                "rectified_by": "",
                "rectified_note": "",
                "ended_at": row["created_at"] + 5 * _DAY // 2 if is_closed else None,
                "ending": "close" if is_closed else "",
            }


def measure(database: Database, now: datetime) -> dict[str, float]:
    """Return the median milliseconds of each kind of digest, of a figure's rows and of a reminder run."""
    with database.read() as db:
        deadlines = read_deadlines(db)
        kinds = {reader.kind: reader for reader in list_readers(db)}
    week = week_of(deadlines.calendar.get_day(now)).shift(-1)

    def make(kind: str) -> Callable[[], object]:
        def work() -> object:
            with database.read() as db:
                facts = gather(db, kinds[kind], week, deadlines=deadlines, now=now)
            return phrase(facts), render(facts)

        return work

    def show_rows(figure: Figure) -> Callable[[], object]:
        def work() -> object:
            with database.read() as db:
                period = build_period(kinds["office"], week, deadlines=deadlines, now=now)
                return list_figure(db, figure, period)

        return work

    def remind() -> object:
        with database.write() as db:
            db.execute(delete(notices))
            db.execute(delete(heartbeats))
        started = time.perf_counter()
        if not remind_today(database, read_deadlines, now=now):
            raise RuntimeError("nobody was reminded: the figure would mean nothing")
        return time.perf_counter() - started

    works: dict[str, Callable[[], object]] = {
        "digest of the office": make("office"),
        "digest of a leader": make("leader"),
        "digest of a unit": make("unit"),
        "rows: received": show_rows(Figure.RECEIVED),
        "rows: ongoing": show_rows(Figure.ONGOING),
        "rows: overdue": show_rows(Figure.OVERDUE),
    }
    figures = {}
    for name, work in works.items():
        times = []
        for _ in range(5):
            started = time.perf_counter()
            work()
            times.append((time.perf_counter() - started) * 1000)
        figures[name] = statistics.median(times)
    figures["reminder run"] = statistics.median(float(str(remind())) * 1000 for _ in range(5))
    return figures


if __name__ == "__main__":
    main()
