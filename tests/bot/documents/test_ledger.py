"""The ledger in its three formats: every column, nothing that runs, set up to print, photos in their cells."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Connection

from bot.documents import ledger_sheet
from bot.documents.cells import Format
from bot.documents.ledger import TITLES, say_sum, write_ledger
from media.errors import MissingFileError, Reason
from storage.database import Database
from storage.reports import ledger as ledger_rows
from storage.reports.ledger import LedgerFigures, LedgerFilter
from storage.staff import Role, add_staff
from storage.units import add_unit
from tests.factories import NOW, make_report
from tests.handed_over import PLACE, WORDS, add_photos, hand_over, make_thumbnail, rectify, review

LATER = NOW + timedelta(days=5)
FORMATS: list[Format] = ["jsonl", "csv", "xlsx"]
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", '=HYPERLINK("http://x.invalid")', "<r><t>一</t></r>"]
# 序号 to 备注, as the columns stand in the reference for ledgers.
CLOSED = [
    1, "2611-001", "2026-11-25", "随手拍", "东沟村", "东沟村广场北侧", "配电箱门掉落，带电部分外露", "用电", "现场管理",
    "一般", "无", "立即停用，换好箱门后拍照回复", "箱门已换，接地已接好", "东沟村", "样例liaison", "无", "2026-11-28",
    "无", "已销号", "2026-11-26", "2 张", "1 张", "2026-11-27", "样例reviewer", "合格", "是", "2026-11-27", "无",
]  # fmt: skip
LATE = [
    2, "2611-002", "2026-11-25", "日常检查", "样例一矿", "东沟村广场北侧", "配电箱门掉落，带电部分外露", "煤矿与矿山",
    "现场管理", "疑似重大（待核定）", "样例判定标准", "立即停用，换好箱门后拍照回复", "无", "样例一矿", "无", "待填",
    "2026-11-28", "待填", "整改中，逾期 2 天", "无", "无", "无", "无", "无", "无", "否", "无", "险情",
]  # fmt: skip
NEW = [
    3, "2611-003", "2026-11-25", "随手拍", "东沟村", "无", "管理与违章：东沟村一带，待核查", "管理与违章", "基础管理",
    "一般", "无", "无", "无", "无", "无", "无", "无", "无", "待受理", "无", "无", "无", "无", "无", "无", "否", "无",
    "无",
]  # fmt: skip


class Files(dict[str, bytes]):
    """A store in memory."""

    def get(self, key: str) -> bytes:  # type: ignore[override]
        if key not in self:
            raise MissingFileError(Reason.MISSING_FILE)
        return self[key]


@pytest.fixture
def filled(sqlite_database: Database) -> Database:
    """Give a database with a closed report, one that is late and one that just came."""
    with sqlite_database.write() as db:
        village = add_unit(db, name="东沟村", kind="village", aliases=[], now=NOW)
        mine = add_unit(db, name="样例一矿", kind="enterprise", aliases=[], now=NOW)
        for role in (Role.REVIEWER, Role.LIAISON):
            person = {"username": role.value, "display_name": f"样例{role.value}", "role": role}
            staff_id = add_staff(db, **person, password_hash="", now=NOW)  # type: ignore[arg-type]
        report_id = hand_over(db, code="2611-001", unit_id=village, liaison_id=staff_id)
        add_photos(db, report_id, before=["t/1.jpg", "t/2.jpg"], after=["t/3.jpg"])
        rectify(db, report_id)
        review(db, report_id)
        hand_over(
            db, code="2611-002", unit_id=mine, category="MINE", level="P1", major_standard="样例判定标准",
            is_emergency=True, assignment={"is_inspection": True},
        )  # fmt: skip
        make_report(db, code="2611-003", unit_id=village, category="MGMT", description=WORDS, place_label=PLACE)
    return sqlite_database


def write(database: Database, format_: Format, **options: Any) -> bytes:
    stream = io.BytesIO()
    with database.read() as db:
        write_ledger(db, LedgerFilter(), format_, stream, now=LATER, **options)
    return stream.getvalue()


def read_sheet(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).active


def list_values(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_csv_has_every_column_in_words_and_a_byte_order_mark(filled: Database) -> None:
    content = write(filled, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [list(TITLES.values()), *([str(cell) for cell in row] for row in (CLOSED, LATE, NEW))]


def test_json_lines_have_codes_days_and_null(filled: Database) -> None:
    closed, late, new = [json.loads(line) for line in write(filled, "jsonl").decode().splitlines()]
    assert closed == {
        "code": "2611-001", "state": "closed", "found_on": "2026-11-25", "source": "chat", "inspected_unit": "东沟村",
        "place": "东沟村广场北侧", "problem": "配电箱门掉落，带电部分外露", "category": "ELEC", "major_suspect": False,
        "major_standard": None, "requirement": "立即停用，换好箱门后拍照回复", "measures": "箱门已换，接地已接好",
        "unit": "东沟村", "liaison": "样例liaison", "due_on": "2026-11-28", "overdue": False,
        "rectified_on": "2026-11-26", "photos_before": 2, "photos_after": 1, "reviewed_on": "2026-11-27",
        "reviewed_by": "样例reviewer", "passed": True, "closed_on": "2026-11-27", "merged_into": None,
        "transferred_to": None,
    }  # fmt: skip
    assert (late["source"], late["overdue"], late["major_suspect"]) == ("inspection", True, True)
    assert (new["problem"], new["place"], new["unit"]) == ("管理与违章：东沟村一带，待核查", None, None)


def test_xlsx_has_head_rows_sum_and_the_definition_of_its_rate(filled: Database) -> None:
    sheet = read_sheet(write(filled, "xlsx"))
    rows = list_values(sheet)
    assert rows[0][2] == "隐患排查治理台账"
    assert all(word in rows[1][2] for word in ("填报单位", "填报人", "审核人", "填报时间", "联系电话"))
    assert rows[2] == list(TITLES.values())
    assert rows[3:6] == [CLOSED, LATE, NEW]
    assert rows[6][0] == "合计"
    assert rows[6][2] == "共 3 条，应整改 2 条，已销号 1 条，整改率 50.0%"
    assert rows[7][0].startswith("整改率＝已销号/应整改（不含未到期）：1/2＝50.0%。")


def test_xlsx_is_set_up_to_print(filled: Database) -> None:
    sheet = read_sheet(write(filled, "xlsx"))
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.print_title_cols == "$A:$B"
    assert sheet.oddFooter.center.text == "第 &P 页，共 &N 页"
    assert [each.id for each in sheet.col_breaks.brk] == [list(TITLES).index("unit")]
    assert sheet.freeze_panes == "C4"
    assert sheet["G4"].alignment.wrap_text
    assert {str(each) for each in sheet.merged_cells.ranges} >= {"C1:M1", "C2:M2", "A7:B7"}
    # Both halves fit on a sheet of paper: pixels by the print scale, 1,047 of them across.
    widths = [round(sheet.column_dimensions[cell.column_letter].width * 7 + 5) for cell in sheet[3]]
    for half in (sum(widths[:13]), sum(widths[:2]) + sum(widths[13:])):
        assert half * sheet.page_setup.scale / 100 <= 1_047


def test_a_row_is_high_enough_for_its_text(sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        unit_id = add_unit(db, name="东沟村", kind="village", aliases=[], now=NOW)
        hand_over(db, unit_id=unit_id)
        hand_over(db, unit_id=unit_id, assignment={"problem": "长" * 200})
    sheet = read_sheet(write(sqlite_database, "xlsx"))
    assert sheet.row_dimensions[4].height < 40
    assert sheet.row_dimensions[5].height > 180


@pytest.mark.parametrize("text", DANGEROUS, ids=repr)
@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_no_cell_runs(sqlite_database: Database, format_: Format, text: str) -> None:
    with sqlite_database.write() as db:
        unit_id = add_unit(db, name=text, kind="village", aliases=[], now=NOW)
        texts = dict.fromkeys(("place", "problem", "requirement"), text)
        rectify(db, hand_over(db, unit_id=unit_id, assignment=texts), note=text)
    content = write(sqlite_database, format_)
    places = [
        list(TITLES).index(key) for key in ("inspected_unit", "place", "problem", "requirement", "measures", "unit")
    ]
    if format_ == "csv":
        row = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1]
        assert {row[place] for place in places} == {text if text[0] == "<" else "'" + text}
        return
    cells = [read_sheet(content)[4][place] for place in places]
    assert {cell.value for cell in cells} == {text}
    assert {(cell.data_type, cell.hyperlink) for cell in cells} == {("s", None)}


def test_photos_stand_in_their_cells(filled: Database) -> None:
    files = Files(
        {f"t/{number}.jpg": make_thumbnail(colour) for number, colour in enumerate(("red", "blue", "green"), 1)}
    )
    sheet = read_sheet(write(filled, "xlsx", pictures=files))
    placed = sorted((image.anchor._from.row, image.anchor._from.col) for image in sheet._images)
    before, after = list(TITLES).index("photos_before"), list(TITLES).index("photos_after")
    assert placed == [(3, before), (3, before), (3, after)]
    assert all(image.anchor.to.row == 3 and image.anchor.to.col == image.anchor._from.col for image in sheet._images)
    assert sheet.row_dimensions[4].height >= 90
    assert (sheet[4][before].value, sheet[5][before].value) == (None, "无")


def test_a_photo_that_cannot_be_had_or_read_leaves_its_number(filled: Database) -> None:
    sheet = read_sheet(write(filled, "xlsx", pictures=Files({"t/3.jpg": b"not a picture"})))
    assert sheet._images == []
    assert [sheet[4][list(TITLES).index(key)].value for key in ("photos_before", "photos_after")] == ["2 张", "1 张"]


@pytest.mark.parametrize(("bound", "value"), [("MOST_PICTURES", 1), ("MOST_PICTURE_BYTES", 10)])
def test_photos_stop_at_a_bound_and_the_foot_says_so(
    filled: Database, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(ledger_sheet, bound, value)
    files = Files({f"t/{number}.jpg": make_thumbnail("red", (320, 240 + number)) for number in (1, 2, 3)})
    sheet = read_sheet(write(filled, "xlsx", pictures=files))
    assert len(sheet._images) == 1
    assert "照片太多，只放了前 1 张" in list_values(sheet)[7][0]


def test_begins_another_sheet_where_one_is_full(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_sheet, "MOST_SHEET_ROWS", 7)
    book = openpyxl.load_workbook(io.BytesIO(write(filled, "xlsx")))
    first, second = (list_values(sheet) for sheet in book.worksheets)
    assert [row[1] for row in first[3:]] == ["2611-001", "2611-002"]
    assert second[2] == list(TITLES.values())
    assert [row[1] for row in second[3:4]] == ["2611-003"]
    assert second[4][0] == "合计"


@pytest.mark.parametrize("format_", FORMATS)
def test_an_empty_ledger_is_a_file_all_the_same(sqlite_database: Database, format_: Format) -> None:
    content = write(sqlite_database, format_)
    if format_ == "xlsx":
        assert list_values(read_sheet(content))[3][2] == "共 0 条，应整改 0 条，已销号 0 条，整改率 没有应整改的"
    else:
        assert len(content.splitlines()) == (format_ == "csv")


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_of_the_reporter_and_no_time_of_the_day_is_in_it(filled: Database, format_: Format) -> None:
    content = write(filled, format_)
    said = str(list_values(read_sheet(content))) if format_ == "xlsx" else content.decode()
    for secret in (WORDS, PLACE, "热心群众", "09:00", "T09"):
        assert secret not in said


@pytest.mark.parametrize(
    ("figures", "rate"),
    [((0, 0, 0), "没有应整改的"), ((9, 3, 4), "75.0%"), ((9, 4, 4), "100.0%"), ((9, 0, 3), "0.0%")],
)
def test_the_rate_is_closed_of_what_ought_to_be(figures: tuple[int, int, int], rate: str) -> None:
    total, definition = say_sum(LedgerFigures(*figures))
    assert total.endswith(f"整改率 {rate}")
    assert rate in definition


def test_refuses_a_format_it_does_not_know(sqlite_database: Database) -> None:
    with pytest.raises(ValueError, match="jsonl, csv or xlsx"):
        write(sqlite_database, "xml")  # type: ignore[arg-type]


def test_rows_are_read_while_they_are_written(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Stream(io.BytesIO):
        def write(self, content: Any) -> int:
            seen.append(len(read))
            return super().write(content)

    read: list[Any] = []

    def follow(db: Connection, *arguments: Any, **options: Any) -> Any:
        for row in real(db, *arguments, **options):
            read.append(row)
            yield row

    real = ledger_rows.iter_ledger
    monkeypatch.setattr("bot.documents.ledger.iter_ledger", follow)
    with filled.read() as db:
        write_ledger(db, LedgerFilter(), "jsonl", Stream(), now=LATER)
    assert seen == [1, 2, 3]
