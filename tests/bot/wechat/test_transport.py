"""The session itself: connections kept open, time bounded and certificates checked, over TLS as well."""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.wechat.errors import TransportError
from bot.wechat.transport import Timeouts
from tests.bot.wechat.setting import Setting


class Handler(BaseHTTPRequestHandler):
    """Gives a token, or drips when the token was asked for with "drip" in the app id."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Answer one call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.client_address[1], self.headers))
        body = json.dumps({"access_token": "t", "expires_in": 7200}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        try:
            for number in range(len(body)):
                if self.server.drips and self.server.is_over.wait(self.server.pause):
                    return
                self.wfile.write(body[number : number + 1])
        except OSError:
            self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Remembers the port and the headers of each call."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[int, object]] = []
        self.drips = False
        self.pause: float = 0.05  # seconds between two bytes
        self.is_over = threading.Event()

    def handle_error(self, *_arguments: object) -> None:
        """Say nothing of clients that go away."""


def serve(server: Server) -> Iterator[Server]:
    """Run a server for one test."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def plain() -> Iterator[Server]:
    """Give a server without TLS."""
    yield from serve(Server())


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file with a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> Iterator[Server]:
    """Give a server that speaks TLS."""
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    yield from serve(server)


def test_keeps_one_connection_open_and_no_cookies(setting: Setting, plain: Server) -> None:
    with setting.make_client(url=f"http://127.0.0.1:{plain.server_port}") as client:
        for _ in range(3):
            client.check_credentials()
    assert len(plain.seen) == 3
    assert len({port for port, _ in plain.seen}) == 1
    assert all("Cookie" not in str(headers) for _, headers in plain.seen)
    assert "Accept-Encoding: identity" in str(plain.seen[0][1])


def test_speaks_tls_on_one_connection(setting: Setting, tls: Server, certificate: Path) -> None:
    with setting.make_client(url=f"https://127.0.0.1:{tls.server_port}") as client:
        client._session.verify = str(certificate)
        for _ in range(3):
            client.check_credentials()
    assert len({port for port, _ in tls.seen}) == 1


def test_bounds_the_time_of_a_call_over_tls(setting: Setting, tls: Server, certificate: Path) -> None:
    tls.drips = True
    with setting.make_client(url=f"https://127.0.0.1:{tls.server_port}") as client:
        client._session.verify = str(certificate)
        began = time.monotonic()
        with pytest.raises(TransportError, match="no answer in time"):
            client.check_credentials()
        assert time.monotonic() - began < 1.5


def test_waits_for_one_piece_no_longer_than_for_the_whole(setting: Setting, plain: Server) -> None:
    plain.drips = True
    given = Timeouts(connect=5, read=30, call=0.3, media=0.3)
    plain.pause = 20
    with setting.make_client(url=f"http://127.0.0.1:{plain.server_port}", timeouts=given) as client:
        began = time.monotonic()
        with pytest.raises(TransportError):
            client.check_credentials()
        assert time.monotonic() - began < 2


def test_sends_nothing_to_a_server_with_an_unknown_certificate(setting: Setting, tls: Server) -> None:
    client = setting.make_client(url=f"https://127.0.0.1:{tls.server_port}")
    with client, pytest.raises(TransportError) as caught:
        client.check_credentials()
    assert not caught.value.may_have_arrived
    assert tls.seen == []


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_a_call_that_was_given_up_harms_no_later_one(
    setting: Setting, plain: Server, tls: Server, certificate: Path, is_tls: bool
) -> None:
    server = tls if is_tls else plain
    with setting.make_client(url=f"{'https' if is_tls else 'http'}://127.0.0.1:{server.server_port}") as client:
        client._session.verify = str(certificate)
        client.check_credentials()
        server.drips = True
        with pytest.raises(TransportError):
            client.check_credentials()
        server.drips = False
        client.check_credentials()
    assert len({port for port, _ in server.seen}) == 2
