"""The one merged reminder of a working day, and what runs out of time and is grave."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot.deadlines import read_deadlines
from bot.jobs.reminders import remind_next, word_escalation, word_reminder
from storage.calendar import Calendar
from storage.database import Database
from storage.outbox import DueNotice, Purpose, notices
from storage.reports.assignments import PleaKind, add_plea, assignments, find_open_assignment
from storage.reports.reminders import Stage, find_stage_day, list_windows
from storage.reports.tables import reports
from storage.staff import staff
from tests.factories import make_report
from tests.township import Township, at, hand_over, make_township, mend

HOURS = ((time(8, 30), time(11, 30)), (time(14, 30), time(17, 30)))
CALENDAR = Calendar(HOURS, ZoneInfo("Asia/Shanghai"), {})


def run(database: Database, now: datetime) -> int:
    """Run the job until there is nothing left, and return how many times there was something."""
    count = 0
    while remind_next(database, read_deadlines, now=lambda: now):
        count += 1
        assert count < 50
    return count


def read(database: Database, purpose: Purpose = Purpose.REMINDER) -> list[DueNotice]:
    with database.read() as db:
        rows = db.execute(select(notices).where(notices.c.purpose == purpose).order_by(notices.c.id)).all()
    return [
        DueNotice(
            row.id, row.recipient, row.reporter_id, row.staff_id, Purpose(row.purpose), row.subject, row.report_id,
            row.is_urgent, row.is_result, row.words, json.loads(row.fields), 1, row.created_at,
        )
        for row in rows
    ]  # fmt: skip


def word(database: Database, staff_id: int, now: datetime) -> str | None:
    """Return what the latest reminder of somebody says when it is sent."""
    notice = [each for each in read(database) if each.staff_id == staff_id][-1]
    with database.read() as db:
        return word_reminder(db, notice, now, read_deadlines(db))


def get_days(database: Database, staff_id: int) -> list[str]:
    """Return the days, month and day, on which somebody is reminded."""
    return [each.subject.removeprefix("day:2026-") for each in read(database) if each.staff_id == staff_id]


def live(database: Database, first: date, last: date) -> None:
    """Let the job look at the clock at nine and at ten every day."""
    day = first
    while day <= last:
        for clock in ("09:00", "10:00"):
            run(database, at(day.year, day.month, day.day, clock))
        day += timedelta(days=1)


@pytest.fixture
def town(database: Database) -> Township:
    with database.write() as db:
        return make_township(db)


@pytest.mark.parametrize(
    ("due_on", "days"),
    [
        (date(2026, 11, 25), ["11-23", "11-25", "11-27", "11-30"]),  # Wednesday
        (date(2026, 11, 26), ["11-24", "11-26", "11-30", "12-01"]),  # two days later is Saturday: Monday
        (date(2026, 11, 28), ["11-26", "11-27", "11-30", "12-03"]),  # due on Saturday: told on Friday
        (date(2026, 11, 30), ["11-27", "11-30", "12-02", "12-07"]),  # two days before is Saturday: Friday
        (date(2026, 2, 18), ["02-14", "02-24"]),  # within Spring Festival; before on the Saturday that is worked
        (date(2026, 2, 24), ["02-14", "02-24", "02-26", "03-02"]),  # Saturday 2/28 is worked; 3/1 is a Sunday
        (date(2026, 10, 3), ["09-30", "10-08"]),  # National Day 10/1-10/7
        (date(2026, 12, 29), ["12-25", "12-29", "12-31"]),  # 12/27 is a Sunday; the last comes in 2027
    ],
)
def test_steps_of_a_term(database: Database, town: Township, due_on: date, days: list[str]) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=at(due_on.year, due_on.month, due_on.day, "17:30"))
    last = min(due_on + timedelta(days=8), date(2026, 12, 31))
    live(database, due_on - timedelta(days=11), last)
    assert get_days(database, town.of_east) == days
    assert get_days(database, town.of_west) == []


def test_over_the_end_of_a_year_whose_holidays_nobody_knows() -> None:
    assert find_stage_day(CALENDAR, date(2026, 12, 31), Stage.AFTER) == date(2027, 1, 4)  # 1/2 is a Saturday
    assert find_stage_day(CALENDAR, date(2026, 12, 31), Stage.LONG_AFTER) == date(2027, 1, 5)
    assert find_stage_day(CALENDAR, date(2027, 1, 3), Stage.BEFORE) == date(2027, 1, 1)
    assert find_stage_day(CALENDAR, date(2027, 1, 3), Stage.ON) == date(2027, 1, 1)


def test_windows_hold_each_term_once_for_every_step() -> None:
    seen: dict[Stage, list[date]] = {stage: [] for stage in Stage}
    since = date(2026, 1, 5)
    for number in range(1, 400):
        day = date(2026, 1, 5) + timedelta(days=number)
        if not CALENDAR.is_working_day(day):
            continue
        for stage, span in list_windows(CALENDAR, since, day).items():
            for shift in range((span.until.date() - span.since.date()).days):
                due = span.since.date() + timedelta(days=shift)
                seen[stage].append(due)
                assert since < find_stage_day(CALENDAR, due, stage) <= day
        since = day
    for days in seen.values():
        assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
        assert len(days) > 380


@pytest.mark.parametrize(
    "now",
    [
        at(2026, 11, 25, "08:29"),
        at(2026, 11, 25, "12:00"),
        at(2026, 11, 25, "17:30"),
        at(2026, 11, 28, "09:00"),
        at(2026, 10, 5, "09:00"),
    ],
)
def test_nobody_is_reminded_when_the_office_is_closed(database: Database, town: Township, now: datetime) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=now + timedelta(hours=1))
        make_report(db, state="received")
    assert run(database, now) == 0
    assert read(database) == []


def test_one_merged_message_a_day_for_each_person(database: Database, town: Township) -> None:
    now = at(2026, 11, 25)
    with database.write() as db:
        for number in range(5):
            hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"), code=f"2611-70{number}")
        hand_over(db, town.west, due_at=at(2026, 11, 25, "17:30"), liaison_id=town.of_east, code="2611-709")
    assert run(database, now) == 1
    assert run(database, now + timedelta(hours=6)) == 0
    assert get_days(database, town.of_east) == ["11-25"]
    assert get_days(database, town.of_west) == []  # it names somebody else
    said = word(database, town.of_east, now)
    assert said is not None
    assert said.startswith("【请整改】6 件等您办：\n2611-700 配电箱门没锁，今天到期\n")
    assert "另有 3 件，回“我的任务”看。" in said
    assert len(said) <= 120


def test_acknowledged_stops_what_comes_before_the_term_but_not_after(database: Database, town: Township) -> None:
    with database.write() as db:
        report_id = hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"))
        db.execute(
            update(assignments).where(assignments.c.report_id == report_id).values(acknowledged_at=at(2026, 11, 20))
        )
    live(database, date(2026, 11, 20), date(2026, 12, 4))
    assert get_days(database, town.of_east) == ["11-27", "11-30"]


def test_nothing_is_said_of_what_is_done_or_waits_for_the_office(database: Database, town: Township) -> None:
    now = at(2026, 11, 25)
    with database.write() as db:
        mend(db, hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30")), now=now)
        asked = find_open_assignment(db, hand_over(db, town.west, due_at=at(2026, 11, 25, "17:30")))
        assert asked is not None
        add_plea(db, asked, PleaKind.DISPUTE, by="staff:of_west", reason="不是我们的", now=now)
    run(database, now)
    assert {each.staff_id for each in read(database)} == {town.reviewer}
    assert word(database, town.reviewer, now) == "【今天等您办】待复查 1、申请待定 1。"


def test_what_was_handed_over_this_morning_is_not_reminded_of_at_once(database: Database, town: Township) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"), assigned_at=at(2026, 11, 25, "08:40"))
    run(database, at(2026, 11, 25))
    assert read(database) == []


def test_words_are_of_what_is_open_when_they_are_sent(database: Database, town: Township) -> None:
    now = at(2026, 11, 25)
    with database.write() as db:
        first = hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"), code="2611-701")
        second = hand_over(db, town.east, due_at=at(2026, 11, 27, "17:30"), code="2611-702")
    run(database, now)
    with database.write() as db:
        mend(db, first, now=now)
    said = word(database, town.of_east, now + timedelta(hours=1))
    assert said == "【请整改】1 件等您办：\n2611-702 配电箱门没锁，后天到期\n改好拍照发来，带上编号。"
    with database.write() as db:
        mend(db, second, now=now)
    assert word(database, town.of_east, now + timedelta(hours=1)) is None  # dropped


def test_a_reminder_that_could_not_leave_gives_way_to_a_later_one(database: Database, town: Township) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"))
    live(database, date(2026, 11, 23), date(2026, 11, 25))
    held, fresh = read(database)
    with database.read() as db:
        assert word_reminder(db, held, at(2026, 11, 25), read_deadlines(db)) is None
        assert word_reminder(db, fresh, at(2026, 11, 25), read_deadlines(db)) is not None


def test_days_without_the_program_are_made_up_for_in_one_message(database: Database, town: Township) -> None:
    run(database, at(2026, 11, 20))
    with database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 11, 24, "17:30"))
    run(database, at(2026, 11, 25))
    assert get_days(database, town.of_east) == ["11-25"]
    assert "逾期 1 天" in (word(database, town.of_east, at(2026, 11, 25)) or "")


def test_the_office_hears_of_what_is_two_and_five_days_late(database: Database, town: Township) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"), code="2611-703")
    live(database, date(2026, 11, 20), date(2026, 12, 4))
    assert get_days(database, town.reviewer) == ["11-27", "11-30"]
    assert word(database, town.reviewer, at(2026, 11, 30)) == "【今天等您办】逾期请打电话问：2611-703 5 天。"


def test_warnings_of_old_reports_come_once_each_and_before_a_holiday(database: Database, town: Township) -> None:
    with database.write() as db:
        make_report(db, code="2611-704", state="accepted", submitted_at=at(2026, 10, 11))  # 45 days: Wednesday 11/25
        make_report(db, code="2611-705", state="accepted", submitted_at=at(2026, 10, 4))  # 55 days: Saturday 11/28
        make_report(db, code="2611-706", state="closed", submitted_at=at(2026, 10, 11))
    live(database, date(2026, 11, 20), date(2026, 12, 1))
    assert get_days(database, town.reviewer) == ["11-25", "11-27"]
    with database.read() as db:
        said = [word_reminder(db, each, at(2026, 11, 25), read_deadlines(db)) for each in read(database)[1:]]
    assert said == ["【今天等您办】快到办结期限：2611-705  54 天。".replace("  ", " ")]


def test_a_reviewer_who_is_a_liaison_as_well_gets_one_message(database: Database, town: Township) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"), liaison_id=town.reviewer)
        make_report(db, state="received")
    run(database, at(2026, 11, 25))
    assert get_days(database, town.reviewer) == ["11-25"]
    said = word(database, town.reviewer, at(2026, 11, 25)) or ""
    assert said.startswith("【请整改】1 件等您办：")
    assert said.endswith("【今天等您办】待受理 1。")


def test_who_has_left_is_not_reminded(database: Database, town: Township) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"))
        db.execute(update(staff).where(staff.c.id == town.of_east).values(is_active=False))
    run(database, at(2026, 11, 25))
    assert read(database) == []


def test_what_is_grave_and_out_of_time_is_told_at_any_hour_and_once(database: Database, town: Township) -> None:
    night = at(2026, 11, 28, "23:00")
    with database.write() as db:
        grave = hand_over(db, town.east, due_at=at(2026, 11, 28, "22:00"), level="P1", code="2611-707")
        hand_over(db, town.east, due_at=at(2026, 11, 28, "22:00"), level="P2")
        hand_over(db, town.east, due_at=at(2026, 11, 28, "23:30"), level="P1")
    assert run(database, night) == 1
    assert run(database, night + timedelta(minutes=1)) == 0
    (notice,) = read(database, Purpose.TO_REVIEW)
    assert (notice.staff_id, notice.report_id, notice.is_urgent) == (town.reviewer, grave, True)
    with database.read() as db:
        said = word_escalation(db, notice, night)
    assert said == "【请马上看】2611-707 疑似重大，已交办，逾期 1 小时，还没有办，请打电话催办。"


def test_what_moved_on_before_it_was_told_is_dropped(database: Database, town: Township) -> None:
    night = at(2026, 11, 28, "23:00")
    with database.write() as db:
        grave = hand_over(db, town.east, due_at=at(2026, 11, 28, "22:00"), level="P1")
    run(database, night)
    (notice,) = read(database, Purpose.TO_REVIEW)
    with database.write() as db:
        db.execute(update(reports).where(reports.c.id == grave).values(due_at=at(2026, 12, 1)))
    with database.read() as db:
        assert word_escalation(db, notice, night) is None


def test_without_reviewers_nothing_turns_in_circles(database: Database, town: Township) -> None:
    with database.write() as db:
        db.execute(update(staff).where(staff.c.id == town.reviewer).values(is_active=False))
        hand_over(db, town.east, due_at=at(2026, 11, 25, "08:00"), level="P1")
    assert run(database, at(2026, 11, 25)) == 1  # the liaison's reminder


def test_two_processes_at_once_remind_once(database: Database, town: Township) -> None:
    with database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 11, 25, "17:30"))
        hand_over(db, town.west, due_at=at(2026, 11, 24, "17:30"), level="P1")
    url = database.engine.url.render_as_string(hide_password=False)
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def work() -> None:
        with closing(Database(url)) as own:
            start.wait(10)
            try:
                run(own, at(2026, 11, 25))
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    told = [(each.purpose, each.staff_id) for each in (*read(database), *read(database, Purpose.TO_REVIEW))]
    assert len(told) == len(set(told))
    assert (Purpose.REMINDER, town.of_east) in told
