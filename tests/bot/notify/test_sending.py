"""A notice from the outbox to a phone, a mailbox or a group, and what is kept of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog
from pytest_httpserver import HTTPServer
from sqlalchemy import insert, select
from structlog.testing import LogCapture

from bot.jobs.notices import release_next_held, send_next_notice
from bot.notify.robots import Robot
from bot.notify.services import LEASE, NoticeServices
from bot.notify.template import Template
from bot.notify.words import Rendered
from bot.settings.duty_channels import parse_duty_channel
from bot.settings.outgoing import MailTable, NotifyTable
from bot.settings.tables import ScheduleTable
from bot.simulator.faults import Fault
from bot.wechat.transport import Timeouts
from storage import outbox, sends
from storage.bindings import bindings
from storage.calendar import Calendar
from storage.database import Database
from storage.outbox import Channel, NoticeState, Purpose, notices
from storage.reporters import get_or_add_reporter
from storage.staff import Role, add_staff
from storage.types import AnyRow
from tests.bot.notify.postoffice import open_post_office
from tests.bot.wechat.setting import Setting, open_setting
from tests.factories import make_message, make_report

LI, WANG = "o-invented-openid-li", "o-invented-openid-wang"
NIGHT = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)  # 22:00
MINUTE = timedelta(minutes=1)


@dataclass
class Office:
    """Sending with everything around it: a platform, people on it, and a clock that stands still."""

    setting: Setting
    services: NoticeServices
    lines: LogCapture = field(default_factory=LogCapture)
    ids: dict[str, int] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        return self.setting.database

    def now(self) -> datetime:
        return self.setting.clock()

    def change(self, **changes: Any) -> None:
        self.services = replace(self.services, **changes)

    def follow(self, openid: str) -> int:
        """Let somebody follow on the platform, and know them; returns the reporter's id."""
        self.setting.platform.followers.record_push(self.setting.platform.build.subscribe(openid))
        self.setting.clock.pass_time(90)  # beyond the minute that a subscription opens
        with self.database.write() as db:
            vault = self.setting.vault
            found = get_or_add_reporter(
                db,
                openid_hash=vault.fingerprint("openid", openid),
                seal=lambda: vault.seal(openid.encode(), "openid"),
                random_hex=lambda digits: openid[-2:].encode().hex()[:digits],
                now=self.now(),
            )
        self.ids[openid] = found.id
        return found.id

    def hear(self, openid: str, *, on_platform: bool = True) -> None:
        """Let somebody write; without `on_platform` only we believe so."""
        if on_platform:
            self.setting.platform.followers.record_push(self.setting.platform.build.text(openid, "在吗"))
        with self.database.write() as db:
            make_message(db, reporter_id=self.ids[openid], sent_at=self.now(), received_at=self.now())

    def add_staff(self, username: str = "wang", *, openid: str = "", email: str = "") -> int:
        with self.database.write() as db:
            staff_id = add_staff(
                db, username=username, display_name="样例·王", role=Role.LIAISON, password_hash="", now=self.now(),
                email=email,
            )  # fmt: skip
            if openid:
                given = {"staff_id": staff_id, "reporter_id": self.ids[openid], "bound_at": self.now()}
                db.execute(insert(bindings).values(given))
        return staff_id

    def add(self, recipient: str, words: str = "您报的 2611-018 受理了", **more: Any) -> int:
        with self.database.write() as db:
            count = len(db.execute(select(notices.c.id)).all())
            given = {"purpose": Purpose.PROGRESS, "subject": f"report:{count}:accept", "now": self.now(), **more}
            added = outbox.add_notice(db, recipient=recipient, words=words, **given)
        assert added is not None
        return added

    def run(self) -> int:
        """Send until nothing is due."""
        count = 0
        while send_next_notice(self.services):
            count += 1
        return count

    def get(self, notice_id: int) -> AnyRow:
        with self.database.read() as db:
            return db.execute(select(notices).where(notices.c.id == notice_id)).one()

    def show(self, notice_id: int) -> tuple[str, str]:
        row = self.get(notice_id)
        return row.state, row.channel

    def list_outcomes(self, notice_id: int) -> list[tuple[str, str, int | None]]:
        with self.database.read() as db:
            return [(row.channel, row.outcome, row.errcode) for row in outbox.list_sends(db, notice_id)]

    def list_chat(self, openid: str) -> list[str]:
        bubbles = self.setting.platform.chats.list_bubbles(openid)
        return [bubble.text for bubble in bubbles if bubble.side == "account" and bubble.kind == "text"]

    def list_templates(self, openid: str) -> list[dict[str, str]]:
        bubbles = self.setting.platform.chats.list_bubbles(openid)
        return [dict(bubble.rows) for bubble in bubbles if bubble.kind == "template"]

    def list_alarms(self) -> list[str]:
        return [line["event"] for line in self.lines.entries if line["log_level"] == "error"]


HOURS = tuple((hours.start, hours.end) for hours in ScheduleTable().working_hours)


@pytest.fixture
def office(database: Database) -> Iterator[Office]:
    with open_setting(database) as setting, setting.make_client() as client:
        lines = LogCapture()
        services = NoticeServices(
            database=database,
            client=client,
            vault=setting.vault,
            mail=MailTable(),
            read_calendar=lambda db: Calendar(HOURS, ZoneInfo("Asia/Shanghai"), {}),
            now=setting.clock,
            random_hex=lambda digits: "0" * digits,
            log=structlog.wrap_logger(None, processors=[lines], wrapper_class=structlog.make_filtering_bound_logger(0)),
        )
        made = Office(setting, services, lines)
        made.follow(LI)
        yield made


def use_template(office: Office) -> None:
    fields = NotifyTable().progress_fields
    office.change(progress_template=Template("x" * 43, fields), reminder_template=Template("y" * 43, fields))


# --- the windows of the platform -------------------------------------------------------------------------------


def test_five_leave_and_the_last_one_only_for_a_result(office: Office) -> None:
    office.hear(LI)
    reporter = f"reporter:{office.ids[LI]}"
    usual = [office.add(reporter, f"第 {number} 条") for number in range(5)]
    assert office.run() == 5
    assert [office.show(one)[0] for one in usual] == ["sent"] * 4 + ["held"]
    result = office.add(reporter, "办好了", is_result=True)
    late = office.add(reporter, "还有一件", is_result=True)
    office.run()
    assert (office.show(result), office.show(late)[0]) == (("sent", "customer"), "held")
    assert office.list_chat(LI) == [f"第 {number} 条" for number in range(4)] + ["办好了"]
    assert office.setting.count_calls("message/custom/send") == 5  # the platform was never asked for a sixth
    assert office.get(late).reason == "等对方下次说话再发"


def test_held_ones_leave_with_the_next_message(office: Office) -> None:
    notice = office.add(f"reporter:{office.ids[LI]}")
    office.run()
    assert office.show(notice)[0] == "held"
    assert not release_next_held(office.services)
    office.setting.clock.at = NIGHT
    office.hear(LI)
    assert release_next_held(office.services)
    assert office.run() == 1
    assert office.show(notice) == ("sent", "customer")  # though it is night: they are awake
    assert not release_next_held(office.services)


def test_row_83_when_the_platform_closed_the_window_the_template_takes_over(office: Office) -> None:
    use_template(office)
    office.hear(LI, on_platform=False)
    notice = office.add(f"reporter:{office.ids[LI]}", is_result=True)
    office.run()
    assert office.show(notice) == ("sent", "template")
    assert office.list_outcomes(notice) == [("customer", "refused", 45015), ("template", "sent", None)]
    (shown,) = office.list_templates(LI)
    assert shown == {
        "character_string1": "-",
        "phrase2": "已受理",
        "thing3": "您报的 2611-018 受理了",
        "time4": "2026-11-25 09:01",
    }


@pytest.mark.parametrize("errcode", [45015, 45047])
def test_row_83_without_a_template_it_is_held_and_says_so(office: Office, errcode: int) -> None:
    office.hear(LI)
    office.setting.platform.faults.plan("message/custom/send", Fault.refuse(errcode))
    notice = office.add(f"reporter:{office.ids[LI]}")
    office.run()
    assert office.show(notice) == ("held", "customer")
    assert office.list_outcomes(notice) == [("customer", "refused", errcode)]


def test_row_84_who_does_not_follow_is_not_written_to_again(office: Office) -> None:
    use_template(office)
    office.hear(LI)
    office.setting.platform.followers.record_push(office.setting.platform.build.unsubscribe(LI))
    first, second = (office.add(f"reporter:{office.ids[LI]}") for _ in range(2))
    office.run()
    assert office.show(first) == ("dropped", "customer")
    assert office.get(first).reason == "对方已取消关注"
    assert office.show(second) == ("dropped", "")
    assert office.setting.count_calls("message/custom/send") == 1
    assert office.setting.count_calls("message/template/send") == 0


def test_row_85_a_template_that_may_have_arrived_is_repeated_and_shown_once(office: Office) -> None:
    use_template(office)
    office.setting.platform.faults.plan("message/template/send", Fault.cut(after_work=True))
    notice = office.add(f"reporter:{office.ids[LI]}")
    office.run()
    assert office.get(notice).state == NoticeState.WAITING
    office.setting.clock.pass_time(31)
    office.run()
    assert office.show(notice) == ("sent", "template")
    assert [outcome for _, outcome, _ in office.list_outcomes(notice)] == ["maybe", "sent"]
    assert len(office.list_templates(LI)) == 1


# --- staff -----------------------------------------------------------------------------------------------------


def test_staff_are_reached_by_chat_then_by_mail_then_not_at_all(office: Office) -> None:
    office.follow(WANG)
    with open_post_office() as post_office:
        office.change(mail=post_office.make_settings())
        bound = office.add_staff("wang", openid=WANG, email="wang@example.com")
        mailed = office.add_staff("zhang", email="zhang@example.com")
        nowhere = office.add_staff("zhao")
        office.hear(WANG)
        ids = [
            office.add(f"staff:{one}", "【请整改】2611-018", purpose=Purpose.ASSIGNMENT)
            for one in (bound, mailed, nowhere)
        ]
        office.run()
        assert [office.show(one) for one in ids] == [("sent", "customer"), ("sent", "mail"), ("held", "")]
        assert office.get(ids[2]).reason == "没有绑定微信，也没有邮箱地址"
        assert office.list_chat(WANG) == ["【请整改】2611-018"]
        (letter,) = post_office.letters
        assert (letter["To"], letter["Subject"]) == ("zhang@example.com", "随手拍：有一条隐患请整改")


def test_a_digest_with_a_mail_of_its_own_goes_by_mail_only(office: Office) -> None:
    office.follow(WANG)
    with open_post_office() as post_office:
        office.change(mail=post_office.make_settings())
        staff_id = office.add_staff(openid=WANG, email="wang@example.com")
        office.hear(WANG)
        more = {"purpose": Purpose.DIGEST, "fields": {"channels": ["mail"]}}
        notice = office.add(f"staff:{staff_id}", "本周无", **more)
        office.run()
        assert office.show(notice) == ("sent", "mail")
        assert len(post_office.letters) == 1


def test_words_are_made_when_it_is_sent_and_a_reminder_of_nothing_is_dropped(office: Office) -> None:
    office.follow(WANG)
    office.hear(WANG)
    staff_id = office.add_staff(openid=WANG)
    due = ["2611-018"]
    office.change(makers={Purpose.REMINDER: lambda db, notice, now: Rendered("、".join(due), "今天") if due else None})
    more: dict[str, Any] = {"purpose": Purpose.REMINDER, "words": ""}
    first = office.add(f"staff:{staff_id}", subject="day:2026-11-25", **more)
    due.append("2611-019")
    office.run()
    due.clear()
    second = office.add(f"staff:{staff_id}", subject="day:2026-11-26", **more)
    office.run()
    assert office.list_chat(WANG) == ["2611-018、2611-019"]
    assert (office.show(first)[0], office.show(second)[0]) == ("sent", "dropped")


# --- hours and caps --------------------------------------------------------------------------------------------


def test_what_is_not_urgent_waits_for_the_morning(office: Office) -> None:
    office.setting.clock.at = NIGHT - 30 * MINUTE
    office.hear(LI)
    office.setting.clock.at = NIGHT
    usual = office.add(f"reporter:{office.ids[LI]}")
    urgent = office.add(f"reporter:{office.ids[LI]}", is_urgent=True)
    office.run()
    row = office.get(usual)
    assert (row.state, row.attempts, row.due_at) == ("waiting", 0, datetime(2026, 11, 26, 0, 30, tzinfo=UTC))
    assert office.show(urgent)[0] == "sent"
    office.setting.clock.at = row.due_at
    office.run()
    assert office.show(usual)[0] == "sent"


def test_what_is_more_than_enough_for_a_day_leaves_the_next_morning(office: Office) -> None:
    office.change(most_per_recipient_per_day=2)
    office.hear(LI)
    ids = [office.add(f"reporter:{office.ids[LI]}") for _ in range(3)]
    office.run()
    assert [office.show(one)[0] for one in ids] == ["sent", "sent", "waiting"]
    assert office.get(ids[2]).due_at == datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
    office.setting.clock.at = datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
    office.run()
    assert office.show(ids[2])[0] == "sent"


# --- trouble ---------------------------------------------------------------------------------------------------


def test_an_unanswered_message_is_repeated_once_and_then_left_open(office: Office) -> None:
    office.hear(LI)
    office.setting.platform.faults.plan("message/custom/send", Fault.cut(), times=5)
    notice = office.add(f"reporter:{office.ids[LI]}")
    office.run()
    assert office.get(notice).due_at == office.now() + 2 * MINUTE
    for _ in range(5):
        office.setting.clock.pass_time(300)
        office.run()
    assert office.show(notice)[0] == "maybe"
    assert [outcome for _, outcome, _ in office.list_outcomes(notice)] == ["maybe", "maybe"]
    assert office.get(notice).reason == "可能送到了，对方没回话，没有再发"


@pytest.mark.parametrize(("crashes", "state"), [(1, "sent"), (2, "maybe")])
def test_what_a_crash_cut_off_is_repeated_once(office: Office, crashes: int, state: str) -> None:
    office.hear(LI)
    notice_id = office.add(f"reporter:{office.ids[LI]}")
    for _ in range(crashes):
        with office.database.write() as db:
            notice = outbox.claim_next_notice(db, now=office.now(), lease_until=office.now() + LEASE)
            assert notice is not None
            sends.begin_send(db, notice, Channel.CUSTOMER, reporter_id=office.ids[LI], now=office.now())
        assert office.run() == 0
        office.setting.clock.pass_time(LEASE.total_seconds())
    office.run()
    assert office.show(notice_id)[0] == state
    assert len(office.list_chat(LI)) == (1 if state == "sent" else 0)


def test_wrong_credentials_stop_the_chat_alarm_the_operator_and_leave_mail_alone(office: Office) -> None:
    with open_post_office() as post_office:
        office.change(mail=post_office.make_settings())
        staff_id = office.add_staff(email="wang@example.com")
        office.hear(LI)
        office.setting.platform.faults.plan("message/custom/send", Fault.refuse(48001))
        first = office.add(f"reporter:{office.ids[LI]}")
        second = office.add(f"reporter:{office.ids[LI]}")
        mailed = office.add(f"staff:{staff_id}")
        office.run()
        assert office.list_alarms() == ["channel_needs_the_operator"]
        assert office.setting.count_calls("message/custom/send") == 1
        assert office.show(mailed) == ("sent", "mail")
        waiting = office.get(second)
        assert (waiting.state, waiting.attempts, waiting.due_at) == ("waiting", 0, office.now() + 5 * MINUTE)
        office.setting.clock.pass_time(300)
        office.run()
        assert [office.show(one)[0] for one in (first, second)] == ["sent", "sent"]


def test_a_dead_mail_server_is_tried_again_later_and_blocks_nobody(office: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with open_post_office() as post_office:
        office.change(mail=post_office.make_settings(port=port))
        staff_id = office.add_staff(email="wang@example.com")
        office.hear(LI)
        mailed = [office.add(f"staff:{staff_id}") for _ in range(3)]
        told = office.add(f"reporter:{office.ids[LI]}")
        office.run()
        assert office.show(told)[0] == "sent"
        rows = [office.get(one) for one in mailed]
        assert [row.state for row in rows] == ["waiting"] * 3
        assert [row.reason for row in rows] == ["邮件服务器连不上", "这个渠道暂时不通", "这个渠道暂时不通"]
        assert [row.attempts for row in rows] == [1, 0, 0]
        office.change(mail=post_office.make_settings())
        office.setting.clock.pass_time(60)
        office.run()
        assert [office.show(one)[0] for one in mailed] == ["sent"] * 3


def test_gives_up_in_the_end_and_says_why(office: Office) -> None:
    office.hear(LI)
    notice = office.add(f"reporter:{office.ids[LI]}", is_urgent=True)
    office.setting.platform.faults.plan("message/custom/send", Fault.refuse(-1), times=50)
    for _ in range(40):
        office.setting.clock.at = office.get(notice).due_at or office.now()
        office.hear(LI)  # the window stays open
        office.run()
    row = office.get(notice)
    assert (row.state, row.attempts, row.reason) == ("failed", 20, "试了 20 次都没送到：微信忙")
    assert len(office.list_outcomes(notice)) == 20


def test_no_identity_gets_into_logs_or_reasons(office: Office) -> None:
    office.hear(LI)
    office.setting.platform.faults.plan("message/custom/send", Fault.refuse(40003), times=2)
    notice = office.add(f"reporter:{office.ids[LI]}")
    office.run()
    assert office.show(notice)[0] == "failed"
    assert LI not in str(office.lines.entries) + str(office.get(notice))


# --- the duty --------------------------------------------------------------------------------------------------


def add_alarm(office: Office, recipient: str = "duty:1") -> tuple[int, int]:
    with office.database.write() as db:
        report_id = make_report(db, reporter_id=office.ids[LI], code="2611-018")
    more = {"purpose": Purpose.ALARM, "subject": f"report:{report_id}", "report_id": report_id, "is_urgent": True}
    return office.add(recipient, "【险情】2611-018", **more), report_id


def use_robot(office: Office, server: HTTPServer, *answers: dict[str, Any]) -> None:
    for answer in answers:
        server.expect_ordered_request("/send").respond_with_json(answer)
    channel = parse_duty_channel(f"wecom+{server.url_for('/send')}?key=invented")
    office.change(duty={"duty:1": channel}, robots={"duty:1": Robot(channel, Timeouts(0.5, 0.5, 0.8))})


def test_the_reporter_hears_that_the_duty_was_told_once_a_group_accepted_it(
    office: Office, httpserver: HTTPServer
) -> None:
    use_robot(office, httpserver, {"errcode": 0})
    office.setting.clock.at = NIGHT
    office.hear(LI)
    alarm, report_id = add_alarm(office)
    office.run()
    assert office.show(alarm) == ("sent", "wecom")
    (said,) = office.list_chat(LI)
    assert "已通知值班人员" in said
    assert "2611-018" in said
    with office.database.read() as db:
        told = outbox.list_report_notices(db, report_id)
    assert [(row.purpose, row.state) for row in told] == [("alarm", "sent"), ("duty_told", "sent")]


@pytest.mark.parametrize(
    ("answer", "state"),
    [({"errcode": 93000}, "failed"), ({"errcode": 45009}, "waiting"), ({}, "waiting")],
    ids=["gone", "too fast", "no answer"],
)
def test_the_reporter_hears_nothing_of_the_duty_before_that(
    office: Office, httpserver: HTTPServer, answer: dict[str, Any], state: str
) -> None:
    use_robot(office, httpserver, answer)
    office.hear(LI)
    alarm, _ = add_alarm(office)
    office.run()
    assert office.show(alarm)[0] == state
    assert office.list_chat(LI) == []
    assert ("notice_not_delivered" in office.list_alarms()) == (state == "failed")
    assert "invented" not in str(office.lines.entries)


def test_an_alarm_leaves_before_all_that_waits(office: Office, httpserver: HTTPServer) -> None:
    use_robot(office, httpserver, {"errcode": 0})
    office.hear(LI)
    usual = office.add(f"reporter:{office.ids[LI]}")
    alarm, _ = add_alarm(office)
    assert send_next_notice(office.services)
    assert (office.show(usual)[0], office.show(alarm)[0]) == ("waiting", "sent")


def test_the_confidential_go_to_the_named_person_and_the_reporter_is_told_nothing(office: Office) -> None:
    with open_post_office() as post_office:
        office.change(
            mail=post_office.make_settings(),
            duty={"duty:confidential-1": parse_duty_channel("staff:ren"), "duty:1": parse_duty_channel("staff:wang")},
        )
        office.add_staff("ren", email="ren@example.com")
        office.hear(LI)
        more = {"purpose": Purpose.CONCEALED, "subject": "message:1", "is_urgent": True}
        notice = office.add("duty:confidential-1", "有一条保密线索", **more)
        office.run()
        assert office.show(notice) == ("sent", "mail")
        assert [letter["To"] for letter in post_office.letters] == ["ren@example.com"]
        assert office.list_chat(LI) == []


def test_an_alarm_that_reaches_nobody_is_tried_again_and_alarms_the_operator(office: Office) -> None:
    office.change(duty={"duty:1": parse_duty_channel("staff:wang")})
    office.add_staff("wang")
    alarm, _ = add_alarm(office)
    gone = office.add("duty:7", "【险情】2611-019", purpose=Purpose.ALARM, is_urgent=True)
    office.run()
    assert office.show(alarm)[0] == "waiting"
    assert office.list_alarms() == ["duty_cannot_be_reached"]
    assert office.show(gone)[0] == "dropped"
