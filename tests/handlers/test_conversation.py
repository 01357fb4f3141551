"""The pure decision: recent reports, a message and what is remembered in; the next step out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.conversation import (
    Memory,
    Rules,
    Sentence,
    Step,
    find_current,
    list_missing,
    missing_to_ask,
    next_step,
    phrases,
)
from handlers.message import Kind, Message, Place
from storage.reports.gathering import Pieces, RecentReport
from storage.reports.tables import ReportState
from tests.handlers.making import at, make_message, make_report

RULES = Rules()
PHOTO: dict[str, Any] = {"photos": 1, "asked": "place", "missing": "description,place", "messages": 1}
WORDS: dict[str, Any] = {
    "description": "配电箱没盖",
    "category": "ELEC",
    "asked": "place",
    "missing": "place",
    "messages": 1,
}
WHOLE: dict[str, Any] = {"description": "配电箱没盖", "category": "ELEC", "place_label": "东坪村广场", "messages": 1}
FIRE: dict[str, Any] = {
    "description": "着火了",
    "category": "FIRE",
    "level": "P0",
    "is_emergency": True,
    "missing": "place",
}
S = Sentence
RECEIVED = ReportState.RECEIVED


def decide(message: Message, *recent: RecentReport, memory: Memory = Memory()) -> Step | None:  # noqa: B008 (frozen)
    """Return the step for a message beside these reports, newest first."""
    return next_step(message, sorted(recent, key=lambda report: -report.id), memory, rules=RULES)


@pytest.mark.parametrize(
    ("report", "kind", "text", "sentence", "joins"),
    [
        pytest.param(None, Kind.IMAGE, "", S.GATHERING, False, id="nothing yet, a picture"),
        pytest.param(None, Kind.VIDEO, "", S.GATHERING, False, id="nothing yet, a video"),
        pytest.param(None, Kind.VOICE, "", S.GATHERING, False, id="nothing yet, a voice"),
        pytest.param(None, Kind.TEXT, "配电箱没盖", S.GATHERING, False, id="nothing yet, a hazard"),
        pytest.param(None, Kind.TEXT, "东坪村广场配电箱没盖", S.SUBMITTED, False, id="nothing yet, everything"),
        pytest.param(None, Kind.TEXT, "着火了", S.EMERGENCY, False, id="nothing yet, an emergency"),
        pytest.param(None, Kind.TEXT, "东坪村广场", S.WHAT_IS_THERE, None, id="nothing yet, a place"),
        pytest.param(None, Kind.TEXT, "还有一个", S.NEXT_ONE, None, id="nothing yet, another"),
        pytest.param(None, Kind.TEXT, "匿名", S.ANONYMOUS_FROM_NOW, None, id="nothing yet, anonymous"),
        pytest.param(PHOTO, Kind.IMAGE, "", None, True, id="a picture, one more"),
        pytest.param(PHOTO, Kind.VIDEO, "", None, True, id="a picture, a video"),
        pytest.param(PHOTO, Kind.VOICE, "", S.READ_BACK, True, id="a picture, a voice"),
        pytest.param(PHOTO, Kind.TEXT, "配电箱没盖", S.READ_BACK, True, id="a picture, the hazard"),
        pytest.param(PHOTO, Kind.TEXT, "东坪村广场", S.GATHERING, True, id="a picture, the place"),
        pytest.param(PHOTO, Kind.TEXT, "东坪村广场配电箱没盖", S.SUBMITTED, True, id="a picture, everything"),
        pytest.param(PHOTO, Kind.TEXT, "着火了", S.EMERGENCY, True, id="a picture, an emergency"),
        pytest.param(PHOTO, Kind.TEXT, "[微笑]", None, True, id="a picture, a face"),
        pytest.param(PHOTO, Kind.TEXT, "不知道", S.AS_IT_IS, True, id="a picture, who knows"),
        pytest.param(PHOTO, Kind.TEXT, "算了", S.NEVER_MIND, True, id="a picture, never mind"),
        pytest.param(PHOTO, Kind.TEXT, "说错了", S.WHAT_IS_RIGHT, True, id="a picture, a mistake"),
        pytest.param(PHOTO, Kind.TEXT, "匿名", S.ANONYMOUS, True, id="a picture, anonymous"),
        pytest.param(WORDS, Kind.IMAGE, "", S.READ_BACK, True, id="words, the first picture"),
        pytest.param(WORDS, Kind.TEXT, "差点摔了", None, True, id="words, more of them"),
        pytest.param(WORDS, Kind.TEXT, "东坪村广场", S.SUBMITTED, True, id="words, the place"),
        pytest.param(WORDS, Kind.TEXT, "灭火器过期了", S.GATHERING, False, id="words, another kind of hazard"),
        pytest.param(WORDS, Kind.TEXT, "着火了", S.EMERGENCY, False, id="words, an emergency"),
        pytest.param(WORDS, Kind.TEXT, "不是配电箱是电表箱", S.CORRECTED, True, id="words, a correction"),
        pytest.param(WHOLE, Kind.IMAGE, "", S.ADDED, True, id="everything, a picture"),
        pytest.param(WHOLE, Kind.TEXT, "西坪村广场配电箱没盖", S.SUBMITTED, False, id="everything, elsewhere"),
        pytest.param(WHOLE, Kind.TEXT, "旁边就是学校", None, True, id="everything, goes on"),
        pytest.param(WHOLE, Kind.TEXT, "[微笑]", None, True, id="everything, a face"),
        pytest.param(FIRE, Kind.TEXT, "快点快点", S.URGENT, True, id="emergency, hurry"),
        pytest.param(FIRE, Kind.TEXT, "里头还有两个人", S.URGENT, True, id="emergency, more people"),
        pytest.param(FIRE, Kind.TEXT, "着火了快来", S.EMERGENCY, True, id="emergency, once more"),
        pytest.param(FIRE, Kind.IMAGE, "", S.URGENT, True, id="emergency, a picture"),
    ],
)
def test_takes_a_step(
    report: dict[str, Any] | None, kind: Kind, text: str, sentence: Sentence | None, joins: bool | None
) -> None:
    state = ReportState.GATHERING if report and "missing" in report and report is not FIRE else RECEIVED
    recent = [] if report is None else [make_report(state=state, **report)]
    step = decide(make_message(kind, text, seconds=5), *recent)
    assert step is not None
    assert step.sentence is sentence
    if joins is None:
        assert step.pieces is None
    else:
        assert step.pieces is not None
        assert step.joins is (recent[0] if joins else None)
        assert step.pieces.messages == (recent[0].pieces.messages if joins else 0) + 1
        assert step.pieces.missing == ",".join(list_missing(step.pieces))


@pytest.mark.parametrize(
    "text",
    ["进度", "撤回", "帮助", "谢谢", "你好", "举报有奖吗", "矿上三个月没开工资", "加V信领红包,点链接", "着火了咋办啊"],
)
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.VOICE])
@pytest.mark.parametrize("report", [None, PHOTO, WHOLE], ids=["nothing", "gathering", "whole"])
def test_leaves_what_is_no_piece_to_others(text: str, kind: Kind, report: dict[str, Any] | None) -> None:
    recent = [] if report is None else [make_report(**report)]
    assert decide(make_message(kind, text, seconds=5), *recent) is None


@pytest.mark.parametrize("kind", [Kind.LINK, Kind.EVENT, Kind.UNKNOWN])
def test_leaves_other_kinds_to_others(kind: Kind) -> None:
    assert decide(make_message(kind, "", seconds=5), make_report(**PHOTO)) is None


@pytest.mark.parametrize(
    ("seconds", "joins"),
    [
        pytest.param(600, True, id="ten minutes after the last piece"),
        pytest.param(601, False, id="a second later"),
        pytest.param(-600, True, id="ten minutes before the first piece"),
        pytest.param(-601, False, id="a second earlier"),
        pytest.param(0, True, id="the same second"),
    ],
)
@pytest.mark.parametrize("state", [ReportState.GATHERING, RECEIVED, ReportState.ACCEPTED, ReportState.ASSIGNED])
def test_keeps_to_the_window_by_the_time_of_sending(seconds: float, joins: bool, state: ReportState) -> None:
    report = make_report(state=state, **PHOTO)
    assert (find_current([report], at(seconds), RULES) is report) is joins
    step = decide(replace(make_message(Kind.IMAGE, seconds=seconds), received_at=at(90_000)), report)
    assert step is not None
    assert (step.joins is report) is joins


@pytest.mark.parametrize(
    "state",
    [
        ReportState.WITHDRAWN,
        ReportState.DECLINED,
        ReportState.MERGED,
        ReportState.CLOSED,
        ReportState.TRANSFERRED,
        ReportState.UNFOUNDED,
        ReportState.RECTIFIED,
    ],
)
def test_opens_a_new_report_beside_a_settled_one(state: ReportState) -> None:
    step = decide(make_message(Kind.IMAGE, seconds=5), make_report(state=state, **PHOTO))
    assert step is not None
    assert step.joins is None
    assert step.pieces is not None
    assert step.pieces.photos == 1


def test_slides_the_window_with_every_piece() -> None:
    report = make_report(opened=0, last=500, **PHOTO)
    assert find_current([report], at(1_100), RULES) is report
    assert find_current([report], at(1_101), RULES) is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(30, 1, id="within the first"),
        pytest.param(60, 1, id="just after the first"),
        pytest.param(98, 2, id="just before the second"),
        pytest.param(110, 2, id="within the second"),
        pytest.param(700, 2, id="after both"),
        pytest.param(-5, 1, id="before both"),
        pytest.param(75, 2, id="as near to one as to the other"),
    ],
)
def test_picks_the_report_that_is_nearest_in_time(seconds: float, expected: int) -> None:
    first = make_report(1, RECEIVED, opened=0, last=50, **WHOLE)
    second = make_report(2, opened=100, last=120, **PHOTO)
    for recent in ([first, second], [second, first]):
        found = find_current(recent, at(seconds), RULES)
        assert found is not None
        assert found.id == expected


def test_picks_the_later_of_two_reports_of_one_second() -> None:
    first, second = make_report(1, RECEIVED, **WHOLE), make_report(2, **PHOTO)
    assert find_current([second, first], at(0), RULES) is second


@pytest.mark.parametrize(
    ("pieces", "missing", "question"),
    [
        ({}, ("look", "description", "place"), "place"),
        ({"photos": 1}, ("description", "place"), "place"),
        ({"videos": 1}, ("description", "place"), "place"),
        ({"voices": 1}, ("place",), "place"),
        ({"description": "坑"}, ("place",), "place"),
        ({"photos": 1, "place_label": "村口"}, ("description",), "description"),
        ({"photos": 1, "latitude": 36.0, "longitude": 113.0}, ("description",), "description"),
        ({"place_label": "村口"}, ("look", "description"), "description"),
        ({"description": "坑", "latitude": 0.0, "longitude": 0.0}, (), ""),
    ],
)
def test_lists_what_is_missing_and_asks_for_one_thing(
    pieces: dict[str, Any], missing: tuple[str, ...], question: str
) -> None:
    assert list_missing(Pieces(**pieces)) == missing
    assert missing_to_ask(missing) == question


def test_asks_for_looks_only_when_nothing_else_is_missing() -> None:
    assert missing_to_ask(("look",)) == "look"


def test_remembers_a_place_and_uses_it_within_ten_minutes() -> None:
    step = decide(make_message(Kind.LOCATION, place=Place(36.0, 113.0, "东坪村广场")))
    assert step is not None
    assert step.place_to_remember == Place(36.0, 113.0, "东坪村广场")
    memory = Memory(place=step.place_to_remember, place_sent_at=at(0))
    for seconds, label in ((600, "东坪村广场"), (601, ""), (-600, "东坪村广场"), (-601, "")):
        taken = decide(make_message(Kind.IMAGE, seconds=seconds), memory=memory)
        assert taken is not None
        assert taken.pieces is not None
        assert (taken.pieces.place_label, taken.forgets) == (label, True)


def test_stays_anonymous_as_remembered() -> None:
    step = decide(make_message(Kind.IMAGE), memory=Memory(is_anonymous=True))
    assert step is not None
    assert step.pieces is not None
    assert step.pieces.is_anonymous


@pytest.mark.parametrize(("seconds", "opens"), [(49, False), (50, True), (650, True), (651, False)])
def test_opens_the_announced_report_within_ten_minutes(seconds: float, opens: bool) -> None:
    report = make_report(state=RECEIVED, opened=0, last=100, **WHOLE)
    step = decide(make_message(Kind.IMAGE, seconds=seconds), report, memory=Memory(another_at=at(50)))
    assert step is not None
    assert (step.joins is None) is opens
    assert step.is_apart is opens
    assert step.forgets is opens


@pytest.mark.parametrize("late", [0, 86_400])
def test_takes_a_late_place_for_a_day(late: float) -> None:
    report = make_report(state=RECEIVED, opened=0, last=100, **WORDS)
    step = decide(make_message(Kind.TEXT, "东坪村广场", seconds=100 + late), report)
    assert step is not None
    assert step.joins is report
    after = decide(make_message(Kind.TEXT, "东坪村广场", seconds=86_501), report)
    assert after is not None
    assert after.sentence is S.WHAT_IS_THERE


@pytest.mark.parametrize(("seconds", "is_swallowed"), [(0, True), (29, True), (30, False), (31, False), (-1, False)])
def test_gives_the_rest_of_a_withdrawn_album_to_the_withdrawn_report(seconds: float, is_swallowed: bool) -> None:
    report = make_report(state=ReportState.WITHDRAWN, opened=0, last=30, **PHOTO)
    step = decide(make_message(Kind.IMAGE, seconds=seconds), report)
    assert step is not None
    assert (step.joins is report) is is_swallowed
    assert (step.sentence is None) is is_swallowed


@pytest.mark.parametrize(
    ("before", "text", "cautions"),
    [
        (None, "就一个人下化粪池,没通风,上头没人看着", True),
        (PHOTO, "就一个人下化粪池,没通风,上头没人看着", True),
        ({**WORDS, "level": "P1"}, "里头的线都烂了", False),
        (None, "配电箱没盖", False),
    ],
)
def test_cautions_once_when_the_danger_becomes_clear(before: dict[str, Any] | None, text: str, cautions: bool) -> None:
    step = decide(make_message(Kind.TEXT, text, seconds=5), *([] if before is None else [make_report(**before)]))
    assert step is not None
    assert step.cautions is cautions
    assert not cautions or step.sentence is not None


@pytest.mark.parametrize(
    ("text", "label", "has_point"),
    [
        ("不是东坪是西坪", "西坪村广场", False),
        ("说错了,是西坪村", "西坪村", False),
        ("不是配电箱是电表箱", "东坪村广场", True),
    ],
)
def test_corrects_the_place_and_drops_the_point_of_the_wrong_one(text: str, label: str, has_point: bool) -> None:
    report = make_report(state=RECEIVED, latitude=36.0, longitude=113.0, **WHOLE)
    step = decide(make_message(Kind.TEXT, text, seconds=5), report)
    assert step is not None
    assert step.pieces is not None
    assert step.pieces.place_label == label
    assert (step.pieces.latitude is not None) is has_point


# -- small words ------------------------------------------------------------------------------------------------------


NOTHING = (
    "", " ", "1", "。。。", "/::)", "[微笑]", "[捂脸][捂脸]", "😀", "嗯", "等下", "等一下啊", "有照片", "没有照片",
    "拍不了", "好了", "就这些", "不知道", "算了", "我要举报", "您好，我想反映一下", "水", "13800000000",
)  # fmt: skip
SOMETHING = (
    "差点摔了", "没有护栏", "有照片的那面墙歪了", "不知道谁把盖偷了", "好了的线又断了", "漏水", "leaking pipe",
    "我要举报砖厂没证", "[图]墙歪了", "等下雨就淹", "3号楼",
)  # fmt: skip
PLACES = (
    "红绿灯跟前", "老王家房后头", "桥头", "村东头", "就是那个砖厂", "在砖厂后面", "老李家", "3-2-501", "302",
    "烧烤店门口", "学校对面", "俺们村口", "207国道岔口那儿", "不远处的桥底下",
)  # fmt: skip
NO_PLACES = (
    "差点摔了", "墙裂了", "线掉在门口", "没人管", "119", "1", "就在这儿", "这儿", "娃们在路上玩", "打了119了",
    "快点快点", "谁家", "不在那儿", "墙塌了那儿", "一辆拉着满满一车煤从东坪村一路开到西坪村的车跟前",
)  # fmt: skip


@pytest.mark.parametrize("words", NOTHING)
def test_knows_words_that_say_nothing(words: str) -> None:
    assert phrases.says_nothing(words)


@pytest.mark.parametrize("words", SOMETHING)
def test_knows_words_that_say_something(words: str) -> None:
    assert not phrases.says_nothing(words)


@pytest.mark.parametrize("words", PLACES)
def test_knows_answers_to_where(words: str) -> None:
    assert phrases.is_place(words)


@pytest.mark.parametrize("words", NO_PLACES)
def test_takes_other_words_for_no_place(words: str) -> None:
    assert not phrases.is_place(words)


@pytest.mark.parametrize("words", ["窨井", "路灯杆子歪了", "纸箱堆楼道", "线掉在门口", "墙要塌了那儿"])
def test_takes_no_hazard_for_a_place(words: str) -> None:
    assert not phrases.is_place(words, sounds_like_hazard=True)


@pytest.mark.parametrize(
    ("words", "is_announcement"),
    [
        ("还有一个", True),
        ("另外", True),
        ("对了,还有一个地方", True),
        ("还有两个问题要反映", True),
        ("还有两个人", False),
        ("还有一个没出来", False),
        ("另外灭火器也过期了", False),
    ],
)
def test_knows_a_bare_announcement(words: str, is_announcement: bool) -> None:
    assert phrases.is_announcement(words) is is_announcement


@pytest.mark.parametrize("words", ["还有" * 5_000, "我要" * 5_000, "不知道" * 5_000, "[" * 20_000, "/:" * 10_000])
def test_reads_absurd_words_quickly(words: str) -> None:
    for read in (phrases.says_nothing, phrases.is_place, phrases.is_mistake, phrases.is_announcement, phrases.goes_on):
        read(words)  # a pattern that backtracks without end would run into the timeout


# -- any sequence -----------------------------------------------------------------------------------------------------

SENTENCES = (
    "配电箱没盖", "东坪村广场", "东坪村广场配电箱没盖", "西坪村路口窨井没盖", "差点摔了", "还有一个",
    "还有一个,灭火器过期了", "着火了", "快点快点", "匿名", "说错了", "不是东坪是西坪", "说错了,是西坪村", "[微笑]",
    "好了", "不知道", "算了", "红绿灯跟前", "谢谢", "进度", "", "掌子面瓦斯探头叫人拿塑料袋套住了", "旁边就是学校",
    "东坪村,匿名", "圪撩圪撩的",
)  # fmt: skip


@dataclass
class Notebook:
    """Reports as the storage would keep them, so that sequences can be played without one."""

    reports: list[RecentReport] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    sent: dict[int, int] = field(default_factory=dict)

    def take(self, message: Message) -> Step | None:
        """Apply the step that a message leads to."""
        recent = sorted(self.reports, key=lambda report: -report.id)[:4]
        step = next_step(message, recent, self.memory, rules=RULES)
        if step is None:
            return None
        if step.ends is not None:
            self._put(replace(step.ends, state=RECEIVED))
        if step.place_to_remember is not None:
            self.memory = replace(self.memory, place=step.place_to_remember, place_sent_at=message.sent_at)
        if step.announces_another:
            self.memory = replace(self.memory, another_at=message.sent_at)
        if step.sentence is Sentence.ANONYMOUS_FROM_NOW:
            self.memory = replace(self.memory, is_anonymous=True)
        if step.pieces is None:
            return step
        base = step.joins or RecentReport(
            len(self.reports) + 1, "", ReportState.GATHERING, message.sent_at, message.sent_at, Pieces()
        )
        if step.joins is None and step.forgets:
            self.memory = Memory(is_anonymous=self.memory.is_anonymous)
        is_now = base.state is ReportState.GATHERING and step.is_submitted
        kept = RecentReport(
            base.id,
            base.code,
            RECEIVED if is_now else base.state,
            min(base.opened_at, message.sent_at),
            max(base.last_piece_at, message.sent_at),
            step.pieces,
        )
        self._put(kept)
        self.sent[kept.id] = self.sent.get(kept.id, 0) + 1
        return step

    def _put(self, report: RecentReport) -> None:
        self.reports = [known for known in self.reports if known.id != report.id] + [report]


said = st.one_of(
    st.tuples(st.just(Kind.TEXT), st.sampled_from(SENTENCES)),
    st.tuples(st.just(Kind.VOICE), st.sampled_from(SENTENCES)),
    st.tuples(st.sampled_from([Kind.IMAGE, Kind.VIDEO, Kind.LOCATION, Kind.LINK, Kind.EVENT]), st.just("")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(said, st.integers(0, 900), st.integers(-900, 60)), max_size=14))
def test_keeps_its_promises_in_any_sequence(turns: list[tuple[tuple[Kind, str], int, int]]) -> None:
    notebook, clock = Notebook(), 0
    asked: set[tuple[int, str]] = set()
    media = {Kind.IMAGE: 0, Kind.VOICE: 0, Kind.VIDEO: 0}
    for (kind, text), later, shift in turns:
        clock += later
        place = Place(36.0, 113.0, "样例镇东坪村") if kind is Kind.LOCATION else None
        message = replace(make_message(kind, text, clock + shift, place), received_at=at(clock))
        before = {report.id: report for report in notebook.reports}
        step = notebook.take(message)
        if step is None:
            assert kind in (Kind.TEXT, Kind.VOICE, Kind.LINK, Kind.EVENT)
            continue
        if kind in media and step.pieces is not None:
            media[kind] += 1
        assert sum(report.state is ReportState.GATHERING for report in notebook.reports) <= 1
        if step.asks and step.pieces is not None:
            target = step.joins.id if step.joins else len(notebook.reports)
            question = (target, missing_to_ask(list_missing(step.pieces)))
            assert question not in asked, "a question is put once"
            asked.add(question)
        for report in notebook.reports:
            assert report.opened_at <= report.last_piece_at
            assert report.pieces.messages == notebook.sent[report.id]
            assert report.pieces.missing == ",".join(list_missing(report.pieces))
            was = before.get(report.id)
            assert was is None or (was.pieces.photos, was.pieces.voices) <= (report.pieces.photos, report.pieces.voices)
            assert was is None or not was.pieces.is_emergency or report.pieces.is_emergency
            assert was is None or not was.pieces.is_anonymous or report.pieces.is_anonymous
        if message.understanding.emergency is not None:
            assert step.sentence is Sentence.EMERGENCY
    kept = notebook.reports
    assert sum(report.pieces.photos for report in kept) == media[Kind.IMAGE]
    assert sum(report.pieces.videos for report in kept) == media[Kind.VIDEO]
    assert sum(report.pieces.voices for report in kept) == media[Kind.VOICE]


def test_uses_the_rules_it_is_given() -> None:
    report = make_report(**PHOTO)
    step = next_step(make_message(Kind.IMAGE, seconds=61), [report], Memory(), rules=Rules(gather=timedelta(minutes=1)))
    assert step is not None
    assert step.joins is None
