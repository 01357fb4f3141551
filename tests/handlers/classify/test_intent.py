"""What people want, and the sixty sample messages of the township."""

from __future__ import annotations

from collections import Counter

import pytest

from handlers.classify import Classifier, Intent, Level
from tests.handlers.classify.tables import rows

WISHES = rows("intents.tsv")
SAMPLES = rows("samples.tsv")


@pytest.mark.parametrize(("text", "intent"), WISHES, ids=[row[0] for row in WISHES])
def test_hears_what_is_wanted(classifier: Classifier, text: str, intent: str) -> None:
    said = classifier.understand(text)
    assert said.intent == intent, said.why
    assert said.emergency is None
    assert said.level in (Level.P1, Level.P3)


def test_table_has_eight_messages_of_every_wish() -> None:
    count = Counter(intent for _, intent in WISHES)
    elsewhere = {Intent.EMERGENCY, Intent.HAZARD, Intent.UNKNOWN}
    assert all(count[intent] >= 8 for intent in Intent if intent not in elsewhere)


@pytest.mark.parametrize(
    ("text", "intent", "category", "level"), [row[1:] for row in SAMPLES], ids=[row[0] for row in SAMPLES]
)
def test_meets_the_sample_messages(classifier: Classifier, text: str, intent: str, category: str, level: str) -> None:
    said = classifier.understand(text)
    assert said.intent == intent, said.why
    assert category in ("*", said.category), said.why
    assert level in ("*", said.level), said.why


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("老板拖欠三个月工钱", "12333"),
        ("河里水都变黑了,厂子偷排", "12369"),
        ("超市卖的面包发霉了", "12315"),
        ("村里一晚上没电了", "95598"),
        ("有人在村里赌博", "110"),
        ("想离婚找谁咨询", "12348"),
        ("医保咋报销", "12393"),
        ("自来水停了两天了", "12345"),
        ("楼道堆满纸箱", ""),
    ],
)
def test_names_the_number_for_what_is_not_safety(classifier: Classifier, text: str, number: str) -> None:
    assert classifier.understand(text).redirect == number


@pytest.mark.parametrize("text", ["收到,另外楼道里又堆满纸箱了", "好的,后门还是锁着,跑不出去", "你好,路上有个大坑"])
def test_hears_the_hazard_behind_a_polite_word(classifier: Classifier, text: str) -> None:
    assert classifier.understand(text).intent is Intent.HAZARD
