"""Messages whose handler broke are tried again, and left to a person after some tries."""

from __future__ import annotations

from datetime import timedelta

from bot.webhook.errors import HandlerFailedError, UnreadableError
from bot.wiring import Program
from storage import messages
from storage.errors import SealError

WAITS = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))


def retry_next_failed(program: Program) -> bool:
    """Try one failed message again; returns whether there was one that was due."""
    now = program.now()
    with program.database.read() as db:
        if not messages.has_due_failed(db, now=now):
            return False
    with program.database.write() as db:
        failed = messages.claim_next_failed(db, now=now, next_try_at=now + WAITS[0])
    if failed is None:
        return False
    try:
        program.robot.retry_failed(failed)
    except (HandlerFailedError, UnreadableError, SealError) as error:
        program.log.error("message_failed_again", message_id=failed.id, attempts=failed.attempts, error=str(error))
        with program.database.write() as db:
            if failed.attempts >= len(WAITS):
                messages.give_up_failed(db, failed.id)
            else:
                messages.put_off_failed(db, failed.id, due_at=now + WAITS[failed.attempts])
    else:
        program.log.info("message_recovered", message_id=failed.id, attempts=failed.attempts)
    return True
