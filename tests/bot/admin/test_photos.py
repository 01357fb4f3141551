"""Photos: only for whoever is logged in, only with a fresh signature for that very copy."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask

from storage.attachments import purge_report_attachments
from storage.database import Database
from tests.bot.admin.conftest import Browser, Clock, Files
from tests.factories import make_photo, make_report

JPEG = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
def report_id(sqlite_database: Database) -> int:
    with sqlite_database.write() as db:
        return make_report(db, code="2611-900")


def make_kept(database: Database, files: Files, report_id: int, **values: object) -> int:
    with database.write() as db:
        photo = make_photo(db, report_id=report_id, clean_key="c", thumbnail_key="t", **values)
    files.by_key.update({"c": JPEG, "t": JPEG + b" small"})
    return photo


def list_addresses(browser: Browser) -> dict[str, str]:
    page = browser.get("/admin/reports/2611-900").get_data(as_text=True)
    found = re.findall(r'(?:src|href)="(/admin/photos/\d+/(\w+)\?t=[^"]+)"', page)
    return {size: html.unescape(address) for address, size in found}


def test_sends_the_copy_that_was_signed(
    reviewer: Browser, sqlite_database: Database, files: Files, report_id: int
) -> None:
    make_kept(sqlite_database, files, report_id)
    answer = reviewer.get(list_addresses(reviewer)["clean"])
    assert answer.status_code == 200
    assert answer.data == JPEG
    assert answer.content_type == "image/jpeg"
    assert answer.headers["Content-Disposition"] == "inline; filename=1.jpg"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    page = reviewer.get("/admin/reports").get_data(as_text=True)
    thumbnail = re.search(r'src="(/admin/photos/[^"]+)"', page)
    assert thumbnail is not None
    assert reviewer.get(html.unescape(thumbnail[1])).data == JPEG + b" small"


def test_a_signature_lasts_ten_minutes(
    reviewer: Browser, sqlite_database: Database, files: Files, report_id: int, clock: Clock
) -> None:
    make_kept(sqlite_database, files, report_id)
    address = list_addresses(reviewer)["clean"]
    clock.move(minutes=10)
    assert reviewer.get(address).status_code == 200
    clock.move(seconds=1)
    assert reviewer.get(address).status_code == 403


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("/photos/1/", "/photos/2/", id="another photo"),
        pytest.param("/clean?", "/thumbnail?", id="another size"),
        pytest.param("/clean?", "/original?", id="the original"),
        pytest.param("?t=", "?t=x", id="a broken signature"),
        pytest.param("?t=", "?u=", id="no signature"),
    ],
)
def test_a_signature_is_good_for_one_copy_only(
    reviewer: Browser, sqlite_database: Database, files: Files, report_id: int, old: str, new: str
) -> None:
    make_kept(sqlite_database, files, report_id)
    make_kept(sqlite_database, files, report_id)
    page = reviewer.get("/admin/reports/2611-900").get_data(as_text=True)
    found = re.search(r'href="(/admin/photos/1/clean\?t=[^"]+)"', page)
    assert found is not None
    assert reviewer.get(found[1]).status_code == 200
    assert reviewer.get(found[1].replace(old, new)).status_code == 403


def test_a_signature_is_good_for_one_log_in_only(
    app: Flask, reviewer: Browser, stranger: Browser, sqlite_database: Database, files: Files, report_id: int
) -> None:
    make_kept(sqlite_database, files, report_id)
    address = list_addresses(reviewer)["clean"]
    assert stranger.get(address).status_code == 302
    other = Browser(app.test_client())
    other.log_in("admin")
    assert other.get(address).status_code == 403
    reviewer.post("/admin/logout")
    assert reviewer.get(address).status_code == 302


def test_a_purged_photo_is_gone(reviewer: Browser, sqlite_database: Database, files: Files, report_id: int) -> None:
    make_kept(sqlite_database, files, report_id)
    address = list_addresses(reviewer)["clean"]
    with sqlite_database.write() as db:
        purge_report_attachments(db, report_id)
    assert reviewer.get(address).status_code == 404


def test_a_file_that_is_not_there_is_not_found(
    reviewer: Browser, sqlite_database: Database, files: Files, report_id: int
) -> None:
    make_kept(sqlite_database, files, report_id)
    files.by_key.clear()
    assert reviewer.get(list_addresses(reviewer)["clean"]).status_code == 404


@pytest.mark.parametrize(
    ("content_type", "sent_as", "disposition"),
    [
        ("audio/mpeg", "audio/mpeg", "inline; filename=1.mp3"),
        ("audio/amr", "audio/amr", "attachment; filename=1.amr"),
        ("text/html", "application/octet-stream", "attachment; filename=1.bin"),
        ("image/svg+xml", "application/octet-stream", "attachment; filename=1.bin"),
    ],
)
def test_opens_only_what_is_harmless(
    reviewer: Browser,
    sqlite_database: Database,
    files: Files,
    report_id: int,
    content_type: str,
    sent_as: str,
    disposition: str,
) -> None:
    make_kept(sqlite_database, files, report_id, kind="voice", content_type=content_type)
    answer = reviewer.get(list_addresses(reviewer)["clean"])
    assert answer.content_type == sent_as
    assert answer.headers["Content-Disposition"] == disposition


def test_gives_a_player_the_part_it_asks_for(
    reviewer: Browser, sqlite_database: Database, files: Files, report_id: int
) -> None:
    make_kept(sqlite_database, files, report_id, kind="voice", content_type="audio/mpeg")
    answer = reviewer.get(list_addresses(reviewer)["clean"], headers={"Range": "bytes=0-3"})
    assert answer.status_code == 206
    assert answer.data == JPEG[:4]
