"""Mail as a server gets it, and what its answers mean."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.notify import mail
from bot.notify.errors import SendError
from bot.notify.mail import build_mail, send_mail
from bot.notify.words import Attached, Rendered
from bot.settings.outgoing import MailTable
from tests.bot.notify.postoffice import PostOffice, open_post_office

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = b"PK\x03\x04 not a real sheet \x00\xff"
DIGEST = Rendered(
    "一、要您今天办的\n<2> 条",
    "随手拍：上周情况\n（第47周）",
    html="<p>一、要您今天办的</p>",
    attached=(Attached("隐患台账 第47周.xlsx", XLSX, SHEET),),
)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_post_office() as opened:
        yield opened


def build(office: PostOffice, rendered: Rendered = DIGEST, address: str = "wang@example.com") -> EmailMessage:
    return build_mail(office.make_settings(), address, rendered, notice_id=17, now=NOW)


def refuse(settings: MailTable, message: EmailMessage, **more: Any) -> SendError:
    with pytest.raises(SendError) as caught:
        send_mail(settings, message, **more)
    assert "example.com" not in str(caught.value) + repr(caught.value.__context__)
    return caught.value


def test_a_mail_arrives_with_both_halves_and_the_ledger(office: PostOffice) -> None:
    send_mail(office.make_settings(), build(office))
    (letter,) = office.letters
    assert letter["Subject"] == "随手拍：上周情况 （第47周）"
    assert letter["From"].addresses[0].display_name == "随手拍"
    assert (letter["From"].addresses[0].addr_spec, letter["To"]) == ("bot@example.com", "wang@example.com")
    assert letter["Message-ID"] == "<notice-17@example.com>"
    assert letter["Date"].datetime == NOW
    plain, rich = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert plain.get_content().split() == DIGEST.text.split()
    assert rich.get_content().strip() == DIGEST.html
    (attached,) = letter.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("隐患台账 第47周.xlsx", XLSX)
    assert attached.get_content() == SHEET


def test_words_alone_become_a_page_that_shows_them_as_they_are(office: PostOffice) -> None:
    send_mail(office.make_settings(), build(office, Rendered("<b>护栏</b>\n断了", "隐患")))
    rich = office.letters[0].get_body(("html",))
    assert rich is not None
    assert "&lt;b&gt;护栏&lt;/b&gt;<br>\n断了" in rich.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("address", ["nobody", "a@b\nBcc: c@example.com", "", "a@b@c"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(office: PostOffice, address: str) -> None:
    with pytest.raises(SendError) as caught:
        build(office, address=address)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("command", "answer", "permanent", "wait"),
    [
        ("RCPT", "550 no such user wang@example.com", True, None),
        ("RCPT", "450 try again later", False, timedelta(minutes=10)),
        ("MAIL", "553 sender refused", True, None),
        ("MAIL", "421 too busy", False, timedelta(minutes=10)),
        ("DATA", "554 looks like spam", True, None),
        ("DATA", "452 disk full", False, timedelta(minutes=10)),
    ],
)
def test_the_servers_number_decides(
    office: PostOffice, command: str, answer: str, permanent: bool, wait: timedelta | None
) -> None:
    office.answers[command] = answer
    error = refuse(office.make_settings(), build(office))
    assert (error.errcode, error.permanent, error.retry_after) == (int(answer[:3]), permanent, wait)
    assert not error.may_have_arrived
    assert office.letters == []


def test_a_server_that_hangs_up_over_a_mail_may_have_it(office: PostOffice) -> None:
    office.drops = True
    error = refuse(office.make_settings(), build(office))
    assert error.may_have_arrived
    assert len(office.letters) == 1


def test_nobody_there(office: PostOffice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = refuse(office.make_settings(port=port), build(office))
    assert (error.permanent, error.may_have_arrived, error.errcode) == (False, False, None)


def test_a_server_that_says_nothing_is_not_waited_for(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = refuse(office.make_settings(port=silent.getsockname()[1]), build(office))
    assert (error.permanent, error.may_have_arrived) == (False, False)


def test_without_a_server_the_operator_must_know(office: PostOffice) -> None:
    error = refuse(MailTable(), build(office))
    assert error.permanent
    assert error.needs_operator


# --- with encryption -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a key and a certificate for 127.0.0.1 that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def safe_office(certificate: Path) -> Iterator[PostOffice]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"bot", b"invented"), handled=False)

    with open_post_office(context, authenticator=authenticate, auth_required=True) as opened:
        yield opened


def make_settings(office: PostOffice, password: str = "invented") -> MailTable:
    return office.make_settings(tls="starttls", user="bot", password=password)


def test_logs_in_once_the_line_is_encrypted(safe_office: PostOffice, certificate: Path) -> None:
    settings = make_settings(safe_office)
    send_mail(settings, build(safe_office), make_context=lambda: ssl.create_default_context(cafile=str(certificate)))
    assert len(safe_office.letters) == 1


def test_a_wrong_password_is_for_the_operator(safe_office: PostOffice, certificate: Path) -> None:
    error = refuse(
        make_settings(safe_office, "wrong"),
        build(safe_office),
        make_context=lambda: ssl.create_default_context(cafile=str(certificate)),
    )
    assert (error.needs_operator, error.permanent, error.errcode) == (True, False, 535)


def test_a_certificate_that_nobody_signed_is_not_trusted(safe_office: PostOffice) -> None:
    error = refuse(make_settings(safe_office), build(safe_office))
    assert error.needs_operator
    assert safe_office.letters == []


def test_a_server_without_encryption_is_not_given_the_password(office: PostOffice) -> None:
    error = refuse(office.make_settings(tls="starttls", user="bot", password="invented"), build(office))
    assert error.needs_operator
    assert office.letters == []
