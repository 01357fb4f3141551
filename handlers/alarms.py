"""The duty is alarmed of an emergency, and the one or two named people of a suspected concealed accident.

The notices are in the transaction of the message that they are about. Nothing is promised to the sender here: that
somebody was told is said by whoever sends the notices, after a channel has accepted one.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from handlers.classify import Emergency
from handlers.message import Message
from handlers.services import Services
from handlers.texts import quote
from storage import outbox
from storage.outbox import Purpose
from storage.reports.export import mask_numbers
from storage.reports.gathering import Pieces, RecentReport
from storage.types import to_milliseconds

CONCEALED = "有一条封存的线索，请登录后台“密件”看。"
MOST_QUOTED = 60  # characters of the sender's words

# What the duty has to know of an emergency first; the names are those of the lexicon.
KINDS = {
    "mine": "井下险情",
    "chemical": "危化品泄漏",
    "gas": "燃气泄漏",
    "electric": "触电",
    "poison": "中毒窒息",
    "drowning": "落水",
    "blast": "爆炸",
    "wildfire": "山林火",
    "fire": "着火",
    "burial": "埋压坍塌",
    "geology": "山洪地灾",
    "crash": "车祸",
    "injury": "有人受伤",
    "violence": "轻生或伤人",
    "help": "求救",
}
_OWN_NAME = re.compile(r"((?:我|俺)(?:是|叫|姓|名叫|名字叫)(?!在|说|们))[\u4e00-\u9fff]{2,4}?(?=[,，。.!！:：、\s]|$)")
_DIGITS = re.compile(r"\d{5,}")  # what is no phone number to a machine may be one to a neighbour


def raise_alarm(
    db: Connection, services: Services, message: Message, report: RecentReport, before: Pieces | None
) -> None:
    """Tell every duty channel of an emergency: when it becomes known, and once more when it is known better.

    `before` is what the report knew before this message. Better means where it is, or that it is worse than it was.
    That there is only one further notice keeps a frightened sender from ringing the duty at every line.
    """
    if not report.pieces.is_emergency or not services.duty_channels:
        return
    emergency = message.understanding.emergency
    if before is None or not before.is_emergency:
        _tell(db, services, message, report, f"report:{report.id}", _word_alarm(report, message, emergency))
    elif _has_place(report.pieces) and not _has_place(before):
        _tell(db, services, message, report, f"report:{report.id}:place", _word_place(report))
    elif _has_place(before) and emergency is not None and emergency.kind not in _known_kinds(before):
        words = _word_alarm(report, message, emergency, is_again=True)
        _tell(db, services, message, report, f"report:{report.id}:place", words)


def tell_confidential(db: Connection, services: Services, message: Message) -> None:
    """Tell the named people that there is something to read, and not a word of it."""
    now = message.received_at
    for recipient in services.confidential_to:
        outbox.add_notice(
            db,
            recipient=recipient,
            purpose=Purpose.CONCEALED,
            subject=f"concealed:{to_milliseconds(now)}",
            words=CONCEALED,
            is_urgent=True,
            now=now,
        )


def _tell(db: Connection, services: Services, message: Message, report: RecentReport, subject: str, words: str) -> None:
    emergency = message.understanding.emergency
    for recipient in services.duty_channels:
        outbox.add_notice(
            db,
            recipient=recipient,
            purpose=Purpose.ALARM,
            subject=subject,
            report_id=report.id,
            words=words,
            fields={"kind": emergency.kind if emergency is not None else ""},
            is_urgent=True,
            now=message.received_at,
        )


def _word_alarm(report: RecentReport, message: Message, emergency: Emergency | None, *, is_again: bool = False) -> str:
    """Return what the duty reads: the sender's words in short, because lives may hang on them, and never who it is."""
    kind = KINDS.get(emergency.kind, "险情") if emergency is not None else "险情"
    phones = "/".join(emergency.phones) if emergency is not None else "119/120"
    said = _quote(message.text or report.pieces.description)
    return (
        f"【险情{'又报' if is_again else ''}】{report.code} {kind}。地点：{_say_place(report.pieces)}。"
        f"{f'原话：“{said}”。' if said else ''}请马上核实，先打 {phones} 没有。"
    )


def _word_place(report: RecentReport) -> str:
    return f"【险情地点】{report.code} 在：{_say_place(report.pieces)}。请马上核实。"


def _quote(words: str) -> str:
    known = _OWN_NAME.sub(r"\1某某", words)
    masked = _DIGITS.sub(lambda found: found[0][:3] + "*" * (len(found[0]) - 3), mask_numbers(known))
    return quote(masked, MOST_QUOTED).rstrip("。")


def _say_place(pieces: Pieces) -> str:
    label = quote(mask_numbers(pieces.place_label), 40)
    if pieces.latitude is None or pieces.longitude is None:
        return label or "还不知道"
    point = f"{pieces.latitude:.5f},{pieces.longitude:.5f}"
    return f"{label}（{point}）" if label else point


def _has_place(pieces: Pieces) -> bool:
    return bool(pieces.place_label) or pieces.latitude is not None


def _known_kinds(before: Pieces) -> set[str]:
    """Return the kinds that were told of before, read from the reasons kept with a report, such as 着火了 → 险情:火."""
    told = {line.partition("险情:")[2] for line in before.why.split("\n") if "险情:" in line}
    return {kind for kind, label in KINDS.items() if label in told or (kind == "fire" and "火" in told)}
