"""The reviewers' queue: tabs, filters, search, cards with photos, and what has changed since the page was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from bot import words
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.dates import CHINA
from storage.reports.claims import list_claims
from storage.reports.deadlines import Deadlines
from storage.reports.queue import (
    TABS,
    WAITS,
    QueueFilter,
    Thumbnails,
    count_tabs,
    count_waits,
    list_queue,
    list_thumbnails,
)
from storage.reports.search import MOST_QUERY_CHARACTERS
from storage.reports.tables import OPEN_STATES, ReportState
from storage.reports.transitions import Action, list_actions
from storage.staff import find_staff
from storage.types import AnyRow
from storage.units import list_units

TAB_WORDS = {"todo": "待办", "doing": "在办", "done": "办结", "all": "全部"}
PAGE_LENGTH = 20
MOST_COUNTED = 999
MOST_URGENT = 10
# What can be ticked: whatever can be accepted, assigned or merged together with others.
BULK_STATES = frozenset(
    state.value for state in ReportState if {Action.ACCEPT, Action.ASSIGN, Action.MERGE} & set(list_actions(state))
)


@dataclass(frozen=True, slots=True)
class QueueView:
    """What the changing part of the queue page shows."""

    urgent: Sequence[AnyRow]
    rows: Sequence[AnyRow]
    thumbnails: Mapping[int, Thumbnails]
    counts: Mapping[str, int]
    waits: Mapping[str, int]  # how many are late, due soon, waiting for a reviewer
    claimed: Mapping[int, str]  # who has which report in hand
    ages: Mapping[int, str]  # yellow or red for those near the limit of the whole
    next_before: int | None
    mark: str  # of all the above; the same mark means that there is nothing new to show


def register(blueprint: Blueprint) -> None:
    """Put the queue's views on the blueprint."""
    blueprint.get("/reports")(show_queue)
    blueprint.get("/reports/changes")(show_changes)


@needs(Right.READ)
def show_queue() -> ResponseReturnValue:
    """Show one page of the queue."""
    filter_, before = read_filter(request.args), _read_before(request.args)
    services = get_services()
    with services.database.read() as db:
        view = _read_view(db, filter_, before=before, now=services.now(), deadlines=services.read_deadlines(db))
        units = list_units(db)
    return render_template("admin/queue.html", units=units, **_build_page(filter_, before, view))


@needs(Right.READ, keeps_awake=False)
def show_changes() -> ResponseReturnValue:
    """Show the changing part of the queue again; 204 when it is as the page has it."""
    filter_, before = read_filter(request.args), _read_before(request.args)
    services = get_services()
    with services.database.read() as db:
        view = _read_view(db, filter_, before=before, now=services.now(), deadlines=services.read_deadlines(db))
    if request.args.get("mark") == view.mark:
        return "", 204
    return render_template("admin/changes.html", **_build_page(filter_, before, view))


def read_filter(args: Mapping[str, str]) -> QueueFilter:
    """Build a filter from an address; what it does not know narrows nothing."""
    tab = args.get("tab", "todo")
    tab = tab if tab in TABS else "todo"
    state, unit, missing = args.get("state", ""), args.get("unit", ""), args.get("missing", "")
    return QueueFilter(
        tab=tab,
        state=state if state in {each.value for each in TABS[tab]} else "",
        category=args.get("category", "") if args.get("category", "") in words.CATEGORIES else "",
        level=args.get("level", "") if args.get("level", "") in words.LEVELS else "",
        unit_id=int(unit) if unit.isascii() and unit.isdigit() and len(unit) < 10 else None,
        waits=args.get("waits", "") if args.get("waits", "") in WAITS else "",
        missing=missing if missing in {*words.MISSING, "any"} else "",
        words=args.get("q", "").strip()[:MOST_QUERY_CHARACTERS],
    )


def build_filter_args(filter_: QueueFilter) -> dict[str, Any]:
    """Return a filter as the part of an address that says it."""
    args = {
        "tab": "" if filter_.tab == "todo" else filter_.tab,
        "state": filter_.state,
        "category": filter_.category,
        "level": filter_.level,
        "unit": "" if filter_.unit_id is None else str(filter_.unit_id),
        "missing": filter_.missing,
        "waits": filter_.waits,
        "q": filter_.words,
    }
    return {name: value for name, value in args.items() if value}


def say_first_line(row: AnyRow) -> str:
    """Return the first line of the reporter's words, or what was sent instead of words."""
    for line in row.description.splitlines():
        if line.strip():
            return str(line.strip())
    sent = [
        word
        for word, count in (("照片", row.photo_count), ("录音", row.voice_count), ("视频", row.video_count))
        if count
    ]
    return f"只发了{'和'.join(sent)}，没有写字" if sent else "没有写字"


def is_narrowed(filter_: QueueFilter) -> bool:
    """Return whether anything but the tab narrows the list."""
    return bool(set(build_filter_args(filter_)) - {"tab"})


def _read_before(args: Mapping[str, str]) -> int | None:
    before = args.get("before", "")
    return int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None


def _read_view(
    db: Connection, filter_: QueueFilter, *, before: int | None, now: datetime, deadlines: Deadlines
) -> QueueView:
    urgent: Sequence[AnyRow] = ()
    if filter_.tab == "todo" and not is_narrowed(filter_) and before is None:
        urgent = list_queue(db, QueueFilter(tab="todo", level="P0"), most=MOST_URGENT).rows
    page = list_queue(db, filter_, before=before, most=PAGE_LENGTH, now=now)
    on_top = {row.id for row in urgent}
    rows = [row for row in page.rows if row.id not in on_top]
    thumbnails = list_thumbnails(db, [row.id for row in (*urgent, *rows)])
    counts, waits = count_tabs(db, most=MOST_COUNTED), count_waits(db, now=now, most=MOST_COUNTED)
    held = list_claims(db, [row.id for row in (*urgent, *rows)], now=now)
    claimed = {report_id: _say_name(db, row.by) for report_id, row in held.items()}
    ages = {
        row.id: deadlines.tell_age(row.submitted_at, now)
        for row in (*urgent, *rows)
        if row.submitted_at is not None and ReportState(row.state) in OPEN_STATES
    }
    shown = repr(
        (
            [tuple(row) for row in (*urgent, *rows)],
            sorted(thumbnails.items()),
            counts,
            waits,
            sorted(claimed.items()),
            sorted(ages.items()),
        )
    )
    day = now.astimezone(CHINA).date().isoformat()  # 今天 becomes 昨天 at midnight
    mark = hashlib.sha256(f"{day}{page.next_before}{shown}".encode()).hexdigest()[:16]
    return QueueView(urgent, rows, thumbnails, counts, waits, claimed, ages, page.next_before, mark)


def _say_name(db: Connection, by: str) -> str:
    username = by.removeprefix("staff:")
    row = find_staff(db, username)
    return username if row is None else str(row.display_name)


def _build_page(filter_: QueueFilter, before: int | None, view: QueueView) -> dict[str, object]:
    return {
        "place": "queue",
        "filter": filter_,
        "args": build_filter_args(filter_),
        "before": before,
        "view": view,
        "tabs": TAB_WORDS,
        "tab_states": [ReportState(state).value for state in TABS[filter_.tab]],
        "most_counted": MOST_COUNTED,
        "first_line": say_first_line,
        "is_narrowed": is_narrowed(filter_),
        "bulk_states": BULK_STATES,
    }
