"""What is no hazard and no command: thanks, questions, things for people, and everything unknown."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from handlers import texts
from handlers.answers import SILENCE, Answer
from handlers.classify import Intent
from handlers.conversation import phrases
from handlers.message import Kind, Message
from handlers.services import Services
from storage.reports import gathering
from storage.reports.gathering import RecentReport
from storage.reports.tables import ReportState

_ANSWERS = {
    Intent.SMALL_TALK: Answer(texts.SMALL_TALK),
    Intent.REWARD_QUESTION: Answer(texts.REWARD),
    Intent.SAFETY_QUESTION: Answer(texts.SAFETY_QUESTION, is_for_people=True),
    Intent.CHECK_IN: Answer(texts.RECORD, is_for_people=True),
    Intent.ACTIVITY_RECORD: Answer(texts.RECORD, is_for_people=True),
    Intent.RECTIFICATION: Answer(texts.FOR_PEOPLE, is_for_people=True),
    Intent.DISPUTE: Answer(texts.FOR_PEOPLE, is_for_people=True),
    Intent.SPAM: SILENCE,
}
# Events that the platform sends by itself or beside a message that says the same; nobody needs to look at them.
_ROUTINE_EVENTS = frozenset(
    {
        "location", "view", "view_miniprogram", "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto",
        "pic_photo_or_album", "pic_weixin", "location_select", "templatesendjobfinish", "masssendjobfinish",
        "subscribe_msg_popup_event", "subscribe_msg_change_event", "subscribe_msg_sent_event", "user_info_modified",
        "kf_create_session", "kf_close_session", "kf_switch_session", "user_authorize_invoice", "enter",
    }
)  # fmt: skip
_WHO_TOLD = ("谁反映", "谁举报", "谁报的", "谁说的", "谁告")


def register(robot: Any, services: Services) -> None:
    """Attach the last handlers; each of them answers whatever comes."""

    @robot.text
    @robot.voice
    def answer_words(message: Message, db: Connection) -> Answer:
        heard = message.understanding
        if phrases.is_unsupported(message.text):
            return Answer(texts.UNSUPPORTED, is_for_people=True)
        match heard.intent:
            case Intent.ACKNOWLEDGEMENT:
                return Answer(texts.THANKS) if "谢" in message.text else SILENCE
            case Intent.NON_SAFETY:
                return Answer(texts.redirect(heard.redirect))
            case Intent.PRIVACY_QUESTION:
                is_prying = any(cue in message.text for cue in _WHO_TOLD)
                return Answer(texts.PRIVACY_REFUSED if is_prying else texts.PRIVACY)
        if not message.text.strip():
            return Answer(texts.EMPTY_TEXT)
        if heard.intent is Intent.UNKNOWN and phrases.says_nothing(message.text):
            return Answer(texts.PROMPT_REPORT if phrases.is_opener(message.text) else texts.SMALL_TALK)
        return _ANSWERS.get(heard.intent, Answer(texts.NOT_UNDERSTOOD, is_for_people=True))

    @robot.link
    def receive_link(message: Message, db: Connection) -> Answer:
        report = _gathering_now(message, db)
        if report is None:
            return Answer(texts.LINK, is_for_people=True)
        return Answer(texts.LINK, report.id, is_for_people=True)

    @robot.handler
    def leave_to_people(message: Message, db: Connection) -> Answer:
        is_routine = message.kind is Kind.EVENT and message.event in _ROUTINE_EVENTS
        return SILENCE if is_routine else Answer(None, is_for_people=True)


def _gathering_now(message: Message, db: Connection) -> RecentReport | None:
    recent = gathering.list_recent(db, message.reporter_id)
    return next((report for report in recent if report.state is ReportState.GATHERING), None)
