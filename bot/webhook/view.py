"""The Flask view of the webhook: what is checked in which order, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, request
from structlog.typing import FilteringBoundLogger

from bot.metrics import WEBHOOK_OUTCOMES, WEBHOOK_SECONDS
from bot.webhook.errors import ForgedError, UnreadableError
from bot.webhook.guards import Query, check_freshness, read_query
from bot.webhook.incoming import MAX_BODY_BYTES
from bot.webhook.robot import IntakeRoBot
from storage.database import Database

_STORED, _REFUSED, _UNREADABLE, _UNAVAILABLE = (
    WEBHOOK_OUTCOMES.labels(outcome) for outcome in ("stored", "refused", "unreadable", "unavailable")
)

WEBHOOK_PATH = "/wechat"
ACKNOWLEDGEMENT = "success"  # the platform's word for "received, nothing to say"; never encrypted


def create_webhook_blueprint(
    robot: IntakeRoBot,
    database: Database,
    *,
    now: Callable[[], datetime],
    max_skew_seconds: int,
    log: FilteringBoundLogger,
) -> Blueprint:
    """Return the blueprint that serves GET and POST /wechat.

    403 for what does not prove to come from the platform, 413 for what is too big, 503 when nothing can be stored, so
    that the platform repeats it; everything else is 200, since any other status shows an error to the sender.
    """
    blueprint = Blueprint("webhook", __name__)

    def check(arguments_query: Query) -> None:
        if not robot.check_signature(arguments_query.timestamp, arguments_query.nonce, arguments_query.signature):
            raise ForgedError("bad_signature")
        check_freshness(arguments_query.timestamp, now=now(), max_skew_seconds=max_skew_seconds)

    @blueprint.get(WEBHOOK_PATH)
    def verify() -> Response:
        try:
            query = read_query(request.args)
            check(query)
        except ForgedError as error:
            return refuse(403, str(error))
        if query.echostr is None:
            return refuse(400, "no_echostr")
        return _plain(query.echostr)

    @blueprint.post(WEBHOOK_PATH)
    def receive() -> Response:
        with WEBHOOK_SECONDS.time():
            try:
                query = read_query(request.args)
                check(query)
                body = _read_body()
                if body is None:
                    return refuse(413, "too_large")
                return answer(body, query)
            except ForgedError as error:
                return refuse(403, str(error))
            except database.outages as error:
                _UNAVAILABLE.inc()
                log.error("webhook_unavailable", error=type(error).__name__)
                return _plain("", 503)

    def answer(body: bytes, query: Query) -> Response:
        try:
            message = robot.parse_message(body, query)
        except UnreadableError as error:
            robot.keep_unreadable(body, str(error))
            _UNREADABLE.inc()
            log.warning("webhook_unreadable", reason=str(error), byte_count=len(body))
            return _plain(ACKNOWLEDGEMENT)
        reply = robot.get_encrypted_reply(message, query)
        _STORED.inc()
        if reply == ACKNOWLEDGEMENT:
            return _plain(reply)
        return Response(reply, 200, mimetype="text/xml", headers={"X-Content-Type-Options": "nosniff"})

    def refuse(status: int, reason: str) -> Response:
        _REFUSED.inc()
        log.warning("webhook_refused", status=status, reason=reason)
        return _plain("", status)

    return blueprint


def _read_body() -> bytes | None:
    """Return the body as it came; None when it is longer than allowed, whether or not its length was announced."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return None
    body = request.stream.read(MAX_BODY_BYTES + 1)
    return body if len(body) <= MAX_BODY_BYTES else None


def _plain(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/plain", headers={"X-Content-Type-Options": "nosniff"})
