"""What tests of the attachment job work with: a store, the services, and attachments that wait to be fetched."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select
from structlog.testing import LogCapture

from bot.jobs.attachments import fetch_next_attachment
from bot.jobs.services import JobServices
from bot.wechat.client import WeChatClient
from media.limits import Limits
from media.store import MediaStore
from storage.attachments import add_attachment, attachments, find_attachment
from storage.types import AnyRow
from tests.bot.wechat.setting import Setting
from tests.factories import make_message, make_report

LIFETIME = timedelta(days=3)


class CountingHex:
    """Random hex digits that are all different but tell nothing: the middle of the range as far as chance goes."""

    def __init__(self) -> None:
        self._number = itertools.count()

    def __call__(self, digits: int) -> str:
        """Return so many digits."""
        return "7fff" if digits == 4 else f"{next(self._number):0{digits}x}"


@dataclass
class Fetching:
    """The job with everything around it."""

    setting: Setting
    client: WeChatClient
    store: MediaStore = field(init=False)
    services: JobServices = field(init=False)
    lines: LogCapture = field(default_factory=LogCapture)

    def __post_init__(self) -> None:
        path = self.setting.database.path
        assert path is not None
        self.store = MediaStore(f"file://{path.parent}/media")
        self.services = self.make_services()

    def make_services(self, **changes: Any) -> JobServices:
        """Return the services with some of them changed."""
        given: dict[str, Any] = {
            "database": self.setting.database,
            "client": self.client,
            "store": self.store,
            "vault": self.setting.vault,
            "limits": Limits(),
            "now": self.setting.clock,
            "random_hex": CountingHex(),
            "log": structlog.wrap_logger(
                None, processors=[self.lines], wrapper_class=structlog.make_filtering_bound_logger(0)
            ),
            **changes,
        }
        return JobServices(**given)

    def add(self, kind: str = "photo", *, media_id: str = "", picture_url: str = "") -> int:
        """Add an attachment that is due at once and return its id."""
        now = self.setting.clock()
        with self.setting.database.write() as db:
            report_id = make_report(db)
            message_id = make_message(db, report_id=report_id, kind=kind)
            add_attachment(
                db,
                report_id=report_id,
                message_id=message_id,
                kind=kind,
                media_id=media_id,
                picture_url=picture_url,
                voice_format="",
                sent_at=now,
                expires_at=now + LIFETIME,
                now=now,
            )
            added = db.execute(select(attachments.c.id).where(attachments.c.message_id == message_id))
            return int(added.scalar_one())

    def add_sent(self, content: bytes, kind: str = "photo", *, with_url: bool = False) -> tuple[int, str]:
        """Add an attachment whose bytes the platform has; returns its id and media id."""
        media_id = self.setting.platform.media.add_media({"photo": "image"}.get(kind, kind), content)
        url = self.setting.platform.get_picture_url(media_id) if with_url else ""
        return self.add(kind, media_id=media_id, picture_url=url), media_id

    def get_row(self, attachment_id: int) -> AnyRow:
        """Return the row of an attachment."""
        with self.setting.database.read() as db:
            row = find_attachment(db, attachment_id)
        assert row is not None
        return row

    def run(self) -> bool:
        """Do the job once."""
        return fetch_next_attachment(self.services)

    def list_alarms(self) -> list[str]:
        """Return the names of the lines that the operator gets as an alarm."""
        return [line["event"] for line in self.lines.entries if line["log_level"] == "error"]

    def list_files(self) -> list[str]:
        """Return the keys of all files."""
        return list(self.store.list_keys())
