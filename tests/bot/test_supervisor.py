"""The supervisor: what dies is started again, what is told to stop stops, and nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from bot import supervisor
from bot.supervisor import Supervisor, build_commands
from tests.running import wait_for

_PATIENT = [sys.executable, "-c", "import sys; sys.stdin.read()"]
_STUBBORN = [
    sys.executable, "-c",
    "import signal, sys, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "open(sys.argv[1], 'w').close(); threading.Event().wait()",
]  # fmt: skip
_CAREFUL = [
    sys.executable, "-c",
    "import pathlib, signal, sys, threading\n"
    "done = threading.Event()\n"
    "signal.signal(signal.SIGTERM, lambda *_: done.set())\n"
    "pathlib.Path(sys.argv[1]).touch()\n"
    "done.wait()\n"
    "pathlib.Path(sys.argv[1]).write_text('finished')\n",
]  # fmt: skip
_FOLLOWER = "from bot.supervisor import stop_with_supervisor; import threading; stop_with_supervisor(); {rest}"


@pytest.fixture
def lines() -> LogCapture:
    return LogCapture()


@pytest.fixture
def run(lines: LogCapture) -> Iterator[Callable[..., int]]:
    """Run halves in this thread and `meanwhile` in another, which ends with a signal; gives the exit code."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    log = structlog.wrap_logger(None, processors=[lines], wrapper_class=structlog.make_filtering_bound_logger(0))

    def run(
        commands: dict[str, list[str]], meanwhile: Callable[[], object], number: signal.Signals = signal.SIGTERM
    ) -> int:
        failures: list[BaseException] = []

        def stop_afterwards() -> None:
            try:
                meanwhile()
            except BaseException as error:
                failures.append(error)
            finally:
                os.kill(os.getpid(), number)

        thread = threading.Thread(target=stop_afterwards)
        thread.start()
        code = Supervisor(commands, log).run()
        thread.join(10)
        if failures:
            raise failures[0]
        return code

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def get_pids(lines: LogCapture, half: str) -> list[int]:
    return [line["pid"] for line in lines.entries if line["event"] == "started" and line["half"] == half]


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_half_finishes_before_the_supervisor_ends(
    run: Callable[..., int], lines: LogCapture, tmp_path: Path, number: signal.Signals
) -> None:
    mark = tmp_path / "mark"
    code = run({"one": [*_CAREFUL, str(mark)]}, lambda: wait_for(mark.exists, "the half"), number)
    assert (code, mark.read_text()) == (0, "finished")
    assert not is_running(get_pids(lines, "one")[0])


def test_a_half_that_does_not_stop_is_killed_and_said_so(
    run: Callable[..., int], lines: LogCapture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    mark = tmp_path / "mark"
    commands = {"stubborn": [*_STUBBORN, str(mark)], "patient": _PATIENT}
    assert run(commands, lambda: wait_for(mark.exists, "the half")) == 1
    assert [line["half"] for line in lines.entries if line["event"] == "killed"] == ["stubborn"]
    assert not any(is_running(pid) for half in commands for pid in get_pids(lines, half))


def test_a_half_that_was_killed_is_started_again_and_the_other_left_alone(
    run: Callable[..., int], lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_WAIT_SECONDS", 0.05)

    def kill_one() -> None:
        wait_for(lambda: get_pids(lines, "one") and get_pids(lines, "two"), "the halves")
        os.kill(get_pids(lines, "one")[0], signal.SIGKILL)
        wait_for(lambda: len(get_pids(lines, "one")) == 2, "another")

    assert run({"one": _PATIENT, "two": _PATIENT}, kill_one) == 0
    (died,) = [line for line in lines.entries if line["event"] == "died"]
    assert (died["half"], died["code"], died["log_level"]) == ("one", -signal.SIGKILL, "error")
    assert len(get_pids(lines, "two")) == 1


def test_a_half_that_keeps_dying_is_started_ever_more_rarely(
    run: Callable[..., int], lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]

    def tick() -> float:
        clock[0] += 1.0  # at every look
        return clock[0]

    monkeypatch.setattr(supervisor.time, "monotonic", tick)

    def count_deaths() -> list[float]:
        return [line["restart_in_seconds"] for line in lines.entries if line["event"] == "died"]

    def wait_for_three() -> None:
        pause = threading.Event()
        while len(count_deaths()) < 3:  # `wait_for` would look at the clock above
            pause.wait(0.02)
        monkeypatch.undo()

    run({"one": [sys.executable, "-S", "-c", ""]}, wait_for_three)
    assert count_deaths()[:3] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_half_ends_when_its_supervisor_is_gone_however_it_went(how: str) -> None:
    half = [sys.executable, "-c", _FOLLOWER.format(rest="print('up', flush=True); threading.Event().wait()")]
    if how == "closed":
        with subprocess.Popen(half, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdout.readline()
            process.stdin.close()
            assert process.wait(10) == -signal.SIGTERM
        return
    parent = f"import subprocess, time; subprocess.Popen({half!r}, stdin=subprocess.PIPE); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
        assert process.stdout.read() == b""  # the half held the other end of this pipe, so it has ended


def test_the_halves_are_this_program_on_the_same_configuration(tmp_path: Path) -> None:
    commands = build_commands(tmp_path / "config.toml", is_demo=True)
    assert list(commands) == ["web", "jobs"]
    for name, command in commands.items():
        assert list(command[:5]) == [sys.executable, "-m", "bot", "--config", str(tmp_path / "config.toml")]
        assert list(command[5:7]) == ["serve", name]
        assert "--supervised" in command
    assert ("--demo" in commands["web"], "--demo" in commands["jobs"]) == (True, False)
    assert "--demo" not in build_commands(tmp_path / "config.toml")["web"]
