"""What an understanding consists of: intents, levels, categories and the record that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Intent(StrEnum):
    """What the sender wants; one per message."""

    EMERGENCY = "emergency"
    HAZARD = "hazard"
    CONCEALED_ACCIDENT = "concealed_accident"
    CHECK_IN = "check_in"
    ACTIVITY_RECORD = "activity_record"
    RECTIFICATION = "rectification"
    DISPUTE = "dispute"
    STATUS_QUERY = "status_query"
    WITHDRAWAL = "withdrawal"
    PRIVACY_QUESTION = "privacy_question"
    REWARD_QUESTION = "reward_question"
    SAFETY_QUESTION = "safety_question"
    NON_SAFETY = "non_safety"
    ACKNOWLEDGEMENT = "acknowledgement"
    SMALL_TALK = "small_talk"
    SPAM = "spam"
    HELP = "help"
    LOCATION = "location"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """How urgent: P0 happening now, P1 suspected major or acute, P2 general, P3 minor."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Category(StrEnum):
    """The 18 hazard categories of the township, and UNK for what people must decide."""

    MINE = "MINE"
    CONF = "CONF"
    HOTW = "HOTW"
    ELEC = "ELEC"
    GAS = "GAS"
    HEAT = "HEAT"
    EBIK = "EBIK"
    FIRE = "FIRE"
    WILD = "WILD"
    CONS = "CONS"
    MACH = "MACH"
    CHEM = "CHEM"
    AGRI = "AGRI"
    ROAD = "ROAD"
    WATR = "WATR"
    GEOL = "GEOL"
    FLOD = "FLOD"
    MGMT = "MGMT"
    UNK = "UNK"


@dataclass(frozen=True, slots=True)
class Emergency:
    """Something happening now: its kind, the numbers to dial, most important first, one line of self-rescue."""

    kind: str
    phones: tuple[str, ...]
    advice: str


@dataclass(frozen=True, slots=True)
class MajorSuspect:
    """A hint that a national standard may call this a major hazard; a person decides."""

    standard: str
    version: str
    cue: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the words of one message seem to say; suggestions only, people decide."""

    text: str
    intent: Intent
    category: Category
    level: Level
    emergency: Emergency | None
    major_suspect: MajorSuspect | None
    unit: str | None
    place: str
    anonymous: bool
    another: bool
    correction: tuple[str, str] | None
    redirect: str
    report_code: str
    why: tuple[str, ...]


def no_words(intent: Intent = Intent.UNKNOWN) -> Understanding:
    """Build the understanding of a message without words, such as a picture or a point on the map."""
    return Understanding(
        text="",
        intent=intent,
        category=Category.UNK,
        level=Level.P2 if intent is Intent.HAZARD else Level.P3,
        emergency=None,
        major_suspect=None,
        unit=None,
        place="",
        anonymous=False,
        another=False,
        correction=None,
        redirect="",
        report_code="",
        why=(),
    )
