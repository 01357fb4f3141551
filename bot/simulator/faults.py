"""Planned misbehaviour of the platform's endpoints, for the tests of those who call them."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from threading import Event, Lock
from typing import Literal

FaultKind = Literal["errcode", "status", "delay", "drip", "html", "empty", "oversize", "redirect", "cut"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned answer. Build it with the class methods."""

    kind: FaultKind
    errcode: int = 0
    errmsg: str = ""
    status: int = 200
    seconds: float = 0.0  # of a delay, or between two bytes of a drip
    size: int = 0  # bytes
    url: str = ""
    after_work: bool = False  # the endpoint does its work first, and only the answer goes wrong

    @classmethod
    def refuse(cls, errcode: int, errmsg: str = "") -> Fault:
        """Answer 200 with this errcode."""
        return cls("errcode", errcode=errcode, errmsg=errmsg or f"planned {errcode}")

    @classmethod
    def answer_status(cls, status: int) -> Fault:
        """Answer this HTTP status with an empty body."""
        return cls("status", status=status)

    @classmethod
    def wait(cls, seconds: float, *, after_work: bool = False) -> Fault:
        """Answer correctly, `seconds` late; before the work, or after it."""
        return cls("delay", seconds=seconds, after_work=after_work)

    @classmethod
    def drip(cls, seconds: float, size: int = 1_000_000) -> Fault:
        """Answer 200 and then one byte every `seconds`, `size` bytes in all."""
        return cls("drip", seconds=seconds, size=size)

    @classmethod
    def answer_html(cls, status: int = 200) -> Fault:
        """Answer a page, as a proxy or a maintenance host does."""
        return cls("html", status=status)

    @classmethod
    def answer_nothing(cls) -> Fault:
        """Answer 200 with zero bytes."""
        return cls("empty")

    @classmethod
    def pour(cls, size: int) -> Fault:
        """Answer `size` bytes of an endless-looking picture without a Content-Length."""
        return cls("oversize", size=size)

    @classmethod
    def redirect(cls, url: str, status: int = 302) -> Fault:
        """Answer a redirect."""
        return cls("redirect", status=status, url=url)

    @classmethod
    def cut(cls, *, after_work: bool = False) -> Fault:
        """Close the connection without an answer; with `after_work` when the work is already done."""
        return cls("cut", after_work=after_work)


class Faults:
    """What goes wrong next, by endpoint; endpoints are named by their path without /cgi-bin/."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._planned: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._lasting: dict[str, Fault] = {}
        self._released = Event()

    def plan(self, endpoint: str, fault: Fault, times: int = 1) -> None:
        """Let the next `times` calls of the endpoint meet this fault, after those planned before."""
        with self._lock:
            self._planned[endpoint].extend([fault] * times)

    def plan_always(self, endpoint: str, fault: Fault) -> None:
        """Let every call of the endpoint meet this fault until `clear`."""
        with self._lock:
            self._lasting[endpoint] = fault

    def clear(self) -> None:
        """Forget all plans."""
        with self._lock:
            self._planned.clear()
            self._lasting.clear()

    def find_next(self, endpoint: str) -> Fault | None:
        """Take the fault that the next call meets."""
        with self._lock:
            planned = self._planned[endpoint]
            return planned.popleft() if planned else self._lasting.get(endpoint)

    def pause(self, seconds: float) -> bool:
        """Wait, but no longer than until `release`; return whether it was released."""
        return self._released.wait(seconds)

    def release(self) -> None:
        """End every wait now and from now on, so that a server can stop."""
        self._released.set()
