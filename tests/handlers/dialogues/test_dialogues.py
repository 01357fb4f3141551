"""The table of dialogues: what people send, what they hear, which reports there are afterwards; and house rules."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest

from storage.database import Database
from tests.handlers.dialogues.script import (
    Dialogue,
    Person,
    check_report,
    list_messages,
    list_reports,
    make_person,
    read_dialogues,
)
from tests.intake import Clock, make_robot

DIALOGUES = read_dialogues()
ON_BOTH = [dialogue for dialogue in DIALOGUES if "(两库)" in dialogue.title]
QUESTIONS = ("这是在哪儿？", "有什么问题？说一句就行。")
SILENT_INTENTS = {"acknowledgement", "spam"}


def ids(dialogue: Dialogue) -> str:
    """Name a dialogue in the list of tests."""
    return dialogue.title


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=ids)
def test_is_answered_as_written_down(dialogue: Dialogue, sqlite_database: Database) -> None:
    hold(dialogue, make_person(sqlite_database))


@pytest.mark.parametrize("dialogue", ON_BOTH, ids=ids)
def test_is_answered_the_same_on_the_other_engine(dialogue: Dialogue, postgres_database: Database) -> None:
    hold(dialogue, make_person(postgres_database))


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=ids)
def test_has_no_second_effect_when_everything_is_delivered_twice(dialogue: Dialogue, sqlite_database: Database) -> None:
    hold(dialogue, make_person(sqlite_database), deliveries=2)


def hold(dialogue: Dialogue, person: Person, *, deliveries: int = 1) -> None:
    """Hold a dialogue and look at the answers, the reports and the rules of the house."""
    for turn in dialogue.turns:
        person.wait(minutes=turn.minutes_before)
        person.wait(seconds=5)
        answers = person.speak(turn.said)
        for _ in range(deliveries - 1):
            if "删除" in turn.said or "unsubscribe" in turn.said:
                break  # the sender's new row would answer; the key is kept, and looked at in a test of its own
            assert person.deliver(person.last_body) == answers[-1]
        expected = turn.answers or ["—"]
        for answer, words in zip(answers, expected + ["—"] * (len(answers) - len(expected)), strict=True):
            check_answer(answer, words, turn.said)
    person.wait(minutes=dialogue.minutes_after)
    reports = list_reports(person.database)
    assert len(reports) == len(dialogue.reports), reports
    for row, line in zip(reports, dialogue.reports, strict=True):
        check_report(row, line)
    check_nothing_is_lost(person, dialogue.in_box)
    check_manners([reply for reply in person.replies if reply is not None])


def check_answer(answer: str | None, words: str, said: str) -> None:
    """Compare an answer with the words of the notation."""
    if words == "—":
        assert answer is None, f"{said!r} is answered {answer!r}"
        return
    assert answer is not None, f"{said!r} is not answered"
    for part in words.split(" & "):
        is_fine = part[1:] not in answer if part.startswith("!") else part in answer
        assert is_fine, f"{said!r}: {part!r} in {answer!r}"


def check_nothing_is_lost(person: Person, in_box: int) -> None:
    """Every message is joined to a report, answered, or in the box; only thanks, adverts and events may pass."""
    rows = list_messages(person.database)
    assert {row["state"] for row in rows} <= {"done", "unsorted"}
    assert sum(row["state"] == "unsorted" for row in rows) == in_box
    for row in rows:
        is_kept = row["report_id"] is not None or row["reply"] is not None or row["state"] == "unsorted"
        assert is_kept or row["intent"] in SILENT_INTENTS or row["kind"] == "event" or row["payload_sealed"] is None, (
            row
        )
    for report in list_reports(person.database):
        joined = [row for row in rows if row["report_id"] == report["id"]]
        assert report["message_count"] <= len(joined)
        assert report["opened_at"] <= report["last_piece_at"]


def check_manners(replies: list[str]) -> None:
    """The rules that hold for every answer in every dialogue."""
    for reply in replies:
        assert not set("!！") & set(reply)
        assert reply.count("?") <= 1 or "哪儿不对?" in reply, reply
        assert len(reply.encode()) <= 1_800
        if "怎么用:" not in reply and ",已" not in reply:  # the manual and lists are no first answers
            assert len(reply) <= 120 or reply.count("\n") > 2, reply
        if "齐了" in reply or "先这样报上去" in reply or "先报上去" in reply:
            assert "现场管事的" in reply
        if "先停下来，人离远点" in reply:
            assert reply.startswith("先停下来，人离远点。")
        if "【先打电话】" in reply:
            assert reply.startswith("【先打电话】1")
        if "119、120、110 还没打" in reply:
            assert reply.startswith("119、120、110")
    for code in {found for reply in replies for found in re.findall(r"\d{4}-\d{3}", reply)}:
        for question in QUESTIONS:
            asked = [reply for reply in set(replies) if question in reply and code in reply]
            assert len(asked) <= 1, asked


def test_keeps_at_least_seventy_dialogues_a_dozen_on_both_engines() -> None:
    assert len(DIALOGUES) >= 70
    assert len(ON_BOTH) >= 12
    assert len({dialogue.title for dialogue in DIALOGUES}) == len(DIALOGUES)


@pytest.mark.parametrize("order", ["as sent", "backwards", "shuffled"])
def test_makes_one_report_of_an_album_that_arrives_at_once(order: str, database: Database) -> None:
    clock = Clock()
    robot = make_robot(database, clock)
    shifts = {"as sent": range(9), "backwards": range(9)[::-1], "shuffled": [4, 0, 8, 2, 6, 1, 7, 3, 5]}[order]
    people = [Person(robot, database, clock) for _ in shifts]
    threads = [
        threading.Thread(target=person.photo, kwargs={"sent_at": clock.at + timedelta(seconds=shift)})
        for person, shift in zip(people, shifts, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    replies = [reply for person in people for reply in person.replies]
    assert len(replies) == 9
    assert [reply for reply in replies if reply is not None] == [
        "收到，编号 2611-001：1 张照片。这是在哪儿？发个定位，或说一句都行。"
    ]
    (report,) = list_reports(database)
    assert (report["photo_count"], report["message_count"], report["state"]) == (9, 9, "gathering")
    assert len(list_messages(database)) == 9


def test_erases_once_when_the_wish_is_delivered_twice(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.say("东坪村广场配电箱没盖")
    first = person.say("删除我的信息")
    body = person.last_body
    person.say("西坪村路口窨井没盖")
    assert person.deliver(body) == first
    with sqlite_database.read() as db:
        rows = db.exec_driver_sql("SELECT alias, openid_hash FROM reporters ORDER BY id").all()
    assert [row[1] is None for row in rows] == [True, False]
    assert rows[0][0] != rows[1][0]


def test_keeps_words_about_a_concealed_accident_in_the_sealed_payload_only(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    words = "矿上上礼拜死了一个,让家里不要说,给了钱"
    person.photo()
    person.say(words)
    person.voice(words)
    with sqlite_database.read() as db:
        tables = [row[0] for row in db.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in db.exec_driver_sql(f'SELECT * FROM "{table}"'):
                for value in row:
                    readable = value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
                    assert "死了" not in readable, table
                    assert "给了钱" not in readable, table
    assert [row["payload_sealed"] is not None for row in list_messages(sqlite_database)] == [True] * 3
