"""The pretend platform as one object: followers, media, tokens, pushes, and what came of them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from bot.simulator.account import Account
from bot.simulator.crypto import MessageCipher, build_signature
from bot.simulator.delivery import Delivery, Postman, SignedPush
from bot.simulator.envelopes import Envelope, EnvelopeBuilder, build_encrypted_body
from bot.simulator.errors import ErrcodeError
from bot.simulator.faults import Faults
from bot.simulator.followers import Followers
from bot.simulator.media import MediaShelf
from bot.simulator.people import Person
from bot.simulator.quotas import DailyQuotas
from bot.simulator.records import Call, CallLog, ChatLog, TravelLog
from bot.simulator.template_rules import build_template_rows
from bot.simulator.tokens import TokenDesk

CLIENT_MESSAGE_LIFETIME = timedelta(minutes=10)
_MAX_QR_CODES = 10_000
_MAX_FINISHED = 5_000


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code with parameters; `expires_at` None for a permanent one."""

    ticket: str
    scene: str
    expires_at: datetime | None


@dataclass(slots=True)
class Switches:
    """How this account differs from the usual one; tests turn them."""

    allowed_addresses: frozenset[str] | None = None  # callers of the token endpoints; None lets everybody in
    video_as_bytes: bool = False  # media/get of a video gives bytes instead of {"video_url": …}
    plain_text_errors: bool = True  # media/get sends its JSON errors as text/plain


class Platform:
    """A WeChat platform with one account, in memory and bounded. All methods may be called from any thread.

    `people` are known and follow, except the openids in `not_following`; anybody else is known from the first push.
    `clock` decides lifetimes, quotas and CreateTime; `token_bytes` makes ids, nonces and tokens; `timeout` is what
    the callback has for one answer, in seconds. `templates` maps template ids to their field names; while it is
    empty, every template id is good. `public_url` is where the endpoints are mounted, as PicUrl and video_url
    name it.
    """

    def __init__(
        self,
        account: Account,
        callback_url: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
        people: Iterable[Person] = (),
        not_following: Iterable[str] = (),
        templates: Mapping[str, Sequence[str]] | None = None,
        public_url: str = "",
        timeout: float = 5.0,
        repeats: int = 3,
        max_media: int = 2_000,
        max_media_bytes: int = 128 * 1024 * 1024,
        pool_size: int = 32,
    ) -> None:
        self.account = account
        self.callback_url = callback_url
        self.public_url = public_url.rstrip("/")
        self.clock = clock
        self.token_bytes = token_bytes
        self.people = tuple(people)
        self.templates = {name: tuple(fields) for name, fields in (templates or {}).items()}
        self.switches = Switches()
        self.faults = Faults()
        self.quotas = DailyQuotas(clock)
        self.tokens = TokenDesk(clock, token_bytes)
        self.media = MediaShelf(clock, token_bytes, max_items=max_media, max_bytes=max_media_bytes)
        self.followers = Followers((person.openid for person in self.people), not_following, clock)
        self.call_log = CallLog()
        self.chats = ChatLog()
        self.travels = TravelLog()
        self.build = EnvelopeBuilder(account.original_id, self.media, clock, token_bytes, self.get_picture_url)
        self.menu: Mapping[str, Any] | None = None
        self.template_statuses: dict[str, str] = {}  # by openid: the Status that its next template messages end with
        self._cipher = (
            None if account.mode == "plain" else MessageCipher(account.encoding_aes_key, account.app_id, token_bytes)
        )
        self._postman = Postman(account, self._cipher, timeout=timeout, repeats=repeats, pool_size=pool_size)
        self._lock = Lock()
        self._finished: list[Envelope] = []
        self._client_messages: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._last_message_id = 2_000_000_000_000_000_000 + int.from_bytes(token_bytes(4))
        self._qr_codes: dict[str, QrCode] = {}

    def close(self) -> None:
        """End planned waits and close pooled connections."""
        self.faults.release()
        self._postman.close()

    @property
    def calls(self) -> list[Call]:
        """Return the logged calls of the endpoints, oldest first, without secrets."""
        return self.call_log.list_calls()

    # Pushes

    def sign(self, envelope: Envelope, *, timestamp: int | None = None, nonce: str | None = None) -> SignedPush:
        """Return the query and the body of a push for the account's mode.

        `openid` is in the query, but no signature covers it.
        """
        account = self.account
        when = str(int(self.clock().timestamp()) if timestamp is None else timestamp)
        nonce = self._build_nonce() if nonce is None else nonce
        query = {
            "signature": build_signature(account.token, when, nonce),
            "timestamp": when,
            "nonce": nonce,
            "openid": envelope.openid,
        }
        if self._cipher is None:
            return SignedPush(query, envelope.body)
        encrypted = self._cipher.encrypt(envelope.body)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = build_signature(account.token, when, nonce, encrypted)
        keep_plain = account.mode == "compat"
        body = build_encrypted_body(envelope.body, account.original_id, encrypted, keep_plain=keep_plain)
        return SignedPush(query, body)

    def deliver(self, envelope: Envelope, push: SignedPush | None = None) -> Delivery:
        """Post one envelope as the platform does; blocks until the callback took it or the repeats are used up.

        `push` replaces the fresh signature and the correct body, for pushes that should be refused.
        """
        self._record_push(envelope)
        return self._post(envelope, push)

    def record_exchange(self, envelope: Envelope, answer: str | None) -> None:
        """Show a push and its answer as if they had been delivered; for a past that is played without a network."""
        self._record_push(envelope)
        if answer:
            self.chats.add_bubble(envelope.openid, "account", "text", answer, self.clock())

    def deliver_many(self, envelopes: Sequence[Envelope], parallel: int = 9) -> list[Delivery]:
        """Post several at once over `parallel` connections; the results come in the order of the envelopes."""
        if not envelopes:
            return []
        for envelope in envelopes:
            self._record_push(envelope)
        with ThreadPoolExecutor(max_workers=min(parallel, len(envelopes))) as pool:
            return list(pool.map(self._post, envelopes))

    def run_due(self) -> list[Delivery]:
        """Deliver the results of template messages sent since the last time."""
        with self._lock:
            due, self._finished = self._finished, []
        return [self.deliver(envelope) for envelope in due]

    def build_verification_query(self, echostr: str) -> dict[str, str]:
        """Return the query of the GET that checks an address: three-part signature in every mode."""
        when, nonce = str(int(self.clock().timestamp())), self._build_nonce()
        signature = build_signature(self.account.token, when, nonce)
        return {"signature": signature, "echostr": echostr, "timestamp": when, "nonce": nonce}

    def is_callback_verified(self) -> bool:
        """Ask the callback to echo a number, as the settings page does on 提交."""
        echostr = str(int.from_bytes(self.token_bytes(8)))
        query = self.build_verification_query(echostr)
        return self._postman.get_verification(self.callback_url, query) == (200, echostr.encode())

    # What the endpoints do

    def get_picture_url(self, picture_id: str) -> str:
        """Return the PicUrl of a photo."""
        return f"{self.public_url or 'http://mmbiz.qpic.cn'}/mmbiz/{picture_id}/0"

    def send_template(self, openid: str, template_id: str, sent: Any, client_key: str, link: str) -> int:
        """Show a template message and queue its result; return the msgid.

        The same openid and client_msg_id within ten minutes are sent once; that the second call is answered with the
        first msgid is an assumption.
        """
        self.followers.check_follower(openid)
        if self.templates and template_id not in self.templates:
            raise ErrcodeError(40037, "invalid template_id")
        rows = build_template_rows(sent, self.templates.get(template_id, ()))
        now = self.clock()
        with self._lock:
            for key, (sent_at, _) in list(self._client_messages.items()):
                if now - sent_at >= CLIENT_MESSAGE_LIFETIME:
                    del self._client_messages[key]
            known = self._client_messages.get((openid, client_key)) if client_key else None
            if known is not None:
                return known[1]
            self._last_message_id += 1
            message_id = self._last_message_id
            if client_key:
                self._client_messages[openid, client_key] = (now, message_id)
            status = self.template_statuses.get(openid, "success")
            self._finished.append(self.build.template_finished(openid, message_id, status))
            del self._finished[:-_MAX_FINISHED]
        if status == "success":
            self.chats.add_bubble(openid, "account", "template", "", now, rows=rows, link=link)
        return message_id

    def create_qr_code(self, scene: str, lifetime: timedelta | None) -> QrCode:
        """Make a QR code for a scene."""
        ticket = "g" + base64.urlsafe_b64encode(self.token_bytes(63)).decode("ascii") + "=="
        code = QrCode(ticket, scene, None if lifetime is None else self.clock() + lifetime)
        with self._lock:
            self._qr_codes[ticket] = code
            while len(self._qr_codes) > _MAX_QR_CODES:
                del self._qr_codes[next(iter(self._qr_codes))]
        return code

    def find_qr_code(self, ticket: str) -> QrCode | None:
        """Return the QR code of a ticket unless it has expired."""
        with self._lock:
            code = self._qr_codes.get(ticket)
        return code if code and (code.expires_at is None or self.clock() < code.expires_at) else None

    def build_scan(self, openid: str, scene: str) -> Envelope:
        """Build what scanning gives: SCAN for a follower, subscribe with the scene for anybody else."""
        with self._lock:
            tickets = [code.ticket for code in self._qr_codes.values() if code.scene == scene]
        ticket = tickets[-1] if tickets else self.create_qr_code(scene, None).ticket
        if self.followers.is_following(openid):
            return self.build.scan(openid, scene, ticket)
        return self.build.subscribe(openid, scene, ticket)

    def _record_push(self, envelope: Envelope) -> None:
        self.followers.record_push(envelope)
        if envelope.shown:
            self.chats.add_bubble(
                envelope.openid,
                "note" if envelope.is_event else "person",
                envelope.kind,
                envelope.shown,
                self.clock(),
                picture_id=envelope.picture_id,
                point=envelope.point,
                client_key=envelope.client_key,
            )

    def _post(self, envelope: Envelope, push: SignedPush | None = None) -> Delivery:
        delivery = self._postman.deliver(self.callback_url, envelope, push or self.sign(envelope))
        if delivery.shown:
            failed = delivery.reply is None
            self.chats.add_bubble(
                envelope.openid,
                "note" if failed else "account",
                "sorry" if delivery.reply is None else delivery.reply.kind,
                delivery.shown,
                self.clock(),
            )
        self.travels.add_delivery(delivery, self.clock())
        return delivery

    def _build_nonce(self) -> str:
        return str(int.from_bytes(self.token_bytes(4)))
