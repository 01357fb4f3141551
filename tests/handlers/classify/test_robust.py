"""Any text is understood, whole sets of unseen messages well enough."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.classify import MAX_ANALYSED_CHARACTERS, Classifier, Intent, load_lexicon
from tests.handlers.classify.tables import rows

SHARED = Classifier(load_lexicon())
ANY_CHARACTER = st.characters(exclude_categories=())
PIECES = [word for name in ("emergencies.tsv", "intents.tsv") for row in rows(name) for word in row[0].split(",")]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(ANY_CHARACTER, max_size=300),
        st.lists(st.sampled_from(PIECES) | st.text(ANY_CHARACTER, max_size=5), max_size=20).map("".join),
    )
)
def test_never_raises(text: str) -> None:
    said = SHARED.understand(text)
    assert said.text == text
    assert (said.intent is Intent.EMERGENCY) is (said.emergency is not None)


@pytest.mark.parametrize(
    "piece",
    ["好", "了的", "不是", "1", "-", "着火", "a ", "\u200b", "ﷺ", "\ud800", "👌", "火\n", "更正", "编号", "\x00"],
)
def test_reads_only_the_head_of_twenty_kilobytes(classifier: Classifier, piece: str) -> None:
    text = piece * (20_000 // len(piece))
    said = classifier.understand(text)
    assert said.text == text
    assert said.why == classifier.understand(text[:MAX_ANALYSED_CHARACTERS]).why


@pytest.mark.parametrize("text", ["", " ", "\n", "。。。", "123456", "asdf", "\ud83d", "?!"])
def test_finds_nothing_in_nothing(classifier: Classifier, text: str) -> None:
    said = classifier.understand(text)
    assert said.intent in (Intent.UNKNOWN, Intent.HELP)
    assert said.why == ()


@pytest.mark.parametrize("name", ["fresh.tsv", "fresh2.tsv", "fresh3.tsv", "fresh4.tsv", "fresh5.tsv"])
def test_understands_whole_sets_of_messages(classifier: Classifier, name: str) -> None:
    """The sets were written before the words that serve them; a new word must not cost an old message."""
    told = [(row, classifier.understand(row[0])) for row in rows(name)]
    alive = [said.emergency is not None for row, said in told if row[3] != "-"]
    calm = [said.emergency is None for row, said in told if row[3] == "-"]
    wishes = [said.intent in row[1].split("|") for row, said in told]
    filed = [said.category in row[2].split("|") for row, said in told if row[2] not in "*-"]
    assert sum(alive) >= 0.98 * len(alive)
    assert sum(calm) >= 0.97 * len(calm)
    assert sum(wishes) >= 0.93 * len(wishes)
    assert sum(filed) >= 0.90 * len(filed)
