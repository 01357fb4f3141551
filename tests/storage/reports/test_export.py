"""What leaves the system: the contract's keys, masked, in order, with bounded memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from storage import message_export
from storage.database import Database
from storage.message_export import iter_messages
from storage.messages import MessageState
from storage.reports import export
from storage.reports.export import iter_reports, mask_numbers
from storage.reports.tables import ReportState
from storage.units import add_unit
from tests.factories import make_message, make_report, make_reporter

REPORT_KEYS = [
    "code", "state", "category", "level", "emergency", "major_suspect", "description", "photos", "voices", "videos",
    "location", "unit", "anonymous", "missing", "created_at", "due_at", "merged_into", "source", "messages",
]  # fmt: skip
MESSAGE_KEYS = ["received_at", "sent_at", "type", "intent", "category", "state", "report_code", "alias"]


def test_report_has_the_keys_of_the_contract(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit = add_unit(db, name="东坪村", kind="village", aliases=[], now=now)
        make_report(
            db,
            code="2611-001",
            category="MINE",
            level="P1",
            is_emergency=True,
            major_standard="煤矿重大隐患 第4条",
            description="瓦斯探头没亮",
            photo_count=2,
            voice_count=1,
            message_count=3,
            latitude=36.25,
            longitude=113.0,
            place_label="东坪村井口",
            unit_id=unit,
            is_anonymous=True,
            missing="look,place",
            due_at=now + timedelta(hours=2),
        )
    with database.read() as db:
        (row,) = iter_reports(db)
    assert list(row) == REPORT_KEYS
    assert row == {
        "code": "2611-001",
        "state": "received",
        "category": "MINE",
        "level": "P1",
        "emergency": True,
        "major_suspect": True,
        "description": "瓦斯探头没亮",
        "photos": 2,
        "voices": 1,
        "videos": 0,
        "location": {"lat": 36.25, "lng": 113.0, "label": "东坪村井口"},
        "unit": "东坪村",
        "anonymous": True,
        "missing": ["look", "place"],
        "created_at": "2026-11-25T09:00:00+08:00",
        "due_at": "2026-11-25T11:00:00+08:00",
        "merged_into": None,
        "source": "chat",
        "messages": 3,
    }
    assert row["emergency"] is True
    assert row["major_suspect"] is True


def test_report_without_place_unit_or_deadline(database: Database) -> None:
    with database.write() as db:
        make_report(db, place_label="", missing="")
    with database.read() as db:
        (row,) = iter_reports(db)
    assert [row[key] for key in ("location", "unit", "due_at", "missing", "major_suspect")] == [
        None,
        None,
        None,
        [],
        False,
    ]


@pytest.mark.parametrize(
    ("values", "location"),
    [
        ({"place_label": "井口"}, {"lat": None, "lng": None, "label": "井口"}),
        (
            {"place_label": "", "latitude": 0.0, "longitude": 0.0},
            {"lat": 0.0, "lng": 0.0, "label": ""},
        ),
    ],
    ids=["label only", "point only"],
)
def test_location_with_parts_missing(database: Database, values: dict[str, Any], location: dict[str, Any]) -> None:
    with database.write() as db:
        make_report(db, **values)
    with database.read() as db:
        assert [row["location"] for row in iter_reports(db)] == [location]


def test_merged_report_names_its_master_by_code(database: Database) -> None:
    with database.write() as db:
        master = make_report(db, code="2611-001")
        make_report(db, code="2611-002", state=ReportState.MERGED, merged_into_id=master)
    with database.read() as db:
        assert [row["merged_into"] for row in iter_reports(db)] == [None, "2611-001"]


def test_message_has_the_keys_of_the_contract(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = make_reporter(db, alias="热心群众7F3A")
        report = make_report(db, code="2611-001")
        make_message(
            db,
            reporter_id=reporter,
            report_id=report,
            category="MINE",
            sent_at=now - timedelta(minutes=1),
            text="我是张某某",
        )
        make_message(db, reporter_id=None, kind="event", state=MessageState.UNSORTED, intent="")
    with database.read() as db:
        rows = list(iter_messages(db))
    assert [list(row) for row in rows] == [MESSAGE_KEYS, MESSAGE_KEYS]
    assert rows[0] == {
        "received_at": "2026-11-25T09:00:00+08:00",
        "sent_at": "2026-11-25T08:59:00+08:00",
        "type": "text",
        "intent": "hazard",
        "category": "MINE",
        "state": "done",
        "report_code": "2611-001",
        "alias": "热心群众7F3A",
    }
    assert (rows[1]["type"], rows[1]["report_code"], rows[1]["alias"]) == ("event", None, None)


@pytest.mark.parametrize("count", [0, 1, 6, 7], ids=lambda count: f"{count} rows")
def test_reads_in_batches_and_leaves_nothing_out(
    database: Database, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(export, "BATCH", 3)
    monkeypatch.setattr(message_export, "BATCH", 3)
    with database.write() as db:
        reporter = make_reporter(db)
        codes = [f"2611-{number:03d}" for number in range(count)]
        reports = [make_report(db, code=code, reporter_id=reporter) for code in codes]
        for report in reports:
            make_message(db, report_id=report, reporter_id=reporter)
    fetched: list[int] = []
    with database.read() as db:
        event.listen(db, "after_cursor_execute", lambda *arguments: fetched.append(1))
        assert [row["code"] for row in iter_reports(db)] == codes
        assert len(fetched) == count // 3 + 1 + (0 if count % 3 == 0 else 1)
        assert [row["report_code"] for row in iter_messages(db)] == codes


def test_reads_no_column_about_people(database: Database) -> None:
    with database.write() as db:
        make_message(db, report_id=make_report(db))
    statements: list[str] = []
    with database.read() as db:
        event.listen(db, "before_cursor_execute", lambda _db, _cursor, sql, *_: statements.append(sql))
        list(iter_reports(db))
        list(iter_messages(db))
    read = " ".join(statements)
    for name in ("openid", "payload", "sealed", "messages.text", "messages.reply", "messages.key", "reporters.scene"):
        assert name not in read
    assert "reporter" not in " ".join(sql for sql in statements if "FROM messages" not in sql)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("打13800001111找我", "打138********找我"),
        ("138-0000-1111", "138**********"),
        ("138 0000 1111。", "138**********。"),
        ("身份证14042819900101123X", "身份证140***************"),
        ("140428199001011234", "140***************"),
        ("3号井 2611-018 电话12345", "3号井 2611-018 电话12345"),
        ("编号2138000011112", "编号2138000011112"),
        ("", ""),
    ],
    ids=["mobile", "hyphens", "spaces", "identity card", "digits only", "harmless", "longer number", "empty"],
)
def test_masks_numbers_of_people(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked


def test_description_and_label_are_masked(database: Database) -> None:
    with database.write() as db:
        make_report(db, description="打13800001111", place_label="13800001111家门口")
    with database.read() as db:
        (row,) = iter_reports(db)
    assert "0000" not in str(row)
