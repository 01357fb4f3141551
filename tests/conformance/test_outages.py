"""Cases 60 to 62: the database is away, the network is away, a handler breaks."""

from __future__ import annotations

import io
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, event, make_url, text

from bot.webhook.errors import HandlerFailedError
from bot.webhook.robot import FIRST_RETRY
from handlers import conversation
from handlers.texts import SORRY
from storage import database as database_module
from storage.attachments import attachments
from storage.database import Database
from storage.messages import FailedMessage, claim_next_failed, has_due_failed, messages
from storage.reporters import reporters
from storage.reports.tables import reports
from tests.conformance.platform import LONGEST_ANSWER_SECONDS, NOTHING, OPENID, Answer, Desk

HAZARD = "东坪村小学门口的电线掉下来了"
POISON = "毒药"


# -- c60: the database is away ---------------------------------------------------------------------------------------


@contextmanager
def _locked_file(desk: Desk) -> Iterator[None]:
    assert desk.database.path is not None
    stranger = sqlite3.connect(desk.database.path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        stranger.execute("ROLLBACK")
        stranger.close()


@contextmanager
def _full_disk(desk: Desk) -> Iterator[None]:
    def allow_no_page(connection: Any, _entry: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # rounded up to what the file has already

    desk.database.engine.dispose()
    event.listen(desk.database.engine, "connect", allow_no_page)
    try:
        yield
    finally:
        event.remove(desk.database.engine, "connect", allow_no_page)
        desk.database.engine.dispose()


@contextmanager
def _closed_server(desk: Desk) -> Iterator[None]:
    url = make_url(desk.database.engine.url)
    keeper = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", pool_size=1)
    with keeper.connect() as db:
        db.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false"))
        db.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": url.database}
        )
        try:
            yield
        finally:
            db.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true"))
    keeper.dispose()


Outage = Callable[[Desk], Any]


def _check_outage(desk: Desk, outage: Outage, bodies: list[bytes]) -> None:
    with outage(desk):
        for body in bodies:
            answer = desk.post(body)
            assert (answer.status, answer.body) == (503, b"")
    for body in bodies:
        assert desk.post(body).status == 200
        assert desk.post(body).status == 200
    assert len(desk.list_rows(messages)) == len(bodies)


@pytest.mark.parametrize(
    "outage", [pytest.param(_locked_file, id="c60-locked-file"), pytest.param(_full_disk, id="c60-full-disk")]
)
def test_asks_for_repeat_while_file_cannot_be_written(
    desk: Desk, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shorten_wait(desk, monkeypatch)
    large = b"x" * 30_000  # more than fits into a page that is there already
    _check_outage(desk, outage, [desk.make_body("text", Content=HAZARD * 400), large])
    assert desk.get_row(reports)["message_count"] == 1


def _shorten_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 0.2)

    def hurry(connection: Any, _entry: Any) -> None:
        connection.execute("PRAGMA busy_timeout=200")

    event.listen(desk.database.engine, "connect", hurry)
    desk.database.engine.dispose()


@pytest.mark.parametrize("has_connections", [pytest.param(True, id="c60-cut-off"), pytest.param(False, id="c60-away")])
def test_asks_for_repeat_while_server_is_away(postgres_desk: Desk, has_connections: bool) -> None:
    if has_connections:
        postgres_desk.say("你好", openid="oTESTbefore")
    else:
        postgres_desk.database.engine.dispose()
    before = len(postgres_desk.list_rows(messages)) if has_connections else 0
    body = postgres_desk.make_body("text", Content=HAZARD)
    with _closed_server(postgres_desk):
        for _ in range(3):
            assert postgres_desk.post(body).status == 503
    postgres_desk.post(body).get_words()
    postgres_desk.post(body).get_words()
    assert len(postgres_desk.list_rows(messages)) == before + 1
    assert postgres_desk.get_row(reports)["message_count"] == 1


def test_c60_waits_once_for_a_locked_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 1.0)
    impatient = Desk(Database(f"sqlite:///{desk.database.path}"), desk.clock, log=desk.log)
    with _locked_file(desk):
        answer = impatient.post(impatient.make_body("text", Content=HAZARD))
    impatient.database.close()
    assert answer.status == 503
    assert 0.9 < answer.seconds < 1.9  # of four seconds, two waits would be longer than the platform's five
    assert desk.count() == NOTHING


# -- c61: everything but the database is away ------------------------------------------------------------------------


def test_c61_needs_nothing_but_the_database(either_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> None:
        raise AssertionError("the webhook asked the network")

    either_desk.list_rows(messages)
    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    either_desk.photo("MEDIA_1").get_words()
    either_desk.say(HAZARD).get_words()
    monkeypatch.undo()
    row = either_desk.get_row(attachments)
    assert (row["state"], row["due_at"], row["attempts"]) == ("pending", either_desk.clock.at, 0)


# -- c62: a handler breaks -------------------------------------------------------------------------------------------


class Trap:
    """Breaks on a word until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_set = True
        monkeypatch.setattr("handlers.hazards.next_step", self.step)

    def step(self, message: Any, *arguments: Any, **options: Any) -> Any:
        if self.is_set and POISON in message.text:
            raise LookupError(f"no {message.text} of {OPENID}")
        return conversation.next_step(message, *arguments, **options)


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> Trap:
    return Trap(monkeypatch)


def test_c62_keeps_message_whose_handler_broke(either_desk: Desk, trap: Trap, log_lines: io.StringIO) -> None:
    body = either_desk.make_body("text", Content=HAZARD + POISON)
    assert either_desk.post(body).get_words() == SORRY
    assert either_desk.post(body).get_words() == SORRY
    row = either_desk.get_row(messages)
    assert (row["state"], row["error"], row["text"]) == ("failed", "LookupError", HAZARD + POISON)
    assert row["due_at"] == either_desk.clock.at + FIRST_RETRY
    assert either_desk.open_payload(row) == body
    assert either_desk.count() == {"messages": 1, "reporters": 1, "reports": 0, "attachments": 0}
    assert '"event": "handler_failed"' in log_lines.getvalue()
    assert "LookupError at" in log_lines.getvalue()
    assert POISON not in log_lines.getvalue()


def test_c62_takes_in_later_what_broke_before(either_desk: Desk, trap: Trap) -> None:
    either_desk.say(HAZARD + POISON)
    assert _claim(either_desk) is None
    either_desk.clock.at += FIRST_RETRY
    failed = _claim(either_desk)
    assert failed is not None
    with pytest.raises(HandlerFailedError):
        either_desk.robot.retry_failed(failed)
    assert either_desk.get_row(messages)["state"] == "failed"
    assert either_desk.list_rows(reports) == []
    trap.is_set = False
    either_desk.robot.retry_failed(failed)
    row = either_desk.get_row(messages)
    assert row["state"] == "done"
    assert row["report_id"] == either_desk.get_row(reports)["id"]
    assert either_desk.get_row(reports)["opened_at"] == row["sent_at"]
    assert len(either_desk.list_rows(reporters)) == 1


def test_c62_nothing_is_due_once_a_retry_has_left_it_to_people(desk: Desk, trap: Trap) -> None:
    desk.say("阿巴阿巴" + POISON)
    trap.is_set = False
    desk.clock.advance(hours=1)
    failed = _claim(desk)
    assert failed is not None
    desk.robot.retry_failed(failed)
    desk.clock.advance(hours=1)
    assert desk.get_row(messages)["state"] == "unsorted"
    with desk.database.read() as db:
        assert not has_due_failed(db, now=desk.clock.at)


def _claim(desk: Desk) -> FailedMessage | None:
    now = desk.clock.at
    with desk.database.write() as db:
        return claim_next_failed(db, now=now, next_try_at=now + timedelta(minutes=2))


def test_c62_event_whose_handler_broke_is_acknowledged_and_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("storage.reporters.erase_identity", None)
        assert desk.send("event", Event="unsubscribe").is_acknowledgement
    row = desk.get_row(messages)
    assert (row["state"], row["error"]) == ("failed", "TypeError")
    desk.clock.at += FIRST_RETRY
    failed = _claim(desk)
    assert failed is not None
    desk.robot.retry_failed(failed)
    assert desk.get_row(messages)["state"] == "done"
    assert desk.get_row(reporters)["openid_hash"] is None


def test_c62_message_that_breaks_the_classifier_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(type(desk.robot._classifier), "understand", None)
        assert desk.say(HAZARD).get_words() == SORRY
    row = desk.get_row(messages)
    assert (row["state"], row["text"], row["intent"]) == ("failed", HAZARD, "unknown")
    desk.clock.at += FIRST_RETRY
    failed = _claim(desk)
    assert failed is not None
    desk.robot.retry_failed(failed)
    assert desk.get_row(reports)["description"] == HAZARD


def test_c62_poison_does_no_harm_to_its_neighbours(either_desk: Desk, trap: Trap) -> None:
    people = [f"oTESTneighbour{number:02d}" for number in range(8)]
    bodies = [
        either_desk.make_body(
            "text", openid=openid, Content=f"{number}号楼的电线掉下来了{POISON if number == 3 else ''}"
        )
        for number, openid in enumerate(people)
    ]
    answers: dict[int, Answer] = {}

    def post(number: int) -> None:
        answers[number] = either_desk.post(bodies[number])

    threads = [threading.Thread(target=post, args=(number,)) for number in range(8)]
    with either_desk.database.write():  # on SQLite all of them wait here, and then share one transaction
        for thread in threads:
            thread.start()
        threads[0].join(0.3)
    for thread in threads:
        thread.join()
    for number, openid in enumerate(people):
        assert (answers[number].get_words(openid) == SORRY) == (number == 3)
        assert answers[number].seconds < LONGEST_ANSWER_SECONDS
    assert either_desk.count() == {"messages": 8, "reporters": 8, "reports": 7, "attachments": 0}
    states = [row["state"] for row in either_desk.list_rows(messages)]
    assert sorted(states) == ["done"] * 7 + ["failed"]
