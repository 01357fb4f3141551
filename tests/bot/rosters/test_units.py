"""The roster of units: what it adds and changes, each row's fault by its line, and nothing when one is bad."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.rosters.importing import RosterRefusedError, import_roster
from storage.audit import audit_entries
from storage.database import Database
from storage.units import add_unit, deactivate_unit, list_units, read_aliases
from tests.bot.rosters.making import write_csv, write_xlsx

HEADER = ["单位名称", "类型", "别名", "纬度", "经度", "人数", "高风险"]
EAST = ["样例东沟村", "村", "东沟、老东沟", 36.0076, 113.0224, "812人", "否"]
MINE = ["样例南洼煤矿", "企业", "南洼矿", None, None, 460, "是"]


def take(
    database: Database, path: Path, rows: Sequence[Sequence[object]], now: datetime, *, is_applied: bool = True
) -> list[str]:
    return import_roster(
        database, "units", write_xlsx(path / "a.xlsx", [HEADER, *rows]), is_applied=is_applied, now=now
    )


def list_states(database: Database) -> list[tuple[object, ...]]:
    with database.read() as db:
        return [
            (row.name, row.kind, read_aliases(row), row.latitude, row.headcount, row.is_high_risk, row.is_active)
            for row in list_units(db)
        ]


def test_a_dry_run_writes_nothing(database: Database, tmp_path: Path, now: datetime) -> None:
    said = take(database, tmp_path, [EAST, MINE], now, is_applied=False)
    assert said == [
        "第 2 行 新增 样例东沟村（村）",
        "第 3 行 新增 样例南洼煤矿（企业）",
        "一共 2 行：新增 2，修改 0，不变 0。",
        "这是试一遍，什么也没写。没问题就加上 --apply 再运行一次。",
    ]
    assert list_states(database) == []


def test_what_is_applied_is_there_once(database: Database, tmp_path: Path, now: datetime) -> None:
    assert take(database, tmp_path, [EAST, MINE], now)[-1] == "都写进去了。"
    states = list_states(database)
    assert sorted(states, key=str) == sorted(
        [
            ("样例东沟村", "village", ("东沟", "老东沟"), 36.0076, 812, False, True),
            ("样例南洼煤矿", "enterprise", ("南洼矿",), None, 460, True, True),
        ],
        key=str,
    )
    assert take(database, tmp_path, [EAST, MINE], now)[0] == "一共 2 行：新增 0，修改 0，不变 2。"
    assert list_states(database) == states
    with database.read() as db:
        acts = db.execute(select(audit_entries.c.action, audit_entries.c.by)).all()
    assert [tuple(act) for act in acts] == [("add_unit", "operator")] * 2


def test_an_empty_cell_changes_nothing_and_others_do(database: Database, tmp_path: Path, now: datetime) -> None:
    take(database, tmp_path, [EAST], now)
    said = take(database, tmp_path, [[" 样例东沟村", "", "东沟、沟里", None, None, "900", ""]], now)
    assert said[0] == "第 2 行 修改 样例东沟村：别名 东沟、老东沟 → 东沟、沟里；人数 812 → 900"
    assert list_states(database) == [("样例东沟村", "village", ("东沟", "沟里"), 36.0076, 900, False, True)]


def test_a_unit_out_of_use_comes_back(database: Database, tmp_path: Path, now: datetime) -> None:
    with database.write() as db:
        deactivate_unit(db, add_unit(db, name="样例东沟村", kind="village", aliases=[], now=now))
    said = take(database, tmp_path, [["样例东沟村"]], now)
    assert said[0] == "第 2 行 修改 样例东沟村：停用着，恢复使用"
    assert list_states(database)[0][-1] is True


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["样例甲厂", "衙门"], "第 3 行 类型：写的是“衙门”，要从这几个里选：村、企业、站所、学校。"),
        (["样例甲厂", ""], "第 3 行 “样例甲厂”是新单位，类型要写：村、企业、站所、学校。"),
        (["", "企业"], "第 3 行 单位名称空着。"),
        (["样例甲厂", "企业", "厂"], "第 3 行 别名：“厂”只有一个字，到处都会对上，写长一点。"),
        (["样例甲厂", "企业", "", 113.02, 113.0], "第 3 行 纬度：纬度不在国内，看看经度和纬度是不是写反了。"),
        (["样例甲厂", "企业", "", 36.0, ""], "第 3 行 经度：经度和纬度要一起写，或者都空着。"),
        (["样例甲厂", "企业", "", "北纬36", 113.0], "第 3 行 纬度：纬度要写成小数，比如 36.0076。"),
        (["样例甲厂", "企业", "", "", "", "好几十"], "第 3 行 人数：人数要写成整数，比如 46。"),
        (["样例甲厂", "企业", "", "", "", "=1+1"], "第 3 行 人数：人数要写成整数，比如 46。"),
        (["样例甲厂", "企业", "", "", "", "", "也许"], "第 3 行 高风险：写的是“也许”，要写 是 或 否。"),
        (["样例东沟村", "村"], "第 3 行 和第 2 行是同一个单位“样例东沟村”。"),
        (["样例新村", "村", "老东沟"], "第 3 行 别名：“老东沟”已经是“样例东沟村”的叫法了，换一个。"),
        (["字" * 81, "村"], "第 3 行 单位名称：名称太长了，最多 80 个字。"),
    ],
)
def test_one_bad_row_stops_all(
    sqlite_database: Database, tmp_path: Path, now: datetime, row: list[object], said: str
) -> None:
    with pytest.raises(RosterRefusedError) as refused:
        take(sqlite_database, tmp_path, [EAST, row, MINE], now)
    assert refused.value.lines == [said]
    assert list_states(sqlite_database) == []


def test_every_bad_row_is_named(sqlite_database: Database, tmp_path: Path, now: datetime) -> None:
    with pytest.raises(RosterRefusedError) as refused:
        take(sqlite_database, tmp_path, [["样例甲厂", "x", "", 1, 2], EAST, ["样例乙厂", "y"]], now)
    assert [line.partition("：")[0] for line in refused.value.lines] == [
        "第 2 行 类型", "第 2 行 纬度", "第 2 行 经度", "第 4 行 类型",
    ]  # fmt: skip


def test_a_name_of_a_unit_that_is_there_is_no_alias_of_another(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    with sqlite_database.write() as db:
        add_unit(db, name="样例西梁村", kind="village", aliases=["西梁"], now=now)
    with pytest.raises(RosterRefusedError) as refused:
        take(sqlite_database, tmp_path, [["样例新村", "村", "西 梁"]], now)
    assert "已经是“样例西梁村”的叫法了" in refused.value.lines[0]


def test_columns_may_be_called_otherwise(sqlite_database: Database, tmp_path: Path, now: datetime) -> None:
    path = write_csv(
        tmp_path / "a.csv", "序号,企业名称,单位性质,职工人数（人）\n1,样例砖厂,企业,46\n", encoding="gb18030"
    )
    said = import_roster(sqlite_database, "units", path, is_applied=True, now=now)
    assert said[:2] == ["没用到的列：序号", "第 2 行 新增 样例砖厂（企业）"]
    assert list_states(sqlite_database) == [("样例砖厂", "enterprise", (), None, 46, False, True)]


def test_an_empty_table_is_no_error(sqlite_database: Database, tmp_path: Path, now: datetime) -> None:
    assert take(sqlite_database, tmp_path, [], now) == ["标题下面一行也没有，没什么可导的。"]
