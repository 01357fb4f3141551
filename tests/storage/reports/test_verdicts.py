"""What may happen to a report: every state, action and actor, who was faster, and what the history keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.database import Database
from storage.errors import (
    AlreadyExtendedError,
    ForbiddenTransitionError,
    MissingReasonError,
    SamePersonError,
    StaleVersionError,
    TooLateError,
    UnknownRowError,
)
from storage.reports import assignments, gathering, questions, verdicts
from storage.reports.assignments import PleaKind
from storage.reports.questions import QuestionKind
from storage.reports.tables import OPEN_STATES, ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import TRANSITIONS, Action, Actor, find_transition, list_actions
from tests.factories import make_report, make_reporter
from tests.looping import (
    DEADLINES,
    DUE,
    LATER,
    LIAISON,
    NOTE,
    REVIEWER,
    ZONE,
    by_liaison,
    by_reporter,
    by_reviewer,
    do,
    dump,
    make_hand_over,
    make_in,
    make_unit,
    prepare,
    read,
    read_history,
    run_at_once,
)

A = Action
S = ReportState
DAY = timedelta(days=1)

# Written out a second time: who may do what, from where, and where it leads; = stays where it is.
ALLOWED = """
reviewer accept             received>accepted
reviewer decline            received>declined
reviewer merge              gathering>merged received>merged accepted>merged verified>merged assigned>merged
reviewer merge              reopened>merged
reviewer transfer           received>transferred accepted>transferred verified>transferred assigned>transferred
reviewer transfer           reopened>transferred
reviewer verify             accepted>verified reopened>verified
reviewer unfounded          accepted>unfounded verified>unfounded assigned>unfounded reopened>unfounded
reviewer assign             accepted>assigned verified>assigned assigned= reopened>assigned
liaison  acknowledge        assigned=
liaison  rectify            assigned>rectified
reviewer rectify            assigned>rectified
reviewer return             rectified>assigned
reviewer close              rectified>closed
reviewer reopen             closed>reopened unfounded>reopened declined>reopened transferred>reopened
reporter reopen             closed>reopened
reporter withdraw           gathering>withdrawn received>withdrawn
reviewer withdraw           gathering>withdrawn received>withdrawn accepted>withdrawn verified>withdrawn
reviewer withdraw           assigned>withdrawn rectified>withdrawn reopened>withdrawn
reviewer ask                received= accepted= verified= reopened=
reporter answer             received= accepted= verified= assigned= rectified= reopened=
liaison  request_extension  assigned=
reviewer extend             assigned=
reviewer refuse_extension   assigned=
liaison  dispute            assigned=
reviewer dismiss_dispute    assigned=
reviewer recategorise       gathering= received= accepted= verified= assigned= rectified= reopened=
reviewer add_note           gathering= received= accepted= declined= merged= transferred= verified= unfounded=
reviewer add_note           assigned= rectified= closed= reopened= withdrawn=
"""
CELLS: dict[tuple[Action, Actor, ReportState], ReportState] = {}
for _line in ALLOWED.split("\n"):
    _actor, _action, *_moves = _line.split() or ("", "")
    for _move in _moves:
        _from, _to = (_move[:-1], _move[:-1]) if _move.endswith("=") else _move.split(">")
        CELLS[Action(_action), Actor(_actor), ReportState(_from)] = ReportState(_to)
NEED_WORDS = {
    (A.DECLINE, Actor.REVIEWER),
    (A.TRANSFER, Actor.REVIEWER),
    (A.UNFOUNDED, Actor.REVIEWER),
    (A.RECTIFY, Actor.REVIEWER),
    (A.RETURN, Actor.REVIEWER),
    (A.REOPEN, Actor.REVIEWER),
    (A.WITHDRAW, Actor.REVIEWER),
    (A.ASK, Actor.REVIEWER),
    (A.REQUEST_EXTENSION, Actor.LIAISON),
    (A.EXTEND, Actor.REVIEWER),
    (A.REFUSE_EXTENSION, Actor.REVIEWER),
    (A.DISPUTE, Actor.LIAISON),
    (A.DISMISS_DISPUTE, Actor.REVIEWER),
    (A.ADD_NOTE, Actor.REVIEWER),
}


def test_table_of_transitions_is_the_one_written_here() -> None:
    cells = [(row.action, row.actor, state) for row in TRANSITIONS for state in row.from_states]
    assert len(cells) == len(set(cells))
    found = {cell: find_transition(*cell) for cell in cells}
    assert {cell: row.to_state or cell[2] for cell, row in found.items() if row is not None} == CELLS
    for state in ReportState:
        for actor in Actor:
            assert set(list_actions(state, actor)) == {
                action for action, by, from_state in CELLS if (by, from_state) == (actor, state)
            }


@pytest.mark.parametrize("action", Action)
def test_every_state_and_actor(database: Database, now: datetime, action: Action) -> None:
    for actor in Actor:
        doing = Doing(f"staff:{actor}", actor, now, version=1)
        for state in ReportState:
            with database.write() as db:
                report_id = make_in(db, state)
                given = prepare(db, action, report_id)
                before = dump(db)
            to_state = CELLS.get((action, actor, state))
            if to_state is None:
                with database.write() as db, pytest.raises(ForbiddenTransitionError):
                    do(db, action, report_id, doing, **given)
                with database.read() as db:  # committed, and yet nothing is different
                    assert dump(db) == before, (actor, state)
                continue
            with database.write() as db:
                taken = do(db, action, report_id, doing, **given)
            with database.read() as db:
                row, last = read(db, report_id), read_history(db, report_id)[-1]
            assert taken is not None, (actor, state)
            assert (row.state, row.version) == (to_state, 2), (actor, state)
            assert (last.action, last.by, last.at, last.to_state) == (action, doing.by, now, to_state)
            assert last.from_state == (S.RECEIVED if (state, action) == (S.GATHERING, A.MERGE) else state)
            assert taken.report.state in (state, S.RECEIVED)


@pytest.mark.parametrize(("action", "actor"), sorted({(action, actor) for action, actor, _ in CELLS}))
@pytest.mark.parametrize("words", ["", " \n　"], ids=["empty", "blank"])
def test_missing_words(sqlite_database: Database, now: datetime, action: Action, actor: Actor, words: str) -> None:
    state = next(state for cell_action, cell_actor, state in CELLS if (cell_action, cell_actor) == (action, actor))
    with sqlite_database.write() as db:
        report_id = make_in(db, state)
        given = prepare(db, action, report_id)
        before = dump(db)
    doing = Doing(f"staff:{actor}", actor, now)
    if (action, actor) not in NEED_WORDS:
        with sqlite_database.write() as db:
            assert do(db, action, report_id, doing, note=words, **given) is not None
        return
    with sqlite_database.write() as db, pytest.raises(MissingReasonError):
        do(db, action, report_id, doing, note=words, **given)
    with sqlite_database.read() as db:
        assert dump(db) == before


@pytest.mark.parametrize("action", sorted({action for action, actor, _ in CELLS if actor is Actor.REVIEWER}))
@pytest.mark.parametrize("version", [3, 5])
def test_refuses_a_page_that_is_out_of_date(
    sqlite_database: Database, now: datetime, action: Action, version: int
) -> None:
    state = next(cell_state for cell_action, actor, cell_state in CELLS if (cell_action, actor) == (action, "reviewer"))
    with sqlite_database.write() as db:
        report_id = make_in(db, state, version=4)
        given = prepare(db, action, report_id)
        before = dump(db)
    with sqlite_database.write() as db, pytest.raises(StaleVersionError):
        do(db, action, report_id, by_reviewer(now, version), **given)
    with sqlite_database.read() as db:
        assert dump(db) == before


@pytest.mark.parametrize("action", sorted(set(Action) - {A.ANSWER}))
def test_refuses_a_report_that_does_not_exist(sqlite_database: Database, now: datetime, action: Action) -> None:
    with sqlite_database.write() as db:
        given = prepare(db, action, make_report(db))
    with pytest.raises(UnknownRowError), sqlite_database.write() as db:
        do(db, action, 999, by_reviewer(now), **given)


def test_history_keeps_the_reason_and_a_remark(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)
        verdicts.add_note(db, number, by_reviewer(now), DEADLINES, note=" 已打电话 ")
        verdicts.decline(db, number, by_reviewer(now), DEADLINES, reason=" 不归镇里管 ")
        assert [row.note for row in read_history(db, number)] == ["已打电话", "不归镇里管"]


# --- at once ----------------------------------------------------------------------------------------------------


def test_one_of_two_who_decide_at_once_is_refused(database: Database, now: datetime) -> None:
    for _ in range(5):
        with database.write() as db:
            number = make_report(db)

        def decide(action: Action, number: int = number) -> Callable[[], None]:
            def work() -> None:
                with database.write() as db:
                    do(db, action, number, by_reviewer(now, 1))

            return work

        outcomes = run_at_once([decide(A.ACCEPT), decide(A.DECLINE)])
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "StaleVersionError"]
        with database.read() as db:
            assert len(read_history(db, number)) == 1
            assert read(db, number).version == 2


def test_merging_into_each_other_at_once_makes_no_circle(database: Database, now: datetime) -> None:
    for _ in range(5):
        with database.write() as db:
            one, two = make_report(db), make_report(db)

        def merge(number: int, master: int) -> Callable[[], None]:
            def work() -> None:
                with database.write() as db:
                    do(db, A.MERGE, number, by_reviewer(now), into_id=master)

            return work

        outcomes = run_at_once([merge(one, two), merge(two, one)])
        assert [type(outcome) for outcome in outcomes].count(ForbiddenTransitionError) == 1
        with database.read() as db:
            assert sorted([read(db, one).state, read(db, two).state]) == [S.MERGED, S.RECEIVED]


@pytest.mark.parametrize(
    ("by_chat", "state"),
    [(A.ACKNOWLEDGE, S.ASSIGNED), (A.RECTIFY, S.ASSIGNED), (A.REQUEST_EXTENSION, S.ASSIGNED), (A.ANSWER, S.ACCEPTED)],
)
def test_chat_and_page_at_once_wait_for_each_other(
    database: Database, now: datetime, by_chat: Action, state: ReportState
) -> None:
    doing = by_reporter(now) if by_chat is A.ANSWER else by_liaison(now)
    for _ in range(8):
        with database.write() as db:
            number, unit = make_in(db, state), make_unit(db)
            given = prepare(db, by_chat, number)

        def chat(number: int = number, given: dict[str, Any] = given) -> None:
            with database.write() as db:
                do(db, by_chat, number, doing, **given)

        def page(number: int = number, unit: int = unit) -> None:
            with database.write() as db:
                do(db, A.ASSIGN, number, by_reviewer(now), hand_over=make_hand_over(unit))

        outcomes = run_at_once([chat, page])  # a deadlock would be no refusal of ours, and raise here
        assert [outcome for outcome in outcomes if not isinstance(outcome, ForbiddenTransitionError | None)] == []
        with database.read() as db:
            assert read(db, number).version == 1 + outcomes.count(None)


def test_two_who_extend_at_once_extend_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED)

    def extend() -> None:
        with database.write() as db:
            do(db, A.EXTEND, number, by_reviewer(now))

    outcomes = run_at_once([extend, extend])
    assert [type(outcome) for outcome in outcomes].count(AlreadyExtendedError) == 1


# --- merging ----------------------------------------------------------------------------------------------------


def test_merging_names_the_master_on_both_sides(database: Database, now: datetime) -> None:
    with database.write() as db:
        master, number = make_report(db, code="2611-901"), make_report(db, code="2611-902")
        do(db, A.MERGE, number, by_reviewer(now), note="", into_id=master)
        assert read(db, number).merged_into_id == master
        assert read(db, number).due_at is None
        assert [(line.action, line.note) for line in read_history(db, number)] == [("merge", "2611-901")]
        assert [(line.action, line.note) for line in read_history(db, master)] == [("take_in", "2611-902")]
        assert (read(db, master).state, read(db, master).version) == (S.RECEIVED, 1)


def test_merging_submits_what_is_still_gathering(database: Database, now: datetime) -> None:
    with database.write() as db:
        master, number = make_report(db), make_in(db, S.GATHERING)
        do(db, A.MERGE, number, by_reviewer(now), into_id=master)
        row = read(db, number)
        assert (row.state, row.gather_until, row.submitted_at) == (S.MERGED, None, now)
        assert [line.action for line in read_history(db, number)] == ["submit", "merge"]


def test_merging_ends_what_was_handed_out(database: Database, now: datetime) -> None:
    with database.write() as db:
        master, number = make_report(db), make_in(db, S.ASSIGNED)
        do(db, A.MERGE, number, by_reviewer(now), into_id=master)
        assert [row.ending for row in assignments.list_assignments(db, number)] == ["merge"]


@pytest.mark.parametrize("state", ReportState)
def test_only_some_states_can_take_in_another_report(
    sqlite_database: Database, now: datetime, state: ReportState
) -> None:
    with sqlite_database.write() as db:
        master, number = make_in(db, state), make_report(db)
    if state in (S.MERGED, S.DECLINED, S.WITHDRAWN):
        with pytest.raises(ForbiddenTransitionError), sqlite_database.write() as db:
            do(db, A.MERGE, number, by_reviewer(now), into_id=master)
        return
    with sqlite_database.write() as db:
        do(db, A.MERGE, number, by_reviewer(now), into_id=master)
        assert read(db, number).merged_into_id == master


def test_report_is_not_merged_into_itself_or_nothing(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)
    with pytest.raises(ForbiddenTransitionError, match="itself"), database.write() as db:
        do(db, A.MERGE, number, by_reviewer(now), into_id=number)
    with pytest.raises(UnknownRowError, match="merge into"), database.write() as db:
        do(db, A.MERGE, number, by_reviewer(now), into_id=999)


def test_reports_are_merged_in_chains_and_not_in_circles(database: Database, now: datetime) -> None:
    with database.write() as db:
        one, two, three, four = (make_report(db) for _ in range(4))
        do(db, A.MERGE, one, by_reviewer(now), into_id=two)
        do(db, A.MERGE, two, by_reviewer(now), into_id=three)
        do(db, A.MERGE, four, by_reviewer(now), into_id=three)
        assert {row.id for row in verdicts.list_merged(db, three)} == {one, two, four}
        master = verdicts.find_merged_into(db, one)
        assert master is not None
        assert (master.id, verdicts.find_merged_into(db, three)) == (two, None)
    for master_id in (one, two, four):
        with pytest.raises(ForbiddenTransitionError), database.write() as db:
            do(db, A.MERGE, three, by_reviewer(now), into_id=master_id)


def test_everybody_whose_report_was_merged_is_asked_once_at_the_closing(database: Database, now: datetime) -> None:
    with database.write() as db:
        first, second = make_reporter(db), make_reporter(db)
        gone = make_reporter(db, openid_hash=None, openid_sealed=None, erased_at=now)
        master = make_in(db, S.RECTIFIED, reporter_id=first)
        merged = make_report(db, reporter_id=second)
        through = make_report(db, reporter_id=first)
        erased, nobody = make_report(db, reporter_id=gone), make_report(db, reporter_id=None)
        do(db, A.MERGE, through, by_reviewer(now), into_id=merged)
        for number in (merged, erased, nobody):
            do(db, A.MERGE, number, by_reviewer(now), into_id=master)
        do(db, A.CLOSE, master, by_reviewer(now))
        asked = {row.report_id: row.kind for reporter in (first, second, gone) for row in
                 questions.list_open_questions(db, reporter)}  # fmt: skip
    assert asked == {master: QuestionKind.FIXED, merged: QuestionKind.FIXED}


# --- handing out, mending, closing ------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["problem", "requirement"])
def test_an_assignment_needs_its_text(database: Database, now: datetime, blank: str) -> None:
    with database.write() as db:
        number, unit = make_in(db, S.VERIFIED), make_unit(db)
    with pytest.raises(MissingReasonError), database.write() as db:
        do(db, A.ASSIGN, number, by_reviewer(now), hand_over=make_hand_over(unit, **{blank: " \n"}))


def test_assigning_keeps_the_text_and_the_deadline(database: Database, now: datetime) -> None:
    with database.write() as db:
        number, unit = make_in(db, S.VERIFIED), make_unit(db)
        do(db, A.ASSIGN, number, by_reviewer(now), hand_over=make_hand_over(unit, photo_ids=(3, 4), is_inspection=True))
        report, assignment = read(db, number), assignments.find_open_assignment(db, number)
    assert assignment is not None
    assert assignments.to_hand_over(assignment) == make_hand_over(
        unit, photo_ids=(3, 4), is_inspection=True, due_at=assignment.due_at
    )
    assert (report.due_at, assignment.due_at, report.unit_id) == (DUE, DUE, unit)


def test_reassigning_ends_what_the_first_unit_had(database: Database, now: datetime) -> None:
    with database.write() as db:
        number, other = make_in(db, S.ASSIGNED), make_unit(db)
        do(db, A.REQUEST_EXTENSION, number, by_liaison(now))
        do(db, A.ASSIGN, number, by_reviewer(now), hand_over=make_hand_over(other, due_at=LATER))
        first, second = assignments.list_assignments(db, number)
        assert (first.ending, first.ended_at, second.unit_id, second.ended_at) == ("assign", now, other, None)
        assert read(db, number).due_at == LATER
        assert assignments.list_open_pleas(db) == []


def test_saying_received_twice_is_one_step(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED)
        assert do(db, A.ACKNOWLEDGE, number, by_liaison(now)) is not None
        assert do(db, A.ACKNOWLEDGE, number, by_liaison(now + DAY)) is None
        assignment = assignments.find_open_assignment(db, number)
        assert assignment is not None
        assert (assignment.acknowledged_at, read(db, number).version) == (now, 2)


def test_who_mended_it_cannot_close_it(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED)
        do(db, A.RECTIFY, number, by_reviewer(now, by="staff:one"))
        before = dump(db)
    with database.write() as db, pytest.raises(SamePersonError):
        do(db, A.CLOSE, number, by_reviewer(now, by="staff:one"))
    with database.write() as db:
        assert dump(db) == before
        do(db, A.CLOSE, number, by_reviewer(now, by="staff:two"))
        assert read(db, number).state == S.CLOSED


def test_returning_opens_a_further_assignment_with_the_same_text(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED)
        do(db, A.RECTIFY, number, by_liaison(now), note="换好了")
        due_at = read(db, number).due_at
        do(db, A.RETURN, number, by_reviewer(now + DAY), reason="门还是关不上")
        first, second = assignments.list_assignments(db, number)
        row = read(db, number)
    assert due_at == datetime(2026, 12, 2, 17, 30, tzinfo=ZONE)  # five working days to look at it
    assert (first.ending, first.rectified_by, first.rectified_note) == ("return", LIAISON, "换好了")
    assert (second.unit_id, second.place, second.problem, second.requirement) == (
        first.unit_id, first.place, first.problem, first.requirement,
    )  # fmt: skip
    assert (second.due_at, row.due_at, second.rectified_at, second.acknowledged_at) == (LATER, LATER, None, None)


def test_transferring_keeps_to_whom_and_until_when(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED)
        do(db, A.TRANSFER, number, by_reviewer(now), authority=" 样例区\n住建局 ", reason=" 管道归他们 ")
        (row,) = dump(db)["transfers"]
        assert (row.authority, row.reason, row.reply_due_at, row.by) == ("样例区 住建局", "管道归他们", LATER, REVIEWER)
        assert read_history(db, number)[-1].note == "样例区 住建局\n管道归他们"
        assert read(db, number).due_at is None
    with database.write() as db:
        number = make_report(db)
        do(db, A.TRANSFER, number, by_reviewer(now), authority="局" * 300)  # what a column holds is not exceeded
    with pytest.raises(MissingReasonError), database.write() as db:
        do(db, A.TRANSFER, make_report(db), by_reviewer(now), authority=" ")


# --- more time, and disputes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "is_given"),
    [
        (DUE, False),
        (DUE - DAY, False),
        (DUE + timedelta(minutes=1), True),
        (DUE + timedelta(days=30), True),
        (DUE + timedelta(days=30, minutes=1), False),
    ],
)
def test_more_time_has_bounds(sqlite_database: Database, now: datetime, until: datetime, is_given: bool) -> None:
    with sqlite_database.write() as db:
        number = make_in(db, S.ASSIGNED, due_at=DUE)
        before = dump(db)
    if not is_given:
        with sqlite_database.write() as db, pytest.raises(ForbiddenTransitionError):
            do(db, A.EXTEND, number, by_reviewer(now), until=until)
        with sqlite_database.read() as db:
            assert dump(db) == before
        return
    with sqlite_database.write() as db:
        do(db, A.EXTEND, number, by_reviewer(now), until=until)
        assignment = assignments.find_open_assignment(db, number)
        assert assignment is not None
        assert (assignment.due_at, read(db, number).due_at) == (until, until)


def test_more_time_is_time_to_come(database: Database) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED)
    with pytest.raises(ForbiddenTransitionError), database.write() as db:
        do(db, A.EXTEND, number, by_reviewer(DUE + 5 * DAY), until=DUE + 3 * DAY)


def test_more_time_is_given_once(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED)
        do(db, A.REQUEST_EXTENSION, number, by_liaison(now), note="配件没到")
        plea = assignments.find_open_plea(db, number, PleaKind.EXTENSION)
        assert plea is not None
        assert (plea.by, plea.reason, plea.until) == (LIAISON, "配件没到", LATER)
        do(db, A.EXTEND, number, by_reviewer(now))
        (decided,) = dump(db)["pleas"]
        assert (decided.is_granted, decided.decided_by, decided.decided_at) == (True, REVIEWER, now)
        before = dump(db)
    for action, doing in ((A.REQUEST_EXTENSION, by_liaison(now)), (A.EXTEND, by_reviewer(now))):
        with database.write() as db, pytest.raises(AlreadyExtendedError):
            do(db, action, number, doing, until=LATER + DAY)
    with database.write() as db:
        assert dump(db) == before
        do(db, A.RECTIFY, number, by_liaison(now))
        do(db, A.RETURN, number, by_reviewer(now), reason="没改")
    with pytest.raises(AlreadyExtendedError), database.write() as db:  # nor after it was sent back
        do(db, A.REQUEST_EXTENSION, number, by_liaison(now))


def test_refused_more_time_may_be_asked_for_again(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED, due_at=DUE)
        do(db, A.REQUEST_EXTENSION, number, by_liaison(now))
        do(db, A.REFUSE_EXTENSION, number, by_reviewer(now))
        assert read(db, number).due_at == DUE
        assert assignments.find_open_plea(db, number, PleaKind.EXTENSION) is None
    with pytest.raises(ForbiddenTransitionError), database.write() as db:
        do(db, A.REFUSE_EXTENSION, number, by_reviewer(now))
    with database.write() as db:
        do(db, A.REQUEST_EXTENSION, number, by_liaison(now))
        do(db, A.EXTEND, number, by_reviewer(now))


def test_a_dispute_is_dismissed_or_found_right(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.ASSIGNED, due_at=DUE)
        do(db, A.DISPUTE, number, by_liaison(now), note="不是我们的")
        assert [row.reason for row in assignments.list_open_pleas(db)] == ["不是我们的"]
        do(db, A.DISMISS_DISPUTE, number, by_reviewer(now))
        assert assignments.list_open_pleas(db) == []
        assert (read(db, number).state, read(db, number).due_at) == (S.ASSIGNED, DUE)
        do(db, A.DISPUTE, number, by_liaison(now), note="真不是")
        do(db, A.UNFOUNDED, number, by_reviewer(now))
        assert assignments.list_open_pleas(db) == []
    with pytest.raises(ForbiddenTransitionError), database.write() as db:
        do(db, A.DISMISS_DISPUTE, number, by_reviewer(now))


# --- the clock ---------------------------------------------------------------------------------------------------


def at(day: int, hour: int = 9, minute: int = 0, month: int = 11) -> datetime:
    """Return an instant of 2026 in the township; the fixture `now` is at(25), a Wednesday."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def ask(db: Any, number: int, now: datetime) -> Any:
    do(db, A.ASK, number, by_reviewer(now), note="在路哪边？")
    return questions.find_open_question(db, number, QuestionKind.MORE)


def test_the_clock_stands_still_while_the_reporter_is_asked(database: Database) -> None:
    with database.write() as db:
        number = make_report(db, due_at=at(26, 17, 30))
        question = ask(db, number, at(25, 10))
        assert (question.question, read(db, number).due_at) == ("在路哪边？", None)
        again = ask(db, number, at(26, 10))  # a second question takes the first one's place, and no time away
        assert (again.asked_at, read(db, number).due_at) == (at(26, 10), None)
    with database.write() as db, pytest.raises(ForbiddenTransitionError):
        do(db, A.ANSWER, number, by_reporter(at(30)), question=question)
    with database.write() as db:
        do(db, A.ANSWER, number, by_reporter(at(30)), question=again)
        assert read(db, number).due_at == at(30) + timedelta(hours=31, minutes=30)
        assert questions.list_questions(db, number)[-1].answer == "words"
    with database.write() as db, pytest.raises(ForbiddenTransitionError):
        do(db, A.ANSWER, number, by_reporter(at(30)), question=again)


def test_a_clock_in_working_days_does_not_run_out_on_a_day_off(database: Database) -> None:
    with database.write() as db:
        number = make_report(db, due_at=at(26, 17, 30))
        question = ask(db, number, at(25, 17))
        do(db, A.ANSWER, number, by_reporter(at(27, 18)), question=question)  # a Friday
        assert read(db, number).due_at == at(30, 17, 30)


def test_a_report_that_was_late_when_asked_is_late_when_answered(database: Database) -> None:
    with database.write() as db:
        number = make_report(db, due_at=at(24, 17, 30))
        question = ask(db, number, at(25))
        do(db, A.ANSWER, number, by_reporter(at(28)), question=question)
        assert read(db, number).due_at == at(28)


def test_a_report_asked_about_before_it_was_dated_has_its_whole_time(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)  # due on the 26th at 17:30, as nobody has written down yet
        question = ask(db, number, at(25, 9))
        do(db, A.ANSWER, number, by_reporter(at(30, 9)), question=question)
        assert read(db, number).due_at == at(30) + timedelta(hours=32, minutes=30)


def test_going_on_meanwhile_stops_the_clock_of_the_next_step(database: Database) -> None:
    with database.write() as db:
        number = make_report(db, due_at=at(26, 17, 30))
        question = ask(db, number, at(25, 10))
        do(db, A.ACCEPT, number, by_reviewer(at(25, 11)))
        assert read(db, number).due_at is None
        do(db, A.ANSWER, number, by_reporter(at(2, 9, month=12)), question=question)
        # Three working days from Wednesday, 11 o'clock, to Monday, 17:30.
        assert read(db, number).due_at == at(7, 15, 30, month=12)


def test_handing_it_out_gives_the_question_up(database: Database, now: datetime) -> None:
    with database.write() as db:
        number, unit = make_in(db, S.VERIFIED), make_unit(db)
        question = ask(db, number, now)
        do(db, A.ASSIGN, number, by_reviewer(now), hand_over=make_hand_over(unit))
        assert questions.list_questions(db, number)[0].answer == "none"
    with database.write() as db, pytest.raises(ForbiddenTransitionError):
        do(db, A.ANSWER, number, by_reporter(now), question=question)
    with database.read() as db:
        assert read(db, number).due_at == DUE


@pytest.mark.parametrize("is_erased", [False, True])
def test_nobody_is_asked_who_cannot_be_reached(database: Database, now: datetime, is_erased: bool) -> None:
    with database.write() as db:
        gone = make_reporter(db, openid_hash=None, openid_sealed=None, erased_at=now) if is_erased else None
        number = make_report(db, reporter_id=gone)
        before = dump(db)
    with database.write() as db, pytest.raises(ForbiddenTransitionError, match="nobody"):
        do(db, A.ASK, number, by_reviewer(now))
    with database.read() as db:
        assert dump(db) == before


@pytest.mark.parametrize(
    ("state", "level", "to_level", "due_at"),
    [
        (S.GATHERING, "P2", "P1", None),
        (S.RECEIVED, "P2", "P1", at(25, 11)),
        (S.RECEIVED, "P1", "P2", at(26, 17, 30)),
        (S.RECEIVED, "P2", "P0", at(25)),
        (S.ACCEPTED, "P2", "P1", at(26)),
        (S.VERIFIED, "P2", "P1", at(26)),
        (S.RECTIFIED, "P2", "P1", at(30, 17, 30)),
        (S.RECTIFIED, "P3", "P2", at(2, 17, 30, month=12)),  # from a level that has no time for it
        (S.RECTIFIED, "P2", "P3", None),
        (S.REOPENED, "P2", "P1", at(26)),
        (S.ASSIGNED, "P2", "P1", DUE),
        (S.ACCEPTED, "P2", "P2", DUE),
    ],
)
def test_another_level_has_other_times(
    database: Database, state: ReportState, level: str, to_level: str, due_at: datetime | None
) -> None:
    with database.write() as db:
        old = None if (level, state) in {("P3", S.RECTIFIED), ("P2", S.GATHERING)} else DUE
        number = make_in(db, state, level=level, category="UNK", due_at=old)
        gathering.record_history(
            db, number, at=at(25), by=REVIEWER, action="x", from_state="" if state is S.RECEIVED else "y",
            to_state=state,
        )  # fmt: skip
        do(db, A.RECATEGORISE, number, by_reviewer(at(25, 10)), level=to_level)
        row = read(db, number)
        assert (row.category, row.level, row.due_at) == ("FIRE", to_level, due_at)
        assert read_history(db, number)[-1].note == f"UNK {level} → FIRE {to_level}\n{NOTE}"


def test_another_level_while_the_reporter_is_asked(database: Database) -> None:
    with database.write() as db:
        number = make_report(db, level="P2", due_at=at(26, 17, 30))
        question = ask(db, number, at(25, 10))
        do(db, A.RECATEGORISE, number, by_reviewer(at(25, 12)), level="P1")
        assert read(db, number).due_at is None
        do(db, A.ANSWER, number, by_reporter(at(27)), question=question)
        assert read(db, number).due_at == at(27, 10)  # two hours, of which one had passed


# --- the end, and after it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "is_possible"), [(15 * DAY, True), (15 * DAY + timedelta(seconds=1), False)])
def test_a_reporter_reopens_within_fifteen_days(
    database: Database, now: datetime, after: timedelta, is_possible: bool
) -> None:
    with database.write() as db:
        number = make_in(db, S.RECTIFIED)
        do(db, A.CLOSE, number, by_reviewer(now))
        assert verdicts.find_closed_at(db, number) == now
        assert read(db, number).due_at is None
    if not is_possible:
        with pytest.raises(TooLateError), database.write() as db:
            do(db, A.REOPEN, number, by_reporter(now + after))
    with database.write() as db:  # the office may at any time
        doing = by_reporter(now + after) if is_possible else by_reviewer(now + after)
        do(db, A.REOPEN, number, doing)
        assert read(db, number).state == S.REOPENED
        assert read(db, number).due_at is not None
        assert questions.list_questions(db, number)[-1].answer == "none"


def test_the_fifteen_days_count_from_the_last_closing(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_in(db, S.RECTIFIED)
        do(db, A.CLOSE, number, by_reviewer(now))
        do(db, A.REOPEN, number, by_reporter(now + DAY))
        do(db, A.ASSIGN, number, by_reviewer(now + DAY), hand_over=make_hand_over(make_unit(db)))
        do(db, A.RECTIFY, number, by_liaison(now + 2 * DAY))
        do(db, A.CLOSE, number, by_reviewer(now + 20 * DAY))
        do(db, A.REOPEN, number, by_reporter(now + 35 * DAY))


def test_a_continuation_is_kept(database: Database, now: datetime) -> None:
    with database.write() as db:
        verdicts.continue_report(db, make_report(db), make_report(db))


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_withdrawn_report_waits_for_nobody(sqlite_database: Database, now: datetime, state: ReportState) -> None:
    with sqlite_database.write() as db:
        number = make_in(db, state, due_at=None if state is S.GATHERING else DUE)
        do(db, A.WITHDRAW, number, by_reviewer(now))
        row = read(db, number)
        assert (row.state, row.due_at, row.gather_until) == (S.WITHDRAWN, None, None)
        assert assignments.find_open_assignment(db, number) is None


def test_withdrawing_by_chat_stops_the_clock_and_gives_the_question_up(database: Database, now: datetime) -> None:
    with database.write() as db:
        reporter = make_reporter(db)
        number = make_report(db, reporter_id=reporter, due_at=DUE)
        ask(db, number, now)
        do(db, A.WITHDRAW, number, by_reporter(now), note="")
        assert questions.list_open_questions(db, reporter) == []
        assert read(db, number).due_at is None
