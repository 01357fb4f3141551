"""By which channel a notice leaves, for whom, when; and what follows from what a channel answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.notify.choosing import TO_REPORTER, TO_STAFF, Choice, Facts, choose, restrict
from bot.notify.errors import SendError
from bot.notify.judging import MOST_ATTEMPTS, Course, Judgement, judge, next_wait
from bot.notify.services import LONGEST_PAUSE, Pauses
from bot.wechat.errors import MEANINGS, TransportError, WeChatError, build_error
from storage.errors import SealError
from storage.outbox import Channel, NoticeState
from storage.sends import Window

NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN, LAST, SHUT = Window(5, NOW - HOUR), Window(1, NOW - HOUR), Window(0, NOW - HOUR)
CUSTOMER, TEMPLATE, MAIL = Channel.CUSTOMER, Channel.TEMPLATE, Channel.MAIL
WAITING, HELD, FAILED, DROPPED = NoticeState.WAITING, NoticeState.HELD, NoticeState.FAILED, NoticeState.DROPPED

CLOSED = Judgement(Course.NEXT_CHANNEL, "关了")
FINAL = Judgement(Course.NEXT_CHANNEL, "不收", is_final=True)
BUSY = Judgement(Course.RETRY, "忙")


def make_facts(channels: tuple[Channel, ...], **more: Any) -> Facts:
    given: dict[str, Any] = {"now": NOW, "channels": channels, "opens_at": NOW, "tomorrow_at": NOW + 24 * HOUR, **more}
    return Facts(**given)


def show(choice: Choice) -> Channel | NoticeState:
    return choice.channel or choice.state


REPORTER_CASES: list[tuple[str, dict[str, Any], Channel | NoticeState]] = [
    ("window", {"window": OPEN}, CUSTOMER),
    ("window before template", {"window": OPEN, "has_template": True}, CUSTOMER),
    ("last one, no result", {"window": LAST}, HELD),
    ("last one, no result, template", {"window": LAST, "has_template": True}, TEMPLATE),
    ("last one, result", {"window": LAST, "is_result": True}, CUSTOMER),
    ("last one, urgent", {"window": LAST, "is_urgent": True}, CUSTOMER),
    ("used up, result", {"window": SHUT, "is_result": True}, HELD),
    ("used up, template", {"window": SHUT, "has_template": True}, TEMPLATE),
    ("silent", {"window": Window()}, HELD),
    ("erased", {"window": OPEN, "has_chat": False}, DROPPED),
    ("closed after all", {"window": OPEN, "tried": {CUSTOMER: CLOSED}}, HELD),
    ("closed, template", {"window": OPEN, "has_template": True, "tried": {CUSTOMER: CLOSED}}, TEMPLATE),
    ("both closed", {"has_template": True, "tried": {CUSTOMER: CLOSED, TEMPLATE: CLOSED}}, HELD),
    ("both closed for good", {"has_template": True, "tried": {CUSTOMER: FINAL, TEMPLATE: FINAL}}, FAILED),
    ("pause", {"window": OPEN, "has_template": True, "paused": {CUSTOMER: NOW + HOUR}}, WAITING),
    (
        "pause, urgent",
        {"window": OPEN, "has_template": True, "is_urgent": True, "paused": {CUSTOMER: NOW + HOUR}},
        TEMPLATE,
    ),
    ("urgent, busy", {"window": OPEN, "has_template": True, "is_urgent": True, "tried": {CUSTOMER: BUSY}}, TEMPLATE),
    ("urgent, all busy", {"window": OPEN, "is_urgent": True, "tried": {CUSTOMER: BUSY}}, WAITING),
]
STAFF_CASES: list[tuple[str, dict[str, Any], Channel | NoticeState]] = [
    ("window", {"window": OPEN, "has_template": True, "has_mail": True}, CUSTOMER),
    ("template", {"has_template": True, "has_mail": True}, TEMPLATE),
    ("mail", {"has_mail": True}, MAIL),
    ("no chat", {"has_chat": False, "has_mail": True, "window": OPEN}, MAIL),
    ("nothing", {"has_chat": False}, HELD),
    ("silent", {}, HELD),
    ("left", {"is_gone": True, "window": OPEN}, DROPPED),
    ("unfollowed", {"has_chat": False, "has_mail": True, "tried": {CUSTOMER: FINAL}}, MAIL),
]


@pytest.mark.parametrize(
    ("channels", "more", "expected"),
    [
        *[pytest.param(TO_REPORTER, more, expected, id=f"reporter {name}") for name, more, expected in REPORTER_CASES],
        *[pytest.param(TO_STAFF, more, expected, id=f"staff {name}") for name, more, expected in STAFF_CASES],
        pytest.param((Channel.WECOM,), {"is_duty": True}, Channel.WECOM, id="duty robot"),
        pytest.param((Channel.WECOM,), {"is_duty": True, "paused": {Channel.WECOM: NOW + HOUR}}, WAITING, id="paused"),
        pytest.param((MAIL,), {"is_duty": True, "has_mail": True}, MAIL, id="duty mail"),
        pytest.param((MAIL,), {}, FAILED, id="by mail only, without an address"),
    ],
)
def test_chooses_a_channel(
    channels: tuple[Channel, ...], more: dict[str, Any], expected: Channel | NoticeState
) -> None:
    choice = choose(make_facts(channels, **{"has_chat": True, **more}))
    assert show(choice) == expected
    assert bool(choice.reason) == (choice.channel is None)


@pytest.mark.parametrize(
    ("more", "due_at"),
    [
        ({}, NOW + HOUR),
        ({"is_urgent": True}, None),
        ({"is_duty": True}, None),
        ({"window": Window(5, NOW - timedelta(minutes=10))}, None),  # they have just written, at night
        ({"window": Window(5, NOW - timedelta(minutes=11))}, NOW + HOUR),
    ],
    ids=["night", "urgent", "duty", "awake", "asleep again"],
)
def test_waits_for_office_hours_unless_it_is_urgent_or_they_are_awake(
    more: dict[str, Any], due_at: datetime | None
) -> None:
    facts = make_facts(TO_REPORTER, has_chat=True, **{"window": OPEN, "opens_at": NOW + HOUR, **more})
    choice = choose(facts)
    assert choice.due_at == due_at
    assert show(choice) == (CUSTOMER if due_at is None else WAITING)


@pytest.mark.parametrize(
    ("told_today", "is_urgent", "expected"), [(9, False, CUSTOMER), (10, False, WAITING), (10, True, CUSTOMER)]
)
def test_nobody_is_told_more_than_enough_in_a_day(
    told_today: int, is_urgent: bool, expected: Channel | NoticeState
) -> None:
    facts = make_facts(TO_REPORTER, has_chat=True, window=OPEN, told_today=told_today, is_urgent=is_urgent)
    choice = choose(facts)
    assert show(choice) == expected
    assert choice.due_at == (NOW + 24 * HOUR if expected is WAITING else None)
    assert choose(replace(facts, told_today=0)).channel == CUSTOMER


def test_keeps_to_the_channels_that_are_wanted() -> None:
    assert restrict(TO_STAFF, ["mail"]) == (MAIL,)
    assert restrict(TO_STAFF, ()) == TO_STAFF


# --- what follows from an answer --------------------------------------------------------------------------------

_COURSES = {
    Course.RETRY: {-1, 40001, 40014, 42001, 45011, 45009, 99999} | {
        40013, 40125, 40164, 40243, 41002, 41004, 48001, 48004, 48008, 50002, 50007, 61004, 89503,
    },
    Course.NEXT_CHANNEL: {
        45015, 45047, 40003, 43019, 43101, 46004, 48002, 70000, 40036, 40037, 40246, 40247, 40249, 43116,
    },
    Course.UNFOLLOWED: {43004, 50005},
    Course.GIVE_UP: {40033, 44004, 45001, 45002, 45008, 47001, 47003, 40007, 41006},
}  # fmt: skip


@pytest.mark.parametrize(
    ("errcode", "course"), [(code, course) for course, codes in _COURSES.items() for code in sorted(codes)]
)
def test_the_platforms_errcode_decides(errcode: int, course: Course) -> None:
    judgement = judge(build_error(errcode, "", NOW))
    assert judgement.course == course
    assert judgement.errcode == errcode
    assert judgement.reason


def test_every_known_errcode_is_decided_about() -> None:
    assert set(MEANINGS) <= set().union(*_COURSES.values())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TransportError("x"), (Course.MAYBE, 30, None, False)),
        (TransportError("x", may_have_arrived=False), (Course.RETRY, 30, None, False)),
        (build_error(45011, "", NOW), (Course.RETRY, 60, 60, False)),
        (build_error(45009, "", NOW), (Course.RETRY, 15 * 3600, 15 * 3600, True)),  # until midnight in Beijing
        (build_error(40164, "", NOW), (Course.RETRY, 300, None, True)),
        (build_error(40037, "", NOW), (Course.NEXT_CHANNEL, None, None, True)),
        (build_error(45015, "", NOW), (Course.NEXT_CHANNEL, None, None, False)),
        (build_error(47003, "", NOW), (Course.GIVE_UP, None, None, True)),
        (SealError("x"), (Course.GIVE_UP, None, None, True)),
        (SendError("x"), (Course.RETRY, 30, None, False)),
        (SendError("x", errcode=451), (Course.RETRY, None, None, False)),
        (SendError("x", errcode=535, needs_operator=True), (Course.RETRY, 300, None, True)),
        (SendError("x", errcode=550, permanent=True), (Course.GIVE_UP, None, None, False)),
        (SendError("x", may_have_arrived=True), (Course.MAYBE, 30, None, False)),
    ],
    ids=lambda value: str(value)[:60],
)
def test_says_how_long_everybody_waits_and_whether_the_operator_must_know(
    error: Exception, expected: tuple[Course, float | None, float | None, bool]
) -> None:
    judged = judge(error)
    seconds = [None if span is None else span.total_seconds() for span in (judged.pause, judged.wait)]
    assert (judged.course, *seconds, judged.needs_operator) == expected


def test_only_the_persons_own_refusal_is_final() -> None:
    assert {code for code in MEANINGS if judge(build_error(code, "", NOW)).is_final} == {
        40003, 43019, 43101, 46004, 48002, 70000,
    }  # fmt: skip


def test_raises_what_is_no_answer_of_a_channel() -> None:
    with pytest.raises(ZeroDivisionError):
        judge(ZeroDivisionError())
    assert judge(WeChatError("unheard of")).course is Course.RETRY


def test_waits_longer_each_time_and_urgent_ones_less() -> None:
    usual = [next_wait(BUSY, attempts=n, is_urgent=False) for n in range(1, MOST_ATTEMPTS)]
    urgent = [next_wait(BUSY, attempts=n, is_urgent=True) for n in range(1, MOST_ATTEMPTS)]
    assert usual == sorted(usual)
    assert urgent == sorted(urgent)
    assert all(soon <= later for soon, later in zip(urgent, usual, strict=True))
    assert sum(usual, timedelta()) > timedelta(days=3)  # a day without the platform is nothing
    assert sum(urgent, timedelta()) > timedelta(days=2)
    assert next_wait(replace(BUSY, wait=2 * HOUR), attempts=1, is_urgent=True) == 2 * HOUR


def test_a_channel_that_fails_again_pauses_longer_until_it_works() -> None:
    pauses, at = Pauses(), NOW
    lengths = []
    for _ in range(6):
        pauses.pause("mail", timedelta(seconds=30), at)
        pauses.pause("mail", timedelta(seconds=30), at)  # another thread found out as well
        end = pauses.find_end("mail", at)
        assert end is not None
        lengths.append((end - at).total_seconds())
        assert pauses.find_end("customer", at) is None
        at = end
        assert pauses.find_end("mail", at) is None
    assert lengths == [30, 60, 120, 240, 300, 300]
    assert LONGEST_PAUSE.total_seconds() == 300
    pauses.pause("customer", 15 * HOUR, at)
    assert pauses.find_end("customer", at + 14 * HOUR) == at + 15 * HOUR
    pauses.end("mail")
    pauses.pause("mail", timedelta(seconds=30), at)
    assert pauses.find_end("mail", at) == at + timedelta(seconds=30)
