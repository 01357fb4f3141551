"""Cases 50 to 59: repeats, order, many at once, and times that cannot be right."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from storage import database as database_module
from storage.attachments import attachments, claim_next_due, list_report_attachments
from storage.messages import messages
from storage.reporters import reporters
from storage.reports.tables import reports
from tests.conformance.platform import LONGEST_ANSWER_SECONDS, OPENID, OTHER_OPENID, Answer, Desk, Line, Raw

HAZARD = "东坪村小学门口的电线掉下来了"
REPEATS = 4  # the first delivery and three repeats
PICTURE: dict[str, Any] = {"PicUrl": "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0", "MediaId": "MEDIA_1"}

REPEATED = [
    pytest.param("text", {"Content": HAZARD}, id="c50-text"),
    pytest.param("image", PICTURE, id="c50-image"),
    pytest.param("event", {"Event": "subscribe", "EventKey": ""}, id="c50-event"),
    pytest.param("text", {"Content": HAZARD, "MsgId": None}, id="c50-no-message-id"),
    pytest.param("sticker", {}, id="c50-unknown"),
]


@pytest.mark.parametrize(("kind", "elements"), REPEATED)
def test_answers_repeat_as_before(either_desk: Desk, kind: str, elements: Mapping[str, Any]) -> None:
    body, query = either_desk.make_body(kind, **elements), either_desk.make_query()
    first = either_desk.post(body, query).get_words_or_none()
    before = either_desk.count()
    for _ in range(REPEATS - 1):
        either_desk.clock.advance(seconds=5)
        assert either_desk.post(body, query).get_words_or_none() == first
    assert either_desk.count() == before
    assert before["messages"] == 1
    assert before["attachments"] == (1 if kind == "image" else 0)


def test_c51_takes_in_once_what_two_processes_get_at_once(either_desk: Desk) -> None:
    url = either_desk.database.engine.url.render_as_string(hide_password=False)
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.second_process", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        with either_desk.serve() as here:
            there = Line(int(other.stdout.readline()), either_desk)
            bodies = [either_desk.make_body("text", Content=f"{number}号楼的电线掉下来了") for number in range(5)]
            bodies.append(either_desk.make_body("image", **PICTURE))
            for body in bodies:
                answers = _post_at_once([here, there] * 2, body)
                assert len({answer.get_words_or_none() for answer in answers}) == 1
                either_desk.clock.advance(minutes=1)
    finally:
        other.stdin.close()
        other.stdout.close()
        assert other.wait(10) == 0
    assert len(either_desk.list_rows(messages)) == len(bodies)
    assert len(either_desk.list_rows(attachments)) == 1
    assert sum(row["message_count"] for row in either_desk.list_rows(reports)) == len(bodies)


def _post_at_once(lines: list[Line], body: bytes) -> list[Answer]:
    answers: list[Answer] = []
    gate = threading.Barrier(len(lines))

    def post(line: Line) -> None:
        gate.wait()
        answers.append(line.post(body))

    _run_all([lambda line=line: post(line) for line in lines])  # type: ignore[misc]
    assert len(answers) == len(lines)
    return answers


def _run_all(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- a repeat while the first is not done ----------------------------------------------------------------------------


def test_c52_answers_repeat_while_a_job_works_on_the_first(either_desk: Desk) -> None:
    body = either_desk.make_body("image", **PICTURE)
    first = either_desk.post(body).get_words()
    with either_desk.database.write() as db:
        now = either_desk.clock.at
        claimed = claim_next_due(db, now=now, next_try_at=now + timedelta(minutes=2))
    assert claimed is not None  # the job fetches for as long as it likes: it holds the row by a date, not by a lock
    again = either_desk.post(body)
    assert again.get_words() == first
    assert again.seconds < 1
    assert len(either_desk.list_rows(attachments)) == 1


def test_c52_repeat_waits_for_a_first_that_is_still_in_its_handler(
    either_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, gate, calls = threading.Event(), threading.Event(), []

    def linger(*arguments: Any, **options: Any) -> None:
        calls.append(1)
        entered.set()
        gate.wait(5)

    monkeypatch.setattr("handlers.hazards.next_step", linger)
    body = either_desk.make_body("text", Content="你好")
    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(either_desk.post(body)))
    first.start()
    entered.wait(5)
    repeats = [threading.Thread(target=lambda: answers.append(either_desk.post(body))) for _ in range(REPEATS - 1)]
    for repeat in repeats:
        repeat.start()
    threading.Timer(1.0, gate.set).start()
    for thread in (first, *repeats):
        thread.join()
    assert len({answer.get_words() for answer in answers}) == 1
    assert all(answer.seconds < LONGEST_ANSWER_SECONDS for answer in answers)
    assert len(calls) == 1
    assert len(either_desk.list_rows(messages)) == 1


def test_c52_a_writer_that_stays_too_long_costs_a_repeat_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 0.3)
    body = desk.make_body("text", Content=HAZARD)
    entered, gate = threading.Event(), threading.Event()

    def stay(_db: Any) -> None:
        entered.set()
        gate.wait(5)

    slow = threading.Thread(target=lambda: desk.database.run(stay))
    slow.start()
    entered.wait(5)
    answers = [desk.post(body) for _ in range(2)]
    assert [answer.status for answer in answers] == [503, 503]
    gate.set()
    slow.join()
    desk.post(body).get_words()
    desk.say("谢谢").get_words()
    assert len(desk.list_rows(messages)) == 2
    assert len(desk.list_rows(reports)) == 1


# -- what is the same message -----------------------------------------------------------------------------------------


def test_c53_equal_message_ids_of_two_people_are_two_messages(either_desk: Desk) -> None:
    for openid in (OPENID, OTHER_OPENID):
        either_desk.say("你好", openid=openid, MsgId=6054768590064713728).get_words(openid)
    assert len(either_desk.list_rows(messages)) == 2
    assert len(either_desk.list_rows(reporters)) == 2


def test_c54_events_of_one_second_differ_by_key(either_desk: Desk) -> None:
    for key in ("HELP", "PROGRESS", "HELP"):
        either_desk.send("event", Event="CLICK", EventKey=key).get_words()
    assert len(either_desk.list_rows(messages)) == 2


def test_c55_texts_without_message_id_differ_by_their_words(either_desk: Desk) -> None:
    for words in ("你好", "帮助", "你好"):
        either_desk.say(words, MsgId=None).get_words()
    assert [row["text"] for row in either_desk.list_rows(messages)] == ["你好", "帮助"]


# -- order and many at once -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"c56-shuffled-{seed}") for seed in (1, 2)])
def test_nine_pictures_and_a_text_become_one_report(either_desk: Desk, seed: int) -> None:
    start = int(either_desk.clock.at.timestamp()) - 9
    bodies = [
        either_desk.make_body(
            "image",
            at=start + number // 2,
            MsgId=6054768590064713700 + number,
            PicUrl=f"http://mmbiz.qpic.cn/mmbiz_jpg/{number}/0",
            MediaId=f"MEDIA_{number}",
        )
        for number in range(9)
    ]
    bodies.append(either_desk.make_body("text", at=start + 6, Content=HAZARD))
    random.Random(seed).shuffle(bodies)
    with either_desk.serve() as line:
        answers = line.post_all(bodies, at_once=5)
    assert all(answer.seconds < LONGEST_ANSWER_SECONDS for answer in answers)
    words = {body: answer.get_words_or_none() for body, answer in zip(bodies, answers, strict=True)}
    assert sum(word is not None for body, word in words.items() if b"<![CDATA[image]]>" in body) == 1
    report = either_desk.get_row(reports)
    assert (report["photo_count"], report["message_count"], report["description"]) == (9, 10, HAZARD)
    assert report["state"] == "received"
    with either_desk.database.read() as db:
        kept = list_report_attachments(db, [report["id"]])
    assert [row.sent_at for row in kept] == sorted(row.sent_at for row in kept)
    assert sorted(row.media_id for row in kept) == [f"MEDIA_{number}" for number in range(9)]


def test_c57_picture_before_the_text_belongs_to_its_report(either_desk: Desk) -> None:
    now = int(either_desk.clock.at.timestamp())
    either_desk.photo("MEDIA_1", at=now - 20)
    either_desk.say(HAZARD, at=now)
    report = either_desk.get_row(reports)
    assert (report["photo_count"], report["description"], report["state"]) == (1, HAZARD, "received")


def test_c57_picture_after_the_submission_belongs_to_its_report(either_desk: Desk) -> None:
    either_desk.say(HAZARD)
    assert either_desk.get_row(reports)["state"] == "received"
    either_desk.clock.advance(minutes=3)
    either_desk.photo("MEDIA_1").get_words()
    report = either_desk.get_row(reports)
    assert (report["photo_count"], report["state"]) == (1, "received")
    assert either_desk.get_row(attachments)["report_id"] == report["id"]


def test_c57_picture_long_after_is_asked_about(desk: Desk) -> None:
    desk.say(HAZARD)
    desk.clock.advance(hours=2)
    assert "？" in desk.photo("MEDIA_1").get_words()
    assert [row["photo_count"] for row in desk.list_rows(reports)] == [0, 1]


def test_c58_fifty_people_at_once_are_not_mixed_up(either_desk: Desk) -> None:
    people = [f"oTESTcrowd{number:018d}" for number in range(50)]
    bodies: list[bytes] = []
    owners: list[str] = []
    for number, openid in enumerate(people):
        parts: list[tuple[str, dict[str, Any]]] = [
            ("event", {"Event": "subscribe", "EventKey": ""}),
            ("image", {"PicUrl": f"http://mmbiz.qpic.cn/{number}/0", "MediaId": f"MEDIA_{number}"}),
            ("text", {"Content": f"{number}号楼的电线掉下来了"}),
            (
                "location",
                {"Location_X": Raw("36.1"), "Location_Y": Raw("113.2"), "Label": f"{number}号楼", "Scale": 20},
            ),
            ("text", {"Content": "谢谢"}),
        ]
        for kind, elements in parts:
            bodies.append(either_desk.make_body(kind, openid=openid, **elements))
            owners.append(openid)
    order = list(range(len(bodies)))
    random.Random(3).shuffle(order)
    with either_desk.serve() as line:
        answers = line.post_all([bodies[index] for index in order], at_once=16)
    for index, answer in zip(order, answers, strict=True):
        answer.get_words_or_none(owners[index])
        assert answer.seconds < LONGEST_ANSWER_SECONDS
    assert either_desk.count() == {"messages": 250, "reporters": 50, "reports": 50, "attachments": 50}
    owner_of = {row["id"]: row["openid_hash"] for row in either_desk.list_rows(reporters)}
    for report in either_desk.list_rows(reports):
        number = int(report["description"].split("号")[0])
        assert owner_of[report["reporter_id"]] == either_desk.vault.fingerprint("openid", people[number])
        assert report["place_label"] == f"{number}号楼"
        (photo,) = [row for row in either_desk.list_rows(attachments) if row["report_id"] == report["id"]]
        assert photo["media_id"] == f"MEDIA_{number}"


# -- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "created",
    [
        pytest.param(-1, id="c59-negative"),
        pytest.param(0, id="c59-zero"),
        pytest.param(None, id="c59-missing"),
        pytest.param("", id="c59-empty"),
        pytest.param("abc", id="c59-letters"),
        pytest.param(10**20, id="c59-huge"),
        pytest.param(1_764_032_400_000, id="c59-milliseconds"),
        pytest.param(99_999_999_999, id="c59-eleven-digits"),
        pytest.param("1_764_032_400", id="c59-underscores"),
        pytest.param("１７６４０３２４００", id="c59-full-width"),
        pytest.param([1_764_032_400, 1_764_032_400], id="c59-twice"),
        pytest.param("one hour ahead", id="c59-hour-ahead"),
    ],
)
def test_time_of_receipt_stands_in_for_impossible_times(desk: Desk, created: Any) -> None:
    if created == "one hour ahead":
        created = int(desk.clock.at.timestamp()) + 3600
    body = desk.make_body("text", Content=HAZARD, CreateTime=created)
    desk.post(body).get_words()
    row = desk.get_row(messages)
    assert row["sent_at"] == row["received_at"] == desk.clock.at
    assert desk.open_payload(row) == body
    assert desk.get_row(reports)["opened_at"] == desk.clock.at
