"""The platform's media shelf: what was sent and uploaded, in memory, for three days by the clock."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

LIFETIME = timedelta(days=3)
_FALLBACKS = {
    "image": ("image/jpeg", "jpg"),
    "thumb": ("image/jpeg", "jpg"),
    "voice": ("voice/amr", "amr"),
    "video": ("video/mp4", "mp4"),
}
_MAGICS = (
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"GIF8", "image/gif", "gif"),
    (b"#!AMR", "voice/amr", "amr"),
)


@dataclass(frozen=True, slots=True)
class Medium:
    """One picture, voice or video on the shelf."""

    media_id: str
    kind: str  # image, voice, video, thumb
    content: bytes
    content_type: str
    extension: str
    added_at: datetime


class MediaShelf:
    """Keeps the newest media within a number and a sum of bytes; older ones fall off."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        token_bytes: Callable[[int], bytes],
        *,
        max_items: int,
        max_bytes: int,
    ) -> None:
        self._clock = clock
        self._token_bytes = token_bytes
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._items: OrderedDict[str, Medium] = OrderedDict()
        self._bytes = 0

    def add_media(self, kind: str, content: bytes) -> str:
        """Keep the bytes and return their media id."""
        content_type, extension = sniff_content(content) or _FALLBACKS[kind]
        media_id = base64.urlsafe_b64encode(self._token_bytes(48)).decode("ascii")
        medium = Medium(media_id, kind, content, content_type, extension, self._clock())
        with self._lock:
            self._items[media_id] = medium
            self._bytes += len(content)
            while len(self._items) > 1 and (len(self._items) > self._max_items or self._bytes > self._max_bytes):
                _, dropped = self._items.popitem(last=False)
                self._bytes -= len(dropped.content)
        return media_id

    def find_media(self, media_id: str) -> Medium | None:
        """Return a medium that is not older than three days."""
        medium = self.find_picture(media_id)
        return medium if medium is not None and self._clock() - medium.added_at < LIFETIME else None

    def find_picture(self, media_id: str) -> Medium | None:
        """Return a medium of any age: PicUrl links outlive the media id."""
        with self._lock:
            return self._items.get(media_id)


def sniff_content(content: bytes) -> tuple[str, str] | None:
    """Return content type and file extension by the first bytes, or None for anything else than chat media."""
    for magic, content_type, extension in _MAGICS:
        if content.startswith(magic):
            return content_type, extension
    return ("video/mp4", "mp4") if content[4:8] == b"ftyp" else None
