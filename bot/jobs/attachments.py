"""Fetches one photo, voice or video from the platform and keeps safe copies of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from bot.jobs.services import JobServices
from bot.wechat.errors import (
    AddressError,
    ConfigurationError,
    MediaGoneError,
    RateLimitError,
    TokenError,
    TooLargeError,
    TransportError,
    WeChatError,
)
from media.errors import MediaError, StoreError
from media.hashes import sha256_hex, to_signed
from media.images import make_clean_photo
from media.store import make_key
from media.voice import check_video, make_playable
from storage import attachments
from storage.attachments import AttachmentState, DueAttachment, KeptCopy, Reason

BACK_OFF = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),  # and so on until the platform has forgotten it
)
JITTER = 0.2  # the share of a delay that chance may add, so that a burst does not come back as a burst
OPERATOR_DELAY = timedelta(minutes=5)  # how soon after the operator has mended something photos come again
CLAIM = timedelta(minutes=5)  # longer than the client's bounds for all sources of one attachment together

_PURPOSE = "photo"  # what the vault binds originals to, voices as well
_SUFFIXES = {
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/x-speex": "spx",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "video/webm": "webm",
}

Failure: TypeAlias = WeChatError | MediaError


@dataclass(frozen=True, slots=True)
class _Copies:
    """The files to write, by key, and what the row will say of them."""

    files: dict[str, bytes] = field(repr=False)
    row: KeptCopy


@dataclass(frozen=True, slots=True)
class _Delay:
    reason: Reason
    wait: timedelta
    hits_everybody: bool  # then it is not counted against this attachment, and the others had better wait too


def fetch_next_attachment(services: JobServices) -> bool:
    """Fetch one attachment that is due; return whether to go on with the next one at once.

    False when nothing is due, and when the next one would fail in the same way: wrong credentials, a used-up quota, a
    full disk. Files are written before the row says so: a crash leaves at worst a file that nothing names.
    """
    now = services.now()
    with services.database.write() as db:
        due = attachments.claim_next_due(db, now=now, next_try_at=now + CLAIM)
        if due is None:
            return False
        # If this one takes the process down, it does so less and less often.
        next_try_at = now + CLAIM + _get_back_off(due.attempts)
        attachments.mark_retry(db, due.id, reason=Reason.INTERRUPTED, due_at=next_try_at)
    failures: list[Failure] = []
    refused = b""
    for fetch in _list_sources(services, due):
        try:
            content = fetch()
        except WeChatError as error:
            failures.append(error)
            continue
        try:
            copies = _make_copies(services, due.kind, content)
        except MediaError as error:
            failures.append(error)
            refused = refused or content
            continue
        _alarm(services, due, failures)
        return _keep(services, due, copies)
    _alarm(services, due, failures)
    if all(failure.permanent for failure in failures):
        return _give_up(services, due, failures, refused)
    return _put_off(services, due, next(failure for failure in failures if not failure.permanent))


def _list_sources(services: JobServices, due: DueAttachment) -> Iterator[Callable[[], bytes]]:
    client, limits = services.client, services.limits
    most_bytes = {"voice": limits.max_voice_bytes, "video": limits.max_video_bytes}.get(due.kind, limits.max_bytes)
    if due.media_id:
        yield lambda: client.get_media(due.media_id, most_bytes=most_bytes).content
    if due.picture_url:
        yield lambda: client.get_picture(due.picture_url, most_bytes=most_bytes).content


def _make_copies(services: JobServices, kind: str, content: bytes) -> _Copies:
    if kind == "photo":
        photo = make_clean_photo(content, services.limits)
        clean_key, thumbnail_key = _make_key(services, "photos", "jpg"), _make_key(services, "thumbnails", "jpg")
        original_key = _make_key(services, "originals", "sealed")
        return _Copies(
            {
                clean_key: photo.clean,
                thumbnail_key: photo.thumbnail,
                original_key: services.vault.seal(content, _PURPOSE),
            },
            KeptCopy(
                "image/jpeg",
                len(content),
                photo.sha256,
                clean_key,
                original_key,
                thumbnail_key,
                photo.width,
                photo.height,
                to_signed(photo.difference_hash),
            ),
        )
    if kind == "voice":
        playable = make_playable(content, services.limits)
        clean_key = _make_key(services, "voices", _SUFFIXES[playable.content_type])
        original_key = _make_key(services, "originals", "sealed")
        return _Copies(
            {clean_key: playable.content, original_key: services.vault.seal(content, _PURPOSE)},
            KeptCopy(playable.content_type, len(content), sha256_hex(content), clean_key, original_key),
        )
    content_type = check_video(content, services.limits).value
    clean_key = _make_key(services, "videos", _SUFFIXES[content_type])
    return _Copies(
        {clean_key: content}, KeptCopy(content_type, len(content), sha256_hex(content), clean_key, original_key="")
    )


def _make_key(services: JobServices, kind: str, suffix: str) -> str:
    return make_key(kind, suffix, services.random_hex(32).lower())


def _keep(services: JobServices, due: DueAttachment, copies: _Copies) -> bool:
    trouble = _write_files(services, copies.files)
    if trouble is not None:
        return _put_off(services, due, trouble)
    with services.database.write() as db:
        is_kept = attachments.mark_kept(db, due.id, copies.row, now=services.now())
    if is_kept:
        services.log.info("attachment_kept", attachment=due.id, kind=due.kind, attempts=due.attempts)
    else:  # purged meanwhile, or kept by somebody who had waited out our claim
        _delete_files(services, copies.files)
    return True


def _give_up(services: JobServices, due: DueAttachment, failures: list[Failure], refused: bytes) -> bool:
    state, reason = _settle(failures)
    files = {_make_key(services, "originals", "sealed"): services.vault.seal(refused, _PURPOSE)} if refused else {}
    trouble = _write_files(services, files)
    if trouble is not None:
        return _put_off(services, due, trouble)
    with services.database.write() as db:
        is_settled = attachments.mark_gone(db, due.id, state, reason=reason, original_key=next(iter(files), ""))
    if not is_settled:
        _delete_files(services, files)
    services.log.warning("attachment_given_up", attachment=due.id, kind=due.kind, state=state, reason=reason)
    return True


def _put_off(services: JobServices, due: DueAttachment, failure: Failure) -> bool:
    now = services.now()
    delay = _get_delay(failure, due.attempts)
    facts = {"attachment": due.id, "kind": due.kind, "attempts": due.attempts, "error": str(failure)}
    with services.database.write() as db:
        if now >= due.expires_at:
            attachments.mark_gone(db, due.id, AttachmentState.LOST, reason=Reason.EXPIRED)
        else:
            attachments.mark_retry(
                db,
                due.id,
                reason=delay.reason,
                due_at=min(now + _jitter(services, delay.wait), due.expires_at),
                is_counted=not delay.hits_everybody,
            )
    if now >= due.expires_at:
        services.log.error("attachment_lost", reason=Reason.EXPIRED, **facts)
    else:
        services.log.warning("attachment_put_off", reason=delay.reason, **facts)
    return not delay.hits_everybody


def _settle(failures: list[Failure]) -> tuple[AttachmentState, Reason]:
    """Return what an attachment is when every source has failed for good; what was seen counts above what was not."""
    for failure in failures:
        if isinstance(failure, MediaError):
            return AttachmentState.REFUSED, _to_reason(failure)
    first = failures[0]
    if isinstance(first, TooLargeError):
        return AttachmentState.REFUSED, Reason.TOO_LARGE
    if isinstance(first, AddressError):
        return AttachmentState.REFUSED, Reason.ADDRESS_REFUSED
    if isinstance(first, MediaGoneError):
        return AttachmentState.LOST, Reason.MEDIA_GONE
    return AttachmentState.LOST, Reason.REFUSED_BY_PLATFORM


def _get_delay(failure: Failure, attempts: int) -> _Delay:
    if isinstance(failure, ConfigurationError):
        return _Delay(Reason.MISCONFIGURED, OPERATOR_DELAY, hits_everybody=True)
    if isinstance(failure, TokenError):
        return _Delay(Reason.TOKEN_REFUSED, OPERATOR_DELAY, hits_everybody=True)
    if isinstance(failure, RateLimitError):
        return _Delay(Reason.RATE_LIMITED, failure.retry_after, hits_everybody=True)
    if isinstance(failure, StoreError):
        return _Delay(_to_reason(failure), OPERATOR_DELAY, hits_everybody=True)
    if isinstance(failure, MediaError):
        return _Delay(_to_reason(failure), _get_back_off(attempts), hits_everybody=False)
    is_silent = isinstance(failure, TransportError) or failure.errcode == -1
    reason = Reason.UNREACHABLE if is_silent else Reason.REFUSED_BY_PLATFORM
    return _Delay(reason, _get_back_off(attempts), hits_everybody=False)


def _get_back_off(attempts: int) -> timedelta:
    return BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1]


def _jitter(services: JobServices, wait: timedelta) -> timedelta:
    return wait * (1 + JITTER * int(services.random_hex(4), 16) / 0xFFFF)


def _to_reason(failure: MediaError) -> Reason:
    try:
        return Reason(failure.reason.value)
    except ValueError:
        return Reason.STORE_UNAVAILABLE  # the rest are mistakes in how the store is set up


def _write_files(services: JobServices, files: dict[str, bytes]) -> StoreError | None:
    """Write all files or none; return what went wrong."""
    written: list[str] = []
    for key, content in files.items():
        try:
            services.store.put(key, content)
        except StoreError as error:
            _delete_files(services, written)
            return error
        written.append(key)
    return None


def _delete_files(services: JobServices, keys: dict[str, bytes] | list[str]) -> None:
    for key in keys:
        try:
            services.store.delete(key)
        except StoreError as error:
            services.log.error("file_not_deleted", key=key, error=str(error))


def _alarm(services: JobServices, due: DueAttachment, failures: list[Failure]) -> None:
    """Tell the operator what nobody else can mend, also where another source helped this time."""
    for failure in failures:
        if isinstance(failure, ConfigurationError):
            services.log.error("wechat_refuses_our_configuration", attachment=due.id, error=str(failure))
