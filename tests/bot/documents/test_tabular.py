"""Rows as JSON lines, CSV and xlsx, read back with other programs' readers."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from bot.documents.cells import Format, neutralise_cell
from bot.documents.tabular import REPORT_COLUMNS, write_rows

COLUMNS = {"code": "编号", "text": "情况", "count": "数", "is_new": "新", "missing": "缺", "place.lat": "纬度"}
ROW: dict[str, Any] = {
    "code": "2611-001",
    "text": "护栏断了,“井口”\n第二行",
    "count": 3,
    "is_new": True,
    "missing": ["look", "place"],
    "place": {"lat": 36.25, "lng": 113.0},
}


class Pipe(io.RawIOBase):
    """A stream that can only be written forwards, as a pipe can."""

    def __init__(self) -> None:
        super().__init__()
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.content += bytes(content)
        return len(content)


def write(rows: list[dict[str, Any]], format_: Format) -> bytes:
    stream = io.BytesIO()
    assert write_rows(iter(rows), COLUMNS, format_, stream) == len(rows)
    return stream.getvalue()


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_json_lines_keep_keys_and_nesting() -> None:
    lines = write([ROW, ROW], "jsonl").decode().splitlines()
    assert [json.loads(line) for line in lines] == [ROW, ROW]
    assert "护栏" in lines[0]


def test_csv_has_titles_flat_cells_and_a_byte_order_mark() -> None:
    content = write([ROW], "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    assert read_csv(content) == [
        list(COLUMNS.values()),
        ["2611-001", "护栏断了,“井口”\n第二行", "3", "是", "look、place", "36.25"],
    ]


def test_xlsx_has_titles_flat_cells_and_numbers() -> None:
    assert read_xlsx(write([ROW], "xlsx")) == [
        list(COLUMNS.values()),
        ["2611-001", "护栏断了,“井口”\n第二行", 3, "是", "look、place", 36.25],
    ]


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_leaves_empty_what_is_not_there(format_: Format) -> None:
    content = write([{**ROW, "place": None, "text": "", "missing": [], "is_new": False}], format_)
    cells = read_csv(content)[1] if format_ == "csv" else read_xlsx(content)[1]
    assert [cell or "" for cell in cells] == ["2611-001", "", "3" if format_ == "csv" else 3, "否", "", ""]


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1", '=HYPERLINK("http://x.invalid")']


@pytest.mark.parametrize("text", DANGEROUS, ids=repr)
def test_csv_cell_never_begins_like_a_formula(text: str) -> None:
    cell = read_csv(write([{**ROW, "text": text}], "csv"))[1][1]
    assert cell == "'" + text


@pytest.mark.parametrize("text", ["1=1", "a@b", "护栏", "", " =1", "'=1"], ids=repr)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert neutralise_cell(text) == text


@pytest.mark.parametrize("text", [*DANGEROUS, "http://x.invalid/", "mailto:x@x.invalid"], ids=repr)
def test_xlsx_cell_is_text_and_neither_formula_nor_link(text: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(write([{**ROW, "text": text}], "xlsx")))
    cell = book.active["B2"]
    assert cell.data_type == "s"
    assert cell.value.replace("_x000D_", "\r") == text
    assert cell.hyperlink is None


def test_xlsx_survives_what_xml_cannot_hold() -> None:
    text = "a\x00\x08\x1fb\ufffe" + "长" * 40_000
    cell = read_xlsx(write([{**ROW, "text": text}], "xlsx"))[1][1]
    assert cell == ("ab" + "长" * 40_000)[:32_767]


@pytest.mark.parametrize("format_", ["jsonl", "csv", "xlsx"])
def test_writes_into_a_stream_that_cannot_seek(format_: Format) -> None:
    pipe = Pipe()
    write_rows([ROW], COLUMNS, format_, pipe)  # type: ignore[arg-type]
    assert not pipe.closed
    if format_ == "xlsx":
        assert read_xlsx(pipe.content)[1][0] == "2611-001"
    else:
        assert b"2611-001" in pipe.content


def test_begins_another_sheet_where_one_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.documents.tabular._MOST_SHEET_ROWS", 2)
    book = openpyxl.load_workbook(io.BytesIO(write([{**ROW, "count": number} for number in range(5)], "xlsx")))
    counts = [[row[2].value for row in sheet.iter_rows()] for sheet in book.worksheets]
    assert counts == [["数", 0, 1], ["数", 2, 3], ["数", 4]]


def test_refuses_a_format_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="jsonl, csv or xlsx"):
        write_rows([], COLUMNS, "xml", io.BytesIO())  # type: ignore[arg-type]


def test_report_columns_name_each_key_once() -> None:
    assert len(set(REPORT_COLUMNS.values())) == len(REPORT_COLUMNS)


def test_xlsx_does_not_take_a_text_for_its_own_markup() -> None:
    text = "<r><t>一&二</r>"
    assert read_xlsx(write([{**ROW, "text": text}], "xlsx"))[1][1] == text
