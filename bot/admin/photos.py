"""Photos, voices and videos for whoever is logged in, under addresses that are signed for them and soon run out."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, current_app, request, send_file, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from bot.admin.accounts import get_member
from bot.admin.rights import Right, needs
from bot.admin.services import AdminServices, get_services
from media.errors import MissingFileError
from storage.attachments import AttachmentState, find_attachment
from storage.types import AnyRow

SIGNED_SECONDS = 600
THUMBNAIL, CLEAN = "thumbnail", "clean"
# What the media side makes; anything else is offered for saving, never opened by the browser.
SHOWN_TYPES = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
SAVED_TYPES = {  # a browser plays none of them
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/x-speex": "spx",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
}


def register(blueprint: Blueprint) -> None:
    """Put the photo view on the blueprint."""
    blueprint.get("/photos/<int:attachment_id>/<size>")(show_photo)


def build_photo_url(attachment_id: int, size: str) -> str:
    """Return the address of one copy, signed for the log-in of this request for ten minutes."""
    token = _get_signer(get_services()).dumps([attachment_id, size, get_member().get_id()])
    return url_for("admin.show_photo", attachment_id=attachment_id, size=size, t=token)


@needs(Right.READ, keeps_awake=False)
def show_photo(attachment_id: int, size: str) -> ResponseReturnValue:
    """Send one copy; 403 without a fresh signature for this very copy and log-in, 404 for what is not kept."""
    services = get_services()
    try:
        signed = _get_signer(services).loads(request.args.get("t", ""), max_age=SIGNED_SECONDS)
    except BadSignature:
        abort(403)
    if signed != [attachment_id, size, get_member().get_id()]:
        abort(403)
    with services.database.read() as db:
        row = find_attachment(db, attachment_id)
    key = "" if row is None else _get_key(row, size)
    if row is None or not key:
        abort(404)
    try:
        body = services.store.get(key)
    except MissingFileError:
        abort(404)
    content_type = "image/jpeg" if size == THUMBNAIL else row.content_type
    is_shown = content_type in SHOWN_TYPES
    extension = SHOWN_TYPES.get(content_type) or SAVED_TYPES.get(content_type)
    response = send_file(
        io.BytesIO(body),
        mimetype=content_type if extension else "application/octet-stream",
        as_attachment=not is_shown,
        download_name=f"{attachment_id}.{extension or 'bin'}",
        conditional=True,  # a player asks for parts
        etag=False,
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


def _get_key(row: AnyRow, size: str) -> str:
    if row.state != AttachmentState.KEPT:
        return ""
    keys: dict[str, str] = {THUMBNAIL: row.thumbnail_key, CLEAN: row.clean_key}
    return keys.get(size, "")


def _get_signer(services: AdminServices) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_app.secret_key or "",  # register_admin has refused an empty one
        salt="suishoupai-admin-photo",
        signer=_ClockedSigner,
        signer_kwargs={"now": services.now},
    )


class _ClockedSigner(TimestampSigner):
    """itsdangerous' signer, told the time by the clock that the program passes in."""

    def __init__(self, *args: Any, now: Callable[[], datetime], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = now

    def get_timestamp(self) -> int:
        return int(self._now().timestamp())
