"""What reporters say once their report is submitted: whether it is mended, what was asked for, and by receipt."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from handlers import followups
from handlers.followups import read_answer
from storage.attachments import attachments
from storage.database import Database
from storage.reports import verdicts
from storage.reports.assignments import add_after_photo, find_open_assignment
from storage.reports.questions import questions
from storage.reports.tables import continuations, receipts, reports
from storage.staff import Role, add_staff
from tests.factories import make_photo
from tests.handlers.dialogues.script import Person, make_person
from tests.handlers.liaisons import act, get_state, hand_over, list_notices, list_steps, make_liaison_unit
from tests.intake import Talk

ANSWERS = {
    "fixed": [
        "1", "1。", "一", "改好了", "修好了", "好了", "修好了谢谢", "已经修好了", "看了，改好了", "弄好了",
        "都好了", "可以了",
        "没问题了", "解决了", "改好啦", "修了", "确实改好了", "2611-018 改好了",
    ],
    "not_fixed": [
        "2", "二", "没改", "没修", "还那样", "没改好", "还没改", "还是没弄", "还是那样", "老样子", "又坏了", "没人来",
        "根本没动", "没有", "还是老样子", "没弄好", "2611-018 没改", "没动",
    ],
    "unknown": ["3", "三", "不知道", "不清楚", "没去看", "没看", "不晓得", "没注意", "说不准", "我没看", "没顾上"],
    "": [
        "4", "12", "谢谢", "进度", "东坪村广场配电箱没盖", "楼道里堆满了纸箱", "为什么没改", "改好了吗", "你好", "",
        "还有一个", "1楼", "2号楼",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("answer", "words"), [(answer, words) for answer, all_ in ANSWERS.items() for words in all_])
def test_reads_the_answer(answer: str, words: str) -> None:
    assert read_answer(words) == answer


def report_and_close(person: Person) -> tuple[int, str]:
    """Let somebody report, and the office close it; returns the report's id and code."""
    person.say("东坪村广场配电箱没盖")
    with person.database.write() as db:
        row = db.execute(select(reports.c.id, reports.c.code).order_by(reports.c.id.desc()).limit(1)).one()
        db.execute(reports.update().where(reports.c.id == row.id).values(state="rectified", unit_id=None))
    act(person.database, verdicts.close, row.id, at=person.clock.at)
    person.wait(minutes=30)
    return row.id, row.code


def get_answers(database: Database, report_id: int) -> list[str]:
    """Return what was answered to the questions about a report."""
    with database.read() as db:
        return list(
            db.execute(
                select(questions.c.answer).where(questions.c.report_id == report_id).order_by(questions.c.id)
            ).scalars()
        )


# -- is it mended ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "answer", "state", "part"),
    [
        ("1", "fixed", "closed", "改好了就结了"), ("改好了", "fixed", "closed", "改好了就结了"),
        ("2", "not_fixed", "reopened", "没改好，重新办"), ("还那样", "not_fixed", "reopened", "没改好，重新办"),
        ("3", "unknown", "closed", "先这样"), ("不知道", "unknown", "closed", "先这样"),
    ],
)  # fmt: skip
def test_the_answer_is_taken_once(database: Database, words: str, answer: str, state: str, part: str) -> None:
    person = make_person(database)
    number, code = report_and_close(person)
    said = person.say(words)
    assert said is not None
    assert code in said
    assert part in said
    assert get_answers(database, number) == [answer]
    assert get_state(database, number) == state
    person.wait(minutes=1)
    again = person.say(words)
    assert again is None or code not in again
    assert get_answers(database, number) == [answer]


def test_not_mended_tells_the_reviewers_and_keeps_the_words(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    number, _ = report_and_close(person)
    with sqlite_database.write() as db:
        add_staff(
            db, username="reviewer", display_name="样例", role=Role.REVIEWER, password_hash="", now=person.clock.at
        )
    person.say("还是没改")
    assert list_steps(sqlite_database, number)[-1] == ("reporter", "reopen", "还是没改")
    with sqlite_database.read() as db:
        (notice,) = list_notices(db, "to_review")
    assert "没改好，重新办" in notice.words


@pytest.mark.parametrize("days", [14, 16])
def test_not_mended_after_fifteen_days_is_another_report(database: Database, days: int) -> None:
    person = make_person(database)
    number, code = report_and_close(person)
    person.wait(days=days)
    said = person.say("2")
    assert said is not None
    with database.read() as db:
        made = db.execute(select(reports).where(reports.c.id > number)).one_or_none()
        links = db.execute(select(continuations)).all()
    if days < 15:
        assert made is None
        assert get_state(database, number) == "reopened"
        return
    assert made is not None
    assert f"另记一条 {made.code}" in said
    assert get_state(database, number) == "closed"
    assert (made.state, made.category, made.place_label, made.missing) == ("received", "ELEC", "东坪村广场", "")
    assert code in made.description
    assert [tuple(link) for link in links] == [(made.id, number)]
    assert get_answers(database, number) == ["not_fixed"]


def test_several_open_the_newest_unless_a_code_says_otherwise(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    first, code = report_and_close(person)
    person.wait(minutes=30)
    second, newer = report_and_close(person)
    assert newer in (person.say("1") or "")
    assert (get_answers(sqlite_database, first), get_answers(sqlite_database, second)) == ([""], ["fixed"])
    assert code in (person.say(f"{code} 没改") or "")
    assert get_state(sqlite_database, first) == "reopened"


def test_one_of_a_merged_pair_opens_the_master(database: Database) -> None:
    person = make_person(database)
    other = Talk(person.robot, database, person.clock, openid="oTESTother00000000000000001")
    other.say("东坪村广场配电箱没盖")
    person.say("东坪村广场配电箱没盖")
    with database.read() as db:
        mine, master = db.execute(select(reports.c.id).order_by(reports.c.id.desc())).scalars()
    master, mine = min(mine, master), max(mine, master)
    act(database, verdicts.merge, mine, into_id=master)
    with database.write() as db:
        db.execute(reports.update().where(reports.c.id == master).values(state="rectified"))
    act(database, verdicts.close, master)
    person.wait(minutes=30)
    assert "重新办" in (person.say("2") or "")
    assert get_state(database, master) == "reopened"
    assert get_state(database, mine) == "merged"


@pytest.mark.parametrize("words", ["1", "2", "3", "没改", "改好了"])
def test_without_a_question_nothing_is_taken(sqlite_database: Database, words: str) -> None:
    person = make_person(sqlite_database)
    person.say("东坪村广场配电箱没盖")
    person.wait(minutes=30)
    said = person.say(words) or ""
    assert "2611-001" not in said
    assert get_state(sqlite_database, 1) == "received"


def test_first_messages_cost_no_look_at_questions(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("questions were looked for")

    monkeypatch.setattr(followups.questions, "list_open_questions", refuse)
    person = make_person(sqlite_database)
    assert "编号 2611-001" in (person.photo() or "")
    assert "编号 2611-001" in (person.say("东坪村广场配电箱没盖") or "")


def test_what_ends_a_report_that_is_gathered_is_no_answer(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    number, _ = report_and_close(person)
    person.photo()
    person.say("不知道")
    person.say("好了")
    assert get_answers(sqlite_database, number) == [""]
    assert "2611-001" in (person.say("2") or "")
    assert get_state(sqlite_database, number) == "reopened"


def test_an_emergency_is_never_an_answer(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    number, _ = report_and_close(person)
    assert (person.say("着火了") or "").startswith("【先打电话】119")
    assert get_answers(sqlite_database, number) == [""]


# -- what the office wanted to know ------------------------------------------------------------------------------------


def report_and_ask(person: Person, words: str = "东坪村广场配电箱没盖") -> int:
    """Let somebody report, and the office ask for more; hours pass."""
    person.say(words)
    with person.database.read() as db:
        number = db.execute(select(reports.c.id).order_by(reports.c.id.desc()).limit(1)).scalar_one()
    act(person.database, verdicts.ask, number, at=person.clock.at, question="配电箱在哪一头？")
    person.wait(hours=9)
    return int(number)


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("在广场北头厕所边上", "您说的情况"), ("[照片]", "1 张照片"),
        ("[定位] 样例镇东坪村广场北", "地点样例镇东坪村广场北"), ("[语音] 北头", "1 段语音"), ("[视频]",
        "1 段视频"), ("3", "您说的情况"),
        ("不知道", "您说的情况"), ("就是那个没盖的箱子，北头", "您说的情况"),
    ],
)  # fmt: skip
def test_the_answer_joins_the_report_hours_later(sqlite_database: Database, said: str, part: str) -> None:
    person = make_person(sqlite_database)
    number = report_and_ask(person)
    (answer,) = person.speak(said)
    assert answer is not None
    assert answer.startswith("好，加进 2611-001 了，现在有：")
    assert part in answer
    assert len(answer) <= 120
    assert get_answers(sqlite_database, number) == ["words"]
    assert [step[1] for step in list_steps(sqlite_database, number)][-1] == "answer"
    with sqlite_database.read() as db:
        assert len(db.execute(select(reports.c.id)).all()) == 1
        kept = db.execute(select(attachments.c.report_id)).scalars().all()
    assert kept == ([number] if said.startswith(("[照片", "[语音", "[视频")) else [])


def test_a_burst_joins_and_the_clock_goes_on(database: Database) -> None:
    person = make_person(database)
    person.say("东坪村广场配电箱没盖")
    with database.write() as db:
        due = person.clock.at + timedelta(hours=6)
        db.execute(reports.update().values(due_at=due))
    act(database, verdicts.ask, 1, at=person.clock.at, question="再拍一张？")
    person.wait(hours=20)
    answers = person.speak("[照片 x4]")
    assert answers[0] is not None
    assert answers[1:] == [None] * 3
    with database.read() as db:
        row = db.execute(select(reports)).one()
    assert row.photo_count == 4
    assert row.due_at is not None
    assert row.due_at > person.clock.at


@pytest.mark.parametrize(
    "said",
    [
        "进度",
        "谢谢",
        "还有一个，西坪路口窨井没盖",
        "西坪路口窨井没盖",
        "怎么用",
        "举报能给多少钱",
        "匿名",
        "着火了",
        "收到",
        "在吗",
    ],
)
def test_something_else_is_no_answer(sqlite_database: Database, said: str) -> None:
    person = make_person(sqlite_database)
    number = report_and_ask(person)
    answer = person.say(said) or ""
    assert "加进 2611-001" not in answer
    assert get_answers(sqlite_database, number) == [""]


def test_a_report_that_is_being_gathered_goes_first(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    number = report_and_ask(person)
    person.say("还有一个，西坪路口窨井没盖")
    person.photo()
    assert get_answers(sqlite_database, number) == [""]


# -- progress --------------------------------------------------------------------------------------------------------


def test_progress_says_until_when_and_follows_the_master(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.say("东坪村广场配电箱没盖")
    number, code = hand_over(sqlite_database, make_liaison_unit(sqlite_database), code="2611-777")
    act(sqlite_database, verdicts.merge, 1, into_id=number)
    person.wait(minutes=30)
    assert (person.say("进度") or "").endswith("：跟别人报的并在一起办，派下去整改了，要求 12月3日 前改好")
    assert code not in (person.replies[-1] or "")


# -- by receipt -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["匿名", "我不想留名"])
def test_an_unnamed_report_gets_its_word_once(database: Database, words: str) -> None:
    person = make_person(database)
    person.photo()
    said = person.say(words)
    assert said is not None
    assert "凭编号和口令 4827 在哪个号都能查" in said
    assert len(said) <= 120
    assert "口令" not in (person.say("东坪村广场配电箱没盖") or "")
    with database.read() as db:
        (row,) = db.execute(select(receipts)).all()
    assert row.word_hash == hashlib.sha256(b"2611-001 4827").hexdigest()


def test_whoever_stays_unnamed_gets_a_word_for_every_report(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.say("匿名")
    assert "口令 4827" in (person.say("东坪村广场配电箱没盖") or "")
    person.wait(minutes=30)
    assert "口令 4828" in (person.say("西坪路口窨井没盖") or "")


def test_an_emergency_is_not_the_time_for_a_word(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.say("匿名")
    assert "口令" not in (person.say("着火了") or "")


ASK_BY_RECEIPT = ["查 {0} {1}", "查询 {0} 口令 {1}", "{0} {1}", "进度 {0} {1}", "查{0}口令{1}", "编号：{0}，口令：{1}"]


@pytest.mark.parametrize("words", ASK_BY_RECEIPT)
def test_any_account_sees_the_state_by_the_word(sqlite_database: Database, words: str) -> None:
    person = make_person(sqlite_database)
    person.say("匿名，东坪村广场配电箱没盖")
    other = Talk(person.robot, sqlite_database, person.clock, openid="oTESTother00000000000000001")
    assert other.say(words.format("2611-001", "4827")) == "2611-001：等着受理。"


def test_wrong_words_sound_alike_and_are_limited(database: Database) -> None:
    person = make_person(database)
    person.say("匿名，东坪村广场配电箱没盖")
    other = Talk(person.robot, database, person.clock, openid="oTESTother00000000000000001")
    wrong = [other.say(f"查 2611-001 {number}") for number in ("0000", "1111")]
    missing = [other.say(f"查 2611-999 {number}") for number in ("4827", "1111", "2222")]
    assert set(wrong) == set(missing) == {"编号或者口令不对，再看看是不是打错了。"}
    assert other.say("查 2611-001 4827") == "试的次数多了，过一个小时再来。急事请打 119、120。"
    person.wait(minutes=61)
    assert other.say("查 2611-001 4827") == "2611-001：等着受理。"


def test_deleting_the_pictures_spares_those_of_the_unit(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.say("东坪村广场配电箱没盖")
    with sqlite_database.read() as db:
        reporter_id = db.execute(select(reports.c.reporter_id)).scalar_one()
    number, code = hand_over(
        sqlite_database, make_liaison_unit(sqlite_database), reporter_id=reporter_id, code="2611-777"
    )
    with sqlite_database.write() as db:
        mine, theirs = make_photo(db, report_id=number), make_photo(db, report_id=number)
        assignment = find_open_assignment(db, number)
        assert assignment is not None
        add_after_photo(db, theirs, assignment.id)
    person.say(f"把 {code} 的照片删了")
    with sqlite_database.read() as db:
        states = {row.id: row.state for row in db.execute(select(attachments))}
    assert states == {mine: "purged", theirs: "kept"}
