"""Every sentence that the bot says: short, plain, honest, and harmless whatever it quotes."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from handlers import texts
from handlers.classify import Emergency
from handlers.conversation import Sentence, list_missing
from handlers.texts import DutyPhone, fit_reply, quote, say
from storage.reports.gathering import Pieces
from storage.reports.tables import ReportState
from tests.handlers.making import CLASSIFIER, make_report

CODE = "2611-0018"  # a busy month
LONGEST = Pieces(
    description="字" * 400, place_label="样例镇东坪村广场东头老供销社院里第三排" * 3, photos=99, voices=9, videos=9
)
DUTY = (DutyPhone("镇值班室", "0355-00000000"), DutyPhone("区应急局", "0355-00000001"))
FIXED = {name: words for name, words in vars(texts).items() if name.isupper() and isinstance(words, str)}
OFFICIALESE = (
    "请予以", "予以", "及时", "相关部门", "有关部门", "贵单位", "敬请", "知悉", "特此", "务必", "严禁", "切实", "上述",
    "如有", "您好", "尊敬", "感谢您的", "反馈", "处理中", "系统", "用户", "提交", "工单", "非法", "无效", "亲",
)  # fmt: skip
EMERGENCIES = {
    heard.emergency.kind: heard.emergency
    for words in (
        "着火了", "冒顶了,压住人了", "他下去掏泵没动静了,喊不应", "灶房一股煤气味", "有人电着了", "有人掉水里了",
        "井下透水了", "撞车了,压着人", "罐车漏了,氨味呛得很", "雨大了,水往上院灌,人上房了", "他要跳楼", "炸了,房倒了",
    )
    if (heard := CLASSIFIER.understand(words)).emergency is not None
}  # fmt: skip


def pieces_of_every_kind() -> list[Pieces]:
    """Return every combination of what a report may have."""
    combinations = itertools.product((0, 9), (0, 2), ("", "字" * 40), ("", "东坪村广场"), (None, 36.0), (False, True))
    return [
        Pieces(
            photos=photos, voices=voices, description=words, place_label=label, latitude=latitude, longitude=latitude,
            is_anonymous=anonymous,
        )
        for photos, voices, words, label, latitude, anonymous in combinations
    ]  # fmt: skip


def sentences() -> dict[str, str]:
    """Return every sentence in every dress, by a name."""
    said = dict(FIXED)
    for sentence in Sentence:
        for number, pieces in enumerate([*pieces_of_every_kind(), LONGEST]):
            whole = replace(pieces, missing=",".join(list_missing(pieces)))
            for asks, apart, cautions in ((True, True, True), (False, False, False)):
                said[f"{sentence}-{number}-{asks}"] = say(
                    sentence, code=CODE, pieces=whole, asks=asks, is_apart=apart, cautions=cautions, duty_phones=DUTY
                )
    for kind, emergency in EMERGENCIES.items():
        said[f"emergency-{kind}"] = say(
            Sentence.EMERGENCY, code=CODE, pieces=Pieces(), emergency=emergency, duty_phones=DUTY
        )
    for state in ReportState:
        report = make_report(18, state, description="字" * 40)
        said[f"progress-{state}"] = texts.progress([report])
        said[f"too-late-{state}"] = texts.too_late_since_done(report)
    said |= {
        "redirect": texts.redirect("12345"),
        "redirect-nowhere": texts.redirect(""),
        "no-such": texts.no_such_report("2611-099"),
        "withdrawn": texts.withdrawn(CODE),
        "too-late": texts.too_late_to_withdraw(CODE),
        "purged": texts.photos_purged(CODE),
        "erased": texts.erased(with_pictures=True),
        "erased-without": texts.erased(with_pictures=False),
    }
    return said


SAID = sentences()


def test_knows_most_kinds_of_emergency() -> None:
    assert len(EMERGENCIES) >= 9


def test_keeps_every_sentence_short() -> None:
    assert {name: len(words) for name, words in SAID.items() if len(words) > 120} == {}


def test_keeps_every_sentence_plain() -> None:
    spoken = {name: words.replace("要写理由、留记录", "") for name, words in SAID.items()}
    assert {name: word for name, words in spoken.items() for word in OFFICIALESE if word in words} == {}


def test_never_shouts_and_never_blames() -> None:
    for name, words in SAID.items():
        assert not set("!！~～") & set(words), name
        assert not any(blame in words for blame in ("您没有", "您应该", "错误", "为什么不", "不允许", "请勿")), name


@pytest.mark.parametrize("name", sorted(SAID.keys() - FIXED.keys()))
def test_asks_one_thing_at_most(name: str) -> None:
    assert SAID[name].count("?") <= 1


def test_reads_cleanly() -> None:
    slips = ("。。", ",,", "::", "、、", ":。", "、。", ",。", "。,", "  ", "None", "{")
    found = {name: slip for name, words in SAID.items() for slip in slips if slip in words}
    assert found == {}
    assert [name for name, words in SAID.items() if words != words.strip()] == []


@pytest.mark.parametrize("sentence", [Sentence.SUBMITTED, Sentence.AS_IT_IS, Sentence.NEXT_ONE])
@pytest.mark.parametrize("is_anonymous", [False, True])
def test_tells_to_speak_to_whoever_is_in_charge_on_site(sentence: Sentence, is_anonymous: bool) -> None:
    words = say(sentence, code=CODE, pieces=Pieces(photos=1, is_anonymous=is_anonymous))
    assert "现场管事的说一声" in words
    assert ("方便的话" in words) is is_anonymous


def test_says_what_to_do_first() -> None:
    for sentence in (Sentence.GATHERING, Sentence.READ_BACK, Sentence.SUBMITTED, Sentence.ADDED):
        words = say(sentence, code=CODE, pieces=Pieces(photos=1), cautions=True, is_apart=True, asks=True)
        assert words.startswith("先停下来，人离远点。")


@pytest.mark.parametrize("sentence", sorted(set(Sentence) - {Sentence.EMERGENCY, Sentence.ANONYMOUS_FROM_NOW,
    Sentence.WHAT_IS_THERE, Sentence.EMPTY_PLACE}))  # fmt: skip
def test_names_the_code_of_the_report_it_speaks_of(sentence: Sentence) -> None:
    assert CODE in say(sentence, code=CODE, pieces=Pieces(photos=1))


def test_mentions_no_code_where_no_report_is_ended() -> None:
    assert "编号" not in say(Sentence.NEXT_ONE, code="", pieces=Pieces())


@pytest.mark.parametrize("kind", sorted(EMERGENCIES))
def test_puts_the_numbers_first_and_never_claims_that_help_was_called(kind: str) -> None:
    words = SAID[f"emergency-{kind}"]
    assert words.startswith(f"【先打电话】{EMERGENCIES[kind].phones[0]}")
    assert "发消息不等于报警" in words
    assert "镇值班室 0355-00000000" in words
    assert EMERGENCIES[kind].advice.rstrip("。") in words
    for claim in ("已通知", "已经通知", "已报", "帮您报", "已转", "救援马上", "马上到", "已派", "我们会"):
        assert claim not in words


def test_gives_numbers_even_when_the_kind_is_not_known() -> None:
    words = say(Sentence.EMERGENCY, code=CODE, pieces=Pieces())
    assert words.startswith("【先打电话】119 120")


@pytest.mark.parametrize("name", ["WELCOME", "HELP", "SMALL_TALK", "SAFETY_QUESTION", "SORRY"])
def test_names_the_emergency_numbers_where_people_begin(name: str) -> None:
    assert "119" in FIXED[name]


def test_promises_no_reward_and_no_punishment() -> None:
    for words in (texts.REWARD, texts.PRIVACY, texts.CONCEALED):
        assert "元" not in words
        assert "一定" not in words
    assert "12350" in texts.REWARD


HOSTILE = {
    "a tag": '<a href="http://evil.example">点这里</a>',
    "a script address": "javascript:alert(1)",
    "an address": "https://evil.example/x?y=1",
    "a bare name": "www.evil.cn 打开",
    "the end of a CDATA section": "东坪]]>村<x>",
    "control characters": "东\x00坪\x07村\x1b[31m\x7f\x85",
    "marks that turn the direction": "东\u202e坪\u2066村\u200f\u061c广\u2069场",
    "what nobody sees": "东\u200b坪\ufeff村\u00ad\u2060广\U000e0041场",
    "lines": "东\n坪\r\n村\u2028广\u2029场",
    "half a character": "东坪\ud83d村\ufffe",
    "a template": "{code} {{7*7}} %s",
}


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE.keys())
def test_echoes_nothing_that_acts(words: str) -> None:
    said = say(Sentence.SUBMITTED, code=CODE, pieces=Pieces(description="字", place_label=words))
    said += texts.progress([make_report(description=words)]) + texts.no_such_report(words)
    for part in ("<", ">", "://", "\n\n", "\r", "\u202e", "\u2028"):
        assert part not in said
    assert re.search("[A-Za-z0-9][.:][A-Za-z/]", said) is None  # what a client would make a link of
    assert all(letter == "\n" or letter.isprintable() for letter in said)
    said.encode()


@pytest.mark.parametrize(
    ("words", "most", "quoted"),
    [
        ("东坪村", 3, "东坪村"),
        ("东坪村广场", 4, "东坪村…"),
        ("  东坪 \n 村 ", 9, "东坪 村"),
        ("", 4, ""),
        ("3.5 米", 9, "3.5 米"),
        ("8:30 开工", 9, "8:30 开工"),
    ],
)
def test_quotes_short_and_on_one_line(words: str, most: int, quoted: str) -> None:
    assert quote(words, most) == quoted


@pytest.mark.parametrize("letter", ["a", "é", "村", "😀"])
@pytest.mark.parametrize("before", range(4))
def test_cuts_a_reply_between_letters(letter: str, before: int) -> None:
    words = "x" * before + letter * 2_000
    fitted = fit_reply(words)
    assert len(fitted.encode()) <= texts.MAX_REPLY_BYTES
    assert len(fitted.encode()) > texts.MAX_REPLY_BYTES - 8
    assert fitted.endswith("…")
    assert words.startswith(fitted[:-1])


@pytest.mark.parametrize("length", [600, 599])
def test_leaves_a_reply_of_exactly_the_limit_alone(length: int) -> None:
    words = "村" * length
    assert fit_reply(words) == words


def test_takes_out_of_a_reply_what_xml_does_not_know() -> None:
    assert fit_reply("东\x00坪\x0b\ufffe\ud800村\n好\t了") == "东坪村\n好\t了"


def test_uses_an_emergency_of_its_own_making() -> None:
    emergency = Emergency("x", ("120", "119"), "别动。")
    words = say(Sentence.EMERGENCY, code=CODE, pieces=Pieces(), emergency=emergency)
    assert words.startswith("【先打电话】120 119。\n【现在】别动。\n")
