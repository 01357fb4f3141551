"""Reads the configuration from its file and the environment, and finds everything that is wrong with it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.settings.problems import Problem, SettingsError
from bot.settings.tables import Settings
from bot.settings.wording import (
    ENVIRONMENT_PREFIX,
    Key,
    build_key_problem,
    build_problem,
    build_unknown_variable_problem,
    list_keys,
)

CONFIG_VARIABLE = "SUISHOUPAI_CONFIG"
PLACEHOLDER = "请填写"  # how every value in config.example.toml begins that only the operator can know

_NO_FILE = Problem(
    CONFIG_VARIABLE,
    "没有指定配置文件,只看了环境变量",
    "用 --config 指定文件,或设置这个环境变量;还没有文件就先运行 suishoupai init。",
)
_SAID_ELSEWHERE = "default_factory_not_called"  # a default that hangs on a key which is wrong itself


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Return the configuration from the file at `path` with the environment laid over it.

    Without `path` the file is the one that SUISHOUPAI_CONFIG names; without that the environment alone counts, and
    relative paths start from the working directory instead of the file's folder. A key is overridden by
    SUISHOUPAI_<TABLE>__<KEY>, lists and tables as JSON. Raises SettingsError with every problem at once.
    """
    if path is None and environ.get(CONFIG_VARIABLE):
        path = Path(environ[CONFIG_VARIABLE])
    folder = Path.cwd() if path is None else path.absolute().parent
    values = {} if path is None else _read_file(path)
    keys = list(list_keys())
    for key in keys:
        if key.is_table and len(key.path) == 1:
            values.setdefault(key.name, {})  # so that each missing key is named, not only its table
    secrets = [key for key in keys if key.has_file_twin]
    problems: list[Problem] = []
    over = _read_environment(environ, keys, problems)
    _lay_over(values, over, frozenset(key.path[-1] for key in secrets))
    answered = {problem.key for problem in problems}
    answered.update(_read_secret_files(values, folder, secrets, problems))
    answered.update(_refuse_placeholders(values, (), problems))
    try:
        settings = Settings.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        found = [
            build_problem(details)
            for details in error.errors(include_url=False, include_input=False)
            if details["type"] != _SAID_ELSEWHERE
        ]
        problems += [problem for problem in found if problem.key not in answered]
    else:
        if not problems:
            return settings
    raise SettingsError([_NO_FILE, *problems] if path is None else problems)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(
            [Problem(str(path), "找不到这个配置文件", "看看路径对不对;还没有就先运行 suishoupai init。")]
        ) from None
    except UnicodeDecodeError:
        raise SettingsError([Problem(str(path), "文件不是 UTF-8 编码", "用编辑器另存为 UTF-8 再试。")]) from None
    except OSError:
        raise SettingsError(
            [Problem(str(path), "配置文件读不了", "看看它是不是一个文件,运行本程序的账号能不能读。")]
        ) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser's own sentence may quote the line, and with it a secret; only its line number is kept.
        match = re.search(r"at line (\d+)", str(error))
        line = int(match[1]) if match else max(1, len(text.splitlines()))
        raise SettingsError(
            [
                Problem(
                    str(path),
                    f"第 {line} 行写法不对",
                    "常见的原因:引号没有成对、用了中文引号或中文逗号、同一个键写了两遍。",
                )
            ]
        ) from None


def _read_environment(environ: Mapping[str, str], keys: list[Key], problems: list[Problem]) -> dict[str, Any]:
    """Return what the environment says, in the shape of the file."""
    found: dict[str, Any] = {}
    # `keys` has a table before what is in it, so that the narrower variable has the last word.
    for key in keys:
        if key.variable not in environ:
            continue
        value: Any = environ[key.variable]
        if key.is_table or key.is_list:
            value = _read_json(value)
            if not isinstance(value, dict if key.is_table else list):
                shape = '{"键": 值}' if key.is_table else "[项, 项]"
                hint = f"表和列表在环境变量里用 JSON 写,如 {shape}。"
                problems.append(Problem(key.name, f"环境变量 {key.variable} 的写法不对", hint))
                continue
        holder: Any = found
        for name in key.path[:-1]:
            holder = holder.setdefault(name, {}) if isinstance(holder, dict) else None
        if isinstance(holder, dict):  # otherwise a wider variable is wrong there, and the model will say so
            holder[key.path[-1]] = value
    known = {CONFIG_VARIABLE, *(key.variable for key in keys)}
    problems += [
        build_unknown_variable_problem(variable)
        for variable in sorted(environ)
        if variable.upper().startswith(ENVIRONMENT_PREFIX) and variable not in known
    ]
    return found


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _lay_over(values: dict[str, Any], over: dict[str, Any], secrets: frozenset[str]) -> None:
    """Lay `over` over `values`; a secret given one way puts aside the other way of giving it."""
    for name, value in over.items():
        if isinstance(value, dict) and name in values:
            if isinstance(values[name], dict):
                _lay_over(values[name], value, secrets)
            continue  # the file has something else in the table's place, which the model will say
        plain = name.removesuffix("_file")
        if plain in secrets:
            values.pop(plain, None)
            values.pop(f"{plain}_file", None)
    for name, value in over.items():
        if not (isinstance(value, dict) and name in values):
            values[name] = value


def _read_secret_files(
    values: dict[str, Any], folder: Path, secrets: list[Key], problems: list[Problem]
) -> Iterator[str]:
    """Put the content of each `<key>_file` in the key's place; yields the keys about which all is said."""
    for key in secrets:
        table: Any = values[key.path[0]]
        name = key.path[-1]
        file_name = table.get(f"{name}_file") if isinstance(table, dict) else None
        if not isinstance(file_name, str) or not file_name:
            continue
        if table.get(name):
            hint = f"用文件的话,把 {name} 那一行删掉;不用的话,把 {name}_file 那一行删掉。"
            problems.append(Problem(f"{key.name}_file", f"和 {name} 只能写一个", hint))
            yield key.name
            continue
        try:
            content = (folder / file_name).read_text(encoding="utf-8-sig").rstrip("\r\n")
        except (OSError, ValueError):
            content = ""
        if content:
            table[name] = content
            continue
        hint = "看看路径对不对,运行本程序的账号能不能读。"
        problems.append(Problem(f"{key.name}_file", "这个文件找不到、读不了或者是空的", hint))
        yield key.name


def _refuse_placeholders(values: dict[str, Any], path: tuple[str, ...], problems: list[Problem]) -> Iterator[str]:
    """Refuse what still is as in config.example.toml; yields the keys where it is."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _refuse_placeholders(value, (*path, name), problems)
        elif _holds_placeholder(value):
            problem = build_key_problem((*path, name), "还是样例里的占位文字")
            problems.append(problem)
            yield problem.key


def _holds_placeholder(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().startswith(PLACEHOLDER)
    if isinstance(value, dict):
        return any(map(_holds_placeholder, value.values()))
    return isinstance(value, list) and any(map(_holds_placeholder, value))
