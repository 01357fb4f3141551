"""The XML of every push, read back by WeRoBot."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from werobot.parser import parse_user_msg

from bot.simulator.envelopes import Envelope, EnvelopeBuilder
from tests.bot.simulator.conftest import OPENID, MakePlatform

JPEG = b"\xff\xd8\xff" + bytes(40)
Build = Callable[[EnvelopeBuilder], Envelope]


def test_writes_text_as_the_platform_does(make_platform: MakePlatform) -> None:
    envelope = make_platform().build.text(OPENID, "砖厂 <配电箱> 没门")
    assert envelope.body.decode() == (
        "<xml><ToUserName><![CDATA[gh_invented0001]]></ToUserName>\n"
        f"<FromUserName><![CDATA[{OPENID}]]></FromUserName>\n"
        "<CreateTime>1794821400</CreateTime>\n"
        "<MsgType><![CDATA[text]]></MsgType>\n"
        "<Content><![CDATA[砖厂 <配电箱> 没门]]></Content>\n"
        f"<MsgId>{envelope.message_id}</MsgId>\n"
        "</xml>"
    )


@pytest.mark.parametrize(
    ("build", "kind", "fields"),
    [
        pytest.param(lambda b: b.text(OPENID, "漏电", from_web=True), "text", {"Content": "漏电"}, id="web client"),
        pytest.param(lambda b: b.text(OPENID, "1", menu_id="7"), "text", {"bizmsgmenuid": "7"}, id="menu text"),
        pytest.param(lambda b: b.text(OPENID, "a]]>b"), "text", {"Content": "a]]>b"}, id="CDATA end"),
        pytest.param(lambda b: b.voice(OPENID, b"#!AMR\n", recognition=""), "voice", {"Format": "amr"}, id="voice"),
        pytest.param(lambda b: b.video(OPENID, b"v"), "video", {}, id="video"),
        pytest.param(lambda b: b.video(OPENID, b"v", short=True), "shortvideo", {}, id="shortvideo"),
        pytest.param(
            lambda b: b.location(OPENID, 36.01, 113.02, "东坪村"),
            "location",
            {"Location_X": "36.010000", "Location_Y": "113.020000", "Label": "东坪村", "Scale": "15"},
            id="location",
        ),
        pytest.param(lambda b: b.link(OPENID, "题", "述", "http://a"), "link", {"Title": "题"}, id="link"),
        pytest.param(lambda b: b.unknown(OPENID, "sticker", [("X", 1)]), "sticker", {"X": "1"}, id="unknown"),
        pytest.param(lambda b: b.subscribe(OPENID), "subscribe_event", {"EventKey": None}, id="subscribe"),
        pytest.param(
            lambda b: b.subscribe(OPENID, "shaft-3", "t"),
            "subscribe_event",
            {"EventKey": "qrscene_shaft-3", "Ticket": "t"},
            id="subscribe by QR code",
        ),
        pytest.param(lambda b: b.unsubscribe(OPENID), "unsubscribe_event", {}, id="unsubscribe"),
        pytest.param(lambda b: b.scan(OPENID, "shaft-3"), "scan_event", {"EventKey": "shaft-3"}, id="SCAN"),
        pytest.param(lambda b: b.click(OPENID, "REPORT"), "click_event", {"EventKey": "REPORT"}, id="CLICK"),
        pytest.param(lambda b: b.view(OPENID, "http://a"), "view_event", {"EventKey": "http://a"}, id="VIEW"),
        pytest.param(
            lambda b: b.location_event(OPENID, 36.0, 113.0), "location_event", {"Latitude": "36.000000"}, id="LOCATION"
        ),
        pytest.param(
            lambda b: b.scancode_waitmsg(OPENID, "K", "r"),
            "scancode_waitmsg_event",
            {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "r"}},
            id="scancode_waitmsg",
        ),
        pytest.param(
            lambda b: b.photo_or_album(OPENID, "K", [JPEG]), "pic_photo_or_album_event", {"EventKey": "K"}, id="album"
        ),
        pytest.param(
            lambda b: b.location_select(OPENID, "K", 36.0, 113.0, "村"), "location_select_event", {}, id="place menu"
        ),
        pytest.param(
            lambda b: b.template_finished(OPENID, 9, "failed:user block"),
            "templatesendjobfinish_event",
            {"MsgID": "9", "Status": "failed:user block"},
            id="template result",
        ),
        pytest.param(
            lambda b: b.unknown_event(OPENID, "new_thing", [("A", [("B", "c")])]),
            "new_thing_event",
            {"A": {"B": "c"}},
            id="unknown event",
        ),
    ],
)
def test_werobot_reads_every_push(make_platform: MakePlatform, build: Build, kind: str, fields: dict[str, Any]) -> None:
    envelope = build(make_platform().build)
    message = parse_user_msg(envelope.body.decode())
    assert message.type == kind
    assert {name: message.__dict__[name] for name in fields} == fields
    assert bool(envelope.message_id) is not envelope.is_event


def test_captured_album_event_may_count_wrongly(make_platform: MakePlatform) -> None:
    envelope = make_platform().build.photo_or_album(OPENID, "K", [JPEG, JPEG], count=1)
    root = ET.fromstring(envelope.body)
    assert root.findtext("SendPicsInfo/Count") == "1"
    assert len(root.findall("SendPicsInfo/PicList/item")) == 2


def test_nine_photos_share_a_second_and_nothing_else(make_platform: MakePlatform) -> None:
    platform = make_platform(public_url="http://127.0.0.1:1/sim/platform")
    envelopes = platform.build.images(OPENID, [JPEG + bytes([number]) for number in range(9)])
    assert len({envelope.message_id for envelope in envelopes}) == 9
    assert len({envelope.create_time for envelope in envelopes}) == 1
    root = ET.fromstring(envelopes[0].body)
    media_id = root.findtext("MediaId") or ""
    assert root.findtext("PicUrl") == f"http://127.0.0.1:1/sim/platform/mmbiz/{media_id}/0"
    medium = platform.media.find_media(media_id)
    assert medium is not None
    assert medium.content == JPEG + b"\x00"


def test_voice_has_a_second_media_id_and_only_asked_recognition(make_platform: MakePlatform) -> None:
    platform = make_platform()
    root = ET.fromstring(platform.build.voice(OPENID, b"#!AMR\n8", wide=b"#!AMR-WB\n16").body)
    wide = platform.media.find_media(root.findtext("MediaId16K") or "")
    assert wide is not None
    assert wide.content == b"#!AMR-WB\n16"
    assert root.find("Recognition") is None


def test_two_platforms_with_one_stopped_clock_use_different_message_ids(make_platform: MakePlatform) -> None:
    ids = [make_platform().build.text(OPENID, "a").message_id for _ in range(2)]
    assert ids[0] != ids[1]


def test_lone_surrogate_becomes_broken_utf_8(make_platform: MakePlatform) -> None:
    with pytest.raises(UnicodeDecodeError):
        make_platform().build.text(OPENID, "\ud800").body.decode()
