"""The ledger page (台账): filters, the figures, the first rows, and the whole as a file; every file is on record."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request, send_file
from flask.typing import ResponseReturnValue

from bot import words
from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import get_services
from bot.dates import CHINA

# As a module, because it says things in the words of these pages and so may be in the middle of being loaded.
from bot.documents import ledger as documents
from bot.documents.cells import Format
from storage.audit import record_audit_entry
from storage.reports.ledger import LedgerFigures, LedgerFilter, count_ledger, iter_ledger
from storage.reports.tables import ReportState
from storage.units import list_units

PREVIEW_LENGTH = 20
MOST_ROWS = 20_000  # of one file; the command line has no bound
STATES = tuple(
    state.value
    for state in ReportState
    if state not in (ReportState.GATHERING, ReportState.WITHDRAWN, ReportState.MERGED)
)
FILE_NAME = "隐患排查治理台账"


@dataclass(frozen=True, slots=True)
class FileKind:
    """One way to take the ledger along."""

    label: str
    format: Format
    mimetype: str
    has_photos: bool = False


_XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS: Mapping[str, FileKind] = {
    "xlsx": FileKind("下载 Excel", "xlsx", _XLSX_TYPE),
    "photos": FileKind("Excel（带照片）", "xlsx", _XLSX_TYPE, has_photos=True),
    "csv": FileKind("CSV", "csv", "text/csv"),
}


@dataclass(frozen=True, slots=True)
class LedgerWishes:
    """What was asked for: days as people say them, both within; None where a field was emptied."""

    first: date | None
    last: date | None
    unit_id: int | None
    category: str
    state: str
    is_overdue: bool
    has_merged: bool

    def build_filter(self) -> LedgerFilter:
        """Return the filter that storage understands."""
        return LedgerFilter(
            since=_begin(self.first) if self.first else None,
            until=_begin(self.last + timedelta(days=1)) if self.last else None,
            unit_id=self.unit_id,
            category=self.category,
            state=self.state,
            is_overdue=self.is_overdue,
            has_merged=self.has_merged,
        )

    def build_args(self, **changes: str) -> dict[str, str]:
        """Return them as the part of an address that says them, with changes; an emptied day stays an empty one."""
        args = {
            "unit": "" if self.unit_id is None else str(self.unit_id),
            "category": self.category,
            "state": self.state,
            "overdue": "1" if self.is_overdue else "",
            "merged": "1" if self.has_merged else "",
            **changes,
        }
        days = {
            "from": self.first.isoformat() if self.first else "",
            "to": self.last.isoformat() if self.last else "",
        }
        return days | {name: value for name, value in args.items() if value}


def register(blueprint: Blueprint) -> None:
    """Put the ledger's views on the blueprint."""
    blueprint.get("/ledger")(show_ledger)
    blueprint.get("/ledger/<kind>")(save_ledger)


@needs(Right.READ)
def show_ledger() -> ResponseReturnValue:
    """Show the first rows of a ledger, its figures and the buttons for the files."""
    services = get_services()
    now = services.now()
    wishes = read_wishes(request.args, now)
    with services.database.read() as db:
        figures = count_ledger(db, wishes.build_filter(), now=now)
        first = list(islice(iter_ledger(db, wishes.build_filter(), now=now, most=PREVIEW_LENGTH), PREVIEW_LENGTH))
        units = list_units(db)
    return render_template(
        "admin/ledger.html",
        place="ledger",
        wishes=wishes,
        figures=figures,
        rate=f"{figures.closed / figures.due:.1%}" if figures.due else "",
        rows=[(row, documents.say_row(row, number, now)) for number, row in enumerate(first, 1)],
        units=units,
        states=STATES,
        kinds=KINDS,
        most_rows=MOST_ROWS,
        is_too_long=figures.rows > MOST_ROWS,
    )


@needs(Right.READ)
def save_ledger(kind: str) -> ResponseReturnValue:
    """Send a ledger as a file, and keep who took which; 413 when it is longer than one file may be."""
    file_kind = KINDS.get(kind)
    if file_kind is None:
        abort(404)
    services, member = get_services(), get_member()
    now = services.now()
    wishes = read_wishes(request.args, now)
    filter_ = wishes.build_filter()
    stream = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # closed when the answer is sent
    try:
        with services.database.read() as db:
            if count_ledger(db, filter_, now=now).rows > MOST_ROWS:
                abort(413)
            figures = documents.write_ledger(
                db,
                filter_,
                file_kind.format,
                stream,
                now=now,
                pictures=services.store if file_kind.has_photos else None,
            )
        with services.database.write() as db:
            note = _say_taken(kind, wishes, figures)
            record_audit_entry(db, at=now, by=member.by, action="export", subject="ledger", note=note)
        length = stream.tell()
        stream.seek(0)
    except BaseException:
        stream.close()
        raise
    name = f"{FILE_NAME}{_say_span(wishes)}.{file_kind.format}"
    response = send_file(stream, mimetype=file_kind.mimetype, as_attachment=True, download_name=name, max_age=0)
    response.content_length = length
    response.headers["Cache-Control"] = "private, no-store"
    return response


def read_wishes(args: Mapping[str, str], now: datetime) -> LedgerWishes:
    """Read what was asked for from an address; without days it is this year so far, nonsense narrows nothing."""
    today = now.astimezone(CHINA).date()
    unit, category, state = args.get("unit", ""), args.get("category", ""), args.get("state", "")
    return LedgerWishes(
        first=_read_day(args.get("from"), date(today.year, 1, 1)),
        last=_read_day(args.get("to"), today),
        unit_id=int(unit) if unit.isascii() and unit.isdigit() and len(unit) < 10 else None,
        category=category if category in words.CATEGORIES else "",
        state=state if state in STATES else "",
        is_overdue=args.get("overdue") == "1",
        has_merged=args.get("merged") == "1",
    )


def _read_day(typed: str | None, otherwise: date) -> date | None:
    if typed is None:
        return otherwise
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def _say_span(wishes: LedgerWishes) -> str:
    days = [day.isoformat() for day in (wishes.first, wishes.last) if day]
    return "-" + "至".join(days) if days else ""


def _say_taken(kind: str, wishes: LedgerWishes, figures: LedgerFigures) -> str:
    args: dict[str, Any] = wishes.build_args()
    return f"{kind}, {figures.rows} rows, {urlencode(args)}"
