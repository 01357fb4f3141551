"""Sixty messages as people of the township write them, each in a fresh talk: what the bot makes of each."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from storage.database import Database
from tests.handlers.dialogues.script import list_messages, list_reports, make_person

# What the bot does with a message, by what must be seen of it.
REPORT, EMERGENCY, CAUTION = "report", "emergency", "report, and stop first"
PEOPLE, REDIRECT, ANSWER, SILENCE, SEALED = "people", "redirect", "answer", "silence", "sealed"


@dataclass(frozen=True)
class Sample:
    """One message, what is to be done with it, and words that the answer holds."""

    number: str
    words: str
    handling: str
    answer: str = ""
    category: str = ""
    kind: str = "text"


SAMPLES = [
    Sample("M01", "掌子面瓦斯探头叫人拿塑料袋套住了,便携仪一直叫唤,班长还让往里干", CAUTION, "", "MINE"),
    Sample("M02", "喂那个俺是二队的,三零二皮带机头那个护照没有了,老李夜来差点卷进去", REPORT, "", "MINE", "voice"),
    Sample("M03", "下头顶板掉渣掉得厉害,没人管", CAUTION, "", "MINE"),
    Sample("M04", "冒顶了,压住人了!!", EMERGENCY, "119 120", "MINE"),
    Sample("M05", "矿上上礼拜死了一个,让家里不要说,给了钱", SEALED, "12350"),
    Sample("M06", "里头烧煤气,老郭干一会就头疼", CAUTION),  # the kiln is on the picture only
    Sample("M07", "他下去掏泵没动静了,喊不应", EMERGENCY, "千万别跟着下去救", "CONF"),
    Sample("M08", "村口那个化粪池要清,就一个人下去,上头没人看着", CAUTION, "村口", "CONF"),
    Sample("M09", "我没证,老板说先干着,出事他兜", CAUTION, "", "MGMT"),
    Sample("M10", "八义街里那家烙饼店,灶房一股煤气味", EMERGENCY, "别打火", "GAS", "voice"),
    Sample("M11", "管子老化裂口用胶布缠着,还在用", REPORT, "", "GAS"),
    Sample("M13", "三楼往下甩的线,给楼下三轮充电,线都烫了", CAUTION, "", "EBIK"),
    Sample("M14", "俺娃学校门口那路没减速带,放学车多得不行", REPORT, "学校门口", "ROAD", "voice"),
    Sample("M15", "后河坑塘没护栏,娃们天天去", CAUTION, "后河坑塘", "WATR"),
    Sample("M16", "地里塌了个大圪洞,能陷进去三轮", CAUTION, "", "GEOL"),
    Sample("M17", "窑顶子掉皮,裂了一条大缝,还下着雨", CAUTION, "", "GEOL", "voice"),
    Sample("M18", "雨大了,水往上院灌,门槛都到了,人上房了", EMERGENCY, "119", "FLOD"),
    Sample("M19", "老李家电线拿花线缠在树上,刮风打火花", CAUTION, "", "ELEC"),
    Sample("M20", "拖拉机后斗拉一车人去摘辣椒", CAUTION, "", "AGRI"),
    Sample("M21", "西坡有人烧地圪塄,劝不听", CAUTION, "", "WILD"),
    Sample("M22", "加油站有人一边加一边抽烟", CAUTION, "加油站", "CHEM"),
    Sample("M23", "过年那会儿杂货铺又卖炮,底下铺子上头住人", CAUTION, "", "CHEM"),
    Sample("M24", "【位置】207国道××村岔口", ANSWER, "这里有什么问题?"),
    Sample("M25", "路上一个大坑", REPORT, "这是在哪儿？", "ROAD"),
    Sample("M26", "上次那个坑填了没?编号记不得了", ANSWER, "还没有报过"),
    Sample("M27", "我报的那个配电箱咋两个礼拜了还没弄", ANSWER, "还没有报过"),
    Sample("M28", "匿名。砖厂新来的工人一天培训没有就上窑了,让我们补签名", REPORT, "砖厂", "MGMT"),
    Sample("M29", "你们要是告诉厂里是我说的,我就完了", ANSWER, "不会告诉被反映的单位"),
    Sample("M30", "把我刚才发的照片删了吧,里头有我娃", ANSWER, "没有能撤的"),
    Sample("M31", "算了当我没说", ANSWER, "没有能撤的"),
    Sample("M32", "东坪村广场配电箱已换新箱,见图", PEOPLE, "转给镇里的人看"),
    Sample("M33", "报警器装好了,整改报告明天传", PEOPLE, "转给镇里的人看"),
    Sample("M34", "这条不属实,我们三天前就换过了,有发票", PEOPLE, "转给镇里的人看"),
    Sample("M35", "我想看看是谁反映的", ANSWER, "不能告诉任何单位和个人"),
    Sample("M36", "复查#2611-009,已接地、门锁好,合格,我和村主任都签了", PEOPLE, "转给镇里的人看"),
    Sample("M37", "导出 11 月台账", PEOPLE),
    Sample("M38", "收到", SILENCE),
    Sample("M39", "我到了,八义村会议室", PEOPLE, "登记"),
    Sample("M40", "我人在家,你替我签一下行不行", PEOPLE),
    Sample("M41", "今天讲的有限空间先干啥来着", PEOPLE, "懂行的人"),
    Sample("M42", "我们三季度 T-B、T-C 都弄了,见签到表照片", PEOPLE, "登记"),
    Sample("M43", "今天上午地震疏散演练,用时1分42秒,860人", PEOPLE, "登记"),
    Sample("M44", "演练开始!假设302着火,各单位到位", PEOPLE, "登记"),
    Sample("M45", "我们组织看《生命重于泰山》,46人", PEOPLE, "登记"),
    Sample("M46", "去年这坡上着过火,今年还是没隔离带", REPORT, "", "WILD"),
    Sample("M47", "着火了咋办啊", PEOPLE, "119"),
    Sample("M48", "你们群里都炸了", ANSWER, "看到隐患"),
    Sample("M49", "喂,听得见吗,喂", ANSWER, "119", "", "voice"),
    Sample("M50", "邻居家公鸡半夜叫,能不能管", REDIRECT, "12345"),
    Sample("M51", "村里垃圾点天天烧,呛得很", REDIRECT, "12369"),
    Sample("M52", "矿上三个月没开工资", REDIRECT, "12333"),
    Sample("M53", "举报能给多少钱?一般能到账吗", ANSWER, "由受理的部门认定"),
    Sample("M54", "我报的砖厂那条给奖不", ANSWER, "由受理的部门认定"),
    Sample("M55", "加V信领红包,点链接", SILENCE),
    Sample("M56", "你们就是个摆设,一群废物", ANSWER, "看到隐患"),
    Sample("M57", "叔叔我们班楼梯扶手松了,我四年级", REPORT, "", "", "voice"),
    Sample("M58", "外地有个烟花厂炸了,你们看(链接)", ANSWER),
    Sample("M59", "请于12日前反馈砖厂粉尘隐患办理情况", PEOPLE),
    Sample("M60", "我今天扫街查了 6 户都没啥", PEOPLE, "登记"),
]  # M12 is a picture without words
# What the classifier does not get right yet, and what it takes it for; one that is right again must leave this list.
KNOWN_MISSES = {
    "M24": "the mark 【位置】 and 岔口 make it a hazard on the road, not a place",
    "M37": "台账 alone makes it a hazard of management, not a wish of staff",
    "M59": "a demand of the district is taken for a question about one's own report",
}


def sample_params() -> list[object]:
    """Return the samples, the known misses marked."""
    return [
        pytest.param(
            sample,
            id=sample.number,
            marks=[pytest.mark.xfail(reason=KNOWN_MISSES[sample.number], raises=AssertionError, strict=True)]
            if sample.number in KNOWN_MISSES
            else [],
        )
        for sample in SAMPLES
    ]


def test_has_every_message_that_has_words() -> None:
    assert [sample.number for sample in SAMPLES] == [f"M{number:02d}" for number in range(1, 61) if number != 12]
    assert set(KNOWN_MISSES) <= {sample.number for sample in SAMPLES}


@pytest.mark.parametrize("sample", sample_params())
def test_does_the_right_thing_with(sample: Sample, sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    reply = person.voice(sample.words) if sample.kind == "voice" else person.say(sample.words)
    (row,) = list_messages(sqlite_database)
    reports = list_reports(sqlite_database)
    assert sample.answer in (reply or "")
    assert len(reply or "") <= 120
    opens = sample.handling in (REPORT, CAUTION, EMERGENCY)
    assert len(reports) == (1 if opens else 0)
    assert (row["state"] == "unsorted") is (sample.handling in (PEOPLE, SEALED))
    if opens:
        assert reply is not None
        (report,) = reports
        assert report["code"] in reply
        assert row["report_id"] == report["id"]
        assert report["description"] == sample.words
        assert report["voice_count"] == (1 if sample.kind == "voice" else 0)
        assert sample.category in ("", report["category"])
        assert bool(report["is_emergency"]) is (sample.handling is EMERGENCY)
        assert report["state"] == ("received" if not report["missing"] or report["is_emergency"] else "gathering")
    match sample.handling:
        case "emergency":
            assert reply is not None
            assert reply.startswith("【先打电话】")
        case "report, and stop first":
            assert reply is not None
            assert reply.startswith("先停下来，人离远点。")
        case "sealed":
            assert (row["text"], row["report_id"]) == ("", None)
        case "silence":
            assert reply is None
        case "redirect":
            assert reply is not None
            assert "不归这里管" in reply
        case _:
            assert reply is not None
            assert "【先打电话】" not in reply


def test_gathers_the_fragments_of_m25_into_one_report(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    for words in ("路上一个大坑", "有照片", "等下", "差点摔了"):
        person.say(words)
        person.wait(seconds=8)
    person.photo()
    assert [reply is not None for reply in person.replies] == [True, False, False, False, True]
    (report,) = list_reports(sqlite_database)
    assert (report["photo_count"], report["message_count"]) == (1, 5)
    assert report["description"] == "路上一个大坑\n差点摔了"


def test_asks_where_m12_is_once(sqlite_database: Database) -> None:
    person = make_person(sqlite_database)
    replies = [person.photo() for _ in range(3)]
    assert replies[0] is not None
    assert "这是在哪儿？" in replies[0]
    assert replies[1:] == [None, None]
