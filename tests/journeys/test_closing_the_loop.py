"""One hazard all the way on a frozen clock: photo, hand-over, mended, not mended, mended, closed, and Monday's digest.

Everything is real but the platform and the clock: the web application, the jobs, a mail server, an SQLite file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from werkzeug.security import generate_password_hash

from bot.app import create_app
from bot.jobs.process import run_jobs_once
from bot.settings import load_settings
from bot.simulator.account import Account
from bot.simulator.envelopes import Envelope
from bot.simulator.mailbox import Mailbox, serve_mailbox
from bot.simulator.people import SAMPLE_PEOPLE
from bot.simulator.platform import Platform
from bot.simulator.scenes import read_sample
from bot.simulator.server import serve_platform
from bot.wiring import Program, build_program
from storage import bindings, staff, units
from storage.database import Database
from storage.reports.export import iter_reports
from storage.staff import Role
from tests.bot.admin.conftest import PASSWORD, Browser
from tests.intake import Clock
from tests.running import find_free_port, write_config

SHANGHAI = ZoneInfo("Asia/Shanghai")
PEOPLE = {person.name.removeprefix("样例·"): person.openid for person in SAMPLE_PEOPLE}
REPORTER, LIAISON = PEOPLE["孙妈妈"], PEOPLE["周网格员"]
WORDS = "俺家娃差点绊倒，夜班下来楼道黑咕隆咚全是纸箱子"


@dataclass
class Town:
    """The whole program, its people's phones and the mailbox."""

    program: Program
    platform: Platform
    mailbox: Mailbox
    clock: Clock
    browser: Browser

    def at(self, day: int, hour: int, minute: int = 0) -> None:
        """Move the clock to a time of November 2026 in Shanghai, and let the jobs do what fell due."""
        self.clock.at = datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)
        run_jobs_once(self.program)

    def send(self, *envelopes: Envelope) -> list[str]:
        """Push through the webhook as the platform does; returns what each was answered, and runs the jobs."""
        answers = []
        for envelope in envelopes:
            push = self.platform.sign(envelope)
            answer = self.browser.client.post(
                "/wechat", query_string=push.query, data=push.body, content_type="text/xml"
            )
            assert answer.status_code == 200
            found = re.search(r"<Content><!\[CDATA\[(.*?)\]\]>", answer.get_data(as_text=True), re.DOTALL)
            answers.append(found[1] if found else "")
            self.platform.record_exchange(envelope, answers[-1])
        self.clock.advance(seconds=20)
        run_jobs_once(self.program)
        return answers

    def say(self, openid: str, words: str) -> str:
        """Send words from a phone; returns the answer."""
        return self.send(self.platform.build.text(openid, words))[0]

    def show(self, openid: str, *photos: str) -> list[str]:
        """Send sample photos from a phone."""
        return self.send(*self.platform.build.images(openid, [read_sample(photo) for photo in photos]))

    def read_phone(self, openid: str) -> list[str]:
        """Return what the account has written to a phone, oldest first."""
        return [bubble.text for bubble in self.platform.chats.list_bubbles(openid) if bubble.side == "account"]

    def act(self, username: str, path: str, **fields: object) -> None:
        """Log in, since hours have passed, and press a button on the report's page as it is now."""
        browser = self.browser
        assert browser.log_in(username).status_code == 302
        page = browser.get(f"/admin/reports/{self.code}").get_data(as_text=True)
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version, page
        answer = browser.post(f"/admin/reports/{self.code}/{path}", {"version": version[1], **fields})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        self.clock.advance(seconds=20)
        run_jobs_once(self.program)

    @property
    def code(self) -> str:
        """The one report's code."""
        return str(self.row["code"])

    @property
    def row(self) -> dict[str, object]:
        """The first report as it is exported."""
        with self.program.database.read() as db:
            return next(iter_reports(db))

    def list_mails(self) -> list[tuple[str, str, str]]:
        """Return recipient, subject and text of every mail, oldest first."""
        mails = []
        for path in sorted(self.mailbox.folder.glob("*.eml")):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            mails.append((str(mail["To"]), str(mail["Subject"]), "" if body is None else str(body.get_content())))
        return mails


@pytest.fixture
def town(sqlite_database: Database, tmp_path: Path) -> Iterator[Town]:
    """Give a township with one unit, its liaison, two reviewers and a leader, on the Monday of the week."""
    clock = Clock(datetime(2026, 11, 16, 0, 0, tzinfo=UTC))
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    port = find_free_port()
    config = write_config(tmp_path, url)
    settings = load_settings(
        config,
        {
            "SUISHOUPAI_MAIL__HOST": "127.0.0.1",
            "SUISHOUPAI_MAIL__PORT": str(port),
            "SUISHOUPAI_MAIL__TLS": "none",
            "SUISHOUPAI_MAIL__SENDER": "随手拍 <suishoupai@sample.invalid>",
            "SUISHOUPAI_WEB__PUBLIC_URL": "http://127.0.0.1:8000",
        },
    )
    wechat = settings.wechat
    account = Account(
        token=wechat.token.get_secret_value(),
        app_id=wechat.app_id,
        app_secret=wechat.app_secret.get_secret_value(),
        encoding_aes_key=wechat.encoding_aes_key.get_secret_value(),
        mode=wechat.mode,
        original_id=wechat.original_id,
    )
    platform = Platform(account, "", clock=clock, people=SAMPLE_PEOPLE)
    mailbox = Mailbox(tmp_path / "mail")
    with serve_platform(platform) as api, serve_mailbox(mailbox, port):
        changed = settings.model_copy(update={"wechat": wechat.model_copy(update={"api_base_url": api})})
        program = build_program(changed, structlog.get_logger("test"), clock)
        _set_up(program, clock)
        app = create_app(program)
        yield Town(program, platform, mailbox, clock, Browser(app.test_client()))
        program.database.close()


def _set_up(program: Program, clock: Clock) -> None:
    password = generate_password_hash(PASSWORD, method="scrypt:1024:1:1")
    with program.database.write() as db:
        unit_id = units.add_unit(db, name="样例东沟村", kind="village", aliases=("东沟村",), now=clock())
        for username, role, email, has_login in (
            ("shen", Role.REVIEWER, "shen@sample.invalid", True),
            ("fu", Role.REVIEWER, "", True),
            ("ling", Role.LEADER, "ling@sample.invalid", False),
            ("zhou", Role.LIAISON, "zhou@sample.invalid", False),
        ):
            member_id = staff.add_staff(
                db,
                username=username,
                display_name=f"样例{username}",
                role=role,
                password_hash=password if has_login else "",
                email=email,
                now=clock(),
            )
            if role is Role.LIAISON:
                staff.set_liaisons(db, unit_id, [member_id])


def bind_liaison(town: Town) -> None:
    """Let the liaison type the code of the staff page."""
    with town.program.database.write() as db:
        member = staff.find_staff(db, "zhou")
        assert member is not None
        code = bindings.make_bind_code(
            db, member.id, by="staff:shen", now=town.clock(), choose=lambda letters: letters[0]
        )
    assert "东沟村" in town.say(LIAISON, f"绑定 {code}")


def hand_over(town: Town, *, requirement: str) -> None:
    """Fill in and send the hand-over form of the report."""
    with town.program.database.read() as db:
        unit_id = units.list_units(db)[0].id
    fields = {
        "unit": str(unit_id),
        "liaison": "",
        "place": "东沟村 2 号楼楼道",
        "problem": "楼道里有堆放物，通道不畅",
        "requirement": requirement,
        "due": "3",
    }
    assert town.browser.log_in("shen").status_code == 302
    page = town.browser.get(f"/admin/reports/{town.code}/assign").get_data(as_text=True)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    preview = town.browser.post(f"/admin/reports/{town.code}/assign/preview", {"version": version[1], **fields})
    shown = preview.get_data(as_text=True)
    assert preview.status_code == 200
    assert "楼道里有堆放物，通道不畅" in shown
    town.act("shen", "assign", **fields, looked="on")


def test_one_hazard_from_the_photo_to_mondays_digest(town: Town) -> None:
    town.at(16, 8, 40)
    bind_liaison(town)

    # A mother reports; the office takes it on, looks, and hands it over.
    town.at(16, 9, 5)
    answer = town.show(REPORTER, "corridor_blocked-1")[0]
    assert town.code in answer
    town.say(REPORTER, WORDS)
    town.say(REPORTER, "东沟村2号楼")
    assert town.row["state"] == "received"
    town.at(16, 10, 0)
    assert str(town.row["due_at"]).startswith("2026-11-17T17:30")  # one working day for P2
    town.act("shen", "accept")
    assert f"您报的 {town.code} 受理了" in town.read_phone(REPORTER)[-1]
    town.at(16, 15, 0)
    town.act("shen", "verify")
    hand_over(town, requirement="清走堆放物，恢复通道")
    task = town.read_phone(LIAISON)[-1]
    assert all(part in task for part in ("请整改", town.code, "东沟村 2 号楼楼道", "清走堆放物", "11月19日"))
    assert not any(part in task for part in ("娃", "夜班", "黑咕隆咚", "热心群众"))
    assert town.row["state"] == "assigned"
    link = re.search(r"http://127\.0\.0\.1:8000(/tasks/\S+)", task)
    assert link
    page = town.browser.client.get(link[1]).get_data(as_text=True)  # no log-in is asked for
    assert "清走堆放物" in page
    assert "黑咕隆咚" not in page

    # The liaison answers by chat.
    assert town.code in town.say(LIAISON, "我的任务")
    town.say(LIAISON, "收到")
    town.at(17, 9, 30)
    town.say(LIAISON, "整改好了")
    assert town.row["state"] == "assigned"  # a photo is needed
    town.show(LIAISON, "corridor_cleared-1")
    assert town.row["state"] == "rectified"

    # Somebody else closes; the reporter is asked, and it is not so.
    town.at(17, 15, 0)
    town.act("fu", "close")
    assert town.row["state"] == "closed"
    asked = town.read_phone(REPORTER)[-1]
    assert "改好了" in asked
    assert "回 2" in asked
    town.at(17, 19, 0)
    town.say(REPORTER, "2")
    assert town.row["state"] == "reopened"

    # Once more, and now it is.
    town.at(18, 9, 0)
    hand_over(town, requirement="楼上一层也清出来")
    assert "楼上一层" in town.read_phone(LIAISON)[-1]
    town.at(18, 16, 0)
    town.say(LIAISON, f"{town.code} 整改好了")
    town.show(LIAISON, "corridor_cleared-1")
    town.at(18, 17, 0)
    town.act("fu", "close")
    town.at(18, 18, 0)
    town.say(REPORTER, "1")
    assert town.row["state"] == "closed"

    # Monday: a digest for each, once.
    before = len(town.list_mails())
    town.at(23, 8, 29)
    assert len(town.list_mails()) == before
    town.at(23, 8, 30)
    town.at(23, 8, 45)
    digests = town.list_mails()[before:]
    assert sorted(recipient for recipient, _, _ in digests) == [
        "ling@sample.invalid",
        "shen@sample.invalid",
        "zhou@sample.invalid",
    ]
    office = next(words for recipient, _, words in digests if recipient.startswith("shen"))
    assert "47" in office
    assert "已销号 1" in office
    leader = next(words for recipient, _, words in digests if recipient.startswith("ling"))
    assert len(leader.strip().splitlines()[0]) <= 120
    town.at(24, 9, 0)
    assert len(town.list_mails()) == before + 3

    # Nobody outside has read who it was, or what she said.
    everything = json.dumps([*town.list_mails(), *town.read_phone(LIAISON)], ensure_ascii=False)
    assert REPORTER not in everything
    assert "黑咕隆咚" not in everything
    assert "热心群众" not in everything
