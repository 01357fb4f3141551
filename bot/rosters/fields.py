"""What the fields of a unit and of a member of staff may hold, for tables and forms alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.staff import Role
from storage.types import AnyRow
from storage.units import UnitKind, UnitNames, read_aliases

LONGEST_UNIT_NAME = 80  # characters, as the column has it
LONGEST_NAME = 40
LONGEST_EMAIL = 200
SHORTEST_ALIAS = 2  # one character, such as 矿, would be found in every second message
MOST_ALIASES = 20
MOST_PEOPLE = 1_000_000
# A point outside China is nearly always one whose two numbers have changed places.
LATITUDES, LONGITUDES = (3.0, 54.0), (73.0, 136.0)  # degrees

_KINDS: Mapping[str, UnitKind] = {
    **dict.fromkeys(("村", "村庄", "行政村", "村委会", "社区", "村社区", "居委会", "village"), UnitKind.VILLAGE),
    **dict.fromkeys(
        ("企业", "公司", "厂", "工厂", "厂矿", "矿", "煤矿", "商户", "个体户", "enterprise"), UnitKind.ENTERPRISE
    ),
    **dict.fromkeys(("站所", "站", "所", "机关", "部门", "办公室", "镇直单位", "office"), UnitKind.OFFICE),
    **dict.fromkeys(("学校", "小学", "中学", "幼儿园", "school"), UnitKind.SCHOOL),
}
_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("联系人", "联络员", "安全员", "网格员", "liaison"), Role.LIAISON),
    **dict.fromkeys(("审核员", "reviewer"), Role.REVIEWER),
    **dict.fromkeys(("领导", "leader"), Role.LEADER),
    **dict.fromkeys(("保密专人", "保密员", "keeper"), Role.KEEPER),
    **dict.fromkeys(("管理员", "admin"), Role.ADMIN),
}
_YES = frozenset({"是", "有", "对", "高", "高风险", "重点", "1", "y", "yes", "true", "√", "✓"})
_NO = frozenset({"否", "无", "不", "不是", "没有", "一般", "低", "0", "n", "no", "false", "×", ""})
_BETWEEN = re.compile(r"[、，,;；/\n]+")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_USERNAME = re.compile(r"[\w.\-]{2,40}")
_NUMBER = re.compile(r"\d{1,7}")


class FieldError(Exception):
    """Raised when a field cannot hold what was written; the text is for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """What is known of a unit; the point is in GCJ-02 degrees."""

    name: str
    kind: UnitKind
    aliases: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    headcount: int | None = None
    is_high_risk: bool = False

    @property
    def calls(self) -> tuple[str, ...]:
        """Return every name that the unit is called by."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """What is known of a member of staff; without a username there is no log-in."""

    display_name: str
    username: str = ""
    role: Role = Role.LIAISON
    email: str = ""
    unit_ids: frozenset[int] = frozenset()


def get_unit_entry(row: AnyRow) -> UnitEntry:
    """Return what the row of a unit holds."""
    return UnitEntry(
        row.name,
        UnitKind(row.kind),
        read_aliases(row),
        row.latitude,
        row.longitude,
        row.headcount,
        row.is_high_risk,
    )


def read_unit(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of a unit that could be read, and what is wrong with the others, in words."""
    return _read(_UNIT_READERS, typed)


def read_staff(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of a member of staff that could be read, and what is wrong with the others, in words."""
    return _read(_STAFF_READERS, typed)


def find_point_faults(entry: UnitEntry) -> dict[str, str]:
    """Return what is wrong with half a point."""
    if (entry.latitude is None) == (entry.longitude is None):
        return {}
    return {"longitude" if entry.longitude is None else "latitude": "经度和纬度要一起写，或者都空着。"}


def list_taken(units: Iterable[UnitNames]) -> dict[str, str]:
    """Return every name that units are called by, as it is compared, with the canonical name."""
    return {fold(call): unit.name for unit in units for call in (*unit.aliases, unit.name)}


def find_name_faults(entry: UnitEntry, taken: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with a unit's names where another unit is called the same: nobody could tell them apart."""
    faults: dict[str, str] = {}
    if fold(entry.name) in taken:
        faults["name"] = f"“{entry.name}”已经是“{taken[fold(entry.name)]}”的叫法了。"
    for alias in entry.aliases:
        if fold(alias) in taken:
            faults["aliases"] = f"“{alias}”已经是“{taken[fold(alias)]}”的叫法了，换一个。"
            break
    return faults


def split_names(typed: str) -> list[str]:
    """Return the names of a list, each once, whatever stands between them."""
    names = (" ".join(part.split()) for part in _BETWEEN.split(typed))
    return list(dict.fromkeys(name for name in names if name))


def fold(name: str) -> str:
    """Return a name as it is compared with others."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _read(
    readers: Mapping[str, Callable[[str], object]], typed: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field, words in typed.items():
        if field not in readers:
            continue
        try:
            values[field] = readers[field](words.strip())
        except FieldError as error:
            faults[field] = str(error)
    return values, faults


def _read_name(most: int, what: str) -> Callable[[str], str]:
    def read(typed: str) -> str:
        name = " ".join(typed.split())
        if not name:
            raise FieldError(f"{what}要写。")
        if len(name) < SHORTEST_ALIAS:
            raise FieldError(f"{what}至少 {SHORTEST_ALIAS} 个字。")
        if len(name) > most:
            raise FieldError(f"{what}太长了，最多 {most} 个字。")
        return name

    return read


def _read_kind(typed: str) -> UnitKind:
    kind = _KINDS.get(fold(typed).replace("(", "").replace(")", ""))
    if kind is None:
        raise FieldError(_say_choice(typed, "类型", "村、企业、站所、学校"))
    return kind


def _read_role(typed: str) -> Role:
    role = _ROLES.get(fold(typed))
    if role is None:
        raise FieldError(_say_choice(typed, "角色", "联系人、审核员、领导、保密专人、管理员"))
    return role


def _say_choice(typed: str, what: str, choices: str) -> str:
    return f"写的是“{typed[:20]}”，要从这几个里选：{choices}。" if typed else f"{what}要选一个：{choices}。"


def _read_aliases(typed: str) -> tuple[str, ...]:
    aliases = split_names(typed)
    if len(aliases) > MOST_ALIASES:
        raise FieldError(f"叫法太多了，最多 {MOST_ALIASES} 个。")
    for alias in aliases:
        if len(alias) < SHORTEST_ALIAS:
            raise FieldError(f"“{alias}”只有一个字，到处都会对上，写长一点。")
        if len(alias) > LONGEST_NAME:
            raise FieldError(f"“{alias[:10]}…”太长了，一个叫法最多 {LONGEST_NAME} 个字。")
    return tuple(aliases)


def _read_degrees(bounds: tuple[float, float], what: str) -> Callable[[str], float | None]:
    def read(typed: str) -> float | None:
        plain = unicodedata.normalize("NFKC", typed).removesuffix("°").strip()
        if not plain:
            return None
        try:
            degrees = float(plain) if re.fullmatch(r"-?\d{1,3}(?:\.\d{1,17})?", plain, re.ASCII) else None
        except ValueError:
            degrees = None
        if degrees is None:
            raise FieldError(f"{what}要写成小数，比如 {36.0076 if bounds is LATITUDES else 113.0224}。")
        if not bounds[0] <= degrees <= bounds[1]:
            raise FieldError(f"{what}不在国内，看看经度和纬度是不是写反了。")
        return degrees

    return read


def _read_headcount(typed: str) -> int | None:
    plain = unicodedata.normalize("NFKC", typed).removesuffix("人").strip()
    if not plain:
        return None
    if not _NUMBER.fullmatch(plain) or int(plain) > MOST_PEOPLE:
        raise FieldError("人数要写成整数，比如 46。")
    return int(plain)


def _read_yes(typed: str) -> bool:
    plain = fold(typed)
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise FieldError(f"写的是“{typed[:20]}”，要写 是 或 否。")


def _read_username(typed: str) -> str:
    if typed and not _USERNAME.fullmatch(typed):
        raise FieldError("登录名要 2 到 40 个字，用字母、数字、汉字和 . _ -，中间不空格。")
    return typed


def _read_email(typed: str) -> str:
    if typed and (len(typed) > LONGEST_EMAIL or not _EMAIL.fullmatch(typed)):
        raise FieldError("邮箱写得不对，要像 name@example.com 这样。")
    return typed


_UNIT_READERS: Mapping[str, Callable[[str], object]] = {
    "name": _read_name(LONGEST_UNIT_NAME, "名称"),
    "kind": _read_kind,
    "aliases": _read_aliases,
    "latitude": _read_degrees(LATITUDES, "纬度"),
    "longitude": _read_degrees(LONGITUDES, "经度"),
    "headcount": _read_headcount,
    "is_high_risk": _read_yes,
}
_STAFF_READERS: Mapping[str, Callable[[str], object]] = {
    "display_name": _read_name(LONGEST_NAME, "姓名"),
    "username": _read_username,
    "role": _read_role,
    "email": _read_email,
}
UNIT_FIELDS: Collection[str] = _UNIT_READERS.keys()
STAFF_FIELDS: Collection[str] = _STAFF_READERS.keys()
