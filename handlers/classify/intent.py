"""What the sender wants, when it is no emergency: shape of the whole message first, then rules against the hazard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from handlers.classify.category import ENOUGH, Choice
from handlers.classify.cues import Rule
from handlers.classify.emergency import Scope
from handlers.classify.types import Intent

# Messages longer than this are never "only" a greeting or a thank-you.
_LONGEST_SHAPE = 24
# A hazard with many cues is not turned into something else by one weak phrase.
_STRONGEST_HAZARD = 6
# How strong the way an event is told (演练, 怎么办, 新闻) speaks against a hazard.
_HINT = 6
_WHOLE_HINT = 7
_INTENTS = {intent.value: intent for intent in Intent}


def intent_by_shape(levelled: str, shapes: Mapping[Intent, re.Pattern[str]]) -> Intent | None:
    """Return the intent of a message that is nothing but polite words, a greeting or a call for help."""
    if len(levelled) > _LONGEST_SHAPE:
        return None
    for intent, pattern in shapes.items():
        if pattern.fullmatch(levelled):
            return intent
    return None


def intent_by_rules(
    rules: Sequence[Rule], order: Mapping[str, int], choice: Choice, signs: int, hint: Scope | None
) -> tuple[Intent, Rule | None]:
    """Return the strongest intent and its rule.

    The hazard's strength is the points of its category and its `signs`; `hint` is what the way of telling an
    event suggests (a drill, a question), it wins over a weak hazard.
    """
    hazard = min(choice.points + signs, _STRONGEST_HAZARD) if choice.points + signs >= ENOUGH else 0
    best, best_key = None, (0, 0)
    for rule in rules:
        key = (rule.weight, -order[intent_of(rule)])
        if best is None or key > best_key:
            best, best_key = rule, key
    if hint is not None:
        strength = _WHOLE_HINT if hint.where == "message" else _HINT
        if strength > max(hazard, best_key[0]):
            return hint.means, None
    if best is not None and best.weight >= hazard:
        return intent_of(best), best
    return (Intent.HAZARD if hazard else Intent.UNKNOWN), None


def intent_of(rule: Rule) -> Intent:
    """Return the intent a rule speaks for; a redirect speaks for non_safety."""
    return _INTENTS["non_safety"] if rule.part == "redirect" else _INTENTS[rule.owner]
