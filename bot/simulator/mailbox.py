"""A mailbox on this machine: an SMTP server that keeps what comes in a folder, and what the page shows of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

MOST_BYTES = 20_000_000
_MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as the list shows it; `name` opens it."""

    name: str
    recipient: str
    subject: str
    at: datetime | None
    attachments: tuple[str, ...]


class Mailbox:
    """A folder of mails, newest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, content: bytes) -> None:
        """Keep one mail."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns():020d}-{hashlib.sha256(content).hexdigest()[:8]}"
        unfinished = self.folder / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.rename(self.folder / f"{name}.eml")

    def list_letters(self) -> list[Letter]:
        """Return the newest mails."""
        paths = sorted(self.folder.glob("*.eml"), reverse=True)[:_MOST_LISTED]
        return [_describe(path) for path in paths]

    def read_page(self, name: str) -> str | None:
        """Return the HTML of a mail, its text where it has none; None when there is no such mail."""
        message = self._find(name)
        if message is None:
            return None
        body = message.get_body(("html", "plain"))
        content = "" if body is None else str(body.get_content())
        if body is not None and body.get_content_subtype() == "plain":
            return f"<pre>{content.replace('&', '&amp;').replace('<', '&lt;')}</pre>"
        return content

    def read_attachment(self, name: str, number: int) -> tuple[str, bytes] | None:
        """Return file name and bytes of an attachment."""
        message = self._find(name)
        parts = [] if message is None else list(message.iter_attachments())
        if not 0 <= number < len(parts):
            return None
        content = parts[number].get_content()
        return parts[number].get_filename() or "附件", content if isinstance(content, bytes) else str(content).encode()

    def _find(self, name: str) -> EmailMessage | None:
        path = next((path for path in self.folder.glob("*.eml") if path.stem == name), None)
        return None if path is None else message_from_bytes(path.read_bytes(), policy=policy.default)


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep what was sent."""
        content = envelope.original_content or b""
        self._mailbox.keep(content)
        return "250 kept"


def start_mailbox(mailbox: Mailbox, port: int) -> Controller:
    """Begin to take mail on a loopback port; the controller's `stop` ends it, and so does the end of the process."""
    controller = Controller(_Handler(mailbox), hostname="127.0.0.1", port=port, data_size_limit=MOST_BYTES)
    controller.start()
    return controller


@contextmanager
def serve_mailbox(mailbox: Mailbox, port: int) -> Iterator[None]:
    """Take mail on a loopback port until the block ends."""
    controller = start_mailbox(mailbox, port)
    try:
        yield
    finally:
        controller.stop()


def _describe(path: Path) -> Letter:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    try:
        at = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        at = None
    names = tuple(part.get_filename() or "附件" for part in message.iter_attachments())
    return Letter(path.stem, str(message["To"] or ""), str(message["Subject"] or ""), at, names)
