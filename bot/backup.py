"""Backups: every row and every file, checked by hash, and the fingerprint of the key that opens them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, insert, select, text

from media.errors import MissingFileError, StoreError
from media.store import MediaStore
from storage.database import Database
from storage.migrate import check_schema, get_head
from storage.tables import metadata
from storage.types import Instant, from_milliseconds, to_milliseconds
from storage.vault import Vault

MANIFEST = "manifest.json"
_FORMAT = 1
_PRIVATE = 0o700  # descriptions and photos lie open in a backup
_BATCH = 500  # rows inserted together when restoring


class BackupError(Exception):
    """Raised when a backup cannot be written or must not be restored; the text is for the operator, in Chinese."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a backup holds."""

    rows: int
    files: int


def write_backup(database: Database, store: MediaStore, vault: Vault, folder: Path, *, now: datetime) -> Counts:
    """Write one consistent copy of the rows and the files that they name into a new folder.

    The manifest is written last, so a folder without it is no backup. The key itself is not in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} 里已经有东西，换一个空文件夹。")
    check_schema(database)
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    (folder / "tables").mkdir()
    (folder / "files").mkdir()
    sums: dict[str, str] = {}
    rows = 0
    # One reading transaction for all tables; PostgreSQL's default would see each statement's own moment.
    with database.read() as db:
        if not database.is_sqlite:
            db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        for table in metadata.sorted_tables:
            path = folder / "tables" / f"{table.name}.jsonl.gz"
            rows += _write_table(db, table, path)
            sums[f"tables/{path.name}"] = _sum(path)
        keys = sorted(_list_file_keys(db))
    missing = []
    for key in keys:
        try:
            content = store.get(key)
        except MissingFileError:
            missing.append(key)
            continue
        path = folder / "files" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(path, content)
        sums[f"files/{key}"] = hashlib.sha256(content).hexdigest()
    manifest = {
        "format": _FORMAT,
        "schema": get_head(),
        "made_at": now.isoformat(),
        "key_check": vault.key_check(),
        "rows": rows,
        "files": len(keys) - len(missing),
        "missing_files": missing,
        "sha256": sums,
    }
    manifest["seal"] = _seal(manifest, vault)
    _write_durably(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1).encode())
    return Counts(rows, len(keys) - len(missing))


def restore_backup(database: Database, store: MediaStore, vault: Vault, folder: Path) -> Counts:
    """Bring a backup back into a migrated, empty database after checking every hash and the key.

    Files come first: a restore that was cut off there can be run again, one that has written rows is finished.
    """
    manifest = _read_manifest(folder, vault)
    for name, expected in manifest["sha256"].items():
        path = folder / name
        if not path.is_file() or _sum(path) != expected:
            raise BackupError(f"备份里的 {name} 不完好，没有恢复。")
    check_schema(database)
    with database.read() as db:
        _check_empty(db)
    files = [name.removeprefix("files/") for name in manifest["sha256"] if name.startswith("files/")]
    for key in files:
        try:
            store.put(key, (folder / "files" / key).read_bytes())
        except StoreError as error:
            raise BackupError(f"文件没有都放好({error.reason}),数据库还是空的，弄好以后再恢复一次。") from error
    with database.write() as db:
        _check_empty(db)
        # A merged report may name a master with a higher number, which is inserted after it.
        db.execute(text("PRAGMA defer_foreign_keys = ON" if database.is_sqlite else "SET CONSTRAINTS ALL DEFERRED"))
        tables = folder / "tables"
        rows = sum(_read_table(db, table, tables / f"{table.name}.jsonl.gz") for table in metadata.sorted_tables)
        if not database.is_sqlite:
            _move_sequences(db)
    return Counts(rows, len(files))


def _check_empty(db: Connection) -> None:
    for table in metadata.sorted_tables:
        if db.execute(select(table).limit(1)).first() is not None:
            raise BackupError("数据库不是空的，没有恢复。请用一个新建的、运行过 migrate 的数据库。")


def _read_manifest(folder: Path, vault: Vault) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BackupError(f"{folder} 不是一份完整的备份，里面没有 {MANIFEST}。") from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise BackupError("这份备份是别的版本做的。")
    if manifest.get("key_check") != vault.key_check():
        raise BackupError("密钥文件不是做备份时的那一个，恢复了也打不开封存的内容。请换上原来的密钥文件。")
    if manifest.pop("seal", None) != _seal(manifest, vault):
        raise BackupError(f"备份里的 {MANIFEST} 被改过，没有恢复。")
    if manifest["schema"] != get_head():
        raise BackupError(f"备份的数据库版本是 {manifest['schema']}，要用做备份时那一版程序来恢复，恢复好了再升级。")
    return manifest


def _seal(manifest: dict[str, Any], vault: Vault) -> str:
    """Return what only a holder of the key can write below a list of hashes."""
    return vault.fingerprint("backup", json.dumps(manifest, sort_keys=True, ensure_ascii=True))


def _write_table(db: Connection, table: Table, path: Path) -> int:
    count = 0
    order = list(table.primary_key.columns)
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        for row in db.execution_options(stream_results=True, yield_per=1000).execute(select(table).order_by(*order)):
            stream.write(json.dumps(dict(_to_plain(table, row._mapping)), ensure_ascii=True) + "\n")
            count += 1
    _flush(path)
    return count


def _to_plain(table: Table, row: Any) -> Iterator[tuple[str, Any]]:
    for column in table.columns:
        value = row[column.name]
        if value is not None and isinstance(column.type, Instant):
            value = to_milliseconds(value)
        elif value is not None and isinstance(column.type, LargeBinary):
            value = base64.b64encode(value).decode()
        yield column.name, value


def _read_table(db: Connection, table: Table, path: Path) -> int:
    count = 0
    batch: list[dict[str, Any]] = []
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = dict(_from_plain(table, json.loads(line)))
            batch.append(row)
            count += 1
            if len(batch) == _BATCH:
                db.execute(insert(table), batch)
                batch = []
    if batch:
        db.execute(insert(table), batch)
    return count


def _from_plain(table: Table, row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for column in table.columns:
        value = row[column.name]
        if value is not None and isinstance(column.type, Instant):
            value = from_milliseconds(value)
        elif value is not None and isinstance(column.type, LargeBinary):
            value = base64.b64decode(value)
        yield column.name, value


def _move_sequences(db: Connection) -> None:
    for table in metadata.sorted_tables:
        if "id" in table.columns:
            db.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608  # our own table names
                    f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table.name}), false)"
                )
            )


def _list_file_keys(db: Connection) -> set[str]:
    attachments = metadata.tables["attachments"]
    columns = (attachments.c.clean_key, attachments.c.thumbnail_key, attachments.c.original_key)
    return {key for row in db.execute(select(*columns)) for key in row if key}


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_durably(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    _flush(path)


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
