"""The program as an operator runs it: a configuration on disk, processes of its own, a signed request."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bot.metrics_folder import VARIABLE
from tests.bench.webhook import find_free_port
from tests.intake import APP_ID, ORIGINAL_ID, TOKEN

APP_SECRET = "0123456789abcdef" * 2
MOST_SECONDS = 30  # for anything that a test waits for; all of it takes a second or two


def write_config(
    folder: Path, database_url: str, *, port: int = 0, workers: int = 1, level: str = "info", api: str = ""
) -> Path:
    """Write a complete configuration with its key file into a folder and return its path."""
    key = folder / "vault.key"
    key.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    key.chmod(0o600)
    config = folder / "config.toml"
    config.write_text(
        f"""[wechat]
token = "{TOKEN}"
app_id = "{APP_ID}"
app_secret = "{APP_SECRET}"
original_id = "{ORIGINAL_ID}"
mode = "plain"
{f'api_base_url = "{api}"' if api else ""}
[web]
port = {port or find_free_port()}
workers = {workers}
secret_key = "{secrets.token_hex(32)}"
[database]
url = "{database_url}"
[vault]
key_file = "vault.key"
[logging]
level = "{level}"
""",
        encoding="utf-8",
    )
    return config


def make_environment() -> dict[str, str]:
    """Return the environment without what a test before this one may have set."""
    return {name: value for name, value in os.environ.items() if name != VARIABLE and not name.startswith("SUISHOUPAI")}


@dataclass
class Running:
    """One `serve` with everything below it."""

    process: subprocess.Popen[bytes]
    config: Path
    port: int

    def get(self, path: str) -> requests.Response:
        """Ask for a page over a connection of its own, so that any worker may answer."""
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def post(self, body: bytes | Iterator[bytes], **more: Any) -> requests.Response:
        """Post a signed message."""
        return requests.post(
            f"http://127.0.0.1:{self.port}/wechat", params=sign(time.time()), data=body, timeout=10, **more
        )

    def list_output(self) -> list[str]:
        """Return the lines that the program wrote, to standard output and standard error alike."""
        return (self.config.parent / "output").read_text(encoding="utf-8").splitlines()

    def list_records(self, event: str) -> list[dict[str, Any]]:
        """Return the log records with this event."""
        with suppress(ValueError):  # the last line may be half written
            return [record for record in map(json.loads, self.list_output()) if record["event"] == event]
        return []

    def list_workers(self) -> list[int]:
        """Return the web workers."""
        (web,) = [record["pid"] for record in self.list_records("started") if record["half"] == "web"][-1:]
        return list_children(web)


@contextmanager
def run_program(config: Path, *command: str) -> Iterator[Running]:
    """Run a command, `serve` unless another is named, until it is ready; SIGTERM at the end must be obeyed."""
    port = int(config.read_text(encoding="utf-8").partition("port = ")[2].split()[0])
    with (config.parent / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "--config", str(config), *(command or ("serve",))],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env=make_environment() | {"TMPDIR": str(config.parent)},  # a killed program leaves its counters there
        )  # fmt: skip
    running = Running(process, config, port)
    try:
        wait_for(lambda: _answers(running), "an answer", lambda: "\n".join(running.list_output()))
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(MOST_SECONDS)
        finally:
            for pid in list_processes(config):
                os.kill(pid, 9)
            process.wait()


def wait_for(condition: Callable[[], object], name: str, explain: Callable[[], str] = str) -> None:
    """Return as soon as a condition is true; fails when that takes too long."""
    until = time.monotonic() + MOST_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < until, f"{name} did not come in {MOST_SECONDS} s {explain()[-3000:]}"
        pause.wait(0.05)


def sign(now: float) -> dict[str, str]:
    """Return a query as the platform signs it."""
    timestamp, nonce = str(int(now)), secrets.token_hex(6)
    signature = hashlib.sha1("".join(sorted((TOKEN, timestamp, nonce))).encode()).hexdigest()
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def list_processes(config: Path) -> list[int]:
    """Return the processes that run with a configuration."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(config) in path.read_text(errors="replace") and _is_alive(int(path.parent.name)):
                found.append(int(path.parent.name))
    return found


def list_children(pid: int) -> list[int]:
    """Return the living children of a process."""
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if _is_alive(int(one))]
    return []


def read_memory(pid: int, key: str = "VmRSS") -> float:
    """Return the resident memory of a process in megabytes, or its highest with VmHWM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:"))


def _is_alive(pid: int) -> bool:
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def _answers(running: Running) -> bool:
    assert running.process.poll() is None, "\n".join(running.list_output())[-3000:]
    with suppress(requests.RequestException):
        return running.get("/healthz").status_code == 200
    return False
