"""A table out of an xlsx or csv file as plain text, bounded, with the line numbers that people see in it."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

MOST_BYTES = 10_000_000
MOST_UNPACKED_BYTES = 200_000_000  # an xlsx is a zip file, and may claim to be small
MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_CELL_CHARACTERS = 2_000
LONGEST_XLSX = 1_048_576  # rows that the format knows; a file may claim more
HEADER_WITHIN = 10  # rows; above the titles there may be the name of the table

Titles = Mapping[str, Sequence[str]]  # field -> the titles under which its column is known


class SheetError(Exception):
    """Raised when a file cannot be read as a table with the columns that are needed; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: the line number as a spreadsheet or an editor shows it, and the cells that are not empty by field."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows under the titles, and the titles that nobody knows."""

    rows: Sequence[SheetRow]
    unknown_titles: Sequence[str]


def read_sheet(path: Path, titles: Titles, *, needs: str) -> Sheet:
    """Return the table in a file; the field `needs` must have a column. Raises SheetError, OSError."""
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise SheetError(f"文件太大了，最多 {MOST_BYTES // 1_000_000} MB。分成几个文件再导。")
    if content.startswith(b"PK"):
        return _pick(_read_xlsx(content), titles, needs)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("这是老格式的 .xls，或者带密码的表。打开后另存为没有密码的 .xlsx 再导。")
    return _pick(_read_csv(content), titles, needs)


def _pick(lines: Iterator[tuple[int, Sequence[str]]], titles: Titles, needs: str) -> Sheet:
    fields: dict[int, str] | None = None
    unknown: list[str] = []
    rows: list[SheetRow] = []
    for count, (line, cells) in enumerate(lines):
        if fields is None:
            found = _find_fields(cells, titles)
            if needs in found.values():
                fields = found
                unknown = [cell for place, cell in enumerate(cells) if cell and place not in found]
            elif count >= HEADER_WITHIN:
                break
            continue
        if len(rows) >= MOST_ROWS:
            raise SheetError(f"行数太多了，最多 {MOST_ROWS} 行。分成几个文件再导。")
        named = {field: cells[place] for place, field in fields.items() if place < len(cells) and cells[place]}
        if named:
            rows.append(SheetRow(line, named))
    if fields is None:
        raise SheetError(
            f"没找到标题行。第一行要有“{titles[needs][0]}”这一列，也可以写成：{'、'.join(titles[needs][1:])}。"
        )
    return Sheet(rows, unknown)


def _find_fields(cells: Sequence[str], titles: Titles) -> dict[int, str]:
    by_title = {title.casefold(): field for field, known in titles.items() for title in known}
    found: dict[int, str] = {}
    for place, cell in enumerate(cells):
        field = by_title.get(_read_title(cell))
        if field is None:
            continue
        if field in found.values():
            raise SheetError(f"有两列都是“{titles[field][0]}”，留一列就行。")
        found[place] = field
    return found


def _read_title(cell: str) -> str:
    """Return a title without its remarks: 人数（人）* becomes 人数."""
    plain = unicodedata.normalize("NFKC", cell).replace(" ", "").strip("*:")
    return plain.partition("(")[0].strip("*:").casefold()


def _read_csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decode(content)
    head = "".join(text.splitlines(keepends=True)[:HEADER_WITHIN])
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield line, [_to_text(cell) for cell in cells[:MOST_COLUMNS]]
    except csv.Error as error:
        raise SheetError(f"第 {before + 1} 行读不下去，看看引号是不是成对。") from error


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("文件的编码认不出来。存成 .xlsx，或者 UTF-8 的 .csv 再导。")


def _read_xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415  # 20 MB, for imports only

    try:
        _check_unpacked(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            # Formulas stay the text that they are: nothing is worked out from what a file says.
            rows: Iterable[Sequence[Any]] = book.worksheets[0].iter_rows(
                max_row=LONGEST_XLSX, max_col=MOST_COLUMNS, values_only=True
            )
            for line, values in enumerate(rows, start=1):
                if any(value is not None for value in values):
                    yield line, [_to_text(value) for value in values]
        finally:
            book.close()
    except SheetError:
        raise
    except Exception as error:  # a broken workbook breaks its reader in a dozen ways
        raise SheetError("这个表打不开，可能坏了。用表格软件打开，另存为 .xlsx 再导。") from error


def _check_unpacked(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED_BYTES:
            raise SheetError("这个表解开以后太大了，里面可能有很多图片或者空行。只留要导的那几列再试。")


def _to_text(value: object) -> str:
    """Return what a cell shows, on one line unless it was typed on several."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case float() if value.is_integer():
            text = str(int(value))
        case datetime() | date():
            text = value.isoformat()
        case _:
            text = str(value)
    text = "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cf"})
    return text.strip()[:MOST_CELL_CHARACTERS]
