"""Bodies read into messages: what makes one unique, when it was sent, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.webhook.errors import UnreadableError
from bot.webhook.incoming import MAX_ELEMENTS, Incoming, get_unsubscription, read_fields, read_incoming
from handlers.message import Kind, Media, Place
from tests.conformance.platform import Raw, make_body
from tests.intake import ORIGINAL_ID, T0

PERSON = "oTESTperson"
SECONDS = int(T0.timestamp())


def read(kind: str | None, *, at: Any = SECONDS, openid: Any = PERSON, **elements: Any) -> Incoming:
    """Return the message in a body made of these elements."""
    body = make_body(kind, elements, openid=openid, at=at)
    return read_incoming(read_fields(body), body, received_at=T0)


@pytest.mark.parametrize(
    ("kind", "elements", "unique"),
    [
        pytest.param("text", {"MsgId": 7, "Content": "a"}, ("message", ORIGINAL_ID, PERSON, "7"), id="text"),
        pytest.param("image", {"MsgId": "99999999999999999999"}, ("message", ORIGINAL_ID, PERSON, "9" * 20), id="20"),
        pytest.param(
            "event",
            {"Event": "CLICK", "EventKey": "HELP"},
            ("event", ORIGINAL_ID, PERSON, str(SECONDS), "CLICK", "HELP", ""),
            id="click",
        ),
        pytest.param(
            "event",
            {"Event": "TEMPLATESENDJOBFINISH", "MsgID": 5},
            ("event", ORIGINAL_ID, PERSON, str(SECONDS), "TEMPLATESENDJOBFINISH", "", "5"),
            id="finished job",
        ),
        pytest.param(
            "event",
            {"Event": "SCAN", "EventKey": "S", "Ticket": "T"},
            ("event", ORIGINAL_ID, PERSON, str(SECONDS), "SCAN", "S", "T"),
            id="scan",
        ),
        pytest.param(
            "event",
            {"Event": "SCAN", "EventKey": ["S", "S"], "Ticket": Raw("<a>T</a>")},
            ("event", ORIGINAL_ID, PERSON, str(SECONDS), "SCAN", "", ""),
            id="nested keys",
        ),
    ],
)
def test_unique_parts_are_the_platforms(kind: str, elements: dict[str, Any], unique: tuple[str, ...]) -> None:
    assert read(kind, **elements).unique == unique


@pytest.mark.parametrize("message_id", [None, "", "0", "01", "-5", "1_0", "abc", "１２", "9" * 21, ["1", "2"]])
def test_odd_message_id_gives_a_hash_of_the_body(message_id: Any) -> None:
    one, again, other = (read("text", MsgId=message_id, Content=words) for words in ("a", "a", "b"))
    assert one.unique == again.unique != other.unique
    assert one.unique[:3] == ("body", ORIGINAL_ID, PERSON)
    assert len(one.unique[3]) == 64


def test_hash_does_not_depend_on_the_order_or_the_spelling_of_elements() -> None:
    head = f"<xml><ToUserName>{ORIGINAL_ID}</ToUserName><FromUserName>{PERSON}</FromUserName>"
    bodies = [
        f"{head}<MsgType>text</MsgType><Content>a&lt;b</Content></xml>".encode(),
        f"{head}<Content><![CDATA[a<b]]></Content>\n<MsgType>text</MsgType></xml>".encode(),
    ]
    one, other = (read_incoming(read_fields(body), body, received_at=T0).unique for body in bodies)
    assert one == other


def test_unsubscription_is_known_by_the_same_parts() -> None:
    left = read("event", Event="unsubscribe", EventKey="")
    assert get_unsubscription(read("text", MsgId=1, Content="a", at=SECONDS - 5), SECONDS) == left.unique


@pytest.mark.parametrize(
    ("created", "sent_at"),
    [
        pytest.param(SECONDS - 60, T0 - timedelta(minutes=1), id="a minute ago"),
        pytest.param(SECONDS + 300, T0 + timedelta(minutes=5), id="5 min ahead"),
        pytest.param(SECONDS + 301, T0, id="5 min and a second ahead"),
        pytest.param(1_293_840_000, datetime(2011, 1, 1, tzinfo=UTC), id="the first day of the platform"),
        pytest.param(1_293_839_999, T0, id="before there was a platform"),
        pytest.param(SECONDS * 1000, T0, id="milliseconds"),
        pytest.param(" 5 ", T0, id="spaces"),
    ],
)
def test_sent_time_is_believed_within_reason(created: Any, sent_at: datetime) -> None:
    assert read("text", MsgId=1, Content="a", at=created).sent_at == sent_at


@pytest.mark.parametrize(
    ("kind", "elements", "media"),
    [
        ("image", {"PicUrl": "u", "MediaId": "m"}, Media("photo", "m", "u", "")),
        ("voice", {"MediaId": "m", "MediaId16K": "k", "Format": "amr"}, Media("voice", "k", "", "amr")),
        ("voice", {"MediaId": "m", "MediaId16K": "", "Format": "amr"}, Media("voice", "m", "", "amr")),
        ("voice", {"MediaId": Raw("<a>m</a>")}, Media("voice", "", "", "")),
        ("shortvideo", {"MediaId": "m", "ThumbMediaId": "t"}, Media("video", "m", "", "")),
        ("text", {"MediaId": "m"}, None),
    ],
)
def test_media_say_where_the_bytes_are(kind: str, elements: dict[str, Any], media: Media | None) -> None:
    assert read(kind, **elements).media == media


@pytest.mark.parametrize(
    ("x", "y", "point"),
    [
        ("23.1", "113.3", (23.1, 113.3)),
        ("-90", "180", (-90.0, 180.0)),
        ("90.0001", "113.3", (None, None)),
        ("23.1", "-180.1", (None, None)),
        ("nan", "113.3", (None, None)),
        ("2_3", "113.3", (None, None)),
        ("", "", (None, None)),
    ],
)
def test_point_is_on_the_globe_or_nowhere(x: str, y: str, point: tuple[float | None, float | None]) -> None:
    place = read("location", Location_X=x, Location_Y=y, Label="L" * 300).place
    assert place == Place(*point, "L" * 200)


@pytest.mark.parametrize(
    ("name", "openid"),
    [
        ("user_authorization_revoke", "oTESTnamed"),
        ("user_authorization_cancellation", "oTESTnamed"),
        ("user_info_modified", "oTESTnamed"),
        ("CLICK", PERSON),
    ],
)
def test_person_named_in_an_event_is_its_sender(name: str, openid: str) -> None:
    assert read("event", Event=name, OpenID="oTESTnamed").openid == openid


def test_person_named_in_an_event_must_be_a_name() -> None:
    with pytest.raises(UnreadableError, match="no_sender_or_type"):
        read("event", Event="user_authorization_revoke", OpenID="oTEST]]>")
    assert read("event", Event="user_authorization_revoke", OpenID="").openid == PERSON


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"openid": "o" * 65}, "no_sender_or_type"),
        ({"openid": "o t"}, "no_sender_or_type"),
        ({"openid": ["a", "b"]}, "nested_fromusername"),
        ({"ToUserName": "gh]]><x>"}, "no_sender_or_type"),
        ({"ToUserName": None}, "no_sender_or_type"),
        ({"Content": Raw("<b>x</b>")}, "nested_content"),
    ],
)
def test_refuses_message_of_nobody(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read("text", **({"MsgId": 1} | changes))


def test_kind_follows_the_type_in_any_case() -> None:
    assert [read(kind, MsgId=1).kind for kind in ("Text", "IMAGE", "sticker", "text_")] == [
        Kind.TEXT,
        Kind.IMAGE,
        Kind.UNKNOWN,
        Kind.UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<xml><a>\xff</a></xml>", "not_utf8"),
        (b"<xml><!-- x --></xml>", "declarations"),
        (b"<xml><a><![CDATA[x]]></a><!-- x --></xml>", "declarations"),
        (b"<xml><a><![CDATA[<!x]]></a><?p x?></xml>", "declarations"),
        (b"<xml>" + b"<a/>" * MAX_ELEMENTS + b"</xml>", "too_many_elements"),
        (b"<xml><a><![CDATA[<![CDATA[]]></a>" + b"<a/>" * MAX_ELEMENTS + b"</xml>", "too_many_elements"),
        (b"<xml><a></xml>", "not_xml"),
        (b"<html><a/></html>", "not_xml"),
        (b"<xml>words</xml>", "not_xml"),
        (b"<xml/>", "not_xml"),
    ],
)
def test_refuses_body_that_is_no_message(body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_fields(body)


@pytest.mark.parametrize(
    "words", ["<!DOCTYPE x>", "<" * 1000, "<?php ?>", "<!-- x -->", "<![CDATA[", "&lt;", "a ]] > b", "<![CDATA[ <! "]
)
def test_reads_words_that_look_like_markup(words: str) -> None:
    assert read("text", MsgId=1, Content=words).text == words.strip()
