"""The view: headers, methods, counters, and the order of its checks."""

from __future__ import annotations

import time
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bot.webhook.incoming import MAX_BODY_BYTES
from storage.database import Database
from tests.conformance.platform import NOTHING, Desk
from tests.intake import Clock


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    """Give a webhook in plain mode."""
    return Desk(sqlite_database, Clock())


def _count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def _open(desk: Desk, method: str, query: Any = None, body: bytes = b"") -> Any:
    return desk.app.test_client().open("/wechat", method=method, query_string=query or desk.make_query(), data=body)


@pytest.mark.parametrize(
    ("outcome", "status"), [("stored", 200), ("unreadable", 200), ("refused", 403), ("unavailable", 503)]
)
def test_counts_every_outcome_once(desk: Desk, outcome: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    body, query = desk.make_body("text", Content="你好"), desk.make_query()
    if outcome == "unreadable":
        body = b"hello"
    elif outcome == "refused":
        query["signature"] = "0" * 40
    elif outcome == "unavailable":
        monkeypatch.setattr(desk.database, "run", _be_away(desk))
    names = ("stored", "unreadable", "refused", "unavailable")
    before = [_count("suishoupai_webhook_requests_total", outcome=name) for name in names]
    timed = _count("suishoupai_webhook_seconds_count")
    assert desk.post(body, query).status == status
    after = [_count("suishoupai_webhook_requests_total", outcome=name) for name in names]
    assert [two - one for one, two in zip(before, after, strict=True)] == [float(name == outcome) for name in names]
    assert _count("suishoupai_webhook_seconds_count") == timed + 1


def _be_away(desk: Desk) -> Any:
    def run(_work: Any) -> None:
        raise desk.database.outages[0]("SELECT 1", {}, Exception("away"))

    return run


def test_outage_while_keeping_unreadable_body_asks_for_repeat(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.database, "run", _be_away(desk))
    assert desk.post(b"hello").status == 503


@pytest.mark.parametrize(
    ("method", "body", "content_type"),
    [
        pytest.param("GET", b"", "text/plain; charset=utf-8", id="verification"),
        pytest.param("POST", b"hello", "text/plain; charset=utf-8", id="acknowledgement"),
        pytest.param("POST", None, "text/xml; charset=utf-8", id="reply"),
    ],
)
def test_names_what_it_sends(desk: Desk, method: str, body: bytes | None, content_type: str) -> None:
    content = desk.make_body("text", Content="你好") if body is None else body
    got = _open(desk, method, desk.make_query(echostr="1"), content)
    assert got.status_code == 200
    assert got.headers["Content-Type"] == content_type
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "content_type" not in got.headers


@pytest.mark.parametrize("status", [400, 403])
def test_refusals_say_nothing_and_are_named(desk: Desk, status: int) -> None:
    got = _open(desk, "GET", desk.make_query(**({} if status == 400 else {"signature": "0" * 40, "echostr": "1"})))
    assert (got.status_code, got.data) == (status, b"")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_head_answers_like_get_without_a_body(desk: Desk) -> None:
    got = _open(desk, "HEAD", desk.make_query(echostr="1"))
    assert (got.status_code, got.data) == (200, b"")
    assert _open(desk, "HEAD", desk.make_query(signature="0" * 40)).status_code == 403
    assert desk.count() == NOTHING


def test_options_names_the_methods(desk: Desk) -> None:
    got = _open(desk, "OPTIONS")
    assert set(got.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


def test_refuses_forgery_before_it_looks_at_the_size(desk: Desk) -> None:
    large = b"x" * (MAX_BODY_BYTES + 1)
    assert desk.post(large, desk.make_query(signature="0" * 40)).status == 403
    assert desk.post(large).status == 413


class _Unread:
    """A body that nobody may read."""

    def read(self, _size: int = -1) -> bytes:
        raise AssertionError("the body of a forgery was read")

    readline = readinto = read


def test_does_not_read_the_body_of_a_forgery(desk: Desk) -> None:
    query = desk.make_query(signature="0" * 40)
    options = {"CONTENT_LENGTH": "100", "wsgi.input": _Unread()}
    client = desk.app.test_client()
    got = client.post("/wechat", query_string=query, environ_overrides=options)
    assert got.status_code == 403


def test_empty_echostr_is_echoed(desk: Desk) -> None:
    got = _open(desk, "GET", desk.make_query(echostr=""))
    assert (got.status_code, got.data) == (200, b"")


def test_other_addresses_are_not_served(desk: Desk) -> None:
    client = desk.app.test_client()
    assert [client.post(path).status_code for path in ("/", "/wechat/", "/wechat/x")] == [404, 404, 404]


def test_long_text_is_understood_in_time(desk: Desk) -> None:
    started = time.perf_counter()
    for words in ("电" * 40_000, "1" * 120_000, "东坪村电线杆" * 6_000, "，" * 40_000, "不是不是不是" * 6_000):
        assert desk.say(words).status == 200
    assert time.perf_counter() - started < 3
