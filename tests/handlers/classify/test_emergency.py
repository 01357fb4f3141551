"""Live events are told from drills, questions, memories, metaphors and news."""

from __future__ import annotations

import pytest

from handlers.classify import Category, Classifier, Intent, Level
from tests.handlers.classify.tables import rows

ALIVE = rows("emergencies.tsv")
LOOK_ALIKE = rows("lookalikes.tsv")


@pytest.mark.parametrize(("text", "kinds"), ALIVE, ids=[row[0] for row in ALIVE])
def test_hears_an_emergency(classifier: Classifier, text: str, kinds: str) -> None:
    said = classifier.understand(text)
    assert said.emergency is not None, said.why
    assert said.emergency.kind in kinds.split("|"), said.why
    assert said.intent is Intent.EMERGENCY
    assert said.level is Level.P0
    assert said.emergency.phones
    assert said.emergency.advice


@pytest.mark.parametrize(("text", "intents"), LOOK_ALIKE, ids=[row[0] for row in LOOK_ALIKE])
def test_stays_calm_at_a_look_alike(classifier: Classifier, text: str, intents: str) -> None:
    said = classifier.understand(text)
    assert said.emergency is None, said.why
    assert said.level is not Level.P0
    assert said.intent in intents.split("|"), said.why


@pytest.mark.parametrize(
    ("text", "alive"),
    [
        ("演练开始,假设302着火", False),
        ("演练的时候真着了", True),
        ("没着火,就是冒烟味", True),
        ("去年着过火", False),
        ("差点着了", False),
        ("着火了咋办", False),
        ("我家着火了咋办", True),
        ("有人触电了怎么办", True),
        ("该怎么救触电的人", False),
        ("昨晚掉进水库的娃现在还没捞上来", True),
        ("上个月有个娃掉进过水库", False),
        ("外地有个烟花厂炸了", False),
        ("是不是着火了,楼上好大烟", True),
        ("好像着火了", True),
        ("着 火 了", True),
        ("着火了!!!快来人", True),
        ("著火了,樓上全是濃煙", True),
    ],
)
def test_minds_tense_and_mood(classifier: Classifier, text: str, alive: bool) -> None:
    assert (classifier.understand(text).emergency is not None) is alive


def test_names_the_phones_most_important_first(classifier: Classifier) -> None:
    said = classifier.understand("他下去掏泵没动静了,喊不应")
    assert said.emergency is not None
    assert said.emergency.phones == ("120", "119")
    assert "千万别跟着下去" in said.emergency.advice
    assert said.category is Category.CONF


def test_tells_a_live_event_under_pressure_to_hush_up(classifier: Classifier) -> None:
    said = classifier.understand("埋了三个人还在里面,矿长不让往外说")
    assert said.intent is Intent.EMERGENCY


def test_explains_why_an_event_was_taken_back(classifier: Classifier) -> None:
    assert "着火 → 演练,不按险情" in classifier.understand("消防演练,模拟宿舍着火").why[0]
