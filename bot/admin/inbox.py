"""The 未分类 box: messages that the bot could not place, for a person to look at; newest first."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from storage.audit import record_audit_entry
from storage.messages import list_unsorted, mark_sorted

PAGE_LENGTH = 30


def register(blueprint: Blueprint) -> None:
    """Put the box's views on the blueprint."""
    blueprint.get("/inbox")(show_inbox)
    blueprint.post("/inbox/<int:message_id>/sorted")(sort_message)


@needs(Right.READ)
def show_inbox() -> ResponseReturnValue:
    """Show one page of the box."""
    typed = request.args.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
    with get_services().database.read() as db:
        rows = list_unsorted(db, before_id=before, most=PAGE_LENGTH + 1)
    letters = rows[:PAGE_LENGTH]
    next_before = letters[-1].id if len(rows) > PAGE_LENGTH else None
    return render_template("admin/inbox.html", place="inbox", letters=letters, before=before, next_before=next_before)


@needs(Right.DECIDE)
def sort_message(message_id: int) -> ResponseReturnValue:
    """Take a message out of the box: a person has looked at it."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        is_done = mark_sorted(db, message_id, by=member.by)
        if is_done:
            record_audit_entry(
                db, at=services.now(), by=member.by, action="sort_message", subject=f"message:{message_id}"
            )
    if request.headers.get("HX-Request"):
        return ""  # the letter leaves the page
    if not is_done:
        abort(404)
    flash("看过了，这条已经收起来。")
    return redirect(url_for("admin.show_inbox"))
