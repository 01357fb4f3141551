"""Cases 1 to 15: the verification of the address, and what proves that a request comes from the platform."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from storage.database import Database
from storage.messages import messages
from storage.reporters import reporters
from tests.conformance.platform import NOTHING, OPENID, OTHER_OPENID, Desk, sign
from tests.intake import TOKEN, Clock

OFFICIAL = {
    "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
    "timestamp": "1714036504",
    "nonce": "1514711492",
    "echostr": "4375120948345356249",
}


@pytest.fixture
def official_desk(sqlite_database: Database) -> Desk:
    """Give a webhook with the token of the platform's manual, at the time of its example."""
    return Desk(sqlite_database, Clock(datetime.fromtimestamp(1714036504, tz=UTC)), token="AAAAA")


def test_c01_echoes_official_vector_as_it_is(official_desk: Desk) -> None:
    answer = official_desk.request("GET", OFFICIAL)
    assert (answer.status, answer.body) == (200, b"4375120948345356249")
    assert official_desk.count() == NOTHING


def test_c02_answers_repeated_verification_alike(official_desk: Desk) -> None:
    assert [official_desk.request("GET", OFFICIAL).body for _ in range(3)] == [b"4375120948345356249"] * 3
    assert official_desk.count() == NOTHING


def test_c03_refuses_verification_with_wrong_signature(official_desk: Desk) -> None:
    answer = official_desk.request("GET", OFFICIAL | {"signature": "0" * 40})
    assert answer.status == 403
    assert b"4375120948345356249" not in answer.body


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"echostr": None}, 400, id="c04-no-echostr"),
        pytest.param({"signature": None}, 403, id="c04-no-signature"),
        pytest.param({"timestamp": None}, 403, id="c04-no-timestamp"),
        pytest.param({"nonce": None}, 403, id="c04-no-nonce"),
        pytest.param(dict.fromkeys(OFFICIAL), 403, id="c04-no-query"),
    ],
)
def test_refuses_incomplete_verification(official_desk: Desk, changes: dict[str, None], status: int) -> None:
    query = {name: value for name, value in (OFFICIAL | changes).items() if value is not None}
    assert official_desk.request("GET", query).status == status
    assert official_desk.count() == NOTHING


def test_c05_echoes_script_as_plain_text(desk: Desk) -> None:
    answer = desk.request("GET", desk.make_query(echostr="<script>alert(1)</script>"))
    assert (answer.status, answer.body) == (200, b"<script>alert(1)</script>")
    assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "status"),
    [
        pytest.param("HEAD", 200, id="c06-head"),
        pytest.param("OPTIONS", 200, id="c06-options"),
        pytest.param("PUT", 405, id="c06-put"),
        pytest.param("DELETE", 405, id="c06-delete"),
        pytest.param("PATCH", 405, id="c06-patch"),
    ],
)
def test_other_methods_store_nothing(desk: Desk, method: str, status: int) -> None:
    query = desk.make_query(echostr="1")
    assert desk.request(method, query, desk.make_body("text", Content="你好")).status == status
    assert desk.count() == NOTHING


def _moved_digit(desk: Desk) -> dict[str, str]:
    query = desk.make_query(nonce="1234567890")
    moved = {"nonce": "1234567890" + query["timestamp"][0], "timestamp": query["timestamp"][1:]}
    assert sign(TOKEN, moved["timestamp"], moved["nonce"]) == query["signature"]
    return query | moved


def _full_width(desk: Desk) -> dict[str, str]:
    timestamp = str(int(desk.clock.at.timestamp())).translate({48 + n: 0xFF10 + n for n in range(10)})
    return desk.make_query(timestamp=timestamp)


def _aged(seconds: int) -> Callable[[Desk], dict[str, str]]:
    return lambda desk: desk.make_query(timestamp=str(int(desk.clock.at.timestamp()) + seconds))


def _with(**changes: Any) -> Callable[[Desk], dict[str, str]]:
    return lambda desk: desk.make_query(**changes)


FORGED = [
    pytest.param(_with(signature="0" * 40), id="c07-wrong-signature"),
    pytest.param(_with(signature=None), id="c08-no-signature"),
    pytest.param(_with(signature=""), id="c08-empty-signature"),
    pytest.param(_with(signature="中" * 40), id="c08-signature-not-ascii"),
    pytest.param(_with(signature="中"), id="c08-signature-of-one-character"),
    pytest.param(
        lambda desk: desk.make_query() | {"signature": desk.make_query()["signature"].upper()}, id="c08-upper"
    ),
    pytest.param(_aged(-600), id="c09-ten-minutes-old"),
    pytest.param(_aged(600), id="c09-ten-minutes-ahead"),
    pytest.param(_with(timestamp="abc"), id="c11-letters"),
    pytest.param(_with(timestamp=""), id="c11-empty"),
    pytest.param(_with(timestamp="-1"), id="c11-negative"),
    pytest.param(_with(timestamp="176403240"), id="c11-nine-digits"),
    pytest.param(_with(timestamp="17640324000"), id="c11-eleven-digits"),
    pytest.param(_with(timestamp="1764032400\n"), id="c11-line-end"),
    pytest.param(_full_width, id="c11-full-width"),
    pytest.param(_with(nonce=""), id="c11-empty-nonce"),
    pytest.param(_with(nonce="n" * 65), id="c11-long-nonce"),
    pytest.param(_moved_digit, id="c12-moved-digit"),
]


@pytest.mark.parametrize("forge", FORGED)
def test_refuses_what_does_not_prove_its_origin(desk: Desk, forge: Callable[[Desk], dict[str, str]]) -> None:
    before = _get_refused()
    answer = desk.post(desk.make_body("text", Content="东坪村路口电线掉下来了"), forge(desk))
    assert (answer.status, answer.body) == (403, b"")
    assert desk.count() == NOTHING
    assert _get_refused() == before + 1


def _get_refused() -> float:
    return REGISTRY.get_sample_value("suishoupai_webhook_requests_total", {"outcome": "refused"}) or 0.0


@pytest.mark.parametrize("seconds", [pytest.param(-30, id="c10-30-s-old"), pytest.param(240, id="c10-4-min-ahead")])
def test_accepts_clocks_that_differ_a_little(desk: Desk, seconds: int) -> None:
    answer = desk.post(desk.make_body("text", Content="东坪村路口电线掉下来了"), _aged(seconds)(desk))
    assert answer.status == 200
    assert desk.count()["messages"] == 1


@pytest.mark.parametrize(
    ("is_good_first", "status"),
    [pytest.param(True, 200, id="c13-good-first"), pytest.param(False, 403, id="c13-bad-first")],
)
def test_first_of_two_signatures_counts(desk: Desk, is_good_first: bool, status: int) -> None:
    query = desk.make_query()
    signatures = [query.pop("signature"), "0" * 40]
    pairs = [*query.items(), *(("signature", one) for one in (signatures if is_good_first else signatures[::-1]))]
    for _ in range(2):
        got = "&".join(f"{name}={value}" for name, value in pairs)
        assert desk.post(desk.make_body("text", Content="你好"), got).status == status


def test_c14_takes_sender_from_body(desk: Desk) -> None:
    answer = desk.post(desk.make_body("text", Content="你好"), desk.make_query(openid=OTHER_OPENID))
    answer.get_words(OPENID)
    assert desk.get_row(reporters)["openid_hash"] == desk.vault.fingerprint("openid", OPENID)
    assert desk.get_row(messages)["text"] == "你好"


def test_c15_refuses_large_forgery_without_reading_it(desk: Desk) -> None:
    read: list[int] = []

    def give_body() -> Any:
        for _ in range(160):
            read.append(1)
            yield b"x" * 65_536

    with desk.serve() as line:
        query = desk.make_query(signature="0" * 40)
        answer = line.post(give_body(), query)
    assert answer.status == 403
    assert answer.seconds < 1
    assert desk.count() == NOTHING


def test_accepts_timestamp_of_the_platform_only_within_five_minutes(desk: Desk) -> None:
    body = desk.make_body("text", Content="你好")
    query = desk.make_query()
    assert desk.post(body, query).status == 200
    desk.clock.at += timedelta(seconds=301)
    assert desk.post(body, query).status == 403
