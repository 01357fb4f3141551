"""E-mail: both halves of a message, what is attached, and a server that may be away."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from email.utils import format_datetime, parseaddr
from html import escape

from bot.notify.errors import SendError
from bot.notify.words import Rendered
from bot.settings.outgoing import MailTable

SECONDS = 10.0  # for connecting, and between two answers of the server
_OK, _FORWARDED = 250, 251
_PERMANENT = 500  # RFC 5321 4.2.1: from here on the same command will fail again
_TEMPORARY_WAIT = timedelta(minutes=10)  # servers that greylist want to be asked again after some minutes


def build_mail(settings: MailTable, address: str, rendered: Rendered, *, notice_id: int, now: datetime) -> EmailMessage:
    """Return a notice as a mail; raises SendError for an address that is none.

    The same notice always has the same Message-ID, so that one which was sent twice is shown once by many programs.
    """
    name, sender = parseaddr(settings.sender)
    message = EmailMessage(policy=MAIL_POLICY)
    try:
        message["From"] = Address(name, addr_spec=sender)
        message["To"] = Address(addr_spec=address)
    except (ValueError, IndexError, MessageError):
        raise SendError("邮箱地址的写法不对", permanent=True) from None
    message["Subject"] = " ".join(rendered.title.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<notice-{notice_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answer is wanted
    message.set_content(rendered.text)
    message.add_alternative(rendered.html or _build_html(rendered.text), subtype="html")
    for attached in rendered.attached:
        kind, _, subkind = attached.content_type.partition("/")
        message.add_attachment(attached.content, maintype=kind, subtype=subkind, filename=attached.name)
    return message


def send_mail(
    settings: MailTable, message: EmailMessage, *, make_context: Callable[[], ssl.SSLContext] | None = None
) -> None:
    """Hand a mail to the server; raises SendError. The certificate is checked unless `make_context` says otherwise."""
    if not settings.host:
        raise SendError("还没有配置发邮件的服务器", permanent=True, needs_operator=True)
    make_context = make_context or ssl.create_default_context
    context = None if settings.tls == "none" else make_context()  # reading every root certificate takes a while
    # Errors of smtplib hold addresses and the server's own words, so ours are raised outside of the handler.
    server, failure = _connect(settings, context)
    if server is None:
        raise failure or SendError("邮件服务器连不上")
    failure = _hand_over(server, message)
    if failure is not None:
        raise failure


def _connect(settings: MailTable, context: ssl.SSLContext | None) -> tuple[smtplib.SMTP | None, SendError | None]:
    server: smtplib.SMTP | None = None
    try:
        if settings.tls == "tls":
            server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=SECONDS)
        if settings.tls == "starttls":
            server.starttls(context=context)
        if settings.user:
            server.login(settings.user, settings.password.get_secret_value())
    except smtplib.SMTPAuthenticationError as error:
        failure = SendError("邮件服务器不认账号或密码", errcode=error.smtp_code, needs_operator=True)
    except ssl.SSLCertVerificationError:
        failure = SendError("邮件服务器的证书不对", needs_operator=True)
    except smtplib.SMTPNotSupportedError:
        failure = SendError("邮件服务器不支持配置里写的加密或登录", needs_operator=True)
    except (smtplib.SMTPException, OSError, UnicodeError):
        failure = SendError("邮件服务器连不上")
    else:
        return server, None
    if server is not None:
        server.close()
    return None, failure


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> SendError | None:
    try:
        return _announce(server, message) or _give(server, message)
    finally:
        _say_goodbye(server)


def _announce(server: smtplib.SMTP, message: EmailMessage) -> SendError | None:
    """Name sender and recipient; until both are taken the mail itself has certainly not been."""
    try:
        server.ehlo_or_helo_if_needed()
        code, _ = server.mail(message["From"].addresses[0].addr_spec)
        if code != _OK:
            return _read_code("邮件服务器不收这个发件人", code)
        code, _ = server.rcpt(message["To"].addresses[0].addr_spec)
        if code not in (_OK, _FORWARDED):
            return _read_code("对方的邮箱不收", code)
    except UnicodeError:
        return SendError("邮件服务器不支持这样的邮箱地址", permanent=True)
    except (smtplib.SMTPException, OSError):
        return SendError("邮件服务器断线了")
    return None


def _give(server: smtplib.SMTP, message: EmailMessage) -> SendError | None:
    try:
        code, _ = server.data(message.as_bytes())
    except smtplib.SMTPDataError as error:
        code = error.smtp_code
    except (smtplib.SMTPException, OSError):
        return SendError("邮件服务器没说收没收到", may_have_arrived=True)
    return None if code == _OK else _read_code("邮件服务器不收这封邮件", code)


def _say_goodbye(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()  # the mail was taken already, or will not be


def _read_code(reason: str, code: int) -> SendError:
    if code >= _PERMANENT:
        return SendError(reason, errcode=code, permanent=True)
    return SendError(reason, errcode=code, retry_after=_TEMPORARY_WAIT)


def _build_html(text: str) -> str:
    lines = escape(text).replace("\n", "<br>\n")
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"></head>'
        '<body style="font:18px/1.7 sans-serif;color:#1f2328;background:#ffffff;margin:24px">'
        f"<p>{lines}</p></body></html>\n"
    )
