"""Binding a chat account by a code that is typed or scanned, and what is said about it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers import texts
from handlers import texts_binding as said
from storage import bindings, staff, units
from storage.audit import audit_entries
from storage.database import Database
from storage.messages import messages
from storage.reporters import reporters
from storage.staff import Role
from tests.handlers.dialogues.script import Person, list_messages, list_reports, make_person
from tests.handlers.test_texts import OFFICIALESE
from tests.intake import T0

CODE = "ABCD2345"
BOUND = said.bound("王某某", Role.LIAISON, ["样例东沟村"], is_replaced=False)


def choose(code: str) -> Callable[[str], str]:
    letters = itertools.cycle(code)
    return lambda _alphabet: next(letters)


def add_member(database: Database, username: str = "wang", code: str = CODE) -> int:
    """Add a liaison of a unit with an open code."""
    with database.write() as db:
        staff_id = staff.add_staff(
            db, username=username, display_name="王某某", role=Role.LIAISON, password_hash="", now=T0
        )
        name = "样例东沟村" if username == "wang" else "样例西梁村"
        unit_id = units.add_unit(db, name=name, kind="village", aliases=[], now=T0)
        staff.set_liaisons(db, unit_id, [staff_id])
        bindings.make_bind_code(db, staff_id, by="staff:admin", now=T0, choose=choose(code))
    return staff_id


def find_owner(person: Person) -> int | None:
    """Return whose account the person's newest one is."""
    with person.database.read() as db:
        newest = db.execute(select(reporters.c.id).order_by(reporters.c.id.desc()).limit(1)).scalar_one()
        return bindings.find_bound_staff(db, newest)


@pytest.mark.parametrize(
    "words",
    [
        "绑定 ABCD2345",
        "绑定ABCD2345",
        "绑定 abcd2345",
        "绑定\u3000ＡＢＣＤ２３４５",
        "绑定：abcd 2345。",
        "绑定码 A B C D 2 3 4 5",
        " 绑定 ABCD-2345 ",
        "我要绑定“ABCD2345”",
        "绑定码是ABCD2345",
    ],
)
def test_a_typed_code_binds(sqlite_database: Database, words: str) -> None:
    staff_id = add_member(sqlite_database)
    person = make_person(sqlite_database)
    assert person.say(words) == BOUND
    assert find_owner(person) == staff_id
    assert list_reports(sqlite_database) == []


def test_a_code_binds_on_either_engine(database: Database) -> None:
    staff_id = add_member(database)
    person = make_person(database)
    assert person.say("绑定 ABCD2345") == BOUND
    assert find_owner(person) == staff_id
    assert person.say("解绑") == said.UNBOUND
    assert find_owner(person) is None
    with database.read() as db:
        acts = db.execute(select(audit_entries.c.action, audit_entries.c.by, audit_entries.c.subject)).all()
    assert [tuple(act) for act in acts] == [
        ("bind", "staff:wang", f"staff:{staff_id}"),
        ("unbind", "staff:wang", f"staff:{staff_id}"),
    ]


@pytest.mark.parametrize(("event", "key"), [("SCAN", f"bind-{CODE}"), ("subscribe", f"qrscene_bind-{CODE}")])
def test_a_scanned_code_binds(sqlite_database: Database, event: str, key: str) -> None:
    staff_id = add_member(sqlite_database)
    person = make_person(sqlite_database)
    assert person.event(event, key) == BOUND
    assert find_owner(person) == staff_id
    with sqlite_database.read() as db:
        row = db.execute(select(reporters.c.scene, reporters.c.subscription_changed_at)).one()
    assert row.scene is None  # the code is no place
    assert (row.subscription_changed_at is not None) == (event == "subscribe")


def test_the_same_message_again_gets_the_same_answer(sqlite_database: Database) -> None:
    add_member(sqlite_database)
    person = make_person(sqlite_database)
    assert person.say("绑定 ABCD2345") == BOUND
    assert person.speak("再来一次") == [BOUND]
    assert person.say("绑定 ABCD2345") == said.EXPIRED


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("绑定 ABCD2346", said.WRONG),
        ("绑定 ABC", said.WRONG),
        ("绑定 ABCD23456", said.WRONG),
        ("绑定", said.HOW),
        ("绑定码：", said.HOW),
        ("解绑", said.NOT_BOUND),
        ("我要解除绑定。", said.NOT_BOUND),
    ],
)
def test_what_is_not_right_gets_a_plain_answer(sqlite_database: Database, words: str, answer: str) -> None:
    add_member(sqlite_database)
    person = make_person(sqlite_database)
    assert person.say(words) == answer
    assert find_owner(person) is None


@pytest.mark.parametrize("words", ["绑定在电杆上的广告牌快掉了", "钢丝绳绑定的架子晃", "绑定不牢，脚手架要倒"])
def test_a_hazard_stays_a_hazard(sqlite_database: Database, words: str) -> None:
    person = make_person(sqlite_database)
    assert person.say(words) not in vars(said).values()


def test_an_emergency_goes_first(sqlite_database: Database) -> None:
    add_member(sqlite_database)
    person = make_person(sqlite_database)
    answer = person.say("绑定 ABCD2345，着火了")
    assert answer is not None
    assert "119" in answer
    assert find_owner(person) is None


def test_a_code_that_is_too_old_or_of_somebody_who_left(sqlite_database: Database) -> None:
    staff_id = add_member(sqlite_database)
    add_member(sqlite_database, "li", "EFGH3456")
    person = make_person(sqlite_database)
    person.wait(hours=24)
    assert person.say("绑定 ABCD2345") == said.EXPIRED
    with sqlite_database.write() as db:
        bindings.make_bind_code(db, staff_id, by="staff:admin", now=person.clock.at, choose=choose("JKMN4567"))
        staff.deactivate_staff(db, staff_id, now=person.clock.at)
    assert person.say("绑定 JKMN4567") == said.EXPIRED


def test_an_account_of_somebody_else_must_be_unbound_first(sqlite_database: Database) -> None:
    add_member(sqlite_database)
    other = add_member(sqlite_database, "li", "EFGH3456")
    person = make_person(sqlite_database)
    person.say("绑定 ABCD2345")
    assert person.say("绑定 EFGH3456") == said.TAKEN
    assert person.say("解绑") == said.UNBOUND
    assert person.say("绑定 EFGH3456") == said.bound("王某某", Role.LIAISON, ["样例西梁村"], is_replaced=False)
    assert find_owner(person) == other


def test_a_second_account_takes_over_and_says_so(sqlite_database: Database) -> None:
    staff_id = add_member(sqlite_database)
    person = make_person(sqlite_database)
    person.say("绑定 ABCD2345")
    with sqlite_database.write() as db:
        bindings.make_bind_code(db, staff_id, by="staff:admin", now=person.clock.at, choose=choose("EFGH3456"))
    second = replace(person, openid="oTESTperson00000000000000002", replies=[])
    assert second.say("绑定 EFGH3456") == said.bound("王某某", Role.LIAISON, ["样例东沟村"], is_replaced=True)
    assert person.say("解绑") == said.NOT_BOUND
    assert find_owner(second) == staff_id


def test_guessing_is_paused_for_an_hour(sqlite_database: Database) -> None:
    add_member(sqlite_database)
    person = make_person(sqlite_database)
    assert [person.say(f"绑定 XXXXXXX{number}") for number in range(2, 7)] == [said.WRONG] * 5
    assert person.say("绑定 ABCD2345") == said.PAUSED
    assert person.event("SCAN", f"bind-{CODE}") == said.PAUSED
    person.wait(minutes=59)
    assert person.say("绑定 ABCD2345") == said.PAUSED
    person.wait(minutes=1)
    assert person.say("绑定 ABCD2345") == BOUND


def test_what_is_no_code_is_not_counted(sqlite_database: Database) -> None:
    add_member(sqlite_database)
    person = make_person(sqlite_database)
    assert [person.say("绑定 ABC") for _ in range(9)] == [said.WRONG] * 9
    assert person.say("绑定 ABCD2345") == BOUND


def test_a_typed_code_is_kept_sealed_only(sqlite_database: Database) -> None:
    add_member(sqlite_database)
    person = make_person(sqlite_database)
    person.say("绑定 ABCD2346")
    person.say("绑定 ABCD2345")
    assert [row["text"] for row in list_messages(sqlite_database)] == ["", ""]
    with sqlite_database.read() as db:
        assert {row.state for row in db.execute(select(messages.c.state))} == {"done"}


def test_the_places_of_other_codes_are_still_kept(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    assert person.event("SCAN", "gate-7") == texts.PROMPT_REPORT
    with sqlite_database.read() as db:
        assert db.execute(select(reporters.c.scene)).scalar_one() == "gate-7"


def test_who_unsubscribes_is_unbound(sqlite_database: Database) -> None:
    staff_id = add_member(sqlite_database)
    person = make_person(sqlite_database)
    person.say("绑定 ABCD2345")
    person.clock.at += timedelta(minutes=1)
    person.event("unsubscribe")
    with sqlite_database.read() as db:
        assert bindings.find_binding(db, staff_id) is None


SAID = {name: words for name, words in vars(said).items() if name.isupper() and isinstance(words, str)} | {
    f"bound-{role}-{count}-{replaced}": said.bound(
        "欧阳某某某某某某某某某某某", role, ["样例镇样例东沟村民委员会"] * count, is_replaced=replaced
    )
    for role in Role
    for count in (0, 1, 2, 12)
    for replaced in (False, True)
}


@pytest.mark.parametrize("name", SAID)
def test_every_sentence_is_short_and_plain(name: str) -> None:
    words = SAID[name]
    assert len(words) <= 120
    assert not [word for word in OFFICIALESE if word in words]
    assert not set("!！~,:;?") & set(words)
    assert not any(slip in words for slip in ("。。", "，，", "None", "{", "  "))
