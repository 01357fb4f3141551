"""The platform as seen from the webhook: signed requests built without WeRoBot, and what is stored because of them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode
from xml.etree import ElementTree

import structlog
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import WSGIRequestHandler, make_server

from bot.webhook.view import create_webhook_blueprint
from handlers.services import Services
from storage.attachments import attachments
from storage.database import Database, metadata
from storage.messages import messages
from storage.reporters import reporters
from storage.reports.tables import reports
from storage.vault import Vault
from tests.intake import AES_KEY, APP_ID, ORIGINAL_ID, TOKEN, VAULT_KEY, Clock, make_robot, make_wechat

OPENID = "oTESTperson00000000000000001"
OTHER_OPENID = "oTESTperson00000000000000002"
NOTHING = {"messages": 0, "reporters": 0, "reports": 0, "attachments": 0}
LONGEST_ANSWER_SECONDS = 3.0

Row: TypeAlias = dict[str, Any]  # a row by the names of its columns

_serial = itertools.count(20_000_000_000_000_001)


# -- what the platform computes -------------------------------------------------------------------------------------


def sign(*parts: str) -> str:
    """Return the SHA-1 of the sorted, joined parts in hex."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def seal_raw(content: bytes, *, key: str = AES_KEY) -> str:
    """Return whole cipher blocks encrypted with the account's key, in Base64."""
    secret = base64.b64decode(key + "=")
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(content) + encryptor.finalize()).decode("ascii")


def pad(content: bytes) -> bytes:
    """Fill to a multiple of 32 bytes, each of them the number of bytes added."""
    count = 32 - len(content) % 32
    return content + bytes([count]) * count


def frame(message: bytes, *, app_id: str = APP_ID, length: int | None = None, lead: bytes = b"r" * 16) -> bytes:
    """Return random(16) + length(4) + message + app id."""
    return lead + struct.pack(">I", len(message) if length is None else length) + message + app_id.encode()


def encrypt(message: bytes, *, app_id: str = APP_ID, key: str = AES_KEY) -> str:
    """Return the text of an Encrypt element."""
    return seal_raw(pad(frame(message, app_id=app_id)), key=key)


def decrypt(encrypted: str, *, app_id: str = APP_ID, key: str = AES_KEY) -> bytes:
    """Return what an Encrypt element holds; fails the test when anything in it is not exactly right."""
    secret = base64.b64decode(key + "=")
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).decryptor()
    padded = decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
    count = padded[-1]
    assert 1 <= count <= 32
    assert padded[-count:] == bytes([count]) * count
    content = padded[:-count]
    (length,) = struct.unpack(">I", content[16:20])
    assert content[20 + length :] == app_id.encode()
    return content[20 : 20 + length]


# -- bodies -----------------------------------------------------------------------------------------------------------


class Raw(str):
    """XML that goes into a body as it is."""


def element(name: str, value: Any) -> str:
    """Return one element; a list repeats it, Raw stands as it is, other texts become CDATA."""
    if isinstance(value, list):
        return "".join(element(name, one) for one in value)
    if isinstance(value, Raw):
        return f"<{name}>{value}</{name}>"
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    return f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"


def make_body(kind: str | None, elements: Mapping[str, Any], *, openid: Any, at: int) -> bytes:
    """Return a message's body; an element given as None is left out, `tail` is put before the end of the root."""
    fields: dict[str, Any] = {
        "ToUserName": ORIGINAL_ID,
        "FromUserName": openid,
        "CreateTime": at,
        "MsgType": kind,
        **elements,
    }
    if kind != "event" and "MsgId" not in fields:
        fields["MsgId"] = next(_serial)
    tail = fields.pop("tail", "")
    inner = "".join(element(name, value) for name, value in fields.items() if value is not None)
    return f"<xml>{inner}{tail}</xml>".encode()


# -- the other end ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: bytes
    content_type: str
    seconds: float

    @property
    def is_acknowledgement(self) -> bool:
        """Whether the platform shows nothing and does not repeat."""
        return self.status == 200 and self.body in (b"success", b"")

    def get_words(self, openid: str = OPENID) -> str:
        """Return what the person reads; fails the test when the platform could not deliver it."""
        assert self.status == 200
        assert self.content_type.startswith("text/xml")
        return read_reply(self.body, openid)

    def get_words_or_none(self, openid: str = OPENID) -> str | None:
        """Return what the person reads, None for the bare acknowledgement."""
        return None if self.is_acknowledgement else self.get_words(openid)


def read_reply(body: bytes, openid: str = OPENID) -> str:
    """Return the words of a plain reply to `openid`."""
    root = ElementTree.fromstring(body)
    assert root.tag == "xml"
    assert [child.tag for child in root] == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"]
    assert root.findtext("ToUserName") == openid
    assert root.findtext("FromUserName") == ORIGINAL_ID
    assert root.findtext("MsgType") == "text"
    assert (root.findtext("CreateTime") or "").isdigit()
    words = root.findtext("Content") or ""
    assert 0 < len(words.encode()) <= 1_800
    return words


def open_reply(body: bytes) -> bytes:
    """Return the plain reply inside an encrypted one; fails the test when its signature is wrong."""
    root = ElementTree.fromstring(body)
    assert sorted(child.tag for child in root) == ["Encrypt", "MsgSignature", "Nonce", "TimeStamp"]
    encrypted = root.findtext("Encrypt") or ""
    expected = sign(TOKEN, root.findtext("TimeStamp") or "", root.findtext("Nonce") or "", encrypted)
    assert root.findtext("MsgSignature") == expected
    return decrypt(encrypted)


class Desk:
    """A webhook on a real database, the platform that talks to it, and a look at the rows."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        log: Any = None,
        services: Services | None = None,
        **wechat: Any,
    ) -> None:
        self.database = database
        self.clock = clock
        self.vault = Vault(VAULT_KEY)
        self.settings = make_wechat(**wechat)
        self.robot = make_robot(database, clock, services=services, **wechat)
        self.log = log or structlog.get_logger("test")
        self.robot.logger = self.log
        self.app = Flask("conformance")
        self.app.register_blueprint(
            create_webhook_blueprint(self.robot, database, now=clock, max_skew_seconds=300, log=self.log)
        )

    # -- requests ---------------------------------------------------------------------------------------------------

    def make_query(self, **changes: Any) -> dict[str, str]:
        """Return a fresh, signed query; a parameter given as None is left out."""
        query = {"timestamp": str(int(self.clock.at.timestamp())), "nonce": "415670741", "openid": OPENID, **changes}
        query.setdefault("signature", sign(TOKEN, query["timestamp"] or "", query["nonce"] or ""))
        return {name: value for name, value in query.items() if value is not None}

    def make_sealed(self, encrypted: str, **changes: Any) -> dict[str, str]:
        """Return the query of a request whose body holds `encrypted`."""
        timestamp, nonce = str(int(self.clock.at.timestamp())), "415670741"
        parts = {"encrypt_type": "aes", "msg_signature": sign(TOKEN, timestamp, nonce, encrypted)}
        return self.make_query(timestamp=timestamp, nonce=nonce, **(parts | changes))

    def make_body(self, kind: str | None, *, openid: Any = OPENID, at: int | None = None, **elements: Any) -> bytes:
        """Return a body sent now, or at `at` seconds."""
        return make_body(kind, elements, openid=openid, at=int(self.clock.at.timestamp()) if at is None else at)

    def request(self, method: str, query: Any, body: bytes = b"", **options: Any) -> Answer:
        """Send one request; fails the test when the answer takes longer than it may."""
        started = time.perf_counter()
        options.setdefault("content_type", "text/xml")
        with self.app.test_client() as client:
            got = client.open("/wechat", method=method, query_string=query, data=body, **options)
        answer = Answer(got.status_code, got.data, got.headers.get("Content-Type", ""), time.perf_counter() - started)
        assert answer.seconds < LONGEST_ANSWER_SECONDS
        return answer

    def post(self, body: bytes, query: Any = None, **options: Any) -> Answer:
        """Deliver a body, signed unless a query is given."""
        return self.request("POST", self.make_query() if query is None else query, body, **options)

    def send(self, kind: str | None, **elements: Any) -> Answer:
        """Deliver a message."""
        return self.post(self.make_body(kind, **elements))

    def say(self, words: str, **elements: Any) -> Answer:
        """Deliver a text."""
        return self.send("text", Content=words, **elements)

    def photo(self, media_id: str, **elements: Any) -> Answer:
        """Deliver a picture."""
        url = f"http://mmbiz.qpic.cn/mmbiz_jpg/{media_id}/0"
        return self.send("image", PicUrl=url, MediaId=media_id, **elements)

    def send_sealed(self, kind: str, **elements: Any) -> Answer:
        """Deliver a message as safe mode does."""
        encrypted = encrypt(self.make_body(kind, **elements))
        return self.post(make_envelope(encrypted), self.make_sealed(encrypted))

    # -- rows -------------------------------------------------------------------------------------------------------

    def count(self) -> dict[str, int]:
        """Return how many rows the four tables of the intake have."""
        with self.database.read() as db:
            return {
                table.name: db.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (messages, reporters, reports, attachments)
            }

    def list_rows(self, table: Any) -> list[Row]:
        """Return the rows of a table in the order in which they were made."""
        with self.database.read() as db:
            return [dict(row) for row in db.execute(select(table).order_by(table.c.id)).mappings()]

    def get_row(self, table: Any) -> Row:
        """Return the only row of a table."""
        (row,) = self.list_rows(table)
        return row

    def open_payload(self, row: Row) -> bytes:
        """Return the body that a message row keeps sealed."""
        return self.vault.open(row["payload_sealed"], "payload")

    @contextmanager
    def serve(self) -> Iterator[Line]:
        """Yield a line to the webhook behind a real server with a thread for each connection."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=QuietHandler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Line(server.port, self)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class QuietHandler(WSGIRequestHandler):
    """A handler that writes no access log."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Line:
    """A connection to a real server on this machine."""

    port: int
    desk: Desk

    def post(self, body: Any, query: Mapping[str, str] | None = None) -> Answer:
        """Send one request over a connection of its own; iterables are sent in chunks."""
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        address = "/wechat?" + urlencode(query or self.desk.make_query())
        is_chunked = not isinstance(body, bytes)
        headers = {"Transfer-Encoding": "chunked"} if is_chunked else {}
        try:
            connection.request("POST", address, body, headers, encode_chunked=is_chunked)
            got = connection.getresponse()
            content = got.read()
        finally:
            connection.close()
        return Answer(got.status, content, got.headers.get("Content-Type", ""), time.perf_counter() - started)

    def post_all(self, bodies: list[bytes], *, at_once: int = 8) -> list[Answer]:
        """Send all bodies over up to `at_once` connections; returns the answers in the order of the bodies."""
        answers: list[Answer | None] = [None] * len(bodies)
        waiting = iter(range(len(bodies)))
        turn = threading.Lock()

        def send() -> None:
            while True:
                with turn:
                    index = next(waiting, None)
                if index is None:
                    return
                answers[index] = self.post(bodies[index])

        threads = [threading.Thread(target=send) for _ in range(min(at_once, len(bodies)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = [answer for answer in answers if answer is not None]
        assert len(got) == len(bodies)
        return got


def make_envelope(encrypted: str, *, account: str = ORIGINAL_ID, plain: str = "") -> bytes:
    """Return the outer body of safe mode, or of compat mode with the `plain` elements beside."""
    return f"<xml>{element('ToUserName', account)}{element('Encrypt', encrypted)}{plain}</xml>".encode()


def list_texts(database: Database) -> Iterator[tuple[str, str | bytes]]:
    """Yield every text and every binary value of every table, with the name of its column."""
    with database.read() as db:
        for table in metadata.sorted_tables:
            for row in db.execute(select(table)).mappings():
                for name, value in row.items():
                    if isinstance(value, str | bytes):
                        yield f"{table.name}.{name}", value


def check_nothing_leaks(database: Database, logged: str) -> None:
    """Fail the test when an openid or a secret of the account stands in a table or in a log line in clear."""
    wechat = make_wechat()
    secrets = [TOKEN, wechat.app_secret.get_secret_value(), AES_KEY]
    for where, value in (*list_texts(database), ("log", logged)):
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        assert "oTEST" not in text, f"an openid in {where}"
        assert not any(secret in text for secret in secrets), f"a secret in {where}"
