"""The one place where the parts are put together; everything below is handed what it needs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from bot.deadlines import read_deadlines, read_office_calendar
from bot.known_units import KnownUnits
from bot.notify.duty import list_alarm_recipients, list_confidential_recipients, map_duty
from bot.notify.robots import Robot
from bot.notify.services import NoticeServices
from bot.notify.template import build_template
from bot.notify.words import MakeWords
from bot.settings import Settings
from bot.task_links import build_task_url
from bot.webhook.robot import IntakeRoBot
from bot.wechat.client import WeChatClient
from bot.wechat.tokens import TokenStore
from handlers import register_handlers
from handlers.classify import load_lexicon
from handlers.conversation import Rules
from handlers.services import Services
from handlers.texts import DutyPhone
from media.limits import Limits
from media.store import MediaStore
from storage.database import Database
from storage.outbox import Purpose
from storage.reports.deadlines import Deadlines
from storage.vault import Vault, read_vault


@dataclass(frozen=True)
class Program:
    """The parts of one process, each made when it is first asked for, so that nothing is opened before a fork."""

    settings: Settings
    log: FilteringBoundLogger
    now: Callable[[], datetime]

    @cached_property
    def database(self) -> Database:
        """The engine and its transactions."""
        return Database(self.settings.database.url, pool_size=max(5, self.settings.web.threads))

    @cached_property
    def vault(self) -> Vault:
        """The holder of the key file."""
        return read_vault(self.settings.vault.key_file)

    @cached_property
    def store(self) -> MediaStore:
        """Where the files are."""
        return MediaStore(self.settings.media.store_url)

    @cached_property
    def limits(self) -> Limits:
        """What a file may cost."""
        return Limits(max_bytes=self.settings.media.max_bytes, max_pixels=self.settings.media.max_pixels)

    @cached_property
    def client(self) -> WeChatClient:
        """The platform's API."""
        wechat = self.settings.wechat
        return WeChatClient(
            app_id=wechat.app_id,
            app_secret=wechat.app_secret.get_secret_value(),
            api_base_url=wechat.api_base_url,
            tokens=TokenStore(self.database, self.vault, wechat.app_id, now=self.now, pause=time.sleep),
            picture_hosts=self.settings.media.picture_hosts,
            now=self.now,
        )

    @cached_property
    def known_units(self) -> KnownUnits:
        """The units of the moment, and the understanding of what is said about them."""
        return KnownUnits(self.database, load_lexicon(), now=self.now, log=self.log)

    def read_deadlines(self, db: Connection) -> Deadlines:
        """Return the times of every step, with the office's calendar as it is now."""
        return read_deadlines(db, self.settings.deadlines, self.settings.schedule)

    @cached_property
    def notices(self) -> NoticeServices:
        """What sending notices needs."""
        notify, duty = self.settings.notify, map_duty(self.settings.duty)
        return NoticeServices(
            database=self.database,
            client=self.client,
            vault=self.vault,
            mail=self.settings.mail,
            read_calendar=lambda db: read_office_calendar(db, self.settings.schedule),
            now=self.now,
            random_hex=random_hex,
            log=self.log,
            duty=duty,
            robots={name: Robot(channel) for name, channel in duty.items() if channel.is_robot},
            progress_template=build_template(notify.progress_template, notify.progress_fields),
            reminder_template=build_template(notify.reminder_template, notify.reminder_fields),
            makers=self.makers,
            build_task_url=self.build_task_url,
            most_per_recipient_per_day=notify.most_per_recipient_per_day,
        )

    def build_task_url(self, assignment_id: int) -> str:
        """Return the address of a liaison's page, nothing where the outside has none of ours."""
        web = self.settings.web
        if not web.public_url:
            return ""
        return build_task_url(assignment_id, secret_key=web.secret_key.get_secret_value(), public_url=web.public_url)

    @cached_property
    def makers(self) -> Mapping[Purpose, MakeWords]:
        """Who makes the words of notices that have none until they are sent."""
        from bot.jobs.wording import build_makers  # noqa: PLC0415  # what writes ledgers is not for web workers

        return build_makers(self.read_deadlines, self.settings.web.public_url)

    @cached_property
    def robot(self) -> IntakeRoBot:
        """The intake robot with every handler."""
        robot = IntakeRoBot(
            self.settings.wechat,
            database=self.database,
            vault=self.vault,
            classifier=self.known_units,
            now=self.now,
            random_hex=random_hex,
            log=self.log,
        )
        register_handlers(
            robot,
            Services(
                rules=Rules(gather=timedelta(minutes=self.settings.intake.gather_minutes)),
                duty_phones=tuple(DutyPhone(phone.label, phone.number) for phone in self.settings.duty.phones),
                duty_channels=tuple(list_alarm_recipients(self.settings.duty)),
                confidential_to=tuple(list_confidential_recipients(self.settings.duty)),
                unit_ids=self.known_units,
                read_deadlines=self.read_deadlines,
                random_digits=random_digits,
            ),
        )
        return robot


def build_program(settings: Settings, log: FilteringBoundLogger, now: Callable[[], datetime] | None = None) -> Program:
    """Return the parts of a process, with the real clock unless another is given."""
    return Program(settings, log, now or read_clock)


def read_clock() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def random_digits(count: int) -> str:
    """Return that many random decimal digits."""
    return "".join(secrets.choice("0123456789") for _ in range(count))


def random_hex(digits: int) -> str:
    """Return that many random hexadecimal digits."""
    return secrets.token_hex((digits + 1) // 2)[:digits]
