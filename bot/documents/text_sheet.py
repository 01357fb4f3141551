"""A worksheet for large amounts of text: written row by row, and text stays text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from bot.documents.cells import clean_text

MOST_SHEET_ROWS = 1_048_576  # Excel's limit

# Rows leave memory as soon as the next one begins; no text is taken for a formula, a link or a number.
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_MOST_CELL_CHARACTERS = 32_767  # Excel's limit; a longer text would be left out whole


_Text: Any = Worksheet  # its own files have types in part only


class TextSheet(_Text):  # type: ignore[misc]
    """XlsxWriter's worksheet, which besides takes a row in one piece.

    Its own way takes four times as long, most of it for looking through the same words again and again. And of a text
    that begins with <r> and ends with </r> XlsxWriter 3.3 makes markup where rows do not stay in memory: what
    somebody wrote could break the file or put runs of their own into it.
    """

    def write_cells(
        self, row: int, cells: Sequence[str | int | float | None], formats: Sequence[Format | None]
    ) -> None:
        """Write a row, below all that were written before; None leaves a cell empty, characters XML has not are lost.

        A height must have been set before; nothing else can be written into the row.
        """
        self._write_single_row(row)  # what stands above
        if self._check_dimensions(row, 0) or self._check_dimensions(row, len(cells) - 1):
            raise ValueError("the row is outside of the sheet or above what was written")
        self._write_row(row, None, self.row_info.pop(row, None))  # popped, or it would be written once more
        line = row + 1
        parts: list[str] = []
        for place, (cell, format_) in enumerate(zip(cells, formats, strict=True)):
            if cell is None and format_ is None:
                continue
            head = f'<c r="{_name_column(place)}{line}"'
            if format_ is not None:
                head += f' s="{_find_style(format_)}"'
            if isinstance(cell, str):
                parts.append(f'{head} t="inlineStr"><is><t xml:space="preserve">{_escape(cell)}</t></is></c>')
            elif cell is None:
                parts.append(head + "/>")
            else:
                parts.append(f"{head}><v>{cell!r}</v></c>")
        self.fh.write("".join(parts))
        self._xml_end_tag("row")


def open_workbook(stream: Any) -> xlsxwriter.Workbook:
    """Begin a workbook that is written forwards only, for sheets of add_text_sheet."""
    return xlsxwriter.Workbook(stream, _OPTIONS)


def add_text_sheet(workbook: xlsxwriter.Workbook, name: str | None = None) -> TextSheet:
    """Add a sheet to a workbook of open_workbook."""
    return cast("TextSheet", workbook.add_worksheet(name, worksheet_class=TextSheet))


def _find_style(format_: Any) -> int:
    style: int = format_._get_xf_index()
    return style


@lru_cache(maxsize=64)
def _name_column(place: int) -> str:
    name: str = xl_col_to_name(place)
    return name


@lru_cache(maxsize=4096)
def _escape(text: str) -> str:
    kept = clean_text(text)[:_MOST_CELL_CHARACTERS]
    escaped: str = _Text._escape_control_characters(kept)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
