"""One classifier over the shipped lexicon for all tests here; reading it once is enough."""

from __future__ import annotations

import pytest

from handlers.classify import Classifier, Lexicon, load_lexicon

UNITS = {
    "后沟砖厂": "后沟新型建材有限公司",
    "后沟新型建材有限公司": "后沟新型建材有限公司",
    "二矿": "八义二号煤业有限公司",
    "师庄小学": "师庄小学",
}


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return load_lexicon()


@pytest.fixture(scope="session")
def classifier(lexicon: Lexicon) -> Classifier:
    return Classifier(lexicon, UNITS)
