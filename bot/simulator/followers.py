"""Who follows, and how many customer-service messages each of them may still get."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from bot.simulator.envelopes import Envelope
from bot.simulator.errors import ErrcodeError

MESSAGE_ALLOWANCE = (5, timedelta(hours=48))
CLICK_ALLOWANCE = (3, timedelta(minutes=1))
_ALLOWANCES = {
    "event:CLICK": CLICK_ALLOWANCE,
    "event:scancode_push": CLICK_ALLOWANCE,
    "event:scancode_waitmsg": CLICK_ALLOWANCE,
    "event:subscribe": CLICK_ALLOWANCE,
    "event:SCAN": CLICK_ALLOWANCE,
}
_MAX_STANDINGS = 50_000


@dataclass(slots=True)
class _Window:
    left: int
    ends_at: datetime


@dataclass(slots=True)
class Standing:
    """What the platform remembers of one openid."""

    following: bool = True
    since: datetime | None = None
    windows: dict[str, _Window] = field(default_factory=dict)  # by trigger: "message" or the event


class Followers:
    """The standings of the newest openids, behind one lock."""

    def __init__(self, openids: Iterable[str], not_following: Iterable[str], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._standings = OrderedDict((openid, Standing(since=clock())) for openid in openids)
        for openid in not_following:
            self._standings[openid] = Standing(following=False)

    def record_push(self, envelope: Envelope) -> None:
        """Follow or unfollow, and open the allowance that this push brings.

        A further message starts a fresh allowance of five; whether the real platform adds the rest of the old one is
        not documented, so the stricter reading is used.
        """
        now = self._clock()
        with self._lock:
            standing = self._standings.setdefault(envelope.openid, Standing(since=now))
            self._standings.move_to_end(envelope.openid)
            while len(self._standings) > _MAX_STANDINGS:
                self._standings.popitem(last=False)
            if envelope.kind == "event:unsubscribe":
                standing.following = False
                standing.windows.clear()
                return
            if envelope.kind == "event:subscribe":
                standing.following, standing.since = True, now
            allowance = _ALLOWANCES.get(envelope.kind) if envelope.is_event else MESSAGE_ALLOWANCE
            if allowance is not None:
                number, duration = allowance
                trigger = envelope.kind if envelope.is_event else "message"
                standing.windows[trigger] = _Window(number, now + duration)

    def take_allowance(self, openid: str) -> None:
        """Spend one customer-service message, out of the window that ends first.

        Raises 40003 (nobody), 43004 (does not follow; 45015 is seen for it too), 45015 (no window is open), 45047
        (a window is open and empty).
        """
        now = self._clock()
        with self._lock:
            standing = self._get_follower(openid)
            windows = sorted(
                (window for window in standing.windows.values() if now < window.ends_at),
                key=lambda window: window.ends_at,
            )
            if not windows:
                raise ErrcodeError(45015, "response out of time limit or subscription is canceled")
            for window in windows:
                if window.left:
                    window.left -= 1
                    return
            raise ErrcodeError(45047, "out of response count limit")

    def check_follower(self, openid: str) -> None:
        """Raise 40003 for an unknown openid and 43004 for one that does not follow."""
        with self._lock:
            self._get_follower(openid)

    def is_following(self, openid: str) -> bool:
        """Tell whether this openid follows now."""
        with self._lock:
            standing = self._standings.get(openid)
            return standing is not None and standing.following

    def get_standing(self, openid: str) -> tuple[bool, datetime | None]:
        """Return whether and since when; raises 40003 for an unknown openid."""
        with self._lock:
            standing = self._standings.get(openid)
            if standing is None:
                raise ErrcodeError(40003, "invalid openid")
            return standing.following, standing.since

    def _get_follower(self, openid: str) -> Standing:
        standing = self._standings.get(openid)
        if standing is None:
            raise ErrcodeError(40003, "invalid openid")
        if not standing.following:
            raise ErrcodeError(43004, "require subscribe")
        return standing
