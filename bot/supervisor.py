"""Starts the halves of the program as processes of their own, restarts what dies, and stops them in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from structlog.typing import FilteringBoundLogger

STOP_SECONDS = 25  # how long a half may take to finish its running requests and jobs
LONGEST_WAIT_SECONDS = 30


@dataclass
class _Half:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait_seconds: float = 0.5
    restart_at: float = field(default=0.0)


def build_commands(config: Path, *, is_demo: bool = False) -> dict[str, Sequence[str]]:
    """Return the commands of the two halves of the program."""
    program = [sys.executable, "-m", "bot", "--config", str(config), "serve"]
    return {
        "web": [*program, "web", "--supervised", *(["--demo"] if is_demo else [])],
        "jobs": [*program, "jobs", "--supervised"],
    }


def stop_with_supervisor() -> None:
    """Stop this process when its supervisor is gone, however it went: the pipe that it holds is closed then."""

    def wait_for_end() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, name="supervisor-watch", daemon=True).start()


class Supervisor:
    """Keeps a few child processes running until it is told to stop."""

    def __init__(self, commands: dict[str, Sequence[str]], log: FilteringBoundLogger) -> None:
        """`commands` are argument lists by the names of the halves."""
        self._halves = [_Half(name, command) for name, command in commands.items()]
        self._log = log
        self._stopping = threading.Event()

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; returns 0, or 1 when a half had to be killed."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping.is_set():
            for half in self._halves:
                self._look_after(half)
            self._stopping.wait(0.2)
        return self._stop_all()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _look_after(self, half: _Half) -> None:
        now = time.monotonic()
        if half.process is None:
            if now >= half.restart_at:
                # A session of its own keeps the terminal's Ctrl-C from reaching the half before its turn.
                half.process = subprocess.Popen(  # noqa: S603  # our own program
                    half.command, stdin=subprocess.PIPE, start_new_session=True
                )
                half.started_at = now
                self._log.info("started", half=half.name, pid=half.process.pid)
            return
        code = half.process.poll()
        if code is None:
            return
        has_lasted = now - half.started_at > LONGEST_WAIT_SECONDS
        half.wait_seconds = 0.5 if has_lasted else min(half.wait_seconds * 2, LONGEST_WAIT_SECONDS)
        half.restart_at = now + half.wait_seconds
        _close_pipe(half.process)
        half.process = None
        self._log.error("died", half=half.name, code=code, restart_in_seconds=half.wait_seconds)

    def _stop_all(self) -> int:
        running = [half for half in self._halves if half.process is not None]
        for half in running:
            if half.process is not None:
                half.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        is_clean = True
        for half in running:
            if half.process is None:
                continue
            try:
                half.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._log.error("killed", half=half.name)
                half.process.kill()
                half.process.wait()
                is_clean = False
            _close_pipe(half.process)
        return 0 if is_clean else 1


def _close_pipe(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
