"""What liaisons write, with typos: the wish that is read, whose it is, and until when."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.liaison_words import Wish, parse_number, read_day, read_words
from tests.handlers.making import CLASSIFIER

SAID = {
    Wish.LIST: ["我的任务", "任务", "清单", "我的清单", "待办", "还有啥要办的"],
    Wish.ACKNOWLEDGE: ["收到", "好的", "👌", "1号收到", "收道", "嗯", "知道了", "[OK]", "[强]", "2611-018 收到",
    "收到，马上办", "可以"],
    Wish.WORKING: ["正在弄", "好的马上弄", "我们马上整改", "已经安排人了", "配件到了，正在装"],
    Wish.RECTIFY: [
        "整改好了", "弄好了", "改好乐", "好了", "弄好了发你了", "2611-018改完了", "第2个好了", "配电箱已换新箱，见图",
        "报警器装好了，整改报告明天传", "已整改", "搞定", "完成了", "换了新的", "堵上了", "好了，谢谢", "都好了",
        "昨天修好了",
        "整改完成，请复查", "整改好了，没法拍照", "改好了，12月1号修的", "全部整改到位", "好啦", "弄妥了",
        "消防通道清理出来了",
    ],
    Wish.EXTEND: [
        "还要三天", "3天后弄", "延期到12月5号", "下周五才能弄完，等配件", "2611-018 还要三天，等配件", "宽限几天",
        "再给两天", "时间不够",
        "来不及", "12月5号前弄完", "等配件，要到月底", "明天弄", "还得一个礼拜", "还要半个月", "明天安排人去修",
        "5号前弄完",
    ],
    Wish.DISPUTE: ["不属实", "没有这回事", "不是我们的", "归交管站管", "2611-018 不是我们的", "应该归供电所管",
    "去看过了，没有这个情况"],
    Wish.NO_PHOTO: ["没法拍照", "拍不了", "井下不让拍照", "手机坏了"],
    Wish.LATER: ["明天拍", "等会儿拍", "马上拍", "等一下"],
    Wish.SHOW: ["2611-018", "查2611-018"],
    Wish.PICK: ["2", "第2个", "2号", "第一个", "二"],
    None: [
        "没改", "不知道", "进度", "还有一个", "我村路口窨井没盖", "锅炉房没人管", "没弄", "谢谢", "谢谢您", "在吗",
        "你好", "怎么改", "改好没",
        "三个月没开工资", "灯坏了好几天了", "矿上今天检查", "要不要整改", "哪天到期", "路灯修好了又坏了",
        "这个怎么弄",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("wish", "words"), [(wish, words) for wish, all_ in SAID.items() for words in all_])
def test_reads_the_wish(wish: Wish | None, words: str) -> None:
    assert read_words(words, CLASSIFIER.understand(words)).wish is wish


@pytest.mark.parametrize(
    ("words", "code", "numbers"),
    [
        ("2611-018 整改好了", "2611-018", ()), ("编号：2611—018，好了", "2611-018", ()), ("第2个好了", "", (2,)),
        ("2号好了", "", (2,)), ("1和3好了", "", (1, 3)), ("1、3 好了", "", (1, 3)), ("十二号好了", "", (12,)),
        ("1改好了", "", (1,)),
        ("3天后弄", "", ()), ("两三天", "", ()), ("5号前弄完", "", ()), ("12月5号弄", "", ()), ("12.5前弄完", "", ()),
        ("两个都好了", "", ()), ("3个人在弄", "", ()),
    ],
)  # fmt: skip
def test_reads_which_one(words: str, code: str, numbers: tuple[int, ...]) -> None:
    said = read_words(words, CLASSIFIER.understand(words))
    assert (said.code, said.numbers) == (code, numbers)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("还要三天", date(2026, 12, 1)), ("还要两三天", date(2026, 12, 1)), ("延三天", date(2026, 12, 6)),
        ("再给五天", date(2026, 12, 8)), ("明天", date(2026, 11, 29)), ("后天", date(2026, 11, 30)),
        ("大后天", date(2026, 12, 1)), ("月底", date(2026, 11, 30)), ("下月底", date(2026, 12, 31)),
        ("下个月底", date(2026, 12, 31)), ("年底", date(2026, 12, 31)), ("12月底", date(2026, 12, 31)),
        ("周五", date(2026, 12, 4)), ("下周五", date(2026, 12, 4)), ("下下周一", date(2026, 12, 7)),
        ("这周日", date(2026, 11, 29)), ("下周", date(2026, 12, 4)), ("周末", date(2026, 11, 29)),
        ("5号", date(2026, 12, 5)), ("延到5日", date(2026, 12, 5)), ("5日内", date(2026, 12, 3)),
        ("30号", date(2026, 11, 30)), ("12月5日", date(2026, 12, 5)),
        ("十二月五号", date(2026, 12, 5)), ("12.5", date(2026, 12, 5)), ("12/5", date(2026, 12, 5)),
        ("1月3号", date(2027, 1, 3)), ("2027年1月3日", date(2027, 1, 3)), ("半个月", date(2026, 12, 13)),
        ("一个月", date(2026, 12, 28)), ("两周", date(2026, 12, 12)), ("一个礼拜", date(2026, 12, 5)),
        ("2611-018 还要三天", date(2026, 12, 1)), ("2月30号", date(2027, 2, 28)), ("延到3月", None), ("几天", None),
        ("13月5号", None), ("时间不够", None), ("40号", None), ("", None),
    ],
)  # fmt: skip
def test_reads_the_day(words: str, day: date | None) -> None:
    """Today is Saturday, 28 November; the deadline is 3 December."""
    assert read_day(words, today=date(2026, 11, 28), due=date(2026, 12, 3)) == day


@pytest.mark.parametrize(
    ("words", "number"), [("3", 3), ("十", 10), ("十二", 12), ("二十", 20), ("二十一", 21), ("两", 2), ("两三", 3)]
)
def test_parses_numbers(words: str, number: int) -> None:
    assert parse_number(words) == number


@pytest.mark.parametrize(
    "words", ["", "一" * 400, "1" * 400, "，。" * 200, "还要" * 200, "😀" * 100, "第" * 300, "\x00\ud800"]
)
def test_never_breaks(words: str) -> None:
    read_words(words, CLASSIFIER.understand(words))
    read_day(words, today=date(2026, 11, 28), due=date(2026, 12, 3))
