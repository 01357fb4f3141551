"""The roster of staff: who is known already, for which units, and what stops the whole file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.rosters.importing import RosterRefusedError, import_roster
from storage.audit import audit_entries
from storage.database import Database
from storage.staff import Role, add_staff, deactivate_staff, list_liaison_units, list_staff, set_liaison_units
from storage.units import add_unit
from tests.bot.rosters.making import write_xlsx

HEADER = ["姓名", "登录名", "角色", "单位", "邮箱"]
WANG = ["王某某", "", "", "东沟", "wang@example.com"]
ROLES = "联系人、审核员、领导、保密专人、管理员"
EMAIL = "第 3 行 邮箱：邮箱写得不对，要像 name@example.com 这样。"
LI = ["李某某", "lims", "审核员", "", ""]


@pytest.fixture
def unit_ids(database: Database, now: datetime) -> dict[str, int]:
    with database.write() as db:
        return {
            name: add_unit(db, name=name, kind="village", aliases=[alias], now=now)
            for name, alias in (("样例东沟村", "东沟"), ("样例西梁村", "西梁"))
        }


def take(
    database: Database, path: Path, rows: Sequence[Sequence[object]], now: datetime, *, is_applied: bool = True
) -> list[str]:
    return import_roster(
        database, "staff", write_xlsx(path / "a.xlsx", [HEADER, *rows]), is_applied=is_applied, now=now
    )


def list_states(database: Database) -> list[tuple[object, ...]]:
    with database.read() as db:
        return [
            (
                row.username,
                row.display_name,
                row.role,
                row.email,
                tuple(unit.name for unit in list_liaison_units(db, row.id)),
                row.password_hash,
            )
            for row in sorted(list_staff(db), key=lambda row: row.id)
        ]


@pytest.mark.usefixtures("unit_ids")
def test_people_are_added_without_a_log_in_and_once(database: Database, tmp_path: Path, now: datetime) -> None:
    dry = take(database, tmp_path, [WANG, LI], now, is_applied=False)
    assert dry[:3] == [
        "第 2 行 新增 王某某（样例东沟村联系人）",
        "第 3 行 新增 李某某（审核员）",
        "一共 2 行：新增 2，修改 0，不变 0。",
    ]
    assert list_states(database) == []
    take(database, tmp_path, [WANG, LI], now)
    states = list_states(database)
    assert [state[1:] for state in states] == [
        ("王某某", "liaison", "wang@example.com", ("样例东沟村",), ""),
        ("李某某", "reviewer", "", (), ""),
    ]
    assert states[1][0] == "lims"
    assert take(database, tmp_path, [WANG, LI], now)[0] == "一共 2 行：新增 0，修改 0，不变 2。"
    assert list_states(database) == states


@pytest.mark.usefixtures("unit_ids")
def test_somebody_known_is_changed(database: Database, tmp_path: Path, now: datetime) -> None:
    take(database, tmp_path, [WANG, LI], now)
    said = take(
        database,
        tmp_path,
        [["王某某", "", "", "样例东沟村、西梁", "w2@example.com"], ["李某", "lims", "管理员", "", ""]],
        now,
    )
    assert said[:2] == [
        "第 2 行 修改 王某某：单位 样例东沟村 → 样例东沟村、样例西梁村；邮箱 wang@example.com → w2@example.com",
        "第 3 行 修改 李某：姓名 李某某 → 李某；角色 审核员 → 管理员",
    ]
    assert [state[1:5] for state in list_states(database)] == [
        ("王某某", "liaison", "w2@example.com", ("样例东沟村", "样例西梁村")),
        ("李某", "admin", "", ()),
    ]
    with database.read() as db:
        assert not [note for note in db.execute(select(audit_entries.c.note)).scalars() if "@" in note or "某" in note]


@pytest.mark.usefixtures("unit_ids")
def test_the_same_name_at_another_unit_is_somebody_else(database: Database, tmp_path: Path, now: datetime) -> None:
    take(database, tmp_path, [WANG, ["王某某", "", "", "西梁", ""]], now)
    assert [state[4] for state in list_states(database)] == [("样例东沟村",), ("样例西梁村",)]
    with pytest.raises(RosterRefusedError) as refused:
        take(database, tmp_path, [["王某某", "", "", "", "w@example.com"]], now)
    assert refused.value.lines == ["第 2 行 有 2 个人叫“王某某”，写上登录名或者单位。"]


def test_who_has_left_comes_back(database: Database, tmp_path: Path, now: datetime, unit_ids: dict[str, int]) -> None:
    with database.write() as db:
        staff_id = add_staff(db, username="wang", display_name="王某某", role=Role.LIAISON, password_hash="", now=now)
        set_liaison_units(db, staff_id, [unit_ids["样例东沟村"]])
        deactivate_staff(db, staff_id, now=now)
    said = take(database, tmp_path, [WANG], now)
    assert said[0] == "第 2 行 修改 王某某：停用着，恢复使用；邮箱 没写 → wang@example.com"
    with database.read() as db:
        assert [(row.id, row.is_active) for row in list_staff(db)] == [(staff_id, True)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["", "zhao"], "第 3 行 姓名空着。"),
        (["赵某", "zhao", "村长"], f"第 3 行 角色：写的是“村长”，要从这几个里选：{ROLES}。"),
        (["赵某", "", "", "北坡村"], "第 3 行 单位：没有“北坡村”这个单位，先把单位导进来，或者改成名册里的叫法。"),
        (["赵某", "", "", "", "赵某@"], EMAIL),
        (["赵某", "", "", "", "a@example.com\nBcc:b@example.com"], EMAIL),
        (["赵某", "zhao zhao"], "第 3 行 登录名：登录名要 2 到 40 个字，用字母、数字、汉字和 . _ -，中间不空格。"),
        (["王某某", "", "", "东沟、东沟"], "第 3 行 和第 2 行是同一个人“王某某”。"),
    ],
)  # fmt: skip
def test_one_bad_row_stops_all(
    sqlite_database: Database, tmp_path: Path, now: datetime, row: list[object], said: str
) -> None:
    with sqlite_database.write() as db:
        add_unit(db, name="样例东沟村", kind="village", aliases=["东沟"], now=now)
    with pytest.raises(RosterRefusedError) as refused:
        take(sqlite_database, tmp_path, [WANG, row, LI], now)
    assert refused.value.lines == [said]
    assert list_states(sqlite_database) == []
