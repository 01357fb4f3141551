"""The access token that all processes share: one of them renews it, the others wait a moment and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.wechat.errors import TokenError, WeChatError
from storage import tokens
from storage.database import Database
from storage.errors import SealError
from storage.vault import Vault

# The platform changes the token five minutes before its end, and both are good until then. Asking earlier gives the
# same token again; twenty seconds later even a slow clock gets the new one.
RENEW_BEFORE_END = timedelta(seconds=280)
LEASE = timedelta(seconds=20)  # longer than the client's bound for one call
QUIET_AFTER_FETCH = timedelta(seconds=30)  # a token with a short life is not fetched again at each call
_LONGEST_LIFE = timedelta(seconds=7200)
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, *(1.0,) * 20)  # seconds; together a little longer than a lease
_PURPOSE = "token"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token as the platform gave it."""

    text: str = field(repr=False)
    life: timedelta


@dataclass(frozen=True, slots=True)
class _Known:
    text: str = field(repr=False)
    expires_at: datetime
    fetched_at: datetime


class TokenStore:
    """The sealed token of one account in the database.

    The platform is asked outside of any transaction, by whoever holds the lease in the token's row. `pause` waits a
    number of seconds.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        app_id: str,
        *,
        now: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:
        self._database = database
        self._vault = vault
        self._app_id = app_id
        self._now = now
        self._pause = pause

    def get_token(self, fetch: Callable[[], IssuedToken]) -> str:
        """Return a good token, fetched when the shared one nears its end.

        Raises what `fetch` raises when there is no other one, and TokenError when somebody else fetches for too long.
        """
        known = self._find_known()
        if known is not None and not self._is_due(known):
            return known.text
        return self._renew(fetch, rejected="")

    def get_token_after(self, rejected: str, fetch: Callable[[], IssuedToken]) -> str:
        """Return the token to try after the platform refused `rejected`; only one process fetches it."""
        return self._renew(fetch, rejected=rejected)

    def _renew(self, fetch: Callable[[], IssuedToken], *, rejected: str) -> str:
        for seconds in (*_PAUSES, 0.0):
            lease = self._now() + LEASE
            with self._database.write() as db:
                is_mine = tokens.claim_renewal(db, self._app_id, until=lease, now=self._now())
                # Read after the claim: whoever held the lease before us may just have stored a fresh one.
                known = self._open(tokens.find_token(db, self._app_id))
                is_usable = known is not None and known.text != rejected and self._now() < known.expires_at
                is_good = known is not None and is_usable and not self._is_due(known)
                if is_mine and is_good:
                    tokens.release_renewal(db, self._app_id, lease=lease)
            usable = known.text if known is not None and is_usable else None
            if usable is not None and (is_good or not is_mine):
                return usable
            if is_mine:
                return self._fetch(fetch, lease, usable)
            if seconds:
                self._pause(seconds)
        raise TokenError("somebody else has been fetching the access token for too long")

    def _fetch(self, fetch: Callable[[], IssuedToken], lease: datetime, usable: str | None) -> str:
        try:
            issued = fetch()
        except BaseException as error:
            if isinstance(error, WeChatError) and usable is not None:
                return usable  # good for minutes more; the lease runs on, so that nobody asks again at once
            with self._database.write() as db:
                tokens.release_renewal(db, self._app_id, lease=lease)
            raise
        now = self._now()
        with self._database.write() as db:
            tokens.replace_token(
                db,
                self._app_id,
                token_sealed=self._vault.seal(issued.text.encode(), _PURPOSE),
                expires_at=now + min(issued.life, _LONGEST_LIFE),
                lease=lease,
                now=now,
            )
        return issued.text

    def _find_known(self) -> _Known | None:
        with self._database.read() as db:
            return self._open(tokens.find_token(db, self._app_id))

    def _open(self, sealed: tokens.SealedToken | None) -> _Known | None:
        if sealed is None:
            return None
        try:
            text = self._vault.open(sealed.token_sealed, _PURPOSE).decode()
        except SealError:
            return None  # sealed under another key: as good as none
        return _Known(text, sealed.expires_at, sealed.fetched_at)

    def _is_due(self, known: _Known) -> bool:
        left = known.expires_at - self._now()
        age = self._now() - known.fetched_at
        is_quiet = timedelta(0) <= age < QUIET_AFTER_FETCH and left > timedelta(0)
        return left <= RENEW_BEFORE_END and not is_quiet
