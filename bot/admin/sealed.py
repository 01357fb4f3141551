"""Confidential messages: who may open one says why, and every opening is an audit entry."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from storage.audit import record_audit_entry
from storage.messages import find_confidential, list_confidential

SHORTEST_REASON = 4  # characters; less says nothing to whoever reads the audit later


def register(blueprint: Blueprint) -> None:
    """Put the views of the confidential messages on the blueprint."""
    blueprint.get("/sealed")(show_sealed)
    blueprint.post("/sealed/<int:message_id>/open")(open_sealed)


@needs(Right.UNSEAL)
def show_sealed() -> ResponseReturnValue:
    """List the confidential messages without their words."""
    with get_services().database.read() as db:
        letters = list_confidential(db)
    return render_template("admin/sealed.html", place="sealed", letters=letters, opened=None)


@needs(Right.UNSEAL)
def open_sealed(message_id: int) -> ResponseReturnValue:
    """Show the words of one confidential message once, after the reason is on record."""
    services, member = get_services(), get_member()
    reason = request.form.get("reason", "").strip()
    with services.database.read() as db:
        letters = list_confidential(db)
        letter = find_confidential(db, message_id)
    if letter is None:
        abort(404)
    if len(reason) < SHORTEST_REASON:
        page = render_template(
            "admin/sealed.html", place="sealed", letters=letters, opened=None, wrong_id=message_id, reason=reason
        )
        return page, 422
    with services.database.write() as db:  # on record before anything is shown
        record_audit_entry(
            db,
            at=services.now(),
            by=member.by,
            action="open_sealed",
            subject=f"message:{message_id}",
            note=reason[:500],
        )
    words = services.open_words(letter.payload_sealed, letter.received_at)
    return render_template("admin/sealed.html", place="sealed", letters=letters, opened=message_id, opened_words=words)
