"""The duty is alarmed of emergencies, the named people of concealed accidents; nobody is promised anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from handlers.alarms import KINDS
from handlers.classify import load_lexicon
from storage.database import Database
from storage.outbox import notices
from tests.handlers.dialogues.script import Person
from tests.handlers.making import CLASSIFIER
from tests.intake import Clock, make_robot, make_services

CHANNELS = ("duty:1", "duty:2")
KEEPERS = ("duty:confidential-1",)


def make_caller(database: Database, **services: Any) -> Person:
    """Return somebody new on a robot whose duty can be told."""
    clock = Clock()
    given = make_services(**({"duty_channels": CHANNELS, "confidential_to": KEEPERS} | services))
    return Person(make_robot(database, clock, services=given), database, clock)


def list_alarms(database: Database) -> list[Any]:
    """Return every notice in the order in which it was made."""
    with database.read() as db:
        return list(db.execute(select(notices).order_by(notices.c.id)).all())


def test_every_channel_is_told_at_once(database: Database) -> None:
    person = make_caller(database)
    answer = person.say("东坪村煤矿井下冒顶了，压住两个人，我电话13800000000")
    rows = list_alarms(database)
    assert [(row.recipient, row.purpose, row.subject, row.is_urgent, row.state) for row in rows] == [
        (channel, "alarm", "report:1", True, "waiting") for channel in CHANNELS
    ]
    words = rows[0].words
    assert words.startswith("【险情】2611-001 井下险情。地点：东坪村")
    assert "请马上核实，先打 119/120 没有。" in words
    assert "压住两个人" in words
    assert "13800000000" not in words
    assert answer is not None
    assert "通知" not in answer


def test_the_sender_stays_out_of_it(sqlite_database: Database) -> None:
    person = make_caller(sqlite_database)
    person.say("我是张三丰，着火了，我是他邻居，微信号 9988776")
    (row, _) = list_alarms(sqlite_database)
    for part in ("张三丰", "热心群众", "9988776", "oTEST"):
        assert part not in row.words
    assert (row.reporter_id, row.staff_id) == (None, None)


def test_a_quote_is_short_and_on_one_line(sqlite_database: Database) -> None:
    person = make_caller(sqlite_database)
    person.say("着火了\n" + "楼上还有人快来救" * 40)
    (row, _) = list_alarms(sqlite_database)
    quoted = row.words.partition("“")[2].partition("”")[0]
    assert len(quoted) == 60
    assert "\n" not in row.words


@pytest.mark.parametrize(
    ("said", "subjects"),
    [
        (["着火了"], ["report:1"]),
        (["着火了", "着火了快来", "着火了快来人啊"], ["report:1"]),
        (["着火了", "东坪村小学"], ["report:1", "report:1:place"]),
        (
            ["着火了", "[定位] 样例镇东坪村小学", "东坪村小学后头", "[定位] 样例镇西坪村"],
            ["report:1", "report:1:place"],
        ),
        (["东坪村小学着火了", "[定位] 样例镇东坪村小学"], ["report:1"]),
        (["东坪村小学着火了", "炸了，房倒了，压住人了"], ["report:1", "report:1:place"]),
        (["东坪村小学着火了", "[照片 x5]"], ["report:1"]),
        (["东坪村广场配电箱没盖", "着火了"], ["report:2"]),
        (["[照片]", "着火了"], ["report:1"]),
        (["东坪村广场配电箱没盖"], []),
        (["着火了咋办啊"], []),
        (["昨天演练，着火了大家往外跑"], []),
    ],
)
def test_a_further_notice_at_most(sqlite_database: Database, said: list[str], subjects: list[str]) -> None:
    person = make_caller(sqlite_database)
    for words in said:
        person.wait(seconds=20)
        person.speak(words)
    rows = list_alarms(sqlite_database)
    assert [row.subject for row in rows if row.recipient == "duty:1"] == subjects
    assert len(rows) == 2 * len(subjects)


def test_the_further_one_names_the_place(sqlite_database: Database) -> None:
    person = make_caller(sqlite_database)
    person.say("着火了")
    assert "地点：还不知道" in list_alarms(sqlite_database)[0].words
    person.pin("样例镇东坪村小学", 36.01, 113.02)
    assert list_alarms(sqlite_database)[-1].words == (
        "【险情地点】2611-001 在：样例镇东坪村小学（36.01000,113.02000）。请马上核实。"
    )


def test_a_repeat_rings_nobody_again(sqlite_database: Database) -> None:
    person = make_caller(sqlite_database)
    person.speak("着火了")
    person.speak("再来一次")
    assert len(list_alarms(sqlite_database)) == 2


def test_a_concealed_accident_goes_to_the_named_people_only(database: Database) -> None:
    person = make_caller(database)
    person.say("矿上上礼拜死了一个,让家里不要说,给了钱")
    (row,) = list_alarms(database)
    assert (row.recipient, row.purpose, row.report_id, row.is_urgent) == (KEEPERS[0], "concealed", None, True)
    assert row.words == "有一条封存的线索，请登录后台“密件”看。"
    assert row.fields == "{}"
    assert "矿" not in row.subject


def test_without_channels_nobody_is_told(sqlite_database: Database) -> None:
    person = make_caller(sqlite_database, duty_channels=(), confidential_to=())
    assert (person.say("着火了") or "").startswith("【先打电话】119")
    person.say("矿上上礼拜死了一个,让家里不要说,给了钱")
    assert list_alarms(sqlite_database) == []


def list_kinds() -> Iterator[tuple[str, str]]:
    """Return the name and the label of every kind of emergency that the lexicon knows."""
    for kind in load_lexicon().emergencies._kinds.values():
        yield kind.emergency.kind, kind.label


def test_names_every_kind_as_the_lexicon_does() -> None:
    expected = {name: "着火" if name == "fire" else label for name, label in list_kinds()}
    assert expected == KINDS
    assert CLASSIFIER.understand("着火了").why[0].endswith("险情:火")
