"""What a handler gives back: the sentence to answer with and where the message belongs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One handler's answer; `text` None acknowledges without a word."""

    text: str | None
    report_id: int | None = None
    is_for_people: bool = False  # goes to the 未分类 box, where a person looks at it
    is_confidential: bool = False  # its words are kept sealed only
    keeps_media: bool = False  # the picture, voice or video belongs to the report
    after_photo_of: int | None = None  # the assignment that the picture shows to be done
    erases: bool = False  # the sender's identity is gone, and what was said outside of reports goes too


SILENCE = Answer(None)
