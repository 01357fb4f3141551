"""The ledger (台账) as people file it: JSON lines for programs, CSV, and a workbook that is ready to print."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import Connection

# Words and dates of the pages; as modules, because the pages in turn offer this ledger.
from bot import dates, words
from bot.documents.cells import Format, neutralise_cell
from storage.reports.ledger import LedgerFigures, LedgerFilter, LedgerRow, is_due, iter_ledger
from storage.reports.tables import ReportState

if TYPE_CHECKING:
    from bot.documents.ledger_sheet import PictureStore

# The columns of a township's ledger in their order; the figures of a cell are whole numbers, everything else is text.
TITLES: dict[str, str] = {
    "number": "序号",
    "code": "隐患编号",
    "found_on": "排查（发现）时间",
    "source": "来源",
    "inspected_unit": "被检查单位（村）",
    "place": "隐患部位（地点）",
    "problem": "隐患描述",
    "category": "隐患类别",
    "kind": "基础管理/现场管理",
    "level": "隐患级别",
    "major_standard": "判定依据",
    "requirement": "整改要求",
    "measures": "整改措施",
    "unit": "责任单位",
    "liaison": "整改责任人",
    "funds": "资金（万元）",
    "due_on": "整改时限",
    "interim": "应急（临时管控）措施/预案",
    "progress": "整改进展",
    "rectified_on": "整改完成时间",
    "photos_before": "整改前照片",
    "photos_after": "整改后照片",
    "reviewed_on": "复查时间",
    "reviewed_by": "复查人（双签）",
    "verdict": "复查结论",
    "is_closed": "是否销号",
    "closed_on": "销号时间",
    "remark": "备注",
}
NOTHING = "无"
PLAIN, SUSPECT = "一般", "疑似重大（待核定）"

_TO_FILL_IN = "待填"  # of a major hazard money and interim measures are never left out
_SOURCES = {"chat": "随手拍"}
_GRAVE_LEVELS = ("P0", "P1")


def write_ledger(
    db: Connection,
    filter_: LedgerFilter,
    format_: Format,
    stream: BinaryIO,
    *,
    now: datetime,
    pictures: PictureStore | None = None,
) -> LedgerFigures:
    """Write a ledger to a binary stream, row by row, and return its figures; the stream is left open.

    With a store for `pictures` the workbook shows what it looked like before and after, up to a bound.
    """
    count = _Count(now)
    rows = count.follow(iter_ledger(db, filter_, now=now))
    if format_ == "jsonl":
        for row in rows:
            stream.write(json.dumps(build_record(row, now), ensure_ascii=False).encode() + b"\n")
    elif format_ == "csv":
        _write_csv(rows, stream, now)
    elif format_ == "xlsx":
        # 12 MB that a web worker needs only when somebody asks for a workbook.
        from bot.documents.ledger_sheet import SheetRow, write_workbook  # noqa: PLC0415

        sheet_rows = (
            SheetRow(list(say_row(row, number, now).values()), row.photos_before, row.photos_after)
            for number, row in enumerate(rows, 1)
        )
        write_workbook(sheet_rows, list(TITLES.items()), stream, say_sum=lambda: say_sum(count.figures), store=pictures)
    else:
        raise ValueError("a ledger is written as jsonl, csv or xlsx")
    return count.figures


def build_record(row: LedgerRow, now: datetime) -> dict[str, Any]:
    """Return a row under stable keys: codes of the contract, days as ISO 8601, null where there is nothing."""
    return {
        "code": row.code,
        "state": row.state,
        "found_on": _day(row.found_at),
        "source": "inspection" if row.is_inspection else row.source,
        "inspected_unit": row.inspected_unit or None,
        "place": row.place or None,
        "problem": say_problem(row),
        "category": row.category,
        "major_suspect": _is_suspect(row),
        "major_standard": row.major_standard or None,
        "requirement": row.requirement or None,
        "measures": row.rectified_note or None,
        "unit": row.unit or None,
        "liaison": row.liaison or None,
        "due_on": _day(row.due_at),
        "overdue": row.state == ReportState.ASSIGNED and dates.is_overdue(row.due_at, now),
        "rectified_on": _day(row.rectified_at),
        "photos_before": len(row.photos_before),
        "photos_after": len(row.photos_after),
        "reviewed_on": _day(row.reviewed_at),
        "reviewed_by": row.reviewed_by or None,
        "passed": row.is_passed,
        "closed_on": _day(row.closed_at),
        "merged_into": row.merged_into or None,
        "transferred_to": row.transferred_to or None,
    }


def say_row(row: LedgerRow, number: int, now: datetime) -> dict[str, str | int]:
    """Return a row in words, by the keys of TITLES; what is not there is 无."""
    unknown = _TO_FILL_IN if _is_suspect(row) else NOTHING
    cells: dict[str, str | int | None] = {
        "number": number,
        "code": row.code,
        "found_on": _day(row.found_at),
        "source": "日常检查" if row.is_inspection else _SOURCES.get(row.source, row.source),
        "inspected_unit": row.inspected_unit,
        "place": row.place,
        "problem": say_problem(row),
        "category": words.CATEGORIES.get(row.category, row.category),
        "kind": "基础管理" if row.category == "MGMT" else "现场管理",
        "level": say_level(row),
        "major_standard": row.major_standard,
        "requirement": row.requirement,
        "measures": row.rectified_note,
        "unit": row.unit,
        "liaison": row.liaison,
        "funds": unknown,
        "due_on": _day(row.due_at),
        "interim": unknown,
        "progress": say_progress(row, now),
        "rectified_on": _day(row.rectified_at),
        "photos_before": f"{len(row.photos_before)} 张" if row.photos_before else None,
        "photos_after": f"{len(row.photos_after)} 张" if row.photos_after else None,
        "reviewed_on": _day(row.reviewed_at),
        "reviewed_by": row.reviewed_by,
        "verdict": say_verdict(row),
        "is_closed": "是" if row.state == ReportState.CLOSED else "否",
        "closed_on": _day(row.closed_at),
        "remark": _say_remark(row),
    }
    return {key: value or NOTHING for key, value in cells.items()}


def say_problem(row: LedgerRow) -> str:
    """Return what is wrong in neutral words; before anybody has put it into such, only what kind and whereabouts."""
    if row.problem:
        return row.problem
    category = "隐患" if row.category == "UNK" else words.CATEGORIES.get(row.category, "隐患")
    return f"{category}：{row.inspected_unit}一带，待核查" if row.inspected_unit else f"{category}：地点待核查"


def say_level(row: LedgerRow) -> str:
    """Return 一般 or 疑似重大（待核定）: whether it is major, people decide."""
    return SUSPECT if _is_suspect(row) else PLAIN


def say_progress(row: LedgerRow, now: datetime) -> str:
    """Return how far the mending is, with the days by which it is late."""
    if row.state != ReportState.ASSIGNED:
        return words.STATES.get(row.state, row.state)
    if row.due_at is None or not dates.is_overdue(row.due_at, now):
        return "整改中"
    return f"整改中，{dates.say_due(row.due_at, now)}"


def say_verdict(row: LedgerRow) -> str:
    """Return what came of looking at the mended place, or nothing while nobody has."""
    return {True: "合格", False: "不合格，退回", None: ""}[row.is_passed]


def say_sum(figures: LedgerFigures) -> tuple[str, str]:
    """Return the sum of a ledger and the definition of its rate with the figures in it (domain: 口径固定在表脚)."""
    rate = f"{figures.closed / figures.due:.1%}" if figures.due else "没有应整改的"
    share = f"{figures.closed}/{figures.due}＝{rate}" if figures.due else rate
    return (
        f"共 {figures.rows} 条，应整改 {figures.due} 条，已销号 {figures.closed} 条，整改率 {rate}",
        f"整改率＝已销号/应整改（不含未到期）：{share}。应整改是已经销号的，加上整改期限过了还没有销号的。",
    )


def _write_csv(rows: Iterable[LedgerRow], stream: BinaryIO, now: datetime) -> None:
    wrapper = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(wrapper)
        writer.writerow(TITLES.values())
        for number, row in enumerate(rows, 1):
            cells = say_row(row, number, now).values()
            writer.writerow([neutralise_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    finally:
        wrapper.detach()  # closing it would close the stream


class _Count:
    """Counts rows while they pass, so that the figures need no second reading."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.figures = LedgerFigures(0, 0, 0)

    def follow(self, rows: Iterable[LedgerRow]) -> Iterator[LedgerRow]:
        for row in rows:
            seen = self.figures
            self.figures = LedgerFigures(
                seen.rows + 1,
                seen.closed + (row.state == ReportState.CLOSED),
                seen.due + is_due(row, self._now),
            )
            yield row


def _is_suspect(row: LedgerRow) -> bool:
    return bool(row.major_standard) or row.level in _GRAVE_LEVELS


def _say_remark(row: LedgerRow) -> str:
    parts = (
        (row.is_emergency, "险情"),
        (row.merged_into, f"已并入 {row.merged_into}"),
        (row.transferred_to, f"移交给{row.transferred_to}"),
    )
    return "；".join(part for is_so, part in parts if is_so)


def _day(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(dates.CHINA).date().isoformat()
