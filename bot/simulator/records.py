"""What the platform remembers for people and assertions: calls, chat bubbles, and pushes that travelled."""

from __future__ import annotations

import itertools
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Literal, TypeAlias

from bot.simulator.delivery import Delivery

Side: TypeAlias = Literal["person", "account", "note"]

_MAX_CALLS = 5_000
_MAX_TRAVELS = 300
_MAX_BUBBLES_OF_ONE = 300
_MAX_CHATS = 2_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an endpoint; `sent` never holds a secret or a token."""

    endpoint: str
    at: datetime
    sent: Mapping[str, Any]
    errcode: int  # 0 for success
    fault: str = ""  # the kind of the planned fault it met


@dataclass(frozen=True, slots=True)
class Bubble:
    """One thing in the chat of one person, as the phone shows it."""

    number: int
    side: Side
    kind: str
    text: str
    at: datetime
    picture_id: str = ""
    point: tuple[float, float] | None = None  # lat, lng
    rows: tuple[tuple[str, str], ...] = ()  # of a template message
    link: str = ""
    client_key: str = ""


class CallLog:
    """The newest calls."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: deque[Call] = deque(maxlen=_MAX_CALLS)

    def add_call(self, call: Call) -> None:
        """Keep one call."""
        with self._lock:
            self._calls.append(call)

    def list_calls(self, endpoint: str = "") -> list[Call]:
        """Return the calls of one endpoint, or all of them, oldest first."""
        with self._lock:
            return [call for call in self._calls if not endpoint or call.endpoint == endpoint]


class ChatLog:
    """The newest bubbles of every person; numbers rise over all chats."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = itertools.count(1)
        self._chats: OrderedDict[str, deque[Bubble]] = OrderedDict()

    def add_bubble(self, openid: str, side: Side, kind: str, text: str, at: datetime, **more: Any) -> Bubble:
        """Append one bubble; `more` are the optional fields of Bubble."""
        with self._lock:
            bubble = Bubble(next(self._numbers), side, kind, text, at, **more)
            self._chats.setdefault(openid, deque(maxlen=_MAX_BUBBLES_OF_ONE)).append(bubble)
            self._chats.move_to_end(openid)
            while len(self._chats) > _MAX_CHATS:
                self._chats.popitem(last=False)
            return bubble

    def list_bubbles(self, openid: str, after: int = 0) -> list[Bubble]:
        """Return the bubbles of one person with a number above `after`, oldest first."""
        with self._lock:
            return [bubble for bubble in self._chats.get(openid, ()) if bubble.number > after]


@dataclass(frozen=True, slots=True)
class Travel:
    """One delivered push with its place in the log."""

    number: int
    at: datetime
    delivery: Delivery


@dataclass(slots=True)
class TravelLog:
    """The newest deliveries."""

    _travels: deque[Travel] = field(default_factory=lambda: deque(maxlen=_MAX_TRAVELS))
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: Lock = field(default_factory=Lock)

    def add_delivery(self, delivery: Delivery, at: datetime) -> None:
        """Keep one delivery."""
        with self._lock:
            self._travels.append(Travel(next(self._numbers), at, delivery))

    def list_travels(self, after: int = 0) -> list[Travel]:
        """Return the deliveries with a number above `after`, oldest first."""
        with self._lock:
            return [travel for travel in self._travels if travel.number > after]
