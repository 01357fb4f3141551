"""A real SMTP server on loopback that keeps what it is given, or refuses it as a test says."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from bot.settings.outgoing import MailTable
from tests.bench.webhook import find_free_port


@dataclass
class PostOffice:
    """What arrived, by the names that aiosmtpd calls its handlers by."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)  # by command: what is answered instead of 250
    drops: bool = False  # ends the connection instead of saying that the mail was taken

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Take or refuse a sender."""
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Take or refuse a recipient."""
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take or refuse a mail."""
        if "DATA" in self.answers:
            return self.answers["DATA"]
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        if self.drops:
            server.transport.abort()
        return "250 OK"

    def make_settings(self, **changes: Any) -> MailTable:
        """Return the settings of a program that sends by this server."""
        given = {"host": "127.0.0.1", "port": self.port, "sender": "随手拍 <bot@example.com>", "tls": "none", **changes}
        return MailTable(**given)


@contextmanager
def open_post_office(tls_context: ssl.SSLContext | None = None, **more: Any) -> Iterator[PostOffice]:
    """Run a server until the block ends."""
    office = PostOffice(find_free_port())
    controller = Controller(
        office,
        hostname="127.0.0.1",
        port=office.port,
        tls_context=tls_context,
        require_starttls=bool(tls_context),
        **more,
    )
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
