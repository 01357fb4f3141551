"""What can go wrong with the platform's API, as typed errors that are safe to log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

_BEIJING = timezone(timedelta(hours=8))  # the platform counts its days so

MINUTE_LIMIT = 45011
DAILY_LIMIT = 45009
TOKEN_ERRCODES = frozenset({40001, 40014, 42001})


class WeChatError(Exception):
    """Raised when a call of the platform's API fails.

    The text never holds an openid, a token, a secret or an address with a query. `permanent` is True when the same
    call can never go through; `errcode` is the platform's own number, None when it did not come to that.
    """

    permanent = False

    def __init__(self, meaning: str, *, errcode: int | None = None) -> None:
        super().__init__(meaning if errcode is None else f"{errcode} {meaning}")
        self.errcode = errcode


class TransportError(WeChatError):
    """Raised when no answer came, or one that makes no sense.

    `may_have_arrived` is False when the platform certainly did not see the call, so that a send may be repeated.
    """

    def __init__(self, meaning: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(meaning)
        self.may_have_arrived = may_have_arrived


class PlatformBusyError(WeChatError):
    """Raised when the platform asks to come back later."""


class TokenError(WeChatError):
    """Raised when no good access token can be had for now: a fresh one was refused as well, or none came."""


class RateLimitError(WeChatError):
    """Raised when there were too many calls; the next one may come after `retry_after`."""

    def __init__(self, meaning: str, *, errcode: int, retry_after: timedelta) -> None:
        super().__init__(meaning, errcode=errcode)
        self.retry_after = retry_after


class ConfigurationError(WeChatError):
    """Raised when credentials, IP list, permissions or the account itself stop every call; only the operator helps.

    Not permanent: once that is mended, the same call goes through.
    """


class MediaGoneError(WeChatError):
    """Raised when the platform does not have the photo, voice or video any more."""

    permanent = True


class TooLargeError(WeChatError):
    """Raised when an answer has more bytes than were asked for."""

    permanent = True


class AddressError(WeChatError):
    """Raised when an address is not one of the platform's, or leads into a private network."""

    permanent = True


class ChannelClosedError(WeChatError):
    """Raised when customer-service messages are over for this person; another channel may still reach them."""

    permanent = True


class NotFollowingError(WeChatError):
    """Raised when the receiver does not follow the account any more."""

    permanent = True


class ReceiverError(WeChatError):
    """Raised when this receiver cannot be reached: unknown, blocked, or turned messages off."""

    permanent = True


class TemplateError(WeChatError):
    """Raised when a template is unknown, of the wrong kind or forbidden; the operator should know."""

    permanent = True


class RejectedContentError(WeChatError):
    """Raised when the platform refuses what was sent: malformed, empty or too long. Our mistake."""

    permanent = True


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: type[WeChatError]
    text: str


_SEVERAL: Mapping[type[WeChatError], Mapping[int, str]] = {
    PlatformBusyError: {-1: "the platform is busy"},
    TokenError: {
        40001: "the access token is not the latest",
        40014: "the access token is unknown",
        42001: "the access token has expired",
    },
    ConfigurationError: {
        40013: "unknown app id",
        40125: "wrong app secret",
        40164: "this server's address is not on the account's IP list",
        40243: "the app secret is frozen",
        41002: "no app id",
        41004: "no app secret",
        48001: "the account has no permission for this call",
        48004: "this call is banned for the account",
        48008: "the account has no permission for this kind of message",
        50002: "the account is limited",
        50007: "the account is frozen",
        61004: "this server's address is not on the account's IP list",
        89503: "the account's admin must confirm this server's address",
    },
    MediaGoneError: {40007: "the media id is unknown or expired", 41006: "no media id"},
    ChannelClosedError: {
        45015: "the 48 hours since the last message are over",
        45047: "the messages allowed since the last message are used up",
    },
    NotFollowingError: {43004: "the receiver does not follow", 50005: "the receiver does not follow"},
    ReceiverError: {
        40003: "unknown openid",
        43019: "the receiver is blocked",
        43101: "the receiver refused the subscription",
        46004: "the receiver does not exist",
        48002: "the receiver turned messages off",
        70000: "the receiver is protected as a minor",
    },
    TemplateError: {
        40036: "wrong length of the template id",
        40037: "unknown template",
        40246: "the template's keywords do not fit",
        40247: "the template is of the old kind",
        40249: "the template counts as marketing",
        43116: "the template is restricted",
    },
    RejectedContentError: {
        40033: "escaped characters in the JSON",
        44004: "empty content",
        45001: "the file is too large",
        45002: "the text is too long",
        45008: "too many articles",
        47001: "malformed JSON",
        47003: "a template field is empty or not of its type",
    },
}
MEANINGS: Mapping[int, _Meaning] = MappingProxyType(
    {errcode: _Meaning(kind, text) for kind, texts in _SEVERAL.items() for errcode, text in texts.items()}
)

# From the platform's own words only what the operator needs: its request number, and the address it saw.
_RID = re.compile(r"rid: ?([0-9a-f]{1,12}-[0-9a-f]{1,12}-[0-9a-f]{1,12})")
_SEEN_ADDRESS = re.compile(r"invalid ip ([0-9]{1,3}(?:\.[0-9]{1,3}){3})\b")


def build_error(errcode: int, errmsg: str, now: datetime) -> WeChatError:
    """Return the error for an errcode; of `errmsg`, which may name people, only safe parts are kept."""
    rid, address = _RID.search(errmsg), _SEEN_ADDRESS.search(errmsg)
    more = (f" ({address[1]})" if address else "") + (f" [rid {rid[1]}]" if rid else "")
    if errcode == MINUTE_LIMIT:
        meaning = "too many calls in this minute" + more
        return RateLimitError(meaning, errcode=errcode, retry_after=timedelta(seconds=60))
    if errcode == DAILY_LIMIT:
        meaning = "the calls of this day are used up" + more
        return RateLimitError(meaning, errcode=errcode, retry_after=_until_next_day(now))
    known = MEANINGS.get(errcode)
    if known is None:
        return WeChatError("unknown errcode" + more, errcode=errcode)
    return known.kind(known.text + more, errcode=errcode)


def _until_next_day(now: datetime) -> timedelta:
    today = now.astimezone(_BEIJING)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1) - today
