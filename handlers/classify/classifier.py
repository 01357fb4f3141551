"""From the text of one message to its understanding; pure and fast, every decision with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handlers.classify.category import ENOUGH, Choice, choose_category
from handlers.classify.cues import Hit, Rule, Words, fired, present_in, spoken
from handlers.classify.emergency import Finding, Scope
from handlers.classify.intent import intent_by_rules, intent_by_shape, intent_of
from handlers.classify.lexicon import Lexicon
from handlers.classify.marks import find_correction, find_report_code
from handlers.classify.place import find_place
from handlers.classify.types import Category, Intent, Level, MajorSuspect, Understanding

# Only the head of a longer text is read; a spoken report is a few dozen characters, WeChat allows 2,048 bytes.
MAX_ANALYSED_CHARACTERS = 2000
# Intents under which the category of the thing spoken of is worth showing.
_ABOUT_A_HAZARD = frozenset((Intent.HAZARD, Intent.RECTIFICATION, Intent.DISPUTE, Intent.STATUS_QUERY))
# Letters that may stand before and after a place without saying anything more.
_ROUND_A_PLACE = "在,。的这里儿位置地点址是:我就俺们"
# Members of an enumeration are slow to look up in Python 3.11; this is the webhook's hot path.
_EMERGENCY = Intent.EMERGENCY
_HAZARD = Intent.HAZARD
_CONCEALED_ACCIDENT = Intent.CONCEALED_ACCIDENT
_STATUS_QUERY = Intent.STATUS_QUERY
_NON_SAFETY = Intent.NON_SAFETY
_LOCATION = Intent.LOCATION
_UNKNOWN = Intent.UNKNOWN
_UNK = Category.UNK
_CATEGORIES = {category.value: category for category in Category}


class Classifier:
    """Understands texts by a lexicon and the unit names (alias -> canonical name) of the township."""

    def __init__(self, lexicon: Lexicon, units: Mapping[str, str] = {}) -> None:
        self._lexicon = lexicon
        self._aliases = Words()
        self._units: dict[str, str] = {}
        for alias, canonical in units.items():
            spelled = lexicon.normaliser.clean(lexicon.normaliser.level(alias, MAX_ANALYSED_CHARACTERS))
            if spelled:
                self._aliases.word(spelled)
                self._units[spelled] = canonical

    def understand(self, text: str) -> Understanding:
        """Return what `text` seems to say; never raises, reads the first 2,000 characters."""
        lexicon = self._lexicon
        levelled = lexicon.normaliser.level(text, MAX_ANALYSED_CHARACTERS)
        copy = lexicon.normaliser.clean(levelled)
        hits = lexicon.words.scan(copy)
        present = present_in(hits)
        by_part: dict[str, list[Rule]] = {}
        for rule in fired(hits, present):
            by_part.setdefault(rule.part, []).append(rule)

        finding = lexicon.emergencies.find(copy, hits, present)
        choice = choose_category(hits, by_part.get("category", ()), lexicon.category_ranks)
        code = find_report_code(levelled)
        correction = find_correction(levelled)
        place = self._place(copy, hits, correction)
        intent, reason = self._intent(levelled, finding, by_part, choice, code)
        if intent in (_UNKNOWN, _HAZARD) and _is_only_place(copy, place, correction, choice, by_part.get("intent", ())):
            intent = _LOCATION

        marks = [rule.owner for rule in by_part.get("mark", ())]
        emergency = finding.kind if finding and intent is _EMERGENCY else None
        category = self._category(intent, choice, emergency.category if emergency else "")
        major = self._major(by_part, hits) if intent in (_HAZARD, _EMERGENCY) else None
        return Understanding(
            text=text,
            intent=intent,
            category=category,
            level=_level(intent, major, by_part),
            emergency=emergency.emergency if emergency else None,
            major_suspect=major,
            unit=self._unit(copy, correction),
            place=place,
            anonymous="anonymous" in marks,
            another="another" in marks,
            correction=correction,
            redirect=_redirect(by_part) if intent is _NON_SAFETY else "",
            report_code=code,
            why=self._why(hits, finding, reason, choice, category, major),
        )

    def _intent(
        self,
        levelled: str,
        finding: Finding | None,
        by_part: Mapping[str, list[Rule]],
        choice: Choice,
        code: str,
    ) -> tuple[Intent, Rule | None]:
        rules = by_part.get("intent", [])
        order = self._lexicon.intent_order
        if finding and finding.kind:
            for rule in rules:
                if rule.owner == _CONCEALED_ACCIDENT:
                    return _CONCEALED_ACCIDENT, rule
            return _EMERGENCY, None
        shape = intent_by_shape(levelled, self._lexicon.shapes)
        if shape is not None:
            return shape, None
        signs = max((rule.weight for rule in rules if rule.owner == _HAZARD), default=0)
        hint: Scope | None = None
        if finding and finding.scope:
            if finding.scope.means is _HAZARD:
                signs = max(signs, ENOUGH)
            else:
                hint = finding.scope
        wishes = [rule for rule in rules if rule.owner != _HAZARD]
        if redirects := by_part.get("redirect"):
            wishes.extend(redirects)
        intent, reason = intent_by_rules(wishes, order, choice, signs, hint)
        if intent is _UNKNOWN and code:
            return _STATUS_QUERY, reason
        return intent, reason

    @staticmethod
    def _category(intent: Intent, choice: Choice, of_emergency: str) -> Category:
        if intent is _CONCEALED_ACCIDENT:
            return _CATEGORIES["MGMT"]
        if intent is _EMERGENCY and choice.points < 3:
            return _CATEGORIES[of_emergency]
        if intent is _EMERGENCY or intent in _ABOUT_A_HAZARD:
            return _CATEGORIES[choice.code]
        return _UNK

    def _place(self, copy: str, hits: list[Hit], correction: tuple[str, str] | None) -> str:
        if correction is None:
            return find_place(copy, hits, self._lexicon.place_stops)
        right = self._lexicon.normaliser.clean(correction[1])
        return find_place(right, self._lexicon.words.scan(right), self._lexicon.place_stops)

    def _major(self, by_part: Mapping[str, list[Rule]], hits: list[Hit]) -> MajorSuspect | None:
        for rule in by_part.get("major", ()):
            standard = self._lexicon.standards[rule.owner]
            return MajorSuspect(standard.name, standard.version, spoken(rule, hits))
        return None

    def _unit(self, copy: str, correction: tuple[str, str] | None) -> str | None:
        if not self._units:
            return None
        texts = (correction[1], copy) if correction else (copy,)
        for text in texts:
            hits = self._aliases.scan(text)
            if hits:
                return self._units[max(hits, key=lambda hit: (hit[1] - hit[0], -hit[0]))[2].text]
        return None

    def _why(
        self,
        hits: list[Hit],
        finding: Finding | None,
        reason: Rule | None,
        choice: Choice,
        category: Category,
        major: MajorSuspect | None,
    ) -> tuple[str, ...]:
        why: list[str] = []
        if finding:
            if finding.kind:
                why.append(f"{finding.words} → 险情:{finding.kind.label}")
            elif finding.scope:
                why.append(f"{finding.words} → {finding.scope.name},不按险情")
        if reason is not None:
            why.append(f"{spoken(reason, hits)} → {self._lexicon.intent_names[intent_of(reason)]}")
        if category is not _UNK and choice.code == category.value and choice.words:
            why.append(f"{' + '.join(choice.words)} → {self._lexicon.category_names[choice.code]}")
        if major is not None:
            why.append(f"{major.cue} → 疑似重大,待人工核定")
        return tuple(why)


def _is_only_place(
    copy: str, place: str, correction: tuple[str, str] | None, choice: Choice, rules: Sequence[Rule]
) -> bool:
    """Say whether nothing but a place was said, be it by putting another one right."""
    if correction is not None:
        return bool(place)
    told_more = any(rule.owner == _HAZARD for rule in rules)
    return bool(place) and not told_more and len(copy.strip(_ROUND_A_PLACE)) <= len(place) + 1


def _level(intent: Intent, major: MajorSuspect | None, by_part: Mapping[str, list[Rule]]) -> Level:
    if intent is _EMERGENCY:
        return Level.P0
    if intent is _CONCEALED_ACCIDENT or major is not None:
        return Level.P1
    if intent is not _HAZARD:
        return Level.P3
    levels = {rule.owner for rule in by_part.get("level", ())}
    if "P1" in levels:
        return Level.P1
    return Level.P3 if "P3" in levels else Level.P2


def _redirect(by_part: Mapping[str, list[Rule]]) -> str:
    rules = by_part.get("redirect", [])
    return max(rules, key=lambda rule: rule.weight).owner if rules else ""
