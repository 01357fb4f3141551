"""What a reporter may ask for: progress, withdrawal, deletion, help; typed or from the menu."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from handlers import texts
from handlers.answers import Answer
from handlers.classify import Intent
from handlers.conversation import list_missing
from handlers.message import Message
from handlers.services import Services
from handlers.standing import say_standing
from handlers.steps import take_step
from storage import attachments, reporters
from storage.reports import gathering, verdicts
from storage.reports.assignments import list_after_photos
from storage.reports.tables import OPEN_STATES, ReportState
from storage.reports.taking import Doing
from storage.reports.transitions import Action, Actor, find_transition

MENU_REPORT, MENU_PROGRESS, MENU_HELP = "REPORT", "PROGRESS", "HELP"  # keys of the account's menu

_SAYS_MORE = frozenset({ReportState.ASSIGNED, ReportState.MERGED})  # of which more can be said than the state's name
_ABOUT_PICTURES = re.compile("照片|图片|图|相片|视频|语音|录音")
_ABOUT_SELF = re.compile(
    "(?:我|俺|我们|个人|身份|本人|全部|所有)(?:的|个人|身份|所有|全部|一切)*(?:信息|资料|数据|身份|名字|账号|号(?![^,。]*条))"
    "|注销|撤回同意|^(?:请|帮我|给我)*(?:删除|删掉|删了)(?:信息|资料|数据)?[,。!！\\s]*$"
)


def register(robot: Any, services: Services) -> None:
    """Attach the commands."""

    @robot.text
    @robot.voice
    def obey(message: Message, db: Connection) -> Answer | None:
        match message.understanding.intent:
            case Intent.STATUS_QUERY:
                return _show_progress(message, db, services)
            case Intent.WITHDRAWAL:
                return _withdraw(message, db, services)
            case Intent.HELP:
                return Answer(texts.HELP)
        return None

    @robot.key_click(MENU_REPORT)
    def prompt(message: Message, db: Connection) -> Answer:
        return Answer(texts.PROMPT_REPORT)

    @robot.key_click(MENU_PROGRESS)
    def show_progress(message: Message, db: Connection) -> Answer:
        return _show_progress(message, db, services)

    @robot.key_click(MENU_HELP)
    def show_help(message: Message, db: Connection) -> Answer:
        return Answer(texts.HELP)


def _show_progress(message: Message, db: Connection, services: Services) -> Answer:
    code = message.understanding.report_code
    own = gathering.list_own(db, message.reporter_id, code=code)
    if own:
        said = {report.id: say_standing(db, report.id, services) for report in own if report.state in _SAYS_MORE}
        return Answer(texts.progress(own, said))
    return Answer(texts.no_such_report(code) if code else texts.NO_REPORTS)


def _withdraw(message: Message, db: Connection, services: Services) -> Answer:
    is_about_pictures = _ABOUT_PICTURES.search(message.text) is not None
    if _ABOUT_SELF.search(message.text):
        if is_about_pictures:
            _purge_pictures(message, db, services)
        # A wish of one's own is done whatever the order of the events was.
        known = message.reporter.subscription_changed_at or message.sent_at
        reporters.erase_identity(db, message.reporter_id, at=max(message.sent_at, known), now=message.received_at)
        return Answer(texts.erased(with_pictures=is_about_pictures), erases=True)
    if is_about_pictures:
        return _purge_pictures(message, db, services)
    own = gathering.list_own(db, message.reporter_id, code=message.understanding.report_code, most=1)
    if not own or own[0].state is ReportState.WITHDRAWN:
        return Answer(texts.NOTHING_TO_WITHDRAW)
    report = own[0]
    if find_transition(Action.WITHDRAW, Actor.REPORTER, report.state) is not None:
        doing = Doing("reporter", Actor.REPORTER, message.received_at)
        take_step(db, verdicts.withdraw, report.id, doing, services.read_deadlines(db))
        return Answer(texts.withdrawn(report.code), report.id)
    if report.state not in OPEN_STATES:
        return Answer(texts.too_late_since_done(report), report.id)
    return Answer(texts.too_late_to_withdraw(report.code), report.id, is_for_people=True)


def _purge_pictures(message: Message, db: Connection, services: Services) -> Answer:
    own = gathering.list_own(db, message.reporter_id, code=message.understanding.report_code, most=1)
    if not own:
        return Answer(texts.NOTHING_TO_WITHDRAW)
    report, now = own[0], message.received_at
    of_others = [photo.id for photo in list_after_photos(db, report.id)]  # sent by the unit, not by the reporter
    attachments.purge_report_attachments(db, report.id, spared_ids=of_others)
    left = replace(report.pieces, photos=0, voices=0, videos=0)
    left = replace(left, missing=",".join(list_missing(left)))
    until = now + services.rules.gather
    gathering.add_pieces(db, report, left, sent_at=report.last_piece_at, gather_until=until, now=now)
    gathering.record_history(db, report.id, at=now, by="reporter", action="purge")
    return Answer(texts.photos_purged(report.code), report.id)
