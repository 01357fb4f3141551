"""The outbox: what waits, what is held, what failed and why; and sending once more what did not get through."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.admin.timeline import say_outcome
from storage.audit import record_audit_entry
from storage.outbox import NoticeState, Purpose, count_outbox, list_outbox, resend

PAGE_LENGTH = 30
TABS = {
    "failed": ("没送到", NoticeState.FAILED),
    "held": ("等对方来消息", NoticeState.HELD),
    "waiting": ("等着发", NoticeState.WAITING),
    "sent": ("发出去的", NoticeState.SENT),
    "all": ("全部", None),
}


def register(blueprint: Blueprint) -> None:
    """Put the outbox's views on the blueprint."""
    blueprint.get("/outbox")(show_outbox)
    blueprint.post("/outbox/<int:notice_id>/resend")(resend_notice)


@needs(Right.READ)
def show_outbox() -> ResponseReturnValue:
    """Show one tab of the outbox, newest first; that a concealed accident was told of is for few to know."""
    tab = request.args.get("tab", "failed")
    tab = tab if tab in TABS else "failed"
    typed = request.args.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
    with get_services().database.read() as db:
        counts = count_outbox(db)
        rows = list_outbox(db, TABS[tab][1], before=before, most=PAGE_LENGTH + 1)
    may_see_all = get_member().can(Right.UNSEAL)
    return render_template(
        "admin/outbox.html",
        place="outbox",
        tab=tab,
        tabs=TABS,
        counts=counts,
        rows=[row for row in rows[:PAGE_LENGTH] if may_see_all or row.purpose != Purpose.CONCEALED],
        next_before=rows[PAGE_LENGTH - 1].id if len(rows) > PAGE_LENGTH else None,
        before=before,
        say_outcome=say_outcome,
    )


@needs(Right.DECIDE)
def resend_notice(notice_id: int) -> ResponseReturnValue:
    """Let a notice that failed or is held be tried again at once; one that is neither is left as it is."""
    services, member = get_services(), get_member()
    with services.database.write() as db:
        is_again = resend(db, notice_id, now=services.now())
        if is_again:
            subject = f"notice:{notice_id}"
            record_audit_entry(db, at=services.now(), by=member.by, action="resend", subject=subject)
    flash("放回去再发一次了，过一会儿来看。" if is_again else "这一条已经变了，没有再发。")
    tab = request.args.get("tab", "failed")
    return redirect(url_for("admin.show_outbox", tab=tab if tab in TABS else "failed"))
