"""How the duty is reached: what an operator pastes into the configuration, taken apart and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, parse_qs, urlsplit, urlunsplit

from pydantic import PlainValidator

from bot.settings.values import LOOPBACK_HOSTS, refuse

Kind = Literal["wecom", "dingtalk", "feishu", "mail", "staff"]

_SCHEME = re.compile(r"(wecom|dingtalk|feishu)\+(https?)://", re.IGNORECASE)
_MAIL = re.compile(r"[^\s<>@:,;]{1,64}@[^\s<>@:,;]{1,190}")
_USERNAME = re.compile(r"[A-Za-z0-9_.@-]{1,40}")
_HINT = (
    "写成 wecom+https://…、dingtalk+https://…#secret=…、feishu+https://…#secret=…(群机器人页面上的整个网址)、"
    "mail:name@example.com 或 staff:用户名。"
)


@dataclass(frozen=True, slots=True)
class DutyChannel:
    """One way to the duty. `address` is a robot's, a mail address or a name for logging in; a robot's is a secret."""

    kind: Kind
    address: str = field(repr=False)
    secret: str = field(default="", repr=False)  # signs what a robot is sent

    @property
    def is_robot(self) -> bool:
        """Whether it is a group's robot."""
        return self.kind in ("wecom", "dingtalk", "feishu")


def parse_duty_channel(value: Any) -> DutyChannel:
    """Return the channel that a text describes; raises what a validator may raise, never with the text in it."""
    if isinstance(value, DutyChannel):
        return value
    if not isinstance(value, str):
        raise refuse("要写成文字,用英文引号括起来")
    text = value.strip()
    if not text:
        raise refuse("是空的", _HINT)
    kind, _, rest = text.partition(":")
    if kind.lower() == "mail":
        if _MAIL.fullmatch(rest) is None:
            raise refuse("邮箱地址的写法不对", "写成 mail:name@example.com。")
        return DutyChannel("mail", rest)
    if kind.lower() == "staff":
        if _USERNAME.fullmatch(rest) is None:
            raise refuse("用户名的写法不对", "写成 staff:用户名,就是登录后台用的那个。")
        return DutyChannel("staff", rest)
    return _parse_robot(text)


def _parse_robot(text: str) -> DutyChannel:
    matched = _SCHEME.match(text)
    if matched is None:
        raise refuse("认不出是哪种渠道", _HINT)
    kind = matched[1].lower()
    try:
        url = urlsplit(text[len(kind) + 1 :])
        host, _ = url.hostname, url.port  # the port is looked at only when it is asked for
    except ValueError:
        raise refuse("网址的写法不对", _HINT) from None
    if not host or url.username is not None or re.search(r"\s", text):
        raise refuse("网址的写法不对", _HINT)
    if url.scheme == "http" and host not in LOOPBACK_HOSTS:
        raise refuse("要用 https://,不然密钥会在路上被看到", "只有本机测试才可以用 http://127.0.0.1。")
    secret = _read_secret(kind, url)
    query = parse_qs(url.query)
    if kind == "wecom" and not query.get("key"):
        raise refuse("网址里少了 key=", "在企业微信的群机器人页面上复制整个网址。")
    if kind == "dingtalk" and not query.get("access_token"):
        raise refuse("网址里少了 access_token=", "在钉钉的群机器人页面上复制整个网址。")
    if kind == "feishu" and not url.path.strip("/"):
        raise refuse("网址里少了 /hook/ 后面的部分", "在飞书的群机器人页面上复制整个网址。")
    address = urlunsplit((url.scheme, url.netloc, url.path, url.query, ""))
    return DutyChannel(kind, address, secret)  # type: ignore[arg-type]  # the pattern lets only the three through


def _read_secret(kind: str, url: SplitResult) -> str:
    if not url.fragment:
        return ""
    name, _, secret = url.fragment.partition("=")
    if kind == "wecom" or name != "secret" or not secret:
        raise refuse("井号后面只能写 secret=加签密钥", "只有钉钉和飞书的机器人有加签密钥,没有就不写井号。")
    return secret


DutyChannelText = Annotated[DutyChannel, PlainValidator(parse_duty_channel)]
