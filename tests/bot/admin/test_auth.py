"""Log-in, locks, idle log-ins, forged forms and passwords."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update

from bot.admin import AdminServices
from bot.admin import accounts as accounts_module
from storage.audit import audit_entries
from storage.database import Database
from storage.staff import staff
from tests.bot.admin.conftest import CHEAP, PASSWORD, Browser, Clock

NEW_PASSWORD = "another-long-password"


def list_actions(database: Database) -> list[str]:
    with database.read() as db:
        return list(db.execute(select(audit_entries.c.action).order_by(audit_entries.c.id)).scalars())


@pytest.mark.parametrize(
    ("username", "password"),
    [
        pytest.param("nobody", PASSWORD, id="unknown name"),
        pytest.param("reviewer", "wrong", id="wrong password"),
        pytest.param("reviewer", "", id="no password"),
        pytest.param("", "", id="nothing"),
        pytest.param("reviewer' OR 1=1 --", PASSWORD, id="SQL in the name"),
        pytest.param("locked", PASSWORD, id="locked"),
        pytest.param("gone", PASSWORD, id="switched off"),
    ],
)
def test_refuses_in_the_same_words_whatever_was_wrong(
    stranger: Browser, sqlite_database: Database, clock: Clock, username: str, password: str
) -> None:
    with sqlite_database.write() as db:
        db.execute(
            update(staff)
            .where(staff.c.username == "admin")
            .values(username="locked", locked_until=clock.at.replace(hour=23))
        )
        db.execute(update(staff).where(staff.c.username == "leader").values(username="gone", is_active=False))
    answer = stranger.log_in(username, password)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "登录名或密码不对" in page
    assert "锁一会儿" in page
    assert stranger.get("/admin/reports").status_code == 302


def test_an_unknown_name_costs_a_hash_too(stranger: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def check(known_hash: str, password: str) -> bool:
        checked.append(known_hash)
        return False

    monkeypatch.setattr(accounts_module, "check_password_hash", check)
    stranger.log_in("nobody")
    stranger.log_in("reviewer")
    assert len(checked) == 2
    assert all(known_hash.startswith(f"{CHEAP}$") for known_hash in checked)


def test_the_default_hash_is_dear() -> None:
    assert AdminServices.__dataclass_fields__["password_method"].default == "scrypt:32768:8:1"


def test_logs_in_and_shows_the_queue(reviewer: Browser, sqlite_database: Database) -> None:
    assert reviewer.get("/admin/reports").status_code == 200
    assert list_actions(sqlite_database) == ["login"]


def test_locks_a_name_after_five_wrong_passwords_and_opens_it_after_a_while(
    stranger: Browser, sqlite_database: Database, clock: Clock
) -> None:
    for _ in range(5):
        assert stranger.log_in("reviewer", "wrong").status_code == 401
    assert stranger.log_in("reviewer").status_code == 401, "even the right password is refused while locked"
    clock.move(minutes=14, seconds=59)
    assert stranger.log_in("reviewer").status_code == 401
    clock.move(seconds=2)
    assert stranger.log_in("reviewer").status_code == 302
    assert list_actions(sqlite_database) == [
        *["login_refused"] * 4,
        "login_locked",
        "login_while_locked",
        "login_while_locked",
        "login",
    ]


def test_four_wrong_passwords_do_not_lock_and_a_log_in_forgets_them(stranger: Browser) -> None:
    for _ in range(2):
        for _ in range(4):
            stranger.log_in("reviewer", "wrong")
        assert stranger.log_in("reviewer").status_code == 302
        stranger.post("/admin/logout")


def test_a_guess_begun_before_the_lock_does_not_pass_after_it(
    stranger: Browser, sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_known_hash: str, _password: str) -> bool:
        with sqlite_database.write() as db:  # somebody else's fifth wrong guess, while this one is worked out
            db.execute(
                update(staff).where(staff.c.username == "reviewer").values(locked_until=clock.at.replace(hour=23))
            )
        return True

    monkeypatch.setattr(accounts_module, "check_password_hash", check)
    assert stranger.log_in("reviewer").status_code == 401


def test_limits_log_ins_from_one_address(make_app: Callable[..., Flask], staff_ids: dict[str, int]) -> None:
    browser = Browser(make_app(logins_per_minute=3).test_client())
    codes = [browser.log_in(f"nobody{number}", "wrong").status_code for number in range(5)]
    assert codes == [401, 401, 401, 429, 429]


def test_ends_a_log_in_after_half_an_hour_away(reviewer: Browser, clock: Clock) -> None:
    clock.move(minutes=29)
    assert reviewer.get("/admin/reports").status_code == 200
    clock.move(minutes=29)
    assert reviewer.get("/admin/reports").status_code == 200
    clock.move(minutes=31)
    answer = reviewer.get("/admin/reports")
    assert answer.status_code == 302
    assert "离开超过 30 分钟" in reviewer.get(answer.location).get_data(as_text=True)


def test_what_the_page_asks_for_by_itself_keeps_nobody_logged_in(reviewer: Browser, clock: Clock) -> None:
    for _ in range(4):
        clock.move(minutes=8)
        answer = reviewer.get("/admin/reports/changes", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/admin/login"


def test_ends_a_log_in_after_a_working_day(reviewer: Browser, clock: Clock) -> None:
    for _ in range(12 * 3):
        clock.move(minutes=20)
        assert reviewer.get("/admin/reports").status_code == 200
    clock.move(minutes=1)
    assert reviewer.get("/admin/reports").status_code == 302


@pytest.mark.parametrize("token", ["", "forged"], ids=["none", "forged"])
@pytest.mark.parametrize(
    "path", ["/admin/logout", "/admin/password", "/admin/inbox/1/sorted", "/admin/reports/x/accept"]
)
def test_refuses_a_form_without_its_token(reviewer: Browser, path: str, token: str) -> None:
    reviewer.token = token
    assert reviewer.post(path).status_code == 400


def test_takes_the_token_from_the_header_too(reviewer: Browser) -> None:
    answer = reviewer.client.post(
        "/admin/inbox/1/sorted", headers={"X-CSRFToken": reviewer.token, "HX-Request": "true"}
    )
    assert answer.status_code == 200


def test_refuses_a_log_in_without_its_token(stranger: Browser) -> None:
    assert stranger.post("/admin/login", {"username": "reviewer", "password": PASSWORD}).status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_refuses_a_form_sent_from_another_site(reviewer: Browser, site: str) -> None:
    assert reviewer.post("/admin/logout", headers={"Sec-Fetch-Site": site}).status_code == 400


def test_logs_out_by_a_form_only(reviewer: Browser) -> None:
    assert reviewer.get("/admin/logout").status_code in {404, 405}
    assert reviewer.get("/admin/reports").status_code == 200
    assert reviewer.post("/admin/logout").status_code == 302
    assert reviewer.get("/admin/reports").status_code == 302


@pytest.mark.parametrize(
    ("next_path", "location"),
    [
        ("/admin/inbox", "/admin/inbox"),
        ("/admin/reports?tab=all", "/admin/reports?tab=all"),
        ("https://elsewhere.example/admin/", "/admin/"),
        ("//elsewhere.example/admin/", "/admin/"),
        ("/admin/\\elsewhere", "/admin/"),
        ("/healthz", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_goes_on_only_to_its_own_pages(stranger: Browser, next_path: str, location: str) -> None:
    stranger.get("/admin/login")
    answer = stranger.post("/admin/login", {"username": "reviewer", "password": PASSWORD, "next": next_path})
    assert answer.location == location


def test_the_first_log_in_must_change_the_password(stranger: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        db.execute(update(staff).where(staff.c.username == "reviewer").values(must_change_password=True))
    stranger.log_in("reviewer")
    assert stranger.get("/admin/reports").location == "/admin/password"
    assert "第一次登录" in stranger.get("/admin/password").get_data(as_text=True)
    fields: dict[str, object] = {"current": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert stranger.post("/admin/password", fields).status_code == 302
    assert stranger.get("/admin/reports").status_code == 200


@pytest.mark.parametrize(
    ("current", "password", "again", "said"),
    [
        pytest.param(PASSWORD, "short-pw9", "short-pw9", "至少要 10 个字", id="nine characters"),
        pytest.param(PASSWORD, "x" * 201, "x" * 201, "太长", id="too long"),
        pytest.param(PASSWORD, "aaaaaaaaaabb", "aaaaaaaaaabb", "重复的字太多", id="the same letters"),
        pytest.param(PASSWORD, "my-Reviewer-1", "my-Reviewer-1", "不要带登录名", id="the name in it"),
        pytest.param(PASSWORD, PASSWORD, PASSWORD, "跟现在的一样", id="the same as now"),
        pytest.param(PASSWORD, NEW_PASSWORD, "something-else", "两次填的", id="mistyped"),
        pytest.param("wrong", NEW_PASSWORD, NEW_PASSWORD, "现在的密码不对", id="wrong current one"),
    ],
)
def test_refuses_a_weak_or_mistyped_password(
    reviewer: Browser, current: str, password: str, again: str, said: str
) -> None:
    answer = reviewer.post("/admin/password", {"current": current, "password": password, "again": again})
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_a_new_password_ends_the_other_log_ins_of_the_same_person(app: Flask, reviewer: Browser) -> None:
    elsewhere = Browser(app.test_client())
    elsewhere.log_in("reviewer")
    assert elsewhere.get("/admin/reports").status_code == 200
    fields: dict[str, object] = {"current": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert reviewer.post("/admin/password", fields).status_code == 302
    assert reviewer.get("/admin/reports").status_code == 200
    assert elsewhere.get("/admin/reports").status_code == 302
    assert Browser(app.test_client()).log_in("reviewer").status_code == 401
    assert Browser(app.test_client()).log_in("reviewer", NEW_PASSWORD).status_code == 302


def test_switching_somebody_off_ends_their_log_in(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        db.execute(update(staff).where(staff.c.username == "reviewer").values(is_active=False))
    assert reviewer.get("/admin/reports").status_code == 302


def test_a_log_in_stolen_into_another_browser_is_refused(app: Flask, reviewer: Browser) -> None:
    cookie = reviewer.client.get_cookie("suishoupai_admin")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("suishoupai_admin", cookie.value)
    assert thief.get("/admin/reports").status_code == 200, "the same browser may come back"
    thief.set_cookie("suishoupai_admin", cookie.value)
    assert thief.get("/admin/reports", headers={"User-Agent": "something else"}).status_code == 302


@pytest.mark.parametrize("is_https", [True, False])
def test_sets_a_cookie_that_scripts_and_other_sites_do_not_get(
    make_app: Callable[..., Flask], staff_ids: dict[str, int], is_https: bool
) -> None:
    client = make_app(is_https=is_https).test_client()
    scheme = "https" if is_https else "http"
    cookie = client.get("/admin/login", base_url=f"{scheme}://localhost").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is is_https


def test_shows_the_demo_log_in_only_when_there_is_one(make_app: Callable[..., Flask], stranger: Browser) -> None:
    shown = make_app(demo_login=("somebody", "demo-password-1")).test_client().get("/admin/login")
    assert "demo-password-1" in shown.get_data(as_text=True)
    assert "演示" not in stranger.get("/admin/login").get_data(as_text=True)


def test_needs_a_secret_key(make_app: Callable[..., Flask]) -> None:
    from bot.admin import register_admin  # noqa: PLC0415

    with pytest.raises(ValueError, match="secret_key"):
        register_admin(Flask("bare"), make_app().extensions["suishoupai_admin"])
