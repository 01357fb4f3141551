"""The one table of what may happen to a report: who may do it, from where, where it leads, what it needs, whom it
tells. Everything else reads it: the page for its buttons, the chat for its answers, the tests for every cell.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from storage.reports.tables import OPEN_STATES, ReportState


class Action(StrEnum):
    """What can be done to a report."""

    ACCEPT = "accept"  # 受理
    DECLINE = "decline"  # 不予受理
    MERGE = "merge"  # 合并
    TRANSFER = "transfer"  # 移交
    VERIFY = "verify"  # 核实：属实
    UNFOUNDED = "unfounded"  # 核实：不属实
    ASSIGN = "assign"  # 交办、改派
    ACKNOWLEDGE = "acknowledge"  # 收到
    RECTIFY = "rectify"  # 整改完成，申请复查
    RETURN = "return"  # 复查不合格，退回
    CLOSE = "close"  # 销号
    REOPEN = "reopen"  # 重新办
    WITHDRAW = "withdraw"  # 撤回
    ASK = "ask"  # 退回补充：问上报人
    ANSWER = "answer"  # 上报人答了
    REQUEST_EXTENSION = "request_extension"  # 申请延期
    EXTEND = "extend"  # 准予延期
    REFUSE_EXTENSION = "refuse_extension"
    DISPUTE = "dispute"  # 不属实、不是我们的
    DISMISS_DISPUTE = "dismiss_dispute"  # 照原样办
    RECATEGORISE = "recategorise"
    ADD_NOTE = "add_note"


class Actor(StrEnum):
    """Who acts; a person may be several of them, but not about one report."""

    REVIEWER = "reviewer"
    LIAISON = "liaison"  # of the unit that the report is assigned to
    REPORTER = "reporter"  # the one who made it


class Need(StrEnum):
    """What an action must come with."""

    REASON = "reason"
    ASSIGNMENT = "assignment"  # unit, text and deadline
    OTHER_PERSON = "other_person"  # somebody else than who mended it: the closer is never the rectifier
    NOT_EXTENDED = "not_extended"  # once only
    OPEN_PLEA = "open_plea"  # there must be something to decide
    RECENT = "recent"  # within 15 days of the closing


class Audience(StrEnum):
    """Who is told; by whom and in which words is not the table's business."""

    REPORTER = "reporter"  # and those of every report merged into it
    REPORTER_IF_GRAVE = "reporter_if_grave"  # P0 and P1 hear of every step
    LIAISON = "liaison"
    REVIEWERS = "reviewers"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table; `to_state` None leaves the state as it is."""

    action: Action
    actor: Actor
    from_states: tuple[ReportState, ...]
    to_state: ReportState | None
    needs: tuple[Need, ...] = ()
    tells: tuple[Audience, ...] = ()


_S = ReportState
_HANDED_OUT = (_S.ASSIGNED, _S.RECTIFIED)
_BEFORE_ASSIGNING = (_S.RECEIVED, _S.ACCEPTED, _S.VERIFIED, _S.REOPENED)
_DONE_WRONGLY = (_S.CLOSED, _S.UNFOUNDED, _S.DECLINED, _S.TRANSFERRED)
_TO_ALL = (Audience.REPORTER, Audience.LIAISON)
_STEP_ONLY = (Audience.REPORTER_IF_GRAVE,)

TRANSITIONS = (
    Transition(Action.ACCEPT, Actor.REVIEWER, (_S.RECEIVED,), _S.ACCEPTED, (), (Audience.REPORTER,)),
    Transition(Action.DECLINE, Actor.REVIEWER, (_S.RECEIVED,), _S.DECLINED, (Need.REASON,), (Audience.REPORTER,)),
    Transition(Action.MERGE, Actor.REVIEWER, (_S.GATHERING, *_BEFORE_ASSIGNING, _S.ASSIGNED), _S.MERGED, (), _TO_ALL),
    Transition(
        Action.TRANSFER, Actor.REVIEWER, (*_BEFORE_ASSIGNING, _S.ASSIGNED), _S.TRANSFERRED, (Need.REASON,), _TO_ALL
    ),
    Transition(Action.VERIFY, Actor.REVIEWER, (_S.ACCEPTED, _S.REOPENED), _S.VERIFIED, (), _STEP_ONLY),
    Transition(
        Action.UNFOUNDED,
        Actor.REVIEWER,
        (_S.ACCEPTED, _S.VERIFIED, _S.ASSIGNED, _S.REOPENED),
        _S.UNFOUNDED,
        (Need.REASON,),
        _TO_ALL,
    ),
    Transition(
        Action.ASSIGN,
        Actor.REVIEWER,
        (_S.ACCEPTED, _S.VERIFIED, _S.REOPENED, _S.ASSIGNED),
        _S.ASSIGNED,
        (Need.ASSIGNMENT,),
        (Audience.LIAISON, Audience.REPORTER_IF_GRAVE),
    ),
    Transition(Action.ACKNOWLEDGE, Actor.LIAISON, (_S.ASSIGNED,), None),
    Transition(
        Action.RECTIFY,
        Actor.LIAISON,
        (_S.ASSIGNED,),
        _S.RECTIFIED,
        (),
        (Audience.REVIEWERS, Audience.REPORTER_IF_GRAVE),
    ),
    # Said on the telephone, or seen on the spot: a reviewer writes it down, and another one closes.
    Transition(Action.RECTIFY, Actor.REVIEWER, (_S.ASSIGNED,), _S.RECTIFIED, (Need.REASON,), _STEP_ONLY),
    Transition(
        Action.RETURN, Actor.REVIEWER, (_S.RECTIFIED,), _S.ASSIGNED, (Need.REASON,), (Audience.LIAISON, *_STEP_ONLY)
    ),
    Transition(Action.CLOSE, Actor.REVIEWER, (_S.RECTIFIED,), _S.CLOSED, (Need.OTHER_PERSON,), _TO_ALL),
    Transition(Action.REOPEN, Actor.REVIEWER, _DONE_WRONGLY, _S.REOPENED, (Need.REASON,), (Audience.REPORTER,)),
    Transition(Action.REOPEN, Actor.REPORTER, (_S.CLOSED,), _S.REOPENED, (Need.RECENT,), (Audience.REVIEWERS,)),
    Transition(Action.WITHDRAW, Actor.REPORTER, (_S.GATHERING, _S.RECEIVED), _S.WITHDRAWN),
    # After somebody began to work on it, the reporter can only ask; a reviewer looks whether it is safe to drop it.
    Transition(Action.WITHDRAW, Actor.REVIEWER, OPEN_STATES, _S.WITHDRAWN, (Need.REASON,), _TO_ALL),
    Transition(Action.ASK, Actor.REVIEWER, _BEFORE_ASSIGNING, None, (Need.REASON,), (Audience.REPORTER,)),
    Transition(Action.ANSWER, Actor.REPORTER, (*_BEFORE_ASSIGNING, *_HANDED_OUT), None, (), (Audience.REVIEWERS,)),
    Transition(
        Action.REQUEST_EXTENSION,
        Actor.LIAISON,
        (_S.ASSIGNED,),
        None,
        (Need.REASON, Need.NOT_EXTENDED),
        (Audience.REVIEWERS,),
    ),
    Transition(
        Action.EXTEND,
        Actor.REVIEWER,
        (_S.ASSIGNED,),
        None,
        (Need.REASON, Need.NOT_EXTENDED),
        (Audience.LIAISON, *_STEP_ONLY),
    ),
    Transition(
        Action.REFUSE_EXTENSION,
        Actor.REVIEWER,
        (_S.ASSIGNED,),
        None,
        (Need.REASON, Need.OPEN_PLEA),
        (Audience.LIAISON,),
    ),
    Transition(Action.DISPUTE, Actor.LIAISON, (_S.ASSIGNED,), None, (Need.REASON,), (Audience.REVIEWERS,)),
    Transition(
        Action.DISMISS_DISPUTE,
        Actor.REVIEWER,
        (_S.ASSIGNED,),
        None,
        (Need.REASON, Need.OPEN_PLEA),
        (Audience.LIAISON,),
    ),
    Transition(Action.RECATEGORISE, Actor.REVIEWER, OPEN_STATES, None),
    Transition(Action.ADD_NOTE, Actor.REVIEWER, tuple(ReportState), None, (Need.REASON,)),
)

_BY_CELL = {
    (transition.action, transition.actor, state): transition
    for transition in TRANSITIONS
    for state in transition.from_states
}


def find_transition(action: Action, actor: Actor, state: ReportState) -> Transition | None:
    """Return the row of the table for an action by an actor on a report in a state; None where it is not allowed."""
    return _BY_CELL.get((action, actor, state))


def list_actions(state: ReportState, actor: Actor = Actor.REVIEWER) -> list[Action]:
    """Return what an actor may do to a report in a state, in the order of the table."""
    found: Collection[Action] = {
        transition.action for transition in TRANSITIONS if transition.actor is actor and state in transition.from_states
    }
    return [action for action in Action if action in found]
