"""The reviewers' queue: tabs, filters, words, paging, and that a page walks an index instead of sorting a table."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, update

from handlers.conversation import list_missing
from storage.attachments import AttachmentState
from storage.database import Database
from storage.reports import queue
from storage.reports.assignments import HandOver, add_after_photo, open_assignment
from storage.reports.gathering import Pieces, record_history
from storage.reports.queue import (
    PIECES,
    TABS,
    QueueFilter,
    count_tabs,
    find_report,
    list_history,
    list_queue,
    list_thumbnails,
)
from storage.reports.search import find_code, index_next_reports, split_words
from storage.reports.tables import ReportState, reports
from storage.units import add_unit
from tests.factories import NOW, make_photo, make_report, make_reporter

STATES = list(ReportState)


def fill(db: Connection, count: int = 160, seed: int = 7) -> list[dict[str, Any]]:
    """Insert reports of every kind and return what they are."""
    chance = random.Random(seed)
    unit = add_unit(db, name="东坪村", kind="village", aliases=[], now=datetime.fromisoformat("2026-11-01T00:00Z"))
    reporter = make_reporter(db)
    master = make_report(db, reporter_id=reporter, code="2611-9999")
    kept: list[dict[str, Any]] = []
    has_gathering = False
    for number in range(count):
        state = chance.choice(STATES)
        if state is ReportState.GATHERING:
            if has_gathering:  # one reporter gathers one report at a time
                state = ReportState.RECEIVED
            has_gathering = True
        row = {
            "code": f"2611-{number + 1:03d}",
            "reporter_id": reporter,
            "state": state,
            "category": chance.choice(["FIRE", "MINE", "UNK"]),
            "level": chance.choice(["P0", "P1", "P2", "P2", "P2"]),
            "unit_id": chance.choice([None, unit]),
            "missing": chance.choice(["", "", "place", "look,place", "description"]),
            "description": chance.choice(["护栏断了一截", "电线耷拉着,快来", "路塌了", "ＬＥＤ灯坏了 护栏", "100%_坏"]),
            "place_label": chance.choice(["井口", "桥头", ""]),
            "merged_into_id": master if state is ReportState.MERGED else None,
        }
        kept.append({"id": make_report(db, **row), **row})
    kept.insert(0, {"id": master, **make_plain(db, master)})
    while index_next_reports(db):
        pass
    return kept


def make_plain(db: Connection, number: int) -> dict[str, Any]:
    return dict(db.execute(select(reports).where(reports.c.id == number)).one()._mapping)


def is_wanted(row: dict[str, Any], wanted: QueueFilter) -> bool:
    """Say what the filter means, without any database."""
    text = " ".join(split_words(f"{row['description']} {row['place_label']} {row['code']}"))
    words = wanted.words.strip()
    has_words = row["code"] == words if find_code(words) else all(word in text for word in split_words(words))
    pieces = row["missing"].split(",") if row["missing"] else []
    return (
        row["state"] in TABS[wanted.tab]
        and wanted.state in ("", row["state"])
        and wanted.category in ("", row["category"])
        and wanted.level in ("", row["level"])
        and wanted.unit_id in (None, row["unit_id"])
        and (not wanted.missing or (bool(pieces) if wanted.missing == "any" else wanted.missing in pieces))
        and has_words
    )


def read_all(db: Connection, wanted: QueueFilter, most: int) -> list[int]:
    """Read page after page to the end."""
    numbers: list[int] = []
    before: int | None = None
    for _ in itertools.count():
        page = list_queue(db, wanted, before=before, most=most)
        assert len(page.rows) <= most
        numbers.extend(row.id for row in page.rows)
        if page.next_before is None:
            return numbers
        assert len(page.rows) == most
        before = page.next_before
    raise AssertionError


WORDS = [
    "",
    "护栏",
    "护",
    "断了一截",
    "护栏 井口",
    "led",
    "ＬＥＤ",
    "2611-018",
    "018",
    "26",
    "栏断",
    "了快",
    "麒麟",
    "100",
    "井 桥",
]


@pytest.mark.parametrize("counted_to", [5_000, 10], ids=["rarest known", "all common"])
def test_every_filter_finds_what_it_says(database: Database, counted_to: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Try every tab with every single filter and words, and hundreds of combinations, page by page."""
    monkeypatch.setattr(queue, "_COUNTED_TO", counted_to)
    chance = random.Random(3)
    with database.write() as db:
        kept = fill(db)
    choices: dict[str, list[Any]] = {
        "state": ["", *(state.value for state in STATES)],
        "category": ["", "FIRE", "UNK", "NONE"],
        "level": ["", "P0", "P2"],
        "unit_id": [None, kept[1]["unit_id"] or 1, 999],
        "missing": ["", "any", "look", "place", "description"],
        "words": WORDS,
    }
    filters = [QueueFilter(tab=tab) for tab in TABS]
    filters += [QueueFilter(tab, **{name: value}) for tab in TABS for name in choices for value in choices[name]]
    filters += [
        QueueFilter(
            chance.choice(list(TABS)),
            **{name: chance.choice(values) for name, values in choices.items() if chance.random() < 0.5},
        )
        for _ in range(120)
    ]
    hits = 0
    with database.read() as db:
        for wanted in filters:
            expected = [row["id"] for row in kept if is_wanted(row, wanted)][::-1]
            assert read_all(db, wanted, chance.choice([7, 30, 400])) == expected, wanted
            hits += bool(expected)
    assert hits > len(filters) / 3


def test_words_of_punctuation_only_find_nothing(database: Database) -> None:
    with database.write() as db:
        fill(db, 3)
    with database.read() as db:
        assert list_queue(db, QueueFilter("all", words="。,")).rows == []


def test_report_is_found_only_once_it_is_indexed(database: Database) -> None:
    with database.write() as db:
        make_report(db, description="护栏断了")
        assert list_queue(db, QueueFilter(words="护栏")).rows == []
        index_next_reports(db)
        assert len(list_queue(db, QueueFilter(words="护栏")).rows) == 1


def test_a_very_long_search_is_cut(database: Database) -> None:
    with database.write() as db:
        make_report(db, description="护栏" * 60)
        index_next_reports(db)
        assert len(list_queue(db, QueueFilter(words="护栏" * 5_000)).rows) == 1


@pytest.mark.parametrize(
    "wanted",
    [QueueFilter(tab="mine"), QueueFilter(state="lost"), QueueFilter(missing="look,place"), QueueFilter(missing="%")],
    ids=["tab", "state", "two pieces", "wildcard"],
)
def test_refuses_a_filter_that_does_not_exist(sqlite_database: Database, wanted: QueueFilter) -> None:
    with sqlite_database.read() as db, pytest.raises(ValueError):  # noqa: PT011
        list_queue(db, wanted)


def test_rows_carry_what_a_line_of_the_queue_shows(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit = add_unit(db, name="东坪村", kind="village", aliases=[], now=now)
        reporter = make_reporter(db, alias="热心群众7F3A")
        number = make_report(
            db,
            code="2611-001",
            reporter_id=reporter,
            unit_id=unit,
            is_emergency=True,
            is_anonymous=True,
            photo_count=2,
            due_at=now + timedelta(hours=1),
        )
    with database.read() as db:
        (row,) = list_queue(db, QueueFilter()).rows
    assert (row.id, row.code, row.state, row.version) == (number, "2611-001", "received", 1)
    assert (row.alias, row.unit_name) == ("热心群众7F3A", "东坪村")
    assert row.is_emergency is True
    assert row.is_anonymous is True
    assert (row.photo_count, row.voice_count) == (2, 0)
    assert (row.created_at, row.due_at) == (now, now + timedelta(hours=1))


def test_every_state_is_on_one_tab() -> None:
    listed = [state for tab, states in TABS.items() if tab != "all" for state in states]
    assert sorted(listed) == sorted(ReportState)


def test_counts_tabs_no_further_than_asked(database: Database) -> None:
    with database.write() as db:
        reporter = make_reporter(db)
        for state, count in ((ReportState.RECEIVED, 3), (ReportState.ASSIGNED, 2), (ReportState.CLOSED, 6)):
            for _ in range(count):
                make_report(db, state=state, reporter_id=reporter)
    with database.read() as db:
        assert count_tabs(db) == {"todo": 3, "doing": 2, "done": 6, "all": 11}
        assert count_tabs(db, most=3) == {"todo": 3, "doing": 2, "done": 4, "all": 4}


def test_thumbnail_is_the_first_photo_that_is_kept(database: Database, now: datetime) -> None:
    with database.write() as db:
        one, other, bare = (make_report(db) for _ in range(3))
        later = make_photo(db, report_id=one, sent_at=now + timedelta(minutes=2), thumbnail_key="later")
        earlier = make_photo(db, report_id=one, sent_at=now + timedelta(minutes=1), thumbnail_key="earlier")
        make_photo(db, report_id=one, state=AttachmentState.PENDING, thumbnail_key="", sent_at=now)
        make_photo(db, report_id=one, state=AttachmentState.REFUSED, thumbnail_key="", sent_at=now)
        make_photo(db, report_id=one, kind="voice", thumbnail_key="no picture", sent_at=now)
        make_photo(db, report_id=other, state=AttachmentState.LOST, thumbnail_key="")
        make_photo(db, report_id=other, state=AttachmentState.PURGED, thumbnail_key="gone")
        found = list_thumbnails(db, [one, other, bare])
    assert later != earlier
    assert found == {
        one: queue.Thumbnails(earlier, "earlier", kept=2, pending=1, lost=1),
        other: queue.Thumbnails(None, "", kept=0, pending=0, lost=1),
    }


def test_thumbnail_shows_the_hazard_and_never_what_was_mended(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit = add_unit(db, name="东坪村", kind="village", aliases=[], now=now)
        report = make_report(db, state=ReportState.ASSIGNED)
        assignment = open_assignment(db, report, HandOver(unit, "村口", "问题", "要求", now), by="staff:a", now=now)
        after = make_photo(db, report_id=report, sent_at=now, thumbnail_key="mended")
        add_after_photo(db, after, assignment)
        assert list_thumbnails(db, [report]) == {}
        before = make_photo(db, report_id=report, sent_at=now + timedelta(minutes=1), thumbnail_key="hazard")
        assert list_thumbnails(db, [report])[report] == queue.Thumbnails(before, "hazard", kept=1, pending=0, lost=0)


def test_finds_a_report_with_names_and_master(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit = add_unit(db, name="东坪村", kind="village", aliases=[], now=now)
        master = make_report(db, code="2611-001")
        reporter = make_reporter(db, alias="热心群众7F3A")
        make_report(
            db,
            code="2611-002",
            state=ReportState.MERGED,
            merged_into_id=master,
            unit_id=unit,
            reporter_id=reporter,
        )
    with database.read() as db:
        row = find_report(db, "2611-002")
        assert row is not None
        assert (row.code, row.unit_name, row.alias, row.merged_into_code) == (
            "2611-002",
            "东坪村",
            "热心群众7F3A",
            "2611-001",
        )
        assert find_report(db, "2611-003") is None


def test_history_is_listed_oldest_first(database: Database, now: datetime) -> None:
    with database.write() as db:
        number, other = make_report(db), make_report(db)
        for action, at in (("open", now), ("submit", now + timedelta(minutes=1)), ("accept", now)):
            record_history(db, number, at=at, by="bot", action=action)
        record_history(db, other, at=now, by="bot", action="open")
        assert [row.action for row in list_history(db, number)] == ["open", "submit", "accept"]


# Each with the index that its page must walk.
PLANS = {
    "todo": (QueueFilter(), "SEARCH reports USING COVERING INDEX ix_reports_state_id"),
    "done": (QueueFilter("done"), "SEARCH reports USING COVERING INDEX ix_reports_state_id"),
    "all": (QueueFilter("all"), "SCAN reports"),
    "category": (QueueFilter("all", category="FIRE"), "SEARCH reports USING COVERING INDEX ix_reports_category_id"),
    "level": (QueueFilter("all", level="P2"), "SEARCH reports USING COVERING INDEX ix_reports_level_id"),
    "unit": (QueueFilter("all", unit_id=1), "SEARCH reports USING COVERING INDEX ix_reports_unit_id_state_id"),
    "missing": (QueueFilter("all", missing="any"), "SEARCH reports USING COVERING INDEX ix_reports_missing_id"),
    "two common conditions": (QueueFilter("done", category="FIRE"), "SEARCH reports USING"),
    "pair": (QueueFilter("all", words="护栏"), "SEARCH report_pairs USING PRIMARY KEY"),
    "words": (QueueFilter("all", words="护栏断了 井口"), "SEARCH report_pairs USING PRIMARY KEY"),
    "one character": (QueueFilter("all", words="护"), "SEARCH report_pairs USING PRIMARY KEY"),
    "code": (QueueFilter("all", words="2611-9999"), "SEARCH reports USING COVERING INDEX sqlite_autoindex_reports"),
}


def fill_more(db: Connection, count: int) -> None:
    """Insert many reports that fulfil all conditions of PLANS."""
    reporter = make_reporter(db)
    instants = ("opened_at", "last_piece_at", "created_at", "submitted_at")
    rows = [
        {
            "code": f"2612-{number:05d}",
            "reporter_id": reporter,
            "state": "closed" if number % 3 else "received",
            "category": "FIRE",
            "level": "P2",
            "unit_id": 1,
            "missing": "place",
            "description": "护栏断了一截",
            "place_label": "井口",
            **dict.fromkeys(instants, NOW),
        }
        for number in range(count)
    ]
    db.execute(insert(reports), rows)
    while index_next_reports(db, most=1_000):
        pass


@pytest.mark.parametrize(("wanted", "plan"), PLANS.values(), ids=PLANS)
def test_page_walks_an_index(sqlite_database: Database, wanted: QueueFilter, plan: str) -> None:
    with sqlite_database.write() as db:
        fill(db, 20)
    statements: list[tuple[str, Any]] = []

    def keep(_db: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        statements.append((statement, parameters))

    with sqlite_database.read() as db:
        event.listen(db, "before_cursor_execute", keep)
        list_queue(db, wanted)
        event.remove(db, "before_cursor_execute", keep)
        plans = [
            row[3]
            for statement, parameters in statements
            for row in db.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
        ]
    assert any(each.startswith(plan) for each in plans), plans
    walks = [each for each in plans if each.startswith(("SCAN reports", "SCAN report_pairs"))]
    assert walks == [each for each in walks if each == plan], plans


# One rare condition among common ones, in turn: the page must walk the rare one whichever it is.
RARE_AMONG_COMMON = {
    "rare category": QueueFilter("all", category="MINE", level="P2"),
    "rare level": QueueFilter("all", category="FIRE", level="P0"),
    "rare state": QueueFilter("all", state="assigned", category="FIRE", level="P2"),
    "rare word": QueueFilter("all", category="FIRE", words="路塌"),
    "rare state with a common word": QueueFilter("doing", words="护栏"),
    "rare missing piece": QueueFilter("done", missing="description", category="FIRE"),
}
STEPS = {**{name: wanted for name, (wanted, _) in PLANS.items()}, **RARE_AMONG_COMMON}


@pytest.mark.parametrize("wanted", STEPS.values(), ids=STEPS)
def test_page_costs_no_more_steps_in_a_larger_table(
    sqlite_database: Database, wanted: QueueFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Count what SQLite's machine does, which unlike time is the same in every run."""
    monkeypatch.setattr(queue, "_COUNTED_TO", 50)

    def count_steps() -> int:
        steps = 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        with sqlite_database.read() as db:
            driver: Any = db.connection.driver_connection
            driver.set_progress_handler(step, 10)
            list_queue(db, wanted)
            count_tabs(db, most=50)
            driver.set_progress_handler(None, 10)
        return steps

    with sqlite_database.write() as db:
        fill(db, 40)
        fill_more(db, 300)
    small = count_steps()
    with sqlite_database.write() as db:
        db.execute(update(reports).where(reports.c.code.startswith("2612")).values(code="9" + reports.c.code))
        fill_more(db, 3_000)
    assert count_steps() <= 1.2 * small


def test_pieces_are_listed_in_the_order_in_which_gathering_writes_them() -> None:
    assert list_missing(Pieces()) == PIECES
