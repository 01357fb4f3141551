"""Puts what the model refuses into plain Chinese, with the key as the file has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.settings.base import Table
from bot.settings.problems import Problem
from bot.settings.tables import Settings

ENVIRONMENT_PREFIX = "SUISHOUPAI_"

# A sentence for each kind of refusal that the model can give; anything else is "写法不对".
_SENTENCES = {
    "missing": "还没有填",
    "string_type": "要写成文字,用英文引号括起来",
    "int_type": "要写一个整数",
    "int_parsing": "要写一个整数",
    "int_parsing_size": "要写一个整数",
    "int_from_float": "要写一个整数",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "tuple_type": "要写成列表,用方括号括起来",
    "too_long": "最多写 {max_length} 项",
    "string_too_short": "还没有填",
    "string_too_long": "最多 {max_length} 个字",
    "model_type": "要写成一张表",
    "refused": "{message}",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key, or one whole table, of the configuration."""

    path: tuple[str, ...]
    table: type[Table]  # the one that holds it
    field: FieldInfo

    @property
    def name(self) -> str:
        """The key as one would say it: wechat.token."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that takes its place."""
        return ENVIRONMENT_PREFIX + "__".join(self.path).upper()

    @property
    def is_table(self) -> bool:
        """Whether it is a table."""
        return _as_table(self.field.annotation) is not None

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return get_origin(self.field.annotation) is tuple

    @property
    def has_file_twin(self) -> bool:
        """Whether it is a secret that may be read from a file named by a second key."""
        return self.field.annotation is SecretStr and f"{self.path[-1]}_file" in self.table.model_fields


def list_keys(table: type[Table] = Settings, *, above: tuple[str, ...] = ()) -> Iterator[Key]:
    """Yield every table and key, a table before what is in it."""
    for name, field in table.model_fields.items():
        yield Key((*above, name), table, field)
        inner = _as_table(field.annotation)
        if inner is not None:
            yield from list_keys(inner, above=(*above, name))


def build_problem(error: ErrorDetails) -> Problem:
    """Return the problem behind one of the model's errors."""
    path, rest = _split_location(error["loc"])
    name = ".".join(path)
    keys = {key.path: key for key in list_keys()}
    if error["type"] == "extra_forbidden":
        if not rest:
            return build_unknown_key_problem(path)
        return Problem(name, f"{_say_place(rest)}没有这个键", _get_hint(keys, path))
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        message = f"只能写 {str(context['expected']).replace(' or ', '、').replace(', ', '、')}"
    else:
        message = _SENTENCES.get(error["type"], "写法不对").format_map(context)
    return Problem(name, _say_place(rest) + message, context.get("hint") or _get_hint(keys, path))


def build_key_problem(path: tuple[str, ...], message: str) -> Problem:
    """Return a problem of one key, with the key's own sentence as the hint."""
    return Problem(".".join(path), message, _get_hint({key.path: key for key in list_keys()}, path))


def build_unknown_key_problem(path: tuple[str, ...]) -> Problem:
    """Return the problem of a key or table in the file that nobody knows, with the nearest known one."""
    beside = [key.path[-1] for key in list_keys() if key.path[:-1] == path[:-1]]
    near = get_close_matches(path[-1], beside, n=1)
    elsewhere = [key.name for key in list_keys() if key.path[-1] == path[-1] and len(path) > 1]
    if near:
        hint = f"是不是想写 {'.'.join((*path[:-1], near[0]))}?"
    elif elsewhere:
        hint = f"是不是想写 {elsewhere[0]}?"
    else:
        hint = "全部的键见 config.example.toml。"
    return Problem(".".join(path), "没有这个键", hint)


def build_unknown_variable_problem(variable: str) -> Problem:
    """Return the problem of an environment variable that looks like ours and is not."""
    known = {key.variable.removeprefix(ENVIRONMENT_PREFIX): key.variable for key in list_keys()}
    near = get_close_matches(variable.upper().removeprefix(ENVIRONMENT_PREFIX), known, n=1)
    hint = f"是不是想写 {known[near[0]]}?" if near else "写法是 SUISHOUPAI_表名__键名,全部大写,中间两条下划线。"
    return Problem(variable, "没有哪个键对应这个环境变量", hint)


def _split_location(location: tuple[int | str, ...]) -> tuple[tuple[str, ...], tuple[int | str, ...]]:
    """Return the key's path and what is inside its list."""
    for position, part in enumerate(location):
        if isinstance(part, int):
            return tuple(str(name) for name in location[:position]), location[position:]
    return tuple(str(name) for name in location), ()


def _say_place(rest: tuple[int | str, ...]) -> str:
    if not rest:
        return ""
    inner = "".join(f"的 {name}" for name in rest[1:])
    return f"第 {int(rest[0]) + 1} 项{inner} "


def _get_hint(keys: dict[tuple[str, ...], Key], path: tuple[str, ...]) -> str:
    return (keys[path].field.description or "") if path in keys else ""


def _as_table(annotation: Any) -> type[Table] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, Table) else None
