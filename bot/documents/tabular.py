"""Rows written as JSON lines, CSV or an Excel workbook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import xlsxwriter

from bot.documents.cells import Format, neutralise_cell
from bot.documents.text_sheet import MOST_SHEET_ROWS, TextSheet, add_text_sheet, open_workbook

# Column titles by the keys of the rows; a dot goes into a nested mapping.
REPORT_COLUMNS: dict[str, str] = {
    "code": "编号",
    "state": "状态",
    "category": "类别",
    "level": "等级",
    "emergency": "险情",
    "major_suspect": "疑似重大",
    "description": "情况",
    "photos": "照片数",
    "voices": "语音数",
    "videos": "视频数",
    "location.label": "地点",
    "location.lat": "纬度",
    "location.lng": "经度",
    "unit": "单位",
    "anonymous": "匿名",
    "missing": "还缺什么",
    "created_at": "上报时间",
    "due_at": "期限",
    "merged_into": "并入",
    "source": "来源",
    "messages": "消息数",
}
MESSAGE_COLUMNS: dict[str, str] = {
    "received_at": "收到时间",
    "sent_at": "发送时间",
    "type": "类型",
    "intent": "意图",
    "category": "类别",
    "state": "状态",
    "report_code": "编号",
    "alias": "化名",
}

_MOST_SHEET_ROWS = MOST_SHEET_ROWS - 1  # without the row of titles
_PIXELS = {"description": 420, "location.label": 220, "created_at": 190, "due_at": 190}


def write_rows(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], format_: Format, stream: BinaryIO) -> int:
    """Write rows to a binary stream, one at a time, and return how many; the stream is left open.

    JSON lines keep the rows' own keys and nesting. CSV (UTF-8 with BOM, for Excel) and xlsx have the titles of
    `columns` in their first row, and every text in them is text: no cell can become a formula or a link.
    """
    if format_ == "jsonl":
        return _write_jsonl(rows, stream)
    if format_ == "csv":
        return _write_csv(rows, columns, stream)
    if format_ == "xlsx":
        return _write_xlsx(rows, columns, stream)
    raise ValueError("rows are written as jsonl, csv or xlsx")


def _write_jsonl(rows: Iterable[Mapping[str, Any]], stream: BinaryIO) -> int:
    count = 0
    for row in rows:
        stream.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _write_csv(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], stream: BinaryIO) -> int:
    count = 0
    wrapper = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(wrapper)
        writer.writerow(columns.values())
        for row in rows:
            cells = [_to_cell(row, key) for key in columns]
            writer.writerow([neutralise_cell(cell) if isinstance(cell, str) else cell for cell in cells])
            count += 1
    finally:
        wrapper.detach()  # closing it would close the stream
    return count


def _write_xlsx(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], stream: BinaryIO) -> int:
    count = 0
    with open_workbook(stream) as workbook:
        bold = workbook.add_format({"bold": True})
        plain = [None] * len(columns)
        sheet = _add_sheet(workbook, columns, bold)
        for row in rows:
            line = count % _MOST_SHEET_ROWS + 1
            if count and line == 1:
                sheet = _add_sheet(workbook, columns, bold)
            sheet.write_cells(line, [_to_cell(row, key) for key in columns], plain)
            count += 1
    return count


def _add_sheet(workbook: xlsxwriter.Workbook, columns: Mapping[str, str], bold: Any) -> TextSheet:
    sheet = add_text_sheet(workbook)
    sheet.freeze_panes(1, 0)
    for place, (key, title) in enumerate(columns.items()):
        sheet.set_column_pixels(place, place, _PIXELS.get(key, 90))
        sheet.write_string(0, place, title, bold)
    return sheet


def _to_cell(row: Mapping[str, Any], key: str) -> str | int | float | None:
    value: Any = row
    for part in key.split("."):
        value = None if value is None else value[part]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (list, tuple)):
        return "、".join(str(each) for each in value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"a cell cannot hold {type(value).__name__}")
