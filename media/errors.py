"""What media refuses, as typed errors with a stable reason for the database."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why bytes were refused or a file could not be kept; the value is stored, so it never changes."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_COMPLEX = "too_complex"  # so many blocks or passes that reading it would take minutes
    NOT_A_PICTURE = "not_a_picture"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DAMAGED = "damaged"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_A_VOICE = "not_a_voice"
    NOT_A_VIDEO = "not_a_video"
    BAD_STORE_URL = "bad_store_url"
    BAD_KEY = "bad_key"
    KEY_TAKEN = "key_taken"
    MISSING_FILE = "missing_file"
    DISK_FULL = "disk_full"
    STORE_UNAVAILABLE = "store_unavailable"
    STORE_FORKED = "store_forked"


class MediaError(Exception):
    """Raised when media refuses something; `permanent` is False when a later try may go through.

    The text is safe to log: it holds no file content and no key of a file.
    """

    def __init__(self, reason: Reason, detail: str = "", *, permanent: bool = True) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.permanent = permanent


class PhotoError(MediaError):
    """Raised when bytes are no photo that can be shown."""


class VoiceError(MediaError):
    """Raised when bytes are no voice recording, or too many of them."""


class VideoError(MediaError):
    """Raised when bytes are no video, or too many of them."""


class StoreError(MediaError):
    """Raised when the store cannot keep, find or delete a file."""


class KeyTakenError(StoreError):
    """Raised when other bytes are already kept under the key."""


class MissingFileError(StoreError):
    """Raised when no file is kept under the key."""
