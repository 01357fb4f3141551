"""The ledger's workbook: landscape A4, two sheets of paper wide, its head on every one, photos in the cells."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import xlsxwriter
from PIL import Image

from bot.documents.text_sheet import MOST_SHEET_ROWS, TextSheet, add_text_sheet, open_workbook
from media.errors import MediaError
from storage.reports.ledger import LedgerPhoto

TITLE = "隐患排查治理台账"
BLANKS = "填报单位：　　　　　　　　　填报人：　　　　　　审核人：　　　　　　填报时间：　　　　　　　联系电话："
MOST_PICTURES = 1_000
MOST_PICTURE_BYTES = 30_000_000  # of a file that may have to go out by mail

# Pixels at 96 to the inch. The first sheet of paper says what is wrong and what is done about it, the second by whom,
# until when, and what came of it.
_WIDTHS = {
    "number": 44, "code": 84, "found_on": 84, "source": 66, "inspected_unit": 110, "place": 120, "problem": 220,
    "category": 102, "kind": 72, "level": 84, "major_standard": 130, "requirement": 180, "measures": 140,
    "unit": 110, "liaison": 76, "funds": 56, "due_on": 84, "interim": 76, "progress": 90,
    "rectified_on": 84, "photos_before": 76, "photos_after": 76, "reviewed_on": 84, "reviewed_by": 76, "verdict": 76,
    "is_closed": 50, "closed_on": 84, "remark": 110,
}  # fmt: skip
_LONG = {"problem", "place", "major_standard", "requirement", "measures", "remark", "inspected_unit", "unit"}
_WRAPPED = (*sorted(_LONG), "category", "level", "progress")
_FIRST_OF_SECOND_PAPER = "unit"
_REPEATED_COLUMNS = 2  # number and code stand on both sheets of paper
_PAPER_PIXELS = 1_047  # of 297 mm, less margins of 10 mm
_SLACK = 0.88  # columns are an eighth wider where Calibri is not installed
_LAST_ROWS = 2  # the sum and the definition below it

_PICTURE_COLUMN_PIXELS = 168
_PICTURE_PIXELS = (160, 120)  # room for one; two stand side by side in it
_MOST_IN_CELL = 2
_CHARACTER_PIXELS = 14  # of a Chinese character in 10 points
_LINE_POINTS = 14.0
_LEAST_POINTS, _HIGHEST_POINTS = 24.0, 409.0  # the latter is Excel's limit
_HEAD_ROWS = 3


class PictureStore(Protocol):
    """Where the clean copies lie; `media.store.MediaStore` is one."""

    def get(self, key: str) -> bytes: ...


class SheetRow(NamedTuple):
    """The cells of a row and what there is to see of it."""

    cells: Sequence[str | int]
    photos_before: Sequence[LedgerPhoto]
    photos_after: Sequence[LedgerPhoto]


def write_workbook(
    rows: Iterable[SheetRow],
    columns: Sequence[tuple[str, str]],
    stream: BinaryIO,
    *,
    say_sum: Callable[[], tuple[str, str]],
    store: PictureStore | None = None,
) -> None:
    """Write rows under the keys and titles of `columns`; `say_sum` is asked for the two last lines in the end.

    No text becomes a formula or a link. Pictures wait in a folder until the file is put together, so memory does not
    grow with them; beyond MOST_PICTURES or MOST_PICTURE_BYTES a cell says how many there are, and so does the foot.
    """
    with tempfile.TemporaryDirectory() as folder, open_workbook(stream) as workbook:
        pictures = None if store is None else _Pictures(store, Path(folder))
        paper = _Paper(workbook, columns, pictures)
        for row in rows:
            paper.add_row(row)
        paper.finish(say_sum())


class _Pictures:
    """Thumbnails fetched into a folder, up to the bounds of one file."""

    def __init__(self, store: PictureStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._bytes_left = MOST_PICTURE_BYTES
        self.count = 0
        self.is_cut = False

    def fetch(self, photos: Sequence[LedgerPhoto]) -> list[tuple[Path, int, int]]:
        """Return file, width and height of what can be shown in one cell; less than asked for when it is too much."""
        fetched = []
        for photo in photos[:_MOST_IN_CELL]:
            if self.count >= MOST_PICTURES or self._bytes_left <= 0:
                self.is_cut = True
                break
            # One photo that cannot be had or read must not cost the whole ledger.
            with contextlib.suppress(MediaError, OSError, ValueError):
                content = self._store.get(photo.thumbnail_key)
                with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
                    width, height = picture.size
                path = self._folder / f"{self.count}.jpg"
                path.write_bytes(content)
                self.count += 1
                self._bytes_left -= len(content)
                fetched.append((path, width, height))
        return fetched


class _Paper:
    """The sheet that is being written; another one is begun where one is full."""

    def __init__(
        self, workbook: xlsxwriter.Workbook, columns: Sequence[tuple[str, str]], pictures: _Pictures | None
    ) -> None:
        self._workbook = workbook
        self._keys = [key for key, _title in columns]
        self._titles = [title for _key, title in columns]
        self._pictures = pictures
        self._places = [self._keys.index("photos_before"), self._keys.index("photos_after")]
        self._widths = dict(_WIDTHS)
        if pictures is not None:
            self._widths |= dict.fromkeys(("photos_before", "photos_after"), _PICTURE_COLUMN_PIXELS)
        self._wrapped = [(self._keys.index(key), max(1, self._widths[key] // _CHARACTER_PIXELS)) for key in _WRAPPED]
        cell = {"border": 1, "text_wrap": True, "valign": "vcenter", "font_size": 10, "font_name": "宋体"}
        self._middle = workbook.add_format({**cell, "align": "center"})
        self._left = workbook.add_format(cell)
        self._head = workbook.add_format({**cell, "align": "center", "bold": True, "bg_color": "#E7E6E6"})
        self._title = workbook.add_format(
            {"bold": True, "font_size": 18, "align": "center", "valign": "vcenter", "font_name": "黑体"}
        )
        self._line = workbook.add_format({"font_size": 11, "valign": "vcenter", "font_name": "宋体"})
        self._formats = [self._left if key in _LONG else self._middle for key in self._keys]
        self._sheet_count = 0
        self._begin()

    def add_row(self, row: SheetRow) -> None:
        """Write one row below the others."""
        if self._at >= MOST_SHEET_ROWS - _LAST_ROWS:
            self._begin()
        cells: list[str | int | None] = list(row.cells)
        # Programs differ in whether they fit a row to its text when they open a file, so it is reckoned here.
        points = 4 + _LINE_POINTS * max(-(-len(str(cells[at])) // most) for at, most in self._wrapped)
        if self._pictures is not None and self._add_pictures(row, cells):
            points = max(points, (_PICTURE_PIXELS[1] + 8) * 0.75)
        self._sheet.set_row(self._at, min(_HIGHEST_POINTS, max(_LEAST_POINTS, points)))
        self._sheet.write_cells(self._at, cells, self._formats)
        self._at += 1

    def finish(self, lines: tuple[str, str]) -> None:
        """Write the sum below the rows and the definition of the rate below it."""
        total, definition = lines
        if self._pictures is not None and self._pictures.is_cut:
            definition += f"照片太多，只放了前 {self._pictures.count} 张，其余写的是张数。"
        split = self._keys.index(_FIRST_OF_SECOND_PAPER)
        self._sheet.set_row(self._at, 24)
        self._sheet.merge_range(self._at, 0, self._at, 1, "合计", self._head)
        self._sheet.merge_range(self._at, 2, self._at, split - 1, total, self._left)
        self._sheet.set_row(self._at + 1, 24)
        self._sheet.merge_range(self._at + 1, 0, self._at + 1, split - 1, definition, self._line)

    def _begin(self) -> None:
        self._sheet_count += 1
        name = "台账" if self._sheet_count == 1 else f"台账{self._sheet_count}"
        self._sheet: TextSheet = add_text_sheet(self._workbook, name)
        self._set_up_print()
        split = self._keys.index(_FIRST_OF_SECOND_PAPER)
        for place, key in enumerate(self._keys):
            self._sheet.set_column_pixels(place, place, self._widths[key])
        # Of each merged head a part per sheet of paper: the columns that stand on both would cut a single one.
        self._sheet.set_row(0, 34)
        self._sheet.merge_range(0, _REPEATED_COLUMNS, 0, split - 1, TITLE, self._title)
        self._sheet.merge_range(0, split, 0, len(self._keys) - 1, f"{TITLE}（续）", self._title)
        self._sheet.set_row(1, 24)
        self._sheet.merge_range(1, _REPEATED_COLUMNS, 1, split - 1, BLANKS, self._line)
        self._sheet.set_row(2, 44)
        for place, title in enumerate(self._titles):
            self._sheet.write_string(2, place, title, self._head)
        self._at = _HEAD_ROWS

    def _set_up_print(self) -> None:
        sheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.39, right=0.39, top=0.47, bottom=0.55)  # inches: 10, 10, 12 and 14 mm
        sheet.set_footer("&C第 &P 页，共 &N 页", {"margin": 0.25})
        sheet.repeat_rows(_HEAD_ROWS - 1)
        sheet.repeat_columns(0, _REPEATED_COLUMNS - 1)
        sheet.freeze_panes(_HEAD_ROWS, _REPEATED_COLUMNS)
        split = self._keys.index(_FIRST_OF_SECOND_PAPER)
        sheet.set_v_pagebreaks([split])
        widths = [self._widths[key] for key in self._keys]
        widest = max(sum(widths[:split]), sum(widths[:_REPEATED_COLUMNS]) + sum(widths[split:]))
        sheet.set_print_scale(int(100 * _SLACK * _PAPER_PIXELS / widest))

    def _add_pictures(self, row: SheetRow, cells: list[str | int | None]) -> bool:
        """Put photos in place of their numbers; return whether there were any."""
        fetched = [self._fetch(photos) for photos in (row.photos_before, row.photos_after)]
        for place, pictures in zip(self._places, fetched, strict=True):
            for at, (path, width, height) in enumerate(pictures):
                room = (_PICTURE_PIXELS[0] // len(pictures), _PICTURE_PIXELS[1])
                scale = min(room[0] / width, room[1] / height)
                down = 4 + int(room[1] - height * scale) // 2
                placed = {"x_offset": 4 + at * room[0], "y_offset": down, "x_scale": scale, "y_scale": scale}
                self._sheet.insert_image(self._at, place, str(path), {**placed, "object_position": 1})
            if pictures:
                cells[place] = None
        return any(fetched)

    def _fetch(self, photos: Sequence[LedgerPhoto]) -> list[tuple[Path, int, int]]:
        return self._pictures.fetch(photos) if self._pictures is not None and photos else []
