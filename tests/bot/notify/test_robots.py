"""Robots of groups: what they are sent, and what their answers mean; all of them answer HTTP 200 to nearly anything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from bot.notify.errors import SendError
from bot.notify.robots import Robot, send_robot
from bot.notify.words import Rendered
from bot.settings.duty_channels import parse_duty_channel
from bot.wechat.transport import Timeouts

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
ALARM = Rendered("【险情】2611-018 样例东坪村井口冒烟", "险情")
QUICK = Timeouts(connect=0.5, read=0.5, call=0.8)
ADDRESSES = {
    "wecom": "/cgi-bin/webhook/send?key=invented-key",
    "dingtalk": "/robot/send?access_token=invented-key#secret=SECinvented",
    "feishu": "/open-apis/bot/v2/hook/invented-key#secret=invented",
}
KINDS = list(ADDRESSES)


def make_robot(server: HTTPServer, kind: str, *, signed: bool = True) -> Robot:
    address = ADDRESSES[kind] if signed else ADDRESSES[kind].partition("#")[0]
    return Robot(parse_duty_channel(f"{kind}+{server.url_for('')}{address}"), QUICK)


@pytest.fixture
def send(httpserver: HTTPServer) -> Callable[..., Request]:
    """Send an alarm by a robot whose group answers as told, and give what arrived."""

    def send(kind: str, answered: Any, *, signed: bool = True, text: str = ALARM.text, status: int = 200) -> Request:
        path = ADDRESSES[kind].partition("?")[0].partition("#")[0]
        if isinstance(answered, str):
            httpserver.expect_request(path, method="POST").respond_with_data(answered, status=status)
        else:
            httpserver.expect_request(path, method="POST").respond_with_json(answered, status=status)
        send_robot(make_robot(httpserver, kind, signed=signed), Rendered(text, ""), now=NOW)
        return httpserver.log[-1][0]

    return send


def fail(send: Callable[..., Request], *given: Any, **more: Any) -> SendError:
    with pytest.raises(SendError) as caught:
        send(*given, **more)
    assert "invented" not in str(caught.value) + repr(caught.value.__context__) + repr(caught.value.__cause__)
    return caught.value


def test_wecom_gets_a_text(send: Callable[..., Request]) -> None:
    request = send("wecom", {"errcode": 0, "errmsg": "ok"})
    assert request.args["key"] == "invented-key"
    assert request.get_json() == {"msgtype": "text", "text": {"content": ALARM.text}}
    assert "险情".encode() in request.get_data()  # as it is, not escaped


def test_dingtalk_gets_a_text_signed_with_the_secret_in_its_address(send: Callable[..., Request]) -> None:
    request = send("dingtalk", {"errcode": 0, "errmsg": "ok"})
    stamp = str(int(NOW.timestamp() * 1000))
    expected = hmac.new(b"SECinvented", f"{stamp}\nSECinvented".encode(), hashlib.sha256).digest()
    assert request.args["access_token"] == "invented-key"
    assert request.args["timestamp"] == stamp
    assert request.args["sign"] == base64.b64encode(expected).decode()
    assert request.get_json() == {"msgtype": "text", "text": {"content": ALARM.text}}


def test_feishu_gets_a_text_signed_in_its_body(send: Callable[..., Request]) -> None:
    request = send("feishu", {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})
    stamp = str(int(NOW.timestamp()))
    expected = hmac.new(f"{stamp}\ninvented".encode(), b"", hashlib.sha256).digest()
    assert request.get_json() == {
        "timestamp": stamp, "sign": base64.b64encode(expected).decode(),
        "msg_type": "text", "content": {"text": ALARM.text},
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
def test_without_a_secret_nothing_is_signed(send: Callable[..., Request], kind: str) -> None:
    request = send(kind, {"errcode": 0, "code": 0}, signed=False)
    assert "sign" not in request.args
    assert "sign" not in request.get_json()


def test_a_long_text_is_cut(send: Callable[..., Request]) -> None:
    content = send("wecom", {"errcode": 0}, text="长" * 2_000).get_json()["text"]["content"]
    assert len(content.encode()) <= 2_000
    assert content.endswith("长……")


@pytest.mark.parametrize(
    ("kind", "answered", "permanent", "wait"),
    [
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"}, True, None),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, False, timedelta(minutes=1)),
        ("wecom", {"errcode": 44004, "errmsg": "empty content"}, True, None),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}, False, None),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, True, None),
        ("dingtalk", {"errcode": 300005, "errmsg": "token is not exist"}, True, None),
        ("dingtalk", {"errcode": 400102, "errmsg": "机器人已停用"}, True, None),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, False, timedelta(minutes=10)),
        ("dingtalk", {"errcode": 410100, "errmsg": "发送速度太快而限流"}, False, timedelta(minutes=10)),
        ("dingtalk", {"errcode": -1, "errmsg": "系统繁忙"}, False, None),
        ("feishu", {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}, True, None),
        ("feishu", {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, True, None),
        ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, True, None),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, False, timedelta(minutes=1)),
        ("feishu", {"code": 9499, "msg": "too many request"}, False, None),
    ],
    ids=lambda value: str(value.get("errcode", value.get("code"))) if isinstance(value, dict) else None,
)
def test_the_number_in_an_answer_of_200_decides(
    send: Callable[..., Request], kind: str, answered: dict[str, Any], permanent: bool, wait: timedelta | None
) -> None:
    error = fail(send, kind, answered)
    assert (error.permanent, error.retry_after, error.may_have_arrived) == (permanent, wait, False)
    assert error.errcode == answered.get("errcode", answered.get("code"))
    assert error.needs_operator == permanent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answered", "status", "permanent", "maybe"),
    [
        ("<html>502</html>", 502, False, False),
        ("<html>ok</html>", 200, False, True),
        ("{}", 200, False, True),
        ("[1]", 200, False, True),
        ("gone", 404, True, False),
        ("later", 429, False, False),
        ("elsewhere", 302, True, False),
    ],
)
def test_what_is_no_answer_of_theirs(
    send: Callable[..., Request], kind: str, answered: str, status: int, permanent: bool, maybe: bool
) -> None:
    error = fail(send, kind, answered, status=status)
    assert (error.permanent, error.may_have_arrived) == (permanent, maybe)


@pytest.mark.parametrize("kind", KINDS)
def test_silence_may_mean_that_it_arrived(httpserver: HTTPServer, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        robot = Robot(parse_duty_channel(f"{kind}+http://127.0.0.1:{silent.getsockname()[1]}{ADDRESSES[kind]}"), QUICK)
        with pytest.raises(SendError) as caught:
            send_robot(robot, ALARM, now=NOW)
    assert caught.value.may_have_arrived
    assert "invented" not in repr(caught.value.__context__)


def test_nobody_there_means_that_it_did_not_arrive() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    robot = Robot(parse_duty_channel(f"wecom+http://127.0.0.1:{port}/send?key=invented"), QUICK)
    with pytest.raises(SendError) as caught:
        send_robot(robot, ALARM, now=NOW)
    assert not caught.value.may_have_arrived
    assert not caught.value.permanent
    assert "invented" not in repr(robot) + str(caught.value)


def test_follows_no_redirect(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/send").respond_with_response(Response(status=302, headers={"Location": "/other"}))
    robot = Robot(parse_duty_channel(f"wecom+{httpserver.url_for('/send')}?key=invented"), QUICK)
    with pytest.raises(SendError) as caught:
        send_robot(robot, ALARM, now=NOW)
    assert caught.value.permanent
    assert [request.path for request, _ in httpserver.log] == ["/send"]
