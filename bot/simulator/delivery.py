"""One push to the callback: posting, repeating, and what the person sees in the end."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bot.simulator.account import Account
from bot.simulator.crypto import EnvelopeError, MessageCipher, build_signature
from bot.simulator.envelopes import Envelope

SORRY = "该公众号暂时无法提供服务，请稍后再试"
# Field reports put the limit of a passive text at 2,047 bytes; the manual no longer names one.
MAX_REPLY_TEXT_BYTES = 2047
_MAX_BODY_BYTES = 65_536
# Nobody sees what is answered to these. For the last ones that is an assumption.
_INVISIBLE_KINDS = frozenset(
    {"event:unsubscribe", "event:LOCATION", "event:VIEW", "event:TEMPLATESENDJOBFINISH", "event:MASSSENDJOBFINISH"}
)


class ReplyError(Exception):
    """An answer that the platform cannot use."""


@dataclass(frozen=True, slots=True)
class SignedPush:
    """The query and the body of a push; repeats send exactly the same."""

    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to the callback."""

    status: int | None  # None when no answer came
    milliseconds: float
    problem: str = ""  # "", "timeout", "connection", "status", "unreadable"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A passive reply, decrypted and checked."""

    kind: str
    text: str  # Content, or the title of an article, or a word in brackets
    xml: str
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one push."""

    envelope: Envelope
    push: SignedPush
    attempts: tuple[Attempt, ...]
    reply: Reply | None
    shown: str  # what the person sees: the reply, the platform's excuse, or "" for nothing

    @property
    def accepted(self) -> bool:
        """Tell whether the callback took the push in the end."""
        return not self.attempts[-1].problem

    @property
    def milliseconds(self) -> float:
        """Return the time of all attempts together."""
        return sum(attempt.milliseconds for attempt in self.attempts)


class Postman:
    """Posts to one callback over pooled connections, the way the platform does."""

    def __init__(
        self, account: Account, cipher: MessageCipher | None, *, timeout: float, repeats: int, pool_size: int
    ) -> None:
        self._account = account
        self._cipher = cipher
        self._timeout = timeout
        self._repeats = repeats
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._http.headers.update({"User-Agent": "Mozilla/4.0", "Accept": "*/*", "Pragma": "no-cache"})
        adapter = requests.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=pool_size)
        self._http.mount("http://", adapter)
        self._http.mount("https://", adapter)

    def close(self) -> None:
        """Close the pooled connections; a later post opens new ones."""
        self._http.close()

    def deliver(self, callback_url: str, envelope: Envelope, push: SignedPush) -> Delivery:
        """Post until the callback answers well, at most 1 + `repeats` times.

        The manual says three repeats. Timeouts have been seen to give three requests in all, status 201 four within a
        second. For unreadable bodies only the excuse is documented; the repeats are an assumption, and the harsher one.
        """
        attempts: list[Attempt] = []
        reply: Reply | None = None
        for _ in range(1 + self._repeats):
            attempt, reply = self._attempt(callback_url, envelope, push)
            attempts.append(attempt)
            if not attempt.problem:
                break
        if envelope.kind in _INVISIBLE_KINDS:
            shown = ""
        elif attempts[-1].problem:
            shown = SORRY
        else:
            shown = reply.text if reply else ""
        return Delivery(envelope, push, tuple(attempts), reply, shown)

    def get_verification(self, callback_url: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Return status and body of the GET by which the platform checks an address."""
        response = self._http.get(callback_url, params=dict(query), timeout=self._timeout, allow_redirects=False)
        return response.status_code, response.content

    def _attempt(self, callback_url: str, envelope: Envelope, push: SignedPush) -> tuple[Attempt, Reply | None]:
        started = time.perf_counter()
        status: int | None = None
        reply: Reply | None = None
        problem = detail = ""
        try:
            status, body = self._post(callback_url, push, started + self._timeout)
            if status == 200:
                reply = read_reply(body, envelope, self._account, self._cipher)
            else:
                problem, detail = "status", f"HTTP {status}"
        except (requests.Timeout, ReadTimeoutError):
            problem = "timeout"
        except (requests.RequestException, HTTPError) as error:
            problem, detail = "connection", type(error).__name__
        except ReplyError as error:
            problem, detail = "unreadable", str(error)
        return Attempt(status, (time.perf_counter() - started) * 1000, problem, detail), reply

    def _post(self, callback_url: str, push: SignedPush, deadline: float) -> tuple[int, bytes]:
        with self._http.post(
            callback_url,
            params=dict(push.query),
            data=push.body,
            headers={"Content-Type": "text/xml"},
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            body = b""
            # Whatever has come, piece by piece: the time limit is for the whole answer, not for each of its pieces.
            while piece := response.raw.read1(_MAX_BODY_BYTES):
                body += piece
                if time.perf_counter() > deadline:
                    raise requests.Timeout("the answer took too long")
                if len(body) > _MAX_BODY_BYTES:
                    raise ReplyError("answer too large")
            return response.status_code, body


def read_reply(body: bytes, envelope: Envelope, account: Account, cipher: MessageCipher | None) -> Reply | None:
    """Return the passive reply, or None for an empty body and for `success`; raises ReplyError for anything else.

    `success` stays unencrypted in every mode. Safe mode wants every other body encrypted; compat mode takes both.
    """
    if body in (b"", b"success"):
        return None
    fields = _parse_fields(body)
    encrypted = fields.get("Encrypt")
    if encrypted is None and account.mode == "safe":
        raise ReplyError("a plain reply in safe mode")
    if encrypted is not None:
        if cipher is None:
            raise ReplyError("an encrypted reply in plain mode")
        signed = build_signature(account.token, fields.get("TimeStamp", ""), fields.get("Nonce", ""), encrypted)
        if signed != fields.get("MsgSignature"):
            raise ReplyError("wrong MsgSignature")
        try:
            body = cipher.decrypt(encrypted)
        except EnvelopeError as error:
            raise ReplyError(str(error)) from error
        fields = _parse_fields(body)
    if fields.get("ToUserName") != envelope.openid or fields.get("FromUserName") != account.original_id:
        raise ReplyError("a reply to or from somebody else")
    if not fields.get("CreateTime", "").isdecimal():
        raise ReplyError("no CreateTime")
    kind = fields.get("MsgType", "")
    return Reply(kind, _build_text(kind, fields), body.decode("utf-8", "replace"), encrypted is not None)


def _build_text(kind: str, fields: Mapping[str, str]) -> str:
    if kind == "text":
        text = fields.get("Content", "")
        # An empty text is assumed to be refused like other abnormal content.
        if not text or len(text.encode()) > MAX_REPLY_TEXT_BYTES:
            raise ReplyError("text empty or too long")
        return text
    text_of_kind: dict[str, Callable[[], str]] = {
        "image": lambda: "[图片]",
        "voice": lambda: "[语音]",
        "video": lambda: "[视频]",
        "music": lambda: "[音乐]",
        "news": lambda: f"[文章] {fields.get('Articles/item/Title', '')}",
        "transfer_customer_service": lambda: "",
    }
    if kind not in text_of_kind:
        raise ReplyError("unknown MsgType")
    return text_of_kind[kind]()


def _parse_fields(body: bytes) -> dict[str, str]:
    """Return the text of every leaf by its path below the root; the first one of a repeated path wins."""
    if b"<!DOCTYPE" in body:
        raise ReplyError("a document type")
    try:
        root = ET.fromstring(body.decode("utf-8"))  # noqa: S314 - without DOCTYPE there are no entities
    except (ET.ParseError, UnicodeDecodeError, ValueError) as error:
        raise ReplyError("not XML") from error
    if root.tag != "xml":
        raise ReplyError("another root")
    fields: dict[str, str] = {}
    _collect_fields(root, "", fields)
    return fields


def _collect_fields(element: ET.Element, path: str, fields: dict[str, str]) -> None:
    for child in element:
        inner = f"{path}{child.tag}"
        if len(child):
            _collect_fields(child, f"{inner}/", fields)
        else:
            fields.setdefault(inner, child.text or "")
