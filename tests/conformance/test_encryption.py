"""Cases 71 to 78: safe mode, compat mode, and envelopes that somebody has tampered with."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.database import Database
from storage.messages import messages
from storage.reporters import reporters
from storage.reports.tables import reports
from tests.conformance.platform import (
    NOTHING,
    OPENID,
    OTHER_OPENID,
    Answer,
    Desk,
    check_nothing_leaks,
    decrypt,
    encrypt,
    frame,
    make_envelope,
    open_reply,
    pad,
    read_reply,
    seal_raw,
    sign,
)
from tests.intake import APP_ID, Clock

HAZARD = "东坪村小学门口的电线掉下来了"
OTHER_KEY = "Z" * 43

# The example of the platform's page on encryption: token AAAAA, a key of 43 times A.
OFFICIAL_KEY = "A" * 43
OFFICIAL_PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv"
    "6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNq"
    "J4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
OFFICIAL_REPLY = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


@pytest.fixture
def safe_desk(sqlite_database: Database, clock: Clock) -> Iterator[Desk]:
    """Give a webhook in safe mode."""
    yield Desk(sqlite_database, clock, mode="safe")
    check_nothing_leaks(sqlite_database, "")


@pytest.fixture
def compat_desk(sqlite_database: Database, clock: Clock) -> Iterator[Desk]:
    """Give a webhook in compat mode."""
    yield Desk(sqlite_database, clock, mode="compat")
    check_nothing_leaks(sqlite_database, "")


def _read_sealed(answer: Answer, openid: str = OPENID) -> str:
    assert answer.status == 200
    assert answer.content_type.startswith("text/xml")
    assert HAZARD.encode() not in answer.body
    return read_reply(open_reply(answer.body), openid)


# -- the platform's own example --------------------------------------------------------------------------------------


def test_these_tests_compute_what_the_platform_publishes() -> None:
    assert sign("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    assert sign("AAAAA", "1714112445", "415670741") == "6c5c811b55cc85e0e1b54100749188c20beb3f5d"
    assert sign("AAAAA", "1714112445", "415670741", OFFICIAL_PUSH) == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    assert sign("AAAAA", "1713424427", "415670741", OFFICIAL_REPLY) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    push = json.loads(decrypt(OFFICIAL_PUSH, app_id=APP_ID, key=OFFICIAL_KEY))
    assert (push["Event"], push["debug_str"]) == ("debug_demo", "hello world")
    sealed = pad(frame(b'{"demo_resp":"good luck"}', lead=b"707722b803182950"))
    assert seal_raw(sealed, key=OFFICIAL_KEY) == OFFICIAL_REPLY


def test_c71_opens_official_push(sqlite_database: Database) -> None:
    clock = Clock(datetime.fromtimestamp(1714112445, tz=UTC))
    desk = Desk(sqlite_database, clock, mode="safe", token="AAAAA", encoding_aes_key=OFFICIAL_KEY)
    query = {
        "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        "timestamp": "1714112445",
        "nonce": "415670741",
        "openid": OPENID,
        "encrypt_type": "aes",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    assert desk.post(make_envelope(OFFICIAL_PUSH), query).body == b"success"
    row = desk.get_row(messages)  # the example holds JSON, which an account of ours must not be set to
    assert (row["kind"], row["error"]) == ("unreadable", "not_xml")
    assert desk.post(make_envelope(OFFICIAL_PUSH), query | {"msg_signature": "0" * 40}).status == 403


# -- safe mode --------------------------------------------------------------------------------------------------------


def test_c71_answers_safe_message_in_an_envelope(safe_desk: Desk) -> None:
    words = _read_sealed(safe_desk.send_sealed("text", Content=HAZARD))
    assert "编号" in words
    row = safe_desk.get_row(messages)
    assert row["text"] == HAZARD
    assert b"<Content>" in safe_desk.open_payload(row)
    assert safe_desk.get_row(reports)["description"] == HAZARD


@pytest.mark.parametrize("length", [pytest.param(length, id=f"c71-{length}-bytes-more") for length in (0, 1, 15, 31)])
def test_opens_messages_of_every_length(safe_desk: Desk, length: int) -> None:
    _read_sealed(safe_desk.send_sealed("text", Content=HAZARD + "x" * length))
    assert safe_desk.get_row(messages)["text"] == HAZARD + "x" * length


def test_c71_repeat_gets_the_same_words(safe_desk: Desk) -> None:
    encrypted = encrypt(safe_desk.make_body("text", Content=HAZARD))
    query = safe_desk.make_sealed(encrypted)
    answers = [_read_sealed(safe_desk.post(make_envelope(encrypted), query)) for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(safe_desk.list_rows(messages)) == 1


def test_c71_answers_in_an_envelope_whatever_the_query_says(safe_desk: Desk) -> None:
    encrypted = encrypt(safe_desk.make_body("text", Content=HAZARD))
    _read_sealed(safe_desk.post(make_envelope(encrypted), safe_desk.make_sealed(encrypted, encrypt_type=None)))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"msg_signature": "0" * 40}, id="c72-wrong"),
        pytest.param({"msg_signature": None}, id="c72-missing"),
        pytest.param({"msg_signature": ""}, id="c72-empty"),
        pytest.param({"msg_signature": "中"}, id="c72-not-ascii"),
        pytest.param({"signature": "0" * 40}, id="c72-only-signature-wrong"),
    ],
)
def test_refuses_envelope_that_is_not_signed(safe_desk: Desk, changes: dict[str, Any]) -> None:
    encrypted = encrypt(safe_desk.make_body("text", Content=HAZARD))
    assert safe_desk.post(make_envelope(encrypted), safe_desk.make_sealed(encrypted, **changes)).status == 403
    assert safe_desk.count() == NOTHING


def test_c72_plain_signature_does_not_stand_in_for_the_other(safe_desk: Desk) -> None:
    encrypted = encrypt(safe_desk.make_body("text", Content=HAZARD))
    query = safe_desk.make_sealed(encrypted)
    assert safe_desk.post(make_envelope(encrypted), query | {"msg_signature": query["signature"]}).status == 403
    assert safe_desk.count() == NOTHING


def _garbage_padding(message: bytes) -> bytes:
    content = pad(frame(message + b" " * 16) if len(frame(message)) % 32 == 31 else frame(message))
    count = content[-1]
    assert count > 1
    return content[:-count] + b"\x99" * (count - 1) + bytes([count])


TAMPERED: list[Any] = [
    pytest.param(lambda message: encrypt(message, app_id="wx0000000000000002"), id="c73-other-app"),
    pytest.param(lambda message: encrypt(message, app_id=""), id="c73-no-app"),
    pytest.param(lambda message: encrypt(message, key=OTHER_KEY), id="c73-other-key"),
    pytest.param(lambda message: seal_raw(frame(message).ljust(4096, b"\0")), id="c73-padding-of-zero"),
    pytest.param(lambda message: seal_raw(frame(message).ljust(4096, b"\x21")), id="c73-padding-of-33"),
    pytest.param(lambda message: seal_raw(frame(message).ljust(4096, b"\xff")), id="c73-padding-of-255"),
    pytest.param(lambda message: seal_raw(_garbage_padding(message)), id="c73-garbage-padding"),
    pytest.param(lambda message: seal_raw(pad(frame(message, length=len(message) + 1))), id="c73-length-too-long"),
    pytest.param(lambda message: seal_raw(pad(frame(message, length=len(message) - 1))), id="c73-length-too-short"),
    pytest.param(lambda message: seal_raw(pad(frame(message, length=2**32 - 1))), id="c73-length-huge"),
    pytest.param(lambda message: seal_raw(pad(b"")), id="c73-only-padding"),
    pytest.param(lambda message: seal_raw(pad(b"r" * 18)), id="c73-no-length"),
    pytest.param(lambda message: "", id="c74-empty"),
    pytest.param(lambda message: "not base64 at all", id="c74-not-base64"),
    pytest.param(lambda message: "中文", id="c74-chinese"),
    pytest.param(lambda message: encrypt(message)[:-3], id="c74-base64-cut"),
    pytest.param(lambda message: base64.b64encode(b"\x05" * 15).decode(), id="c74-15-bytes"),
    *(
        pytest.param(lambda message, n=n: base64.b64encode(bytes(range(n))).decode(), id=f"c74-{n}-bytes")
        for n in (16, 32, 48)
    ),
]


@pytest.mark.parametrize("tamper", TAMPERED)
@pytest.mark.parametrize("mode", ["safe", "compat"])
def test_refuses_envelope_that_does_not_open(
    sqlite_database: Database, clock: Clock, tamper: Callable[[bytes], str], mode: str
) -> None:
    desk = Desk(sqlite_database, clock, mode=mode)
    encrypted = tamper(desk.make_body("text", Content=HAZARD))
    assert desk.post(make_envelope(encrypted), desk.make_sealed(encrypted)).status == 403
    assert desk.count() == NOTHING


@pytest.mark.parametrize("wrap", ["{0}{0}", "<a>{0}</a>", '<Encrypt a="1">{1}</Encrypt>'])
def test_c74_refuses_more_than_one_plain_envelope(safe_desk: Desk, wrap: str) -> None:
    encrypted = encrypt(safe_desk.make_body("text", Content=HAZARD))
    inner = wrap.format(f"<Encrypt>{encrypted}</Encrypt>", encrypted)
    assert safe_desk.post(f"<xml>{inner}</xml>".encode(), safe_desk.make_sealed(encrypted)).status == 403
    assert safe_desk.count() == NOTHING


def test_c75_refuses_plain_body_in_safe_mode(safe_desk: Desk) -> None:
    assert safe_desk.say(HAZARD).status == 403
    query = safe_desk.make_query(encrypt_type="aes", msg_signature="0" * 40)
    assert safe_desk.post(safe_desk.make_body("text", Content=HAZARD), query).status == 403
    assert safe_desk.count() == NOTHING


def test_envelope_holds_garbage_that_is_kept_for_people(safe_desk: Desk) -> None:
    encrypted = encrypt(b"hello")
    assert safe_desk.post(make_envelope(encrypted), safe_desk.make_sealed(encrypted)).body == b"success"
    row = safe_desk.get_row(messages)
    assert (row["kind"], row["error"]) == ("unreadable", "not_xml")


def test_envelope_within_an_envelope_is_not_opened(safe_desk: Desk) -> None:
    encrypted = encrypt(make_envelope(encrypt(safe_desk.make_body("text", Content=HAZARD))))
    assert safe_desk.post(make_envelope(encrypted), safe_desk.make_sealed(encrypted)).body == b"success"
    assert safe_desk.get_row(messages)["kind"] == "unreadable"


# -- compat mode, and modes side by side -----------------------------------------------------------------------------


def test_c76_reads_the_envelope_and_not_what_stands_beside_it(compat_desk: Desk) -> None:
    beside = compat_desk.make_body("text", openid=OTHER_OPENID, Content="帮助").decode()
    encrypted = encrypt(compat_desk.make_body("text", Content=HAZARD))
    plain = beside.removeprefix("<xml>").removesuffix("</xml>").split("</ToUserName>", 1)[1]
    answer = compat_desk.post(make_envelope(encrypted, plain=plain), compat_desk.make_sealed(encrypted))
    assert "编号" in _read_sealed(answer, OPENID)
    assert compat_desk.get_row(messages)["text"] == HAZARD
    assert compat_desk.get_row(reporters)["openid_hash"] == compat_desk.vault.fingerprint("openid", OPENID)


def test_c76_reads_plain_body_where_there_is_no_envelope(compat_desk: Desk) -> None:
    compat_desk.say(HAZARD).get_words()
    assert compat_desk.get_row(reports)["description"] == HAZARD


@pytest.mark.parametrize("changes", [{"msg_signature": "0" * 40}, {"msg_signature": None}])
def test_c76_bad_envelope_does_not_fall_back_to_plain(compat_desk: Desk, changes: dict[str, Any]) -> None:
    body = compat_desk.make_body("text", Content=HAZARD).decode()
    encrypted = encrypt(body.encode())
    plain = body.removeprefix("<xml>").removesuffix("</xml>").split("</ToUserName>", 1)[1]
    query = compat_desk.make_sealed(encrypted, **changes)
    assert compat_desk.post(make_envelope(encrypted, plain=plain), query).status == 403
    assert compat_desk.count() == NOTHING


def test_c77_each_answer_has_the_mode_of_its_request(compat_desk: Desk, clock: Clock) -> None:
    plain_desk = Desk(compat_desk.database, clock)
    for _ in range(2):
        compat_desk.say("帮助").get_words()
        _read_sealed(compat_desk.send_sealed("text", Content="帮助"))
        plain_desk.say("帮助").get_words()


def test_c77_envelope_in_plain_mode_is_kept_for_people(desk: Desk) -> None:
    assert desk.send_sealed("text", Content=HAZARD).body == b"success"
    assert desk.get_row(messages)["kind"] == "unreadable"


@pytest.mark.parametrize(
    ("kind", "elements"),
    [
        pytest.param("event", {"Event": "unsubscribe"}, id="c78-unsubscribe"),
        pytest.param("event", {"Event": "VIEW", "EventKey": "http://x.example/"}, id="c78-view"),
        pytest.param("sticker", {}, id="c78-unknown"),
    ],
)
def test_acknowledges_in_clear_in_safe_mode(safe_desk: Desk, kind: str, elements: dict[str, Any]) -> None:
    answer = safe_desk.send_sealed(kind, **elements)
    assert answer.body == b"success"
    assert answer.content_type.startswith("text/plain")
