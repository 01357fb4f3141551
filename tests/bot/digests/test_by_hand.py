"""The digest of any week, as an operator asks for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from bot.cli import main
from storage.database import Database
from storage.digests import digests
from storage.outbox import notices
from tests.running import make_environment, write_config
from tests.township import Township, at, hand_over, make_township

pytestmark = pytest.mark.usefixtures("kept_logging")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(make_environment()):
        monkeypatch.delenv(name)


@pytest.fixture
def town(sqlite_database: Database) -> Township:
    with sqlite_database.write() as db:
        return make_township(db)


@pytest.fixture
def config(tmp_path: Path, sqlite_database: Database) -> Path:
    return write_config(tmp_path, f"sqlite:///{sqlite_database.path}")


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "digest", *arguments])


def list_sent(database: Database) -> list[str]:
    with database.read() as db:
        return [f"{row.week} {row.recipient}" for row in db.execute(select(digests).order_by(digests.c.id))]


def test_shows_a_week_and_sends_nothing(config: Path, sqlite_database: Database, town: Township) -> None:
    with sqlite_database.write() as db:
        hand_over(db, town.east, due_at=at(2026, 1, 5), code="2601-001", created_at=at(2026, 1, 2))
    shown = run(config, "--week", "2026-W01")
    assert shown.exit_code == 0
    assert shown.output.startswith("【第1周 12/29—1/4】随手拍\n一、今天要办\n 逾期未整改 1：2601-001 东坪村")
    assert "收到 1；" in shown.output
    assert list_sent(sqlite_database) == []


def test_shows_one_unit_by_any_of_its_names(config: Path, town: Township) -> None:
    for name in ("东坪村", "东坪"):
        shown = run(config, "--week", "2026-W47", "--unit", name)
        assert shown.output == "【第47周 11/16—11/22】东坪村\n要办的：本周无\n上周：本周无；手上 0\n"
    assert town


def test_without_a_week_it_is_the_last_one(config: Path, town: Township) -> None:
    assert run(config).output.startswith("【第")
    assert town


def test_sends_to_everybody_once(config: Path, sqlite_database: Database, town: Township) -> None:
    assert "放进待发的有 1 份。" in run(config, "--week", "2026-W47", "--unit", "东坪村", "--send").output
    assert list_sent(sqlite_database) == [f"2026-W47 staff:{town.of_east}"]
    assert "放进待发的有 4 份。" in run(config, "--week", "2026-W47", "--send").output
    assert "放进待发的有 0 份。" in run(config, "--week", "2026-W47", "--send").output
    assert len(list_sent(sqlite_database)) == 5
    with sqlite_database.read() as db:
        assert set(db.execute(select(notices.c.subject)).scalars()) == {"week:2026-W47"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--week", "2026-47"], "周要写成 2026-W47 这样。"),
        (["--week", "2027-W53"], "周要写成 2026-W47 这样。"),
        (["--unit", "没有的村"], "没有叫“没有的村”的单位。"),
    ],
)
def test_what_is_not_there_is_said_plainly(config: Path, town: Township, arguments: list[str], said: str) -> None:
    answer = run(config, *arguments, "--send")
    assert (answer.exit_code, answer.output) == (1, f"{said}\n")
    assert town
