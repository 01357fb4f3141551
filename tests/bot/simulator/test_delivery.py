"""Posting like the platform: modes, repeats, and what the person sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werobot.crypto import MessageCrypt

from bot.simulator.account import Mode
from bot.simulator.crypto import build_signature
from bot.simulator.delivery import SORRY
from bot.simulator.envelopes import EnvelopeBuilder
from bot.simulator.platform import Platform
from tests.bot.simulator.conftest import AES_KEY, LEFT, OPENID, Callback, MakePlatform, build_text_reply


def encrypt_reply(body: bytes, *, signature: str = "", app_id: str = "wx0000000000000001") -> str:
    """Return an encrypted reply made by WeRoBot, so that both implementations have to agree."""
    encrypted = MessageCrypt("inventedToken", AES_KEY, app_id).prp_crypto.encrypt(body.decode(), app_id).decode()
    signature = signature or build_signature("inventedToken", "1795000000", "77", encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        "<TimeStamp>1795000000</TimeStamp><Nonce><![CDATA[77]]></Nonce></xml>"
    )


@pytest.mark.parametrize("mode", ["plain", "compat", "safe"])
def test_query_and_body_fit_the_mode(make_platform: MakePlatform, callback: Callback, mode: Mode) -> None:
    platform = make_platform(mode, callback.url)
    envelope = platform.build.text(OPENID, "漏电")
    delivery = platform.deliver(envelope)
    query, body, headers = callback.seen[0]
    assert query["openid"] == OPENID
    assert query["signature"] == build_signature("inventedToken", query["timestamp"], query["nonce"])
    assert headers["User-Agent"] == "Mozilla/4.0"
    assert headers["Content-Type"] == "text/xml"
    assert (b"<Content>" in body, b"<Encrypt>" in body) == (mode != "safe", mode != "plain")
    assert ("encrypt_type" in query, "msg_signature" in query) == (mode != "plain", mode != "plain")
    assert (delivery.accepted, delivery.shown, len(delivery.attempts)) == (True, "", 1)
    if mode != "plain":
        encrypted = body.decode().split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        crypt = MessageCrypt("inventedToken", AES_KEY, "wx0000000000000001")
        opened = crypt.decrypt_message(query["timestamp"], query["nonce"], query["msg_signature"], encrypted)
        assert opened == envelope.body


@pytest.mark.parametrize(
    ("mode", "body"),
    [
        pytest.param("plain", build_text_reply("收到"), id="plain"),
        pytest.param("compat", build_text_reply("收到"), id="compat, plain reply"),
        pytest.param("compat", encrypt_reply(build_text_reply("收到")), id="compat, encrypted reply"),
        pytest.param("safe", encrypt_reply(build_text_reply("收到")), id="safe"),
    ],
)
def test_person_sees_the_reply(make_platform: MakePlatform, callback: Callback, mode: Mode, body: str | bytes) -> None:
    callback.answer(body)
    platform = make_platform(mode, callback.url)
    delivery = platform.deliver(platform.build.text(OPENID, "漏电"))
    assert (delivery.shown, len(delivery.attempts)) == ("收到", 1)
    assert [(bubble.side, bubble.text) for bubble in platform.chats.list_bubbles(OPENID)] == [
        ("person", "漏电"),
        ("account", "收到"),
    ]


@pytest.mark.parametrize(
    ("mode", "body", "status", "problem"),
    [
        pytest.param("plain", "success", 201, "status", id="201 with a good body"),
        pytest.param("plain", "", 204, "status", id="204"),
        pytest.param("plain", "", 302, "status", id="redirect"),
        pytest.param("plain", "", 500, "status", id="500"),
        pytest.param("plain", '{"a": 1}', 200, "unreadable", id="JSON"),
        pytest.param("plain", "success\n", 200, "unreadable", id="success and a newline"),
        pytest.param("plain", "<xml><a>", 200, "unreadable", id="broken XML"),
        pytest.param("plain", b"<!DOCTYPE x><xml/>", 200, "unreadable", id="document type"),
        pytest.param("plain", build_text_reply("x", to="o-else"), 200, "unreadable", id="to somebody else"),
        pytest.param("plain", build_text_reply("x", sender="gh_else"), 200, "unreadable", id="from somebody else"),
        pytest.param("plain", build_text_reply(""), 200, "unreadable", id="empty text"),
        pytest.param("plain", build_text_reply("字" * 700), 200, "unreadable", id="2,100 bytes of text"),
        pytest.param("plain", "x" * 70_000, 200, "unreadable", id="oversize"),
        pytest.param("plain", encrypt_reply(build_text_reply("x")), 200, "unreadable", id="encrypted though plain"),
        pytest.param("safe", build_text_reply("x"), 200, "unreadable", id="plain though safe"),
        pytest.param("safe", encrypt_reply(b"success"), 200, "unreadable", id="encrypted success"),
        pytest.param(
            "safe", encrypt_reply(build_text_reply("x"), signature="0" * 40), 200, "unreadable", id="wrong MsgSignature"
        ),
        pytest.param(
            "safe", encrypt_reply(build_text_reply("x"), app_id="wx02"), 200, "unreadable", id="another app id"
        ),
    ],
)
def test_bad_answer_is_repeated_three_times_and_excused(
    make_platform: MakePlatform, callback: Callback, mode: Mode, body: str | bytes, status: int, problem: str
) -> None:
    callback.answer(body, status, times=4, Location="/wechat?echostr=success")
    platform = make_platform(mode, callback.url)
    delivery = platform.deliver(platform.build.text(OPENID, "漏电"))
    assert [attempt.problem for attempt in delivery.attempts] == [problem] * 4
    assert (delivery.accepted, delivery.shown) == (False, SORRY)
    assert platform.chats.list_bubbles(OPENID)[-1].kind == "sorry"
    assert len({(tuple(sorted(query.items())), sent) for query, sent, _ in callback.seen}) == 1


def test_timeouts_are_repeated_with_the_same_push(make_platform: MakePlatform, callback: Callback) -> None:
    callback.stall(times=2)
    platform = make_platform("safe", callback.url, timeout=0.2)
    delivery = platform.deliver(platform.build.text(OPENID, "漏电"))
    assert [attempt.problem for attempt in delivery.attempts] == ["timeout", "timeout", ""]
    assert all(200 <= attempt.milliseconds < 2000 for attempt in delivery.attempts[:2])
    assert delivery.accepted
    assert len({(tuple(sorted(query.items())), body) for query, body, _ in callback.seen}) == 1


def test_dripping_answer_is_a_timeout(make_platform: MakePlatform, callback: Callback) -> None:
    callback.drip()
    platform = make_platform("plain", callback.url, timeout=0.2)
    delivery = platform.deliver(platform.build.text(OPENID, "漏电"))
    assert [attempt.problem for attempt in delivery.attempts] == ["timeout", ""]
    assert delivery.attempts[0].milliseconds < 2000


def test_nobody_listening_is_excused(make_platform: MakePlatform) -> None:
    platform = make_platform()
    delivery = platform.deliver(platform.build.text(OPENID, "漏电"))
    assert {attempt.problem for attempt in delivery.attempts} == {"connection"}
    assert delivery.shown == SORRY


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda b: b.unsubscribe(OPENID), id="unsubscribe"),
        pytest.param(lambda b: b.location_event(OPENID, 36, 113), id="LOCATION"),
        pytest.param(lambda b: b.view(OPENID, "http://a"), id="VIEW"),
        pytest.param(lambda b: b.template_finished(OPENID, 1), id="TEMPLATESENDJOBFINISH"),
    ],
)
def test_answer_to_a_silent_event_is_never_seen(
    make_platform: MakePlatform, callback: Callback, build: Callable[[EnvelopeBuilder], object]
) -> None:
    callback.answer(build_text_reply("在吗"))
    platform: Platform = make_platform("plain", callback.url)
    delivery = platform.deliver(build(platform.build))  # type: ignore[arg-type]
    assert (delivery.accepted, delivery.shown) == (True, "")


def test_burst_travels_in_parallel_and_shows_in_order(make_platform: MakePlatform, callback: Callback) -> None:
    platform = make_platform("safe", callback.url)
    envelopes = platform.build.images(OPENID, [b"\xff\xd8\xff" + bytes([number]) for number in range(9)])
    deliveries = platform.deliver_many(envelopes)
    assert [delivery.envelope for delivery in deliveries] == envelopes
    assert all(delivery.accepted for delivery in deliveries)
    pictures = [bubble.picture_id for bubble in platform.chats.list_bubbles(OPENID)]
    assert pictures == [envelope.picture_id for envelope in envelopes]
    assert len(callback.seen) == 9


def test_forged_push_replaces_the_signature(make_platform: MakePlatform, callback: Callback) -> None:
    platform = make_platform("plain", callback.url)
    envelope = platform.build.text(OPENID, "漏电")
    platform.deliver(envelope, platform.sign(envelope, timestamp=1_000_000_000, nonce="n"))
    assert callback.seen[0][0]["timestamp"] == "1000000000"


def test_verifies_the_address(make_platform: MakePlatform, callback: Callback) -> None:
    assert make_platform("safe", callback.url).is_callback_verified()


def test_scan_follows_first_when_not_following(make_platform: MakePlatform, callback: Callback) -> None:
    platform = make_platform("plain", callback.url)
    assert platform.build_scan(OPENID, "shaft-3").kind == "event:SCAN"
    envelope = platform.build_scan(LEFT, "shaft-3")
    assert envelope.kind == "event:subscribe"
    platform.deliver(envelope)
    assert platform.followers.is_following(LEFT)
