"""The application as a whole: is it well, what it counts, and what every answer carries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, make_url, text

from bot.app import SECURITY_HEADERS, create_app
from storage.attachments import AttachmentState
from storage.database import Database
from storage.heartbeats import JOBS, record_heartbeat
from storage.messages import MessageState
from storage.reports.tables import ReportState
from tests import databases
from tests.bot.jobs.programs import Watched, make_program
from tests.factories import make_message, make_photo, make_report
from tests.intake import make_xml
from tests.running import sign

OPENID = "oTESTperson00000000000000001"
READY = {"ready": True, "database": "ok", "files": "ok", "jobs": "ok"}


@pytest.fixture
def watched(sqlite_database: Database, tmp_path: Path) -> Watched:
    return make_program(sqlite_database, tmp_path)


@pytest.fixture
def app(watched: Watched) -> Flask:
    return create_app(watched.program)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def beat(watched: Watched) -> None:
    with watched.program.database.write() as db:
        record_heartbeat(db, JOBS, now=watched.clock.at)


def read_metrics(client: FlaskClient) -> dict[tuple[str, str], float]:
    """Return the values by name and, where there is a label, its value."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("suishoupai")
    }


# -- health ----------------------------------------------------------------------------------------------------------


def test_is_alive_even_without_jobs(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "ok\n", "text/plain")


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (30, 200), (30.001, 503), (86_400, 503)])
def test_is_ready_while_the_jobs_give_signs_of_life(
    watched: Watched, client: FlaskClient, seconds: float, status: int
) -> None:
    beat(watched)
    watched.clock.advance(seconds=seconds)
    answer = client.get("/readyz")
    assert answer.status_code == status
    assert answer.json == (READY if status == 200 else READY | {"ready": False, "jobs": "away"})


def test_is_not_ready_before_the_jobs_have_run(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, READY | {"ready": False, "jobs": "away"})


def test_is_not_ready_without_its_files(watched: Watched, client: FlaskClient) -> None:
    beat(watched)
    folder = Path(watched.program.settings.media.store_url.removeprefix("file://"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file in the folder's place")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, READY | {"ready": False, "files": "away"})


@pytest.fixture
def lost(postgres_url: str, postgres_template: str, tmp_path: Path) -> Iterator[FlaskClient]:
    """Give a client of an application whose database goes away after the start."""
    with databases.make_postgres_database(postgres_url, template=postgres_template) as url:
        database = Database(url)
        app = create_app(make_program(database, tmp_path).program)
        engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            name = make_url(url).database
            db.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            db.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"), {"n": name})
        engine.dispose()
        yield app.test_client()
        database.close()


def test_without_its_database_it_is_alive_not_ready_and_still_counts(lost: FlaskClient) -> None:
    assert lost.get("/healthz").status_code == 200
    answer = lost.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"ready": False, "database": "away", "files": "ok", "jobs": "away"}
    metrics = read_metrics(lost)
    assert metrics["suishoupai_database_reachable", ""] == 0
    assert ("suishoupai_attachments_pending", "") not in metrics
    refused = lost.post("/wechat", query_string=sign(0), data=b"<xml/>")
    assert (refused.status_code, refused.data) == (403, b"")


# -- metrics ---------------------------------------------------------------------------------------------------------


def test_gauges_tell_how_much_work_waits(watched: Watched, client: FlaskClient) -> None:
    beat(watched)
    watched.clock.advance(seconds=7)
    with watched.program.database.write() as db:
        for state, count in ((MessageState.UNSORTED, 3), (MessageState.FAILED, 1), (MessageState.DONE, 2)):
            for _ in range(count):
                make_message(db, state=state)
        report_id = make_report(db)
        make_report(db, state=ReportState.CLOSED)
        make_photo(db, report_id=report_id, state=AttachmentState.PENDING)
        make_photo(db, report_id=report_id)
    metrics = read_metrics(client)
    assert metrics["suishoupai_database_reachable", ""] == 1
    box = {label: value for (name, label), value in metrics.items() if name == "suishoupai_box_messages"}
    assert box == {"unsorted": 3, "failed": 1, "unreadable": 0}
    reports = {label: value for (name, label), value in metrics.items() if name == "suishoupai_reports"}
    assert reports == {state.value: 0 for state in ReportState} | {"received": 1, "closed": 1}
    assert metrics["suishoupai_attachments_pending", ""] == 1
    assert metrics["suishoupai_jobs_heartbeat_age_seconds", ""] == 7


def test_gauges_count_no_further_than_they_say(
    watched: Watched, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.counts.count_work.__kwdefaults__", {"most": 2})
    with watched.program.database.write() as db:
        for _ in range(3):
            make_report(db)
    assert read_metrics(client)["suishoupai_reports", "received"] == 2
    assert "counted up to 2" in client.get("/metrics").text


def test_without_a_sign_of_life_there_is_no_age_of_one(client: FlaskClient) -> None:
    assert ("suishoupai_jobs_heartbeat_age_seconds", "") not in read_metrics(client)


def test_counts_what_became_of_requests(watched: Watched, client: FlaskClient) -> None:
    name = "suishoupai_webhook_requests_total"
    before = read_metrics(client)
    client.post("/wechat", query_string=sign(watched.clock.at.timestamp()), data=make_hello(watched))
    client.post("/wechat", data=b"<xml/>")
    after = read_metrics(client)
    assert after[name, "stored"] - before.get((name, "stored"), 0) == 1
    assert after[name, "refused"] - before.get((name, "refused"), 0) == 1
    seconds = ("suishoupai_webhook_seconds_count", "")
    assert after[seconds] - before.get(seconds, 0) == 2


@pytest.mark.parametrize(
    "content", [None, b"", b"\x40\0\0\0" + b"\xff" * 60], ids=["folder gone", "empty file", "damaged file"]
)
def test_unreadable_counters_do_not_take_the_gauges_with_them(
    watched: Watched, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    folder = tmp_path / "counters"
    if content is not None:
        folder.mkdir()
        (folder / "counter_1.db").write_bytes(content)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    assert read_metrics(client)["suishoupai_database_reachable", ""] == 1
    assert "counters_unreadable" in watched.list_events()


# -- every answer ----------------------------------------------------------------------------------------------------


def make_hello(watched: Watched) -> bytes:
    return make_xml(OPENID, "text", watched.clock.at, Content="井口的护栏断了一截")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200), ("GET", "/readyz", 503), ("GET", "/metrics", 200), ("GET", "/nowhere", 404),
        ("DELETE", "/wechat", 405), ("GET", "/wechat", 403), ("POST", "/wechat", 403), ("GET", "/admin/", 302),
        ("GET", "/admin/login", 200), ("GET", "/admin/nowhere", 404), ("GET", "/boom", 500),
    ],
)  # fmt: skip
def test_every_answer_carries_the_security_headers(app: Flask, method: str, path: str, status: int) -> None:
    app.add_url_rule("/boom", view_func=boom)
    answer = app.test_client().open(path, method=method)
    if path != "/admin/nowhere":  # whoever is not logged in is sent to the log-in
        assert answer.status_code == status
    assert {name for name, _ in SECURITY_HEADERS} <= set(answer.headers.keys())
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def boom() -> str:
    raise RuntimeError(f"quotes {OPENID}")


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/nowhere", 404, "Not Found\n"), ("GET", "/wechat/", 404, "Not Found\n"),
        ("PUT", "/wechat", 405, "Method Not Allowed\n"), ("POST", "/healthz", 405, "Method Not Allowed\n"),
        ("GET", "/boom", 500, "Internal Server Error\n"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_in_plain_words(app: Flask, method: str, path: str, status: int, body: str) -> None:
    app.add_url_rule("/boom", view_func=boom)
    answer = app.test_client().open(path, method=method)
    assert (answer.status_code, answer.text, answer.mimetype) == (status, body, "text/plain")
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("cookie", ["", "suishoupai_admin=eyJmb28iOjF9.x.y"], ids=["none sent", "one sent"])
def test_the_webhook_sets_no_cookie(watched: Watched, client: FlaskClient, cookie: str) -> None:
    answer = client.post(
        "/wechat", query_string=sign(watched.clock.at.timestamp()), data=make_hello(watched),
        headers={"Cookie": cookie} if cookie else {},
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers  # the session was not even looked at


@pytest.mark.parametrize(
    ("hops", "address"), [(0, "127.0.0.1"), (1, "10.0.0.2"), (2, "10.0.0.1")], ids=["none", "one", "two"]
)
def test_believes_as_many_proxies_as_there_are(watched: Watched, hops: int, address: str) -> None:
    web = watched.program.settings.web.model_copy(update={"proxy_hops": hops})
    object.__setattr__(watched.program, "settings", watched.program.settings.model_copy(update={"web": web}))
    app, seen = create_app(watched.program), []

    @app.get("/who")
    def tell() -> str:
        from flask import request  # noqa: PLC0415

        seen.append(request.remote_addr)
        return ""

    app.test_client().get("/who", headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.1, 10.0.0.2"})
    assert seen == [address]


def test_a_message_of_the_wrong_time_is_refused_by_the_programs_own_clock(
    watched: Watched, client: FlaskClient
) -> None:
    late = sign((watched.clock.at - timedelta(seconds=301)).timestamp())
    assert client.post("/wechat", query_string=late, data=make_hello(watched)).status_code == 403
    assert client.post("/wechat", query_string=sign(time.time() + 1e6), data=make_hello(watched)).status_code == 403
