"""First understanding of a message: emergency, intent, category, level, place; rules from editable lexicons."""

from __future__ import annotations

from handlers.classify.classifier import MAX_ANALYSED_CHARACTERS, Classifier
from handlers.classify.lexicon import Lexicon, LexiconError, load_lexicon
from handlers.classify.types import (
    Category,
    Emergency,
    Intent,
    Level,
    MajorSuspect,
    Understanding,
    no_words,
)

__all__ = [
    "MAX_ANALYSED_CHARACTERS",
    "Category",
    "Classifier",
    "Emergency",
    "Intent",
    "Level",
    "Lexicon",
    "LexiconError",
    "MajorSuspect",
    "Understanding",
    "load_lexicon",
    "no_words",
]
