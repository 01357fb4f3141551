"""When the sample week happens, what phones keep, and the mailbox."""

from __future__ import annotations

import smtplib
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from bot.simulator.account import Account
from bot.simulator.mailbox import Mailbox, serve_mailbox
from bot.simulator.page import make_simulator_blueprint
from bot.simulator.people import SAMPLE_PEOPLE
from bot.simulator.phones import load_phones, save_phones
from bot.simulator.platform import Platform
from bot.simulator.scenes import read_sample
from bot.simulator.script import load_week
from bot.simulator.week import place_week
from tests.running import find_free_port

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        pytest.param(23, "2026-11-16", "2026-11-22", id="monday: the week that ended"),
        pytest.param(24, "2026-11-17", "2026-11-23", id="tuesday: its Monday is moved to yesterday"),
        pytest.param(28, "2026-11-16", "2026-11-27", id="saturday: three days are moved to this week"),
        pytest.param(29, "2026-11-16", "2026-11-28", id="sunday"),
    ],
)
def test_week_ends_the_day_before_it_is_looked_at(today: int, first: str, last: str) -> None:
    now = datetime(2026, 11, today, 10, tzinfo=SHANGHAI)
    placed = place_week(load_week(), now)
    days = [at.date().isoformat() for at, _ in placed]
    assert (days[0], days[-1]) == (first, last)
    assert days == sorted(days)
    assert all(at.weekday() == step.at.days for at, step in placed)
    assert all(at < now for at, _ in placed)


def test_phones_are_as_they_were_saved(tmp_path: Path) -> None:
    person = SAMPLE_PEOPLE[0].openid
    before, after = make_platform(), make_platform()
    before.record_exchange(before.build.images(person, [read_sample("box_open-1")])[0], "收到，编号 2611-001。")
    before.record_exchange(before.build.location(person, 36.0, 113.0, "样例东沟村"), None)
    save_phones(before, tmp_path)
    load_phones(after, tmp_path)
    saved, found = before.chats.list_bubbles(person), after.chats.list_bubbles(person)
    assert [(one.side, one.kind, one.text, one.at, one.point) for one in found] == [
        (one.side, one.kind, one.text, one.at, one.point) for one in saved
    ]
    medium = after.media.find_picture(found[0].picture_id)
    assert medium is not None
    assert medium.content == read_sample("box_open-1")


def test_nothing_saved_is_nothing_loaded(tmp_path: Path) -> None:
    platform = make_platform()
    load_phones(platform, tmp_path / "none")
    assert platform.chats.list_bubbles(SAMPLE_PEOPLE[0].openid) == []


def test_mail_is_kept_and_shown_where_it_cannot_act(tmp_path: Path) -> None:
    mailbox, port = Mailbox(tmp_path), find_free_port()
    with serve_mailbox(mailbox, port), smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as server:
        server.send_message(make_mail())
    app = Flask("test")
    blueprint = make_simulator_blueprint(make_platform(), SAMPLE_PEOPLE, None, "/admin/", mailbox=mailbox)
    app.register_blueprint(blueprint, url_prefix="/sim")
    client = app.test_client()
    page = client.get("/sim/mail/")
    assert "第47周摘要" in page.get_data(as_text=True)
    assert "ling@sample.invalid" in page.get_data(as_text=True)
    (letter,) = mailbox.list_letters()
    shown = client.get(f"/sim/mail/{letter.name}/page")
    assert "<b>已销号 9</b>" in shown.get_data(as_text=True)
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script" not in shown.headers["Content-Security-Policy"].replace("default-src", "")
    file = client.get(f"/sim/mail/{letter.name}/0")
    assert file.get_data() == b"PK-a-table"
    assert "attachment" in file.headers["Content-Disposition"]
    for path in ("/sim/mail/none/", "/sim/mail/none/page", "/sim/mail/none/0", f"/sim/mail/{letter.name}/7"):
        assert client.get(path).status_code == 404


def make_platform() -> Platform:
    return Platform(
        Account("token", "wx0123456789abcdef", "s" * 32),
        "",
        people=SAMPLE_PEOPLE,
        clock=lambda: datetime(2026, 11, 28, 10, tzinfo=SHANGHAI),
    )


def make_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "suishoupai@sample.invalid", "ling@sample.invalid", "第47周摘要"
    mail.set_content("已销号 9")
    mail.add_alternative("<b>已销号 9</b><script>alert(1)</script>", subtype="html")
    mail.add_attachment(b"PK-a-table", maintype="application", subtype="zip", filename="台账.xlsx")
    return mail
