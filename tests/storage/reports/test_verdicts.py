"""What staff may decide: every state with every action, who was faster, and what the history keeps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select

from storage.database import Database
from storage.errors import (
    ForbiddenTransitionError,
    MissingReasonError,
    StaleVersionError,
    StorageError,
    UnknownRowError,
)
from storage.reports import verdicts
from storage.reports.queue import list_history
from storage.reports.tables import OPEN_STATES, ReportState, reports
from storage.reports.transitions import TRANSITIONS, Action, list_actions
from tests.factories import make_report

BY = "staff:reviewer"
S = ReportState

# Written out a second time, by state: what is allowed, and where it leads.
ALLOWED: dict[ReportState, dict[Action, ReportState]] = {
    S.GATHERING: {Action.MERGE: S.MERGED, Action.RECATEGORISE: S.GATHERING},
    S.RECEIVED: {
        Action.ACCEPT: S.ACCEPTED,
        Action.DECLINE: S.DECLINED,
        Action.MERGE: S.MERGED,
        Action.RECATEGORISE: S.RECEIVED,
    },
    S.ACCEPTED: {Action.MERGE: S.MERGED, Action.RECATEGORISE: S.ACCEPTED},
    S.DECLINED: {},
    S.MERGED: {},
    S.TRANSFERRED: {},
    S.VERIFIED: {Action.RECATEGORISE: S.VERIFIED},
    S.UNFOUNDED: {},
    S.ASSIGNED: {Action.RECATEGORISE: S.ASSIGNED},
    S.RECTIFIED: {Action.RECATEGORISE: S.RECTIFIED},
    S.CLOSED: {},
    S.REOPENED: {Action.RECATEGORISE: S.REOPENED},
    S.WITHDRAWN: {},
}
for _state, _actions in ALLOWED.items():
    _actions[Action.ADD_NOTE] = _state


def make_in(db: Connection, state: ReportState, **values: Any) -> int:
    """Insert a report in a state, with a master where it needs one."""
    if state is ReportState.MERGED:
        values["merged_into_id"] = make_report(db)
    return make_report(db, state=state, **values)


def do(db: Connection, action: Action, number: int, now: datetime, *, version: int = 1, master: int = 0) -> None:
    """Take an action with everything that it needs."""
    how: dict[Action, Callable[[], None]] = {
        Action.ACCEPT: lambda: verdicts.accept(db, number, version=version, by=BY, now=now),
        Action.DECLINE: lambda: verdicts.decline(db, number, version=version, by=BY, now=now, reason="不归镇里管"),
        Action.MERGE: lambda: verdicts.merge(
            db, number, into_id=master or make_report(db), version=version, by=BY, now=now
        ),
        Action.RECATEGORISE: lambda: verdicts.recategorise(
            db, number, category="FIRE", level="P1", version=version, by=BY, now=now
        ),
        Action.ADD_NOTE: lambda: verdicts.add_note(db, number, version=version, by=BY, now=now, note="已打电话"),
    }
    how[action]()


def read(db: Connection, number: int) -> Any:
    return db.execute(select(reports).where(reports.c.id == number)).one()


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("state", ReportState)
def test_every_state_with_every_action(database: Database, now: datetime, state: ReportState, action: Action) -> None:
    with database.write() as db:
        number = make_in(db, state)
    to_state = ALLOWED[state].get(action)
    if to_state is None:
        with pytest.raises(ForbiddenTransitionError, match=state.value), database.write() as db:
            do(db, action, number, now)
        with database.read() as db:
            assert (read(db, number).state, read(db, number).version) == (state, 1)
            assert list_history(db, number) == []
        return
    with database.write() as db:
        do(db, action, number, now)
    with database.read() as db:
        row = read(db, number)
        last = list_history(db, number)[-1]
    assert (row.state, row.version) == (to_state, 2)
    assert (last.action, last.to_state, last.by, last.at) == (action, to_state, BY, now)
    assert last.from_state == (ReportState.RECEIVED if (state, action) == (S.GATHERING, Action.MERGE) else state)


def test_table_says_one_thing_about_each_state_and_action() -> None:
    keys = [(transition.action, state) for transition in TRANSITIONS for state in transition.from_states]
    assert len(keys) == len(set(keys))
    assert {state: set(list_actions(state)) for state in ReportState} == {
        state: set(actions) for state, actions in ALLOWED.items()
    }


@pytest.mark.parametrize("action", Action)
def test_refuses_a_page_that_is_out_of_date(database: Database, now: datetime, action: Action) -> None:
    with database.write() as db:
        number, master = make_report(db, version=4), make_report(db)
    for version in (3, 5):
        with pytest.raises(StaleVersionError), database.write() as db:
            do(db, action, number, now, version=version, master=master)
    with database.read() as db:
        assert (read(db, number).state, read(db, number).version) == (S.RECEIVED, 4)


@pytest.mark.parametrize("action", Action)
def test_refuses_a_report_that_does_not_exist(database: Database, now: datetime, action: Action) -> None:
    with pytest.raises(UnknownRowError), database.write() as db:
        do(db, action, 999, now)


@pytest.mark.parametrize("words", ["", "  \n"], ids=["empty", "blank"])
def test_declining_and_noting_need_words(database: Database, now: datetime, words: str) -> None:
    with database.write() as db:
        number = make_report(db)
    with pytest.raises(MissingReasonError), database.write() as db:
        verdicts.decline(db, number, version=1, by=BY, now=now, reason=words)
    with pytest.raises(MissingReasonError), database.write() as db:
        verdicts.add_note(db, number, version=1, by=BY, now=now, note=words)


def test_history_keeps_the_reason(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)
        verdicts.decline(db, number, version=1, by=BY, now=now, reason=" 不归镇里管 ")
        assert [row.note for row in list_history(db, number)] == ["不归镇里管"]


def test_recategorising_keeps_what_stood_there_before(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db, category="UNK", level="P2")
        verdicts.recategorise(db, number, category="FIRE", level="P1", version=1, by=BY, now=now, note="看了照片")
        row = read(db, number)
        assert (row.category, row.level, row.state) == ("FIRE", "P1", S.RECEIVED)
        assert [line.note for line in list_history(db, number)] == ["UNK P2 → FIRE P1\n看了照片"]


def test_merging_names_the_master_on_both_sides(database: Database, now: datetime) -> None:
    with database.write() as db:
        master, number = make_report(db, code="2611-001"), make_report(db, code="2611-002")
        verdicts.merge(db, number, into_id=master, version=1, by=BY, now=now)
        assert read(db, number).merged_into_id == master
        assert [(line.action, line.note) for line in list_history(db, number)] == [("merge", "2611-001")]
        assert [(line.action, line.note) for line in list_history(db, master)] == [("take_in", "2611-002")]
        assert (read(db, master).state, read(db, master).version) == (S.RECEIVED, 1)


def test_merging_submits_what_is_still_gathering(database: Database, now: datetime) -> None:
    with database.write() as db:
        master, number = make_report(db), make_in(db, S.GATHERING)
        verdicts.merge(db, number, into_id=master, version=1, by=BY, now=now)
        row = read(db, number)
        assert (row.state, row.gather_until, row.submitted_at) == (S.MERGED, None, now)
        assert [line.action for line in list_history(db, number)] == ["submit", "merge"]


@pytest.mark.parametrize("state", ReportState)
def test_only_some_states_can_take_in_another_report(database: Database, now: datetime, state: ReportState) -> None:
    with database.write() as db:
        master, number = make_in(db, state), make_report(db)
    if state in (S.MERGED, S.DECLINED, S.WITHDRAWN):
        with pytest.raises(ForbiddenTransitionError), database.write() as db:
            do(db, Action.MERGE, number, now, master=master)
        return
    with database.write() as db:
        do(db, Action.MERGE, number, now, master=master)
        assert read(db, number).merged_into_id == master


def test_report_is_not_merged_into_itself(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)
    with pytest.raises(ForbiddenTransitionError, match="itself"), database.write() as db:
        do(db, Action.MERGE, number, now, master=number)


def test_report_is_not_merged_into_nothing(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)
    with pytest.raises(UnknownRowError, match="merge into"), database.write() as db:
        do(db, Action.MERGE, number, now, master=999)


def test_reports_are_not_merged_in_a_circle(database: Database, now: datetime) -> None:
    with database.write() as db:
        one, two, three = (make_report(db) for _ in range(3))
        do(db, Action.MERGE, one, now, master=two)
        do(db, Action.MERGE, two, now, master=three)
    with pytest.raises(ForbiddenTransitionError), database.write() as db:
        do(db, Action.MERGE, three, now, master=one)


def run_at_once(works: list[Callable[[], None]]) -> list[StorageError | None]:
    """Run works in threads that start together; returns what each was refused with."""
    barrier = threading.Barrier(len(works))
    outcomes: list[StorageError | None] = [None] * len(works)

    def run(place: int) -> None:
        barrier.wait(10)
        try:
            works[place]()
        except StorageError as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_one_of_two_who_decide_at_once_is_refused(database: Database, now: datetime) -> None:
    with database.write() as db:
        number = make_report(db)

    def decide(action: Action) -> Callable[[], None]:
        def work() -> None:
            with database.write() as db:
                do(db, action, number, now)

        return work

    outcomes = run_at_once([decide(Action.ACCEPT), decide(Action.DECLINE)])
    assert [type(outcome) for outcome in outcomes].count(StaleVersionError) == 1
    with database.read() as db:
        assert len(list_history(db, number)) == 1
        assert read(db, number).version == 2


def test_two_who_merge_two_reports_into_each_other_make_no_circle(database: Database, now: datetime) -> None:
    with database.write() as db:
        one, two = make_report(db), make_report(db)

    def merge(number: int, master: int) -> Callable[[], None]:
        def work() -> None:
            with database.write() as db:
                do(db, Action.MERGE, number, now, master=master)

        return work

    outcomes = run_at_once([merge(one, two), merge(two, one)])
    assert [type(outcome) for outcome in outcomes].count(ForbiddenTransitionError) == 1
    with database.read() as db:
        assert sorted([read(db, one).state, read(db, two).state]) == [S.MERGED, S.RECEIVED]


def test_open_reports_can_be_recategorised_and_no_others() -> None:
    assert [state for state in ReportState if Action.RECATEGORISE in list_actions(state)] == list(OPEN_STATES)
