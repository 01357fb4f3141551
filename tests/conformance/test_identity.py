"""Case 87 for the inbound side: no table, log line, export or page outside the vault contains an openid or a secret.

Every other case here is checked in the same way when it ends, by the fixtures.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from werkzeug.security import generate_password_hash

from bot.admin import AdminServices, register_admin
from bot.documents.cells import Format
from bot.documents.ledger import write_ledger
from bot.documents.papers import KINDS, find_paper, write_word
from bot.documents.tabular import MESSAGE_COLUMNS, REPORT_COLUMNS, write_rows
from media.errors import MissingFileError, Reason
from storage.message_export import iter_messages
from storage.messages import messages
from storage.reporters import reporters
from storage.reports.assignments import assignments
from storage.reports.export import iter_reports
from storage.reports.ledger import LedgerFilter
from storage.reports.tables import ReportState, reports
from storage.staff import Role, add_staff
from storage.units import add_unit
from tests.conformance.platform import OPENID, OTHER_OPENID, Desk, Raw, check_nothing_leaks, encrypt, make_envelope
from tests.intake import AES_KEY, APP_ID, TOKEN, make_wechat

HAZARD = "东坪村小学门口的电线掉下来了"
SCRIPT = "<script>alert(1)</script>"
SECRETS = ("oTEST", TOKEN, AES_KEY, make_wechat().app_secret.get_secret_value())
PASSWORD = "a-plain-test-password"


@pytest.fixture
def talked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Give a webhook on SQLite after one of everything that may come."""
    _talk(desk, monkeypatch)
    return desk


def _talk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send one of everything that may come, genuine and hostile."""
    desk.send("event", Event="subscribe", EventKey="qrscene_SITE-12", Ticket="T")
    desk.say(HAZARD + SCRIPT)
    desk.photo("MEDIA_1")
    desk.send("voice", MediaId="VOICE_1", Format="amr", Recognition="就是这儿")
    desk.send("location", Location_X=Raw("36.1"), Location_Y=Raw("113.2"), Label="东坪村" + SCRIPT, Scale=20)
    desk.send("link", Title="看", Description=SCRIPT, Url="javascript:alert(1)")
    desk.send("sticker", source=OPENID)
    desk.send("event", Event="something_new")
    desk.say("去年矿上死了人瞒着没报", openid=OTHER_OPENID)
    desk.say("=1+1 西坪村井口没有护栏", openid=OTHER_OPENID)
    desk.say("进度", openid=OTHER_OPENID)
    desk.say("你好", openid="oTESTgone")
    desk.send("event", openid="oTESTgone", Event="unsubscribe")
    with monkeypatch.context() as broken:
        broken.setattr("handlers.hazards.next_step", _break)
        desk.say("看看这个", openid=OTHER_OPENID)
    desk.post(f"hello {OPENID} {TOKEN}".encode())
    desk.post(desk.make_body("text", Content="x", ToUserName="gh_ffffffffffff"))
    desk.post(desk.make_body("text", Content="x"), desk.make_query(signature="0" * 40))
    desk.post(b"x" * 200_000)
    desk.request("GET", desk.make_query(echostr="1"))
    safe = Desk(desk.database, desk.clock, mode="safe", log=desk.log)
    for encrypted in (
        encrypt(desk.make_body("text", Content="你好")),
        encrypt(b"hello"),
        encrypt(b"x", app_id=APP_ID[:-1]),
    ):
        safe.post(make_envelope(encrypted), safe.make_sealed(encrypted))


def _break(*_arguments: Any, **_options: Any) -> None:
    raise LookupError(f"{OPENID} {TOKEN}")


def test_tables_and_log_lines_hold_no_identity(
    either_desk: Desk, log_lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    _talk(either_desk, monkeypatch)
    logged = log_lines.getvalue()
    check_nothing_leaks(either_desk.database, logged)
    events = {json.loads(line)["event"] for line in logged.splitlines()}
    assert events == {"handler_failed", "webhook_unreadable", "webhook_refused"}
    assert len(either_desk.list_rows(messages)) >= 15


def test_check_notices_an_openid_in_a_table_and_in_a_log_line(talked: Desk) -> None:
    with pytest.raises(AssertionError, match="an openid in log"):
        check_nothing_leaks(talked.database, f"hello {OPENID}")
    with pytest.raises(AssertionError, match="a secret in log"):
        check_nothing_leaks(talked.database, f"hello {TOKEN}")
    with talked.database.write() as db:
        db.execute(
            insert(reporters).values(
                alias="x", openid_hash="0" * 64, openid_sealed=OPENID.encode(), created_at=talked.clock.at
            )
        )
    with pytest.raises(AssertionError, match=r"an openid in reporters\.openid_sealed"):
        check_nothing_leaks(talked.database, "")
    with talked.database.write() as db:
        db.execute(reporters.delete().where(reporters.c.alias == "x"))


def test_vault_opens_to_whom_it_belongs(talked: Desk) -> None:
    opened = {
        talked.vault.open(row["openid_sealed"], "openid").decode()
        for row in talked.list_rows(reporters)
        if row["openid_sealed"] is not None
    }
    assert opened == {OPENID, OTHER_OPENID}


def test_confidential_words_are_sealed_only(talked: Desk) -> None:
    assert not [row for row in talked.list_rows(messages) if "瞒着" in row["text"]]
    payloads = [
        talked.open_payload(row).decode("utf-8", "replace")
        for row in talked.list_rows(messages)
        if row["payload_sealed"] is not None
    ]
    assert sum("瞒着" in payload for payload in payloads) == 1


@pytest.mark.parametrize("format_", ["jsonl", "csv", "xlsx"])
def test_exports_hold_no_identity(talked: Desk, format_: Format) -> None:
    for rows, columns in ((iter_reports, REPORT_COLUMNS), (iter_messages, MESSAGE_COLUMNS)):
        stream = io.BytesIO()
        with talked.database.read() as db:
            exported = list(rows(db))
            write_rows(iter(exported), columns, format_, stream)
        assert exported
        _check_text(json.dumps(exported, ensure_ascii=False))
        _check_text(stream.getvalue().decode("latin-1"))
        hashes = [row["openid_hash"] for row in talked.list_rows(reporters) if row["openid_hash"]]
        assert not any(hash_ in stream.getvalue().decode("latin-1") for hash_ in hashes)


@pytest.mark.parametrize("format_", ["jsonl", "csv", "xlsx"])
def test_ledgers_hold_no_identity_and_no_words_of_reporters(talked: Desk, format_: Format) -> None:
    codes = _hand_everything_over(talked)
    stream = io.BytesIO()
    with talked.database.read() as db:
        figures = write_ledger(db, LedgerFilter(has_merged=True), format_, stream, now=talked.clock.at)
    assert figures.rows == len(codes)
    _check_file(talked, stream.getvalue())


@pytest.mark.parametrize("kind", KINDS)
def test_papers_hold_no_identity_and_no_words_of_reporters(talked: Desk, kind: str) -> None:
    for code in _hand_everything_over(talked):
        with talked.database.read() as db:
            paper = find_paper(db, code, kind)
        assert paper is not None
        _check_text(str(paper))
        _check_file(talked, write_word(paper))


def _hand_everything_over(talked: Desk) -> list[str]:
    """Assign every report to a unit, in words that are nobody's, and return the codes."""
    with talked.database.write() as db:
        unit_id = add_unit(db, name="样例站", kind="office", aliases=[], now=talked.clock.at)
        rows = db.execute(select(reports.c.id, reports.c.code)).all()
        for row in rows:
            db.execute(
                insert(assignments).values(
                    report_id=row.id,
                    unit_id=unit_id,
                    assigned_at=talked.clock.at,
                    assigned_by="staff:reviewer",
                    place="样例地点",
                    problem="样例问题",
                    requirement="样例要求",
                    due_at=talked.clock.at,
                )
            )
        db.execute(update(reports).values(state=ReportState.ASSIGNED, gather_until=None, submitted_at=talked.clock.at))
    assert rows
    return [row.code for row in rows]


def _check_file(talked: Desk, content: bytes) -> None:
    """Look into a file, and into every part of one that is an archive, for whatever only a reporter has."""
    parts = [content]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    own = [word for row in talked.list_rows(reports) for word in (row["description"], row["place_label"]) if word]
    own += [row["alias"] for row in talked.list_rows(reporters)]
    own += [row["openid_hash"] for row in talked.list_rows(reporters) if row["openid_hash"]]
    assert own
    for part in parts:
        text = part.decode("utf-8", "replace")
        _check_text(text)
        _check_text(part.decode("latin-1"))
        assert [word for word in own if word in text] == []


def _check_text(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


# -- the staff's pages -----------------------------------------------------------------------------------------------


class _NoFiles:
    def get(self, key: str) -> bytes:
        raise MissingFileError(Reason.MISSING_FILE)


@pytest.fixture
def log_in(talked: Desk) -> Iterator[Callable[[Role], FlaskClient]]:
    """Give a way to become a member of staff with a role."""
    app = Flask("pages")
    app.secret_key = "a secret key for tests only"
    app.testing = True
    method = "scrypt:1024:1:1"
    register_admin(
        app,
        AdminServices(
            database=talked.database, store=_NoFiles(), now=talked.clock, is_https=False, password_method=method
        ),
    )
    password_hash = generate_password_hash(PASSWORD, method=method)

    def become(role: Role) -> FlaskClient:
        with talked.database.write() as db:
            add_staff(
                db,
                username=role.value,
                display_name="某",
                role=role,
                password_hash=password_hash,
                now=talked.clock.at,
            )
        client = app.test_client()
        page = client.get("/admin/login").get_data(as_text=True)
        found = re.search(r'name="csrf[_-]token" (?:value|content)="([^"]+)"', page)
        assert found is not None
        fields = {"csrf_token": found[1], "username": role.value, "password": PASSWORD}
        assert client.post("/admin/login", data=fields).status_code == 302
        return client

    yield become
    talked.database.engine.dispose()


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMIN, Role.KEEPER])
def test_pages_hold_no_identity_and_run_no_script(
    talked: Desk, log_in: Callable[[Role], FlaskClient], role: Role
) -> None:
    client = log_in(role)
    codes = [row["code"] for row in talked.list_rows(reports)]
    assert codes
    seen = 0
    for path in ("/", "/reports", "/reports?q=东坪", "/inbox", "/ledger", *(f"/reports/{code}" for code in codes)):
        answer = client.get("/admin" + path, follow_redirects=True)
        text = answer.get_data(as_text=True)
        assert answer.status_code in (200, 403)
        seen += answer.status_code == 200
        _check_text(text)
        _check_text(str(answer.headers))
        assert SCRIPT not in text
        assert 'href="javascript:' not in text
    assert role is not Role.REVIEWER or seen == 5 + len(codes)
    if role is Role.REVIEWER:
        assert "&lt;script&gt;" in client.get(f"/admin/reports/{codes[0]}").get_data(as_text=True)
