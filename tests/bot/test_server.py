"""The program with real processes on loopback: what it answers, survives, writes and needs."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from bot.metrics_folder import VARIABLE
from bot.simulator.account import Account
from bot.simulator.platform import Platform
from bot.simulator.server import serve_platform
from bot.webhook.incoming import MAX_BODY_BYTES
from storage.database import Database, WritersPlace
from tests.bench.webhook import find_free_port
from tests.intake import APP_ID, ORIGINAL_ID, TOKEN, make_xml
from tests.running import (
    APP_SECRET,
    Running,
    list_processes,
    make_environment,
    read_memory,
    run_program,
    sign,
    wait_for,
    write_config,
)

OPENID = "oTESTperson00000000000000001"
WORDS = "井口的护栏断了一截"
WEB_MEGABYTES, JOBS_MEGABYTES = 120, 150  # DESIGN section 5


def make_hello(number: int = 0) -> bytes:
    return make_xml(f"{OPENID[:-4]}{number:04d}", "text", datetime.now(UTC), Content=WORDS)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Running]:
    """Give a program with two web workers, for what does it no harm; its output is looked at afterwards."""
    folder = tmp_path_factory.mktemp("serving")
    shutil.copyfile(sqlite_template, folder / "x.sqlite3")
    with run_program(write_config(folder, f"sqlite:///{folder}/x.sqlite3", workers=2)) as running:
        wait_for(lambda: running.get("/readyz").status_code == 200, "readiness")
        wait_for(lambda: len(running.list_workers()) == 2, "two workers")
        yield running
    check_end(running)


def check_end(running: Running) -> None:
    """The program ended well: exit code, port, processes, and nothing but JSON without personal data written."""
    assert running.process.returncode == 0
    assert list_processes(running.config) == []
    with socket.create_server(("127.0.0.1", running.port)):
        pass
    for line in running.list_output():
        assert {"event", "level", "timestamp"} <= set(json.loads(line)), line
        assert OPENID[:12] not in line
        assert WORDS not in line
        assert "signature" not in line


def speak(port: int, head: str, body: bytes = b"") -> bytes:
    """Send a request as it is and return the answer."""
    query = "&".join(f"{name}={value}" for name, value in sign(time.time()).items())
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head.format(query=query).encode() + body)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return answer


# -- what it answers -------------------------------------------------------------------------------------------------


def test_takes_a_body_in_chunks(serving: Running) -> None:
    body = make_hello(1)
    answer = serving.post(iter([body[:10], body[10:50], body[50:]]))
    assert answer.status_code == 200
    assert "Content" in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("is_chunked", [True, False], ids=["chunked", "length announced"])
@pytest.mark.parametrize(("size", "status"), [(MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)], ids=["most", "more"])
def test_refuses_a_body_that_is_too_long(serving: Running, size: int, status: int, is_chunked: bool) -> None:
    body = b"x" * size
    answer = serving.post(iter([body[:1000], body[1000:]]) if is_chunked else body)
    assert answer.status_code == status


def test_an_endless_body_is_cut_off(serving: Running) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = "POST /wechat?{query} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert speak(serving.port, head, chunk * 4 + b"0\r\n\r\n").startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /wechat?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
        ("POST /wechat?{query} HTTP/1.0\r\n\r\n", b"200"),
        ("POST /wechat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"403"),
        ("POST /wechat?{query} HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", b"400"),
        ("TRACE /wechat HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"405"),
        ("nonsense\r\n\r\n", b"400"),
    ],
    ids=["no length", "HTTP/1.0", "no signature", "no number", "TRACE", "nonsense"],
)
def test_answers_odd_requests_cleanly(serving: Running, head: str, status: bytes) -> None:
    answer = speak(serving.port, head)
    assert answer.split(b" ", 2)[1] == status
    assert b"Traceback" not in answer


def test_counts_every_request_once_whichever_worker_answers(serving: Running) -> None:
    before = count_stored(serving)
    for number in range(40):
        assert serving.post(make_hello(number)).status_code == 200
    assert count_stored(serving) - before == 40
    assert len(list(read_metrics_folder(serving).glob("counter_*.db"))) >= 3  # two workers and the jobs
    assert 'suishoupai_job_items_total{job="index_reports",outcome="done"}' in wait_for_text(serving)


def wait_for_text(running: Running) -> str:
    """Return what is counted, once the jobs process has counted something as well."""
    wait_for(lambda: "suishoupai_job_items_total{" in running.get("/metrics").text, "a count of the jobs")
    return running.get("/metrics").text


def read_metrics_folder(running: Running) -> Path:
    """Return the folder of counters that the supervisor has named to its halves."""
    pid = running.list_records("started")[0]["pid"]
    given = dict(pair.partition("=")[::2] for pair in Path(f"/proc/{pid}/environ").read_text().split("\0"))
    return Path(given[VARIABLE])


def count_stored(running: Running) -> float:
    for family in text_string_to_metric_families(running.get("/metrics").text):
        for sample in family.samples:
            if sample.name == "suishoupai_webhook_requests_total" and sample.labels == {"outcome": "stored"}:
                return sample.value
    return 0.0


def test_a_worker_and_a_half_that_are_killed_are_replaced(serving: Running) -> None:
    victim, other = serving.list_workers()
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(serving.list_workers()) == 2 and victim not in serving.list_workers(), "another worker")
    assert other in serving.list_workers()
    jobs = [record["pid"] for record in serving.list_records("started") if record["half"] == "jobs"]
    os.kill(jobs[-1], signal.SIGKILL)
    led = len(serving.list_records("jobs_leading"))
    wait_for(lambda: len(serving.list_records("jobs_leading")) > led, "another leader")
    assert serving.post(make_hello()).status_code == 200
    assert serving.get("/readyz").status_code == 200


# -- how it ends -----------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path, sqlite_database: Database) -> Path:
    return write_config(tmp_path, f"sqlite:///{sqlite_database.path}")


def test_sigterm_lets_a_running_request_finish(config: Path, sqlite_database: Database) -> None:
    file = Path(f"{sqlite_database.path}.writer")
    answers: list[requests.Response] = []
    with run_program(config) as running:
        wait_for(lambda: running.get("/readyz").status_code == 200, "readiness")
        metrics = read_metrics_folder(running)
        assert metrics.is_dir()
        sender = threading.Thread(target=lambda: answers.append(running.post(make_hello())))
        with WritersPlace(file):
            sender.start()
            wait_for(lambda: set(running.list_workers()) & set(list_openers(file)), "the request at the database")
            running.process.terminate()
            wait_for(lambda: running.list_records("Shutting down granian"), "the end of listening")
            assert not answers
        sender.join(10)
        assert answers[0].status_code == 200
        assert running.process.wait(20) == 0
    check_end(running)
    assert not metrics.exists()
    with sqlite_database.read() as db:
        assert db.execute(text("SELECT count(*) FROM messages")).scalar_one() == 1


def list_openers(file: Path) -> list[int]:
    """Return the processes that have a file open; a web worker opens the writer's place when it first wants it."""
    openers = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == file:
                openers.append(int(link.parts[2]))
    return openers


def test_nothing_outlives_a_supervisor_that_was_killed(config: Path) -> None:
    with run_program(config) as running:
        wait_for(lambda: running.list_records("jobs_leading"), "the jobs")
        running.process.kill()
        running.process.wait()
        wait_for(lambda: not list_processes(config), "the end of all")
    with socket.create_server(("127.0.0.1", running.port)):
        pass


# -- what it needs ---------------------------------------------------------------------------------------------------


def make_large_photo() -> bytes:
    """Return a photo of twelve million pixels with a few megabytes of grain."""
    stream = io.BytesIO()
    Image.effect_noise((4000, 3000), 40).convert("RGB").save(stream, "JPEG", quality=70)
    return stream.getvalue()


def test_stays_within_its_memory_with_large_photos(tmp_path: Path, sqlite_database: Database) -> None:
    port, photo = find_free_port(), make_large_photo()
    account = Account(token=TOKEN, app_id=APP_ID, app_secret=APP_SECRET, original_id=ORIGINAL_ID)
    platform = Platform(account, f"http://127.0.0.1:{port}/wechat")
    with serve_platform(platform) as api:
        config = write_config(tmp_path, f"sqlite:///{sqlite_database.path}", port=port, api=api)
        with run_program(config) as running:
            for number in range(6):
                push = platform.sign(platform.build.image(f"oPHOTO{number:022d}", photo))
                answer = requests.post(f"http://127.0.0.1:{port}/wechat", params=push.query, data=push.body, timeout=10)
                assert answer.status_code == 200
            for number in range(100):
                assert running.post(make_hello(number)).status_code == 200
            assert running.get("/admin/login").status_code == 200
            wait_for(lambda: count_kept(sqlite_database) == 6, "the photos", lambda: "\n".join(running.list_output()))
            jobs = [record["pid"] for record in running.list_records("started") if record["half"] == "jobs"]
            web = max(read_memory(pid, "VmHWM") for pid in running.list_workers())
            highest = read_memory(jobs[-1], "VmHWM")
    platform.close()
    check_end(running)
    print(f"web {web:.0f} MB, jobs {highest:.0f} MB with photos of {len(photo) / 1e6:.1f} MB")
    assert web <= WEB_MEGABYTES
    assert highest <= JOBS_MEGABYTES


def count_kept(database: Database) -> int:
    with database.read() as db:
        return int(db.execute(text("SELECT count(*) FROM attachments WHERE state = 'kept'")).scalar_one())


# -- the demo --------------------------------------------------------------------------------------------------------


def test_the_demo_writes_its_own_lines_and_no_others(tmp_path: Path) -> None:
    port, folder = find_free_port(), tmp_path / "demo"
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--no-seed", "--port", str(port), "--dir", str(folder)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=make_environment(), start_new_session=True,
        )  # fmt: skip
    running = Running(process, folder / "config.toml", port)
    try:
        wait_for(lambda: is_up(running), "the demo")
        answer = running.get("/sim/")
        assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        wait_for(lambda: not list_processes(running.config), "the end of all")
    finally:
        process.kill()
        process.wait()
        for pid in list_processes(running.config):
            os.kill(pid, signal.SIGKILL)
    written = (tmp_path / "output").read_text(encoding="utf-8")
    login = json.loads((folder / "login.json").read_text())
    assert [line.split() for line in written.splitlines() if line] == [
        ["手机聊天", f"http://127.0.0.1:{port}/sim/"], ["后台", f"http://127.0.0.1:{port}/admin/"],
        ["登录", login["username"], login["password"]], ["按", "Ctrl-C", "停止。"],
    ]  # fmt: skip


def is_up(running: Running) -> bool:
    assert running.process.poll() is None
    try:
        return running.get("/readyz").status_code == 200
    except requests.RequestException:
        return False
