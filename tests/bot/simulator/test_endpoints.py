"""The platform's endpoints over HTTP."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.simulator.endpoints import make_platform_blueprint
from bot.simulator.menus import DEFAULT_BUTTONS, list_buttons
from bot.simulator.platform import Platform
from tests.bot.simulator.conftest import LEFT, OPENID, STRANGER, Callback, MakePlatform, StoppedClock

CREDENTIALS = {
    "grant_type": "client_credential",
    "appid": "wx0000000000000001",
    "secret": "invented-secret",
}
JPEG = b"\xff\xd8\xff" + bytes(40)


class Caller:
    """Calls the endpoints of one platform with a good token."""

    def __init__(self, platform: Platform) -> None:
        app = Flask("simulated-platform", static_folder=None)
        app.register_blueprint(make_platform_blueprint(platform))
        self.platform = platform
        self.http: FlaskClient = app.test_client()
        self.token = platform.tokens.issue_stable_token()[0]

    def get(self, endpoint: str, **query: str) -> TestResponse:
        return self.http.get(f"/cgi-bin/{endpoint}", query_string={"access_token": self.token} | query)

    def post(self, endpoint: str, sent: Any) -> dict[str, Any]:
        body = sent if isinstance(sent, bytes) else json.dumps(sent, ensure_ascii=False).encode()
        response = self.http.post(f"/cgi-bin/{endpoint}", query_string={"access_token": self.token}, data=body)
        assert response.status_code == 200
        answer: dict[str, Any] = json.loads(response.data)
        return answer


@pytest.fixture
def caller(make_platform: MakePlatform, callback: Callback) -> Caller:
    return Caller(make_platform("plain", callback.url))


def text_to(openid: str, content: str = "修好了") -> dict[str, Any]:
    return {"touser": openid, "msgtype": "text", "text": {"content": content}}


# Tokens


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000002"}, 40013),
        ({"secret": "guess"}, 40125),
    ],
    ids=["grant type", "no app id", "no secret", "wrong app id", "wrong secret"],
)
def test_token_endpoints_refuse_wrong_credentials(caller: Caller, change: dict[str, str], errcode: int) -> None:
    assert caller.get("token", **(CREDENTIALS | change)).json["errcode"] == errcode  # type: ignore[index]
    assert caller.post("stable_token", CREDENTIALS | change)["errcode"] == errcode


def test_token_endpoints_give_working_tokens(caller: Caller) -> None:
    for answer in (caller.get("token", **CREDENTIALS).json, caller.post("stable_token", CREDENTIALS)):
        assert answer is not None
        assert answer["expires_in"] == 7200
        caller.platform.tokens.check_token(answer["access_token"])


def test_token_endpoints_know_their_callers(caller: Caller) -> None:
    caller.platform.switches.allowed_addresses = frozenset({"192.0.2.1"})
    assert caller.post("stable_token", CREDENTIALS)["errcode"] == 40164
    caller.platform.switches.allowed_addresses = frozenset({"127.0.0.1"})
    assert "access_token" in caller.post("stable_token", CREDENTIALS)


@pytest.mark.parametrize(
    "endpoint", ["media/get", "user/info", "getcallbackip", "message/custom/send", "message/template/send"]
)
def test_endpoints_want_a_token(caller: Caller, endpoint: str) -> None:
    caller.token = ""
    answer = caller.post(endpoint, {}) if endpoint.endswith("send") else json.loads(caller.get(endpoint).data)
    assert answer["errcode"] == 41001


def test_daily_quota_ends_at_beijing_midnight(caller: Caller, clock: StoppedClock) -> None:
    caller.platform.quotas.limits["getcallbackip"] = 2
    answers = [json.loads(caller.get("getcallbackip").data).get("errcode", 0) for _ in range(3)]
    assert answers == [0, 0, 45009]
    clock.advance(hours=6, minutes=30)  # 16:00 UTC
    caller.token = caller.platform.tokens.issue_stable_token()[0]
    assert json.loads(caller.get("getcallbackip").data) == {"ip_list": ["127.0.0.1"]}


# Media


def test_photo_comes_as_bytes_and_dies_after_three_days(caller: Caller, clock: StoppedClock) -> None:
    envelope = caller.platform.build.image(OPENID, JPEG)
    response = caller.get("media/get", media_id=envelope.picture_id)
    assert (response.data, response.content_type) == (JPEG, "image/jpeg")
    assert response.headers["Content-disposition"] == f'attachment; filename="{envelope.picture_id}.jpg"'
    clock.advance(days=3)
    caller.token = caller.platform.tokens.issue_stable_token()[0]
    response = caller.get("media/get", media_id=envelope.picture_id)
    assert (response.status_code, response.mimetype, json.loads(response.data)["errcode"]) == (200, "text/plain", 40007)
    caller.platform.switches.plain_text_errors = False
    assert caller.get("media/get", media_id=envelope.picture_id).mimetype == "application/json"
    assert caller.http.get(f"/mmbiz/{envelope.picture_id}/0").data == JPEG


@pytest.mark.parametrize(("media_id", "errcode"), [("", 41006), ("guess", 40007)], ids=["none", "unknown"])
def test_media_get_refuses(caller: Caller, media_id: str, errcode: int) -> None:
    assert json.loads(caller.get("media/get", media_id=media_id).data)["errcode"] == errcode


def test_video_comes_as_an_address_or_as_bytes(caller: Caller) -> None:
    media_id = caller.platform.media.add_media("video", b"moving")
    answer = json.loads(caller.get("media/get", media_id=media_id).data)
    assert caller.http.get(answer["video_url"]).data == b"moving"
    caller.platform.switches.video_as_bytes = True
    response = caller.get("media/get", media_id=media_id)
    assert (response.data, response.content_type) == (b"moving", "video/mp4")


@pytest.mark.parametrize(
    ("kind", "name", "content", "errcode"),
    [
        pytest.param("image", "a.jpg", JPEG, 0, id="photo"),
        pytest.param("voice", "a.mp3", b"ID3", 0, id="mp3 by name"),
        pytest.param("paper", "a.jpg", JPEG, 40004, id="unknown kind"),
        pytest.param("image", "a.txt", b"words", 40005, id="not a photo"),
        pytest.param("thumb", "a.jpg", JPEG + bytes(64 * 1024), 45001, id="too large"),
        pytest.param("image", "", b"", 41005, id="nothing"),
    ],
)
def test_upload_rules(caller: Caller, kind: str, name: str, content: bytes, errcode: int) -> None:
    response = caller.http.post(
        "/cgi-bin/media/upload",
        query_string={"access_token": caller.token, "type": kind},
        data={"media": (io.BytesIO(content), name)} if name else {"other": "x"},
    )
    answer = json.loads(response.data)
    assert answer.get("errcode", 0) == errcode
    if not errcode:
        medium = caller.platform.media.find_media(answer["media_id"])
        assert medium is not None
        assert medium.content == content


# Sending


def test_customer_message_becomes_a_bubble(caller: Caller) -> None:
    caller.platform.deliver(caller.platform.build.text(OPENID, "漏电"))
    assert caller.post("message/custom/send", text_to(OPENID)) == {"errcode": 0, "errmsg": "ok"}
    bubble = caller.platform.chats.list_bubbles(OPENID)[-1]
    assert (bubble.side, bubble.kind, bubble.text) == ("account", "text", "修好了")


@pytest.mark.parametrize(
    ("sent", "errcode"),
    [
        pytest.param(text_to(STRANGER), 40003, id="stranger"),
        pytest.param({"msgtype": "text"}, 40003, id="nobody"),
        pytest.param(text_to(LEFT), 43004, id="does not follow"),
        pytest.param(text_to(OPENID, ""), 44004, id="empty"),
        pytest.param(text_to(OPENID, "字" * 683), 45002, id="2,049 bytes"),
        pytest.param({"touser": OPENID, "msgtype": "smell"}, 40008, id="unknown kind"),
        pytest.param({"touser": OPENID, "msgtype": "image", "image": {"media_id": "guess"}}, 40007, id="lost photo"),
        pytest.param({"touser": OPENID, "msgtype": "news", "news": {"articles": [{}, {}]}}, 45008, id="two articles"),
        pytest.param(b"{", 47001, id="not JSON"),
        pytest.param(b"[]", 47001, id="not an object"),
        pytest.param(rb'{"touser": "\u4e2d"}', 40033, id="escaped characters"),
        pytest.param(rb'{"touser": "\\u4e2d"}', 40003, id="a written backslash"),
    ],
)
def test_customer_message_refusals(caller: Caller, sent: Any, errcode: int) -> None:
    caller.platform.deliver(caller.platform.build.text(OPENID, "漏电"))
    assert caller.post("message/custom/send", sent)["errcode"] == errcode


def test_refused_message_costs_no_allowance(caller: Caller) -> None:
    caller.platform.deliver(caller.platform.build.text(OPENID, "漏电"))
    for _ in range(6):
        assert caller.post("message/custom/send", text_to(OPENID, ""))["errcode"] == 44004
    answers = [caller.post("message/custom/send", text_to(OPENID))["errcode"] for _ in range(6)]
    assert answers == [0] * 5 + [45047]


def template_to(openid: str, **more: Any) -> dict[str, Any]:
    return {"touser": openid, "template_id": "T1", "data": {"thing01": {"value": "已交办"}}} | more


def test_template_is_shown_and_its_result_delivered(caller: Caller, callback: Callback) -> None:
    message_id = caller.post("message/template/send", template_to(OPENID, url="http://127.0.0.1/x"))["msgid"]
    bubble = caller.platform.chats.list_bubbles(OPENID)[-1]
    assert (bubble.kind, bubble.rows, bubble.link) == ("template", (("thing01", "已交办"),), "http://127.0.0.1/x")
    (delivery,) = caller.platform.run_due()
    assert delivery.envelope.kind == "event:TEMPLATESENDJOBFINISH"
    assert f"<MsgID>{message_id}</MsgID>".encode() in callback.seen[0][1]
    assert caller.platform.run_due() == []


def test_blocked_person_sees_no_template(caller: Caller, callback: Callback) -> None:
    caller.platform.template_statuses[OPENID] = "failed:user block"
    assert caller.post("message/template/send", template_to(OPENID))["errcode"] == 0
    caller.platform.run_due()
    assert b"failed:user block" in callback.seen[0][1]
    assert caller.platform.chats.list_bubbles(OPENID) == []


def test_client_msg_id_sends_once_within_ten_minutes(caller: Caller, clock: StoppedClock) -> None:
    def send(openid: str = OPENID) -> int:
        return int(caller.post("message/template/send", template_to(openid, client_msg_id="notice-7"))["msgid"])

    first = send()
    clock.advance(seconds=599)
    assert send() == first
    assert len(caller.platform.chats.list_bubbles(OPENID)) == 1
    clock.advance(seconds=1)
    assert send() != first
    assert len(caller.platform.chats.list_bubbles(OPENID)) == 2


@pytest.mark.parametrize(
    ("sent", "errcode"),
    [
        pytest.param(template_to(STRANGER), 40003, id="stranger"),
        pytest.param(template_to(LEFT), 43004, id="does not follow"),
        pytest.param(template_to(OPENID, template_id="T2"), 40037, id="unknown template"),
        pytest.param(template_to(OPENID, template_id=""), 40037, id="no template"),
        pytest.param(template_to(OPENID, data={}), 47003, id="no fields"),
    ],
)
def test_template_refusals(caller: Caller, sent: dict[str, Any], errcode: int) -> None:
    caller.platform.templates["T1"] = ("thing01",)
    assert caller.post("message/template/send", sent)["errcode"] == errcode


# The rest


@pytest.mark.parametrize(
    ("action", "scene", "more", "errcode"),
    [
        pytest.param("QR_LIMIT_STR_SCENE", {"scene_str": "shaft-3"}, {}, 0, id="permanent"),
        pytest.param("QR_STR_SCENE", {"scene_str": "x" * 64}, {"expire_seconds": 60}, 0, id="64 characters"),
        pytest.param("QR_SCENE", {"scene_id": 7}, {"expire_seconds": 2_592_000}, 0, id="thirty days"),
        pytest.param("QR_STR_SCENE", {"scene_str": "x" * 65}, {}, 40053, id="65 characters"),
        pytest.param("QR_SCENE", {"scene_id": 7}, {"expire_seconds": 2_592_001}, 40053, id="too long"),
        pytest.param("QR_LIMIT_SCENE", {"scene_id": 100_001}, {}, 40053, id="number too high"),
        pytest.param("QR_OTHER", {"scene_id": 7}, {}, 40052, id="unknown action"),
    ],
)
def test_qr_code_rules(caller: Caller, action: str, scene: dict[str, Any], more: dict[str, Any], errcode: int) -> None:
    answer = caller.post("qrcode/create", {"action_name": action, "action_info": {"scene": scene}} | more)
    assert answer.get("errcode", 0) == errcode
    if not errcode:
        picture = caller.http.get("/cgi-bin/showqrcode", query_string={"ticket": answer["ticket"]})
        assert picture.data.startswith(b"\xff\xd8\xff")


def test_temporary_qr_code_expires(caller: Caller, clock: StoppedClock) -> None:
    sent = {"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": {"scene": {"scene_str": "s"}}}
    ticket = caller.post("qrcode/create", sent)["ticket"]
    clock.advance(seconds=60)
    assert caller.http.get("/cgi-bin/showqrcode", query_string={"ticket": ticket}).status_code == 404


def _click(name: str, key: str = "K") -> dict[str, str]:
    return {"type": "click", "name": name, "key": key}


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        pytest.param([_click("报隐患")], 0, id="one"),
        pytest.param([{"name": "更多", "sub_button": [_click("怎么用")] * 5}], 0, id="five below"),
        pytest.param([_click("a")] * 4, 40016, id="four"),
        pytest.param([], 40016, id="none"),
        pytest.param([{"name": "更多", "sub_button": [_click("怎么用")] * 6}], 40023, id="six below"),
        pytest.param([_click("我要报隐患")], 0, id="15 bytes"),
        pytest.param([_click("我要报隐患吧")], 40018, id="18 bytes"),
        pytest.param([{"name": "a", "key": "K"}], 40017, id="no type"),
        pytest.param([_click("a", "")], 40019, id="no key"),
        pytest.param([{"type": "view", "name": "a"}], 40020, id="no address"),
    ],
)
def test_menu_rules(caller: Caller, buttons: list[dict[str, Any]], errcode: int) -> None:
    assert caller.post("menu/create", {"button": buttons})["errcode"] == errcode
    shown = list_buttons(caller.platform.menu)
    assert (shown[0][0] == DEFAULT_BUTTONS[0].name) == (bool(errcode) or buttons[0]["name"] == "报隐患")


@pytest.mark.parametrize(
    ("openid", "check"),
    [
        (OPENID, lambda answer: answer["subscribe"] == 1 and answer["subscribe_time"] == 1794821400),
        (LEFT, lambda answer: answer == {"subscribe": 0, "openid": LEFT}),
        (STRANGER, lambda answer: answer["errcode"] == 40003),
    ],
    ids=["follows", "left", "stranger"],
)
def test_user_info(caller: Caller, openid: str, check: Callable[[dict[str, Any]], bool]) -> None:
    assert check(json.loads(caller.get("user/info", openid=openid).data))


def test_calls_are_logged_without_secrets(caller: Caller) -> None:
    caller.get("token", **CREDENTIALS)
    caller.post("stable_token", CREDENTIALS)
    caller.post("message/custom/send", text_to(STRANGER))
    calls = caller.platform.calls
    assert [(call.endpoint, call.errcode) for call in calls] == [
        ("token", 0),
        ("stable_token", 0),
        ("message/custom/send", 40003),
    ]
    assert calls[2].sent["text"] == {"content": "修好了"}
    assert "invented-secret" not in repr(calls)
    assert caller.token not in repr(calls)
