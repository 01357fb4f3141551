"""The robot's own ways beside WeRoBot's: handlers of every type, replies that cannot break, retries of what failed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from werobot.replies import SuccessReply

from bot.webhook.robot import CleanTextReply
from handlers.texts import MAX_REPLY_BYTES
from storage.database import Database
from storage.messages import messages
from storage.vault import Vault
from tests.conformance.platform import Desk
from tests.intake import VAULT_KEY, Clock, make_robot, make_xml


@pytest.mark.parametrize(
    "words",
    [
        "]]>",
        "]]]]>>",
        "x]]></Content><MsgType>news</MsgType>",
        "a & b < c > d \" '",
        "{target} {0} %s",
        "\U00020bb7\U0001f468\u200d",
        "字" * 5000,
        "]]>" * 2000,
    ],
)
def test_reply_keeps_its_form_whatever_its_words(words: str) -> None:
    reply = CleanTextReply(source="gh_0123456789ab", target="oTEST", time=1, content=words).render()
    root = ElementTree.fromstring(reply.strip())
    content = root.findtext("Content") or ""
    assert [child.tag for child in root] == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"]
    assert len(content.encode()) <= MAX_REPLY_BYTES
    assert content.rstrip("…") in words.replace("\u200d", "")


def test_reply_drops_what_xml_does_not_know() -> None:
    words = "a\x00b\x0bc\ud800d\ufffee"
    reply = CleanTextReply(source="gh_0123456789ab", target="oTEST", time=1, content=words).render()
    assert ElementTree.fromstring(reply.strip().encode()).findtext("Content") == "abcde"


def test_handlers_of_unknown_types_are_those_of_every_type(sqlite_database: Database) -> None:
    robot = make_robot(sqlite_database, Clock())
    assert len(robot.get_handlers("something_event")) == len(robot.get_handlers("sticker")) == 1
    assert robot.get_handlers("text")[-1] == robot.get_handlers("sticker")[0]


def test_both_ways_to_take_back_consent_have_a_handler(sqlite_database: Database) -> None:
    robot = make_robot(sqlite_database, Clock())
    for name in ("user_authorization_revoke_event", "user_authorization_cancellation_event"):
        assert len(robot.get_handlers(name)) == 2


def test_signature_is_the_accounts(sqlite_database: Database) -> None:
    robot = make_robot(sqlite_database, Clock(), token="AAAAA")
    signature = "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert robot.check_signature("1714036504", "1514711492", signature)
    assert not make_robot(sqlite_database, Clock()).check_signature("1714036504", "1514711492", signature)


def test_unreadable_body_is_kept_once_for_each_content(sqlite_database: Database) -> None:
    desk = Desk(sqlite_database, Clock())
    for body in (b"a", b"b", b"a", b"\xff"):
        desk.robot.keep_unreadable(body, "not_xml")
    assert [desk.open_payload(row) for row in desk.list_rows(messages)] == [b"a", b"b", b"\xff"]


def test_key_of_a_message_needs_the_vault(sqlite_database: Database) -> None:
    desk = Desk(sqlite_database, Clock())
    desk.post(make_xml("oTEST", "text", desk.clock.at, MsgId=7, Content="你好"))
    unique = ("message", "gh_0123456789ab", "oTEST", "7")
    assert desk.get_row(messages)["key"] == Vault(VAULT_KEY).fingerprint(*unique)
    assert desk.get_row(messages)["key"] != Vault(bytes(32)).fingerprint(*unique)


def test_acknowledgement_is_werobots_own() -> None:
    assert SuccessReply().render() == "success"
