"""Where files are kept, by key: a local folder, an S3 bucket, or memory."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from media.errors import KeyTakenError, MissingFileError, Reason, StoreError

MAX_KEY_LENGTH = 200
_KEY = re.compile(r"[a-z0-9][a-z0-9/_.-]*")
_KIND = re.compile(r"[a-z0-9][a-z0-9_-]*")
_SUFFIX = re.compile(r"[a-z0-9]{1,8}")
_TOKEN = re.compile(r"[a-z0-9]{22,64}")  # 22 of 36 letters and digits: 113 bits, nobody guesses a neighbour

_INCOMING = ".incoming"  # no key begins with a dot
_PROBE_KEY = "readiness-probe"
_PROBE = bytes(4096)  # bytes; a full disk may still take a single one
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REMOTE_RETRIES = 2
_REMOTE_PATIENCE = timedelta(seconds=20)  # a job tries again later; a page must not hang


def check_key(key: str) -> None:
    """Raise StoreError unless `key` is made of plain lower-case segments and stays inside the store."""
    segments = key.split("/")
    is_plain = _KEY.fullmatch(key) is not None and all(s and not s.startswith(".") for s in segments)
    if not is_plain or ".." in key or len(key) > MAX_KEY_LENGTH:
        raise StoreError(Reason.BAD_KEY)


def make_key(kind: str, suffix: str, token: str) -> str:
    """Return the key of a new file, like photos/ab/abcdef….jpg, from a random `token` of the caller's.

    The token has 22 to 64 lower-case letters and digits. Nothing of the sender's goes into a key.
    """
    if not (_KIND.fullmatch(kind) and _SUFFIX.fullmatch(suffix) and _TOKEN.fullmatch(token)):
        raise StoreError(Reason.BAD_KEY)
    return f"{kind}/{token[:2]}/{token}.{suffix}"


class MediaStore:
    """Files by key under one URL: file:///folder, s3://bucket/prefix or memory:///.

    Nothing is opened before the first use. A file store may be used before and after a fork; the others must be
    used for the first time after it, and say so. S3 takes address and credentials from the AWS_… environment.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._backend: _Backend
        if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.strip("/"):
            self._backend = _LocalFolder(Path(unquote(parts.path)))
        elif (parts.scheme == "s3" and parts.netloc) or url == "memory:///":
            self._backend = _ObjectStore(url)
        else:
            raise StoreError(Reason.BAD_STORE_URL, "use file:///folder, s3://bucket/prefix or memory:///")

    def put(self, key: str, content: bytes) -> None:
        """Keep `content` under `key`, whole and safe from a power cut, before returning.

        The same bytes under the same key again are accepted; other bytes raise KeyTakenError. A full or broken
        disk raises StoreError with permanent=False and leaves nothing behind.
        """
        check_key(key)
        self._backend.put(key, content)

    def get(self, key: str) -> bytes:
        """Return the bytes under `key`; raises MissingFileError."""
        check_key(key)
        return self._backend.get(key)

    def delete(self, key: str) -> None:
        """Delete the file under `key` for good; there need not be one."""
        check_key(key)
        self._backend.delete(key)

    def exists(self, key: str) -> bool:
        """Return whether a file is kept under `key`."""
        check_key(key)
        return self._backend.exists(key)

    def list_keys(self, folder: str = "") -> Iterator[str]:
        """Yield the keys below `folder` ("photos", "photos/ab"; empty for all) in order."""
        if folder:
            check_key(folder)
        return self._backend.list_keys(folder)

    def check(self) -> None:
        """Raise StoreError when a file cannot be written now."""
        self._backend.check()


class _Backend(Protocol):
    def put(self, key: str, content: bytes) -> None: ...
    def get(self, key: str) -> bytes: ...
    def delete(self, key: str) -> None: ...
    def exists(self, key: str) -> bool: ...
    def list_keys(self, folder: str) -> Iterator[str]: ...
    def check(self) -> None: ...


class _LocalFolder:
    """Plain files, written here and not by obstore.

    obstore 0.12 links a finished file into place without any fsync (seen with strace), so after a power cut a photo
    that the database knows may be empty or gone. It also hangs in a forked child.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / _INCOMING
        self._is_swept = False

    def put(self, key: str, content: bytes) -> None:
        target = self._root / key
        with _local_errors(), self._written(content) as written:
            _make_folder(target.parent)
            try:
                os.link(written, target)  # unlike a rename it never replaces what is there
            except FileExistsError:
                if target.read_bytes() != content:
                    raise KeyTakenError(Reason.KEY_TAKEN) from None
            folder = target.parent
            while True:  # each new folder is an entry in the one above
                _sync_folder(folder)
                if folder == self._root:
                    break
                folder = folder.parent

    def get(self, key: str) -> bytes:
        with _local_errors():
            try:
                file = os.open(self._root / key, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                with open(file, "rb") as opened:
                    return opened.read()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise MissingFileError(Reason.MISSING_FILE) from error

    def delete(self, key: str) -> None:
        target = self._root / key
        with _local_errors():
            try:
                target.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            _sync_folder(target.parent)

    def exists(self, key: str) -> bool:
        with _local_errors():
            return (self._root / key).is_file()

    def list_keys(self, folder: str) -> Iterator[str]:
        with _local_errors():
            try:
                entries = sorted(os.scandir(self._root / folder), key=lambda entry: entry.name)
            except (FileNotFoundError, NotADirectoryError):
                return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            key = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self.list_keys(key)
            else:
                yield key

    def check(self) -> None:
        with _local_errors(), self._written(_PROBE):
            pass

    @contextlib.contextmanager
    def _written(self, content: bytes) -> Iterator[str]:
        """Give the path of a finished, synced file with `content` that is removed at the end."""
        _make_folder(self._incoming)
        if not self._is_swept:
            self._sweep()
            self._is_swept = True
        file, path = tempfile.mkstemp(dir=self._incoming)  # mode 0600
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            with memoryview(content) as rest:
                done = 0
                while done < len(rest):
                    done += os.write(file, rest[done:])
            os.fsync(file)
            yield path
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            os.close(file)

    def _sweep(self) -> None:
        """Remove what killed processes left half-written; a living one holds a lock on its file."""
        for entry in os.scandir(self._incoming):
            with contextlib.suppress(OSError), open(entry.path, "rb") as left:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(entry.path)


class _ObjectStore:
    """A bucket or memory by way of obstore, opened at the first use."""

    # obstore's threads belong to the process that used it first, whichever store that was. In a child they are
    # gone and every call waits for ever, also on a store made anew; so a child is told instead.
    _first_process: int | None = None
    _lock = threading.Lock()

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: Any = None

    def put(self, key: str, content: bytes) -> None:
        from obstore.exceptions import AlreadyExistsError, NotSupportedError  # noqa: PLC0415  see _open

        store = self._open()
        with _remote_errors():
            try:
                store.put(key, content, mode="create")
            except AlreadyExistsError:
                if self.get(key) != content:
                    raise KeyTakenError(Reason.KEY_TAKEN) from None
            except NotSupportedError:  # a bucket of a maker without conditional writes; keys are random anyway
                if not self.exists(key):
                    store.put(key, content)
                elif self.get(key) != content:
                    raise KeyTakenError(Reason.KEY_TAKEN) from None

    def get(self, key: str) -> bytes:
        store = self._open()
        with _remote_errors():
            return bytes(store.get(key).bytes())

    def delete(self, key: str) -> None:
        store = self._open()
        with contextlib.suppress(MissingFileError), _remote_errors():
            store.delete(key)

    def exists(self, key: str) -> bool:
        store = self._open()
        try:
            with _remote_errors():
                store.head(key)
        except MissingFileError:
            return False
        return True

    def list_keys(self, folder: str) -> Iterator[str]:
        store = self._open()
        with _remote_errors():
            for page in store.list(folder or None):
                yield from sorted(entry["path"] for entry in page if entry["path"] != _PROBE_KEY)

    def check(self) -> None:
        store = self._open()
        with _remote_errors():
            store.put(_PROBE_KEY, _PROBE)

    def _open(self) -> Any:
        # Imported late: the command line and a file store do without ten megabytes of it.
        from obstore.store import from_url  # noqa: PLC0415

        with _ObjectStore._lock:
            if _ObjectStore._first_process not in {None, os.getpid()}:
                raise StoreError(Reason.STORE_FORKED, "the store was used before this process was forked")
            _ObjectStore._first_process = os.getpid()
            if self._opened is None:
                with _remote_errors():
                    if self._url.startswith("s3:"):
                        self._opened = from_url(
                            self._url,
                            retry_config={"max_retries": _REMOTE_RETRIES, "retry_timeout": _REMOTE_PATIENCE},
                        )
                    else:
                        self._opened = from_url(self._url)
            return self._opened


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)  # not by parents=True: those would be open to everybody
        folder.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _local_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = Reason.DISK_FULL if error.errno in _FULL else Reason.STORE_UNAVAILABLE
        raise StoreError(reason, os.strerror(error.errno or 0), permanent=False) from error


@contextlib.contextmanager
def _remote_errors() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except FileNotFoundError as error:
        raise MissingFileError(Reason.MISSING_FILE) from error
    # obstore raises its own BaseError, ValueError, OSError and, for a lost connection, plain Exception types.
    except Exception as error:
        raise StoreError(Reason.STORE_UNAVAILABLE, type(error).__name__, permanent=False) from error
