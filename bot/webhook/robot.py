"""IntakeRoBot: WeRoBot's dispatch with one transaction a message, repeats answered as before, no silent failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger
from werobot.crypto import MessageCrypt
from werobot.replies import SuccessReply, TextReply, WeChatReply
from werobot.robot import BaseRoBot

from bot.settings.tables import WechatTable
from bot.webhook.errors import ForgedError, HandlerFailedError, UnreadableError
from bot.webhook.guards import Query, is_body_signed, is_signed, open_envelope
from bot.webhook.incoming import Incoming, get_unsubscription, read_fields, read_incoming
from handlers.answers import SILENCE, Answer
from handlers.classify import Understanding, no_words
from handlers.message import Kind, Message
from handlers.texts import SORRY, fit_reply
from storage import attachments, messages, reporters
from storage.database import Database, serialise_on
from storage.errors import KeyTakenError
from storage.messages import MessageState
from storage.reporters import Reporter
from storage.reports.assignments import add_after_photo
from storage.vault import Vault

MEDIA_LIFETIME = timedelta(days=3)  # the platform's document on temporary media
FIRST_RETRY = timedelta(seconds=30)
LATEST_SECONDS = 30  # a message may arrive this long after a later one: the platform repeats three times in 20 s


class Understander(Protocol):
    """Who tells what a text seems to say; `handlers.classify.Classifier` is one."""

    def understand(self, text: str) -> Understanding: ...


CLOCKS_APART = timedelta(minutes=10)  # more than the platform's clock and ours may differ


class CleanTextReply(TextReply):  # type: ignore[misc]  # WeRoBot has no types
    """A text reply whose words cannot end its CDATA section or break the XML."""

    def process_args(self, args: dict[str, Any]) -> None:
        """Neutralise what WeRoBot would paste as it is."""
        args["content"] = fit_reply(str(args["content"])).replace("]]>", "]]]]><![CDATA[>")


class IntakeRoBot(BaseRoBot):  # type: ignore[misc]  # WeRoBot has no types
    """The robot of the intake: the handlers are WeRoBot's, the way around them is durable.

    One transaction holds the message row, the reporter, the handler's rows and the reply, and is on disk before the
    reply leaves. A repeat finds the row and gets the same reply.
    """

    message_types = (
        *BaseRoBot.message_types,
        "user_authorization_revoke_event",
        "user_authorization_cancellation_event",
    )

    def __init__(
        self,
        settings: WechatTable,
        *,
        database: Database,
        vault: Vault,
        classifier: Understander,
        now: Callable[[], datetime],
        random_hex: Callable[[int], str],
        log: FilteringBoundLogger,
    ) -> None:
        """Make a robot without handlers; `random_hex(n)` gives n random hex digits."""
        super().__init__(token=settings.token.get_secret_value(), logger=log, SESSION_STORAGE=False)
        self._settings = settings
        self._database = database
        self._vault = vault
        self._classifier = classifier
        self._now = now
        self._random_hex = random_hex
        self._cipher: MessageCrypt | None = None
        if settings.mode != "plain":
            self._cipher = MessageCrypt(
                settings.token.get_secret_value(), settings.encoding_aes_key.get_secret_value(), settings.app_id
            )

    # -- what WeRoBot's decorators lack ---------------------------------------------------------------------------

    def user_authorization_revoke(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate the handler of somebody who takes back what they allowed."""
        self.add_handler(f, type="user_authorization_revoke_event")
        return f

    def user_authorization_cancellation(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate the handler of somebody who closed their account at the platform."""
        self.add_handler(f, type="user_authorization_cancellation_event")
        return f

    def get_handlers(self, type: str) -> list[tuple[Callable[..., Any], int]]:
        """Return the handlers of a type, then those of every type; a type nobody knows has only these."""
        return [*self._handlers.get(type, []), *self._handlers["all"]]

    # -- reading ----------------------------------------------------------------------------------------------------

    def check_signature(self, timestamp: str, nonce: str, signature: str) -> bool:
        """Say whether the platform signed the query, in constant time."""
        return is_signed(self.token, timestamp, nonce, signature)

    def parse_message(self, body: bytes, query: Query) -> Incoming:
        """Return the message in a body; raises ForgedError or UnreadableError."""
        fields = read_fields(body)
        if self._cipher is not None and "Encrypt" in fields:
            body = self._decrypt(self._cipher, fields["Encrypt"], query)
            fields = read_fields(body)
        elif self._settings.mode == "safe":
            raise ForgedError("plain_body_in_safe_mode")
        message = read_incoming(fields, body, received_at=self._now())
        if self._settings.original_id and message.account != self._settings.original_id:
            raise UnreadableError("other_account")
        return message

    def _decrypt(self, cipher: MessageCrypt, encrypted: Any, query: Query) -> bytes:
        if not isinstance(encrypted, str) or not is_body_signed(self.token, query, encrypted):
            raise ForgedError("body_not_signed")
        return open_envelope(cipher.prp_crypto.cipher, encrypted, self._settings.app_id)

    # -- answering --------------------------------------------------------------------------------------------------

    def get_reply(self, message: Incoming) -> WeChatReply:
        """Return the reply to a message, which is stored before this returns; raises the database's errors."""
        key = self._vault.fingerprint(*message.unique)
        heard = no_words()
        try:
            heard = self._understand(message)
            reply = self._run(lambda db: self._take_in(db, message, key, heard))
        except HandlerFailedError as error:
            self.logger.exception("handler_failed", kind=message.kind.value, intent=heard.intent.value)
            name = type(error.__cause__).__name__
            reply = self._run(lambda db: self._keep_failed(db, message, key, heard, name))
        if reply is None:
            return SuccessReply()
        return CleanTextReply(
            source=message.account, target=message.openid, time=int(self._now().timestamp()), content=reply
        )

    def _run(self, work: Callable[[Connection], str | None]) -> str | None:
        try:
            return self._database.run(work)
        except KeyTakenError:  # another process stored the same message meanwhile; now it is there to be found
            return self._database.run(work)

    def get_encrypted_reply(self, message: Incoming, query: Query) -> str:
        """Return the body of the answer: encrypted in safe mode, in compat mode when the message was; never the
        bare acknowledgement.
        """
        reply = self.get_reply(message)
        rendered: str = reply.render().strip()
        if isinstance(reply, SuccessReply) or self._cipher is None:
            return rendered
        if self._settings.mode == "compat" and not query.is_encrypted:
            return rendered
        encrypted: str = self._cipher.encrypt_message(rendered, timestamp=query.timestamp, nonce=query.nonce)
        return encrypted

    def keep_unreadable(self, body: bytes, reason: str) -> None:
        """Store a genuine request that carries no readable message, so that a person can see that it came."""
        now = self._now()
        self._database.run(
            lambda db: messages.record_message(
                db,
                key=self._vault.fingerprint("unreadable", body.decode("latin-1")),
                reporter_id=None,
                kind="unreadable",
                event="",
                sent_at=now,
                received_at=now,
                text="",
                payload_sealed=self._vault.seal(body, "payload"),
                intent="",
                category="",
                state=MessageState.UNREADABLE,
                error=reason,
            )
        )

    def retry_failed(self, failed: messages.FailedMessage) -> None:
        """Take in a message again whose handler broke; raises HandlerFailedError when it breaks once more."""
        body = self._vault.open(failed.payload_sealed, "payload")
        message = read_incoming(read_fields(body), body, received_at=failed.received_at)
        heard = self._understand(message)

        def take_in(db: Connection) -> None:
            reporter, _ = self._find_sender(db, message, failed.key)
            answer = self._answer(db, message, reporter, heard)
            state = MessageState.UNSORTED if answer.is_for_people else MessageState.DONE
            messages.finish_message(db, failed.id, state=state, reply=answer.text, report_id=answer.report_id)
            if answer.is_confidential:
                messages.seal_words(db, failed.id)
            self._follow_up(db, message, failed.id, reporter, answer)

        self._database.run(take_in)

    def _understand(self, message: Incoming) -> Understanding:
        if message.kind not in (Kind.TEXT, Kind.VOICE) or not message.text:
            return no_words()
        try:
            return self._classifier.understand(message.text)
        except Exception as error:
            raise HandlerFailedError(type(error).__name__) from error

    def _find_sender(self, db: Connection, message: Incoming, key: str) -> tuple[Reporter, messages.Given | None]:
        """Return who sent a message, added when new, and what was answered to it before."""
        openid_hash = self._vault.fingerprint("openid", message.openid)
        serialise_on(db, int(openid_hash[:15], 16))
        reporter, given = messages.find_sender(db, openid_hash=openid_hash, key=key)
        if reporter is None:
            reporter = reporters.get_or_add_reporter(
                db,
                openid_hash=openid_hash,
                seal=lambda: self._vault.seal(message.openid.encode(), "openid"),
                random_hex=self._random_hex,
                now=message.received_at,
            )
        return reporter, given

    def _take_in(self, db: Connection, message: Incoming, key: str, heard: Understanding) -> str | None:
        reporter, given = self._find_sender(db, message, key)
        if given is not None:
            return given.reply
        answer = self._answer(db, message, reporter, heard)
        row_id = self._record(
            db,
            message,
            key,
            reporter,
            heard,
            MessageState.UNSORTED if answer.is_for_people else MessageState.DONE,
            reply=answer.text,
            report_id=answer.report_id,
            has_words=not answer.is_confidential,
        )
        self._follow_up(db, message, row_id, reporter, answer)
        return answer.text

    def _answer(self, db: Connection, message: Incoming, reporter: Reporter, heard: Understanding) -> Answer:
        """Return the handlers' answer, cut to what the platform delivers; raises HandlerFailedError."""
        try:
            answer = self._ask_handlers(db, _for_handlers(message, reporter, heard), message.type)
            return answer if answer.text is None else replace(answer, text=fit_reply(answer.text))
        except self._database.outages:
            raise
        except Exception as error:
            raise HandlerFailedError(type(error).__name__) from error

    def _follow_up(self, db: Connection, message: Incoming, row_id: int, reporter: Reporter, answer: Answer) -> None:
        """Write what needs the message's own row: its attachment, and an erasure, which empties this row too."""
        if message.media is not None and answer.keeps_media and answer.report_id is not None:
            attachments.add_attachment(
                db,
                report_id=answer.report_id,
                message_id=row_id,
                kind=message.media.kind,
                media_id=message.media.media_id,
                picture_url=message.media.picture_url,
                voice_format=message.media.voice_format,
                sent_at=message.sent_at,
                expires_at=message.sent_at + MEDIA_LIFETIME,
                now=message.received_at,
            )
            if answer.after_photo_of is not None:
                self._mark_after_photo(db, answer.report_id, row_id, answer.after_photo_of)
        if answer.erases:
            messages.erase_messages(db, reporter.id, last_id=row_id)
        if reporter.is_new and (left_at := self._find_leaving(db, message)) is not None:
            reporters.erase_identity(db, reporter.id, at=left_at, now=message.received_at)
            messages.erase_messages(db, reporter.id)

    @staticmethod
    def _mark_after_photo(db: Connection, report_id: int, row_id: int, assignment_id: int) -> None:
        added = attachments.find_attachment_of_message(db, report_id=report_id, message_id=row_id)
        if added is not None:
            add_after_photo(db, added, assignment_id)

    def _find_leaving(self, db: Connection, message: Incoming) -> datetime | None:
        """Return when somebody left whose earlier message arrives only now.

        Nothing of them is kept that could be looked up by who they are, so the key of the unsubscription itself is
        tried for every second that it can have happened in, once it is known that anybody left at all.
        """
        if not reporters.has_anybody_left(db, message.sent_at - CLOCKS_APART):
            return None
        sent, received = int(message.sent_at.timestamp()), int(message.received_at.timestamp())
        for second in range(sent, min(max(sent, received) + 3, sent + LATEST_SECONDS)):
            key = self._vault.fingerprint(*get_unsubscription(message, second))
            if messages.find_given_reply(db, key) is not None:
                return datetime.fromtimestamp(second, tz=UTC)
        return None

    def _ask_handlers(self, db: Connection, message: Message, type_: str) -> Answer:
        for handler, argument_count in self.get_handlers(type_):
            answer: Answer | None = handler(*(message, db)[:argument_count])
            if answer is not None:
                return answer
        return SILENCE

    def _keep_failed(self, db: Connection, message: Incoming, key: str, heard: Understanding, name: str) -> str | None:
        reporter, given = self._find_sender(db, message, key)
        if given is not None:
            return given.reply
        reply = None if message.kind is Kind.EVENT else SORRY
        self._record(
            db,
            message,
            key,
            reporter,
            heard,
            MessageState.FAILED,
            reply=reply,
            error=name,
            due_at=message.received_at + FIRST_RETRY,
        )
        return reply

    def _record(
        self,
        db: Connection,
        message: Incoming,
        key: str,
        reporter: Reporter,
        heard: Understanding,
        state: MessageState,
        *,
        reply: str | None,
        report_id: int | None = None,
        has_words: bool = True,
        error: str = "",
        due_at: datetime | None = None,
    ) -> int:
        has_meaning = message.kind in (Kind.TEXT, Kind.VOICE)
        row_id = messages.record_message(
            db,
            key=key,
            reporter_id=reporter.id,
            kind=message.kind.value,
            event=message.event,
            sent_at=message.sent_at,
            received_at=message.received_at,
            text=message.text if has_words else "",
            payload_sealed=self._vault.seal(message.raw, "payload"),
            intent=heard.intent.value if has_meaning else "",
            category=heard.category.value if has_meaning else "",
            state=state,
            reply=reply,
            report_id=report_id,
            error=error,
            due_at=due_at,
        )
        if row_id is None:
            raise KeyTakenError("another process stored the same message meanwhile")
        return row_id


def _for_handlers(message: Incoming, reporter: Reporter, heard: Understanding) -> Message:
    return Message(
        reporter=reporter,
        kind=message.kind,
        sent_at=message.sent_at,
        received_at=message.received_at,
        text=message.text,
        understanding=heard,
        place=message.place,
        media=message.media,
        event=message.event,
        event_key=message.event_key,
    )
