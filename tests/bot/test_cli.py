"""The commands as an operator types them: exit codes, what is printed, what is left on disk."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from werkzeug.security import check_password_hash

from bot.cli import main
from storage import staff, units
from storage.database import Database
from storage.migrate import check_schema
from tests.factories import NOW, make_report
from tests.running import make_environment, write_config

pytestmark = pytest.mark.usefixtures("kept_logging")
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(make_environment()):
        monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path, sqlite_database: Database) -> Path:
    """A complete configuration on a migrated database."""
    return write_config(tmp_path, f"sqlite:///{sqlite_database.path}")


@pytest.fixture
def old_config(tmp_path: Path) -> Path:
    """A complete configuration on a database of another version."""
    folder = tmp_path / "old"
    folder.mkdir()
    return write_config(folder, f"sqlite:///{folder}/old.sqlite3")


def run(*arguments: str | Path, **more: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **more)  # type: ignore[arg-type]


def run_with(config: Path, *arguments: str | Path, **more: object) -> Result:
    return run("--config", config, *arguments, **more)


# -- init ------------------------------------------------------------------------------------------------------------


def test_init_writes_private_files_and_a_migrated_database_with_an_admin(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "init", "--dir", str(tmp_path / "new")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=make_environment(), check=True,
    )  # fmt: skip
    assert done.stderr == ""
    folder = tmp_path / "new"
    for name in ("config.toml", "vault.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    database = Database(f"sqlite:///{folder}/data/suishoupai.sqlite3")
    check_schema(database)
    with database.read() as db:
        admin = staff.find_staff(db, "admin")
    database.close()
    password = re.search(r"一次性密码 (\S+?)（", done.stdout)
    assert password is not None
    assert admin is not None
    assert check_password_hash(admin.password_hash, password[1])
    assert admin.must_change_password
    assert admin.role == "admin"


def test_init_again_refuses_and_touches_nothing(tmp_path: Path) -> None:
    assert run("init", "--dir", tmp_path).exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = run("init", "--dir", tmp_path)
    assert again.exit_code == 1
    assert "已经有了" in again.stderr
    assert again.stdout == ""
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("left", ["config.toml", "vault.key"])
def test_init_writes_nothing_beside_one_file_of_an_earlier_set_up(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_text("kept")
    assert run("init", "--dir", tmp_path).exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == [left]
    assert (tmp_path / left).read_text() == "kept"


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://somebody:geheim@127.0.0.1:1/nowhere", "mysql://somebody:geheim@127.0.0.1/nowhere"],
    ids=["nobody answers", "another database"],
)
def test_init_leaves_nothing_behind_when_the_database_cannot_be_used(tmp_path: Path, url: str) -> None:
    done = run("init", "--dir", tmp_path / "new", env={"SUISHOUPAI_DATABASE__URL": url})
    assert done.exit_code == 1
    assert done.stderr.startswith(("数据库现在用不了", "环境变量"))
    assert "geheim" not in done.output
    assert not (tmp_path / "new").exists()


def test_init_puts_a_relative_database_beside_the_configuration(tmp_path: Path) -> None:
    done = run("init", "--dir", tmp_path / "new", env={"SUISHOUPAI_DATABASE__URL": "sqlite:///here/x.sqlite3"})
    assert done.exit_code == 0
    assert (tmp_path / "new/here/x.sqlite3").exists()
    assert not (tmp_path / "new/data").exists()


def test_init_keeps_the_admin_of_a_database_that_has_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.sqlite3"
    assert run("init", "--dir", tmp_path / "one", env={"SUISHOUPAI_DATABASE__URL": url}).exit_code == 0
    second = run("init", "--dir", tmp_path / "two", env={"SUISHOUPAI_DATABASE__URL": url})
    assert second.exit_code == 0
    assert "已经有管理员" in second.stdout
    assert "一次性密码" not in second.stdout


def test_init_refuses_a_configuration_of_another_name(tmp_path: Path) -> None:
    done = run_with(tmp_path / "mine.toml", "init")
    assert done.exit_code == 1
    assert "config.toml" in done.stderr
    assert list(tmp_path.iterdir()) == []


# -- check-config, migrate -------------------------------------------------------------------------------------------


def test_check_config_is_content_with_a_complete_file(config: Path) -> None:
    done = run_with(config, "check-config")
    assert (done.exit_code, done.stdout) == (0, "配置没有问题。\n")


def test_check_config_reads_the_file_that_the_environment_names(config: Path) -> None:
    assert run("check-config", env={"SUISHOUPAI_CONFIG": str(config)}).exit_code == 0


def test_check_config_names_every_problem_at_once_and_no_secret(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[wechat]\ntoken = "geheim geheim"\napp_id = "geheim"\napp_secret = "geheim"\noriginal_id = "geheim"\n'
        '[web]\nsecret_key = "geheim"\nport = 99999\ncolour = "geheim"\n[vault]\nkey_file = "missing.key"\n',
        encoding="utf-8",
    )
    done = run_with(config, "check-config")
    assert done.exit_code == 1
    assert done.stdout == ""
    for key in ("wechat.token", "wechat.app_id", "wechat.app_secret", "wechat.original_id", "web.secret_key",
                "web.port", "web.colour", "vault.key_file"):  # fmt: skip
        assert key in done.stderr
    assert "geheim" not in done.output


def test_a_command_without_a_configuration_says_how_to_give_one() -> None:
    done = run("serve")
    assert done.exit_code == 1
    assert "--config" in done.stderr


def test_migrate_makes_the_schema_and_may_be_run_again(old_config: Path) -> None:
    for _ in range(2):
        done = run_with(old_config, "migrate")
        assert (done.exit_code, done.stdout) == (0, "数据库已经是最新的。\n")
    database = Database(f"sqlite:///{old_config.parent}/old.sqlite3")
    check_schema(database)
    database.close()


@pytest.mark.parametrize(
    "arguments",
    [["serve"], ["serve", "web"], ["serve", "jobs"], ["export", "reports"], ["run-jobs", "--once"], ["backup", "b"]],
    ids=" ".join,
)
def test_refuses_a_database_of_another_version(old_config: Path, arguments: list[str]) -> None:
    done = run_with(old_config, *arguments)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "suishoupai migrate" in done.stderr
    assert not Path("b").exists()


@pytest.mark.parametrize(
    "arguments", [["migrate"], ["export", "messages"], ["run-jobs", "--once"], ["backup", "b"]], ids=" ".join
)
def test_says_in_a_sentence_that_the_database_is_away(config: Path, arguments: list[str]) -> None:
    away = {"SUISHOUPAI_DATABASE__URL": "postgresql+psycopg://somebody:geheim@127.0.0.1:1/nowhere"}
    done = run_with(config, *arguments, env=away)
    assert done.exit_code == 1
    assert "数据库现在用不了" in done.stderr
    assert "geheim" not in done.output
    assert "Traceback" not in done.output


# -- classify --------------------------------------------------------------------------------------------------------

CLASSIFIED = {"text", "intent", "category", "level", "emergency", "major_suspect", "unit", "why"}


def read_lines(done: Result) -> list[dict[str, object]]:
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("井口的护栏断了一截\n".encode(), "井口的护栏断了一截"),
        ("井口的护栏断了一截".encode(), "井口的护栏断了一截"),
        ("谢谢\r\n".encode(), "谢谢"),
        (b"\n", ""),
        ("护栏断了。".encode() * 1400 + b"\n", "护栏断了。" * 1400),
        (b"\xff\xfe\x00\n", "\ufffd\ufffd\x00"),
        ("前面\r后面\u2028再后\n".encode(), "前面\r后面\u2028再后"),
    ],
    ids=["line", "no line feed", "windows", "empty", "20 KB", "not UTF-8", "other line ends"],
)
def test_classify_answers_one_line_with_one_object(sent: bytes, text: str) -> None:
    (found,) = read_lines(run("classify", input=sent))
    assert set(found) == CLASSIFIED
    assert found["text"] == text
    assert isinstance(found["emergency"], bool)
    assert isinstance(found["why"], list)


def test_classify_keeps_the_order_and_skips_no_line() -> None:
    found = read_lines(run("classify", input="谢谢\n\n着火了，快来人\n\n".encode()))
    assert [each["text"] for each in found] == ["谢谢", "", "着火了，快来人", ""]
    assert [each["emergency"] for each in found] == [False, False, True, False]


def test_classify_knows_the_units_of_the_database(config: Path, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        units.add_unit(db, name="样例镇东坪村", kind="village", aliases=["东坪"], now=NOW)
    sent = "东坪那边的护栏断了\n".encode()
    assert read_lines(run_with(config, "classify", input=sent))[0]["unit"] == "样例镇东坪村"
    assert read_lines(run("classify", input=sent))[0]["unit"] is None


def test_classify_goes_on_without_units_when_the_database_has_none(old_config: Path) -> None:
    done = run_with(old_config, "classify", input="谢谢\n".encode())
    assert read_lines(done)[0]["unit"] is None
    assert "单位" in done.stderr


# -- run-jobs, backup, restore, help ---------------------------------------------------------------------------------


def test_run_jobs_once_does_what_is_due(config: Path, sqlite_database: Database) -> None:
    with sqlite_database.write() as db:
        make_report(db, is_indexed=False)
    assert run_with(config, "run-jobs", "--once").stdout == "做了 2 件。\n"  # its first deadline, and its search pairs
    assert run_with(config, "run-jobs", "--once").stdout == "做了 0 件。\n"
    with sqlite_database.read() as db:
        assert db.execute(text("SELECT count(*) FROM report_pairs")).scalar_one() > 0


def test_run_jobs_wants_to_be_told_once(config: Path) -> None:
    assert run_with(config, "run-jobs").exit_code == 2


def test_restore_brings_a_backup_into_an_empty_database_and_not_into_another(
    config: Path, old_config: Path, sqlite_database: Database, tmp_path: Path
) -> None:
    with sqlite_database.write() as db:
        make_report(db, description="护栏断了")
    (old_config.parent / "vault.key").write_bytes((config.parent / "vault.key").read_bytes())
    done = run_with(config, "backup", tmp_path / "backup")
    assert (done.exit_code, done.stdout.startswith("备份好了：2 行，0 个文件")) == (0, True)
    assert run_with(config, "backup", tmp_path / "backup").exit_code == 1
    assert run_with(old_config, "restore", tmp_path / "backup").exit_code == 1  # not migrated yet
    run_with(old_config, "migrate")
    assert run_with(old_config, "restore", tmp_path / "backup").stdout == "恢复好了：2 行，0 个文件。\n"
    again = run_with(old_config, "restore", tmp_path / "backup")
    assert again.exit_code == 1
    assert "不是空的" in again.stderr
    assert "护栏断了" in run_with(old_config, "export", "reports").stdout


def test_backup_says_in_a_sentence_where_it_cannot_write(config: Path) -> None:
    done = run_with(config, "backup", "/proc/backup")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("文件读写不成：/proc/backup")


def test_help_is_quick_since_it_loads_no_server_and_no_database() -> None:
    script = (
        "import sys, time; before = time.process_time(); import bot.cli; print(time.process_time() - before);"
        "print([name for name in ('sqlalchemy', 'flask', 'granian', 'werobot', 'PIL') if name in sys.modules])"
    )
    lines = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
        for _ in range(3)
    ]
    assert [loaded for _, loaded in lines] == ["[]"] * 3
    assert min(float(seconds) for seconds, _ in lines) < 0.5


def test_help_names_every_command_of_the_contract_that_there_is() -> None:
    listed = run("--help").stdout
    for name in ("demo", "serve", "init", "migrate", "check-config", "classify", "export", "run-jobs", "backup",
                 "restore"):  # fmt: skip
        assert f"\n  {name} " in listed


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in a folder of its own: a command must not write into the one it is started from."""
    folder = tmp_path_factory.mktemp("elsewhere")
    repository = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", repository)
    monkeypatch.chdir(folder)
    yield
    assert list(folder.iterdir()) == []
