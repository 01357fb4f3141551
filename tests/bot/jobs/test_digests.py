"""The weekly digest goes out once to each reader, whatever happens."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Connection, event, select, update

from bot.deadlines import read_deadlines
from bot.jobs.digests import DigestRules, make_next_digest
from bot.jobs.wording import build_makers
from bot.notify.words import Rendered
from storage import outbox
from storage.database import Database
from storage.digests import Reader, digests
from storage.outbox import DueNotice, Purpose, notices
from storage.staff import Role, add_staff, staff
from tests.factories import make_report
from tests.township import Township, at, hand_over, make_township

MONDAY = at(2026, 11, 30, "08:30")
RULES = DigestRules(public_url="https://example.com")


def make_all(database: Database, now: datetime) -> int:
    count = 0
    while make_next_digest(database, read_deadlines, RULES, now=lambda: now):
        count += 1
        assert count < 100
    return count


def list_made(database: Database) -> list[tuple[str, str]]:
    with database.read() as db:
        return [(row.week, row.recipient) for row in db.execute(select(digests).order_by(digests.c.id))]


def list_notices(database: Database) -> list[tuple[str, str]]:
    with database.read() as db:
        rows = db.execute(select(notices).where(notices.c.purpose == Purpose.DIGEST).order_by(notices.c.id))
        return [(row.subject.removeprefix("week:"), row.recipient) for row in rows]


@pytest.fixture
def town(database: Database) -> Township:
    with database.write() as db:
        return make_township(db)


def test_every_reader_gets_one_on_monday_and_a_notice_without_words(database: Database, town: Township) -> None:
    assert make_all(database, MONDAY - timedelta(weeks=1)) == 5
    assert make_all(database, MONDAY - timedelta(minutes=1)) == 0
    assert make_all(database, MONDAY) == 5
    assert make_all(database, MONDAY + timedelta(days=3)) == 0
    made = list_made(database)
    readers = [town.reviewer, town.leader, town.of_east, town.of_west, town.of_brigade]
    expected = [(week, f"staff:{reader}") for week in ("2026-W47", "2026-W48") for reader in readers]
    assert made == list_notices(database) == expected
    with database.read() as db:
        assert set(db.execute(select(notices.c.words)).scalars()) == {""}


def test_late_rather_than_never_but_no_pile_of_old_weeks(database: Database, town: Township) -> None:
    assert make_all(database, at(2026, 9, 28)) == 5
    assert make_all(database, MONDAY + timedelta(days=4, hours=9)) == 5
    assert {week for week, _ in list_made(database)} == {"2026-W39", "2026-W48"}
    assert town


def test_two_weeks_that_a_holiday_put_off_both_go_out(database: Database, town: Township) -> None:
    make_all(database, at(2026, 2, 9, "08:30"))
    assert make_all(database, at(2026, 2, 23, "08:30")) == 0
    assert make_all(database, at(2026, 2, 24, "08:30")) == 10
    assert {week for week, _ in list_made(database)} == {"2026-W06", "2026-W07", "2026-W08"}
    assert town


def test_over_the_end_of_the_year(database: Database, town: Township) -> None:
    make_all(database, at(2026, 12, 28, "08:30"))
    assert make_all(database, at(2027, 1, 1, "09:00")) == 0
    assert make_all(database, at(2027, 1, 4, "08:30")) == 5
    assert make_all(database, at(2027, 1, 11, "08:30")) == 5
    assert sorted({week for week, _ in list_made(database)}) == ["2026-W52", "2026-W53", "2027-W01"]
    assert town


def test_who_joined_later_reads_the_next_one(database: Database, town: Township) -> None:
    make_all(database, MONDAY)
    with database.write() as db:
        add_staff(
            db, username="new", display_name="某", role=Role.LEADER, password_hash="", now=MONDAY + timedelta(days=1)
        )
    assert make_all(database, MONDAY + timedelta(days=2)) == 0
    assert make_all(database, MONDAY + timedelta(weeks=1)) == 6
    assert town


def test_nothing_is_kept_of_a_digest_whose_notice_could_not_be_put_in(
    database: Database, town: Township, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "add_notice", die)
        with pytest.raises(KeyboardInterrupt):
            make_next_digest(database, read_deadlines, RULES, now=lambda: MONDAY)
    assert list_made(database) == list_notices(database) == []
    assert make_all(database, MONDAY) == 5
    assert list_made(database) == list_notices(database)
    assert town


def test_a_crash_at_any_statement_of_the_writing_costs_nothing(database: Database, town: Township) -> None:
    for fatal in range(1, 4):
        seen = 0

        def die(*_: Any, fatal: int = fatal) -> None:
            nonlocal seen
            seen += 1
            if seen == fatal:
                raise KeyboardInterrupt

        event.listen(database.engine, "commit", die)  # after everything was written, before it is durable
        try:
            with pytest.raises(KeyboardInterrupt):
                make_all(database, MONDAY)
        finally:
            event.remove(database.engine, "commit", die)
        assert list_made(database) == list_notices(database)
    make_all(database, MONDAY)
    assert len(list_made(database)) == len(set(list_made(database))) == len(list_notices(database)) == 5
    assert town


def test_one_that_cannot_be_made_keeps_nobody_from_theirs(sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        town = make_township(db)

    def fail_for_the_leader(_db: Connection, reader: Reader, *_: Any) -> None:
        if reader.staff_id == town.leader:
            raise RuntimeError("no section")

    rules = DigestRules(makers=(fail_for_the_leader,))

    def make() -> bool:
        return make_next_digest(sqlite_database, read_deadlines, rules, now=lambda: MONDAY)

    assert [make() for _ in range(4)] == [True] * 4
    with pytest.raises(RuntimeError, match="no section"):
        make()
    assert f"staff:{town.leader}" not in {recipient for _, recipient in list_made(sqlite_database)}
    assert make_all(sqlite_database, MONDAY) == 1  # once it is mended


def test_two_processes_at_once_make_one_for_each_reader(database: Database, town: Township) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def work() -> None:
        with closing(Database(url)) as own:
            start.wait(10)
            try:
                make_all(own, MONDAY)
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    made = list_made(database)
    assert len(made) == len(set(made)) == 5
    assert sorted(made) == sorted(list_notices(database))
    assert town


def render(database: Database, recipient: int, now: datetime = MONDAY) -> Rendered | None:
    with database.read() as db:
        row = db.execute(select(notices).where(notices.c.recipient == f"staff:{recipient}")).one()
        notice = DueNotice(
            row.id, row.recipient, row.reporter_id, row.staff_id, Purpose(row.purpose), row.subject, row.report_id,
            row.is_urgent, row.is_result, row.words, {}, 1, row.created_at,
        )  # fmt: skip
        makers = build_makers(read_deadlines, "https://example.com")
        return makers[Purpose.DIGEST](db, notice, now)


def test_what_is_sent_is_what_was_made_with_the_ledger_for_a_mail(database: Database, town: Township) -> None:
    with database.write() as db:
        make_report(db, code="2611-801", created_at=at(2026, 11, 25), unit_id=town.east, state="received")
        make_report(db, code="2611-802", created_at=at(2026, 10, 1), unit_id=town.east, state="accepted")
        make_report(db, code="2611-803", created_at=at(2026, 10, 1), unit_id=town.east, state="closed")
        hand_over(db, town.east, code="2611-804", due_at=at(2026, 12, 9), created_at=at(2026, 11, 2))
        hand_over(db, town.west, code="2611-805", due_at=at(2026, 12, 9), created_at=at(2026, 11, 2))
        people = (town.reviewer, town.of_east)
        db.execute(update(staff).where(staff.c.id.in_(people)).values(email="someone@example.com"))
    make_all(database, MONDAY)
    for person, codes in ((town.reviewer, {"801", "802", "804", "805"}), (town.of_east, {"804"})):
        sent = render(database, person)
        assert sent is not None
        assert sent.title == "随手拍周摘要 第48周 11/23—11/29"
        assert "<table" in sent.html
        assert [each.name for each in sent.attached] == ["隐患排查治理台账 2026-W48.xlsx"]
        cells = load_workbook(BytesIO(sent.attached[0].content)).active
        assert cells is not None
        texts = [str(cell) for row in cells.iter_rows(values_only=True) for cell in row if cell]
        assert {cell[-3:] for cell in texts if cell.startswith("2611-")} == codes
    by_chat = render(database, town.leader)
    assert by_chat is not None
    assert (by_chat.attached, by_chat.url) == ((), "https://example.com/admin/digests/2026-W48")
    assert by_chat.text.startswith("【第48周 11/23—11/29】")
    of_west = render(database, town.of_west)
    assert of_west is not None
    assert of_west.url == ""  # no log-in, so nowhere to go
    assert "2611-801" not in of_west.text + of_west.html


def test_who_has_left_meanwhile_is_sent_none(database: Database, town: Township) -> None:
    make_all(database, MONDAY)
    with database.write() as db:
        db.execute(update(staff).where(staff.c.id == town.leader).values(is_active=False))
    assert render(database, town.leader) is None
