"""Cases 63 to 70: bodies that no platform sends, under a good signature."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.webhook.incoming import MAX_BODY_BYTES
from storage.messages import messages
from storage.reporters import reporters
from storage.reports.tables import reports
from tests.conformance.platform import NOTHING, OPENID, Desk, Raw
from tests.intake import ORIGINAL_ID

HAZARD = "东坪村小学门口的电线掉下来了"
ONE_UNREADABLE = NOTHING | {"messages": 1}

_TO = f"<ToUserName>{ORIGINAL_ID}</ToUserName>"
_FROM = f"<FromUserName>{OPENID}</FromUserName>"
_REST = f"<CreateTime>1764032400</CreateTime><MsgId>1</MsgId><Content>{HAZARD}</Content>"
_TYPE = "<MsgType>text</MsgType>"


def _xml(*parts: str) -> bytes:
    return f"<xml>{''.join(parts)}</xml>".encode()


GOOD = _xml(_TO, _FROM, _TYPE, _REST)
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

UNREADABLE = [
    pytest.param(b"", "not_xml", id="c63-empty"),
    pytest.param(b" \r\n\t ", "not_xml", id="c63-space"),
    pytest.param(b"hello", "not_xml", id="c63-hello"),
    pytest.param(b"<html/>", "not_xml", id="c63-html"),
    pytest.param(b"<xml/>", "not_xml", id="c63-empty-root"),
    pytest.param(b"<xml>words</xml>", "not_xml", id="c63-words-in-root"),
    pytest.param(GOOD[:-5], "not_xml", id="c63-truncated"),
    pytest.param(GOOD + GOOD, "not_xml", id="c63-two-roots"),
    pytest.param(b'{"ToUserName": "gh_0123456789ab", "MsgType": "text"}', "not_xml", id="c63-json"),
    pytest.param(b'{"action":"CheckContainerPath"}', "not_xml", id="c63-container-probe-json"),
    pytest.param(_xml("<action>CheckContainerPath</action>"), "no_sender_or_type", id="c63-container-probe"),
    pytest.param(GOOD.replace(b"<xml>", b'<xml xmlns="urn:x">'), "not_xml", id="c63-default-namespace"),
    pytest.param(GOOD.replace(b"xml>", b"a:xml>").replace(b"<a:", b"<a:", 1), "not_xml", id="c63-prefixed-root"),
    pytest.param(_xml(_TO, _FROM, _REST), "no_sender_or_type", id="c64-no-type"),
    pytest.param(_xml(_TO, _FROM, _REST, "<MsgType></MsgType>"), "no_sender_or_type", id="c64-empty-type"),
    pytest.param(_xml(_TO, _FROM, _REST, _TYPE, _TYPE), "nested_msgtype", id="c64-type-twice"),
    pytest.param(_xml(_TO, _FROM, _REST, "<MsgType><a>text</a></MsgType>"), "nested_msgtype", id="c64-nested-type"),
    pytest.param(_xml(_TO, _FROM, _REST, '<MsgType a="1">text</MsgType>'), "nested_msgtype", id="c64-attribute"),
    pytest.param(_xml(_TO, _TYPE, _REST), "no_sender_or_type", id="c64-no-sender"),
    pytest.param(_xml(_TO, _TYPE, _REST, "<FromUserName/>"), "no_sender_or_type", id="c64-empty-sender"),
    pytest.param(_xml(_TO, _FROM, _FROM, _TYPE, _REST), "nested_fromusername", id="c64-sender-twice"),
    pytest.param(
        _xml(_TO, f"<FromUserName>oTEST{'x' * 10_000}</FromUserName>", _TYPE, _REST),
        "no_sender_or_type",
        id="c64-10-kb",
    ),
    pytest.param(
        _xml(_TO, "<FromUserName>oTEST&#9;&#10;x</FromUserName>", _TYPE, _REST), "no_sender_or_type", id="c64-controls"
    ),
    pytest.param(
        _xml(_TO, "<FromUserName>oTEST]]&gt;&lt;x</FromUserName>", _TYPE, _REST),
        "no_sender_or_type",
        id="c64-cdata-end",
    ),
    pytest.param(_xml(_FROM, _TYPE, _REST), "no_sender_or_type", id="c64-no-account"),
    pytest.param(_xml(_TO, _TO, _FROM, _TYPE, _REST), "nested_tousername", id="c64-account-twice"),
    pytest.param(_xml(_TO, _FROM, _TYPE, "<Content>a</Content><Content>b</Content>"), "nested_content", id="c65-twice"),
    pytest.param(_xml(_TO, _FROM, _TYPE, "<Content><b>x</b></Content>"), "nested_content", id="c65-nested"),
    pytest.param(GOOD.replace(b"</Content>", b"\x00</Content>"), "not_xml", id="c66-nul"),
    pytest.param(GOOD.replace(b"</Content>", "\ufffe</Content>".encode()), "not_xml", id="c66-fffe"),
    pytest.param(GOOD.replace(b"</Content>", b"&#xD800;</Content>"), "not_xml", id="c66-surrogate"),
    pytest.param(GOOD.replace(b"</Content>", b"\xed\xa0\x80</Content>"), "not_utf8", id="c66-raw-surrogate"),
    pytest.param(GOOD.replace(b"</Content>", b"&#11;</Content>"), "not_xml", id="c66-vertical-tab"),
    pytest.param(GOOD.replace(b"</Content>", b"&#0;</Content>"), "not_xml", id="c66-zero"),
    pytest.param(GOOD.replace(b"</Content>", b"\xff</Content>"), "not_utf8", id="c66-bad-utf-8"),
    pytest.param(GOOD.decode().encode("utf-16"), "not_utf8", id="c66-utf-16"),
    pytest.param(('<?xml version="1.0" encoding="gbk"?>' + GOOD.decode()).encode("gbk"), "not_utf8", id="c66-gbk"),
    pytest.param(
        f'<!DOCTYPE xml [<!ENTITY l0 "ha">{_LAUGHS}]>'.encode() + GOOD.replace(b"</Content>", b"&l9;</Content>"),
        "declarations",
        id="c67-billion-laughs",
    ),
    *(
        pytest.param(
            f'<!DOCTYPE xml [<!ENTITY x SYSTEM "{address}">]>'.encode() + GOOD.replace(b"</Content>", b"&x;</Content>"),
            "declarations",
            id=f"c67-entity-{address.split(':')[0]}",
        )
        for address in ("file:///etc/passwd", "http://127.0.0.1:9/x")
    ),
    pytest.param(
        b'<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd"> %p;]>' + GOOD,
        "declarations",
        id="c67-parameter-entity",
    ),
    pytest.param(b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd">' + GOOD, "declarations", id="c67-external-dtd"),
    pytest.param(b"<?x <![CDATA[ ?><!DOCTYPE xml [<!ENTITY a 'b'>]>" + GOOD, "declarations", id="c67-hidden"),
    pytest.param(
        b"<?x <![CDATA[ ?>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"<?y ]]> ?>", "declarations", id="c67-hidden-nest"
    ),
    pytest.param(b"<!-- x -->" + GOOD, "declarations", id="c67-comment"),
    pytest.param(b"<![CDATA[" * 14_000, "not_xml", id="c67-sections-without-end"),
    pytest.param(b"<a>" * 18_000 + b"</a>" * 18_000, "too_many_elements", id="c68-nested"),
    pytest.param(b"<xml>" + b"<a/>" * 30_000 + b"</xml>", "too_many_elements", id="c68-many"),
    pytest.param(
        b"<xml>" + b"".join(b"<e%d/>" % n for n in range(12_000)) + b"</xml>", "too_many_elements", id="c68-distinct"
    ),
    pytest.param(b"<xml" + b" a='1'" * 18_000 + b"/>", "not_xml", id="c68-attribute-again"),
    pytest.param(b"<xml" + b"".join(b" a%d=''" % n for n in range(11_000)) + b"/>", "not_xml", id="c68-attributes"),
    pytest.param(GOOD.replace(ORIGINAL_ID.encode(), b"gh_ffffffffffff"), "other_account", id="c70-other-account"),
]


@pytest.mark.parametrize(("body", "reason"), UNREADABLE)
def test_keeps_unreadable_body_for_people(desk: Desk, body: bytes, reason: str) -> None:
    for _ in range(2):
        answer = desk.post(body)
        assert answer.seconds < 1
        assert answer.body == b"success"
        assert answer.is_acknowledgement
        assert desk.count() == ONE_UNREADABLE
    row = desk.get_row(messages)
    assert (row["kind"], row["state"], row["error"], row["text"]) == ("unreadable", "unreadable", reason, "")
    assert row["reporter_id"] is None
    assert desk.open_payload(row) == body


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"hello", id="c63-hello"),
        pytest.param(GOOD.replace(b"</Content>", b"\x00</Content>"), id="c66-nul"),
        pytest.param(bytes(range(256)), id="c66-all-bytes"),
    ],
)
def test_keeps_unreadable_body_on_either_engine(either_desk: Desk, body: bytes) -> None:
    assert either_desk.post(body).body == b"success"
    assert either_desk.count() == ONE_UNREADABLE
    assert either_desk.open_payload(either_desk.get_row(messages)) == body


ODD_IDS = [
    pytest.param("abc", id="c65-letters"),
    pytest.param("1_0", id="c65-underscore"),
    pytest.param("１２", id="c65-full-width"),
    pytest.param("-5", id="c65-negative"),
    pytest.param("0", id="c65-zero"),
    pytest.param("9" * 30, id="c65-30-digits"),
    pytest.param("9" * 5000, id="c65-5000-digits"),
    pytest.param(["7", "8"], id="c65-twice"),
    pytest.param(Raw("<a>7</a>"), id="c65-nested"),
    pytest.param("", id="c65-empty"),
]


@pytest.mark.parametrize("message_id", ODD_IDS)
def test_odd_message_id_neither_loses_nor_doubles(desk: Desk, message_id: Any) -> None:
    bodies = [desk.make_body("text", Content=words, MsgId=message_id) for words in ("你好", HAZARD)]
    for body in (*bodies, *bodies):
        desk.post(body).get_words()
    assert [row["text"] for row in desk.list_rows(messages)] == ["你好", HAZARD]


@pytest.mark.parametrize(
    "elements",
    [
        pytest.param({"Title": Raw("<b>x</b>"), "Url": ["a", "b"], "Description": "看"}, id="c65-link"),
        pytest.param({"Title": "看", "Extra": Raw("<b>x</b>")}, id="c65-element-nobody-knows"),
        pytest.param({"Title": "看", "source": "wap", "target": "x", "raw": "y", "type": "text"}, id="c47-names"),
    ],
)
def test_nested_elements_leave_no_representation(desk: Desk, elements: dict[str, Any]) -> None:
    desk.send("link", **elements).get_words()
    row = desk.get_row(messages)
    assert row["text"] == "看"
    assert row["kind"] == "link"


READABLE = [
    pytest.param(b"\xef\xbb\xbf" + GOOD, id="c66-byte-order-mark"),
    pytest.param(b'<?xml version="1.0" encoding="UTF-8"?>' + GOOD, id="c66-declaration"),
    pytest.param(b'<?xml version="1.0" encoding="gbk"?>' + GOOD, id="c66-declared-gbk-but-utf-8"),
    pytest.param(b"\n  " + GOOD + b"\n", id="c63-space-around"),
    pytest.param(GOOD.replace(b"><", b">\n <"), id="c63-indented"),
]


@pytest.mark.parametrize("body", READABLE)
def test_reads_body_in_every_dress(desk: Desk, body: bytes) -> None:
    desk.post(body).get_words()
    assert desk.get_row(messages)["text"] == HAZARD


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"content_type": None}, id="c69-no-content-type"),
        pytest.param({"content_type": "application/x-www-form-urlencoded"}, id="c69-form"),
        pytest.param({"content_type": "multipart/form-data; boundary=x"}, id="c69-multipart"),
        pytest.param({"content_type": "multipart/form-data"}, id="c69-multipart-without-boundary"),
        pytest.param({"content_type": "application/json"}, id="c69-json"),
        pytest.param({"content_type": "text/xml; charset=gbk"}, id="c69-charset"),
        pytest.param({"content_type": "\u00e9/;;"}, id="c69-nonsense"),
    ],
)
def test_reads_bytes_whatever_the_content_type_says(desk: Desk, options: dict[str, Any]) -> None:
    desk.post(GOOD, **options).get_words()
    assert desk.get_row(reports)["description"] == HAZARD
    assert desk.get_row(reporters)["openid_hash"] == desk.vault.fingerprint("openid", OPENID)


# -- sizes ------------------------------------------------------------------------------------------------------------


def _filled(byte_count: int) -> bytes:
    filling = byte_count - len(GOOD)
    return GOOD.replace(b"</Content>", b"x" * filling + b"</Content>")


@pytest.mark.parametrize(
    ("byte_count", "status"),
    [
        pytest.param(MAX_BODY_BYTES, 200, id="c68-at-limit"),
        pytest.param(MAX_BODY_BYTES + 1, 413, id="c68-over-limit"),
        pytest.param(20 * 1024 * 1024, 413, id="c68-20-mb"),
    ],
)
@pytest.mark.parametrize("is_chunked", [pytest.param(False, id="whole"), pytest.param(True, id="chunked")])
def test_refuses_what_is_too_large(desk: Desk, byte_count: int, status: int, is_chunked: bool) -> None:
    body = _filled(byte_count)
    assert len(body) == byte_count
    with desk.serve() as line:
        answer = line.post(_cut(body) if is_chunked else body)
    assert answer.status == status
    assert answer.seconds < 1.5
    assert desk.count()["messages"] == (1 if status == 200 else 0)
    if status == 200:
        assert desk.get_row(messages)["text"] == HAZARD + "x" * (byte_count - len(GOOD))


def _cut(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


def test_c68_reads_genuine_message_in_chunks(desk: Desk) -> None:
    with desk.serve() as line:
        line.post(iter([GOOD[:40], GOOD[40:]])).get_words()
    assert desk.get_row(messages)["text"] == HAZARD


def test_c68_needs_little_memory_for_an_endless_body(desk: Desk) -> None:
    desk.post(GOOD)
    tracemalloc.start()
    try:
        with desk.app.test_request_context("/wechat", query_string=desk.make_query(), method="POST") as context:
            context.request.environ["wsgi.input"] = _Endless()
            context.request.environ["wsgi.input_terminated"] = True
            assert desk.app.dispatch_request().status_code == 413  # type: ignore[union-attr]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * 1024 * 1024


class _Endless:
    """A body without end."""

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        return b"x" * size

    readline = read


def _speak(desk: Desk, port: int, head: str, body: bytes) -> tuple[int, float]:
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        address = "/wechat?" + urlencode(desk.make_query())
        line.sendall(f"POST {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n".encode() + body)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
    return int(answer.split(b" ", 2)[1]), time.perf_counter() - started


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        pytest.param("", len(GOOD), id="c68-no-length"),
        pytest.param(f"Content-Length: {len(GOOD) - 30}\r\n", len(GOOD), id="c68-length-too-short"),
        pytest.param(f"Content-Length: {len(GOOD)}\r\n", len(GOOD) - 30, id="c68-cut-off"),
        pytest.param("Content-Length: abc\r\n", len(GOOD), id="c68-length-of-letters"),
        pytest.param("Content-Length: -5\r\n", len(GOOD), id="c68-negative-length"),
    ],
)
def test_part_of_a_message_is_not_taken_for_the_message(desk: Desk, head: str, sent: int) -> None:
    with desk.serve() as line:
        status, seconds = _speak(desk, line.port, head, GOOD[:sent])
    assert status in (200, 400)
    assert seconds < 1
    assert desk.count() in (NOTHING, ONE_UNREADABLE)
    desk.post(GOOD).get_words()
    assert desk.list_rows(messages)[-1]["text"] == HAZARD


def test_large_bodies_do_not_keep_others_waiting(desk: Desk) -> None:
    hostile = b"<xml>" + b"<a>" * 21_000 + b"</xml>"
    answers = []
    with desk.serve() as line:
        threads = [threading.Thread(target=lambda: answers.append(line.post(hostile))) for _ in range(8)]
        for thread in threads:
            thread.start()
        line.post(GOOD).get_words()
        for thread in threads:
            thread.join()
    assert all(answer.is_acknowledgement and answer.seconds < 1 for answer in answers)
