"""Which channel a notice leaves by, or why it does not leave now. Pure: from facts to a choice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.notify.judging import Course, Judgement
from storage.outbox import Channel, NoticeState
from storage.sends import Window

AWAKE = timedelta(minutes=10)  # who wrote so recently is not disturbed by an answer, whatever the hour

_CHAT = (Channel.CUSTOMER, Channel.TEMPLATE)
TO_REPORTER = _CHAT
TO_STAFF = (*_CHAT, Channel.MAIL)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a choice depends on.

    `channels` are those that would do, in their order. `opens_at` is when the office is open next, which may be now;
    `tomorrow_at` is when the next day's notices begin. `paused` has the ends of pauses, `tried` what came of those
    channels that were tried just now.
    """

    now: datetime
    channels: tuple[Channel, ...]
    is_urgent: bool = False
    is_result: bool = False
    is_gone: bool = False
    has_chat: bool = False
    has_template: bool = False
    has_mail: bool = False
    is_duty: bool = False
    window: Window = field(default_factory=Window)
    opens_at: datetime | None = None
    tomorrow_at: datetime | None = None
    told_today: int = 0
    most_today: int = 10
    paused: Mapping[Channel, datetime] = field(default_factory=dict)
    tried: Mapping[Channel, Judgement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """By which channel to send, or else the state that the notice gets; `due_at` for one that waits."""

    channel: Channel | None = None
    state: NoticeState = NoticeState.SENDING
    reason: str = ""
    due_at: datetime | None = None


def choose(facts: Facts) -> Choice:
    """Return by which channel a notice leaves now, or that it waits, is held, dropped or given up, and why."""
    if facts.is_gone:
        return Choice(state=NoticeState.DROPPED, reason="收的人或渠道已经不在了")
    if facts.channels == TO_REPORTER and not facts.has_chat:
        return Choice(state=NoticeState.DROPPED, reason="对方已取消关注")
    waits_until = _find_wait(facts)
    if waits_until is not None:
        return waits_until
    paused: list[datetime] = []
    for channel in facts.channels:
        if channel in facts.tried or not _is_open(channel, facts):
            continue
        pause_end = facts.paused.get(channel)
        if pause_end is None:
            return Choice(channel)
        paused.append(pause_end)
        if not facts.is_urgent:
            break  # the better channel will be back; what is urgent takes the next one
    if paused:
        return Choice(state=NoticeState.WAITING, reason="这个渠道暂时不通", due_at=min(paused))
    return _give_reason(facts)


def _find_wait(facts: Facts) -> Choice | None:
    if facts.is_urgent or facts.is_duty:
        return None
    if facts.told_today >= facts.most_today and facts.tomorrow_at is not None:
        return Choice(state=NoticeState.WAITING, reason="今天给这个人发得够多了", due_at=facts.tomorrow_at)
    opened_at = facts.window.opened_at
    is_awake = opened_at is not None and facts.now - opened_at <= AWAKE
    if facts.opens_at is not None and facts.opens_at > facts.now and not is_awake:
        return Choice(state=NoticeState.WAITING, reason="等上班时间再发", due_at=facts.opens_at)
    return None


def _is_open(channel: Channel, facts: Facts) -> bool:
    match channel:
        case Channel.CUSTOMER:
            return facts.has_chat and facts.window.may_spend(is_result=facts.is_result or facts.is_urgent)
        case Channel.TEMPLATE:
            return facts.has_chat and facts.has_template
        case Channel.MAIL:
            return facts.has_mail
    return True


def _give_reason(facts: Facts) -> Choice:
    retried = [judgement for judgement in facts.tried.values() if judgement.course is Course.RETRY]
    if retried:
        return Choice(state=NoticeState.WAITING, reason=retried[0].reason)
    final = [judgement for judgement in facts.tried.values() if judgement.is_final]
    if final:
        return Choice(state=NoticeState.FAILED, reason=final[0].reason)
    if facts.channels == (Channel.MAIL,):
        return Choice(state=NoticeState.FAILED, reason="没有邮箱地址")
    if not facts.has_chat and Channel.MAIL in facts.channels:
        return Choice(state=NoticeState.HELD, reason="没有绑定微信，也没有邮箱地址")
    return Choice(state=NoticeState.HELD, reason="等对方下次说话再发")


def restrict(channels: tuple[Channel, ...], wanted: Collection[str]) -> tuple[Channel, ...]:
    """Return the channels that are wanted, in their order; all of them when none is named."""
    return tuple(channel for channel in channels if channel.value in wanted) if wanted else channels
