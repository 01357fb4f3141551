"""The real demo, run as a newcomer runs it, and the Chromium that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bot.simulator.people import SAMPLE_PEOPLE

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY_SECONDS = 60
STOP_SECONDS = 40
CODE = re.compile(r"\d{4}-\d{3,}")
_PRINTED = re.compile(
    r"(?P<chat>http://\S+/sim/)\s.*?(?P<admin>http://\S+/admin/)\s+\S+\s+(?P<name>\S+)\s+(?P<word>\S+)", re.S
)


class NoChromiumError(Exception):
    """Raised where no Chromium is installed."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo printed, and where it keeps its things."""

    chat_url: str
    admin_url: str
    username: str
    password: str
    folder: Path

    @property
    def host(self) -> str:
        """Return host and port, to which alone the pages may turn."""
        return self.chat_url.split("/")[2]

    def tell(self, person: str, **fields: object) -> list[str]:
        """Send something as a person of the sample, without a browser, and return the bot's answers."""
        openid = next(each.openid for each in SAMPLE_PEOPLE if each.name.endswith(person))
        answer = requests.post(f"{self.chat_url}api/send", json={"person": openid, **fields}, timeout=10)
        answer.raise_for_status()
        return [shown or "" for shown in answer.json()["shown"]]

    def report(self, person: str, text: str, *, photo: str = "") -> str:
        """Send a new hazard as a person of the sample and return its report code.

        A photo joins what the person sent before, so only somebody who has sent nothing yet can send one.
        """
        if photo:
            self.tell(person, kind="samples", samples=[f"{photo}.jpg"])
        said = self.tell(person, kind="text", text=text if photo else f"另外，{text}")[-1]
        found = CODE.search(said)
        assert found, f"no report code in the answer {said!r}"
        return found[0]


def find_chromium() -> str:
    """Return the path of a Chromium; raises NoChromiumError with what to do."""
    for name in CHROMIUM_NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    raise NoChromiumError(
        "There is no Chromium on this machine. ./check installs it; on Debian: apt-get install chromium"
    )


@contextmanager
def run_demo(folder: Path, *, has_seed: bool) -> Iterator[Demo]:
    """Run `suishoupai demo` until the block ends; a demo that does not end well is an error."""
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", "--dir", str(folder)]
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*command, *([] if has_seed else ["--no-seed"])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
    try:
        yield _wait_until_ready(process, folder, log)
    finally:
        process.terminate()
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert code == 0, f"the demo ended with {code}:\n{log.read_text(encoding='utf-8')[-4000:]}"


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path, log: Path) -> Demo:
    printed = ""
    if process.stdout is None:
        raise RuntimeError("the demo was started without a pipe")
    watch = threading.Timer(READY_SECONDS, process.kill)  # a demo that prints nothing would be waited for without end
    watch.start()
    for line in process.stdout:
        printed += line.decode("utf-8")
        found = _PRINTED.search(printed)
        if found:
            break
    else:
        raise AssertionError(f"the demo stopped early:\n{printed}{log.read_text(encoding='utf-8')[-4000:]}")
    watch.cancel()
    demo = Demo(found["chat"], found["admin"], found["name"], found["word"], folder)
    deadline = time.monotonic() + READY_SECONDS
    pause = threading.Event()
    while True:
        try:
            if requests.get(f"http://{demo.host}/readyz", timeout=5).status_code == 200:
                return demo
        except requests.ConnectionError:
            pass  # it is still coming up
        if time.monotonic() > deadline or process.poll() is not None:
            raise AssertionError(f"the demo is not ready:\n{log.read_text(encoding='utf-8')[-4000:]}")
        pause.wait(0.1)
