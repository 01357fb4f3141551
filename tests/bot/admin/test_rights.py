"""Deny by default: every route declares a right, and every role gets what its right says and no more."""

from __future__ import annotations

import pytest
from flask import Flask

from bot.admin.auth import STATIC
from bot.admin.rights import Right, find_needed_right, has_right
from storage.database import Database
from storage.staff import Role
from tests.bot.admin.conftest import Browser
from tests.factories import make_photo, make_report

ROUTES = {
    "admin.show_login": Right.OPEN,
    "admin.log_in": Right.OPEN,
    "admin.log_out": Right.STAY,
    "admin.show_password": Right.STAY,
    "admin.save_password": Right.STAY,
    "admin.home": Right.STAY,
    "admin.nowhere": Right.STAY,
    "admin.show_digest": Right.STAY,
    "admin.show_sent_digest": Right.STAY,
    "admin.show_digests": Right.READ,
    "admin.show_figure": Right.READ,
    "admin.show_queue": Right.READ,
    "admin.show_changes": Right.READ,
    "admin.show_report": Right.READ,
    "admin.show_inbox": Right.READ,
    "admin.show_photo": Right.READ,
    "admin.show_ledger": Right.READ,
    "admin.save_ledger": Right.READ,
    "admin.show_paper": Right.READ,
    "admin.save_paper": Right.READ,
    "admin.show_outbox": Right.READ,
    "admin.show_wordings": Right.READ,
    "admin.show_holidays": Right.READ,
    "admin.transfer": Right.DECIDE,
    "admin.verify": Right.DECIDE,
    "admin.unfounded": Right.DECIDE,
    "admin.rectify": Right.DECIDE,
    "admin.return": Right.DECIDE,
    "admin.close": Right.DECIDE,
    "admin.reopen": Right.DECIDE,
    "admin.withdraw": Right.DECIDE,
    "admin.ask": Right.DECIDE,
    "admin.extend": Right.DECIDE,
    "admin.refuse_extension": Right.DECIDE,
    "admin.dismiss_dispute": Right.DECIDE,
    "admin.show_assign": Right.DECIDE,
    "admin.preview_assign": Right.DECIDE,
    "admin.assign": Right.DECIDE,
    "admin.claim_report": Right.DECIDE,
    "admin.release_report": Right.DECIDE,
    "admin.show_bulk": Right.DECIDE,
    "admin.preview_bulk": Right.DECIDE,
    "admin.run_bulk": Right.DECIDE,
    "admin.resend_notice": Right.DECIDE,
    "admin.save_wording": Right.DECIDE,
    "admin.save_holiday": Right.DECIDE,
    "admin.remove_holiday": Right.DECIDE,
    "admin.accept": Right.DECIDE,
    "admin.decline": Right.DECIDE,
    "admin.merge": Right.DECIDE,
    "admin.recategorise": Right.DECIDE,
    "admin.add_note": Right.DECIDE,
    "admin.sort_message": Right.DECIDE,
    "admin.show_units": Right.READ,
    "admin.show_unit": Right.READ,
    "admin.show_staff": Right.READ,
    "admin.show_member": Right.READ,
    "admin.show_offices": Right.READ,
    "admin.show_new_unit": Right.MANAGE,
    "admin.add_unit": Right.MANAGE,
    "admin.change_unit": Right.MANAGE,
    "admin.deactivate_unit": Right.MANAGE,
    "admin.reactivate_unit": Right.MANAGE,
    "admin.save_offices": Right.MANAGE,
    "admin.show_new_member": Right.MANAGE,
    "admin.add_member": Right.MANAGE,
    "admin.change_member": Right.MANAGE,
    "admin.deactivate_member": Right.MANAGE,
    "admin.reactivate_member": Right.MANAGE,
    "admin.make_code": Right.MANAGE,
    "admin.unbind_member": Right.MANAGE,
    "admin.give_password": Right.MANAGE,
    "admin.show_sealed": Right.UNSEAL,
    "admin.open_sealed": Right.UNSEAL,
}
READS = [
    "/admin/units",
    "/admin/staff",
    "/admin/staff/1",
    "/admin/offices",
    "/admin/reports",
    "/admin/reports/changes",
    "/admin/reports/2611-900",
    "/admin/inbox",
    "/admin/outbox",
    "/admin/wordings",
    "/admin/holidays",
    "/admin/digests",
    "/admin/digests/2026-W47/received",
    "/admin/ledger",
    "/admin/ledger/xlsx",
]
ACTS = [
    "/admin/reports/2611-900/accept",
    "/admin/reports/2611-900/decline",
    "/admin/reports/2611-900/merge",
    "/admin/reports/2611-900/recategorise",
    "/admin/reports/2611-900/add-note",
    "/admin/inbox/1/sorted",
    "/admin/reports/2611-900/transfer",
    "/admin/reports/2611-900/verify",
    "/admin/reports/2611-900/unfounded",
    "/admin/reports/2611-900/rectify",
    "/admin/reports/2611-900/return",
    "/admin/reports/2611-900/close",
    "/admin/reports/2611-900/reopen",
    "/admin/reports/2611-900/withdraw",
    "/admin/reports/2611-900/ask",
    "/admin/reports/2611-900/extend",
    "/admin/reports/2611-900/refuse-extension",
    "/admin/reports/2611-900/dismiss-dispute",
    "/admin/reports/2611-900/assign/preview",
    "/admin/reports/2611-900/assign",
    "/admin/reports/2611-900/claim",
    "/admin/reports/2611-900/release",
    "/admin/bulk/preview",
    "/admin/bulk",
    "/admin/outbox/1/resend",
    "/admin/wordings",
    "/admin/holidays",
    "/admin/holidays/2027-02-06/forget",
]


MANAGES = [
    "/admin/units/new",
    "/admin/units/1",
    "/admin/units/1/deactivate",
    "/admin/units/1/reactivate",
    "/admin/offices",
    "/admin/staff/new",
    "/admin/staff/1",
    "/admin/staff/1/deactivate",
    "/admin/staff/1/reactivate",
    "/admin/staff/1/code",
    "/admin/staff/1/unbind",
    "/admin/staff/1/password",
]


def list_endpoints(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.")}


def test_every_route_declares_the_right_it_is_meant_to_need(app: Flask) -> None:
    declared = {
        endpoint: find_needed_right(app.view_functions[endpoint])
        for endpoint in list_endpoints(app)
        if endpoint != STATIC
    }
    assert declared == ROUTES


def test_a_route_without_a_right_is_refused_to_everybody(app: Flask, sqlite_database: Database) -> None:
    def forgotten() -> str:
        return "open to the world"

    app.view_functions["admin.show_inbox"] = forgotten
    browser = Browser(app.test_client())
    browser.log_in("admin")
    assert browser.get("/admin/inbox").status_code == 403
    assert app.test_client().get("/admin/inbox").status_code == 403


@pytest.mark.parametrize("path", [*READS, "/admin/", "/admin/password", "/admin/photos/1/clean", "/admin/nix"])
def test_a_stranger_is_sent_to_the_log_in(stranger: Browser, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/admin/login")


@pytest.mark.parametrize("path", [*ACTS, *MANAGES])
def test_a_stranger_can_do_nothing(stranger: Browser, path: str) -> None:
    stranger.get("/admin/login")
    answer = stranger.post(path)
    assert answer.status_code == 302
    assert answer.location == "/admin/login"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_reads_and_decides_what_it_may(app: Flask, sqlite_database: Database, role: Role) -> None:
    with sqlite_database.write() as db:
        make_photo(db, report_id=make_report(db, code="2611-900"))
    browser = Browser(app.test_client())
    browser.log_in(role.value)
    may_read, may_decide = has_right(role, Right.READ), has_right(role, Right.DECIDE)
    assert {path: browser.get(path).status_code for path in READS} == dict.fromkeys(READS, 200 if may_read else 403)
    codes = {path: browser.post(path, {"version": "1"}).status_code for path in ACTS}
    assert {path for path, code in codes.items() if code == 403} == (set() if may_decide else set(ACTS))


@pytest.mark.parametrize("role", list(Role))
def test_only_the_admin_manages_the_rosters(app: Flask, role: Role) -> None:
    browser = Browser(app.test_client())
    browser.log_in(role.value)
    codes = {path: browser.post(path).status_code for path in MANAGES}
    refused = {path for path, code in codes.items() if code == 403}
    assert refused == (set() if has_right(role, Right.MANAGE) else set(MANAGES))
    assert has_right(role, Right.MANAGE) == (role is Role.ADMIN)


def test_a_leader_is_shown_no_buttons(app: Flask, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        make_report(db, code="2611-900")
    browser = Browser(app.test_client())
    browser.log_in("leader")
    page = browser.get("/admin/reports/2611-900").get_data(as_text=True)
    assert "您可以看" in page
    assert 'action="/admin/reports/' not in page


def test_who_has_nothing_here_is_told_so(app: Flask) -> None:
    browser = Browser(app.test_client())
    browser.log_in("liaison")
    page = browser.get("/admin/")
    assert page.status_code == 200
    assert "暂时没有要您办的事" in page.get_data(as_text=True)
