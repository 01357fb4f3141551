"""Cases 32 to 49: the platform's events, and types that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from storage.attachments import attachments
from storage.messages import messages
from storage.reporters import reporters
from storage.reports.tables import reports
from tests.conformance.platform import OPENID, OTHER_OPENID, Desk, Raw

HAZARD = "东坪村小学门口的电线掉下来了"


def _pictures(count: int, items: int) -> Raw:
    item = "<item><PicMd5Sum><![CDATA[1b5f7c23b5bf75682a53e7b6d163e185]]></PicMd5Sum></item>"
    return Raw(f"<Count>{count}</Count><PicList>{item * items}</PicList>")


def _lists(*accepted: str) -> Raw:
    return Raw(
        "".join(
            f"<List><TemplateId><![CDATA[TEMPLATE_{number}]]></TemplateId>"
            f"<SubscribeStatusString><![CDATA[{status}]]></SubscribeStatusString><PopupScene>2</PopupScene></List>"
            for number, status in enumerate(accepted)
        )
    )


SENT = Raw(
    "<List><TemplateId><![CDATA[TEMPLATE_1]]></TemplateId><MsgID>1700827132819554304</MsgID>"
    "<ErrorCode>43101</ErrorCode><ErrorStatus><![CDATA[user refuse]]></ErrorStatus></List>"
)

SILENT = [
    pytest.param("LOCATION", {"Latitude": Raw("23.1"), "Longitude": Raw("113.3"), "Precision": Raw("119.3")}, id="c38"),
    pytest.param("CLICK", {"EventKey": "NOBODY_KNOWS"}, id="c39-unknown-key"),
    pytest.param("CLICK", {"EventKey": ""}, id="c39-empty-key"),
    pytest.param("CLICK", {}, id="c39-no-key"),
    pytest.param("CLICK", {"EventKey": Raw("<a>REPORT</a>")}, id="c39-nested-key"),
    pytest.param("VIEW", {"EventKey": "http://x.example/", "MenuId": 1}, id="c40-view"),
    pytest.param("view_miniprogram", {"EventKey": "pages/index", "MenuId": 1}, id="c40-miniprogram"),
    pytest.param(
        "scancode_waitmsg",
        {"EventKey": "S", "ScanCodeInfo": Raw("<ScanType>qrcode</ScanType><ScanResult>SITE-12</ScanResult>")},
        id="c41-scan-result",
    ),
    pytest.param("scancode_waitmsg", {"EventKey": "S"}, id="c41-nothing-scanned"),
    pytest.param("scancode_push", {"EventKey": "S"}, id="c41-push"),
    pytest.param("pic_photo_or_album", {"EventKey": "P", "SendPicsInfo": _pictures(2, 2)}, id="c42-two-of-two"),
    pytest.param("pic_photo_or_album", {"EventKey": "P", "SendPicsInfo": _pictures(1, 2)}, id="c42-two-of-one"),
    pytest.param("pic_sysphoto", {"EventKey": "P", "SendPicsInfo": _pictures(2, 1)}, id="c42-one-of-two"),
    pytest.param("pic_weixin", {"EventKey": "P", "SendPicsInfo": _pictures(0, 0)}, id="c42-none"),
    pytest.param("pic_photo_or_album", {"EventKey": "P"}, id="c42-missing"),
    *(
        pytest.param(name, {"MsgID": 200163840, "Status": status}, id=f"c44-{status.replace(' ', '-')}-{name[0]}")
        for name, status in (
            ("TEMPLATESENDJOBFINISH", "success"),
            ("TEMPLATESENDJOBFINISH", "failed:user block"),
            ("TEMPLATESENDJOBFINISH", "failed: system failed"),
            ("templatesendjobfinish", "success"),
        )
    ),
    pytest.param("subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": _lists("accept")}, id="c45-one"),
    pytest.param("subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": _lists("accept", "reject")}, id="c45-two"),
    pytest.param("subscribe_msg_change_event", {"SubscribeMsgChangeEvent": _lists("reject")}, id="c45-change"),
    pytest.param("subscribe_msg_sent_event", {"SubscribeMsgSentEvent": SENT}, id="c45-sent"),
    pytest.param("user_authorize_invoice", {"SuccOrderId": "1", "source": Raw("wap")}, id="c47"),
    pytest.param("user_info_modified", {"OpenID": OPENID, "AppID": "wx0"}, id="c46-modified"),
]


@pytest.mark.parametrize(("name", "elements"), SILENT)
def test_acknowledges_event_without_words_or_report(desk: Desk, name: str, elements: Mapping[str, Any]) -> None:
    assert desk.send("event", Event=name, **elements).is_acknowledgement
    row = desk.get_row(messages)
    assert (row["kind"], row["event"], row["state"]) == ("event", name.lower(), "done")
    assert desk.count() == {"messages": 1, "reporters": 1, "reports": 0, "attachments": 0}
    assert desk.get_row(reporters)["openid_hash"] == desk.vault.fingerprint("openid", OPENID)


UNKNOWN = [
    pytest.param("event", {"Event": "something_new"}, "event", id="c48-unknown"),
    pytest.param("event", {"Event": "unknown"}, "event", id="c48-called-unknown"),
    pytest.param("event", {"Event": "all"}, "event", id="c48-called-all"),
    pytest.param("event", {"Event": ""}, "event", id="c48-empty"),
    pytest.param("event", {}, "event", id="c48-missing"),
    pytest.param("event", {"Event": Raw("<a>CLICK</a>"), "EventKey": "REPORT"}, "event", id="c48-nested"),
    pytest.param("event", {"Event": ["CLICK", "CLICK"], "EventKey": "REPORT"}, "event", id="c48-twice"),
    pytest.param("event", {"Event": "e" * 5000}, "event", id="c48-long"),
    pytest.param("sticker", {}, "unknown", id="c49-sticker"),
    pytest.param("all", {"Content": HAZARD}, "unknown", id="c49-all"),
    pytest.param("unknown", {}, "unknown", id="c49-unknown"),
    pytest.param("click_event", {"EventKey": "REPORT"}, "unknown", id="c49-click-event"),
    pytest.param("unsubscribe_event", {}, "unknown", id="c49-unsubscribe-event"),
    pytest.param("device_text", {"Content": "AQID"}, "unknown", id="c49-device"),
]


@pytest.mark.parametrize(("kind", "elements", "kept_as"), UNKNOWN)
def test_leaves_unknown_types_to_people(desk: Desk, kind: str, elements: Mapping[str, Any], kept_as: str) -> None:
    body = desk.make_body(kind, **elements)
    assert desk.post(body).is_acknowledgement
    row = desk.get_row(messages)
    assert (row["kind"], row["state"], row["reply"]) == (kept_as, "unsorted", None)
    assert desk.open_payload(row) == body
    assert desk.count() == {"messages": 1, "reporters": 1, "reports": 0, "attachments": 0}
    assert desk.get_row(reporters)["openid_sealed"] is not None


def test_c49_reads_type_in_capitals(desk: Desk) -> None:
    desk.send("TEXT", Content=HAZARD).get_words()
    assert desk.get_row(messages)["kind"] == "text"


@pytest.mark.parametrize("kind", ["all", "click_event", "sticker"])
def test_c49_asks_every_handler_once(desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    offered = desk.robot.get_handlers

    def count(type_: str) -> list[Any]:
        asked.append(type_)
        return offered(type_)

    monkeypatch.setattr(desk.robot, "get_handlers", count)
    desk.send(kind, EventKey="REPORT")
    assert asked == ["unknown"]
    assert len(offered("unknown")) == 1


# -- people who come, scan and leave ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "elements", "scene"),
    [
        pytest.param("subscribe", {}, None, id="c32-no-key"),
        pytest.param("subscribe", {"EventKey": ""}, None, id="c32-empty-key"),
        pytest.param("subscribe", {"EventKey": "qrscene_SITE-12", "Ticket": "T"}, "SITE-12", id="c33-scene"),
        pytest.param("SCAN", {"EventKey": "SITE-12", "Ticket": "T"}, "SITE-12", id="c34-capitals"),
        pytest.param("scan", {"EventKey": "SITE-12", "Ticket": "T"}, "SITE-12", id="c34-lower-case"),
        pytest.param("SCAN", {"EventKey": "S" * 65, "Ticket": "T"}, None, id="c35-long"),
        pytest.param("SCAN", {"EventKey": "S" * 20_000, "Ticket": "T"}, None, id="c35-very-long"),
        pytest.param("SCAN", {"EventKey": "../../etc/passwd", "Ticket": "T"}, None, id="c35-path"),
        pytest.param("SCAN", {"EventKey": "<script>", "Ticket": "T"}, None, id="c35-markup"),
        pytest.param("SCAN", {"EventKey": "", "Ticket": "T"}, None, id="c35-empty"),
        pytest.param("SCAN", {"EventKey": Raw("<a>SITE-12</a>")}, None, id="c35-nested"),
    ],
)
def test_welcomes_and_binds_scene(desk: Desk, name: str, elements: Mapping[str, Any], scene: str | None) -> None:
    words = desk.send("event", Event=name, **elements).get_words()
    assert "拍" in words
    row = desk.get_row(reporters)
    assert row["scene"] == scene
    assert row["is_subscribed"]
    assert desk.list_rows(reports) == []


def _talk(desk: Desk) -> None:
    desk.send("event", Event="subscribe", EventKey="qrscene_SITE-12", Ticket="T")
    desk.say("你好啊")
    desk.say(HAZARD)
    desk.photo("MEDIA_1")
    desk.send("location", Location_X=Raw("36.1"), Location_Y=Raw("113.2"), Label="东坪村", Scale=20)
    desk.say("你好", openid=OTHER_OPENID)


def test_c36_unsubscribing_erases_the_person_and_keeps_the_hazard(either_desk: Desk) -> None:
    _talk(either_desk)
    either_desk.clock.advance(minutes=1)
    assert either_desk.send("event", Event="unsubscribe", EventKey="").is_acknowledgement

    mine, other = either_desk.list_rows(reporters)
    assert (mine["openid_hash"], mine["openid_sealed"], mine["scene"], mine["place_label"]) == (None, None, None, "")
    assert mine["erased_at"] == either_desk.clock.at
    assert not mine["is_subscribed"]
    assert other["openid_hash"] == either_desk.vault.fingerprint("openid", OTHER_OPENID)
    for row in either_desk.list_rows(messages):
        if row["reporter_id"] == mine["id"]:
            assert row["payload_sealed"] is None
            assert row["report_id"] is not None or (row["text"], row["reply"]) == ("", None)
        else:
            assert either_desk.open_payload(row)
    report = either_desk.get_row(reports)
    assert report["description"] == HAZARD
    assert report["photo_count"] == 1
    assert len(either_desk.list_rows(attachments)) == 1


@pytest.mark.parametrize("is_in_order", [pytest.param(True, id="c37-in-order"), pytest.param(False, id="c37-reversed")])
def test_later_subscription_outlasts_unsubscription(either_desk: Desk, is_in_order: bool) -> None:
    either_desk.say(HAZARD)
    now = int(either_desk.clock.at.timestamp())
    left = either_desk.make_body("event", Event="unsubscribe", at=now + 2)
    came = either_desk.make_body("event", Event="subscribe", at=now + 4)
    for body in (left, came) if is_in_order else (came, left):
        assert either_desk.post(body).status == 200
    known = [row for row in either_desk.list_rows(reporters) if row["openid_hash"] is not None]
    assert len(known) == 1
    assert known[0]["is_subscribed"]


@pytest.mark.parametrize(
    "late",
    [
        pytest.param({"kind": "event", "Event": "subscribe"}, id="c37-subscription-arrives-after"),
        pytest.param(
            {"kind": "event", "Event": "subscribe", "EventKey": "qrscene_SITE-12", "Ticket": "T"}, id="c37-scan"
        ),
        pytest.param({"kind": "text", "Content": HAZARD}, id="c37-text-arrives-after"),
    ],
)
def test_who_has_left_stays_erased(either_desk: Desk, late: dict[str, Any]) -> None:
    now = int(either_desk.clock.at.timestamp())
    either_desk.say("你好", openid=OTHER_OPENID)
    either_desk.send("event", Event="unsubscribe", at=now + 2)
    assert either_desk.send(**late, at=now).status == 200
    other, *mine = either_desk.list_rows(reporters)
    assert other["openid_hash"] is not None
    assert [row["openid_hash"] for row in mine] == [None] * len(mine)
    assert not any(row["is_subscribed"] for row in mine)
    assert all(
        row["payload_sealed"] is None for row in either_desk.list_rows(messages) if row["reporter_id"] != other["id"]
    )


def test_who_comes_back_is_somebody_new(either_desk: Desk) -> None:
    now = int(either_desk.clock.at.timestamp())
    for step, event in enumerate(("subscribe", "unsubscribe", "subscribe")):
        either_desk.send("event", Event=event, at=now + step)
    first, second = either_desk.list_rows(reporters)
    assert first["openid_hash"] is None
    assert second["openid_hash"] is not None
    assert first["alias"] != second["alias"]


@pytest.mark.parametrize("name", ["user_authorization_revoke", "user_authorization_cancellation"])
def test_c46_taking_back_consent_erases_the_person_named(desk: Desk, name: str) -> None:
    _talk(desk)
    answer = desk.send("event", openid="oTESTpushingservice", Event=name, OpenID=OPENID, AppID="wx0", RevokeInfo="301")
    assert answer.is_acknowledgement
    mine, other = desk.list_rows(reporters)
    assert mine["openid_hash"] is None
    assert other["openid_hash"] is not None
    assert all(row["payload_sealed"] is None for row in desk.list_rows(messages) if row["reporter_id"] == mine["id"])


def test_c46_sender_is_erased_where_nobody_is_named(desk: Desk) -> None:
    desk.say("你好")
    assert desk.send("event", Event="user_authorization_revoke").is_acknowledgement
    assert desk.get_row(reporters)["openid_hash"] is None


@pytest.mark.parametrize("key", [pytest.param(key, id=f"c39-{key.lower()}") for key in ("REPORT", "PROGRESS", "HELP")])
def test_answers_known_menu_key(desk: Desk, key: str) -> None:
    desk.send("event", Event="CLICK", EventKey=key).get_words()
    assert desk.get_row(messages)["state"] == "done"


@pytest.mark.parametrize(
    "is_event_first", [pytest.param(True, id="c43-event-first"), pytest.param(False, id="c43-last")]
)
def test_chosen_place_counts_once(desk: Desk, is_event_first: bool) -> None:
    desk.say("电线掉下来了,很危险")
    point = "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>15</Scale><Label>东坪村</Label>"
    event = desk.make_body(
        "event", Event="location_select", EventKey="L", SendLocationInfo=Raw(point + "<Poiname></Poiname>")
    )
    message = desk.make_body("location", Location_X=Raw("23.1"), Location_Y=Raw("113.3"), Scale=15, Label="东坪村")
    for body in (event, message) if is_event_first else (message, event):
        assert desk.post(body).status == 200
    report = desk.get_row(reports)
    assert (report["latitude"], report["longitude"], report["place_label"]) == (23.1, 113.3, "东坪村")
    assert report["message_count"] == 2
