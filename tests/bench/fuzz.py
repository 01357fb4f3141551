"""Chance bodies under a good signature, many of them: `python -m tests.bench.fuzz --bodies 1000000`.

Runs the real Flask view on a fresh SQLite database in this process, and prints how many bodies were answered with which
status, what was stored, and how fast. Exits with 1 when any status is none of 200, 403 and 413, or a handler broke.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import structlog
from sqlalchemy import event, func, select

from storage.database import Database
from storage.messages import messages
from tests import databases
from tests.conformance.fuzzing import STATUSES, make_fuzzed_body, spare_the_disk
from tests.conformance.platform import Desk, encrypt, make_envelope
from tests.intake import Clock


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=("plain", "safe"), default="plain")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    directory = Path(tempfile.mkdtemp(prefix="suishoupai-fuzz-"))
    try:
        return _run(directory, arguments.bodies, arguments.seed, arguments.mode)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(directory: Path, bodies: int, seed: int, mode: str) -> int:
    path = directory / "suishoupai.sqlite3"
    databases.make_sqlite_template(path)
    database = Database(f"sqlite:///{path}")
    event.listen(database.engine, "connect", spare_the_disk)
    clock = Clock()
    desk = Desk(database, clock, mode=mode)
    chance = random.Random(seed)
    statuses: Counter[int] = Counter()
    slowest = 0.0
    started = time.perf_counter()
    for number in range(bodies):
        clock.advance(seconds=0.05)
        body = make_fuzzed_body(chance)
        query = desk.make_query()
        if mode == "safe":
            encrypted = encrypt(body)
            body, query = make_envelope(encrypted), desk.make_sealed(encrypted)
        before = time.perf_counter()
        status = _post(desk, query, body)
        slowest = max(slowest, time.perf_counter() - before)
        statuses[status] += 1
        if status not in STATUSES:
            print(f"body {number} of seed {seed}: status {status}", file=sys.stderr)
    seconds = time.perf_counter() - started
    with database.read() as db:
        counted = db.execute(select(messages.c.state, func.count()).group_by(messages.c.state)).all()
    states = {row[0]: row[1] for row in counted}
    database.close()
    print(f"bodies {bodies}  seed {seed}  mode {mode}")
    print("statuses", dict(sorted(statuses.items())))
    print("stored  ", dict(sorted(states.items())))
    print(f"{bodies / seconds:.0f} bodies/s, the slowest in {slowest * 1000:.0f} ms")
    return 0 if set(statuses) <= STATUSES and "failed" not in states else 1


def _post(desk: Desk, query: dict[str, str], body: bytes) -> int:
    got: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/wechat",
        "QUERY_STRING": urlencode(query),
        "CONTENT_TYPE": "text/xml",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def start_response(status: str, _headers: Any, _exc_info: Any = None) -> Any:
        got.append(status)
        return lambda _piece: None

    b"".join(desk.app.wsgi_app(environ, start_response))
    return int(got[0].split(" ", 1)[0])


if __name__ == "__main__":
    sys.exit(main())
