"""Sends one notice: claims it, enters the attempt into the ledger, hands it over, and keeps what came of it.

Nothing of the network happens inside a transaction. An attempt is in the ledger before it is made: whoever finds the
notice after a crash knows that it may have arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.notify.choosing import TO_REPORTER, TO_STAFF, Choice, Facts, choose, restrict
from bot.notify.customer import send_customer
from bot.notify.errors import SendError
from bot.notify.judging import (
    JITTER,
    MAYBE_WAIT,
    MOST_ATTEMPTS,
    MOST_MAYBES,
    URGENT_BACK_OFF,
    USUAL_MAYBE_WAIT,
    USUAL_MOST_MAYBES,
    Course,
    Judgement,
    judge,
    next_wait,
)
from bot.notify.mail import build_mail, send_mail
from bot.notify.robots import send_robot
from bot.notify.services import NoticeServices
from bot.notify.template import Template, send_template
from bot.notify.words import Rendered, render
from bot.settings.duty_channels import DutyChannel
from bot.wechat.errors import WeChatError
from handlers import texts_notices as texts
from storage import outbox, sends
from storage.errors import SealError
from storage.outbox import Channel, DueNotice, NoticeState, Purpose
from storage.reports.tables import reports
from storage.sends import Addressee, Outcome, Window

_ALARMS = (Purpose.ALARM, Purpose.CONCEALED)


@dataclass(frozen=True, slots=True)
class _Target:
    """Whom a notice is for: a person, or a channel of the duty; `channels` in their order."""

    channels: tuple[Channel, ...] = ()
    person: Addressee | None = None
    duty: DutyChannel | None = None

    @property
    def is_gone(self) -> bool:
        return not self.channels or (self.person is not None and self.person.is_gone)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that is in the ledger and is to be made."""

    id: int
    channel: Channel
    target: _Target


def send_next_notice(services: NoticeServices) -> bool:
    """Send one notice that is due, or keep why it is not sent; returns whether there was one."""
    now = services.now()
    with services.database.read() as db:
        if not outbox.has_due_notice(db, now=now):
            return False
    with services.database.write() as db:
        notice = outbox.claim_next_notice(db, now=now, lease_until=now + services.lease)
    if notice is None:
        return False
    with services.database.read() as db:
        timezone = services.read_calendar(db).timezone
        rendered = render(
            db, notice, now=now, timezone=timezone, makers=services.makers, build_task_url=services.build_task_url
        )
    tried: dict[Channel, Judgement] = {}
    while True:
        with services.database.write() as db:
            attempt = _begin(db, services, notice, rendered, tried)
        if attempt is None or rendered is None:
            return True
        judgement = _hand_over(services, notice, rendered, attempt)
        if judgement is None:
            with services.database.write() as db:
                _keep_sent(db, services, notice, attempt)
            services.pauses.end(_get_pause_key(attempt.channel, notice))
            services.log.info("notice_sent", notice=notice.id, channel=attempt.channel.value)
            return True
        _tell_operator(services, notice, attempt, judgement)
        tried[attempt.channel] = judgement
        with services.database.write() as db:
            if _keep_failure(db, services, notice, attempt, judgement):
                return True


def _begin(
    db: Connection,
    services: NoticeServices,
    notice: DueNotice,
    rendered: Rendered | None,
    tried: dict[Channel, Judgement],
) -> _Attempt | None:
    """Enter the next attempt into the ledger; None when the notice is settled or put off instead."""
    now = services.now()
    if rendered is None:
        outbox.settle_notice(db, notice, NoticeState.DROPPED, now=now, reason="到该发的时候已经不用发了")
        return None
    if notice.attempts > MOST_ATTEMPTS:
        _give_up(db, services, notice, "试了很多次都没送到")
        return None
    target = _find_target(db, services, notice)
    choice = choose(_gather_facts(db, services, notice, target, tried, now))
    if choice.channel is None:
        _follow(db, services, notice, choice, tried, now)
        return None
    if sends.count_maybes(db, notice.id, choice.channel) >= MOST_MAYBES.get(choice.channel, USUAL_MOST_MAYBES):
        _leave_open(db, services, notice)
        return None
    reporter_id = None
    if choice.channel in TO_REPORTER and target.person is not None:
        reporter_id = target.person.reporter_id
    send_id = sends.begin_send(db, notice, choice.channel, reporter_id=reporter_id, now=now)
    return _Attempt(send_id, choice.channel, target)


def _find_target(db: Connection, services: NoticeServices, notice: DueNotice) -> _Target:
    wanted = notice.fields.get("channels", ())
    if notice.reporter_id is not None:
        return _Target(restrict(TO_REPORTER, wanted), sends.find_addressee(db, notice))
    if notice.staff_id is not None:
        return _Target(restrict(TO_STAFF, wanted), sends.find_addressee(db, notice))
    duty = services.duty.get(notice.recipient)
    if duty is None:
        return _Target()
    if duty.kind == "staff":
        person = sends.find_staff_addressee(db, duty.address)
        return _Target(() if person is None else TO_STAFF, person, duty)
    if duty.kind == "mail":
        return _Target((Channel.MAIL,), Addressee(None, None, False, duty.address), duty)
    return _Target((Channel(duty.kind),), None, duty)


def _gather_facts(
    db: Connection,
    services: NoticeServices,
    notice: DueNotice,
    target: _Target,
    tried: dict[Channel, Judgement],
    now: datetime,
) -> Facts:
    person = target.person
    window, has_chat, has_mail = Window(), False, False
    if person is not None:
        has_chat, has_mail = person.has_chat, bool(person.mail and services.mail.host)
        if person.reporter_id is not None:
            sends.serialise_sends(db, person.reporter_id)
            window = sends.find_window(db, person.reporter_id, now=now)
    calendar = services.read_calendar(db)
    midnight = datetime.combine(calendar.get_day(now), datetime.min.time(), calendar.timezone)
    paused = {
        channel: end
        for channel in target.channels
        if (end := services.pauses.find_end(_get_pause_key(channel, notice), now)) is not None
    }
    return Facts(
        now=now,
        channels=target.channels,
        is_urgent=notice.is_urgent,
        is_result=notice.is_result,
        is_gone=target.is_gone,
        has_chat=has_chat,
        has_template=_get_template(services, notice) is not None,
        has_mail=has_mail,
        is_duty=target.duty is not None,
        window=window,
        opens_at=calendar.next_opening(now),
        tomorrow_at=calendar.next_opening(midnight + timedelta(days=1)),
        told_today=outbox.count_told(db, notice.recipient, since=midnight),
        most_today=services.most_per_recipient_per_day,
        paused=paused,
        tried=tried,
    )


def _follow(
    db: Connection,
    services: NoticeServices,
    notice: DueNotice,
    choice: Choice,
    tried: dict[Channel, Judgement],
    now: datetime,
) -> None:
    """Keep a choice not to send now."""
    if choice.due_at is not None:  # nobody's attempt: everybody waits
        outbox.put_off_notice(db, notice, due_at=choice.due_at, reason=choice.reason, is_counted=False)
    elif choice.state is NoticeState.WAITING:
        refusals = [judgement for judgement in tried.values() if judgement.course is Course.RETRY]
        _retry(db, services, notice, min(refusals, key=lambda refusal: refusal.wait or timedelta()))
    elif choice.state is NoticeState.HELD and notice.recipient in services.duty:
        # No message of theirs will release it, and somebody must hear of the emergency.
        services.log.error("duty_cannot_be_reached", notice=notice.id, recipient=notice.recipient)
        _retry(db, services, notice, Judgement(Course.RETRY, choice.reason))
    elif choice.state is NoticeState.FAILED:
        _give_up(db, services, notice, choice.reason)
    else:
        outbox.settle_notice(db, notice, choice.state, now=now, reason=choice.reason)
        services.log.info("notice_settled", notice=notice.id, state=choice.state.value)


def _hand_over(services: NoticeServices, notice: DueNotice, rendered: Rendered, attempt: _Attempt) -> Judgement | None:
    """Make an attempt; None when the channel accepted it."""
    try:
        match attempt.channel:
            case Channel.CUSTOMER:
                send_customer(services.client, _open_openid(services, attempt.target), rendered)
            case Channel.TEMPLATE:
                template = _get_template(services, notice)
                if template is None:
                    raise ValueError("a template was chosen that is not there")
                openid = _open_openid(services, attempt.target)
                send_template(services.client, openid, template, rendered, notice_id=notice.id)
            case Channel.MAIL:
                address = "" if attempt.target.person is None else attempt.target.person.mail
                mail = build_mail(services.mail, address, rendered, notice_id=notice.id, now=services.now())
                send_mail(services.mail, mail)
            case _:
                send_robot(services.robots[notice.recipient], rendered, now=services.now())
    except (WeChatError, SendError, SealError) as error:
        return judge(error)
    return None


def _open_openid(services: NoticeServices, target: _Target) -> str:
    sealed = None if target.person is None else target.person.openid_sealed
    if sealed is None:
        raise SealError("no identity to open")
    return services.vault.open(sealed, "openid").decode()


def _keep_sent(db: Connection, services: NoticeServices, notice: DueNotice, attempt: _Attempt) -> None:
    now = services.now()
    sends.finish_send(db, attempt.id, Outcome.SENT)
    is_first = outbox.settle_notice(db, notice, NoticeState.SENT, now=now)
    if is_first and notice.purpose is Purpose.ALARM:
        _tell_reporter(db, notice, now)


def _tell_reporter(db: Connection, notice: DueNotice, now: datetime) -> None:
    """Tell the reporter of an emergency that the duty knows, now that a channel has accepted the alarm."""
    if notice.report_id is None:
        return
    report = db.execute(select(reports.c.code, reports.c.reporter_id).where(reports.c.id == notice.report_id)).one()
    if report.reporter_id is not None:
        outbox.add_notice(
            db,
            recipient=f"reporter:{report.reporter_id}",
            purpose=Purpose.DUTY_TOLD,
            subject=f"report:{notice.report_id}",
            report_id=notice.report_id,
            words=texts.duty_told(report.code),
            is_urgent=True,
            is_result=True,
            now=now,
        )


def _keep_failure(
    db: Connection, services: NoticeServices, notice: DueNotice, attempt: _Attempt, judgement: Judgement
) -> bool:
    """Keep what came of a failed attempt; False when another channel is to be tried at once."""
    outcome = Outcome.MAYBE if judgement.course is Course.MAYBE else Outcome.REFUSED
    sends.finish_send(db, attempt.id, outcome, errcode=judgement.errcode, reason=judgement.reason)
    match judgement.course:
        case Course.MAYBE:
            most = MOST_MAYBES.get(attempt.channel, USUAL_MOST_MAYBES)
            if sends.count_maybes(db, notice.id, attempt.channel) >= most:
                _leave_open(db, services, notice)
            else:
                wait = URGENT_BACK_OFF[1] if notice.is_urgent else MAYBE_WAIT.get(attempt.channel, USUAL_MAYBE_WAIT)
                outbox.put_off_notice(db, notice, due_at=services.now() + wait, reason=judgement.reason)
            return True
        case Course.RETRY:
            if not notice.is_urgent:
                _retry(db, services, notice, judgement)
            return not notice.is_urgent
        case Course.UNFOLLOWED:
            if attempt.target.person is not None and attempt.target.person.reporter_id is not None:
                sends.mark_not_following(db, attempt.target.person.reporter_id)
            return False
        case Course.GIVE_UP:
            _give_up(db, services, notice, judgement.reason)
            return True
    return False


def _retry(db: Connection, services: NoticeServices, notice: DueNotice, judgement: Judgement) -> None:
    if notice.attempts >= MOST_ATTEMPTS:
        _give_up(db, services, notice, f"试了 {notice.attempts} 次都没送到：{judgement.reason}")
        return
    wait = next_wait(judgement, attempts=notice.attempts, is_urgent=notice.is_urgent)
    chance = 1 + JITTER * int(services.random_hex(4), 16) / 0xFFFF
    outbox.put_off_notice(db, notice, due_at=services.now() + wait * chance, reason=judgement.reason)


def _leave_open(db: Connection, services: NoticeServices, notice: DueNotice) -> None:
    """Settle a notice of which nobody knows whether it arrived: once more could be once too often."""
    reason = "可能送到了，对方没回话，没有再发"
    if outbox.settle_notice(db, notice, NoticeState.MAYBE, now=services.now(), reason=reason):
        _log_undelivered(services, notice, NoticeState.MAYBE)


def _give_up(db: Connection, services: NoticeServices, notice: DueNotice, reason: str) -> None:
    if outbox.settle_notice(db, notice, NoticeState.FAILED, now=services.now(), reason=reason):
        _log_undelivered(services, notice, NoticeState.FAILED)


def _log_undelivered(services: NoticeServices, notice: DueNotice, state: NoticeState) -> None:
    """An alarm that reached nobody is itself an alarm."""
    write = services.log.error if notice.purpose in _ALARMS else services.log.warning
    write("notice_not_delivered", notice=notice.id, purpose=notice.purpose.value, state=state.value)


def _tell_operator(services: NoticeServices, notice: DueNotice, attempt: _Attempt, judgement: Judgement) -> None:
    """Let everybody leave the channel alone where that is wise, and log what somebody must mend."""
    channel = attempt.channel
    if judgement.pause is not None:
        services.pauses.pause(_get_pause_key(channel, notice), judgement.pause, services.now())
    write = services.log.error if judgement.needs_operator else services.log.info
    write(
        "channel_needs_the_operator" if judgement.needs_operator else "notice_not_taken",
        notice=notice.id,
        channel=channel.value,
        course=judgement.course.value,
        errcode=judgement.errcode,
    )


def _get_pause_key(channel: Channel, notice: DueNotice) -> str:
    """Return what pauses together: a channel for everybody, but each robot by itself."""
    is_robot = channel in (Channel.WECOM, Channel.DINGTALK, Channel.FEISHU)
    return notice.recipient if is_robot else channel.value


def _get_template(services: NoticeServices, notice: DueNotice) -> Template | None:
    if notice.purpose is Purpose.DIGEST:  # a week does not go into a few short fields
        return None
    return services.progress_template if notice.reporter_id is not None else services.reminder_template
