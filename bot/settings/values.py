"""The types of single values in the configuration: how each is written, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, PlainValidator, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

from storage.limit import Limit, LimitUnit

T = TypeVar("T")

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_LEAST_DIFFERENT_CHARACTERS = 8  # a key of one repeated character is long enough but no secret
_VAULT_KEY_DIGITS = 64


def refuse(message: str, hint: str = "") -> PydanticCustomError:
    """Return an error for a validator to raise; without a hint the key's own sentence is shown."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def check_any(value: tuple[T, ...]) -> tuple[T, ...]:
    """Return a list that is not empty; the model's own count leaves out items that are wrong."""
    if not value:
        raise refuse("至少要写一项")
    return value


# --- durations and hours ---------------------------------------------------------------------------------------


_LIMIT_UNITS: dict[str, LimitUnit] = {
    "分钟": "minutes",
    "小时": "hours",
    "天": "days",
    "工作日": "working_days",
}
_LIMIT = re.compile(r"([1-9][0-9]{0,2})\s*个?\s*(分钟|小时|天|工作日)")


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """A stretch of a working day on the office's clock; `end` is no longer part of it."""

    start: time
    end: time


def _parse_limit(value: Any) -> Limit | None:
    if value is None or isinstance(value, Limit):
        return value
    text = _text(value)
    if text == "不限":
        return None
    if text == "立即":
        return Limit(0, "minutes")
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise refuse("时限的写法不对", "写成“30分钟”“2小时”“3个工作日”“15天”“立即”或“不限”,数字在 1 到 999 之间。")
    return Limit(int(match[1]), _LIMIT_UNITS[match[2]])


def _parse_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    return _clock(_text(value))


def _parse_working_hours(value: Any) -> WorkingHours:
    if isinstance(value, WorkingHours):
        return value
    start_text, separator, end_text = _text(value).partition("-")
    if not separator:
        raise refuse("时段的写法不对", "写成 08:30-11:30 这样,中间用英文短横线。")
    hours = WorkingHours(_clock(start_text.strip()), _clock(end_text.strip()))
    if hours.start >= hours.end:
        raise refuse("时段的结束要晚于开始")
    return hours


def _clock(text: str) -> time:
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text) is None:
        raise refuse("钟点的写法不对", "写成 08:30 这样,二十四小时制,用英文冒号。")
    return time(int(text[:2]), int(text[3:]))


def _parse_date(value: Any) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    text = _text(value)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse("日期的写法不对,或没有这一天", "写成 2026-01-31 这样。") from None


def _parse_timezone(value: Any) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(_text(value))
    except (KeyError, ValueError, OSError):
        raise refuse("没有这个时区", "北京时间写 Asia/Shanghai。") from None


LimitOrNone = Annotated[Limit | None, PlainValidator(_parse_limit)]
ClockTime = Annotated[time, PlainValidator(_parse_time)]
OptionalDate = Annotated[date | None, PlainValidator(_parse_date)]
HoursOfDay = Annotated[WorkingHours, PlainValidator(_parse_working_hours)]
Timezone = Annotated[ZoneInfo, PlainValidator(_parse_timezone)]


# --- files -----------------------------------------------------------------------------------------------------


def _folder(context: ValidationInfo) -> Path:
    """Return the folder that relative paths start from: the one that holds the file of the configuration."""
    folder: Path = (context.context or {}).get("folder", Path.cwd())
    return folder


def _parse_optional_path(value: Any, context: ValidationInfo) -> Path | None:
    if value is None or value == "":
        return None
    return _folder(context) / _text(value)


def _parse_key_file(value: Any, context: ValidationInfo) -> Path:
    text = _text(value)
    if not text:
        raise refuse("还没有填")
    path = _folder(context) / text
    try:
        with path.open("rb") as file:
            content = file.read(_VAULT_KEY_DIGITS * 2).strip()
    except FileNotFoundError:
        raise refuse(
            "找不到这个密钥文件",
            "第一次安装请运行 suishoupai init;换过机器请从备份里找回,没有它就打不开封存的身份。",
        ) from None
    except OSError:
        raise refuse("密钥文件读不了", "看看它是不是一个文件,运行本程序的账号能不能读。") from None
    if re.fullmatch(rb"[0-9a-fA-F]{%d}" % _VAULT_KEY_DIGITS, content) is None:
        raise refuse("密钥文件的内容不对", "里面应该只有 64 位十六进制数字;请从备份里找回原来的文件。")
    return path


def _check_database_url(value: str, context: ValidationInfo) -> str:
    if value.startswith("sqlite:///"):
        path = value.removeprefix("sqlite:///")
        if not path or path.startswith(":memory:"):
            raise refuse("SQLite 要写一个文件,几个进程要共用它")
        return f"sqlite:///{_folder(context) / path}"
    url = _split_url(value)
    if url.scheme in ("postgres", "postgresql"):
        raise refuse("PostgreSQL 的网址要以 postgresql+psycopg:// 开头")
    if url.scheme != "postgresql+psycopg":
        raise refuse("只认 sqlite:///… 和 postgresql+psycopg://…")
    if not url.path.strip("/"):
        raise refuse("网址末尾少了数据库的名字")
    return value


def _check_store_url(value: str, context: ValidationInfo) -> str:
    url = _split_url(value)
    if url.scheme == "s3":
        if not url.netloc:
            raise refuse("s3:// 后面少了存储桶的名字")
        return value.rstrip("/")
    if url.scheme != "file":
        raise refuse("只认 file:data/media、file:///绝对路径 和 s3://存储桶/前缀")
    if url.netloc or url.query or url.fragment:
        raise refuse("file: 后面要么是相对路径,要么是三条斜线加绝对路径")
    path = unquote(url.path)
    if not path.strip("/"):
        raise refuse("file: 后面少了文件夹")
    return (_folder(context) / path).as_uri()


OptionalPath = Annotated[Path | None, PlainValidator(_parse_optional_path)]
KeyFile = Annotated[Path, PlainValidator(_parse_key_file)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
StoreUrl = Annotated[str, AfterValidator(_check_store_url)]


# --- words, addresses and secrets ------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse("要写成文字,用英文引号括起来")
    return value.strip()


def _split_url(value: str) -> SplitResult:
    try:
        url = urlsplit(value)
        _ = url.port  # urlsplit looks at the port only when it is asked for
    except ValueError:
        raise refuse("网址的写法不对") from None
    return url


def _check_web_url(value: str) -> str:
    url = _split_url(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise refuse("要写以 https:// 开头的完整网址")
    if url.username is not None or url.query or url.fragment or re.search(r"\s", value):
        raise refuse("网址里不要带账号、问号、井号和空格")
    return value.rstrip("/")


def _check_public_url(value: str) -> str:
    return _check_web_url(value) if value else ""


def _check_api_url(value: str) -> str:
    value = _check_web_url(value)
    url = urlsplit(value)
    if url.scheme == "http" and url.hostname not in LOOPBACK_HOSTS:
        raise refuse("要用 https://,不然密码会在路上被看到", "只有本机测试才可以用 http://127.0.0.1。")
    return value


def _check_host(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", value) is None:
        raise refuse("要写一个主机名或 IP 地址,不带 http://")
    return value


def _check_host_or_empty(value: str) -> str:
    return _check_host(value) if value else ""


def _check_picture_host(value: str) -> str:
    value = value.lower()
    if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,252})(:[0-9]{1,5})?", value) is None:
        raise refuse("只写主机名,不带 https://、斜线和星号")
    return value


def _check_phone_number(value: str) -> str:
    if re.fullmatch(r"[0-9+][0-9 ()+转#-]{2,29}", value) is None:
        raise refuse("电话号码的写法不对", "写成 119 或 0355-0000000 这样,可以带短横线和“转”。")
    return value


def _check_mail_address(value: str) -> str:
    # A line break would let one setting write further headers into a mail.
    if value and re.fullmatch(r"([^<>\r\n]{1,60} )?<?[^\s<>@]{1,64}@[^\s<>@]{1,190}>?", value) is None:
        raise refuse("邮箱地址的写法不对", "写成 name@example.com,或者 名字 <name@example.com>。")
    return value


def _matching(pattern: str, message: str) -> Callable[[str], str]:
    """Return a check for text that must match the whole of `pattern`."""
    shape = re.compile(pattern)

    def check(value: str) -> str:
        if not value:
            raise refuse("还没有填")
        if shape.fullmatch(value) is None:
            raise refuse(message)
        return value

    return check


def _secret(check: Callable[[str], str], *, optional: bool = False) -> AfterValidator:
    """Return a validator that runs `check` on what a secret holds."""

    def check_secret(value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        return SecretStr(check(text) if text or not optional else "")

    return AfterValidator(check_secret)


def _check_secret_key(value: str) -> str:
    if not value:
        raise refuse("还没有填")
    if len(value) < 32:
        raise refuse("太短,至少要 32 个字符")
    if len(set(value)) < _LEAST_DIFFERENT_CHARACTERS:
        raise refuse("太好猜,不同的字符太少")
    return value


def _check_template_id(value: str) -> str:
    if value and re.fullmatch(r"[A-Za-z0-9_-]{10,64}", value) is None:
        raise refuse("模板 ID 的写法不对")
    return value


_check_token = _matching(r"[A-Za-z0-9]{3,32}", "要 3 到 32 个英文字母或数字")
_check_aes_key = _matching(r"[A-Za-z0-9]{43}", "要正好 43 个英文字母或数字")
_check_app_secret = _matching(r"[A-Za-z0-9]{32}", "要正好 32 个英文字母或数字")

Host = Annotated[str, AfterValidator(_check_host)]
HostOrEmpty = Annotated[str, AfterValidator(_check_host_or_empty)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
ApiUrl = Annotated[str, AfterValidator(_check_api_url)]
PictureHost = Annotated[str, AfterValidator(_check_picture_host)]
PhoneNumber = Annotated[str, AfterValidator(_check_phone_number)]
MailAddress = Annotated[str, AfterValidator(_check_mail_address)]
AppId = Annotated[str, AfterValidator(_matching(r"wx[0-9a-z]{16}", "要以 wx 开头,后面 16 个小写字母或数字"))]
OriginalId = Annotated[str, AfterValidator(_matching(r"gh_[0-9a-z]{12}", "要以 gh_ 开头,后面 12 个小写字母或数字"))]
TemplateId = Annotated[str, AfterValidator(_check_template_id)]
TemplateFieldName = Annotated[str, AfterValidator(_matching(r"[a-z_]{2,20}[0-9]{0,3}", "要写成 thing1 这样的字段名"))]
Token = Annotated[SecretStr, _secret(_check_token)]
AesKey = Annotated[SecretStr, _secret(_check_aes_key, optional=True)]
AppSecret = Annotated[SecretStr, _secret(_check_app_secret)]
SecretKey = Annotated[SecretStr, _secret(_check_secret_key)]
