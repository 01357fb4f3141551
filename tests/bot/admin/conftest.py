"""A small app with the staff's page on it, members of staff, and a browser of their own for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from bot.admin import AdminServices, register_admin
from media.errors import MissingFileError, Reason
from storage.database import Database
from storage.staff import Role, add_staff

CHEAP = "scrypt:1024:1:1"  # for tests only; the default is 256 times dearer
PASSWORD = "a-plain-test-password"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Files:
    """A store in memory."""

    by_key: dict[str, bytes] = field(default_factory=dict)

    def get(self, key: str) -> bytes:
        if key not in self.by_key:
            raise MissingFileError(Reason.MISSING_FILE)
        return self.by_key[key]


class Browser:
    """One person's browser: knows the forgery token of the page it saw last."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **options: object) -> TestResponse:
        answer = self.client.get(path, **options)
        if answer.mimetype != "text/html":
            answer.get_data()  # read to its end, so that the file behind it is closed
            answer.close()
            return answer
        found = re.search(r'name="csrf[_-]token" (?:value|content)="([^"]+)"', answer.get_data(as_text=True))
        if found:
            self.token = found[1]
        return answer

    def post(self, path: str, fields: dict[str, object] | None = None, **options: object) -> TestResponse:
        filled = {"csrf_token": self.token, **(fields or {})}
        return self.client.post(path, data=filled, **options)

    def log_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        self.get("/admin/login")
        answer = self.post("/admin/login", {"username": username, "password": password})
        if answer.status_code == 302:
            self.get(answer.location, follow_redirects=True)
        return answer


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def make_app(sqlite_database: Database, clock: Clock, files: Files) -> Callable[..., Flask]:
    def make(**rules: object) -> Flask:
        app = Flask("test")
        app.secret_key = "a secret key for tests only"
        app.testing = True
        services = {
            "database": sqlite_database,
            "store": files,
            "now": clock,
            "is_https": False,
            "password_method": CHEAP,
            **rules,
        }
        register_admin(app, AdminServices(**services))  # type: ignore[arg-type]
        return app

    return make


@pytest.fixture
def staff_ids(sqlite_database: Database, now: datetime) -> dict[str, int]:
    """Give a member of staff for every role, each with the role as username and one password for all."""
    password_hash = generate_password_hash(PASSWORD, method=CHEAP)
    with sqlite_database.write() as db:
        return {
            role.value: add_staff(
                db,
                username=role.value,
                display_name=f"{role.value}某",
                role=role,
                password_hash=password_hash,
                now=now,
            )
            for role in Role
        }


@pytest.fixture
def app(make_app: Callable[..., Flask], staff_ids: dict[str, int]) -> Flask:
    return make_app()


@pytest.fixture
def stranger(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def reviewer(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.log_in("reviewer").status_code == 302
    return browser
