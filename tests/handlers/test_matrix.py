"""A message of every kind in every state of the conversation: it is stored, acknowledged, and nothing breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from handlers import texts
from handlers.answers import Answer
from handlers.classify import Intent
from handlers.message import Message
from storage.database import Database
from tests.handlers.dialogues.script import Person, list_messages, list_reports, make_person
from tests.handlers.making import CLASSIFIER

WORDS = {
    Intent.EMERGENCY: "着火了",
    Intent.HAZARD: "楼道里堆满了纸箱",
    Intent.CONCEALED_ACCIDENT: "矿上上礼拜死了一个,让家里不要说,给了钱",
    Intent.CHECK_IN: "我到了,八义村会议室",
    Intent.ACTIVITY_RECORD: "我们组织看《生命重于泰山》,46人",
    Intent.RECTIFICATION: "报警器装好了,整改报告明天传",
    Intent.DISPUTE: "这条不属实,我们三天前就换过了,有发票",
    Intent.STATUS_QUERY: "进度",
    Intent.WITHDRAWAL: "撤回",
    Intent.PRIVACY_QUESTION: "我想看看是谁反映的",
    Intent.REWARD_QUESTION: "举报能给多少钱",
    Intent.SAFETY_QUESTION: "着火了咋办啊",
    Intent.NON_SAFETY: "矿上三个月没开工资",
    Intent.ACKNOWLEDGEMENT: "收到",
    Intent.SMALL_TALK: "在吗",
    Intent.SPAM: "加V信领红包,点链接",
    Intent.HELP: "怎么用",
    Intent.LOCATION: "西坪村口",
    Intent.UNKNOWN: "圪撩圪撩的可不敢",
}
EVENTS = (
    "subscribe", "unsubscribe", "SCAN", "LOCATION", "CLICK", "VIEW", "view_miniprogram", "scancode_push",
    "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select",
    "TEMPLATESENDJOBFINISH", "MASSSENDJOBFINISH", "user_authorization_revoke", "user_authorization_cancellation",
    "kf_create_session", "never_heard_of",
)  # fmt: skip
OTHER_WORDS = ("", "匿名", "还有一个", "说错了", "不是东坪是西坪", "算了", "好了", "[微笑]", "删除我的信息", "照片删了")

Send = Callable[[Person], str | None]


def say(words: str) -> Send:
    return lambda person: person.say(words)


def speak(words: str | None) -> Send:
    return lambda person: person.voice(words)


def raise_event(name: str) -> Send:
    return lambda person: person.event(name, "HELP" if name == "CLICK" else "K1")


KINDS: dict[str, Send] = {
    **{f"text {intent}": say(words) for intent, words in WORDS.items()},
    **{f"text {words or 'empty'}": say(words) for words in OTHER_WORDS},
    **{f"voice {intent}": speak(words) for intent, words in WORDS.items()},
    "voice": speak(None),
    "picture": lambda person: person.photo(),
    "picture without anything": lambda person: person.send("image"),
    "video": lambda person: person.send("video", MediaId="V1", ThumbMediaId="T1"),
    "short video": lambda person: person.send("shortvideo", MediaId="V2", ThumbMediaId="T2"),
    "point": lambda person: person.pin(),
    "point without anything": lambda person: person.send("location"),
    "link": lambda person: person.send("link", Title="a", Description="b", Url="https://example.com/"),
    "no known type": lambda person: person.send("hologram", Content="x"),
    **{f"event {name}": raise_event(name) for name in EVENTS},
}
OFFICE_STATES = (
    "accepted", "verified", "assigned", "rectified", "reopened", "declined", "merged", "transferred", "unfounded",
    "closed",
)  # fmt: skip
STATES = (
    "nothing", "gathering with a picture", "gathering with words", "emergency", "announced", "received", "withdrawn",
    *OFFICE_STATES,
)  # fmt: skip


def prepare(person: Person, state: str) -> None:
    """Bring a conversation into a state; what the office does is written into the row."""
    match state:
        case "nothing":
            return
        case "gathering with a picture":
            person.photo()
        case "gathering with words":
            person.say("配电箱没盖")
        case "emergency":
            person.say("冒顶了,压住人了")
        case _:
            person.say("东坪村广场配电箱没盖")
    if state == "announced":
        person.say("还有一个")
    elif state == "withdrawn":
        person.say("撤回")
    elif state in OFFICE_STATES:
        set_state(person.database, state)
    person.wait(seconds=5)


def set_state(database: Database, state: str) -> None:
    """Move the newest report as the office would; a merged one goes into the first of all."""
    with database.write() as db:
        newest = db.execute(text("SELECT max(id) FROM reports")).scalar_one()
        into = 1 if state == "merged" else None
        db.execute(
            text("UPDATE reports SET state = :state, merged_into_id = :into, gather_until = NULL WHERE id = :id"),
            {"state": state, "into": into, "id": newest},
        )


def test_has_words_for_every_intent() -> None:
    assert set(WORDS) == set(Intent)
    assert {intent: CLASSIFIER.understand(words).intent for intent, words in WORDS.items()} == {
        intent: intent for intent in Intent
    }


@pytest.mark.parametrize("kind", KINDS)
def test_takes_in_every_kind_in_every_state(kind: str, sqlite_database: Database) -> None:
    first = make_person(sqlite_database)
    first.say("楼道里堆满了纸箱")  # somebody else's report, for merging into
    for number, state in enumerate(STATES):
        person = replace(first, openid=f"oTESTperson{number:017d}", replies=[])
        prepare(person, state)
        check_taken_in(person, kind, state)


def check_taken_in(person: Person, kind: str, state: str) -> None:
    """Send a message of a kind and look at what became of it."""
    known = len(list_messages(person.database))
    reply = KINDS[kind](person)
    rows = list_messages(person.database)
    assert len(rows) == known + 1, state
    row = rows[-1]
    assert row["state"] in ("done", "unsorted"), (state, row["error"])
    assert row["reply"] == reply, state
    is_silent = kind.startswith("event") or row["intent"] in ("acknowledgement", "spam")
    assert reply is not None or row["report_id"] is not None or row["state"] == "unsorted" or is_silent, state
    if row["kind"] in ("image", "video") or kind == "voice":
        assert row["report_id"] is not None, state
    if kind.startswith("voice ") and row["report_id"] is None and not is_silent:
        assert reply is not None, state  # what was said is answered like what is written
    with person.database.read() as db:
        query = text("SELECT report_id FROM attachments WHERE message_id = :id")
        attached = db.execute(query, {"id": row["id"]}).scalars().all()
    is_piece = row["kind"] in ("image", "video", "voice") and row["intent"] != "withdrawal"
    assert attached == ([row["report_id"]] if is_piece and row["report_id"] else []), state
    if kind.endswith(" emergency"):
        assert reply is not None
        assert reply.startswith("【先打电话】"), state
    if kind.endswith(" concealed_accident"):
        assert (row["text"], row["report_id"], row["state"]) == ("", None, "unsorted"), state
    mine = [report for report in list_reports(person.database) if report["reporter_id"] == row["reporter_id"]]
    assert sum(report["state"] == "gathering" for report in mine) <= 1, state


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("event")])
def test_opens_no_report_for_an_event(kind: str, sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    KINDS[kind](person)
    assert list_reports(sqlite_database) == []


@pytest.mark.parametrize("state", ["declined", "closed", "transferred", "unfounded"])
def test_opens_a_new_report_after_a_settled_one(state: str, sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    prepare(person, state)
    person.photo()
    assert [row["photo_count"] for row in list_reports(sqlite_database)] == [0, 1]


@pytest.mark.parametrize(
    ("state", "words", "is_for_people"),
    [
        ("received", "撤回了", False),
        ("accepted", "已经有人接手", True),
        ("assigned", "已经有人接手", True),
        ("rectified", "已经有人接手", True),
        ("declined", "不用撤了", False),
        ("closed", "不用撤了", False),
        ("transferred", "不用撤了", False),
        ("withdrawn", "没有能撤的", False),
    ],
)
def test_answers_a_withdrawal_by_what_became_of_the_report(
    state: str, words: str, is_for_people: bool, sqlite_database: Database
) -> None:
    person = make_person(sqlite_database)
    prepare(person, state)
    reply = person.say("撤回")
    assert reply is not None
    assert words in reply
    assert (list_messages(sqlite_database)[-1]["state"] == "unsorted") is is_for_people
    expected = "withdrawn" if state in ("received", "withdrawn") else state
    assert list_reports(sqlite_database)[-1]["state"] == expected


@pytest.mark.parametrize(
    ("words", "is_erased", "photos"),
    [
        ("删除我的信息", True, 1),
        ("删除", True, 1),
        ("注销", True, 1),
        ("把我的个人信息都删掉", True, 1),
        ("删除我的信息和照片", True, 0),
        ("照片删了", False, 0),
        ("把我刚才发的照片删了吧,里头有我娃", False, 0),
        ("撤回刚才那条信息", False, 1),
        ("撤回", False, 1),
    ],
)
def test_erases_the_sender_or_the_pictures_as_wished(
    words: str, is_erased: bool, photos: int, sqlite_database: Database
) -> None:
    person = make_person(sqlite_database)
    person.photo()
    person.wait(seconds=30)
    person.say(words)
    (report,) = list_reports(sqlite_database)
    assert report["photo_count"] == photos
    with sqlite_database.read() as db:
        sealed = db.execute(text("SELECT openid_sealed FROM reporters")).scalar_one()
        purged = db.execute(text("SELECT state = 'purged' FROM attachments")).scalar_one()
    assert (sealed is None) is is_erased
    assert bool(purged) is (photos == 0)


def test_erases_whoever_subscribed_by_a_clock_that_runs_ahead(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.event("subscribe", sent_at=person.clock.at + timedelta(minutes=4))
    assert person.say("删除我的信息") == texts.erased(with_pictures=False)
    with sqlite_database.read() as db:
        assert db.execute(text("SELECT openid_sealed FROM reporters")).scalar_one() is None


def test_keeps_an_unsubscribe_that_comes_late_from_undoing_a_new_subscription(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.wait(minutes=10)
    person.event("subscribe")
    person.event("unsubscribe", sent_at=person.clock.at - timedelta(minutes=5))
    with sqlite_database.read() as db:
        assert db.execute(text("SELECT openid_sealed FROM reporters")).scalar_one() is not None


@pytest.mark.parametrize(("name", "key"), [("subscribe", "qrscene_A-1"), ("SCAN", "A-1")])
def test_remembers_the_scene_that_was_scanned(name: str, key: str, sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    person.event(name, key)
    person.event("SCAN", "<script>")
    with sqlite_database.read() as db:
        assert db.execute(text("SELECT scene FROM reporters")).scalar_one() == "A-1"


@pytest.mark.parametrize(
    ("before", "message", "statements"),
    [
        pytest.param((), "picture", 4, id="open with a picture"),  # recent, code, report, history
        pytest.param(("picture",), "picture", 2, id="one more picture"),  # recent, report
        pytest.param(("picture",), "text hazard", 2, id="words to a picture"),  # recent, report
        pytest.param(("text hazard",), "text location", 3, id="the place, submitted"),  # recent, report, history
        pytest.param(("text hazard",), "text [微笑]", 2, id="a face"),  # recent, report
        pytest.param(("picture",), "text small_talk", 1, id="a greeting"),  # recent
    ],
)
def test_spends_few_statements_on_the_common_path(
    before: tuple[str, ...], message: str, statements: int, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person(sqlite_database)
    person.say("在吗")
    for kind in before:
        KINDS[kind](person)
    ran: list[str] = []
    ask = person.robot._ask_handlers

    def ask_and_count(db: Connection, incoming: Message, type_: str) -> Answer:
        driver: Any = db.connection.driver_connection
        driver.set_trace_callback(ran.append)
        answer = ask(db, incoming, type_)
        driver.set_trace_callback(None)
        return answer

    monkeypatch.setattr(person.robot, "_ask_handlers", ask_and_count)
    KINDS[message](person)
    assert len(ran) == statements, ran
