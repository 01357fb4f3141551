"""Tables read from real files: every encoding, bounded, formulas as text, line numbers as people see them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.rosters import sheets
from bot.rosters.sheets import Sheet, SheetError, SheetRow, read_sheet
from tests.bot.rosters.making import write_csv, write_xlsx

TITLES = {"name": ("名称", "单位名称"), "headcount": ("人数",)}
TEXT = "名称,人数\n样例东沟村,812\n\n样例西梁村,\n"
ROWS = [SheetRow(2, {"name": "样例东沟村", "headcount": "812"}), SheetRow(4, {"name": "样例西梁村"})]


def read(path: Path) -> Sheet:
    return read_sheet(path, TITLES, needs="name")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_reads_csv_in_every_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    path = write_csv(tmp_path / "a.csv", TEXT.replace("\n", end), encoding=encoding)
    assert list(read(path).rows) == ROWS


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_reads_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    assert list(read(write_csv(tmp_path / "a.csv", TEXT.replace(",", delimiter))).rows) == ROWS


def test_counts_lines_through_cells_of_several_lines(tmp_path: Path) -> None:
    sheet = read(write_csv(tmp_path / "a.csv", '名称,备注\n"样例东沟村","一\n二\n三"\n样例西梁村,\n'))
    assert [row.line for row in sheet.rows] == [2, 5]
    assert sheet.unknown_titles == ["备注"]


def test_reads_xlsx(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "a.xlsx",
        [
            ["样例镇单位名册"],
            ["序号", "单位名称（全称）*", "人数"],
            [1, " 样例东沟村 ", 812.0],
            [],
            [2, "样例西梁村", None],
        ],
    )
    sheet = read(path)
    assert list(sheet.rows) == [
        SheetRow(3, {"name": "样例东沟村", "headcount": "812"}),
        SheetRow(5, {"name": "样例西梁村"}),
    ]
    assert sheet.unknown_titles == ["序号"]


def test_a_formula_is_text(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [["名称", "人数"], ['=HYPERLINK("http://example.com/")', "=1+1"]])
    assert read(path).rows[0].cells == {"name": '=HYPERLINK("http://example.com/")', "headcount": "=1+1"}


@pytest.mark.parametrize(("value", "text"), [(True, "是"), (12.5, "12.5"), (7, "7"), ("a\u200bb\x07c", "abc")])
def test_a_cell_is_what_it_shows(value: object, text: str) -> None:
    assert sheets._to_text(value) == text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0rest", ".xls"),
        (b"PK\x03\x04 not a workbook", "打不开"),
        (b"\xff\xff\xff\xff", "编码"),
        ("序号,备注\n1,2\n".encode(), "没找到标题行"),
        (b"", "没找到标题行"),
        ('名称\n"没有收尾\n'.encode(), ""),
        ("名称,单位名称\na,b\n".encode(), "有两列都是"),
    ],
)
def test_refuses_in_plain_words(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    if not said:  # what the reader can make sense of is taken
        assert read(path).rows
        return
    with pytest.raises(SheetError, match=said):
        read(path)


def test_refuses_what_is_too_big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path / "a.csv", "名称\n" + "样例村\n" * 50)
    monkeypatch.setattr(sheets, "MOST_ROWS", 50)
    assert len(read(path).rows) == 50
    monkeypatch.setattr(sheets, "MOST_ROWS", 49)
    with pytest.raises(SheetError, match="最多 49 行"):
        read(path)
    monkeypatch.setattr(sheets, "MOST_BYTES", 100)
    with pytest.raises(SheetError, match="文件太大"):
        read(path)


def test_refuses_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_UNPACKED_BYTES", 5_000_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/sharedStrings.xml", b" " * 6_000_000)
    path = tmp_path / "a.xlsx"
    path.write_bytes(packed.getvalue())
    assert path.stat().st_size < 100_000
    with pytest.raises(SheetError, match="解开以后太大"):
        read(path)


@pytest.mark.parametrize("place", ["A999999999", "ZZZ3"])
def test_a_cell_far_away_does_not_hold_up(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "LONGEST_XLSX", 50_000)
    book = Workbook()
    assert book.active is not None
    for at, value in (("A1", "名称"), ("A2", "样例村"), ("B2", "far")):
        book.active[at] = value
    path = tmp_path / "a.xlsx"
    book.save(path)
    replaced = path.with_name("b.xlsx")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(replaced, "w") as after:
        for part in before.infolist():
            content = before.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                line = "".join(letter for letter in place if letter.isdigit())
                moved = f'</row><row r="{line}"><c r="{place}" t="inlineStr"><is><t>far</t></is></c></row>'
                head, _, tail = content.decode().rpartition("</row>")
                content = f"{head}{moved}{tail}".encode()
            after.writestr(part.filename, content)
    assert read(replaced).rows[0] == SheetRow(2, {"name": "样例村"})
