"""The store: keys, atomic and durable writes, forks, full disks, and a bucket spoken to over HTTP."""

from __future__ import annotations

import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from media.errors import KeyTakenError, MissingFileError, Reason, StoreError
from media.store import MediaStore, check_key, make_key

KEY = "photos/ab/abcdefghijklmnopqrstuv.jpg"
TOKEN = "0123456789abcdefghijklmnop"


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    return MediaStore("memory:///" if request.param == "memory" else f"file://{tmp_path}/files")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def local(folder: Path) -> MediaStore:
    return MediaStore(f"file://{folder}")


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# What every store does


def test_keeps_and_gives_back(store: MediaStore) -> None:
    assert not store.exists(KEY)
    store.put(KEY, b"photo")

    assert store.get(KEY) == b"photo"
    assert store.exists(KEY)


def test_keeps_empty_and_large_files(store: MediaStore) -> None:
    large = os.urandom(3_000_000)
    store.put("a", b"")
    store.put("b", large)

    assert store.get("a") == b""
    assert store.get("b") == large


def test_same_bytes_again_are_accepted_and_other_bytes_refused(store: MediaStore) -> None:
    store.put(KEY, b"photo")
    store.put(KEY, b"photo")
    with pytest.raises(KeyTakenError) as caught:
        store.put(KEY, b"other")

    assert caught.value.reason is Reason.KEY_TAKEN
    assert caught.value.permanent
    assert store.get(KEY) == b"photo"


def test_missing_files_are_told(store: MediaStore) -> None:
    store.put("photos/ab/one.jpg", b"1")
    for key in ("photos", "photos/ab", "photos/ab/two.jpg", "photos/ab/one.jpg/three"):
        with pytest.raises(MissingFileError):
            store.get(key)
        assert not store.exists(key)


def test_deleting_twice_is_fine(store: MediaStore) -> None:
    store.put(KEY, b"photo")
    store.delete(KEY)
    store.delete(KEY)
    store.delete("never/there")

    assert not store.exists(KEY)
    store.put(KEY, b"another")
    assert store.get(KEY) == b"another"


def test_lists_keys_in_order_below_a_folder(store: MediaStore) -> None:
    keys = ["photos/ab/1.jpg", "photos/cd/2.jpg", "photos-old/3.jpg", "voices/ab/4.mp3"]
    for key in keys:
        store.put(key, b"x")

    assert list(store.list_keys("photos")) == ["photos/ab/1.jpg", "photos/cd/2.jpg"]
    assert list(store.list_keys("photos/cd")) == ["photos/cd/2.jpg"]
    assert list(store.list_keys("nothing")) == []
    assert sorted(store.list_keys()) == sorted(keys)


def test_check_leaves_nothing_to_see(store: MediaStore) -> None:
    store.check()
    store.check()

    assert list(store.list_keys()) == []


# Keys


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/etc/passwd", "../secret", "photos/../../secret", "photos/..", "a..b", "photos//a", "photos/"),
        *("photos/./a", ".hidden", "photos/.hidden", ".incoming/x", "Photos/a", "photos/a b", "photos\\a", "-a"),
        *("photos/a\n", "photos/a\0", "照片/a", "photos/%2e%2e/a", "~/a", "c:/a", "a" * 201),
    ],
)
def test_refuses_keys_that_are_not_plain(store: MediaStore, key: str) -> None:
    for refuse in (store.get, store.delete, store.exists, lambda k: store.put(k, b"x"), check_key):
        with pytest.raises(StoreError) as caught:
            refuse(key)
        assert caught.value.reason is Reason.BAD_KEY
        assert caught.value.permanent


@given(st.text(alphabet=st.sampled_from("ab0/._-A\n\0é%"), max_size=30))
def test_accepted_keys_stay_inside_the_folder(key: str) -> None:
    try:
        check_key(key)
    except StoreError:
        return
    root = Path("/root-of-files")
    assert Path(os.path.normpath(root / key)) == root / key
    assert (root / key).is_relative_to(root)
    assert root != root / key


def test_makes_sharded_keys_from_a_token() -> None:
    key = make_key("photos", "jpg", TOKEN)

    assert key == f"photos/01/{TOKEN}.jpg"
    check_key(key)


@pytest.mark.parametrize(
    ("kind", "suffix", "token"),
    [
        ("", "jpg", TOKEN),
        ("../photos", "jpg", TOKEN),
        ("photos/x", "jpg", TOKEN),
        ("photos", ".jpg", TOKEN),
        ("photos", "", TOKEN),
        ("photos", "jpg/x", TOKEN),
        ("photos", "jpg", "short"),
        ("photos", "jpg", TOKEN.upper()),
        ("photos", "jpg", TOKEN + "/x"),
        ("photos", "jpg", TOKEN + "\n"),
    ],
)
def test_refuses_to_make_keys_of_unsafe_parts(kind: str, suffix: str, token: str) -> None:
    with pytest.raises(StoreError) as caught:
        make_key(kind, suffix, token)

    assert caught.value.reason is Reason.BAD_KEY


@pytest.mark.parametrize(
    "url",
    [
        "",
        "files",
        "/files",
        "file://",
        "file:///",
        "file://host/files",
        "http://x/y",
        "s3://",
        "memory://x/y",
        "gs://b",
    ],
)
def test_refuses_urls_of_no_known_store(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        MediaStore(url)

    assert caught.value.reason is Reason.BAD_STORE_URL


def test_making_a_store_touches_nothing(local: MediaStore, folder: Path) -> None:
    assert local is not None
    assert not folder.exists()
    MediaStore("s3://no-such-bucket/prefix")


# Local files


def test_a_folder_with_spaces_and_chinese_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "照 片"
    MediaStore(folder.as_uri()).put(KEY, b"photo")

    assert (folder / KEY).read_bytes() == b"photo"


def test_files_are_for_the_owner_only(local: MediaStore, folder: Path) -> None:
    local.put(KEY, b"photo")

    assert stat.S_IMODE((folder / KEY).stat().st_mode) == 0o600
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in folder.rglob("*") if path.is_dir())


def test_symbolic_links_are_not_followed(local: MediaStore, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(StoreError):
        local.get("link")


def test_nothing_but_the_file_is_left_after_a_write(local: MediaStore, folder: Path) -> None:
    local.put(KEY, b"photo")
    with pytest.raises(KeyTakenError):
        local.put(KEY, b"other")

    assert files_in(folder) == [folder / KEY]
    assert list(local.list_keys()) == [KEY]


def test_content_and_every_folder_are_synced_before_put_returns(
    local: MediaStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_fsync, real_link = os.fsync, os.link

    def fsync(file: int) -> None:
        steps.append("sync " + os.readlink(f"/proc/self/fd/{file}").removeprefix(str(folder)))
        real_fsync(file)

    def link(source: str, target: Path) -> None:
        steps.append("link")
        real_link(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    local.put(KEY, b"photo")

    assert steps[0].startswith("sync /.incoming/")
    assert steps[1:] == ["link", "sync /photos/ab", "sync /photos", "sync "]


def test_deletion_is_synced(local: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    local.put(KEY, b"photo")
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}")))
    local.delete(KEY)

    assert [Path(path).name for path in synced] == ["ab"]


def test_of_many_writers_of_one_key_one_wins_whole(local: MediaStore, folder: Path) -> None:
    contents = [bytes([number]) * 200_000 for number in range(8)]
    outcomes: list[str] = []

    def write(content: bytes) -> None:
        try:
            local.put(KEY, content)
            outcomes.append("kept")
        except KeyTakenError:
            outcomes.append("taken")

    local.check()
    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["kept"] + ["taken"] * 7
    assert local.get(KEY) in contents
    assert files_in(folder) == [folder / KEY]


def test_what_a_killed_writer_left_is_swept_at_the_next_start(local: MediaStore, folder: Path) -> None:
    (folder / ".incoming").mkdir(parents=True)
    (folder / ".incoming" / "tmpleft").write_bytes(b"half a pho")
    local.put(KEY, b"photo")

    assert files_in(folder) == [folder / KEY]


WRITE_UNTIL_KILLED = """
import sys
from media.store import MediaStore
store = MediaStore(sys.argv[1])
number = 0
while True:
    store.put(f"photos/{number:08d}.jpg", bytes([number % 256]) * 300_000)
    print(number, flush=True)
    number += 1
"""


def test_killing_the_writer_loses_no_acknowledged_file(local: MediaStore, folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, f"file://{folder}"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(20):
            assert writer.stdout.readline()
        writer.kill()
        acknowledged = 20 + len(writer.stdout.read().splitlines())

    kept = list(local.list_keys("photos"))
    assert len(kept) in {acknowledged, acknowledged + 1}
    for number, key in enumerate(kept):
        assert local.get(key) == bytes([number % 256]) * 300_000


@pytest.fixture
def small_files() -> Iterator[int]:
    """Let this process write files of at most 50,000 bytes; beyond that the kernel says "file too large"."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    yield 50_000
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_does_not_fit_leaves_nothing(local: MediaStore, folder: Path, small_files: int) -> None:
    with pytest.raises(StoreError) as caught:
        local.put(KEY, bytes(small_files + 1))

    assert caught.value.reason is Reason.DISK_FULL
    assert not caught.value.permanent
    assert files_in(folder) == []
    local.put(KEY, bytes(small_files))
    assert len(local.get(KEY)) == small_files


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB, where mounting is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if os.getuid() != 0 or mount is None or unmount is None:
        pytest.skip("needs root to mount a tiny disk")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run([unmount, disk], check=True)


def test_a_full_disk_is_told_and_recovers(tiny_disk: Path) -> None:
    local = MediaStore(f"file://{tiny_disk}/files")
    local.check()
    (tiny_disk / "filler").write_bytes(bytes(256 * 1024))

    def put() -> None:
        local.put(KEY, bytes(100_000))

    for refuse in (put, local.check):
        with pytest.raises(StoreError) as caught:
            refuse()
        assert caught.value.reason is Reason.DISK_FULL
        assert not caught.value.permanent
    assert files_in(tiny_disk / "files") == []

    (tiny_disk / "filler").unlink()
    local.put(KEY, bytes(100_000))
    local.check()
    assert len(local.get(KEY)) == 100_000


def test_check_tells_when_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "files").write_bytes(b"a file where the folder should be")
    with pytest.raises(StoreError) as caught:
        MediaStore(f"file://{tmp_path}/files").check()

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert not caught.value.permanent


# Forks

USE_AFTER_FORK = """
import os, signal, sys
from media.errors import StoreError
from media.store import MediaStore
url, use_before = sys.argv[1], sys.argv[2] == "used"
store = MediaStore(url)
if use_before:
    store.put("parent", b"1")
child = os.fork()
if child == 0:
    signal.alarm(20)  # a hanging child dies instead of holding up the tests
    try:
        for number in range(3):
            store.put(f"child/{number}", b"2")
            assert store.get(f"child/{number}") == b"2"
    except StoreError as error:
        print(error.reason, flush=True)
        os._exit(3)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize(
    ("url", "use", "printed"),
    [
        ("file", "used", ["0"]),
        ("file", "unused", ["0"]),
        ("memory:///", "unused", ["0"]),
        ("memory:///", "used", ["store_forked", "3"]),
    ],
)
def test_a_forked_process_never_hangs(tmp_path: Path, url: str, use: str, printed: list[str]) -> None:
    address = f"file://{tmp_path}/files" if url == "file" else url
    run = subprocess.run(
        [sys.executable, "-c", USE_AFTER_FORK, address, use],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert run.stdout.split() == printed


# A bucket


class Bucket:
    """As much of S3 as the store uses: conditional PUT, GET, HEAD, DELETE, ListObjectsV2."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.is_down = False

    def answer(self, request: Request) -> Response:
        if self.is_down:
            return Response("<Error><Code>AccessDenied</Code></Error>", status=403)
        key = request.path.removeprefix("/bucket/")
        if request.args.get("list-type") == "2":
            return self._list(request.args.get("prefix", ""))
        if request.method == "POST" and "delete" in request.args:
            return self._delete_many(request.get_data(as_text=True))
        if request.method == "PUT":
            if request.headers.get("If-None-Match") == "*" and key in self.files:
                return Response("<Error><Code>PreconditionFailed</Code></Error>", status=412)
            self.files[key] = request.get_data()
            return Response(headers={"ETag": '"1"'})
        if request.method == "DELETE":
            self.files.pop(key, None)
            return Response(status=204)
        if key not in self.files:
            return Response("<Error><Code>NoSuchKey</Code></Error>", status=404)
        return Response(self.files[key], headers={"ETag": '"1"', "Last-Modified": "Mon, 23 Nov 2026 00:00:00 GMT"})

    def _list(self, prefix: str) -> Response:
        entries = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(content)}</Size><ETag>1</ETag>"
            "<LastModified>2026-11-23T00:00:00.000Z</LastModified></Contents>"
            for key, content in sorted(self.files.items())
            if key.startswith(prefix)
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        return Response(body, mimetype="application/xml")

    def _delete_many(self, body: str) -> Response:
        keys = [part.split("</Key>")[0] for part in body.split("<Key>")[1:]]
        for key in keys:
            self.files.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return Response(f"<DeleteResult>{deleted}</DeleteResult>", mimetype="application/xml")


@pytest.fixture
def bucket(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(made.answer)
    monkeypatch.setenv("AWS_ENDPOINT_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "pretend-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pretend-secret")
    return made


def test_a_bucket_keeps_files_under_its_prefix(bucket: Bucket) -> None:
    store = MediaStore("s3://bucket/office")
    store.put(KEY, b"photo")
    store.put(KEY, b"photo")
    with pytest.raises(KeyTakenError):
        store.put(KEY, b"other")
    store.check()

    assert bucket.files[f"office/{KEY}"] == b"photo"
    assert store.get(KEY) == b"photo"
    assert store.exists(KEY)
    assert list(store.list_keys("photos")) == [KEY]
    assert list(store.list_keys()) == [KEY]
    store.delete(KEY)
    store.delete(KEY)
    assert not store.exists(KEY)
    with pytest.raises(MissingFileError):
        store.get(KEY)


def test_a_bucket_that_refuses_may_be_tried_again(bucket: Bucket) -> None:
    store = MediaStore("s3://bucket")
    bucket.is_down = True
    for refuse in (lambda: store.put(KEY, b"photo"), lambda: store.get(KEY), lambda: store.exists(KEY), store.check):
        with pytest.raises(StoreError) as caught:
            refuse()
        assert caught.value.reason is Reason.STORE_UNAVAILABLE
        assert not caught.value.permanent
        assert "pretend-secret" not in str(caught.value)
