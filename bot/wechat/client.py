"""The calls of the platform's API that the program makes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError

from bot.wechat.addresses import AllowedAddresses, get_origin
from bot.wechat.errors import (
    TOKEN_ERRCODES,
    AddressError,
    ConfigurationError,
    MediaGoneError,
    TokenError,
    TooLargeError,
    TransportError,
    WeChatError,
    build_error,
)
from bot.wechat.tokens import IssuedToken, TokenStore
from bot.wechat.transport import Resolve, Timeouts, bounded, open_session, resolve_host

LONGEST_QR_SECONDS = 2_592_000  # thirty days
LONGEST_SCENE = 64  # characters
_LARGEST_JSON = 256 * 1024  # bytes; the longest answer is a list of addresses
_LARGEST_MEDIA = 20_000_000  # bytes
_CHUNK = 64 * 1024  # bytes
_MOST_REDIRECTS = 2
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE_STATUSES = frozenset({403, 404, 410})
_FILENAME = re.compile(r'filename="?([\w.-]{1,100})', re.ASCII)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]|[\ud800-\udfff]")  # JSON can only write them as \uXXXX: errcode 40033


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """A photo, voice or video as the platform sent it; the type and the name are its claims."""

    content: bytes = field(repr=False)
    content_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code with a scene; `ticket` shows its picture, `url` is what the code says."""

    ticket: str
    url: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: bytes = field(repr=False)
    content_type: str
    filename: str
    location: str = field(repr=False)

    @property
    def fields(self) -> dict[str, Any] | None:
        """Return the JSON object that the answer is, whatever type it claims; None for anything else."""
        if self.content[:64].lstrip()[:1] != b"{" or len(self.content) > _LARGEST_JSON:
            return None
        try:
            found = json.loads(self.content)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def errcode(self) -> int:
        """Return the errcode, 0 where there is none."""
        errcode = (self.fields or {}).get("errcode", 0)
        return errcode if isinstance(errcode, int) else 0

    @property
    def is_page(self) -> bool:
        """Return whether this is text where media should be: a proxy's page, or broken JSON."""
        return self.content[:64].lstrip()[:1] in {b"<", b"{"}


class WeChatClient:
    """Calls the platform for one account; may be used by several threads at once.

    Every method raises a WeChatError and nothing else of the network. Sends are never repeated here, except once when
    the access token was refused, which means that nothing was sent.
    """

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        api_base_url: str,
        tokens: TokenStore,
        *,
        now: Callable[[], datetime],
        picture_hosts: Collection[str] = (),
        timeouts: Timeouts | None = None,
        resolve: Resolve = resolve_host,
    ) -> None:
        self._app_id = app_id
        self._app_secret = app_secret
        base = urlsplit(api_base_url)
        origin = get_origin(base)
        self._base_url = origin + base.path.rstrip("/")
        self._tokens = tokens
        self._now = now
        self._timeouts = timeouts or Timeouts()
        self._allowed = AllowedAddresses(frozenset(host.lower() for host in picture_hosts), origin)
        self._session = open_session(origin, resolve=resolve)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    # Media

    def get_media(self, media_id: str, *, most_bytes: int = _LARGEST_MEDIA) -> FetchedMedia:
        """Return what is behind a media id, a video through the address that the platform may answer instead.

        Raises MediaGoneError, TooLargeError above `most_bytes`, and what any call raises.
        """

        def get(token: str) -> _Answer:
            query = {"access_token": token, "media_id": media_id}
            return self._ask("GET", "media/get", query=query, most_bytes=most_bytes, seconds=self._timeouts.media)

        answer = self._call(get)
        fields = answer.fields
        if fields is not None and isinstance(fields.get("video_url"), str):
            return self._follow(self._allowed.check(fields["video_url"]), most_bytes)
        return _read_media(answer)

    def get_picture(self, address: str, *, most_bytes: int = _LARGEST_MEDIA) -> FetchedMedia:
        """Return the photo at an address that came in a message.

        Raises AddressError unless the host is one of `picture_hosts` or the API's own, MediaGoneError, TooLargeError
        above `most_bytes`, TransportError.
        """
        return self._follow(self._allowed.check(address), most_bytes)

    def _follow(self, address: str, most_bytes: int) -> FetchedMedia:
        with bounded(self._timeouts.media):
            for _ in range(_MOST_REDIRECTS + 1):
                answer = self._send("GET", address, most_bytes=most_bytes)
                if answer.status not in _REDIRECTS:
                    if answer.status in _GONE_STATUSES:
                        raise MediaGoneError(f"the photo's host answered {answer.status}")
                    return _read_media(answer)
                address = self._allowed.check_redirect(address, answer.location)
        raise AddressError("too many redirects")

    # Sends

    def send_text(self, openid: str, text: str) -> None:
        """Send a customer-service message. Not idempotent: see TransportError.may_have_arrived."""
        message = {"touser": openid, "msgtype": "text", "text": {"content": _CONTROL.sub("", text)}}
        self._post("message/custom/send", message)

    def send_template(
        self, openid: str, template_id: str, values: Mapping[str, str], *, client_msg_id: str, url: str = ""
    ) -> int:
        """Send a template message and return the platform's number for it, 0 when it gives none.

        May be repeated for ten minutes with the same `client_msg_id`: the platform then sends it only once.
        """
        message: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "client_msg_id": client_msg_id,
            "data": {name: {"value": _CONTROL.sub("", value)} for name, value in values.items()},
        }
        if url:
            message["url"] = url
        msgid = self._post("message/template/send", message).get("msgid", 0)
        return msgid if isinstance(msgid, int) else 0

    # The account

    def create_qr(self, scene: str, *, expire_seconds: int | None = None) -> QrCode:
        """Return a QR code for a scene of 1 to 64 characters, for ever unless `expire_seconds` says otherwise."""
        if not 1 <= len(scene) <= LONGEST_SCENE:
            raise ValueError(f"a scene has 1 to {LONGEST_SCENE} characters")
        if expire_seconds is not None and not 1 <= expire_seconds <= LONGEST_QR_SECONDS:
            raise ValueError(f"a QR code lives 1 to {LONGEST_QR_SECONDS} seconds")
        wanted: dict[str, Any] = {
            "action_name": "QR_LIMIT_STR_SCENE" if expire_seconds is None else "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        if expire_seconds is not None:
            wanted["expire_seconds"] = expire_seconds
        answer = self._post("qrcode/create", wanted)
        ticket, url = answer.get("ticket"), answer.get("url")
        if not isinstance(ticket, str) or not isinstance(url, str):
            raise TransportError("an answer without a ticket")
        return QrCode(ticket, url)

    def create_menu(self, buttons: Sequence[Mapping[str, Any]]) -> None:
        """Replace the account's menu."""
        self._post("menu/create", {"button": list(buttons)})

    def check_credentials(self) -> None:
        """Raise ConfigurationError when app id, secret or IP list are wrong. Does not change the token in use."""
        self._fetch_token()

    # How a call is made

    def _post(self, endpoint: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(sent, ensure_ascii=False).encode()
        answer = self._call(lambda token: self._ask("POST", endpoint, query={"access_token": token}, body=body))
        return _read_object(answer)

    def _call(self, ask: Callable[[str], _Answer]) -> _Answer:
        token = self._tokens.get_token(self._fetch_token)
        answer = ask(token)
        if answer.errcode in TOKEN_ERRCODES:
            answer = ask(self._tokens.get_token_after(token, self._fetch_token))
        if answer.errcode:
            raise self._build_error(answer)
        return answer

    def _fetch_token(self) -> IssuedToken:
        """Ask for the account's stable token; never for a forced new one, which would end everybody's old one."""
        wanted = {"grant_type": "client_credential", "appid": self._app_id, "secret": self._app_secret}
        answer = self._ask("POST", "stable_token", body=json.dumps(wanted).encode())
        if answer.errcode in TOKEN_ERRCODES:
            # Here there was no token yet that could be refused.
            raise ConfigurationError("the app id or secret is refused", errcode=answer.errcode)
        if answer.errcode:
            raise self._build_error(answer)
        fields = _read_object(answer)
        text, seconds = fields.get("access_token"), fields.get("expires_in")
        if not isinstance(text, str) or not text or not isinstance(seconds, int) or seconds <= 0:
            raise TokenError("an answer without an access token")
        return IssuedToken(text, timedelta(seconds=min(seconds, 86_400)))

    def _ask(
        self,
        method: str,
        endpoint: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most_bytes: int = _LARGEST_JSON,
        seconds: float | None = None,
    ) -> _Answer:
        address = f"{self._base_url}/cgi-bin/{endpoint}"
        with bounded(self._timeouts.call if seconds is None else seconds):
            return self._send(method, address, query=query, body=body, most_bytes=most_bytes)

    def _send(
        self,
        method: str,
        address: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most_bytes: int,
    ) -> _Answer:
        # Errors of the network carry the whole address with the token in it, so ours are raised outside of the
        # handler: they must not even be linked to them.
        failure: WeChatError
        try:
            response = self._session.request(
                method,
                address,
                params=query,
                data=body,
                headers={"Content-Type": "application/json; charset=utf-8"} if body else {},
                timeout=(self._timeouts.connect, self._timeouts.read),
                allow_redirects=False,
                stream=True,
            )
            try:
                content = _read_body(response, most_bytes)
            finally:
                response.close()
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            failure = _build_transport_error(error)
        else:
            if content is None:
                failure = TooLargeError(f"more than {most_bytes} bytes")
            else:
                return _Answer(
                    response.status_code,
                    content,
                    response.headers.get("Content-Type", ""),
                    _find_filename(response.headers.get("Content-Disposition", "")),
                    response.headers.get("Location", ""),
                )
        raise failure

    def _build_error(self, answer: _Answer) -> WeChatError:
        return build_error(answer.errcode, str((answer.fields or {}).get("errmsg", "")), self._now())


def _read_body(response: requests.Response, most_bytes: int) -> bytes | None:
    """Return the whole body, None when it is larger; reads at most one chunk above `most_bytes`."""
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > most_bytes:
        return None
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > most_bytes:
            return None
    return bytes(body)


def _build_transport_error(error: Exception) -> TransportError:
    cause: BaseException | None = error.args[0] if error.args and isinstance(error.args[0], Exception) else None
    reason = getattr(cause, "reason", cause)
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError) or isinstance(
        reason, NewConnectionError
    ):
        return TransportError("no connection", may_have_arrived=False)
    if isinstance(error, requests.Timeout | HTTPTimeoutError | TimeoutError):
        return TransportError("no answer in time")
    return TransportError("the connection broke")


def _read_object(answer: _Answer) -> dict[str, Any]:
    fields = answer.fields
    if answer.status != 200 or fields is None:
        raise TransportError(f"an answer {answer.status} that is no JSON object")
    return fields


def _read_media(answer: _Answer) -> FetchedMedia:
    if answer.status != 200:
        raise TransportError(f"an answer {answer.status} instead of media")
    if not answer.content or answer.is_page:
        raise TransportError("a page or nothing instead of media")
    return FetchedMedia(answer.content, answer.content_type, answer.filename)


def _find_filename(disposition: str) -> str:
    found = _FILENAME.search(disposition)
    return found[1] if found else ""
