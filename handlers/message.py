"""What a handler is given: one incoming message, read, understood, and without any identity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handlers.classify import Understanding
from storage.reporters import Reporter


class Kind(StrEnum):
    """What came in; the platform's MsgType, with events apart and everything else as unknown."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    LINK = "link"
    EVENT = "event"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """A point as the platform sends it (GCJ-02 degrees); either coordinate may be missing or the label empty."""

    latitude: float | None
    longitude: float | None
    label: str


@dataclass(frozen=True, slots=True)
class Media:
    """Where the bytes of a picture, voice or video can be had for three days; nothing is fetched here."""

    kind: str  # photo, voice, video
    media_id: str
    picture_url: str
    voice_format: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one reporter; the reporter is a database row, never the platform's id."""

    reporter: Reporter
    kind: Kind
    sent_at: datetime  # CreateTime, or the time of receipt where that cannot be right
    received_at: datetime
    text: str  # what was written, said (transcript) or linked; "" for none
    understanding: Understanding
    place: Place | None = None
    media: Media | None = None
    event: str = ""  # lower-case name of the platform's event
    event_key: str = ""

    @property
    def reporter_id(self) -> int:
        """The reporter's row."""
        return self.reporter.id

    @property
    def key(self) -> str:
        """The menu key that was pressed; WeRoBot's `key_click` looks for it under this name."""
        return self.event_key
