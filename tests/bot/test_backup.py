"""Backups: what was there comes back, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, LargeBinary, insert, select, text, update

from bot import backup
from bot.backup import BackupError, restore_backup, write_backup
from media.errors import KeyTakenError
from media.store import MediaStore
from storage import staff, units
from storage.database import Database
from storage.errors import WrongSchemaError
from storage.heartbeats import record_heartbeat
from storage.reports.gathering import record_history
from storage.reports.search import index_next_reports
from storage.reports.tables import report_codes, reports
from storage.tables import metadata
from storage.types import Instant
from storage.vault import Vault
from tests import databases
from tests.factories import NOW, make_message, make_photo, make_report

VAULT = Vault(b"k" * 32)
KEYS = ("photos/aa/1.jpg", "thumbnails/aa/1.jpg", "originals/aa/1.sealed")
MakeDatabase = Callable[[str], Database]


@pytest.fixture
def make_database(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Make fresh migrated databases on the engine that is named."""
    with ExitStack() as stack:

        def make(engine: str) -> Database:
            number = len(list(tmp_path.glob("db*")))
            (tmp_path / f"db{number}").mkdir()
            if engine == "sqlite":
                path = tmp_path / f"db{number}" / "x.sqlite3"
                shutil.copyfile(sqlite_template, path)
                url = f"sqlite:///{path}"
            else:
                server, template = request.getfixturevalue("postgres_url"), request.getfixturevalue("postgres_template")
                url = stack.enter_context(databases.make_postgres_database(server, template=template))
            database = Database(url)
            stack.callback(database.close)
            return database

        yield make


@pytest.fixture
def source(make_database: MakeDatabase, engine: str, store: MediaStore) -> Database:
    """Give a database with something in every table, and its files in the store."""
    database = make_database(engine)
    fill(database)
    for key in KEYS:
        store.put(key, key.encode() * 100)
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Name one engine after the other."""
    return str(request.param)


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    """Give the store that is backed up."""
    return MediaStore(f"file://{tmp_path}/media")


def fill(database: Database) -> None:
    with database.write() as db:
        units.add_unit(
            db, name="样例镇东坪村", kind="village", aliases=["东坪"], latitude=36.1, longitude=113.2, now=NOW
        )
        staff.add_staff(
            db, username="zhang", display_name="样例", role=staff.Role.ADMIN, password_hash="x", now=NOW
        )  # fmt: skip
        merged = make_report(db, description="护栏断了", latitude=36.012345678901, longitude=113.02)
        master = make_report(db, is_emergency=True, description="'\"\\ \u2028 \U0001f6a7 \x7f 换\n行")
        db.execute(update(reports).where(reports.c.id == merged).values(state="merged", merged_into_id=master))
        message = make_message(db, report_id=merged, payload_sealed=bytes(range(256)), reply=None)
        make_photo(
            db, report_id=merged, message_id=message, clean_key=KEYS[0], thumbnail_key=KEYS[1], original_key=KEYS[2],
            difference_hash=-(2**63),
        )  # fmt: skip
        record_history(db, merged, at=NOW, by="bot", action="open", to_state="received")
        record_heartbeat(db, "jobs", now=NOW)
        db.execute(insert(report_codes).values(month="2611", last_number=2))
        index_next_reports(db)
        fill_rest(db)


def fill_rest(db: Connection) -> None:
    """Put a row of invented values into the tables that nothing above has written to."""
    for table in metadata.sorted_tables:
        if db.execute(select(table).limit(1)).first() is None:
            values: dict[str, Any] = {}
            for column in table.columns:
                if column.foreign_keys:
                    (key,) = column.foreign_keys
                    values[column.name] = db.execute(select(key.column).limit(1)).scalar_one()
                elif column.name != "id" and not column.nullable and column.default is None:
                    values[column.name] = make_value(column)
            db.execute(insert(table).values(values))


def make_value(column: Column[Any]) -> object:
    if isinstance(column.type, Instant):
        return NOW
    return b"\0\xff" if isinstance(column.type, LargeBinary) else column.type.python_type(1)


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as db:
        return {
            table.name: [tuple(row) for row in db.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def back_up(database: Database, store: MediaStore, folder: Path) -> Path:
    write_backup(database, store, VAULT, folder, now=NOW)
    return folder


@pytest.mark.parametrize("target_engine", ["sqlite", "postgresql"])
def test_every_row_and_file_comes_back_on_either_engine(
    source: Database, store: MediaStore, make_database: MakeDatabase, target_engine: str, tmp_path: Path
) -> None:
    counts = write_backup(source, store, VAULT, tmp_path / "backup", now=NOW)
    target, other_store = make_database(target_engine), MediaStore(f"file://{tmp_path}/other")
    restored = restore_backup(target, other_store, VAULT, tmp_path / "backup")
    before = dump(source)
    assert all(before.values()), "a table without a row proves nothing"
    assert dump(target) == before
    assert restored == counts
    assert counts.rows == sum(map(len, before.values()))
    assert counts.files == len(KEYS)
    assert {key: other_store.get(key) for key in other_store.list_keys()} == {key: key.encode() * 100 for key in KEYS}


def test_numbers_go_on_after_the_highest(
    source: Database, store: MediaStore, make_database: MakeDatabase, engine: str, tmp_path: Path
) -> None:
    target = make_database(engine)
    restore_backup(target, store, VAULT, back_up(source, store, tmp_path / "backup"))
    with target.write() as db:
        highest = db.execute(text("SELECT max(id) FROM reports")).scalar_one()
        assert make_report(db) == highest + 1
        assert units.add_unit(db, name="另一个", kind="village", aliases=[], now=NOW) == 2


def test_what_is_written_meanwhile_is_in_the_backup_whole_or_not_at_all(
    source: Database, store: MediaStore, make_database: MakeDatabase, engine: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    write_table = backup._write_table

    def write_while_others_do(db: Connection, table: Any, path: Path) -> int:
        count = write_table(db, table, path)
        with source.write() as other:
            record_history(other, make_report(other), at=NOW, by="bot", action="meanwhile")
        return count

    monkeypatch.setattr(backup, "_write_table", write_while_others_do)
    before = dump(source)
    folder = back_up(source, store, tmp_path / "backup")
    target = make_database(engine)
    restore_backup(target, store, VAULT, folder)
    assert dump(target) == before


def test_lists_the_files_that_are_not_there(source: Database, store: MediaStore, tmp_path: Path) -> None:
    store.delete(KEYS[1])
    counts = write_backup(source, store, VAULT, tmp_path / "backup", now=NOW)
    manifest = json.loads((tmp_path / "backup/manifest.json").read_text())
    assert manifest["missing_files"] == [KEYS[1]]
    assert counts.files == manifest["files"] == 2


def test_holds_neither_the_key_nor_anything_for_other_accounts_of_the_machine(
    source: Database, store: MediaStore, tmp_path: Path
) -> None:
    folder = back_up(source, store, tmp_path / "backup")
    assert (b"k" * 32).hex() not in (folder / "manifest.json").read_text()
    assert folder.stat().st_mode & 0o077 == 0


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def swap_file_and_hash(folder: Path) -> None:
    flip(folder / "files" / KEYS[0])
    change_manifest(
        folder, lambda found: found["sha256"].update({f"files/{KEYS[0]}": backup._sum(folder / "files" / KEYS[0])})
    )


SPOILED: dict[str, Callable[[Path], object]] = {
    "a table": lambda folder: flip(folder / "tables/reports.jsonl.gz"),
    "a file": lambda folder: flip(folder / "files" / KEYS[0]),
    "a missing table": lambda folder: (folder / "tables/units.jsonl.gz").unlink(),
    "a missing file": lambda folder: (folder / "files" / KEYS[2]).unlink(),
    "a file with its hash": swap_file_and_hash,
    "a hash left out": lambda folder: change_manifest(folder, lambda found: found["sha256"].popitem()),
    "another schema": lambda folder: change_manifest(folder, lambda found: found.update(schema="0000")),
    "another format": lambda folder: change_manifest(folder, lambda found: found.update(format=99)),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "half a manifest": lambda folder: (folder / "manifest.json").write_text('{"format": 1, '),
    "a list": lambda folder: (folder / "manifest.json").write_text("[]"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_refuses_a_backup_that_is_not_as_it_was_written(
    make_database: MakeDatabase, store: MediaStore, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    source = make_database("sqlite")
    fill(source)
    for key in KEYS:
        store.put(key, b"content")
    folder = back_up(source, store, tmp_path / "backup")
    spoil(folder)
    target, other_store = make_database("sqlite"), MediaStore(f"file://{tmp_path}/other")
    with pytest.raises(BackupError):
        restore_backup(target, other_store, VAULT, folder)
    assert not any(dump(target).values())
    assert list(other_store.list_keys()) == []


def test_refuses_another_key(make_database: MakeDatabase, source: Database, store: MediaStore, tmp_path: Path) -> None:
    folder = back_up(source, store, tmp_path / "backup")
    target = make_database("sqlite")
    with pytest.raises(BackupError, match="密钥"):
        restore_backup(target, store, Vault(b"l" * 32), folder)
    assert not any(dump(target).values())


def test_refuses_a_database_that_is_not_empty(source: Database, store: MediaStore, tmp_path: Path) -> None:
    folder = back_up(source, store, tmp_path / "backup")
    before = dump(source)
    with pytest.raises(BackupError, match="不是空的"):
        restore_backup(source, store, VAULT, folder)
    assert dump(source) == before


def test_refuses_a_folder_with_something_in_it(source: Database, store: MediaStore, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup/mine").write_text("kept")
    with pytest.raises(BackupError, match="已经有东西"):
        back_up(source, store, tmp_path / "backup")
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["mine"]


def test_refuses_a_database_without_the_schema(store: MediaStore, tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.sqlite3")
    with pytest.raises(WrongSchemaError):
        back_up(empty, store, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    empty.close()


def test_can_be_run_again_after_it_broke_off_among_the_files(
    make_database: MakeDatabase, source: Database, store: MediaStore, tmp_path: Path
) -> None:
    folder = back_up(source, store, tmp_path / "backup")
    target, other_store = make_database("sqlite"), MediaStore(f"file://{tmp_path}/other")
    other_store.put(KEYS[2], b"in the way")
    with pytest.raises(BackupError) as caught:
        restore_backup(target, other_store, VAULT, folder)
    assert isinstance(caught.value.__cause__, KeyTakenError)
    assert not any(dump(target).values())
    other_store.delete(KEYS[2])
    restore_backup(target, other_store, VAULT, folder)
    assert dump(target) == dump(source)
