"""What the phones show, kept in a folder: the week that was played before the page opens is still in every chat."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bot.simulator.platform import Platform
from bot.simulator.records import Bubble

_CHATS = "chats.jsonl"


def save_phones(platform: Platform, folder: Path) -> None:
    """Write every known person's chat and the photos in it."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    with (folder / _CHATS).open("w", encoding="utf-8") as chats:
        for person in platform.people:
            for bubble in platform.chats.list_bubbles(person.openid):
                if bubble.picture_id and bubble.picture_id not in files:
                    files[bubble.picture_id] = _save_picture(platform, bubble.picture_id, folder)
                line = {"openid": person.openid, **asdict(bubble), "at": bubble.at.isoformat()}
                chats.write(json.dumps({**line, "file": files.get(bubble.picture_id, "")}, ensure_ascii=False) + "\n")


def load_phones(platform: Platform, folder: Path) -> None:
    """Put back what was saved; does nothing where nothing was."""
    path = folder / _CHATS
    if not path.exists():
        return
    pictures: dict[str, str] = {}
    with path.open(encoding="utf-8") as chats:
        for line in chats:
            saved = json.loads(line)
            picture_id = saved["picture_id"]
            if picture_id and picture_id not in pictures:
                content = (folder / saved["file"]).read_bytes() if saved["file"] else b""
                pictures[picture_id] = platform.media.add_media("image", content) if content else ""
            _put_back(platform, saved, pictures.get(picture_id, ""))


def _save_picture(platform: Platform, picture_id: str, folder: Path) -> str:
    medium = platform.media.find_picture(picture_id)
    if medium is None:
        return ""
    name = f"{hashlib.sha256(medium.content).hexdigest()[:24]}.{medium.extension}"
    (folder / name).write_bytes(medium.content)
    return name


def _put_back(platform: Platform, saved: dict[str, object], picture_id: str) -> Bubble:
    point, rows = saved["point"], saved["rows"]
    return platform.chats.add_bubble(
        str(saved["openid"]),
        saved["side"],  # type: ignore[arg-type]  # as it was written
        str(saved["kind"]),
        str(saved["text"]),
        datetime.fromisoformat(str(saved["at"])),
        picture_id=picture_id,
        point=None if point is None else tuple(point),  # type: ignore[arg-type]
        rows=tuple(tuple(row) for row in rows),  # type: ignore[attr-defined]
        link=str(saved["link"]),
        client_key=str(saved["client_key"]),
    )
