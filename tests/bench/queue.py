"""Measures the queue, its search and the suggestion of duplicates over many reports.

Run as `python -m tests.bench.queue [--reports 1000000] [--postgres]`; whatever it writes is deleted at the end.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, text

from storage.attachments import attachments
from storage.database import Database
from storage.reports.duplicates import suggest_duplicates
from storage.reports.queue import QueueFilter, count_tabs, find_report, list_queue, list_thumbnails
from storage.reports.search import cell_of, pairs_of, split_words
from storage.reports.tables import ReportState, report_pairs, reports
from tests import databases, factories

SMALL = 1_000
_BATCH = 20_000
_MINUTE = 60_000  # milliseconds between two reports: a million of them are two years
_START = 1_730_000_000_000
_VILLAGES = ["东坪村", "西坪村", "南沟", "北岭", "上河", "下河", "柳树底", "石门", "赵家庄", "新桥"]
_SPOTS = ["井口", "皮带廊", "变电所", "料场", "学校门口", "加油站", "桥头", "养老院", "配电房", "家具厂"]
_HAZARDS = [
    "护栏断了一截",
    "电线耷拉着",
    "堵了消防通道",
    "瓦斯探头没亮",
    "煤气罐放在屋里",
    "路面塌了个坑",
    "灭火器过期",
    "顶板掉渣",
]
_CATEGORIES = ["MINE", "FIRE", "ELEC", "GASS", "ROAD", "BLDG", "UNK"]
_RARE = "鹦鹉"
# In thousandths: three tenths are open, as after a bad month, the rest is done with.
_STATES = [
    (ReportState.RECEIVED, 100), (ReportState.ACCEPTED, 60), (ReportState.VERIFIED, 30), (ReportState.ASSIGNED, 90),
    (ReportState.RECTIFIED, 15), (ReportState.REOPENED, 5), (ReportState.DECLINED, 60), (ReportState.TRANSFERRED, 30),
    (ReportState.UNFOUNDED, 30), (ReportState.CLOSED, 570), (ReportState.WITHDRAWN, 10),
]  # fmt: skip


def main() -> None:
    """Fill a small and a large database and print what the pages cost in each."""
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
            fill(database, count)
            print(f"{count:>9,} reports filled in {time.perf_counter() - started:.0f} s")
            figures.append(measure(database, count))
    print(f"\n{'milliseconds, median of 21':44} {SMALL:>9,} {options.reports:>11,}   ratio")
    for name, small in figures[0].items():
        print(f"{name:44} {small:9.2f} {figures[1][name]:11.2f} {figures[1][name] / small:7.2f}")


def fill(database: Database, count: int) -> None:
    """Insert `count` reports with their photos and search pairs."""
    with database.write() as db:
        for number in range(1, 101):
            factories.make_reporter(db, id=number)
        factories.make_message(db, id=1, reporter_id=1)
    pairs: dict[str, array[int]] = defaultdict(lambda: array("i"))
    _insert(database, reports, _make_reports(count, pairs))
    _insert(database, attachments, _make_photos(count))
    entries = ({"pair": pair, "report_id": number} for pair in sorted(pairs) for number in pairs[pair])
    _insert(database, report_pairs, entries)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(text("VACUUM ANALYZE"))


def _make_reports(count: int, pairs: dict[str, array[int]]) -> Iterator[dict[str, Any]]:
    chance = random.Random(11)
    states, weights = zip(*_STATES, strict=True)
    rare = set(chance.sample(range(1, count + 1), 20))
    for number in range(1, count + 1):
        place = chance.choice(_VILLAGES) + chance.choice(_SPOTS)
        description = f"{chance.choice(_HAZARDS)}，{chance.randint(1, 400)}号{chance.choice(_SPOTS)}边上"
        if number in rare:
            description += "，笼子里有" + _RARE
        latitude, longitude = (
            (36 + chance.random() / 10, 113 + chance.random() / 8) if chance.random() < 0.4 else (None, None)
        )
        code = f"{2401 + number // 100_000}-{number:07d}"
        search_text = " ".join(split_words(f"{description} {place} {code}"))
        for pair in pairs_of(search_text):
            pairs[pair].append(number)
        if latitude is not None and longitude is not None:
            cell = cell_of(latitude, longitude)
            search_text += " " + cell
            pairs[cell].append(number)
        at = _START + number * _MINUTE
        yield {
            "id": number,
            "code": code,
            "reporter_id": number % 100 + 1,
            "state": chance.choices(states, weights)[0].value,
            "version": 1,
            "category": chance.choice(_CATEGORIES),
            "level": chance.choices(["P0", "P1", "P2", "P3"], [1, 40, 700, 259])[0],
            "is_emergency": False,
            "major_standard": "",
            "why": "",
            "description": description,
            "place_label": place,
            "latitude": latitude,
            "longitude": longitude,
            "unit_id": None,
            "is_anonymous": False,
            "photo_count": 1,
            "voice_count": 0,
            "video_count": 0,
            "message_count": 2,
            "missing": chance.choice(["", "", "", "place", "look,place"]),
            "asked": "",
            "source": "chat",
            "opened_at": at,
            "last_piece_at": at,
            "gather_until": None,
            "created_at": at,
            "submitted_at": at,
            "due_at": None,
            "merged_into_id": None,
            "is_indexed": True,
            "search_text": search_text,
        }


def _make_photos(count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(12)
    for number in range(1, count + 1):
        at = _START + number * _MINUTE
        yield {
            "report_id": number,
            "message_id": 1,
            "kind": "photo",
            "state": "kept",
            "reason": "",
            "media_id": "m",
            "picture_url": "",
            "voice_format": "",
            "sent_at": at,
            "expires_at": at,
            "attempts": 1,
            "content_type": "image/jpeg",
            "sha256": f"{chance.getrandbits(256):064x}",
            "difference_hash": chance.getrandbits(64) - 2**63,
            "clean_key": f"c{number}",
            "thumbnail_key": f"t{number}",
            "original_key": f"o{number}",
        }


def _insert(database: Database, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows as the driver has them, in as few round trips as each engine allows."""
    first = next(rows)
    names = list(first)
    with database.write() as db:
        driver: Any = db.connection.driver_connection
        if database.is_sqlite:
            marks = ", ".join("?" * len(names))
            sql = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
            driver.execute(sql, tuple(first.values()))
            driver.executemany(sql, (tuple(row.values()) for row in rows))
            return
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            copy.write_row(tuple(first.values()))
            for row in rows:
                copy.write_row(tuple(row.values()))


def measure(database: Database, count: int) -> dict[str, float]:
    """Return the median milliseconds of each page."""
    middle = f"{2401 + count // 2 // 100_000}-{count // 2:07d}"

    def show_page(filter_: QueueFilter, before: int | None = None) -> Callable[[Connection], object]:
        def show(db: Connection) -> object:
            page = list_queue(db, filter_, before=before)
            return page, count_tabs(db), list_thumbnails(db, [row.id for row in page.rows])

        return show

    def search(words: str, tab: str = "all") -> Callable[[Connection], object]:
        return lambda db: list_queue(db, QueueFilter(tab=tab, words=words))

    def suggest(db: Connection) -> object:
        report = find_report(db, middle)
        assert report is not None
        return suggest_duplicates(db, report)

    works: dict[str, Callable[[Connection], object]] = {
        "page: todo (rows, counts, thumbnails)": show_page(QueueFilter()),
        "page: done": show_page(QueueFilter(tab="done")),
        "page: done, one tenth of the way from its end": show_page(QueueFilter(tab="done"), count // 10),
        "page: all": show_page(QueueFilter(tab="all")),
        "page: todo, category": show_page(QueueFilter(category="FIRE")),
        "page: done, category, rarest level": show_page(QueueFilter(tab="done", category="FIRE", level="P0")),
        "page: doing, without a place": show_page(QueueFilter(tab="doing", missing="place")),
        "search: two characters, common (护栏)": search("护栏"),
        "search: two characters, rare (鹦鹉)": search(_RARE),
        "search: two common, todo": search("护栏", "todo"),
        "search: two common, rare state": lambda db: list_queue(db, QueueFilter("all", state="reopened", words="护栏")),
        "search: two characters, absent": search("麒麟"),
        "search: one character, common (井)": search("井"),
        "search: one character, rare (鹦)": search("鹦"),
        "search: four characters (消防通道)": search("消防通道"),
        "search: all pairs common, text absent": search("护栏断了一截护栏断了一截"),
        "search: two words (井口 护栏)": search("井口 护栏"),
        "search: code": search(middle),
        "suggest duplicates": suggest,
        "count tabs": count_tabs,
    }
    figures = {}
    for name, work in works.items():
        times = []
        for _ in range(21):
            with database.read() as db:
                started = time.perf_counter()
                work(db)
                times.append((time.perf_counter() - started) * 1000)
        figures[name] = statistics.median(times)
    return figures


if __name__ == "__main__":
    main()
