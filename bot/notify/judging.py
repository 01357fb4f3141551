"""What follows from what a channel answers: one table from errors to the next step (reference/wechat.md 2.8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.notify.errors import SendError
from bot.wechat.errors import (
    DAILY_LIMIT,
    ChannelClosedError,
    ConfigurationError,
    NotFollowingError,
    PlatformBusyError,
    RateLimitError,
    ReceiverError,
    RejectedContentError,
    TemplateError,
    TokenError,
    TransportError,
    WeChatError,
)
from storage.errors import SealError
from storage.outbox import Channel

BACK_OFF = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),  # and so on
)
URGENT_BACK_OFF = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
MOST_ATTEMPTS = 20  # about four days
# How often a notice may be handed to a channel that does not say whether it took it. The platform knows a template
# message again for ten minutes; the others would show a person the same thing twice.
MOST_MAYBES = {Channel.TEMPLATE: 3}
USUAL_MOST_MAYBES = 2
MAYBE_WAIT = {Channel.TEMPLATE: timedelta(seconds=30)}
USUAL_MAYBE_WAIT = timedelta(minutes=2)
SHORT_PAUSE = timedelta(seconds=30)  # of a channel that did not answer anybody
OPERATOR_PAUSE = timedelta(minutes=5)  # of one that somebody must mend first
JITTER = 0.2  # the share of a wait that chance may add, so that a burst does not come back as a burst


class Course(StrEnum):
    """What to do next."""

    RETRY = "retry"  # it was certainly not taken
    MAYBE = "maybe"  # it may have been taken
    NEXT_CHANNEL = "next_channel"  # this one is closed to this person
    UNFOLLOWED = "unfollowed"  # nothing of the chat reaches this person any more
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows from an error; `reason` is for the staff.

    `wait` is the shortest one before the next try, `pause` for how long everybody leaves the channel alone. `is_final`
    says of a closed channel that the person's next message will not open it.
    """

    course: Course
    reason: str
    errcode: int | None = None
    wait: timedelta | None = None
    pause: timedelta | None = None
    is_final: bool = False
    needs_operator: bool = False


def judge(error: Exception) -> Judgement:
    """Return what follows from an error; one that is not a channel's is raised again."""
    if isinstance(error, SendError):
        return _judge_send_error(error)
    if isinstance(error, WeChatError):
        return _judge_wechat_error(error)
    if isinstance(error, SealError):
        return Judgement(Course.GIVE_UP, "封存的身份打不开，密钥文件不对", needs_operator=True)
    raise error


def _judge_send_error(error: SendError) -> Judgement:
    if error.permanent:
        return Judgement(Course.GIVE_UP, error.reason, error.errcode, needs_operator=error.needs_operator)
    if error.may_have_arrived:
        return Judgement(Course.MAYBE, error.reason, error.errcode, pause=SHORT_PAUSE)
    # A number is an answer about this one message; without one, nobody is there.
    pause = OPERATOR_PAUSE if error.needs_operator else SHORT_PAUSE if error.errcode is None else None
    return Judgement(
        Course.RETRY,
        error.reason,
        error.errcode,
        wait=error.retry_after,
        pause=pause,
        needs_operator=error.needs_operator,
    )


def _judge_wechat_error(error: WeChatError) -> Judgement:
    code = error.errcode
    match error:
        case TransportError() if error.may_have_arrived:
            return Judgement(Course.MAYBE, "微信没说收没收到", pause=SHORT_PAUSE)
        case TransportError():
            return Judgement(Course.RETRY, "微信连不上", pause=SHORT_PAUSE)
        case RateLimitError():
            reason = "今天的微信额度用完了" if code == DAILY_LIMIT else "发得太快，微信让等一会儿"
            wait = error.retry_after
            return Judgement(Course.RETRY, reason, code, wait, wait, needs_operator=code == DAILY_LIMIT)
        case PlatformBusyError() | TokenError():
            return Judgement(Course.RETRY, "微信忙", code, pause=SHORT_PAUSE)
        case ConfigurationError():
            return Judgement(Course.RETRY, "公众号的配置或权限不对", code, pause=OPERATOR_PAUSE, needs_operator=True)
        case ChannelClosedError():
            return Judgement(Course.NEXT_CHANNEL, "微信不让再主动发了", code)
        case NotFollowingError():
            return Judgement(Course.UNFOLLOWED, "对方没有关注公众号", code)
        case ReceiverError():
            return Judgement(Course.NEXT_CHANNEL, "对方不收公众号的消息", code, is_final=True)
        case TemplateError():
            return Judgement(Course.NEXT_CHANNEL, "模板消息的模板不对", code, needs_operator=True)
        case RejectedContentError():
            return Judgement(Course.GIVE_UP, "微信不收这样的内容", code, needs_operator=True)
    if error.permanent:
        return Judgement(Course.GIVE_UP, "微信不收", code, needs_operator=True)
    return Judgement(Course.RETRY, "微信没收", code)


def next_wait(judgement: Judgement, *, attempts: int, is_urgent: bool) -> timedelta:
    """Return how long a notice waits after so many attempts."""
    steps = URGENT_BACK_OFF if is_urgent else BACK_OFF
    step = steps[min(attempts, len(steps)) - 1]
    return step if judgement.wait is None else max(step, judgement.wait)
