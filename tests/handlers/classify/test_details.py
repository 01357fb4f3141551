"""Codes, corrections, places, units and the wish to stay unnamed."""

from __future__ import annotations

import pytest

from handlers.classify import Category, Classifier, Intent, Level, no_words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2611-018", "2611-018"),
        ("#2611-018", "2611-018"),
        ("2611-018 好了没", "2611-018"),
        ("编号2611018咋样了", "2611-018"),
        ("编号:2611-01834", "2611-01834"),
        ("2611—018到哪一步了", "2611-018"),
        ("复查#2611-009,合格", "2611-009"),
        ("电话0355-12345", ""),
        ("20261123-01", ""),
        ("2611-01", ""),
        ("路上有个坑", ""),
        ("第2611018号进度", "2611-018"),
    ],
)
def test_reads_a_report_code(classifier: Classifier, text: str, code: str) -> None:
    assert classifier.understand(text).report_code == code


def test_takes_a_bare_code_for_a_status_query(classifier: Classifier) -> None:
    assert classifier.understand("2611-018").intent is Intent.STATUS_QUERY


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("不是东坪是西坪", ("东坪", "西坪")),
        ("不是东坪,是西坪。", ("东坪", "西坪")),
        ("是西坪不是东坪", ("东坪", "西坪")),
        ("说错了,是西坪", ("", "西坪")),
        ("刚才说错了,应该是官道村", ("", "官道村")),
        ("不对,不是三楼,是四楼", ("三楼", "四楼")),
        ("更正:二号楼", ("", "二号楼")),
        ("不是配电箱是变压器", ("配电箱", "变压器")),
        ("是不是没人管", None),
        ("不是我不想报,是没时间", None),
        ("不是隐患,是正常的", None),
        ("这个路灯不是坏了是吗", None),
        ("楼道堆满杂物", None),
    ],
)
def test_hears_a_correction(classifier: Classifier, text: str, correction: tuple[str, str] | None) -> None:
    assert classifier.understand(text).correction == correction


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("东坪村广场配电箱门开着", "东坪村广场"),
        ("二号楼三单元楼道堆满杂物", "二号楼三单元楼道"),
        ("207国道岔口有个大坑", "207国道岔口"),
        ("后沟砖厂粉尘大", "后沟砖厂"),
        ("我在石后堡小学门口", "石后堡小学门口"),
        ("不是东坪是西坪", "西坪"),
        ("护栏坏了", ""),
        ("狗湾村口的桥头", "狗湾村口的桥头"),
        ("3号车间北头漏电", "3号车间北头"),
    ],
)
def test_finds_the_place(classifier: Classifier, text: str, place: str) -> None:
    assert classifier.understand(text).place == place


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("后沟砖厂粉尘大", "后沟新型建材有限公司"),
        ("后沟新型建材有限公司没安全员", "后沟新型建材有限公司"),
        ("二矿下井没带自救器", "八义二号煤业有限公司"),
        ("不是二矿是后沟砖厂", "后沟新型建材有限公司"),
        ("东坪村广场有个坑", None),
    ],
)
def test_knows_a_unit_by_its_other_names(classifier: Classifier, text: str, unit: str | None) -> None:
    assert classifier.understand(text).unit == unit


@pytest.mark.parametrize(
    ("text", "anonymous"),
    [
        ("匿名。砖厂后门锁着", True),
        ("别说是我说的,厂里后门锁死了", True),
        ("千万不要让人知道,老板让没证的人焊", True),
        ("你们要是告诉厂里是我说的,我就完了", True),
        ("我不匿名,就是我说的,后门锁着", False),
        ("砖厂后门锁着", False),
    ],
)
def test_hears_the_wish_to_stay_unnamed(classifier: Classifier, text: str, anonymous: bool) -> None:
    assert classifier.understand(text).anonymous is anonymous


@pytest.mark.parametrize(
    ("text", "another"),
    [
        ("还有一个,村口井盖没了", True),
        ("另外后门也锁着", True),
        ("还有一处护栏断了", True),
        ("再报一个,桥洞积水", True),
        ("村口井盖没了", False),
    ],
)
def test_hears_the_start_of_another_report(classifier: Classifier, text: str, another: bool) -> None:
    assert classifier.understand(text).another is another


def test_has_an_understanding_for_messages_without_words() -> None:
    nothing = no_words()
    assert (nothing.intent, nothing.category, nothing.level) == (Intent.UNKNOWN, Category.UNK, Level.P3)
    assert no_words(Intent.HAZARD).level is Level.P2
    assert no_words(Intent.LOCATION).intent is Intent.LOCATION
