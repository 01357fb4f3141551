"""Measures the ledger's files over many reports: seconds, size and the peak of memory, each in a process of its own.

Run as `python -m tests.bench.ledger [--reports 20000] [--postgres]`; whatever it writes is deleted at the end.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import insert

from bot.documents.cells import Format
from bot.documents.ledger import write_ledger
from bot.documents.ledger_sheet import PictureStore
from media.store import MediaStore
from storage.database import Database
from storage.reports.assignments import after_photos, assignments
from storage.reports.ledger import LedgerFilter
from storage.reports.tables import ReportState, report_history, reports
from storage.staff import Role, add_staff
from storage.units import add_unit
from tests import databases, factories

REPORTS = 20_000
WITH_PHOTOS = 400  # of them, the latest
SECONDS, MEGABYTES = 5.0, 200.0  # what a workbook without photos may take
_NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
_BATCH = 5_000
_PROBLEMS = ["配电箱门掉落，带电部分外露", "楼道停放电动车并充电，占用疏散通道", "井口护栏断开一截，缺口约一米二"]
_CHOICES: Sequence[tuple[str, Format, bool]] = (
    ("xlsx", "xlsx", False),
    ("xlsx with photos", "xlsx", True),
    ("csv", "csv", False),
    ("jsonl", "jsonl", False),
)


def main() -> int:
    """Fill a database and print what each file costs; 1 when a workbook without photos costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=REPORTS)
    parser.add_argument("--postgres", action="store_true", help="measure PostgreSQL instead of SQLite")
    parser.add_argument("--write", nargs=4, metavar=("URL", "FOLDER", "FORMAT", "PHOTOS"), help=argparse.SUPPRESS)
    parser.add_argument("--fill", nargs=2, metavar=("URL", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        url, place = options.fill
        fill(url, MediaStore(f"file://{place}/files"), options.reports)
        return 0
    if options.write:
        print(json.dumps(write_one(*options.write)))
        return 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="suishoupai-bench-")))
        if options.postgres:
            server = stack.enter_context(databases.run_postgres_server())
            url = stack.enter_context(databases.make_postgres_database(server))
        else:
            url = f"sqlite:///{folder / 'bench.sqlite3'}"
        databases.build_schema(url)
        # Whoever starts a process hands its own peak down to it, so this one must stay small.
        ours = [sys.executable, "-m", "tests.bench.ledger"]
        subprocess.run([*ours, "--reports", str(options.reports), "--fill", url, str(folder)], check=True)
        print(f"{options.reports:,} reports on {url.partition(':')[0]}, {WITH_PHOTOS} of them with photos")
        print(f"{'file':<18} {'seconds':>8} {'of CPU':>8} {'MB file':>8} {'MB peak':>8}")
        is_good = True
        for name, format_, has_photos in _CHOICES:
            words = [*ours, "--write", url, str(folder), format_, "yes" if has_photos else ""]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            cost: dict[str, float] = json.loads(done.stdout)
            print(f"{name:<18} {cost['seconds']:8.2f} {cost['own']:8.2f} {cost['file']:8.2f} {cost['peak']:8.1f}")
            if name == "xlsx" and options.reports <= REPORTS:
                is_good = cost["seconds"] <= SECONDS and cost["peak"] <= MEGABYTES
        print(f"bar: a workbook of {REPORTS:,} rows without photos within {SECONDS:.0f} s and {MEGABYTES:.0f} MB: "
              f"{'kept' if is_good else 'MISSED'}")  # fmt: skip
    return 0 if is_good else 1


def write_one(url: str, folder: str, format_: Any, has_photos: str) -> dict[str, float]:
    """Write one ledger into a file and return what it cost this process."""
    store: PictureStore | None = MediaStore(f"file://{folder}/files") if has_photos else None
    database = Database(url)
    target = Path(folder) / f"ledger.{format_}"
    started, own = time.perf_counter(), time.process_time()
    with database.read() as db, target.open("wb") as stream:
        write_ledger(db, LedgerFilter(), format_, stream, now=_NOW, pictures=store)
    seconds, own = time.perf_counter() - started, time.process_time() - own
    database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "own": own, "file": target.stat().st_size / 1e6, "peak": peak}


def fill(url: str, store: MediaStore, count: int) -> None:
    """Fill a database with reports, most of them handed over and closed, the latest with photos."""
    database = Database(url)
    chance = random.Random(3)
    with database.write() as db:
        reporter_id = factories.make_reporter(db)
        units = [add_unit(db, name=f"样例{number}村", kind="village", aliases=[], now=_NOW) for number in range(15)]
        liaison = add_staff(db, username="liaison", display_name="样例联系人", role=Role.LIAISON, password_hash="",
                            now=_NOW)  # fmt: skip
    states = [ReportState.CLOSED] * 7 + [ReportState.ASSIGNED, ReportState.RECTIFIED, ReportState.ACCEPTED]
    for first in range(1, count + 1, _BATCH):
        made, handed, closed = [], [], []
        for number in range(first, min(first + _BATCH, count + 1)):
            at = _NOW - timedelta(minutes=(count - number) * 20)
            state, unit_id = chance.choice(states), chance.choice(units)
            made.append({
                "id": number, "code": f"{at:%y%m}-{number:06d}", "reporter_id": reporter_id, "state": state,
                "category": chance.choice(["ELEC", "EBIK", "MINE", "FIRE"]), "level": chance.choice(["P1", "P2", "P2"]),
                "description": "上报人的话不进台账", "unit_id": unit_id, "opened_at": at, "last_piece_at": at,
                "created_at": at, "submitted_at": at,
            })  # fmt: skip
            if state is ReportState.ACCEPTED:
                continue
            handed.append({
                "id": number, "report_id": number, "unit_id": unit_id, "liaison_id": liaison, "assigned_at": at,
                "assigned_by": "staff:x", "place": "东沟村广场北侧", "problem": chance.choice(_PROBLEMS),
                "requirement": "立即停用，三日内换好并拍照回复", "due_at": at + timedelta(days=7),
                "rectified_at": at + timedelta(days=2), "rectified_note": "已更换，现场清理干净",
                "ended_at": at if state is ReportState.CLOSED else None,
            })  # fmt: skip
            if state is ReportState.CLOSED:
                closed.append({
                    "report_id": number, "at": at + timedelta(days=4), "by": "staff:liaison", "action": "close",
                    "from_state": "rectified", "to_state": "closed",
                })  # fmt: skip
        with database.write() as db:
            for table, rows in ((reports, made), (assignments, handed), (report_history, closed)):
                db.execute(insert(table), rows)
    _add_photos(database, store, count, chance)
    database.close()


def _add_photos(database: Database, store: MediaStore, count: int, chance: random.Random) -> None:
    with database.write() as db:
        rows = db.execute(
            assignments.select().where(assignments.c.id > count - WITH_PHOTOS).order_by(assignments.c.id)
        ).all()
        for row in rows:
            ids = []
            for place in range(4):
                stream = io.BytesIO()
                noise = Image.frombytes("RGB", (40, 30), chance.randbytes(40 * 30 * 3)).resize((320, 240))
                noise.save(stream, "JPEG", quality=80)
                key = f"bench/{row.id}-{place}.jpg"
                store.put(key, stream.getvalue())
                ids.append(factories.make_photo(db, report_id=row.report_id, thumbnail_key=key))
            db.execute(assignments.update().where(assignments.c.id == row.id).values(photo_ids=json.dumps(ids[:2])))
            for photo_id in ids[2:]:
                db.execute(insert(after_photos).values(attachment_id=photo_id, assignment_id=row.id))


if __name__ == "__main__":
    sys.exit(main())
