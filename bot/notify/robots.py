"""Robots of groups: 企业微信, 钉钉 and 飞书, each with its own body, signature and error numbers.

Written on requests instead of taking Apprise: that fixes the three hosts, so that no test on loopback and no
self-hosted 飞书 could be reached, and it gives back only whether a message went, hiding the errcode in an answer of
HTTP 200 that decides whether to try again, to wait, or to give up and say why.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from bot.notify.customer import cut_to_bytes
from bot.notify.errors import SendError
from bot.notify.words import Rendered
from bot.settings.duty_channels import DutyChannel
from bot.wechat.addresses import get_origin
from bot.wechat.transport import Timeouts, bounded, open_session

MOST_BYTES = 2_000  # 企业微信 takes 2,048 for a text; the others take more
_LARGEST_ANSWER = 64 * 1024  # bytes
_MINUTE = timedelta(minutes=1)

_GONE = "群机器人不在了，或者网址不对"
_UNSIGNED = "群机器人的加签密钥、关键词或 IP 名单对不上"
_FAST = "群机器人发得太快，过会儿再发"
_REFUSED = "群机器人不收这样的内容"
# What each answers with HTTP 200: numbers from its developers' pages. What is not here is tried again.
_PERMANENT: Mapping[str, Mapping[int, str]] = {
    "wecom": {93000: _GONE, 93008: _GONE, 40001: _GONE, 40008: _REFUSED, 40058: _REFUSED, 44004: _REFUSED},
    "dingtalk": {
        300005: _GONE, 400013: _GONE, 400101: _GONE, 400102: _GONE, 400106: _GONE, 310000: _UNSIGNED,
        400105: _REFUSED, 430101: _REFUSED, 430102: _REFUSED, 430103: _REFUSED, 430104: _REFUSED, 460101: _REFUSED,
    },
    "feishu": {19001: _GONE, 19002: _REFUSED, 19021: _UNSIGNED, 19022: _UNSIGNED, 19024: _UNSIGNED},
}  # fmt: skip
_TOO_FAST: Mapping[str, Mapping[int, timedelta]] = {
    "wecom": {45009: _MINUTE},  # twenty a minute
    "dingtalk": {130101: 10 * _MINUTE, 410100: 10 * _MINUTE},  # twenty a minute, then silence for ten
    "feishu": {11232: _MINUTE, 99991400: _MINUTE},
}


@dataclass(frozen=True)
class Robot:
    """One robot and the connection to its host."""

    channel: DutyChannel
    timeouts: Timeouts = field(default_factory=Timeouts)
    session: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Open the session; the operator's own address may lead anywhere, a redirect nowhere."""
        object.__setattr__(self, "session", open_session(get_origin(urlsplit(self.channel.address)), pool_size=2))


def send_robot(robot: Robot, rendered: Rendered, *, now: datetime) -> None:
    """Post a notice into a group; raises SendError."""
    kind = robot.channel.kind
    query, body = _BUILD[kind](cut_to_bytes(rendered.text, MOST_BYTES), robot.channel.secret, now)
    answer = _post(robot, query, body)
    errcode = answer.get("code" if kind == "feishu" else "errcode")
    if errcode == 0:
        return
    if not isinstance(errcode, int):
        raise SendError("群机器人的回话看不懂", may_have_arrived=True)
    reason = _PERMANENT[kind].get(errcode)
    if reason is not None:
        raise SendError(reason, errcode=errcode, permanent=True, needs_operator=True)
    wait = _TOO_FAST[kind].get(errcode)
    raise SendError("群机器人没收" if wait is None else _FAST, errcode=errcode, retry_after=wait)


def _build_wecom(text: str, _secret: str, _now: datetime) -> tuple[dict[str, str], dict[str, Any]]:
    return {}, {"msgtype": "text", "text": {"content": text}}


def _build_dingtalk(text: str, secret: str, now: datetime) -> tuple[dict[str, str], dict[str, Any]]:
    """钉钉 signs milliseconds and secret with the secret as the key, in the address."""
    timestamp = str(int(now.timestamp() * 1000))
    query = {"timestamp": timestamp, "sign": _sign(secret, f"{timestamp}\n{secret}")} if secret else {}
    return query, {"msgtype": "text", "text": {"content": text}}


def _build_feishu(text: str, secret: str, now: datetime) -> tuple[dict[str, str], dict[str, Any]]:
    """飞书 signs nothing with seconds and secret as the key, in the body."""
    timestamp = str(int(now.timestamp()))
    signature = {"timestamp": timestamp, "sign": _sign(f"{timestamp}\n{secret}", "")} if secret else {}
    return {}, {**signature, "msg_type": "text", "content": {"text": text}}


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


_BUILD: Mapping[str, Callable[[str, str, datetime], tuple[dict[str, str], dict[str, Any]]]] = {
    "wecom": _build_wecom,
    "dingtalk": _build_dingtalk,
    "feishu": _build_feishu,
}


def _post(robot: Robot, query: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    # Errors of the network carry the whole address with the key in it, so ours are raised outside of the handler.
    try:
        with bounded(robot.timeouts.call):
            response = robot.session.post(
                robot.channel.address,
                params=query,
                data=json.dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json; charset=utf-8"},
                timeout=(robot.timeouts.connect, robot.timeouts.read),
                allow_redirects=False,
                stream=True,
            )
            try:
                content = response.raw.read(_LARGEST_ANSWER, decode_content=False)
            finally:
                response.close()
    except (requests.ConnectTimeout, requests.exceptions.SSLError):
        failure = SendError("群机器人连不上")
    except requests.ConnectionError as error:
        failure = SendError("群机器人连不上", may_have_arrived="NewConnectionError" not in repr(error))
    except (requests.RequestException, OSError, ValueError):
        failure = SendError("群机器人没回话", may_have_arrived=True)
    else:
        return _read_answer(response.status_code, content)
    raise failure


def _read_answer(status: int, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and (status == 200 or "code" in found or "errcode" in found):
        return found
    if status == 429:
        raise SendError(_FAST, errcode=status, retry_after=_MINUTE)
    if status in (400, 401, 403, 404, 410) or 300 <= status < 400:
        raise SendError(_GONE, errcode=status, permanent=True, needs_operator=True)
    raise SendError("群机器人那边出错了", errcode=status, may_have_arrived=status == 200)
