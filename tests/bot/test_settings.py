"""The configuration: what is complete, what is refused and in which words, and what the first one looks like."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.settings import (
    Limit,
    Problem,
    Settings,
    SettingsError,
    WorkingHours,
    load_settings,
    write_first_config,
)
from bot.settings.base import Table

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"

TOKEN = "invented0Token"
APP_ID = "wx0123456789abcdef"
APP_SECRET = "0123456789abcdef" * 2
AES_KEY = "invented" * 5 + "Key"
ORIGINAL_ID = "gh_0123456789ab"
SECRET_KEY = "an invented key of some thirty-odd letters"
VAULT_KEY = "0123456789abcdef" * 4

MINIMAL = f"""\
[wechat]
token = "{TOKEN}"
app_id = "{APP_ID}"
app_secret = "{APP_SECRET}"
original_id = "{ORIGINAL_ID}"
[web]
secret_key = "{SECRET_KEY}"
[vault]
key_file = "vault.key"
"""
PLACEHOLDERS = {
    "wechat.token": TOKEN,
    "wechat.app_id": APP_ID,
    "wechat.app_secret": APP_SECRET,
    "wechat.encoding_aes_key": AES_KEY,
    "wechat.original_id": ORIGINAL_ID,
    "web.secret_key": SECRET_KEY,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a key file, as beside every configuration."""
    (tmp_path / "vault.key").write_text(VAULT_KEY + "\n")
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Callable[..., Settings]:
    """Load a text as the file, with an environment laid over it."""

    def load(text: str = MINIMAL, **environ: str) -> Settings:
        path = folder / "config.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings(path, environ)

    return load


@pytest.fixture
def refused(load: Callable[..., Settings]) -> Callable[..., list[Problem]]:
    """Load what must be refused and return the problems."""

    def refused(text: str = MINIMAL, **environ: str) -> list[Problem]:
        with pytest.raises(SettingsError) as caught:
            load(text, **environ)
        return caught.value.problems

    return refused


def with_key(name: str, value: Any) -> str:
    """The minimal file with one key set to `value`, written as TOML."""
    *path, key = name.split(".")
    file: dict[str, Any] = tomllib.loads(MINIMAL)
    table = file
    for part in path:
        table = table.setdefault(part, {})
    table[key] = value
    return write_toml(file)


def write_toml(file: Mapping[str, Any], above: tuple[str, ...] = ()) -> str:
    lines = [f"[{'.'.join(above)}]"] if above else []
    lines += [f"{name} = {to_toml(value)}" for name, value in file.items() if not (isinstance(value, dict) and value)]
    parts = ["\n".join(lines)]
    parts += [write_toml(v, (*above, name)) for name, v in file.items() if isinstance(v, dict) and v]
    return "\n".join(parts) + "\n"


def to_toml(value: Any) -> str:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(to_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {to_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def variable(name: str) -> str:
    return "SUISHOUPAI_" + name.upper().replace(".", "__")


def walk_model(table: type[Table] = Settings, above: str = "") -> Iterator[tuple[str, str]]:
    """Every key of the model by its full name, with its sentence; tables are gone into."""
    for name, field in table.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Table):
            yield from walk_model(field.annotation, f"{above}{name}.")
        else:
            yield above + name, field.description or ""


def get_value(settings: Settings, name: str) -> Any:
    found: Any = settings
    for part in name.split("."):
        found = getattr(found, part)
    return getattr(found, "get_secret_value", lambda: found)()


# --- what is complete ------------------------------------------------------------------------------------------


def test_takes_a_file_of_the_wechat_keys_the_secret_and_the_key_file(
    load: Callable[..., Settings], folder: Path
) -> None:
    settings = load()
    assert settings.wechat.token.get_secret_value() == TOKEN
    assert settings.vault.key_file == folder / "vault.key"
    assert settings.wechat.api_base_url == "https://api.weixin.qq.com"
    assert settings.intake.gather_minutes == 10
    assert settings.schedule.working_hours == (
        WorkingHours(time(8, 30), time(11, 30)),
        WorkingHours(time(14, 30), time(17, 30)),
    )
    assert settings.deadlines.p1.accept == Limit(2, "hours")
    assert settings.deadlines.p1.rectify is None


def test_resolves_places_against_the_folder_of_the_file(
    load: Callable[..., Settings],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    settings = load()
    assert settings.database.url == f"sqlite:///{folder}/data/suishoupai.sqlite3"
    assert settings.media.store_url == f"file://{folder}/data/media"


def test_resolves_places_of_a_relative_file_to_absolute_ones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    Path("config.toml").write_text(MINIMAL)
    settings = load_settings(Path("config.toml"), {})
    assert settings.database.url == f"sqlite:///{folder}/data/suishoupai.sqlite3"
    assert settings.vault.key_file == folder / "vault.key"


def test_takes_the_file_that_the_environment_names(folder: Path) -> None:
    path = folder / "config.toml"
    path.write_text(MINIMAL)
    assert load_settings(None, {"SUISHOUPAI_CONFIG": str(path)}).web.port == 8000


def test_prefers_the_file_of_the_argument(folder: Path) -> None:
    named, given = folder / "named.toml", folder / "given.toml"
    named.write_text(with_key("web.port", 1111))
    given.write_text(with_key("web.port", 2222))
    assert load_settings(given, {"SUISHOUPAI_CONFIG": str(named)}).web.port == 2222


def test_takes_everything_from_the_environment_without_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    environ = {variable(name): value for name, value in PLACEHOLDERS.items()}
    settings = load_settings(None, {**environ, "SUISHOUPAI_VAULT__KEY_FILE": "vault.key"})
    assert settings.wechat.mode == "safe"
    assert settings.database.url == f"sqlite:///{folder}/data/suishoupai.sqlite3"


def test_says_first_that_no_file_was_named_when_keys_are_missing() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(None, {})
    assert [problem.key for problem in caught.value.problems] == [
        "SUISHOUPAI_CONFIG", "wechat.token", "wechat.app_id", "wechat.app_secret", "wechat.original_id",
        "web.secret_key", "vault.key_file",
    ]  # fmt: skip


def test_is_frozen_all_the_way_down(load: Callable[..., Settings]) -> None:
    settings = load()
    for holder, name in [(settings, "web"), (settings.web, "port"), (settings.deadlines.p1, "accept")]:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(holder, name, None)
    assert isinstance(hash(settings.media.picture_hosts), int)


def test_shows_no_secret_when_printed(load: Callable[..., Settings]) -> None:
    text = load(
        MINIMAL,
        SUISHOUPAI_WECHAT__ENCODING_AES_KEY=AES_KEY,
        SUISHOUPAI_MAIL__PASSWORD="invented password",
        SUISHOUPAI_DATABASE__URL="postgresql+psycopg://bot:invented-password@localhost/suishoupai",
        SUISHOUPAI_DUTY__CHANNELS='["wecom+https://example.com/send?key=invented-hook"]',
    ).__repr__()
    for secret in (TOKEN, APP_SECRET, AES_KEY, SECRET_KEY, "invented password", "invented-password", "invented-hook"):
        assert secret not in text


@pytest.mark.parametrize(
    ("aes_key", "mode", "expected"),
    [
        ("", None, "plain"),
        (AES_KEY, None, "safe"),
        (AES_KEY, "plain", "plain"),
        (AES_KEY, "compat", "compat"),
        (AES_KEY, "safe", "safe"),
    ],
    ids=["no key", "key", "key but plain", "key and compat", "key and safe"],
)
def test_chooses_the_safe_mode_when_there_is_a_key_for_it(
    load: Callable[..., Settings], aes_key: str, mode: str | None, expected: str
) -> None:
    environ = {"SUISHOUPAI_WECHAT__ENCODING_AES_KEY": aes_key}
    if mode is not None:
        environ["SUISHOUPAI_WECHAT__MODE"] = mode
    assert load(MINIMAL, **environ).wechat.mode == expected


def test_keeps_the_other_steps_of_a_level_when_one_is_changed(load: Callable[..., Settings]) -> None:
    before = load().deadlines
    after = load(MINIMAL + '[deadlines.p2]\naccept = "4小时"\n').deadlines
    assert after.p2.accept == Limit(4, "hours")
    assert after.p2.model_copy(update={"accept": before.p2.accept}) == before.p2
    assert after.p3 == before.p3


# --- single values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("wechat.token", "AAAAA", "AAAAA"),
        ("wechat.token", " AAAAA ", "AAAAA"),
        ("wechat.encoding_aes_key", "A" * 43, "A" * 43),
        ("wechat.api_base_url", "http://127.0.0.1:8123/", "http://127.0.0.1:8123"),
        ("web.public_url", "https://example.com/", "https://example.com"),
        ("web.host", "::", "::"),
        ("database.url", "sqlite:////srv/x.sqlite3", "sqlite:////srv/x.sqlite3"),
        ("database.url", "postgresql+psycopg:///bot?host=/run/pg", "postgresql+psycopg:///bot?host=/run/pg"),
        ("media.store_url", "file:///srv/media", "file:///srv/media"),
        ("media.store_url", "file:///srv/a%20b", "file:///srv/a%20b"),
        ("media.store_url", "s3://bucket/photos/", "s3://bucket/photos"),
        ("media.picture_hosts", ["127.0.0.1:8123", "MMBIZ.qpic.cn"], ("127.0.0.1:8123", "mmbiz.qpic.cn")),
        ("mail.sender", "随手拍 <name@example.com>", "随手拍 <name@example.com>"),
        ("schedule.digest_time", "07:05", time(7, 5)),
        ("schedule.digest_time", time(7, 5), time(7, 5)),
        ("campaign.start", "2026-02-28", date(2026, 2, 28)),
        ("campaign.start", date(2026, 2, 28), date(2026, 2, 28)),
        ("campaign.start", "", None),
        ("deadlines.p3.recheck", "立即", Limit(0, "minutes")),
        ("deadlines.p3.recheck", "30分钟", Limit(30, "minutes")),
        ("deadlines.p3.recheck", "2 个小时", Limit(2, "hours")),
        ("deadlines.p3.recheck", "15天", Limit(15, "days")),
        ("deadlines.p3.recheck", "3个工作日", Limit(3, "working_days")),
        ("deadlines.p2.recheck", "不限", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_reads_a_value(load: Callable[..., Settings], name: str, value: Any, expected: Any) -> None:
    assert get_value(load(with_key(name, value)), name) == expected


@pytest.mark.parametrize(
    ("text", "kind", "address", "secret"),
    [
        (
            "wecom+https://qyapi.example.com/cgi-bin/webhook/send?key=a-b",
            "wecom",
            "https://qyapi.example.com/cgi-bin/webhook/send?key=a-b",
            "",
        ),
        (
            " dingtalk+https://oapi.example.com/robot/send?access_token=a#secret=SEC=b ",
            "dingtalk",
            "https://oapi.example.com/robot/send?access_token=a",
            "SEC=b",
        ),
        ("feishu+http://127.0.0.1:81/hook/a#secret=b", "feishu", "http://127.0.0.1:81/hook/a", "b"),
        ("feishu+https://open.example.com/open-apis/bot/v2/hook/a", "feishu",
         "https://open.example.com/open-apis/bot/v2/hook/a", ""),
        ("staff:wang.duty", "staff", "wang.duty", ""),
        ("mail:duty@example.com", "mail", "duty@example.com", ""),
    ],
    ids=["企业微信", "钉钉", "飞书", "飞书 without a secret", "staff", "mail"],
)  # fmt: skip
def test_reads_a_channel_of_the_duty(
    load: Callable[..., Settings], text: str, kind: str, address: str, secret: str
) -> None:
    mail = '[mail]\nhost = "localhost"\nsender = "a@example.com"\n'
    (channel,) = load(with_key("duty.channels", [text]) + mail).duty.channels
    assert (channel.kind, channel.address, channel.secret) == (kind, address, secret)
    assert address not in repr(channel)


def test_reads_the_duty_phones(load: Callable[..., Settings]) -> None:
    phones = load(with_key("duty.phones", [{"label": "值班室", "number": "0355-0000000"}])).duty.phones
    assert [(phone.label, phone.number) for phone in phones] == [("值班室", "0355-0000000")]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("wechat.token", "ab", "3 到 32"),
        ("wechat.token", "a" * 33, "3 到 32"),
        ("wechat.token", "a-b-c", "3 到 32"),
        ("wechat.token", "令牌令牌", "3 到 32"),
        ("wechat.token", "", "还没有填"),
        ("wechat.token", 12345, "要写成文字"),
        ("wechat.encoding_aes_key", "a" * 42, "43"),
        ("wechat.encoding_aes_key", "a" * 42 + "=", "43"),
        ("wechat.app_id", "0123456789abcdef", "wx"),
        ("wechat.app_secret", "short", "32"),
        ("wechat.original_id", APP_ID, "gh_"),
        ("wechat.mode", "secure", "只能写 'plain'、'compat'、'safe'"),
        ("wechat.mode", "safe", "先填 encoding_aes_key"),
        ("wechat.api_base_url", "api.weixin.qq.com", "https://"),
        ("wechat.api_base_url", "http://api.weixin.qq.com", "要用 https://"),
        ("wechat.api_base_url", "https://api.weixin.qq.com:x", "网址的写法不对"),
        ("wechat.max_clock_skew_seconds", 5, "不能小于 30"),
        ("web.port", 65536, "不能大于 65535"),
        ("web.port", "eighty", "整数"),
        ("web.port", 80.5, "整数"),
        ("web.port", [], "整数"),
        ("web.workers", 0, "不能小于 1"),
        ("web.host", "http://localhost", "主机名"),
        ("web.public_url", "ftp://example.com", "https://"),
        ("web.public_url", "https://name@example.com", "不要带账号"),
        ("web.secret_key", "", "还没有填"),
        ("web.secret_key", "x" * 31, "至少要 32"),
        ("web.secret_key", "x" * 40, "太好猜"),
        ("web.proxy_hops", -1, "不能小于 0"),
        ("database.url", "sqlite://", "只认"),
        ("database.url", "sqlite:///", "要写一个文件"),
        ("database.url", "sqlite:///:memory:", "要写一个文件"),
        ("database.url", "postgresql://localhost/x", "postgresql+psycopg://"),
        ("database.url", "postgresql+psycopg://localhost", "数据库的名字"),
        ("database.url", "mysql://localhost/x", "只认"),
        ("media.store_url", "/srv/media", "只认"),
        ("media.store_url", "file://srv/media", "三条斜线"),
        ("media.store_url", "file:", "少了文件夹"),
        ("media.store_url", "s3://", "存储桶"),
        ("media.max_bytes", 1000, "不能小于"),
        ("media.picture_hosts", [], "至少要写一项"),
        ("media.picture_hosts", "mmbiz.qpic.cn", "方括号"),
        ("media.picture_hosts", ["mmbiz.qpic.cn", "https://example.com"], "第 2 项 只写主机名"),
        ("media.picture_hosts", ["*.qpic.cn"], "第 1 项 只写主机名"),
        ("intake.gather_minutes", 61, "不能大于 60"),
        ("duty.phones", [{"label": "值班室", "number": "拨打"}], "第 1 项的 number 电话号码"),
        ("duty.phones", [{"label": "值班室"}], "第 1 项的 number 还没有填"),
        ("duty.phones", [{"label": "", "number": "119"}], "第 1 项的 label 还没有填"),
        ("duty.phones", [{"label": "值班室", "number": "119", "name": "x"}], "第 1 项的 name 没有这个键"),
        ("duty.phones", [{"label": "值" * 21, "number": "119"}], "最多 20 个字"),
        ("duty.channels", ["staff:duty", " "], "第 2 项 是空的"),
        ("duty.channels", ["staff:duty", "staff:duty"], "重复"),
        ("duty.channels", ["https://example.com/send?key=x"], "第 1 项 认不出是哪种渠道"),
        ("duty.channels", ["wecom+http://example.com/send?key=x"], "要用 https://"),
        ("duty.channels", ["wecom+https://example.com/send"], "少了 key="),
        ("duty.channels", ["wecom+https://example.com/send?key=x#secret=y"], "井号后面"),
        ("duty.channels", ["wecom+https://example.com:x/send?key=x"], "网址的写法不对"),
        ("duty.channels", ["wecom+https://name@example.com/send?key=x"], "网址的写法不对"),
        ("duty.channels", ["dingtalk+https://example.com/send#secret=y"], "少了 access_token="),
        ("duty.channels", ["dingtalk+https://example.com/send?access_token=x#y"], "井号后面"),
        ("duty.channels", ["feishu+https://example.com/"], "少了 /hook/"),
        ("duty.channels", ["mail:nobody"], "邮箱地址"),
        ("duty.channels", ["mail:a@example.com\nBcc: b@example.com"], "邮箱地址"),
        ("duty.channels", ["staff:a b"], "用户名"),
        ("duty.confidential_to", ["staff:a", "staff:b", "staff:c"], "最多写 2 项"),
        ("duty.confidential_to", ["wecom+https://example.com/send?key=x"], "不保密"),
        ("notify.progress_template", "short", "模板 ID"),
        ("notify.progress_fields", [{"name": "thing1", "value": "姓名"}], "只能写"),
        ("notify.progress_fields", [{"name": "一", "value": "编号"}], "thing1"),
        ("notify.progress_fields", [], "至少要写一项"),
        ("notify.most_per_run", 0, "不能小于 1"),
        ("mail.sender", "not an address", "邮箱地址"),
        ("mail.sender", "a <a@example.com>\nBcc: b@example.com", "邮箱地址"),
        ("mail.tls", True, "只能写"),
        ("schedule.timezone", "Asia/Changzhi", "没有这个时区"),
        ("schedule.timezone", "../etc/passwd", "没有这个时区"),
        ("schedule.timezone", "Asia", "没有这个时区"),
        ("schedule.working_hours", ["8:30-11:30"], "第 1 项 钟点的写法不对"),
        ("schedule.working_hours", ["08:30—11:30"], "时段的写法不对"),
        ("schedule.working_hours", ["11:30-08:30"], "晚于开始"),
        ("schedule.working_hours", ["14:30-17:30", "08:30-11:30"], "先后排好"),
        ("schedule.digest_weekday", 0, "不能小于 1"),
        ("schedule.digest_weekday", 8, "不能大于 7"),
        ("schedule.digest_time", "24:00", "钟点的写法不对"),
        ("schedule.digest_time", "08:30", "钟点的写法不对"),
        ("deadlines.p1.accept", "2", "时限的写法不对"),
        ("deadlines.p1.accept", "0天", "时限的写法不对"),
        ("deadlines.p1.accept", "2周", "时限的写法不对"),
        ("deadlines.p1.accept", 2, "要写成文字"),
        ("deadlines.p1", "2小时", "一张表"),
        ("deadlines.rectify_choices_days", [7, 3], "从小到大"),
        ("deadlines.rectify_choices_days", [0, 3], "从小到大"),
        ("deadlines.red_days", 45, "大于 yellow_days"),
        ("deadlines.close_days", 50, "大于 red_days"),
        ("campaign.start", "2026-02-29", "日期的写法不对"),
        ("campaign.quarter_start_month", 13, "不能大于 12"),
        ("retention.audit_days", 90, "不能小于 184"),
        ("admin.max_failures", 1, "不能小于 3"),
        ("logging.level", "INFO", "只能写"),
        ("vault.key_file", "", "还没有填"),
        ("vault.key_file", "lost.key", "找不到"),
        ("vault.key_file", ".", "读不了"),
        ("vault.key_file", "config.toml", "内容不对"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_refuses_a_value(refused: Callable[..., list[Problem]], name: str, value: Any, message: str) -> None:
    if value == "08:30":
        value = value.replace("0", "\uff10")  # full-width digits, as a Chinese keyboard gives them
    (problem,) = refused(with_key(name, value))
    assert problem.key == name
    assert message in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("schedule.digest_time", "8点", "写成 08:30 这样"),
        ("deadlines.p1.accept", "两天", "写成“30分钟”"),
        ("vault.key_file", "lost.key", "suishoupai init"),
        ("web.workers", 0, "网页进程的个数"),
    ],
    ids=["a time", "a limit", "a lost key file", "the key's own sentence"],
)
def test_says_what_to_write(refused: Callable[..., list[Problem]], name: str, value: Any, hint: str) -> None:
    (problem,) = refused(with_key(name, value))
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[mail]\nhost = "mail.example.com"', "mail.sender"),
        ('[mail]\nhost = "mail.example.com"\nsender = "a@example.com"\nuser = "a"', "mail.password"),
        ('[duty]\nchannels = ["mail:a@example.com"]', "mail"),
        ('[campaign]\nstart = "2026-03-01"\nend = "2026-02-01"', "campaign.end"),
    ],
    ids=[
        "mail without sender",
        "mail user without password",
        "duty by mail without a server",
        "campaign that ends before it starts",
    ],
)
def test_refuses_keys_that_do_not_go_together(refused: Callable[..., list[Problem]], text: str, key: str) -> None:
    assert [problem.key for problem in refused(f"{MINIMAL}{text}\n")] == [key]


WRONG_KINDS: list[Any] = [-1, 10**30, 1.5, True, "�", "1" * 1000, [], [[1]], ["�"], {"a": 1}, time(1), date(2026, 1, 1)]


@pytest.mark.parametrize("name", [name for name, _ in walk_model()])
def test_says_in_chinese_whatever_is_wrong_with_a_key(folder: Path, name: str) -> None:
    path = folder / "config.toml"
    refusals = 0
    for wrong in WRONG_KINDS:
        path.write_text(with_key(name, wrong), encoding="utf-8")
        try:
            load_settings(path, {})
        except SettingsError as error:
            refusals += 1
            for problem in error.problems:
                assert problem.key == name or problem.key.startswith(f"{name}.")
                assert problem.message not in ("", "写法不对"), f"no sentence for {wrong!r}"
                assert not re.search(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+|pydantic|\{", problem.message)
                assert re.search(r"[\u4e00-\u9fff]", problem.hint)
    assert refusals >= 5


# --- every problem at once, and never a secret -----------------------------------------------------------------


def test_names_every_problem_at_once(refused: Callable[..., list[Problem]]) -> None:
    problems = refused(
        '[wechat]\ntoken = "x"\nmode = "safe"\n[web]\nport = 0\nprot = 1\n[nothing]\n[deadlines.p1]\naccept = "2"\n'
        '[vault]\nkey_file = "lost.key"\n',
        SUISHOUPAI_INTAKE__GATHER_MINUTES="soon",
        SUISHOUPAI_WEB__WORKER="2",
        SUISHOUPAI_DUTY__PHONES="119",
    )
    assert sorted(problem.key for problem in problems) == [
        "SUISHOUPAI_WEB__WORKER", "deadlines.p1.accept", "duty.phones", "intake.gather_minutes", "nothing",
        "vault.key_file", "web.port", "web.prot", "web.secret_key", "wechat.app_id", "wechat.app_secret",
        "wechat.mode", "wechat.original_id", "wechat.token",
    ]  # fmt: skip


def test_never_repeats_a_value(refused: Callable[..., list[Problem]], folder: Path) -> None:
    bad = "invented-secret!"
    (folder / "secret").write_text(bad)
    (folder / "vault.key").write_text(bad)
    names = [name for name, _ in walk_model() if name not in ("vault.key_file", "mail.user", "campaign.name")]
    file_problems = refused("\n".join(f'{name} = "{bad}"' for name in names) + '\n[vault]\nkey_file="vault.key"\n')
    environ_problems = refused(MINIMAL, **{variable(name): bad for name in names})
    twin_problems = refused(MINIMAL, SUISHOUPAI_WECHAT__TOKEN_FILE="secret")
    assert len(file_problems) > 60
    assert len(environ_problems) > 60
    assert [problem.key for problem in twin_problems] == ["wechat.token", "vault.key_file"]
    assert bad not in str(SettingsError(file_problems + environ_problems + twin_problems))


def test_lists_the_problems_in_its_text() -> None:
    error = SettingsError([Problem("web.port", "要写一个整数", "写 8000。"), Problem("x", "没有这个键", "")])
    assert str(error) == "配置有 2 处要改:\n- web.port:要写一个整数。写 8000。\n- x:没有这个键。"


# --- the file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'[wechat]\napp_id = "x"\ntoken = {TOKEN}\n', 3),
        (f'[wechat]\ntoken = "{TOKEN}\n', 2),
        (f'[wechat]\ntoken = "{TOKEN}"\ntoken = "{TOKEN}"\n', 3),
        (f"[wechat]\ntoken = “{TOKEN}”", 2),
        (f'[wechat]\ntoken = """{TOKEN}\n\n', 3),
    ],
    ids=["no quotes", "quote left open", "key twice", "Chinese quotes", "text left open to the end"],
)
def test_says_which_line_cannot_be_read(refused: Callable[..., list[Problem]], text: str, line: int) -> None:
    (problem,) = refused(text, SUISHOUPAI_WEB__PORT="0")
    assert problem.key.endswith("config.toml")
    assert problem.message == f"第 {line} 行写法不对"
    assert TOKEN not in str(problem)


def test_reads_a_file_with_a_byte_order_mark(folder: Path) -> None:
    path = folder / "config.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert load_settings(path, {}).web.port == 8000


@pytest.mark.parametrize(
    ("name", "message"),
    [("gbk.toml", "UTF-8"), ("lost.toml", "找不到"), (".", "读不了")],
    ids=["another encoding", "no file", "a folder"],
)
def test_says_why_the_file_cannot_be_read(folder: Path, name: str, message: str) -> None:
    (folder / "gbk.toml").write_bytes("# 配置\n".encode("gbk"))
    with pytest.raises(SettingsError) as caught:
        load_settings(folder / name, {})
    (problem,) = caught.value.problems
    assert message in problem.message


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[web]\nprot = 1", "web.prot", "web.port"),
        ("[wechta]\nx = 1", "wechta", "wechat"),
        ("[intake]\nport = 1", "intake.port", "web.port"),
        ("[deadlines.p2]\nacept = '1天'", "deadlines.p2.acept", "deadlines.p2.accept"),
        ("[web]\nzzzz = 1", "web.zzzz", "config.example.toml"),
    ],
    ids=["misspelt key", "misspelt table", "key of another table", "misspelt step", "nothing like it"],
)
def test_refuses_unknown_keys_and_names_the_nearest(
    refused: Callable[..., list[Problem]], text: str, key: str, hint: str
) -> None:
    text = MINIMAL.replace("[web]", text) if text.startswith("[web]") else MINIMAL + text
    (problem,) = refused(text)
    assert problem.key == key
    assert problem.message == "没有这个键"
    assert hint in problem.hint


def test_names_each_missing_key_when_the_file_is_empty(refused: Callable[..., list[Problem]]) -> None:
    assert {problem.message for problem in refused("")} == {"还没有填"}
    assert len(refused("")) == 6


def test_says_when_a_table_is_no_table(refused: Callable[..., list[Problem]]) -> None:
    (problem,) = refused(f"intake = 5\n{MINIMAL}", SUISHOUPAI_INTAKE__GATHER_MINUTES="5")
    assert (problem.key, problem.message) == ("intake", "要写成一张表")


# --- the environment -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, _ in walk_model()])
def test_takes_every_key_from_the_environment(load: Callable[..., Settings], folder: Path, name: str) -> None:
    (folder / "other").write_text(VAULT_KEY)
    others: dict[str, Any] = {
        **{name: value.replace("0", "1") for name, value in PLACEHOLDERS.items()},
        "wechat.mode": "plain", "wechat.api_base_url": "https://example.com", "web.host": "0.0.0.0",
        "web.public_url": "https://example.com", "database.url": "postgresql+psycopg://localhost/x",
        "media.store_url": "s3://bucket", "media.max_bytes": 2_000_000, "media.max_pixels": 2_000_000,
        "media.picture_hosts": ["example.com"], "vault.key_file": "other", "mail.user": "x", "mail.password": "x",
        "duty.phones": [{"label": "值班室", "number": "119"}], "duty.channels": ["staff:x"], "mail.host": "localhost",
        "duty.confidential_to": ["staff:x"], "notify.progress_template": "x" * 43, "notify.reminder_template": "x" * 43,
        "notify.progress_fields": [{"name": "thing1", "value": "事项"}],
        "notify.reminder_fields": [{"name": "thing1", "value": "事项"}],
        "mail.sender": "a@example.com", "mail.tls": "none", "schedule.timezone": "UTC",
        "schedule.working_hours": ["09:00-10:00"], "schedule.digest_time": "09:00", "campaign.name": "x",
        "deadlines.rectify_choices_days": [1], "campaign.start": "2026-01-01", "campaign.end": "2026-01-01",
        "logging.level": "error", "web.secret_key": SECRET_KEY.upper(), "wechat.original_id": "gh_abcdefghijkl",
        "deadlines.yellow_days": 44, "deadlines.red_days": 54, "deadlines.close_days": 61,
        "retention.audit_days": 365, "retention.check_ins_days": 365, "retention.mine_check_ins_days": 365,
        "wechat.max_clock_skew_seconds": 60, "web.proxy_hops": 1,
    }  # fmt: skip
    if name.endswith("_file") and name != "vault.key_file":
        other: Any = "other"
        (folder / "other").write_text(str(others.get(name.removesuffix("_file"), "x")))
    elif name.startswith("deadlines.p"):
        other = "17分钟"
    else:
        other = others.get(name, 6)
    environ = {variable(name): other if isinstance(other, str) else json.dumps(other)}
    if name == "mail.host":
        environ["SUISHOUPAI_MAIL__SENDER"] = "a@example.com"
    before, after = load(), load(MINIMAL, **environ)
    assert get_value(after, name) != get_value(before, name) or name == "wechat.mode"


def test_lays_a_table_of_the_environment_over_the_file_and_a_key_over_that(load: Callable[..., Settings]) -> None:
    settings = load(
        MINIMAL + "[intake]\ngather_minutes = 7\n[retention]\naudit_days = 400\nsmall_talk_days = 40\n",
        SUISHOUPAI_RETENTION='{"audit_days": 500, "messages_days": 90}',
        SUISHOUPAI_RETENTION__MESSAGES_DAYS="91",
        SUISHOUPAI_DEADLINES='{"p1": {"accept": "3小时"}}',
        SUISHOUPAI_DEADLINES__P1__VERIFY="5小时",
    )
    assert settings.intake.gather_minutes == 7
    assert settings.retention.small_talk_days == 40
    assert settings.retention.audit_days == 500
    assert settings.retention.messages_days == 91
    assert settings.deadlines.p1.accept == Limit(3, "hours")
    assert settings.deadlines.p1.verify == Limit(5, "hours")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("duty.phones", "119"),
        ("duty.phones", '[{"label": '),
        ("duty.phones", "{}"),
        ("media.picture_hosts", "a.example.com,b.example.com"),
        ("retention", "[]"),
        ("retention", "[" * 100_000),
    ],
    ids=["a number", "broken", "a table for a list", "commas", "a list for a table", "very deep"],
)
def test_refuses_what_is_no_json_of_the_right_kind(refused: Callable[..., list[Problem]], name: str, text: str) -> None:
    (problem,) = refused(MINIMAL, **{variable(name): text})
    assert problem.key == name
    assert variable(name) in problem.message
    assert "JSON" in problem.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SUISHOUPAI_WECHAT__TOKN", "SUISHOUPAI_WECHAT__TOKEN"),
        ("SUISHOUPAI_WECHAT_TOKEN", "SUISHOUPAI_WECHAT__TOKEN"),
        ("suishoupai_wechat__token", "SUISHOUPAI_WECHAT__TOKEN"),
        ("SUISHOUPAI_CONFIGURATION_OF_MINE", "SUISHOUPAI_表名__键名"),
    ],
    ids=["misspelt", "one line", "small letters", "nothing like it"],
)
def test_refuses_misspelt_variables(refused: Callable[..., list[Problem]], name: str, hint: str) -> None:
    (problem,) = refused(MINIMAL, **{name: "x", "HOME": "/nowhere", "SUISHOUPAI": "x"})
    assert problem.key == name
    assert hint in problem.hint


# --- secrets in files ------------------------------------------------------------------------------------------

SECRETS = ["wechat.token", "wechat.app_secret", "wechat.encoding_aes_key", "web.secret_key", "mail.password"]


@pytest.mark.parametrize("name", SECRETS)
def test_reads_a_secret_from_the_file_beside(load: Callable[..., Settings], folder: Path, name: str) -> None:
    secret = {**PLACEHOLDERS, "mail.password": "invented password"}[name]
    (folder / "secret").write_text(f"{secret}\r\n")
    file = tomllib.loads(MINIMAL)
    table, key = name.split(".")
    file.setdefault(table, {}).pop(key, None)
    file[table][f"{key}_file"] = "secret"
    settings = load(write_toml(file))
    assert get_value(settings, name) == secret
    assert get_value(settings, f"{name}_file") == folder / "secret"


@pytest.mark.parametrize(
    "content", [None, b"", b"\n", b"\xff\xfe"], ids=["no file", "empty", "only a line end", "not text"]
)
def test_says_only_that_the_secrets_file_is_wrong(
    refused: Callable[..., list[Problem]], folder: Path, content: bytes | None
) -> None:
    if content is not None:
        (folder / "secret").write_bytes(content)
    (problem,) = refused(MINIMAL, SUISHOUPAI_WEB__SECRET_KEY_FILE="secret")
    assert problem.key == "web.secret_key_file"
    assert "找不到、读不了或者是空的" in problem.message


def test_refuses_a_secret_given_both_ways(refused: Callable[..., list[Problem]], folder: Path) -> None:
    (folder / "secret").write_text(TOKEN)
    (problem,) = refused(with_key("wechat.token_file", "secret"))
    assert (problem.key, problem.message) == ("wechat.token_file", "和 token 只能写一个")
    (problem,) = refused(MINIMAL, SUISHOUPAI_WECHAT__TOKEN=TOKEN, SUISHOUPAI_WECHAT='{"token_file": "secret"}')
    assert problem.key == "wechat.token_file"


def test_lets_the_environment_choose_the_way_of_giving_a_secret(load: Callable[..., Settings], folder: Path) -> None:
    (folder / "secret").write_text("fromTheFile")
    by_file = load(MINIMAL, SUISHOUPAI_WECHAT__TOKEN_FILE="secret")
    assert by_file.wechat.token.get_secret_value() == "fromTheFile"
    text = with_key("wechat.token_file", "lost").replace(f'token = "{TOKEN}"\n', "")
    assert load(text, SUISHOUPAI_WECHAT__TOKEN="byName").wechat.token.get_secret_value() == "byName"


# --- the example -----------------------------------------------------------------------------------------------


def fill_in_example() -> str:
    file = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    for name, value in PLACEHOLDERS.items():
        table, key = name.split(".")
        assert file[table][key].startswith("请填写")
        file[table][key] = value
    return write_toml(file)


def test_example_lists_every_key_with_its_sentence_and_no_other() -> None:
    shown: dict[str, str] = {}
    table = sentence = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[([a-z0-9.]+)\]", line):
            table = match[1]
        elif line.startswith("# "):
            sentence = line.removeprefix("# ")
        elif match := re.match(r"([a-z_]+) = ", line):
            shown[f"{table}.{match[1]}"] = sentence
            sentence = ""
        else:
            assert not line, f"neither a sentence, a table nor a key: {line}"
    assert list(shown.items()) == list(walk_model())
    assert all(shown.values())


def test_example_shows_the_defaults(load: Callable[..., Settings]) -> None:
    filled_in = load(fill_in_example())
    assert filled_in == load(MINIMAL, SUISHOUPAI_WECHAT__ENCODING_AES_KEY=AES_KEY)


def test_example_is_refused_as_it_is(refused: Callable[..., list[Problem]]) -> None:
    problems = refused(EXAMPLE.read_text(encoding="utf-8"))
    assert {problem.key for problem in problems} == set(PLACEHOLDERS)
    assert {problem.message for problem in problems} == {"还是样例里的占位文字"}


def test_refuses_a_placeholder_where_any_text_would_do(refused: Callable[..., list[Problem]]) -> None:
    text = with_key("duty.phones", [{"label": "请填写名字", "number": "119"}])
    assert [problem.key for problem in refused(text, SUISHOUPAI_MAIL__USER="请填写")] == ["duty.phones", "mail.user"]


# --- the first configuration -----------------------------------------------------------------------------------


def raise_disk_full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "no space left")


class Digits:
    """A source of hex digits that never repeats itself, as the real one does not."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def __call__(self, count: int) -> str:
        text = (f"{len(self.drawn) + 1:x}" + "0123456789abcdef" * 8)[:count]
        self.drawn.append(text)
        return text


def test_first_config_lacks_only_what_the_operator_knows(tmp_path: Path) -> None:
    path = write_first_config(tmp_path / "new" / "folder", Digits())
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert [problem.key for problem in caught.value.problems] == [
        "wechat.app_id", "wechat.app_secret", "wechat.original_id"
    ]  # fmt: skip
    text = path.read_text(encoding="utf-8")
    for name, value in {"AppID": APP_ID, "AppSecret": APP_SECRET, "原始ID": ORIGINAL_ID}.items():
        text = text.replace(f'"请填写{name}"', f'"{value}"')
    path.write_text(text, encoding="utf-8")
    settings = load_settings(path, {})
    assert settings.wechat.mode == "safe"
    assert settings.vault.key_file == path.with_name("vault.key")


def test_first_config_draws_every_secret_afresh(tmp_path: Path) -> None:
    digits = Digits()
    path = write_first_config(tmp_path, digits)
    assert len(set(digits.drawn)) == 4
    assert (tmp_path / "vault.key").read_text().strip() in digits.drawn
    assert re.fullmatch(r"[0-9a-f]{64}\n", (tmp_path / "vault.key").read_text())
    text = path.read_text(encoding="utf-8")
    assert sum(f'"{drawn}' in text for drawn in digits.drawn) == 3


def test_first_config_is_for_the_owners_eyes_only(tmp_path: Path) -> None:
    path = write_first_config(tmp_path, Digits())
    for file in (path, tmp_path / "vault.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["config.toml", "vault.key"])
def test_first_config_overwrites_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError):
        write_first_config(tmp_path, Digits())
    assert (tmp_path / name).read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_first_config_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "vault.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_first_config(tmp_path, Digits())
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("broken", [lambda count: "ab" * count, lambda count: "x" * count], ids=["bytes", "no hex"])
def test_first_config_refuses_a_broken_source_of_randomness(tmp_path: Path, broken: Callable[[int], str]) -> None:
    with pytest.raises(ValueError, match="hex digits"):
        write_first_config(tmp_path, broken)
    assert not list(tmp_path.iterdir())


def test_first_config_leaves_nothing_behind_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", raise_disk_full)
    with pytest.raises(OSError, match="no space left"):
        write_first_config(tmp_path, Digits())
    assert not list(tmp_path.iterdir())
