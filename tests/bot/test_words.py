"""Every code that the database can hold has a Chinese word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pytest

from bot import words
from bot.admin.rights import RIGHTS
from handlers.classify.types import Category, Intent, Level
from handlers.message import Kind
from media.errors import Reason as MediaReason
from storage.attachments import AttachmentState, Reason
from storage.messages import MessageState
from storage.reports.duplicates import Reason as TwinReason
from storage.reports.tables import ReportState
from storage.reports.transitions import Action
from storage.staff import Role

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        pytest.param(ReportState, words.STATES, id="states"),
        pytest.param(Category, words.CATEGORIES, id="categories"),
        pytest.param(Level, words.LEVELS, id="levels"),
        pytest.param(Level, words.LEVEL_MEANINGS, id="meanings of levels"),
        pytest.param(("look", "description", "place"), words.MISSING, id="missing pieces"),
        pytest.param(Role, words.ROLES, id="roles"),
        pytest.param(("photo", "voice", "video"), words.ATTACHMENT_KINDS, id="kinds of attachments"),
        pytest.param(AttachmentState, words.ATTACHMENT_STATES, id="states of attachments"),
        pytest.param(Reason, words.REASONS, id="reasons of attachments"),
        pytest.param(MediaReason, words.REASONS, id="reasons of the media side"),
        pytest.param(TwinReason, words.TWIN_REASONS, id="reasons of duplicates"),
        pytest.param(MessageState, words.MESSAGE_STATES, id="states of messages"),
        pytest.param(Intent, words.INTENTS, id="intents"),
        pytest.param(Kind, words.MESSAGE_KINDS, id="kinds of messages"),
        pytest.param(Action, words.HISTORY_ACTIONS, id="verdicts"),
        pytest.param(
            ("open", "submit", "withdraw", "purge", "take_in"), words.HISTORY_ACTIONS, id="other steps of a report"
        ),
    ],
)
def test_every_code_has_a_chinese_word(codes: Iterable[str], said: Mapping[str, str]) -> None:
    without = [str(code) for code in codes if not CHINESE.search(said.get(str(code), ""))]
    assert without == []


def test_every_role_has_its_rights() -> None:
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("", ""),
        ("place", "还缺\uff1a地点"),
        ("look,description,place", "还缺\uff1a照片或录音、说明、地点"),
    ],
)
def test_says_what_is_missing(missing: str, said: str) -> None:
    assert words.say_missing(missing) == said


def test_says_a_changed_category_in_words() -> None:
    said = words.say_note("recategorise", "UNK P2 → ELEC P1\n照片里看得清楚")
    assert said == "还没分类\uff0c一般 → 用电\uff0c疑似重大\n照片里看得清楚"


def test_says_an_unknown_reason_is_unknown() -> None:
    assert words.say_reason("something_new") == "原因不明"
