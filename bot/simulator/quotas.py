"""Daily limits of calls, counted by endpoint and Beijing day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from threading import Lock

from bot.simulator.errors import ErrcodeError

_BEIJING = timezone(timedelta(hours=8))

# A new account's limits; the test account has less.
DAILY_LIMITS = {
    "token": 2_000,
    "stable_token": 500_000,
    "menu/create": 1_000,
    "media/upload": 100_000,
    "media/get": 200_000,
    "message/custom/send": 500_000,
    "message/template/send": 100_000,
    "qrcode/create": 100_000,
    "user/info": 5_000_000,
}


class DailyQuotas:
    """Counts calls; `limits` may be changed at any time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.limits = dict(DAILY_LIMITS)
        self._clock = clock
        self._lock = Lock()
        self._day: date | None = None
        self._counts: Counter[str] = Counter()

    def spend_call(self, endpoint: str) -> None:
        """Count one call; raises 45009 above the limit of the day."""
        today = self._clock().astimezone(_BEIJING).date()
        with self._lock:
            if today != self._day:
                self._day = today
                self._counts.clear()
            if self._counts[endpoint] >= self.limits.get(endpoint, self._counts[endpoint] + 1):
                raise ErrcodeError(45009, "reach max api daily quota limit")
            self._counts[endpoint] += 1
