"""Access tokens: issue, rotate, expire, refuse, by the rules of the two token endpoints."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from bot.simulator.errors import ErrcodeError

LIFETIME = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
FORCE_REFRESH_GAP = timedelta(seconds=30)
FORCE_REFRESH_PER_DAY = 20
_REMEMBERED = 200


@dataclass(slots=True)
class _Token:
    text: str
    expires_at: datetime
    replaced: bool = False


class TokenDesk:
    """The two chains of tokens, `token` and `stable_token`, which do not touch each other."""

    def __init__(self, clock: Callable[[], datetime], token_bytes: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._token_bytes = token_bytes
        self._lock = Lock()
        self._issued: OrderedDict[str, _Token] = OrderedDict()
        self._plain: _Token | None = None
        self._stable: _Token | None = None
        self._forced: list[datetime] = []

    def issue_token(self) -> tuple[str, int]:
        """Return a new token and its seconds; the one before lives five more minutes at most."""
        with self._lock:
            now = self._clock()
            if self._plain is not None:
                self._plain.expires_at = min(self._plain.expires_at, now + OVERLAP)
                self._plain.replaced = True
            self._plain = self._issue(now)
            return self._plain.text, int(LIFETIME.total_seconds())

    def issue_stable_token(self, *, force_refresh: bool = False) -> tuple[str, int]:
        """Return the standing token and its remaining seconds, never below 300; a new one near its end.

        A forced refresh kills the old token at once. How the platform refuses too many of them is not documented:
        45011 within 30 seconds and 45009 above 20 a day are assumed.
        """
        with self._lock:
            now = self._clock()
            if force_refresh and self._stable is not None:
                self._check_forced(now)
                self._stable.expires_at, self._stable.replaced = now, True
                self._stable = None
            if self._stable is None or self._stable.expires_at - now < OVERLAP:
                self._stable = self._issue(now)
            return self._stable.text, int((self._stable.expires_at - now).total_seconds())

    def check_token(self, text: str) -> None:
        """Raise 41001 without a token, 40014 for a foreign one, 40001 for a replaced one, 42001 for an old one.

        The real platform often says 40001 where 40014 stands here; callers must treat all of them alike.
        """
        if not text:
            raise ErrcodeError(41001, "access_token missing")
        with self._lock:
            token = self._issued.get(text)
            if token is None:
                raise ErrcodeError(40014, "invalid access_token")
            if self._clock() >= token.expires_at:
                if token.replaced:
                    raise ErrcodeError(40001, "invalid credential, access_token is invalid or not latest")
                raise ErrcodeError(42001, "access_token expired")

    def drop_tokens(self) -> None:
        """Make every token invalid at once (40001), as a changed AppSecret does."""
        with self._lock:
            for token in self._issued.values():
                token.expires_at, token.replaced = self._clock(), True
            self._plain = self._stable = None

    def _issue(self, now: datetime) -> _Token:
        # Longer than the real ones of today; the manual asks for room for 512 characters.
        text = "98_" + base64.urlsafe_b64encode(self._token_bytes(150)).decode("ascii")
        token = self._issued[text] = _Token(text, now + LIFETIME)
        while len(self._issued) > _REMEMBERED:
            self._issued.popitem(last=False)
        return token

    def _check_forced(self, now: datetime) -> None:
        self._forced = [instant for instant in self._forced if now - instant < timedelta(days=1)]
        if len(self._forced) >= FORCE_REFRESH_PER_DAY:
            raise ErrcodeError(45009, "reach max api daily quota limit")
        if self._forced and now - self._forced[-1] < FORCE_REFRESH_GAP:
            raise ErrcodeError(45011, "api minute-quota reach limit, must slower, retry next minute")
        self._forced.append(now)
