"""Two processes send a thousand notices from one database, and one of them is killed: everybody hears everything."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.simulator.account import Account
from bot.simulator.platform import Platform
from bot.simulator.server import serve_platform
from storage import outbox
from storage.database import Database
from storage.outbox import Purpose, notices
from storage.reporters import get_or_add_reporter
from storage.vault import Vault, read_vault
from tests.factories import make_message
from tests.intake import APP_ID, ORIGINAL_ID, TOKEN
from tests.running import APP_SECRET, make_environment, write_config

PEOPLE, EACH = 250, 4  # a thousand; a fifth message stays in each window for one that is sent twice
THREADS = 2  # of each process: what one of them may have had in its hands
MOST_SECONDS = 90

pytestmark = pytest.mark.faults


def test_a_thousand_notices_arrive_though_a_sender_is_killed(database: Database, tmp_path: Path) -> None:
    platform = Platform(Account(TOKEN, APP_ID, APP_SECRET, "", "plain", ORIGINAL_ID), "http://127.0.0.1:9/wechat")
    with serve_platform(platform) as api:
        url = database.engine.url.render_as_string(hide_password=False)
        config = write_config(tmp_path, url, api=api, level="error")
        openids = _fill(database, platform, read_vault(tmp_path / "vault.key"))
        with _run_sender(config) as victim, _run_sender(config) as other:
            _wait_until(lambda: _count_heard(platform, openids) >= PEOPLE * EACH // 3, "a third")
            victim.kill()
            at_the_kill = _count_heard(platform, openids)
            _wait_until(lambda: _count_open(database) == 0, "the last one")
            assert other.poll() is None
    assert at_the_kill < PEOPLE * EACH  # it was killed in the middle
    heard = {openid: Counter(_list_heard(platform, openid)) for openid in openids}
    for openid, words in heard.items():
        assert set(words) == {_word(openid, number) for number in range(EACH)}
        assert max(words.values()) <= 2
    assert sum(sum(words.values()) for words in heard.values()) <= PEOPLE * EACH + THREADS
    with database.read() as db:
        assert dict(db.execute(select(notices.c.state, func.count()).group_by(notices.c.state)).all()) == {
            "sent": PEOPLE * EACH
        }


def _fill(database: Database, platform: Platform, vault: Vault) -> list[str]:
    """Let everybody write, and put what they are to hear into the outbox."""
    now = datetime.now(UTC)
    openids = [f"o-invented-{number:04d}" for number in range(PEOPLE)]
    ids: dict[str, int] = {}
    with database.write() as db:
        for number, openid in enumerate(openids):
            platform.followers.record_push(platform.build.text(openid, "在吗"))
            sealed = vault.seal(openid.encode(), "openid")
            ids[openid] = get_or_add_reporter(
                db,
                openid_hash=vault.fingerprint("openid", openid),
                seal=lambda sealed=sealed: sealed,  # type: ignore[misc]
                random_hex=lambda digits, number=number: f"{number:0{digits}X}",  # type: ignore[misc]
                now=now,
            ).id
            make_message(db, reporter_id=ids[openid], sent_at=now, received_at=now)
        for number in range(EACH):
            for openid in openids:
                outbox.add_notice(
                    db, recipient=f"reporter:{ids[openid]}", purpose=Purpose.PROGRESS, subject=f"report:{number}:x",
                    words=_word(openid, number), is_urgent=True, now=now,
                )  # fmt: skip
    return openids


def _word(openid: str, number: int) -> str:
    return f"给 {openid} 的第 {number} 条"


def _list_heard(platform: Platform, openid: str) -> list[str]:
    return [bubble.text for bubble in platform.chats.list_bubbles(openid) if bubble.side == "account"]


def _count_heard(platform: Platform, openids: list[str]) -> int:
    return sum(len(_list_heard(platform, openid)) for openid in openids)


def _count_open(database: Database) -> int:
    with database.read() as db:
        return db.execute(select(func.count()).where(notices.c.due_at.is_not(None))).scalar_one()


@contextmanager
def _run_sender(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.notice_sender", str(config)],
        cwd=Path(__file__).parents[2], env=make_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until(condition: Callable[[], bool], name: str) -> None:
    until = time.monotonic() + MOST_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < until, f"{name} was not sent in {MOST_SECONDS} s"
        pause.wait(0.05)
