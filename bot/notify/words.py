"""What a notice says: the words that it was given, or words that are made at the moment when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from handlers import texts_notices as texts
from storage.outbox import DueNotice, Purpose
from storage.reports.tables import reports


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a mail."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notice as it is sent. `text` is for chats, robots and the plain half of a mail.

    Without `html` a mail's other half is made from the text. `values` fill a template's fields by 编号, 状态, 事项,
    时间 and 提示; what is left out there is made from the rest.
    """

    text: str
    title: str
    html: str = ""
    attached: tuple[Attached, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


_TASKS = frozenset({Purpose.ASSIGNMENT, Purpose.RETURNED})  # a liaison is to mend something

# Makes the words of one purpose when it is sent; None when there is nothing to say any more.
MakeWords: TypeAlias = Callable[[Connection, DueNotice, datetime], Rendered | None]


def render(
    db: Connection,
    notice: DueNotice,
    *,
    now: datetime,
    timezone: ZoneInfo,
    makers: Mapping[Purpose, MakeWords],
    build_task_url: Callable[[int], str] = lambda _assignment_id: "",
) -> Rendered | None:
    """Return a notice as it is sent now; None when it is not needed any more.

    Words that were put into the outbox go before words made now. A purpose with neither raises ValueError. What is to
    be mended gets the address of its page, where `build_task_url` gives one.
    """
    if not notice.words:
        make = makers.get(notice.purpose)
        if make is None:
            raise ValueError(f"nobody makes the words of {notice.purpose.value}")
        made = make(db, notice, now)
        return None if made is None else _fill_values(made, notice, "", now, timezone)
    code = _find_code(db, notice)
    assignment_id = notice.fields.get("assignment_id") if notice.purpose in _TASKS else None
    url = "" if assignment_id is None else build_task_url(int(assignment_id))
    made = Rendered(
        f"{notice.words}\n{texts.see_photos(url)}" if url else notice.words, texts.title(notice.purpose, code), url=url
    )
    return _fill_values(made, notice, code, now, timezone)


def _fill_values(made: Rendered, notice: DueNotice, code: str, now: datetime, timezone: ZoneInfo) -> Rendered:
    values = {
        "编号": code or "-",
        "状态": texts.state(notice.purpose, notice.subject),
        "事项": made.text,
        "时间": f"{now.astimezone(timezone):%Y-%m-%d %H:%M}",
        "提示": texts.HINT,
        **made.values,
    }
    return Rendered(made.text, made.title, made.html, made.attached, values, made.url)


def _find_code(db: Connection, notice: DueNotice) -> str:
    if notice.report_id is None:
        return ""
    return str(db.execute(select(reports.c.code).where(reports.c.id == notice.report_id)).scalar_one())
