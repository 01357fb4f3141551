"""Security headers on every answer, nothing inline, nothing from elsewhere, and what is vendored as it came."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

import bot.admin
from storage.database import Database
from tests.bot.admin.conftest import Browser
from tests.factories import make_message, make_photo, make_report

HERE = Path(bot.admin.__file__).parent
VENDOR = HERE / "static" / "vendor"
PAGES = [
    "/admin/", "/admin/login", "/admin/password", "/admin/reports", "/admin/reports/changes", "/admin/reports/2611-900",
    "/admin/inbox", "/admin/photos/1/clean", "/admin/nix", "/admin/static/admin.css", "/admin/static/nix.css",
]  # fmt: skip


@pytest.fixture
def filled(sqlite_database: Database) -> Database:
    with sqlite_database.write() as db:
        report_id = make_report(db, code="2611-900", latitude=36.0, longitude=113.0, missing="place")
        make_photo(db, report_id=report_id)
        make_photo(db, report_id=make_report(db, code="2611-901", state="verified"))
        make_message(db, state="unsorted")
    return sqlite_database


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("is_known", [True, False], ids=["logged in", "stranger"])
def test_every_answer_carries_the_headers(app: Flask, filled: Database, path: str, is_known: bool) -> None:
    browser = Browser(app.test_client())
    if is_known:
        browser.log_in("reviewer")
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "img-src 'self' data: blob:" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers
    if not path.startswith("/admin/static/"):
        assert headers["Cache-Control"] == "no-store"


def test_asks_for_https_only_where_there_is_https(make_app: Callable[..., Flask]) -> None:
    answer = make_app(is_https=True).test_client().get("/admin/login")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/login",
        "/admin/password",
        "/admin/reports",
        "/admin/reports/2611-900",
        "/admin/reports/2611-901/assign",
        "/admin/bulk?what=assign&code=2611-901",
        "/admin/inbox",
        "/admin/outbox",
        "/admin/wordings",
        "/admin/holidays",
    ],
)
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(reviewer: Browser, filled: Database, path: str) -> None:
    if path == "/admin/login":
        reviewer.post("/admin/logout")
    page = reviewer.get(path).get_data(as_text=True)
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert "<style" not in page
    assert not re.search(r"\sstyle=", page)
    assert not re.search(r"\son[a-z]+=", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)
    assert "javascript:" not in page
    assets = re.findall(r'(?:src|href)="(/admin/static/[^"]+)"', page)
    assert assets
    for asset in assets:
        answer = reviewer.get(asset)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_own_scripts_and_styles_name_no_other_host() -> None:
    for path in [*(HERE / "static").glob("*.*"), *(HERE / "templates").rglob("*.html")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text, path.name
        assert "https:" not in text, path.name
        assert "eval(" not in text, path.name


def test_vendored_files_are_as_they_came_and_all_listed() -> None:
    listed = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    for entry in listed:
        assert set(entry) == {"name", "version", "licence", "file", "sha256"}
        assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["file"]
    found = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert found == {entry["file"] for entry in listed} | {"manifest.json"}
    with_licence = {entry["name"] for entry in listed if entry["file"].endswith("/LICENSE")}
    assert with_licence == {entry["name"] for entry in listed}


def test_a_page_needs_no_script_to_decide(reviewer: Browser, filled: Database) -> None:
    page = reviewer.get("/admin/reports/2611-900").get_data(as_text=True)
    for act in ("accept", "decline", "merge", "recategorise", "add-note"):
        form = re.search(rf'<form method="post"[^>]* action="/admin/reports/2611-900/{act}".*?</form>', page, re.DOTALL)
        assert form is not None, act
        assert 'name="csrf_token"' in form[0]
        assert 'name="version" value="1"' in form[0]
        assert '<button type="submit"' in form[0]


def test_failures_are_said_in_plain_words(make_app: Callable[..., Flask], staff_ids: dict[str, int]) -> None:
    app = make_app()
    app.testing = False

    def fail() -> str:
        raise RuntimeError("a secret detail")

    fail.__dict__.update(app.view_functions["admin.show_inbox"].__dict__)
    app.view_functions["admin.show_inbox"] = fail
    browser = Browser(app.test_client())
    browser.log_in("reviewer")
    answer = browser.get("/admin/inbox")
    assert answer.status_code == 500
    assert "程序出了点问题" in answer.get_data(as_text=True)
    assert "secret detail" not in answer.get_data(as_text=True)
    assert "Content-Security-Policy" in answer.headers
