"""The shared access token: one renews, others read, and nothing of it lies open in the database."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from bot.simulator.faults import Fault
from bot.wechat.client import WeChatClient
from bot.wechat.errors import ConfigurationError, TokenError, TransportError
from bot.wechat.tokens import LEASE, IssuedToken, TokenStore
from storage import tokens
from storage.database import Database
from storage.vault import Vault
from tests.bot.wechat.setting import APP_ID, APP_SECRET, PHOTO, Clock, Setting

LIFE = timedelta(seconds=7200)


def pause(_seconds: float) -> None:
    """Wait for real, but shortly."""
    threading.Event().wait(0.02)


class Platform:
    """Gives token-1, token-2, … or raises what it was told to."""

    def __init__(self, *, life: timedelta = LIFE) -> None:
        self.calls = 0
        self.life = life
        self.failure: Exception | None = None

    def __call__(self) -> IssuedToken:
        """Answer one call."""
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        return IssuedToken(f"token-{self.calls}", self.life)


@pytest.fixture
def clock() -> Clock:
    """Give a clock to move."""
    return Clock()


def make_store(database: Database, clock: Clock, *, key: bytes = b"k" * 32) -> TokenStore:
    """Return a store that waits by moving the clock."""
    return TokenStore(database, Vault(key), APP_ID, now=clock, pause=clock.pass_time)


def test_fetches_once_and_shares_it(database: Database, clock: Clock) -> None:
    platform = Platform()
    first, second = make_store(database, clock), make_store(database, clock)
    assert [store.get_token(platform) for store in (first, second, first)] == ["token-1"] * 3
    assert platform.calls == 1


@pytest.mark.parametrize(
    ("after", "calls"),
    [(7200 - 281, 1), (7200 - 279, 2), (7200, 2), (90_000, 2)],
    ids=["five minutes and a little before its end", "just below", "at its end", "a day later"],
)
def test_renews_when_the_platform_has_a_new_one(
    sqlite_database: Database, clock: Clock, after: float, calls: int
) -> None:
    platform, store = Platform(), make_store(sqlite_database, clock)
    store.get_token(platform)
    clock.pass_time(after)
    assert store.get_token(platform) == f"token-{calls}"
    assert platform.calls == calls


def test_does_not_hammer_the_platform_for_a_token_with_a_short_life(sqlite_database: Database, clock: Clock) -> None:
    platform, store = Platform(life=timedelta(seconds=100)), make_store(sqlite_database, clock)
    for _ in range(20):
        store.get_token(platform)
        clock.pass_time(1)
    assert platform.calls == 1
    clock.pass_time(15)
    assert store.get_token(platform) == "token-2"


def test_uses_the_old_token_while_the_platform_is_silent(sqlite_database: Database, clock: Clock) -> None:
    platform, store = Platform(), make_store(sqlite_database, clock)
    store.get_token(platform)
    clock.pass_time(7200 - 200)
    platform.failure = TransportError("no answer in time")
    assert [store.get_token(platform) for _ in range(5)] == ["token-1"] * 5
    assert platform.calls == 2, "asked once, then left in peace until the lease is over"
    clock.pass_time(LEASE.total_seconds() + 1)
    platform.failure = None
    assert store.get_token(platform) == "token-3"


def test_raises_what_the_platform_says_when_there_is_no_token(sqlite_database: Database, clock: Clock) -> None:
    platform, store = Platform(), make_store(sqlite_database, clock)
    platform.failure = ConfigurationError("wrong app secret", errcode=40125)
    began = clock.at
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            store.get_token(platform)
    platform.failure = None
    assert store.get_token(platform) == "token-3"
    assert clock.at == began, "a failed renewal gives its lease back, so nobody waits"


def test_takes_over_from_one_who_died_while_renewing(database: Database, clock: Clock) -> None:
    with database.write() as db:
        assert tokens.claim_renewal(db, APP_ID, until=clock.at + LEASE, now=clock.at)
    platform, began = Platform(), clock.at
    assert make_store(database, clock).get_token(platform) == "token-1"
    assert timedelta(0) < clock.at - began < LEASE + timedelta(seconds=3)


def test_ignores_a_lease_from_a_clock_that_was_set_back(sqlite_database: Database, clock: Clock) -> None:
    with sqlite_database.write() as db:
        tokens.claim_renewal(db, APP_ID, until=clock.at + timedelta(days=400), now=clock.at + timedelta(days=399))
    began = clock.at
    assert make_store(sqlite_database, clock).get_token(Platform()) == "token-1"
    assert clock.at == began


def test_gives_up_waiting_for_a_lease_that_does_not_end(sqlite_database: Database, clock: Clock) -> None:
    with sqlite_database.write() as db:
        tokens.claim_renewal(db, APP_ID, until=clock.at + LEASE, now=clock.at)
    waited: list[float] = []
    store = TokenStore(sqlite_database, Vault(b"k" * 32), APP_ID, now=clock, pause=waited.append)
    with pytest.raises(TokenError):
        store.get_token(Platform())
    assert 15 < sum(waited) < 30


def test_waits_for_the_token_that_somebody_else_fetches(sqlite_database: Database, clock: Clock) -> None:
    platform, other = Platform(), make_store(sqlite_database, clock)
    with sqlite_database.write() as db:
        tokens.claim_renewal(db, APP_ID, until=clock.at + LEASE, now=clock.at)

    def let_other_finish(_seconds: float) -> None:
        with sqlite_database.write() as db:
            tokens.release_renewal(db, APP_ID, lease=clock.at + LEASE)
        other.get_token(platform)

    store = TokenStore(sqlite_database, Vault(b"k" * 32), APP_ID, now=clock, pause=let_other_finish)
    assert store.get_token(platform) == "token-1"
    assert platform.calls == 1


def test_replaces_a_refused_token_once_for_all_who_hold_it(sqlite_database: Database, clock: Clock) -> None:
    platform, store = Platform(), make_store(sqlite_database, clock)
    refused = store.get_token(platform)
    assert [store.get_token_after(refused, platform) for _ in range(4)] == ["token-2"] * 4
    assert platform.calls == 2


def test_never_takes_a_refused_token_though_it_has_time_left(sqlite_database: Database, clock: Clock) -> None:
    platform, store = Platform(), make_store(sqlite_database, clock)
    refused = store.get_token(platform)
    platform.failure = TransportError("no answer in time")
    with pytest.raises(TransportError):
        store.get_token_after(refused, platform)


def test_fetches_anew_under_another_key(sqlite_database: Database, clock: Clock) -> None:
    platform = Platform()
    make_store(sqlite_database, clock).get_token(platform)
    assert make_store(sqlite_database, clock, key=b"j" * 32).get_token(platform) == "token-2"


def test_keeps_the_token_sealed(setting: Setting, client: WeChatClient, tmp_path: Path) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    client.get_media(media_id)
    with setting.database.read() as db:
        sealed = tokens.find_token(db, APP_ID)
    assert sealed is not None
    token = setting.vault.open(sealed.token_sealed, "token")
    assert len(token) >= 200
    for path in tmp_path.glob("suishoupai.sqlite3*"):
        assert token not in path.read_bytes()


def test_holds_no_transaction_while_it_asks_the_platform(sqlite_database: Database, clock: Clock) -> None:
    def fetch() -> IssuedToken:
        with sqlite_database.write() as db:  # would wait for itself, if the store still wrote
            tokens.find_token(db, APP_ID)
        return IssuedToken("token", LIFE)

    assert make_store(sqlite_database, clock).get_token(fetch) == "token"


def test_calls_the_platform_once_for_many_threads(setting: Setting) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    setting.platform.faults.plan("stable_token", Fault.wait(0.2))
    together = threading.Barrier(8)
    failures: list[BaseException] = []

    def fetch() -> None:
        store = setting.make_store(pause=pause)
        with setting.make_client(store=store) as client:
            together.wait()
            try:
                assert client.get_media(media_id).content == PHOTO
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert setting.count_calls("stable_token") == 1


def _get_in_a_process(database_url: str, url: str, media_id: str, at: datetime, together: Barrier) -> None:
    database = Database(database_url)
    store = TokenStore(database, Vault(b"k" * 32), APP_ID, now=lambda: at, pause=pause)
    with WeChatClient(APP_ID, APP_SECRET, url, store, now=lambda: at) as client:
        together.wait(30)
        assert client.get_media(media_id).content == PHOTO
    database.close()


def test_calls_the_platform_once_for_two_processes(setting: Setting, sqlite_database: Database) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    setting.platform.faults.plan("stable_token", Fault.wait(0.2))
    spawning = multiprocessing.get_context("spawn")
    together = spawning.Barrier(2)
    given = (f"sqlite:///{sqlite_database.path}", setting.url, media_id, setting.clock.at, together)
    processes = [spawning.Process(target=_get_in_a_process, args=given) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert setting.count_calls("stable_token") == 1


def test_calls_the_platform_once_for_threads_on_either_engine(database: Database) -> None:
    calls: list[int] = []
    together = threading.Barrier(6)
    got: list[str] = []
    clock: Callable[[], datetime] = Clock()

    def fetch() -> IssuedToken:
        calls.append(1)
        threading.Event().wait(0.1)
        return IssuedToken("token", LIFE)

    def get() -> None:
        store = TokenStore(database, Vault(b"k" * 32), APP_ID, now=clock, pause=pause)
        together.wait()
        got.append(store.get_token(fetch))

    threads = [threading.Thread(target=get) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["token"] * 6
    assert len(calls) == 1
