"""Liaisons by chat: what they write, what they hear, and what becomes of the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from storage.attachments import attachments
from storage.database import Database
from storage.outbox import NoticeState, Purpose, add_notice, notices
from storage.reports import verdicts
from storage.reports.assignments import assignments, find_open_assignment, list_open_pleas
from storage.reports.tables import reports
from storage.staff import Role, add_staff, deactivate_staff
from tests.handlers.liaisons import (
    REPORTER_WORDS,
    act,
    count_after_photos,
    get_state,
    hand_over,
    list_notices,
    list_steps,
    make_liaison,
    make_liaison_unit,
)
from tests.intake import T0, Talk

DONE_WORDS = [
    "整改好了",
    "弄好了",
    "改好乐",
    "好了",
    "弄好了发你了",
    "配电箱已换新箱，见图",
    "已整改",
    "搞定",
    "都好了",
    "整好啦",
    "盖上了",
    "完成了",
    "改完了",
]
SEEN_WORDS = ["收到", "收道", "好的", "👌", "[OK]", "嗯", "知道了", "1号收到", "好滴", "收到，谢谢"]


# -- 收到 ----------------------------------------


@pytest.mark.parametrize("words", SEEN_WORDS)
def test_seen_stops_the_reminder_and_mends_nothing(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    answer = person.hear(words)
    assert answer is not None
    assert code in answer
    assert "知道您看到了" in answer
    assert "12月3日" in answer
    assert get_state(sqlite_database, number) == "assigned"
    assert list_steps(sqlite_database, number) == [("staff:liaison", "acknowledge", "")]
    again = person.hear(words)
    assert again is None or "1号" in words or "谢" in words
    assert list_steps(sqlite_database, number) == [("staff:liaison", "acknowledge", "")]


def test_seen_is_about_all_that_reached_them(database: Database) -> None:
    person = make_liaison(database)
    first, _ = hand_over(database, person.unit_id)
    second, code = hand_over(database, person.unit_id, due_at=datetime(2026, 11, 27, 9, tzinfo=UTC))
    unheard, _ = hand_over(database, person.unit_id)
    with database.write() as db:
        row = find_open_assignment(db, unheard)
        assert row is not None
        add_notice(
            db, recipient=f"staff:{person.staff_id}", purpose=Purpose.ASSIGNMENT, subject="x", report_id=unheard,
            fields={"assignment_id": row.id}, now=T0,
        )  # fmt: skip
    assert person.hear("收到") == f"好，2 条都知道您看到了，最紧的 {code} 11月27日前。回“我的任务”看清单。"
    assert [len(list_steps(database, one)) for one in (first, second, unheard)] == [1, 1, 0]


def test_working_on_it_counts_as_seen(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    assert person.hear("正在弄") == f"好，{code} 知道您那边在办了。改好拍张照片发来，时间不够就说“还要几天”。"
    assert list_steps(sqlite_database, number) == [("staff:liaison", "acknowledge", "")]


# -- 整改好了 ----------------------------------------


@pytest.mark.parametrize("words", DONE_WORDS)
def test_words_and_then_a_photo(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    answer = person.hear(words)
    assert answer == f"{code}（东坪村广场）改好了？拍张改好的照片发来就行。没法拍，回“没法拍照”。"
    assert get_state(sqlite_database, number) == "assigned"
    assert person.hear("[照片]") == f"{code}（东坪村广场）照片收到，转给镇里复查。还有照片接着发。"
    assert get_state(sqlite_database, number) == "rectified"
    assert list_steps(sqlite_database, number) == [("staff:liaison", "rectify", words)]
    assert count_after_photos(sqlite_database, number) == 1


def test_a_burst_after_the_words_is_answered_once(database: Database) -> None:
    person = make_liaison(database)
    number, _ = hand_over(database, person.unit_id, level="P1")
    person.hear("整改好了")
    person.wait(seconds=5)
    answers = person.speak("[照片 x9]")
    assert answers[0] is not None
    assert answers[1:] == [None] * 8
    assert count_after_photos(database, number) == 9
    assert [step[1] for step in list_steps(database, number)] == ["rectify"]
    with database.read() as db:
        assert db.execute(select(attachments.c.report_id).distinct()).scalars().all() == [number]
        assert db.execute(select(reports.c.photo_count).where(reports.c.id == number)).scalar_one() == 0


def test_a_burst_before_the_words_moves_to_what_was_mended(database: Database) -> None:
    person = make_liaison(database)
    number, code = hand_over(database, person.unit_id)
    person.wait(seconds=5)
    answers = person.speak("[照片 x9]")
    assert answers[0] is not None
    assert "是改好的，回“整改好了”；是新隐患" in answers[0]
    assert answers[1:] == [None] * 8
    assert person.hear("整改好了") == f"{code}（东坪村广场）记下了，9 张照片收到，转给镇里复查，结果告诉您。"
    assert get_state(database, number) == "rectified"
    assert count_after_photos(database, number) == 9
    with database.read() as db:
        made = db.execute(select(reports).where(reports.c.id > number)).one()
    assert made.state == "withdrawn"
    assert list_steps(database, made.id)[-1] == ("reporter", "withdraw", f"是 {code} 整改后的照片")


def test_photos_before_between_and_after_the_words(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    person.hear("[照片 x2]")
    person.hear("整改好了")
    assert person.hear("[照片]") is None
    person.wait(minutes=20)
    late = person.hear("[照片]")
    assert late is not None
    assert f"照片加进 {code} 了" in late
    assert count_after_photos(sqlite_database, number) == 4


def test_photos_that_were_submitted_by_themselves_still_move(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    person.hear("[照片]")
    person.wait(minutes=30)
    answer = person.hear("整改好了")
    assert answer is not None
    assert "1 张照片收到" in answer
    assert count_after_photos(sqlite_database, number) == 1


def test_a_photo_with_nothing_but_the_code_is_of_what_was_mended(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    hand_over(sqlite_database, person.unit_id)
    number, code = hand_over(sqlite_database, person.unit_id)
    person.hear("[照片]")
    person.hear(code)
    assert get_state(sqlite_database, number) == "rectified"


def test_a_photo_much_later_is_a_report_again(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    hand_over(sqlite_database, person.unit_id)
    person.hear("[照片]")
    person.hear("1整改好了")
    person.wait(minutes=40)
    answer = person.hear("[照片]")
    assert answer is not None
    assert "是新隐患" in answer
    assert count_after_photos(sqlite_database, number) == 1


@pytest.mark.parametrize("words", ["没法拍照", "井下不让拍照", "手机坏了拍不了"])
def test_words_have_to_do_where_no_photo_can_be_had(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    person.hear("整改好了")
    assert person.hear(words) == f"{code}（东坪村广场）记下了，转给镇里复查，结果告诉您。"
    assert list_steps(sqlite_database, number) == [("staff:liaison", "rectify", f"整改好了\n{words}")]


def test_no_photo_said_at_once(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    person.hear("整改好了，没法拍照")
    assert get_state(sqlite_database, number) == "rectified"


def test_a_photo_is_promised(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    person.hear("整改好了")
    assert person.hear("等会儿拍") == "好，拍了发来就行。"
    assert person.hear("好的") is None
    person.wait(hours=5)
    person.hear("[照片]")
    assert get_state(sqlite_database, number) == "rectified"


# -- which one ----------------------------------------


@pytest.mark.parametrize(
    ("words", "index"),
    [
        ("{1} 改完了", 1), ("{0}整改好了", 0), ("第2个好了", 1), ("2号好了", 1), ("1改好了", 0), ("第二个弄好了", 1),
        ("编号{1}，已经整改", 1),
    ],
)  # fmt: skip
def test_which_one_is_named(sqlite_database: Database, words: str, index: int) -> None:
    person = make_liaison(sqlite_database)
    made = [hand_over(sqlite_database, person.unit_id, due_at=T0 + timedelta(days=day)) for day in (2, 3, 4)]
    person.hear("[照片]")
    person.hear(words.format(*(code for _, code in made)))
    assert [get_state(sqlite_database, number) for number, _ in made].index("rectified") == index


def test_which_one_is_asked_and_the_number_picks(database: Database) -> None:
    person = make_liaison(database)
    first, _ = hand_over(database, person.unit_id, place="东坪村广场")
    second, code = hand_over(database, person.unit_id, place="小学门口", due_at=T0 - timedelta(days=2))
    answer = person.hear("好了")
    assert answer is not None
    lines = answer.split("\n")
    assert lines[0] == "是哪一条？回数字就行。"
    assert lines[1] == f"1 {code} 小学门口，逾期 2 天"
    picture = person.hear("[照片]")
    assert picture == "照片收到了。是哪一条？回数字就行。"
    person.hear("1")
    assert (get_state(database, first), get_state(database, second)) == ("assigned", "rectified")
    assert list_steps(database, second) == [("staff:liaison", "rectify", "好了")]


def test_a_number_means_the_list_that_was_shown(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    first, _ = hand_over(sqlite_database, person.unit_id)
    second, _ = hand_over(sqlite_database, person.unit_id)
    person.hear("我的任务")
    hand_over(sqlite_database, person.unit_id, due_at=T0)  # now stands at the top, but not in what they have seen
    person.hear("[照片]")
    person.hear("2好了")
    assert get_state(sqlite_database, second) == "rectified"
    assert get_state(sqlite_database, first) == "assigned"


def test_the_last_notice_says_which_one(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    hand_over(sqlite_database, person.unit_id)
    number, code = hand_over(sqlite_database, person.unit_id)
    with sqlite_database.write() as db:
        row = find_open_assignment(db, number)
        assert row is not None
        add_notice(
            db, recipient=f"staff:{person.staff_id}", purpose=Purpose.ASSIGNMENT, subject="x", report_id=number,
            fields={"assignment_id": row.id}, now=T0,
        )  # fmt: skip
        db.execute(update(notices).values(state=NoticeState.SENT, settled_at=T0))
    answer = person.hear("整改好了")
    assert answer is not None
    assert answer.startswith(f"{code}（")


def test_several_at_once_are_taken_one_by_one(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    hand_over(sqlite_database, person.unit_id)
    hand_over(sqlite_database, person.unit_id)
    answer = person.hear("1和2好了")
    assert answer is not None
    assert answer.startswith("一条一条说")


def test_a_number_that_is_not_there(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    hand_over(sqlite_database, person.unit_id)
    hand_over(sqlite_database, person.unit_id)
    answer = person.hear("第9个好了")
    assert answer is not None
    assert answer.startswith("没有这个数")


def test_a_code_of_others_sounds_like_one_that_is_not_there(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    own, code = hand_over(sqlite_database, person.unit_id)
    other = make_liaison_unit(sqlite_database)
    foreign, foreign_code = hand_over(sqlite_database, other)
    answers = [person.hear(f"{one} 整改好了") for one in (foreign_code, "2611-999")]
    assert answers[0] is not None
    assert answers[1] is not None
    assert answers[0].replace(foreign_code, "X") == answers[1].replace("2611-999", "X")
    assert code in answers[0]
    assert (get_state(sqlite_database, own), get_state(sqlite_database, foreign)) == ("assigned", "assigned")


def test_what_is_over_is_said_to_be_over(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    person.hear("[照片]")
    person.hear("整改好了")
    assert person.hear(f"{code} 整改好了") == f"{code} 报过整改了，等着镇里复查，结果会告诉您。"
    assert person.hear(f"{code} 还要三天") == f"{code} 报过整改了，等着镇里复查，结果会告诉您。"
    act(sqlite_database, verdicts.close, number)
    before = list_steps(sqlite_database, number)
    assert person.hear(f"{code} 整改好了") == f"{code} 复查过了，已经销号。"
    assert list_steps(sqlite_database, number) == before


# -- 好了 and nothing else ----------------------------------------


def test_done_with_nothing_open(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    assert person.hear("好了") == "您那边现在没有要办的。看到隐患，拍照或说一句就行。"


def test_done_with_all_of_it_waiting_for_the_office(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    hand_over(sqlite_database, person.unit_id)
    person.hear("整改好了，没法拍照")
    assert person.hear("好了") == "您那边的都报过整改了，等着镇里复查。"


def test_done_ends_a_report_of_their_own(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    person.hear("西坪路口的窨井没盖")
    person.hear("还有根电线掉下来了")
    person.hear("好了")
    assert get_state(sqlite_database, number) == "assigned"
    assert list_steps(sqlite_database, number) == []


# -- more time ----------------------------------------


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("延期到12月5号，等配件", (12, 5)), ("2026年12月9日才能弄完", (12, 9)), ("延三天", (12, 6)),
        ("再给两天", (12, 5)), ("还要十天", (12, 5)), ("下周五才能弄完", (12, 4)), ("12月底才能改完", (12, 31)),
        ("还得半个月", (12, 10)), ("月底才能弄好", (11, 30)), ("等配件，要到10号", (12, 10)), ("还要两周", (12, 9)),
        ("宽限一个礼拜", (12, 10)), ("12.8能弄完", (12, 8)),
    ],
)  # fmt: skip
def test_more_time_is_asked_for(sqlite_database: Database, words: str, until: tuple[int, int]) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    answer = person.hear(words)
    assert answer is not None
    with sqlite_database.read() as db:
        pleas = list_open_pleas(db)
    if until == (11, 30):
        assert answer == f"{code} 本来就到 12月3日，来得及，不用延。改好拍张照片发来。"
        assert pleas == []
        return
    assert answer == f"{code} 申请延到 {until[0]}月{until[1]}日，转给镇里定。没定下来还按 12月3日。"
    (plea,) = pleas
    local = plea.until + timedelta(hours=8)
    assert (local.month, local.day, plea.reason) == (*until, words)
    assert list_steps(sqlite_database, number) == [("staff:liaison", "request_extension", words)]


def test_three_days_after_an_overdue_deadline(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    _, code = hand_over(sqlite_database, person.unit_id, due_at=T0 - timedelta(days=3))
    answer = person.hear("3天后弄")
    assert answer is not None
    assert answer.startswith(f"{code} 申请延到 11月28日")


def test_the_day_is_asked_once_and_taken_from_the_answer(database: Database) -> None:
    person = make_liaison(database)
    number, code = hand_over(database, person.unit_id)
    assert person.hear("时间不够，配件没到") == f"{code} 要延到哪天？说“还要三天”或“12月5号”都行。"
    answer = person.hear("8号吧")
    assert answer is not None
    assert answer.startswith(f"{code} 申请延到 12月8日")
    assert list_steps(database, number) == [("staff:liaison", "request_extension", "时间不够，配件没到\n8号吧")]
    again = person.hear("还要五天")
    assert again == f"{code} 的延期报上去了，等着镇里定，定了告诉您。"


def test_more_time_is_given_once(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    until = datetime(2026, 12, 5, 15, 59, tzinfo=UTC)
    act(sqlite_database, verdicts.extend, number, until=until, reason="等配件")
    before = list_steps(sqlite_database, number)
    assert person.hear("再给两天") == f"{code} 延过一次了，只能延一次，还按 12月5日。有难处跟镇里打电话说。"
    assert list_steps(sqlite_database, number) == before


@pytest.mark.parametrize(
    ("words", "part"),
    [("延到明年3月", "哪天"), ("延到2027年3月1日", "最多能延到 1月2日"), ("延到11月20号", "已经过了")],
)
def test_a_day_that_cannot_be_had(sqlite_database: Database, words: str, part: str) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    answer = person.hear(words)
    assert answer is not None
    assert part in answer
    assert list_steps(sqlite_database, number) == []


# -- not ours ----------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "不属实",
        "没有这回事",
        "不是我们的",
        "归交管站管",
        "这个不是我们村的，是西坪的",
        "应该归供电所管",
        "这条不属实，我们三天前就换过了，有发票",
    ],
)
def test_a_dispute_goes_to_the_office(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id, level="P1")
    answer = person.hear(words)
    assert answer is not None
    assert answer.startswith(f"{code} 您说的记下了，转给镇里去核")
    assert get_state(sqlite_database, number) == "assigned"
    with sqlite_database.read() as db:
        (plea,) = list_open_pleas(db)
    assert (plea.kind, plea.reason, plea.by) == ("dispute", words, "staff:liaison")


# -- the list ----------------------------------------


@pytest.mark.parametrize("words", ["我的任务", "任务", "清单", "我的清单", "还有啥要办的", "任务清单"])
def test_the_list_is_numbered_and_most_pressing_first(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    assert person.hear(words) == "您那边现在没有要办的。看到隐患，拍照或说一句就行。"
    _, later = hand_over(sqlite_database, person.unit_id)
    _, today = hand_over(sqlite_database, person.unit_id, place="小学门口", due_at=T0 + timedelta(hours=1))
    _, late = hand_over(sqlite_database, person.unit_id, place="河坝上", due_at=T0 - timedelta(days=5))
    answer = person.hear(words)
    assert answer is not None
    assert answer.split("\n") == [
        f"1 {late} 河坝上，逾期 5 天",
        f"2 {today} 小学门口，今天到期",
        f"3 {later} 东坪村广场，12月3日前",
        "改好拍照发来，说“1 整改好了”；时间不够说“1 还要三天”。",
    ]
    shown = person.hear("2")
    assert shown is not None
    assert shown.startswith(f"{today} 小学门口：配电箱没有盖")


def test_a_long_list_fits_into_one_answer(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    for _ in range(45):
        hand_over(sqlite_database, person.unit_id, place="很长很长的地方名字一直写到头" * 4)
    answer = person.hear("我的任务")
    assert answer is not None
    assert len(answer.encode()) <= 1_800
    assert "条，办完上面的再看" in answer
    assert answer.endswith("“1 还要三天”。")


# -- what must not happen ----------------------------------------


def test_an_emergency_goes_before_everything(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    person.hear("整改好了")
    answer = person.hear("着火了")
    assert answer is not None
    assert answer.startswith("【先打电话】119")
    assert list_steps(sqlite_database, number) == []


@pytest.mark.parametrize("words", ["西坪路口的窨井没盖", "锅炉房没人管", "东坪村路口电线断了，耷拉在地上"])
def test_a_hazard_of_theirs_is_a_report(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    answer = person.hear(words)
    assert answer is not None
    assert "编号 2611-001" in answer
    assert list_steps(sqlite_database, number) == []


def test_a_photo_and_words_of_a_hazard_stay_a_report(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, _ = hand_over(sqlite_database, person.unit_id)
    person.hear("[照片]")
    person.hear("西坪路口的窨井没盖")
    person.hear("[照片]")
    assert count_after_photos(sqlite_database, number) == 0
    with sqlite_database.read() as db:
        made = db.execute(select(reports).where(reports.c.id > number)).one()
    assert (made.state, made.photo_count) == ("received", 2)


@pytest.mark.parametrize("words", ["谢谢", "在吗", "进度", "怎么用", "举报能给多少钱", "没改", "改好没"])
def test_talk_is_left_to_others(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    answer = person.hear(words) or ""
    assert code not in answer
    assert list_steps(sqlite_database, number) == []


@pytest.mark.parametrize("words", ["整改好了", "收到", "不是我们的", "我的任务", "还要三天"])
def test_nobody_else_moves_anything(sqlite_database: Database, words: str) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    stranger = Talk(person.robot, sqlite_database, person.clock, openid="oTESTstranger000000000000001")
    stranger.photo()
    for said in (words, f"{code} {words}"):
        answer = stranger.say(said) or ""
        assert "东坪村广场" not in answer
    with sqlite_database.write() as db:
        deactivate_staff(db, person.staff_id, now=T0)
    person.hear(words)
    assert list_steps(sqlite_database, number) == []


def test_the_reporter_is_never_shown(database: Database) -> None:
    person = make_liaison(database)
    number, code = hand_over(database, person.unit_id, level="P1")
    hand_over(database, person.unit_id)
    for said in (
        "我的任务",
        code,
        "收到",
        f"{code} 还要三天",
        f"{code} 不属实",
        "好了",
        "1",
        "[照片]",
        f"{code} 整改好了",
        code,
    ):
        person.hear(said)
    with database.read() as db:
        told = [notice.words for notice in list_notices(db, "to_review")] + [row or "" for row in person.replies]
        aliases = list(db.execute(select(reports.c.reporter_id)).scalars())
    assert aliases
    for words in told:
        assert not any(part in words for part in ("老李", "娃们", "13800000000", "热心群众", "09:00", "9:00"))
    assert REPORTER_WORDS not in "".join(told)
    assert get_state(database, number) == "rectified"


def test_every_answer_is_short_but_for_lists(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    hand_over(sqlite_database, person.unit_id, place="样例镇东坪村广场东头老供销社院里第三排")
    for said in ("收到", "正在弄", "整改好了", "等会儿拍", "还要三天", "不属实", "[照片]", "整改好了", "2611-999 好了"):
        answer = person.hear(said)
        assert answer is None or len(answer) <= 120


def test_a_returned_one_is_mended_again(sqlite_database: Database) -> None:
    person = make_liaison(sqlite_database)
    number, code = hand_over(sqlite_database, person.unit_id)
    person.hear("整改好了，没法拍照")
    act(sqlite_database, verdicts.return_, number, reason="盖没装牢", due_at=T0 + timedelta(days=9))
    person.wait(minutes=5)
    assert person.hear("[照片]") is not None
    answer = person.hear(f"{code} 改好了")
    assert answer is not None
    assert "1 张照片收到" in answer
    with sqlite_database.read() as db:
        rows = db.execute(select(assignments).where(assignments.c.report_id == number).order_by(assignments.c.id)).all()
    assert [row.rectified_by for row in rows] == ["staff:liaison", "staff:liaison"]


def test_who_comes_after_a_liaison_who_has_left_takes_over(database: Database) -> None:
    person = make_liaison(database)
    number, _ = hand_over(database, person.unit_id)
    with database.write() as db:
        gone = add_staff(db, username="gone", display_name="样例", role=Role.LIAISON, password_hash="", now=T0)
        db.execute(update(assignments).values(liaison_id=gone))
    assert person.hear("我的任务") == "您那边现在没有要办的。看到隐患，拍照或说一句就行。"
    with database.write() as db:
        deactivate_staff(db, gone, now=T0)
    person.hear("整改好了，没法拍照")
    assert get_state(database, number) == "rectified"
