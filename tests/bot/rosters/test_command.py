"""The import as an operator types it: what is printed, the exit code, and what is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from storage import units
from storage.database import Database
from tests.bot.rosters.making import write_csv
from tests.running import make_environment, write_config

pytestmark = pytest.mark.usefixtures("kept_logging")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(make_environment()):
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path, sqlite_database: Database) -> Path:
    return write_config(tmp_path, f"sqlite:///{sqlite_database.path}")


def run(config: Path, arguments: Sequence[str | Path]) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "import", *(str(argument) for argument in arguments)])


def count_units(database: Database) -> int:
    with database.read() as db:
        return len(units.list_units(db))


def test_tries_first_and_writes_when_told(config: Path, tmp_path: Path, sqlite_database: Database) -> None:
    path = write_csv(tmp_path / "units.csv", "单位名称,类型\n样例东沟村,村\n")
    dry = run(config, ["units", path])
    assert dry.exit_code == 0
    assert "这是试一遍" in dry.output
    assert count_units(sqlite_database) == 0
    done = run(config, ["units", path, "--apply"])
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "第 2 行 新增 样例东沟村（村）", "一共 1 行：新增 1，修改 0，不变 0。", "都写进去了。",
    ]  # fmt: skip
    assert count_units(sqlite_database) == 1


def test_writes_nothing_when_a_row_is_bad(config: Path, tmp_path: Path, sqlite_database: Database) -> None:
    path = write_csv(tmp_path / "units.csv", "单位名称,类型\n样例东沟村,村\n样例西梁村,衙门\n")
    refused = run(config, ["units", path, "--apply"])
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == [
        "第 3 行 类型：写的是“衙门”，要从这几个里选：村、企业、站所、学校。",
        "有不对的行，什么也没写。改好再导。",
    ]
    assert count_units(sqlite_database) == 0


def test_staff_can_be_imported_and_people_not_yet(config: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "staff.csv", "姓名,角色\n王某某,联系人\n")
    assert "新增 王某某（联系人）" in run(config, ["staff", path]).output
    refused = run(config, ["people", path])
    assert refused.exit_code == 1
    assert "这一版还不能导" in refused.stderr


def test_a_file_that_is_no_table_gets_a_sentence(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "units.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0")
    refused = run(config, ["units", path])
    assert refused.exit_code == 1
    assert refused.stderr.startswith("这是老格式的 .xls")
