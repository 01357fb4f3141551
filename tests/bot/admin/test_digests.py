"""The digests as pages."""

from __future__ import annotations

import html
import re
from datetime import timedelta

from sqlalchemy import update

from storage.database import Database
from storage.digests import Reader, keep_digest
from storage.reports.overview import Scope
from storage.staff import staff
from tests.bot.admin.conftest import PASSWORD, Browser, Clock
from tests.factories import make_report
from tests.township import at


def read(browser: Browser, address: str) -> str:
    return html.unescape(browser.get(address).get_data(as_text=True))


def test_lists_the_last_week_and_those_that_were_sent(
    reviewer: Browser, sqlite_database: Database, clock: Clock, staff_ids: dict[str, int]
) -> None:
    with sqlite_database.write() as db:
        for role in ("reviewer", "leader"):
            reader = Reader(staff_ids[role], "office", Scope())
            keep_digest(db, reader, week="2026-W46", words="好", page="<p>好</p>", now=clock() - timedelta(days=9))
    page = read(reviewer, "/admin/digests")
    assert re.findall(r'href="/admin/digests/(2026-W\d\d)"', page) == ["2026-W47", "2026-W46"]
    assert "发了 2 份" in page
    assert "还没有发" in page


def test_numbers_lead_to_exactly_their_rows_with_what_they_are_a_part_of(
    reviewer: Browser, sqlite_database: Database
) -> None:
    with sqlite_database.write() as db:
        for number in range(3):
            make_report(
                db, code=f"2611-81{number}", created_at=at(2026, 11, 18), description="原话", place_label="我家"
            )
        make_report(db, code="2611-819", created_at=at(2026, 11, 18), state="declined")
        make_report(db, code="2611-820", created_at=at(2026, 11, 25))
    page = read(reviewer, "/admin/digests/2026-W47")
    assert '<a href="/admin/digests/2026-W47/received">4</a>' in page
    assert '<a href="/admin/digests/2026-W47/declined">1</a>/4' in page
    rows = read(reviewer, "/admin/digests/2026-W47/received")
    codes = re.findall(r'href="/admin/reports/(2611-\d+)"', rows)
    assert codes == ["2611-819", "2611-812", "2611-811", "2611-810"]
    assert not any(word in page + rows for word in ("原话", "我家", "热心群众"))
    assert re.findall(r'href="/admin/reports/(2611-\d+)"', read(reviewer, "/admin/digests/2026-W47/declined")) == [
        "2611-819"
    ]


def test_long_lists_go_on(reviewer: Browser, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        for _ in range(51):
            make_report(db, created_at=at(2026, 11, 18))
    page = read(reviewer, "/admin/digests/2026-W47/received")
    older = re.search(r'href="([^"]+)">更早的', page)
    assert older is not None
    assert len(re.findall(r'href="/admin/reports/2611', read(reviewer, older[1]))) == 1


def test_what_is_not_there_is_404(reviewer: Browser) -> None:
    for address in ("2026-W54", "x", "2026-W47/x", "2026-W47/sent", "9999-W01"):
        assert reviewer.get(f"/admin/digests/{address}").status_code == 404
    assert reviewer.get("/admin/digests/2026-W47").status_code == 200


def test_a_liaison_sees_only_what_was_sent_to_them(
    stranger: Browser, sqlite_database: Database, staff_ids: dict[str, int], clock: Clock
) -> None:
    with sqlite_database.write() as db:
        for role, said in (("liaison", "给联系人的"), ("leader", "给领导的")):
            reader = Reader(staff_ids[role], "unit", Scope())
            page = f"<!DOCTYPE html><p>{said}</p>"
            keep_digest(db, reader, week="2026-W47", words="好", page=page, now=clock())
    stranger.log_in("liaison", PASSWORD)
    answer = stranger.get("/admin/digests/2026-W47", follow_redirects=True)
    assert answer.get_data(as_text=True) == "<!DOCTYPE html><p>给联系人的</p>"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert stranger.get("/admin/digests").status_code == 403
    assert stranger.get("/admin/digests/2026-W47/received").status_code == 403
    with sqlite_database.write() as db:
        db.execute(update(staff).where(staff.c.id == staff_ids["liaison"]).values(password_version=2))
    assert stranger.get("/admin/digests/2026-W47/sent").status_code in (302, 401, 403)
