"""What is delivered: the wheel with everything that the program reads, and a repository laid out as agreed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "handlers", "storage", "media")
TOP_LEVEL = {
    *PACKAGES, "tests", "config.example.toml", "pyproject.toml", "README.md", "README.zh-CN.md", "CHANGELOG.md",
    "LICENSE", "requirements.lock", "start", "check",
}  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel and give the names of what is in it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (built,) = folder.glob("suishoupai-*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def list_package_files() -> set[str]:
    """Return every file of the packages but what Python itself has left there."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*"))
    return {path.relative_to(ROOT).as_posix() for path in paths if path.is_file() and path.suffix != ".pyc"}


def read_project() -> dict[str, object]:
    project: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


def test_the_wheel_holds_every_file_of_the_packages(wheel: set[str]) -> None:
    assert {name for name in wheel if ".dist-info/" not in name} == list_package_files()


@pytest.mark.parametrize(
    "pattern",
    [
        r"bot/admin/templates/admin/queue\.html", r"bot/admin/static/vendor/manifest\.json",
        r"bot/simulator/templates/.+\.html", r"bot/simulator/static/.+\.js", r"bot/simulator/samples/week\.toml",
        r"handlers/classify/lexicon/.+\.toml", r"storage/migrations/versions/0001_.+\.py",
        r".+\.dist-info/licenses/LICENSE",
    ],
)  # fmt: skip
def test_the_wheel_holds_what_is_no_python(wheel: set[str], pattern: str) -> None:
    assert any(re.fullmatch(pattern, name) for name in wheel)


def test_the_wheel_holds_no_tests_and_no_rows_keys_or_settings(wheel: set[str]) -> None:
    odd = re.compile(r"(^|/)(tests|config\.toml)(/|$)|\.(key|pyc|db|log)$|\.sqlite3")
    assert [name for name in wheel if odd.search(name)] == []


def test_the_command_of_the_package_is_the_command_line() -> None:
    assert read_project()["scripts"] == {"suishoupai": "bot.cli:main"}


def test_the_version_is_the_newest_of_the_changes() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == read_project()["version"]


def test_the_top_level_holds_what_was_agreed_and_nothing_else() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no repository here")
    found = {name.partition("/")[0].strip('"') for name in listed.stdout.splitlines()}
    assert {name for name in found if not name.startswith(".") and (ROOT / name).exists()} == TOP_LEVEL


@pytest.mark.parametrize("name", ["start", "check"])
def test_the_scripts_can_be_run(name: str) -> None:
    assert (ROOT / name).stat().st_mode & 0o111
    subprocess.run(["sh", "-n", str(ROOT / name)], check=True)


@pytest.mark.parametrize("name", ["requirements.lock", "tests/requirements.lock"])
def test_a_lock_pins_every_library_by_hash_and_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    pins = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    assert len(pins) > 20
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_the_lock_of_the_tests_holds_the_versions_of_the_program() -> None:
    def read_pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE))

    program, tests = read_pins("requirements.lock"), read_pins("tests/requirements.lock")
    assert program
    assert {name: tests.get(name) for name in program} == program


def test_nobody_else_keeps_a_library_of_a_browser() -> None:
    minified = [name for name in list_package_files() if ".min." in name]
    assert [name for name in minified if not name.startswith("bot/admin/static/vendor/")] == []
