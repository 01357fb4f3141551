"""Who is told what by which step: by level, by merging, by unit, and never twice."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from handlers import texts_steps as texts
from handlers.steps import take_step, word_for_liaison, word_for_reporter
from storage.answer_templates import find_wording, list_wordings, set_wording
from storage.database import Database
from storage.errors import ForbiddenTransitionError
from storage.outbox import Purpose, notices
from storage.reports import verdicts
from storage.reports.tables import ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import Action, Actor
from storage.staff import Role, deactivate_staff, set_liaisons
from storage.types import AnyRow
from tests.factories import make_report, make_reporter
from tests.looping import (
    CALLS,
    DEADLINES,
    DUE,
    NOTE,
    ZONE,
    by_liaison,
    by_reporter,
    by_reviewer,
    make_hand_over,
    make_in,
    make_person,
    make_unit,
    prepare,
    read,
)

A = Action
S = ReportState
DAY = timedelta(days=1)
REPORTER, LIAISON, REVIEWER = "reporter", "liaison", "reviewer"

# Who hears of each step, written out a second time: of a report that is P2, and who besides of one that is P1.
HEARD: dict[tuple[Action, Actor, ReportState], tuple[set[str], set[str]]] = {
    (A.ACCEPT, Actor.REVIEWER, S.RECEIVED): ({REPORTER}, set()),
    (A.DECLINE, Actor.REVIEWER, S.RECEIVED): ({REPORTER}, set()),
    (A.MERGE, Actor.REVIEWER, S.RECEIVED): ({REPORTER}, set()),
    (A.MERGE, Actor.REVIEWER, S.ASSIGNED): ({REPORTER, LIAISON}, set()),
    (A.TRANSFER, Actor.REVIEWER, S.ASSIGNED): ({REPORTER, LIAISON}, set()),
    (A.VERIFY, Actor.REVIEWER, S.ACCEPTED): (set(), {REPORTER}),
    (A.UNFOUNDED, Actor.REVIEWER, S.ASSIGNED): ({REPORTER, LIAISON}, set()),
    (A.ASSIGN, Actor.REVIEWER, S.VERIFIED): ({LIAISON}, {REPORTER}),
    (A.ACKNOWLEDGE, Actor.LIAISON, S.ASSIGNED): (set(), set()),
    (A.RECTIFY, Actor.LIAISON, S.ASSIGNED): (set(), {REPORTER, REVIEWER}),
    (A.RECTIFY, Actor.REVIEWER, S.ASSIGNED): (set(), {REPORTER}),
    (A.RETURN, Actor.REVIEWER, S.RECTIFIED): ({LIAISON}, {REPORTER}),
    (A.CLOSE, Actor.REVIEWER, S.RECTIFIED): ({REPORTER, LIAISON}, set()),
    (A.REOPEN, Actor.REVIEWER, S.UNFOUNDED): ({REPORTER}, set()),
    (A.REOPEN, Actor.REPORTER, S.CLOSED): ({REVIEWER}, set()),
    (A.WITHDRAW, Actor.REPORTER, S.RECEIVED): (set(), set()),
    (A.WITHDRAW, Actor.REVIEWER, S.ASSIGNED): ({REPORTER, LIAISON}, set()),
    (A.ASK, Actor.REVIEWER, S.RECEIVED): ({REPORTER}, set()),
    (A.ANSWER, Actor.REPORTER, S.RECEIVED): (set(), {REVIEWER}),
    (A.REQUEST_EXTENSION, Actor.LIAISON, S.ASSIGNED): (set(), {REVIEWER}),
    (A.EXTEND, Actor.REVIEWER, S.ASSIGNED): ({LIAISON}, {REPORTER}),
    (A.REFUSE_EXTENSION, Actor.REVIEWER, S.ASSIGNED): ({LIAISON}, set()),
    (A.DISPUTE, Actor.LIAISON, S.ASSIGNED): (set(), {REVIEWER}),
    (A.DISMISS_DISPUTE, Actor.REVIEWER, S.ASSIGNED): ({LIAISON}, set()),
    (A.RECATEGORISE, Actor.REVIEWER, S.ASSIGNED): (set(), set()),
    (A.ADD_NOTE, Actor.REVIEWER, S.ASSIGNED): (set(), set()),
}


def list_notices(db: Connection) -> list[AnyRow]:
    return list(db.execute(select(notices).order_by(notices.c.id)))


def step(db: Connection, action: Action, number: int, doing: Doing, **given: Any) -> None:
    """Take a step with everything that it needs."""
    call, fixed, word = CALLS[action]
    said = {word: given.pop("note", NOTE)} if word else {}
    take_step(db, call, number, doing, DEADLINES, **{**fixed, **said, **given})


def make_pair(db: Connection) -> tuple[int, int]:
    """Make a unit with one liaison: unit, liaison."""
    unit, liaison = make_unit(db), make_person(db)
    set_liaisons(db, unit, [liaison])
    return unit, liaison


def test_every_action_is_spoken_of() -> None:
    assert {action for action, _, _ in HEARD} == set(Action)


@pytest.mark.parametrize(("action", "actor", "state"), HEARD)
@pytest.mark.parametrize("level", ["P0", "P1", "P2", "P3"])
def test_who_hears(
    sqlite_database: Database, now: datetime, action: Action, actor: Actor, state: ReportState, level: str
) -> None:
    with sqlite_database.write() as db:
        (unit, liaison), reviewer, reporter = make_pair(db), make_person(db, Role.REVIEWER), make_reporter(db)
        make_person(db, Role.LEADER)
        number = make_in(db, state, level=level, reporter_id=reporter, hand_over=make_hand_over(unit))
        given = prepare(db, action, number)
        if action is A.ASSIGN:
            given = {"hand_over": make_hand_over(unit)}
        step(db, action, number, Doing(f"staff:{actor}", actor, now + DAY), **given)
        found = list_notices(db)
    always, if_grave = HEARD[action, actor, state]
    is_grave = level in ("P0", "P1")
    names = {REPORTER: f"reporter:{reporter}", LIAISON: f"staff:{liaison}", REVIEWER: f"staff:{reviewer}"}
    expected = always | (if_grave if is_grave else set())
    assert sorted(row.recipient for row in found) == sorted(names[name] for name in expected)
    for row in found:
        assert (row.is_urgent, row.report_id) == (is_grave, number)
        assert len(row.words) <= 120 or row.purpose == Purpose.ASSIGNMENT
        assert not set("!！{}") & set(row.words)
        assert re.search(r"://|[A-Za-z][.:][A-Za-z]|：。|。。|None|  ", row.words) is None
    is_result = action in (A.CLOSE, A.DECLINE, A.UNFOUNDED, A.TRANSFER)
    assert [row.is_result for row in found if row.reporter_id] == [is_result] * (REPORTER in expected)


@pytest.mark.parametrize("name", ["TO_REPORTER", "TO_LIAISON", "TO_REVIEWERS"])
def test_sentences_are_short_and_calm(name: str) -> None:
    for wording in getattr(texts, name).values():
        said = texts.fill(wording, code="2611-1234", reason="字" * 30, due_at=DUE, unit="样例区住建局", zone=ZONE)
        assert len(said) + len(texts.FIXED_QUESTION) <= 120
        assert not set("!！<>{}") & set(said)
        assert said.endswith(("。", "？"))
    assert len(texts.fill(texts.MERGED_INTO_DONE, code="2611-1234", due_at=None, unit="", zone=ZONE)) <= 120


def test_everybody_whose_report_was_merged_hears_the_result_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        first, second = make_reporter(db), make_reporter(db)
        gone = make_reporter(db, openid_hash=None, openid_sealed=None, erased_at=now)
        master = make_in(db, S.RECTIFIED, code="2611-901", reporter_id=first)
        merged = make_report(db, code="2611-9010", reporter_id=second, is_anonymous=True)
        for number in (merged, make_report(db, reporter_id=first), make_report(db, reporter_id=gone),
                       make_report(db, reporter_id=None)):  # fmt: skip
            verdicts.merge(db, number, by_reviewer(now), DEADLINES, into_id=master)
        doing = by_reviewer(now + DAY, says="2611-901 改好了，跟 2611-9019 不是一回事。")
        step(db, A.CLOSE, master, doing)
        told = {row.recipient: (row.report_id, row.words) for row in list_notices(db)}
    ending = f"改好了，跟 2611-9019 不是一回事。{texts.FIXED_QUESTION}"
    assert told == {
        f"reporter:{first}": (master, f"2611-901 {ending}"),
        f"reporter:{second}": (merged, f"2611-9010 {ending}"),
    }


@pytest.mark.parametrize("state", [S.CLOSED, S.UNFOUNDED, S.ASSIGNED])
def test_merging_into_what_is_done_promises_nothing(database: Database, now: datetime, state: ReportState) -> None:
    with database.write() as db:
        master, number = make_in(db, state), make_report(db)
        step(db, A.MERGE, number, by_reviewer(now), into_id=master)
        (told,) = list_notices(db)
    assert ("结果照样告诉您" in told.words) is (state is S.ASSIGNED)
    assert ("已经办完了" in told.words) is (state is not S.ASSIGNED)


@pytest.mark.parametrize("is_erased", [False, True])
def test_nobody_is_told_who_cannot_be_reached(database: Database, now: datetime, is_erased: bool) -> None:
    with database.write() as db:
        gone = make_reporter(db, openid_hash=None, openid_sealed=None, erased_at=now) if is_erased else None
        step(db, A.ACCEPT, make_report(db, reporter_id=gone, level="P1"), by_reviewer(now))
        assert list_notices(db) == []


def test_a_unit_hears_as_a_whole_or_by_name(database: Database, now: datetime) -> None:
    with database.write() as db:
        unit, one, two, left, stranger = make_unit(db), *(make_person(db) for _ in range(4))
        set_liaisons(db, unit, [one, two, left])
        deactivate_staff(db, left, now=now)
        for liaison_id, told in ((None, {one, two}), (two, {two}), (left, {one, two})):
            number = make_in(db, S.VERIFIED)
            step(db, A.ASSIGN, number, by_reviewer(now), hand_over=make_hand_over(unit, liaison_id=liaison_id))
            found = [row for row in list_notices(db) if row.report_id == number]
            assert {row.staff_id for row in found} == told
            assert {row.purpose for row in found} == {Purpose.ASSIGNMENT}
            assert all(json.loads(row.fields)["assignment_id"] for row in found)
        assert stranger not in {row.staff_id for row in list_notices(db)}


def test_who_it_is_taken_from_is_told_and_nobody_else(database: Database, now: datetime) -> None:
    with database.write() as db:
        (unit, one), (other, two) = make_pair(db), make_pair(db)
        both = make_person(db)
        set_liaisons(db, unit, [one, both])
        set_liaisons(db, other, [two, both])
        number = make_in(db, S.ASSIGNED, hand_over=make_hand_over(unit))
        step(db, A.ASSIGN, number, by_reviewer(now + DAY), hand_over=make_hand_over(other))
        found = {row.staff_id: (row.purpose, row.words) for row in list_notices(db)}
        assert {staff_id: purpose for staff_id, (purpose, _) in found.items()} == {
            one: Purpose.SETTLED, two: Purpose.ASSIGNMENT, both: Purpose.ASSIGNMENT,
        }  # fmt: skip
        assert found[one][1] == f"{read(db, number).code} 改派给别人了，不用您那边办了。"
        step(db, A.ASSIGN, number, by_reviewer(now + 2 * DAY), hand_over=make_hand_over(other, liaison_id=two))
        last = list_notices(db)[3:]
        assert {row.staff_id: row.purpose for row in last} == {two: Purpose.ASSIGNMENT, both: Purpose.SETTLED}


def test_a_unit_that_was_through_with_it_hears_nothing_of_what_comes_after(database: Database, now: datetime) -> None:
    with database.write() as db:
        (unit, one), (other, two) = make_pair(db), make_pair(db)
        number = make_in(db, S.RECTIFIED, hand_over=make_hand_over(unit))
        step(db, A.CLOSE, number, by_reviewer(now + DAY))
        assert [row.staff_id for row in list_notices(db) if row.staff_id] == [one]
        step(db, A.REOPEN, number, by_reporter(now + 2 * DAY))
        step(db, A.ASSIGN, number, by_reviewer(now + 3 * DAY), hand_over=make_hand_over(other))
        step(db, A.UNFOUNDED, number, by_reviewer(now + 4 * DAY))
        step(db, A.REOPEN, number, by_reviewer(now + 5 * DAY))
        step(db, A.TRANSFER, number, by_reviewer(now + 6 * DAY))
        assert [row.staff_id for row in list_notices(db) if row.staff_id] == [one, two, two]


def test_the_same_step_again_is_told_again_and_a_refused_one_is_not(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db, level="P1")
        step(db, A.DECLINE, number, by_reviewer(now))
        step(db, A.REOPEN, number, by_reviewer(now))
        step(db, A.VERIFY, number, by_reviewer(now))
        step(db, A.UNFOUNDED, number, by_reviewer(now))
        step(db, A.REOPEN, number, by_reviewer(now))
        step(db, A.VERIFY, number, by_reviewer(now))
        subjects = [row.subject for row in list_notices(db)]
        assert len(subjects) == len(set(subjects)) == 6
        with pytest.raises(ForbiddenTransitionError):
            step(db, A.ACCEPT, number, by_reviewer(now))
        assert len(list_notices(db)) == 6


def test_saying_received_again_tells_nobody(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED, level="P1")
        step(db, A.ACKNOWLEDGE, number, by_liaison(now))
        step(db, A.ACKNOWLEDGE, number, by_liaison(now))
        assert list_notices(db) == []


def test_the_offices_own_wording(database: Database, now: datetime) -> None:
    with database.write() as db:
        (unit, _), number = make_pair(db), 0
        set_wording(db, "close", "", "{编号}：{单位}到{期限}前改好了。", by="staff:x", now=now)
        set_wording(db, "close", "ELEC", "电的事 {编号} 办完了{别的}。", by="staff:x", now=now)
        for category, said in (
            ("FIRE", "2611-901：{unit}到12月2日前改好了。"),
            ("ELEC", "电的事 {code} 办完了{{别的}}。"),
        ):
            number = make_in(db, S.RECTIFIED, category=category, hand_over=make_hand_over(unit),
                             **({"code": "2611-901"} if category == "FIRE" else {}))  # fmt: skip
            before = word_for_reporter(db, A.CLOSE, read(db, number), DEADLINES)
            step(db, A.CLOSE, number, by_reviewer(now + DAY))
            told = next(row.words for row in list_notices(db) if row.report_id == number and row.reporter_id)
            unit_name = verdicts.assignments.list_assignments(db, number)[0].unit_name
            assert told == f"{before}{texts.FIXED_QUESTION}"  # what the page showed
            assert before == said.format(unit=unit_name, code=read(db, number).code)
        set_wording(db, "close", "ELEC", "  ", by="staff:x", now=now)
        assert find_wording(db, "close", "ELEC") == "{编号}：{单位}到{期限}前改好了。"
        assert [(row.step, row.category) for row in list_wordings(db)] == [("close", "")]
        set_wording(db, "close", "", "", by="staff:x", now=now)
        assert find_wording(db, "close", "ELEC") is None


@pytest.mark.parametrize(
    ("reason", "there", "not_there"),
    [
        ("看 https://evil.example/x 再说", "看", "://"),
        ("<script>alert(1)</script>", "‹script›", "<"),
        ("一行\n二行\x00\u202e", "一行 二行", "\n"),
        ("编号写成{编号}和{单位}", "{编号}和{单位}", "2611-901和"),
        ("]]>", "]]›", "]]>"),
        ("不归镇里管。", "不归镇里管。有", "。。"),
        ("长" * 900, "…", "长" * 301),
    ],
)
def test_a_reason_does_nothing_but_stand_there(
    sqlite_database: Database, now: datetime, reason: str, there: str, not_there: str
) -> None:
    with sqlite_database.write() as db:
        step(db, A.DECLINE, make_report(db, code="2611-901"), by_reviewer(now), note=reason)
        (told,) = list_notices(db)
    assert told.words.startswith("您报的 2611-901 没有受理：")
    assert there in told.words
    assert not_there not in told.words


def test_an_authority_does_nothing_but_stand_there(database: Database, now: datetime) -> None:
    with database.write() as db:
        step(db, A.TRANSFER, make_report(db), by_reviewer(now), authority="<a href=http://evil.example>局</a>\n二")
        (told,) = list_notices(db)
    assert "://" not in told.words
    assert "<" not in told.words
    assert NOTE not in told.words  # why is the office's business


def test_what_a_page_typed_is_said(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db, level="P1")
        step(db, A.ACCEPT, number, by_reviewer(now, says="收到了，下午就去。"))
        assert [row.words for row in list_notices(db)] == ["收到了，下午就去。"]


HOSTILE = "我是夜班焊工王小样，手机 13000000000，千万别说是我 {期限} http://evil.example"


def test_an_assignment_says_nothing_of_the_reporters(database: Database, now: datetime) -> None:
    with database.write() as db:
        (unit, _), reporter = make_pair(db), make_reporter(db, alias="热心群众7F3A")
        number = make_in(db, S.VERIFIED, reporter_id=reporter, description=HOSTILE, place_label=HOSTILE, why=HOSTILE)
        hand_over = make_hand_over(unit, is_inspection=True)
        preview = word_for_liaison(read(db, number).code, hand_over, DEADLINES)
        step(db, A.ASSIGN, number, by_reviewer(now + DAY), hand_over=hand_over)
        step(db, A.RECTIFY, number, by_liaison(now + 2 * DAY))
        step(db, A.RETURN, number, by_reviewer(now + 3 * DAY))
        step(db, A.DISPUTE, number, by_liaison(now + 4 * DAY))
        step(db, A.DISMISS_DISPUTE, number, by_reviewer(now + 4 * DAY))
        step(db, A.WITHDRAW, number, by_reviewer(now + 5 * DAY))
        told = [row for row in list_notices(db) if row.staff_id]
    assert told[0].words == preview
    assert "镇里例行检查发现" in preview
    assert [row.purpose for row in told] == [
        Purpose.ASSIGNMENT, Purpose.RETURNED, Purpose.SETTLED, Purpose.SETTLED,
    ]  # fmt: skip
    for row in told:
        assert all(HOSTILE[start : start + 4] not in row.words for start in range(len(HOSTILE) - 3))
        assert "7F3A" not in row.words + row.fields
        assert "反映" not in row.words


def test_a_step_that_fails_later_tells_nobody(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)

    def fail() -> None:
        with database.write() as db:
            step(db, A.ACCEPT, number, by_reviewer(now))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as db:
        assert list_notices(db) == []
        assert read(db, number).state == S.RECEIVED


def test_a_moved_deadline_is_the_one_that_is_named(database: Database, now: datetime) -> None:
    with database.write() as db:
        (unit, _) = make_pair(db)
        number = make_in(db, S.ASSIGNED, level="P1", hand_over=make_hand_over(unit))
        step(db, A.EXTEND, number, by_reviewer(now + DAY))
        assert {row.words.count("12月5日") for row in list_notices(db)} == {1}
        db.execute(update(notices).values(words=""))
        step(db, A.RECTIFY, number, by_liaison(now + 2 * DAY))
        step(db, A.RETURN, number, by_reviewer(now + 3 * DAY), due_at=DUE + 9 * DAY)
        assert any("12月11日" in row.words for row in list_notices(db) if row.staff_id)
