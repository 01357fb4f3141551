"""Fetching attachments: what is kept, refused, lost or put off, and that nothing of a purged one stays."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

import media.errors
from bot.jobs.attachments import BACK_OFF, CLAIM, OPERATOR_DELAY, fetch_next_attachment
from bot.simulator.faults import Fault
from bot.wechat.client import FetchedMedia
from bot.wechat.errors import build_error
from media.errors import StoreError
from media.hashes import sha256_hex
from media.limits import Limits
from media.store import MediaStore
from storage.attachments import (
    AttachmentState,
    Reason,
    attachments,
    claim_next_due,
    mark_retry,
    purge_report_attachments,
)
from storage.database import Database
from tests.bot.jobs.fetching import LIFETIME, Fetching
from tests.bot.wechat.setting import Clock
from tests.factories import make_photo, make_report
from tests.pictures import make_jpeg

PHOTO = make_jpeg(1600, 1200)
AMR = b"#!AMR\n" + bytes([0x3C]) + bytes(31)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"vide" + b"v" * 3000
LATER = 1.1  # what the middle of the jitter makes of a delay


def is_about(actual: timedelta, wanted: timedelta) -> bool:
    """Return whether a delay is the wanted one, jitter counted in."""
    return abs(actual - wanted * LATER) < timedelta(seconds=1)


def test_has_no_work_when_nothing_is_due(fetching: Fetching) -> None:
    assert not fetching.run()


def test_keeps_a_photo_clean_small_and_sealed(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.reason, row.due_at, row.attempts) == (AttachmentState.KEPT, "", None, 1)
    assert (row.width, row.height, row.content_type) == (1600, 1200, "image/jpeg")
    assert (row.byte_count, row.sha256) == (len(PHOTO), sha256_hex(PHOTO))
    assert row.difference_hash is not None
    assert row.fetched_at == fetching.setting.clock.at
    original = fetching.store.get(row.original_key)
    assert PHOTO[:500] not in original
    assert fetching.setting.vault.open(original, "photo") == PHOTO
    assert fetching.store.get(row.clean_key)[:3] == fetching.store.get(row.thumbnail_key)[:3] == b"\xff\xd8\xff"
    assert len(fetching.list_files()) == 3
    assert not fetching.run()


def test_keeps_a_voice_playable_and_sealed(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(AMR * 20, "voice")
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert row.state == AttachmentState.KEPT
    assert row.content_type in {"audio/mpeg", "audio/amr"}
    assert fetching.store.get(row.clean_key)
    assert fetching.setting.vault.open(fetching.store.get(row.original_key), "photo") == AMR * 20
    assert (row.thumbnail_key, row.width) == ("", None)


@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "video_url"])
def test_keeps_a_video_as_sent(fetching: Fetching, as_bytes: bool) -> None:
    fetching.setting.platform.switches.video_as_bytes = as_bytes
    attachment_id, _ = fetching.add_sent(MP4, "video")
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.content_type, row.byte_count) == (AttachmentState.KEPT, "video/mp4", len(MP4))
    assert fetching.store.get(row.clean_key) == MP4
    assert fetching.list_files() == [row.clean_key]


def test_takes_the_photo_from_its_address_when_the_media_id_is_gone(fetching: Fetching) -> None:
    url = fetching.setting.platform.get_picture_url(fetching.setting.platform.media.add_media("image", PHOTO))
    attachment_id = fetching.add(media_id="gone", picture_url=url)
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT


def test_takes_the_photo_from_its_address_when_there_is_no_media_id(fetching: Fetching) -> None:
    url = fetching.setting.platform.get_picture_url(fetching.setting.platform.media.add_media("image", PHOTO))
    attachment_id = fetching.add(picture_url=url)
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT
    assert fetching.setting.count_calls("media/get") == 0


def test_does_not_ask_the_address_when_the_media_id_is_good(fetching: Fetching) -> None:
    fetching.add_sent(PHOTO, with_url=True)
    fetching.run()
    assert fetching.setting.count_calls("mmbiz") == 0


LOST_OR_REFUSED: dict[str, tuple[bytes | None, Fault | None, AttachmentState, Reason]] = {
    "unknown media id": (None, None, AttachmentState.LOST, Reason.MEDIA_GONE),
    "no picture": (b"hello", None, AttachmentState.REFUSED, Reason.NOT_A_PICTURE),
    "a picture in name only": (b"\xff\xd8\xff" + b"x" * 500, None, AttachmentState.REFUSED, Reason.DAMAGED),
    "too many bytes": (PHOTO, Fault.pour(4_000_000), AttachmentState.REFUSED, Reason.TOO_LARGE),
    "another kind of file": (b"%PDF-1.7 " + b"x" * 99, None, AttachmentState.REFUSED, Reason.NOT_A_PICTURE),
    "too many pixels": (make_jpeg(2000, 2000), None, AttachmentState.REFUSED, Reason.TOO_MANY_PIXELS),
}


@pytest.mark.parametrize(("content", "fault", "state", "reason"), LOST_OR_REFUSED.values(), ids=LOST_OR_REFUSED)
def test_settles_what_will_never_be_a_photo(
    fetching: Fetching, content: bytes | None, fault: Fault | None, state: AttachmentState, reason: Reason
) -> None:
    fetching.services = fetching.make_services(limits=Limits(max_bytes=2_000_000, max_pixels=3_000_000))
    attachment_id = fetching.add(media_id="gone") if content is None else fetching.add_sent(content)[0]
    if fault is not None:
        fetching.setting.platform.faults.plan("media/get", fault)
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.reason, row.due_at, row.clean_key) == (state, reason, None, "")
    was_seen = state is AttachmentState.REFUSED and reason is not Reason.TOO_LARGE
    assert fetching.list_files() == ([row.original_key] if was_seen else [])
    if was_seen:
        assert fetching.setting.vault.open(fetching.store.get(row.original_key), "photo") == content


@pytest.mark.parametrize(
    ("url", "reason"),
    [("https://evil.example/0", Reason.ADDRESS_REFUSED), ("http://169.254.169.254/", Reason.ADDRESS_REFUSED)],
)
def test_refuses_an_address_that_is_none_of_the_platforms(fetching: Fetching, url: str, reason: Reason) -> None:
    attachment_id = fetching.add(picture_url=url)
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.reason) == (AttachmentState.REFUSED, reason)


@pytest.mark.parametrize("kind", ["voice", "video"])
def test_refuses_what_is_no_voice_and_no_video(fetching: Fetching, kind: str) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO, kind)
    fetching.setting.platform.switches.video_as_bytes = True
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.reason) == (AttachmentState.REFUSED, f"not_a_{kind}")


PUT_OFF: dict[str, tuple[Fault, Reason, timedelta, int, bool]] = {
    # what happens, why it waits, how long, how many tries count, whether others go on at once
    "500": (Fault.answer_status(500), Reason.UNREACHABLE, BACK_OFF[0], 1, True),
    "a page": (Fault.answer_html(), Reason.UNREACHABLE, BACK_OFF[0], 1, True),
    "nothing": (Fault.answer_nothing(), Reason.UNREACHABLE, BACK_OFF[0], 1, True),
    "a redirect": (Fault.redirect("http://127.0.0.1:9/"), Reason.UNREACHABLE, BACK_OFF[0], 1, True),
    "cut off": (Fault.cut(), Reason.UNREACHABLE, BACK_OFF[0], 1, True),
    "one byte at a time": (Fault.drip(0.1), Reason.UNREACHABLE, BACK_OFF[0], 1, True),
    "busy": (Fault.refuse(-1), Reason.UNREACHABLE, BACK_OFF[0], 1, True),
    "an unknown errcode": (Fault.refuse(99999), Reason.REFUSED_BY_PLATFORM, BACK_OFF[0], 1, True),
    "a refused token": (Fault.refuse(40001), Reason.TOKEN_REFUSED, OPERATOR_DELAY, 0, False),
    "a minute's quota": (Fault.refuse(45011), Reason.RATE_LIMITED, timedelta(seconds=60), 0, False),
    "a day's quota": (Fault.refuse(45009), Reason.RATE_LIMITED, timedelta(hours=15), 0, False),
    "no permission": (Fault.refuse(48001), Reason.MISCONFIGURED, OPERATOR_DELAY, 0, False),
}


@pytest.mark.parametrize(("fault", "reason", "wait", "attempts", "goes_on"), PUT_OFF.values(), ids=PUT_OFF)
def test_puts_off_what_may_come_later(
    fetching: Fetching, fault: Fault, reason: Reason, wait: timedelta, attempts: int, goes_on: bool
) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)
    fetching.setting.platform.faults.plan_always("media/get", fault)
    assert fetching.run() is goes_on
    row = fetching.get_row(attachment_id)
    assert (row.state, row.reason, row.attempts) == (AttachmentState.PENDING, reason, attempts)
    assert is_about(row.due_at - fetching.setting.clock.at, wait)
    assert fetching.list_files() == []
    fetching.setting.platform.faults.clear()
    fetching.setting.clock.at = row.due_at
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT


@pytest.mark.parametrize("trouble", ["secret", "IP list"])
def test_waits_for_the_operator_without_losing_photos(fetching: Fetching, trouble: str) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)
    client = fetching.client
    if trouble == "secret":
        fetching.services = fetching.make_services(client=fetching.setting.make_client(secret="wrong-one"))
    else:
        fetching.setting.platform.switches.allowed_addresses = frozenset({"192.0.2.1"})
    for _ in range(50):
        assert not fetching.run()
        row = fetching.get_row(attachment_id)
        assert (row.reason, row.attempts) == (Reason.MISCONFIGURED, 0)
        fetching.setting.clock.at = row.due_at
    assert fetching.list_alarms() == ["wechat_refuses_our_configuration"] * 50
    fetching.setting.platform.switches.allowed_addresses = None
    fetching.services.client.close()
    fetching.services = fetching.make_services(client=client)
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT


def test_needs_no_token_for_a_photo_with_an_address_but_still_alarms(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO, with_url=True)
    fetching.setting.platform.switches.allowed_addresses = frozenset({"192.0.2.1"})
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT
    assert fetching.list_alarms() == ["wechat_refuses_our_configuration"]


def test_is_put_off_while_one_of_two_sources_may_still_answer(fetching: Fetching) -> None:
    attachment_id = fetching.add(media_id="gone", picture_url=f"{fetching.setting.url}/mmbiz/x/0")
    fetching.setting.platform.faults.plan("mmbiz", Fault.answer_status(500))
    assert fetching.run()
    assert fetching.get_row(attachment_id).reason == Reason.UNREACHABLE
    fetching.setting.clock.at = fetching.get_row(attachment_id).due_at
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.reason) == (AttachmentState.LOST, Reason.MEDIA_GONE)


def test_backs_off_until_the_platform_has_forgotten_it(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)
    fetching.setting.platform.faults.plan_always("media/get", Fault.answer_status(500))
    began, delays = fetching.setting.clock.at, []
    while (row := fetching.get_row(attachment_id)).due_at is not None:
        fetching.setting.clock.at = row.due_at
        assert fetching.run()
        if fetching.get_row(attachment_id).due_at is not None:
            delays.append(fetching.get_row(attachment_id).due_at - fetching.setting.clock.at)
    for actual, wanted in zip(delays, (*BACK_OFF, BACK_OFF[-1], BACK_OFF[-1]), strict=False):
        assert is_about(actual, wanted)
    assert (row.state, row.reason) == (AttachmentState.LOST, Reason.EXPIRED)
    assert fetching.setting.clock.at == began + LIFETIME, "the last try is at the very end"
    assert 20 < len(delays) < 35
    assert fetching.list_alarms() == ["attachment_lost"]


def test_tries_once_more_what_came_due_too_late(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO, with_url=True)
    fetching.setting.clock.at += LIFETIME * 2
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT, "its address outlives the media id"


class FaultyStore(MediaStore):
    """A store whose n-th write fails."""

    def __init__(self, url: str, *, fails_at: int, reason: media.errors.Reason) -> None:
        super().__init__(url)
        self._left = fails_at
        self._reason = reason

    def put(self, key: str, content: bytes) -> None:
        """Keep a file, or fail."""
        self._left -= 1
        if self._left == 0:
            raise StoreError(self._reason, permanent=False)
        super().put(key, content)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (media.errors.Reason.DISK_FULL, Reason.DISK_FULL),
        (media.errors.Reason.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE),
        (media.errors.Reason.STORE_FORKED, Reason.STORE_UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_puts_off_when_the_disk_is_full_and_leaves_no_file(
    fetching: Fetching, fails_at: int, reason: media.errors.Reason, expected: Reason
) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)
    path = fetching.setting.database.path
    assert path is not None
    store = FaultyStore(f"file://{path.parent}/media", fails_at=fails_at, reason=reason)
    fetching.services = fetching.make_services(store=store)
    assert not fetching.run(), "the next one would fail in the same way"
    row = fetching.get_row(attachment_id)
    assert (row.state, row.reason, row.attempts) == (AttachmentState.PENDING, expected, 0)
    assert fetching.list_files() == []
    fetching.setting.clock.at = row.due_at
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT


class MeddlingStore(MediaStore):
    """A store that lets something happen at each write."""

    meddle: Any = None

    def put(self, key: str, content: bytes) -> None:
        """Keep a file; then something happens."""
        super().put(key, content)
        self.meddle()


@pytest.mark.parametrize("content", [PHOTO, b"no photo at all"], ids=["kept", "refused"])
def test_leaves_no_file_when_it_was_purged_during_the_fetch(fetching: Fetching, content: bytes) -> None:
    attachment_id, _ = fetching.add_sent(content)
    path = fetching.setting.database.path
    assert path is not None
    store = MeddlingStore(f"file://{path.parent}/media")

    def purge() -> None:
        with fetching.setting.database.write() as db:
            purge_report_attachments(db, fetching.get_row(attachment_id).report_id)

    store.meddle = purge
    fetching.services = fetching.make_services(store=store)
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.clean_key, row.original_key) == (AttachmentState.PURGED, "", "")
    assert fetching.list_files() == []


def test_does_not_bring_back_what_was_purged_while_it_could_not_be_fetched(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)

    class Client:
        def get_media(self, _media_id: str, *, most_bytes: int) -> FetchedMedia:
            assert most_bytes
            with fetching.setting.database.write() as db:
                purge_report_attachments(db, fetching.get_row(attachment_id).report_id)
            raise build_error(-1, "", fetching.setting.clock.at)

    fetching.services = fetching.make_services(client=Client())
    assert fetching.run()
    row = fetching.get_row(attachment_id)
    assert (row.state, row.due_at) == (AttachmentState.PURGED, None)


def test_writes_files_before_the_row_says_so(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)
    path = fetching.setting.database.path
    assert path is not None
    store = MeddlingStore(f"file://{path.parent}/media")
    states: list[str] = []
    store.meddle = lambda: states.append(fetching.get_row(attachment_id).state)
    fetching.services = fetching.make_services(store=store)
    fetching.run()
    assert states == [AttachmentState.PENDING] * 3


def test_comes_back_less_and_less_often_to_what_takes_the_process_down(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)

    class Client:
        def get_media(self, _media_id: str, *, most_bytes: int) -> FetchedMedia:
            raise SystemExit(most_bytes)

    fetching.services = fetching.make_services(client=Client())
    for wait in BACK_OFF:
        with pytest.raises(SystemExit):
            fetching.run()
        row = fetching.get_row(attachment_id)
        assert (row.state, row.reason) == (AttachmentState.PENDING, Reason.INTERRUPTED)
        assert row.due_at - fetching.setting.clock.at == CLAIM + wait
        fetching.setting.clock.at = row.due_at
    fetching.services = fetching.make_services()
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT


def test_holds_no_transaction_while_it_fetches(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)

    class Client:
        def get_media(self, _media_id: str, *, most_bytes: int) -> FetchedMedia:
            with fetching.setting.database.write() as db:  # would wait for itself, if the job still wrote
                db.execute(update(attachments).values(voice_format="x"))
            return FetchedMedia(PHOTO, "", "")

    fetching.services = fetching.make_services(client=Client())
    assert fetching.run()
    assert fetching.get_row(attachment_id).state == AttachmentState.KEPT


def test_several_threads_fetch_each_attachment_once(fetching: Fetching) -> None:
    added = [fetching.add_sent(make_jpeg(seed=number))[0] for number in range(12)]
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def work() -> None:
        together.wait()
        try:
            while fetch_next_attachment(fetching.services):
                pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    rows = [fetching.get_row(attachment_id) for attachment_id in added]
    assert {(row.state, row.attempts) for row in rows} == {(AttachmentState.KEPT, 1)}
    assert fetching.setting.count_calls("media/get") == len(added)
    assert fetching.setting.count_calls("stable_token") == 1
    assert len(fetching.list_files()) == 3 * len(added)


def test_says_nothing_of_where_an_attachment_is(fetching: Fetching) -> None:
    gone = fetching.add(media_id="secret-media-id", picture_url=f"{fetching.setting.url}/mmbiz/secret-path/0")
    fetching.setting.platform.faults.plan("media/get", Fault.answer_status(500))
    fetching.run()
    fetching.setting.clock.at = fetching.get_row(gone).due_at
    fetching.run()
    fetching.add_sent(PHOTO)
    fetching.run()
    said = repr(fetching.lines.entries)
    assert [line["event"] for line in fetching.lines.entries] == [
        "attachment_put_off",
        "attachment_given_up",
        "attachment_kept",
    ]
    assert "secret" not in said
    assert fetching.setting.url not in said


def test_every_reason_of_media_has_a_word_here() -> None:
    of_the_set_up = {"bad_store_url", "bad_key", "key_taken", "missing_file", "store_forked"}
    assert {reason.value for reason in media.errors.Reason} - of_the_set_up <= {reason.value for reason in Reason}


def test_takes_a_try_back_on_either_engine(database: Database) -> None:
    clock = Clock()
    with database.write() as db:
        photo = make_photo(db, report_id=make_report(db), state=AttachmentState.PENDING, due_at=clock.at)
    for is_counted, attempts in [(True, 1), (False, 1), (True, 2)]:
        with database.write() as db:
            due = claim_next_due(db, now=clock.at, next_try_at=clock.at)
            assert due is not None
            mark_retry(db, photo, reason=Reason.UNREACHABLE, due_at=clock.at, is_counted=is_counted)
        with database.read() as db:
            row = db.execute(attachments.select()).one()
        assert (row.attempts, row.reason) == (attempts, "unreachable")


def test_does_not_swallow_a_mistake_of_ours(fetching: Fetching) -> None:
    attachment_id, _ = fetching.add_sent(PHOTO)

    class Client:
        def get_media(self, _media_id: str, *, most_bytes: int) -> FetchedMedia:
            raise LookupError(most_bytes)

    fetching.services = fetching.make_services(client=Client())
    with pytest.raises(LookupError):
        fetching.run()
    assert fetching.get_row(attachment_id).due_at > fetching.setting.clock.at, "it comes again by its claim"
