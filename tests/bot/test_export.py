"""`export` in its three formats: the contract's keys, nothing that runs as a formula, no half-written file."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection

from bot.cli import main
from storage import units
from storage.database import Database
from storage.reports.tables import ReportState
from tests.factories import NOW, make_message, make_report, make_reporter
from tests.running import make_environment, write_config

pytestmark = pytest.mark.usefixtures("kept_logging")

REPORT_KEYS = [
    "code", "state", "category", "level", "emergency", "major_suspect", "description", "photos", "voices", "videos",
    "location", "unit", "anonymous", "missing", "created_at", "due_at", "merged_into", "source", "messages",
]  # fmt: skip
MESSAGE_KEYS = ["received_at", "sent_at", "type", "intent", "category", "state", "report_code", "alias"]
TEXTS = ["=1+1", "@SUM(A1)", "-2+3", "+护栏断了", "护栏断了,“井口”\n第二行", "＝1+1"]


@pytest.fixture
def config(tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration on a database with a few reports and messages."""
    for name in set(os.environ) - set(make_environment()):
        monkeypatch.delenv(name)
    with sqlite_database.write() as db:
        unit_id = units.add_unit(db, name="=样例二矿", kind="enterprise", aliases=[], now=NOW)
        ids = [make_report(db, description=text, code=f"2611-{at:03d}") for at, text in enumerate(TEXTS, 1)]
        make_report(
            db, code="2611-100", state=ReportState.MERGED, merged_into_id=ids[0], category="ELEC", level="P1",
            is_emergency=True, major_standard="样例标准", description="打 13800138000 找我", photo_count=2,
            voice_count=1, video_count=3, latitude=36.25, longitude=-113.5, unit_id=unit_id, is_anonymous=True,
            missing="look,place", due_at=NOW + timedelta(days=3), message_count=4,
        )  # fmt: skip
        reporter_id = make_reporter(db, alias="热心群众7F3A", openid_hash="f" * 64)
        make_message(db, reporter_id=reporter_id, report_id=ids[0], text="不能出现的话", category="ELEC")
    return write_config(tmp_path, f"sqlite:///{sqlite_database.path}", level="error")


def export(config: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "export", *map(str, arguments)])


def read_rows(content: bytes, format_: str) -> list[list[Any]]:
    if format_ == "csv":
        return [list(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_reports_as_json_lines_have_the_keys_and_types_of_the_contract(config: Path) -> None:
    done = export(config, "reports")
    assert done.exit_code == 0
    rows = [json.loads(line) for line in done.stdout_bytes.decode().splitlines()]
    assert [row["description"] for row in rows[:-1]] == TEXTS
    assert [list(row) for row in rows] == [REPORT_KEYS] * len(rows)
    assert rows[-1] == {
        "code": "2611-100", "state": "merged", "category": "ELEC", "level": "P1", "emergency": True,
        "major_suspect": True, "description": "打 138******** 找我", "photos": 2, "voices": 1, "videos": 3,
        "location": {"lat": 36.25, "lng": -113.5, "label": "东坪村井口"}, "unit": "=样例二矿", "anonymous": True,
        "missing": ["look", "place"], "created_at": "2026-11-25T09:00:00+08:00",
        "due_at": "2026-11-28T09:00:00+08:00", "merged_into": "2611-001", "source": "chat", "messages": 4,
    }  # fmt: skip


def test_messages_as_json_lines_have_the_keys_of_the_contract_and_no_words(config: Path) -> None:
    done = export(config, "messages")
    (row,) = [json.loads(line) for line in done.stdout_bytes.decode().splitlines()]
    assert list(row) == MESSAGE_KEYS
    assert row == {
        "received_at": "2026-11-25T09:00:00+08:00", "sent_at": "2026-11-25T09:00:00+08:00", "type": "text",
        "intent": "hazard", "category": "ELEC", "state": "done", "report_code": "2611-001", "alias": "热心群众7F3A",
    }  # fmt: skip


@pytest.mark.parametrize("format_", ["jsonl", "csv", "xlsx"])
@pytest.mark.parametrize("subject", ["reports", "messages", "ledger"])
def test_a_file_holds_what_the_screen_shows(config: Path, tmp_path: Path, subject: str, format_: str) -> None:
    shown = export(config, subject, "--format", format_)
    out = tmp_path / f"out.{format_}"
    done = export(config, subject, "--format", format_, "--out", out)
    assert (shown.exit_code, done.exit_code, done.stdout) == (0, 0, "")
    if format_ == "xlsx":  # the archive holds the time at which it was made
        assert read_rows(out.read_bytes(), format_) == read_rows(shown.stdout_bytes, format_)
    else:
        assert out.read_bytes() == shown.stdout_bytes
    assert not list(tmp_path.glob("*.part"))


def test_csv_neutralises_what_a_spreadsheet_would_run(config: Path) -> None:
    rows = read_rows(export(config, "reports", "--format", "csv").stdout_bytes, "csv")
    at = rows[0].index("情况")
    assert [row[at] for row in rows[1:-1]] == ["'" + text if text[0] in "=@-+＝" else text for text in TEXTS]
    assert rows[-1][rows[0].index("单位")] == "'=样例二矿"
    assert rows[-1][rows[0].index("经度")] == "-113.5"


def test_xlsx_is_read_back_with_text_as_text_and_counts_as_numbers(config: Path, tmp_path: Path) -> None:
    export(config, "reports", "--format", "xlsx", "--out", tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    titles = [cell.value for cell in sheet[1]]
    last = dict(zip(titles, sheet[sheet.max_row], strict=True))
    assert [row[titles.index("情况")].value for row in sheet.iter_rows(min_row=2)][:-1] == TEXTS
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}  # no "f": formulas
    assert (last["单位"].value, last["照片数"].value, last["经度"].value) == ("=样例二矿", 2, -113.5)


def test_the_ledger_has_a_row_for_every_report_that_is_not_merged_and_no_words(config: Path) -> None:
    done = export(config, "ledger", "--format", "csv")
    assert done.exit_code == 0
    rows = read_rows(done.stdout_bytes, "csv")
    assert (len(rows[0]), rows[0][1]) == (28, "隐患编号")
    assert [row[1] for row in rows[1:]] == [f"2611-{at:03d}" for at in range(1, len(TEXTS) + 1)]
    assert "护栏" not in done.stdout_bytes.decode()


@pytest.mark.parametrize("format_", ["jsonl", "csv", "xlsx"])
def test_an_export_that_breaks_off_leaves_the_earlier_file_alone(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    def break_off(_db: Connection) -> Iterator[dict[str, Any]]:
        yield dict.fromkeys(REPORT_KEYS)
        raise RuntimeError("cut off")

    monkeypatch.setattr("storage.reports.export.iter_reports", break_off)
    out = tmp_path / "out"
    out.write_text("yesterday's")
    assert export(config, "reports", "--format", format_, "--out", out).exit_code == 1
    assert out.read_text() == "yesterday's"
    assert not list(tmp_path.glob("*.part"))


def test_says_in_a_sentence_where_a_file_cannot_be_written(config: Path, tmp_path: Path) -> None:
    done = export(config, "reports", "--out", tmp_path / "missing" / "out.jsonl")
    assert done.exit_code == 1
    assert done.stderr.startswith("文件读写不成：")


@pytest.mark.parametrize("arguments", [["people"], ["reports", "--format", "xml"], []], ids=" ".join)
def test_refuses_what_it_cannot_export(config: Path, arguments: list[str]) -> None:
    assert export(config, *arguments).exit_code == 2
