"""The webhook beside its peers in one run: `python -m tests.bench.webhook`."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from storage.database import Database
from storage.migrate import migrate_to_head
from storage.vault import Vault, read_vault
from tests.bench.load import ORIGINAL_ID, TOKEN, Outcome, make_requests, median, run_load

_ROOT = Path(__file__).resolve().parents[2]
_GUNICORN = ["--workers", "2", "--worker-class", "gthread", "--threads", "8", "--log-level", "error"]


@dataclass
class Contender:
    """A server and what it did in the rounds so far."""

    name: str
    start: list[str]
    environment: dict[str, str]
    port: int
    outcomes: list[Outcome] = field(default_factory=list)
    memory_mb: float = 0.0

    @contextmanager
    def run(self) -> Iterator[int]:
        """Run the server and yield its process id."""
        process = subprocess.Popen(self.start, env=os.environ | self.environment, cwd=_ROOT, start_new_session=True)
        try:
            _wait_for(self.port, process)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def main() -> int:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", help="the URL of a fresh PostgreSQL database instead of SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="suishoupai-bench-") as name:
        folder = Path(name)
        contenders = _make_contenders(folder, options.database)
        first_id = 1
        for round_number in range(options.rounds):
            for contender in contenders:
                with contender.run() as pid:
                    run_load(contender.port, make_requests("/wechat", first_id=first_id), seconds=1)
                    first_id += 1_000_000
                    outcome = run_load(
                        contender.port, make_requests("/wechat", first_id=first_id), seconds=options.seconds
                    )
                    first_id += 1_000_000
                    contender.outcomes.append(outcome)
                    contender.memory_mb = _largest_memory_mb(pid)
                    print(
                        f"round {round_number + 1} {contender.name}: {outcome.rate:,.0f}/s, "
                        f"p99 {outcome.percentile(0.99):.0f} ms, failed {outcome.failed}",
                        file=sys.stderr,
                    )
        ours = contenders[-1]
        half = _run_at_half(ours, first_id)
        lost, doubled = _count_lost_and_doubled(
            _database_url(folder, options.database), ours, read_vault(folder / "vault.key")
        )
    _print_table(contenders, half, lost, doubled)
    return 0 if not lost and not doubled else 1


def _make_contenders(folder: Path, database_url: str | None) -> list[Contender]:
    python = sys.executable
    ports = [find_free_port() for _ in range(3)]
    config = _write_config(folder, ports[2], _database_url(folder, database_url))
    gunicorn = [python, "-m", "gunicorn", *_GUNICORN, "--no-control-socket"]
    return [
        Contender(
            "bare WeRoBot echo, gunicorn", [*gunicorn, "-b", f"127.0.0.1:{ports[0]}", "tests.bench.peers:make_echo()"],
            {}, ports[0],
        ),
        Contender(
            "naive WeRoBot + SQLAlchemy", [*gunicorn, "-b", f"127.0.0.1:{ports[1]}", "tests.bench.peers:make_naive()"],
            {"BENCH_NAIVE_URL": f"sqlite:///{folder}/naive.sqlite3"}, ports[1],
        ),
        Contender(
            "suishoupai, WAL + FULL" if database_url is None else "suishoupai, PostgreSQL",
            [python, "-m", "bot", "--config", str(config), "serve", "web"], {}, ports[2],
        ),
    ]  # fmt: skip


def _database_url(folder: Path, database_url: str | None) -> str:
    return database_url or f"sqlite:///{folder}/suishoupai.sqlite3"


def _write_config(folder: Path, port: int, database_url: str) -> Path:
    (folder / "vault.key").write_text(secrets.token_hex(32), encoding="ascii")
    (folder / "vault.key").chmod(0o600)
    config = folder / "config.toml"
    config.write_text(
        f"""[wechat]
token = "{TOKEN}"
app_id = "wx0123456789abcdef"
app_secret = "{secrets.token_hex(16)}"
original_id = "{ORIGINAL_ID}"
mode = "plain"
[web]
port = {port}
secret_key = "{secrets.token_hex(32)}"
[database]
url = "{database_url}"
[vault]
key_file = "vault.key"
[logging]
level = "warning"
""",
        encoding="utf-8",
    )
    database = Database(database_url)
    migrate_to_head(database)
    database.close()
    return config


def _run_at_half(ours: Contender, first_id: int) -> Outcome:
    top = median([outcome.rate for outcome in ours.outcomes])
    with ours.run():
        run_load(ours.port, make_requests("/wechat", first_id=first_id), seconds=1)
        half = run_load(ours.port, make_requests("/wechat", first_id=first_id + 1_000_000), seconds=8, rate=top / 2)
    ours.outcomes.append(half)
    return half


def _count_lost_and_doubled(url: str, ours: Contender, vault: Vault) -> tuple[int, int]:
    """Count what was answered with 200 and is not in the database, and pictures that are there more than once."""
    database = Database(url)
    with database.read() as db:
        keys = set(db.execute(text("SELECT key FROM messages")).scalars())
        doubled = db.execute(
            text("SELECT count(*) FROM (SELECT media_id FROM attachments GROUP BY media_id HAVING count(*) > 1) AS d")
        ).scalar_one()
    database.close()
    answered = [unique for outcome in ours.outcomes for unique in outcome.answered_messages]
    return sum(vault.fingerprint(*unique) not in keys for unique in answered), doubled


def _print_table(contenders: list[Contender], half: Outcome, lost: int, doubled: int) -> None:
    echo = median([outcome.rate for outcome in contenders[0].outcomes])
    naive = median([outcome.rate for outcome in contenders[1].outcomes])
    print(
        f"{'server':32} {'req/s':>8} {'x echo':>7} {'x naive':>8} {'p50 ms':>7} {'p99 ms':>7} {'failed':>7} {'MB':>5}"
    )
    for contender in contenders:
        full = [outcome for outcome in contender.outcomes if outcome is not half]
        rate = median([outcome.rate for outcome in full])
        print(
            f"{contender.name:32} {rate:8,.0f} {rate / echo:7.2f} {rate / naive:8.2f} "
            f"{median([outcome.percentile(0.5) for outcome in full]):7.1f} "
            f"{median([outcome.percentile(0.99) for outcome in full]):7.1f} "
            f"{sum(outcome.failed for outcome in full):7} {contender.memory_mb:5.0f}"
        )
    print(f"at half of the top rate: p50 {half.percentile(0.5):.1f} ms, p99 {half.percentile(0.99):.1f} ms")
    print(f"lost {lost}, doubled {doubled}")


def _largest_memory_mb(pid: int) -> float:
    """Return the largest resident memory among a process and its children, in megabytes."""
    pids, found = [pid], [pid]
    while pids:
        children = Path(f"/proc/{pids[0]}/task/{pids[0]}/children")
        more = [int(child) for child in children.read_text().split()] if children.exists() else []
        pids = pids[1:] + more
        found += more
    sizes = []
    for one in found:
        with suppress(OSError):
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    sizes.append(int(line.split()[1]) / 1024)
    return max(sizes, default=0.0)


def find_free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/wechat", timeout=5).close()
            return
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("the server did not start in 30 s")


if __name__ == "__main__":
    sys.exit(main())
