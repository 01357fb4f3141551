"""Processes are killed under load: what was answered is there once, and every picture arrives."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from bot.simulator.account import Account
from bot.simulator.envelopes import Envelope
from bot.simulator.platform import Platform
from bot.simulator.server import serve_platform
from storage.database import Database
from storage.vault import read_vault
from tests.bench.webhook import find_free_port
from tests.pictures import make_jpeg

SECONDS = 13.0
SENDERS = 8
TRIES = 4  # the platform's first delivery and its three repeats

pytestmark = pytest.mark.faults


@dataclass
class Ledger:
    """What the pretend platform knows of its messages."""

    sent: int = 0
    answered: list[Envelope] = field(default_factory=list)
    replies: dict[int, set[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def test_killed_processes_lose_and_double_nothing(database: Database, tmp_path: Path) -> None:
    account = Account(
        token="faulttoken",
        app_id="wx0123456789abcdef",
        app_secret=secrets.token_hex(16),
        encoding_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        mode="plain",
        original_id="gh_0123456789ab",
    )
    port = find_free_port()
    platform = Platform(account, f"http://127.0.0.1:{port}/wechat")
    with serve_platform(platform) as api_base_url:
        platform.public_url = api_base_url
        config = _write_config(tmp_path, account, port, api_base_url, database)
        ledger = Ledger()
        with _run_program(config, port) as supervisor:
            _send_while_killing(platform, port, supervisor.pid, ledger)
            _wait_until_fetched(database)
    platform.close()
    _check_rows(database, ledger, tmp_path)
    _wait_until_nobody_is_left(config)


def _write_config(folder: Path, account: Account, port: int, api_base_url: str, database: Database) -> Path:
    key = folder / "vault.key"
    key.write_text(secrets.token_hex(32), encoding="ascii")
    key.chmod(0o600)
    config = folder / "config.toml"
    url = database.engine.url.render_as_string(hide_password=False)
    config.write_text(
        f"""[wechat]
token = "{account.token}"
app_id = "{account.app_id}"
app_secret = "{account.app_secret}"
original_id = "{account.original_id}"
mode = "plain"
api_base_url = "{api_base_url}"
[web]
port = {port}
secret_key = "{secrets.token_hex(32)}"
[database]
url = "{url}"
[vault]
key_file = "vault.key"
[logging]
level = "error"
""",
        encoding="utf-8",
    )
    return config


@contextmanager
def _run_program(config: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    log = (config.parent / "program.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "--config", str(config), "serve"], stdout=log, stderr=log, start_new_session=True
    )
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with suppress(requests.RequestException):
                if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                    break
            threading.Event().wait(0.1)
        else:
            pytest.fail("not ready in 30 s:\n" + (config.parent / "program.log").read_text()[-2000:])
        yield process
    finally:
        process.terminate()
        try:
            assert process.wait(40) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            log.close()


def _send_while_killing(platform: Platform, port: int, supervisor: int, ledger: Ledger) -> None:
    until = time.monotonic() + SECONDS
    senders = [
        threading.Thread(target=_send, args=(platform, port, number, until, ledger)) for number in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    chance = random.Random(5)
    kills = 0
    while time.monotonic() < until - 2:
        threading.Event().wait(chance.uniform(0.6, 1.4))
        victims = list_descendants(supervisor)
        if victims:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(victims), signal.SIGKILL)
                kills += 1
    for sender in senders:
        sender.join()
    assert kills >= 5


def _send(platform: Platform, port: int, number: int, until: float, ledger: Ledger) -> None:
    chance = random.Random(number)
    picture = make_jpeg(320, 240, seed=number)
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < until:
            openid = f"oFAULT{number:02d}{chance.randrange(20):020d}"
            if chance.random() < 0.3:
                envelope = platform.build.image(openid, picture)
            else:
                envelope = platform.build.text(openid, "样例东沟村广场配电箱门开着,小孩够得着")
            push = platform.sign(envelope)
            with ledger.lock:
                ledger.sent += 1
            for _ in range(TRIES):
                answer = _post(session, port, push.query, push.body)
                if answer is not None:
                    with ledger.lock:
                        ledger.answered.append(envelope)
                    break
                threading.Event().wait(1)  # a failed connection is tried again sooner than the platform would


def _post(session: requests.Session, port: int, query: dict[str, str], body: bytes) -> str | None:
    with suppress(requests.RequestException):
        response = session.post(f"http://127.0.0.1:{port}/wechat", params=query, data=body, timeout=5)
        if response.status_code == 200:
            return response.text
    return None


def _wait_until_fetched(database: Database) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with database.read() as db:
            if db.execute(text("SELECT count(*) FROM attachments WHERE state = 'pending'")).scalar_one() == 0:
                return
        threading.Event().wait(0.2)
    pytest.fail("pictures were still pending a minute after the load")


def _check_rows(database: Database, ledger: Ledger, folder: Path) -> None:
    vault = read_vault(folder / "vault.key")
    with database.read() as db:
        keys = set(db.execute(text("SELECT key FROM messages")).scalars())
        states = dict(db.execute(text("SELECT state, count(*) FROM attachments GROUP BY state")).all())
        doubled = db.execute(
            text(
                "SELECT count(*) FROM (SELECT message_id FROM attachments GROUP BY message_id HAVING count(*) > 1) AS d"
            )
        ).scalar_one()
        unanswered = db.execute(text("SELECT count(*) FROM messages WHERE state = 'failed'")).scalar_one()
        counted = db.execute(text("SELECT sum(message_count) FROM reports")).scalar_one()
        joined = db.execute(text("SELECT count(*) FROM messages WHERE report_id IS NOT NULL")).scalar_one()
    lost = [
        envelope
        for envelope in ledger.answered
        if vault.fingerprint("message", "gh_0123456789ab", envelope.openid, str(envelope.message_id)) not in keys
    ]
    assert ledger.sent > 60  # each of the senders had several answers between two kills, even on a busy machine
    assert len(ledger.answered) > 0.8 * ledger.sent
    assert not lost
    assert doubled == 0
    assert unanswered == 0
    assert counted == joined  # a message moved a report once
    assert set(states) == {"kept"}


def _wait_until_nobody_is_left(config: Path) -> None:
    """A worker whose server was killed ends by itself."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        left = [path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if str(config) in _read(path)]
        if not left:
            return
        threading.Event().wait(0.2)
    pytest.fail(f"still running: {left}")


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def list_descendants(pid: int) -> list[int]:
    """Return the processes below `pid`: the halves of the program and their workers."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        children = Path(f"/proc/{one}/task/{one}/children")
        with suppress(OSError):
            below = [int(child) for child in children.read_text().split()]
            found += below
            waiting += below
    return found
