"""Hazards of every category in many people's words."""

from __future__ import annotations

from collections import Counter

import pytest

from handlers.classify import Category, Classifier, Intent, Level
from tests.handlers.classify.tables import rows

HAZARDS = rows("categories.tsv")


@pytest.mark.parametrize(("text", "category"), HAZARDS, ids=[row[0] for row in HAZARDS])
def test_files_a_hazard_under_its_category(classifier: Classifier, text: str, category: str) -> None:
    said = classifier.understand(text)
    assert said.category == category, said.why
    assert said.intent is Intent.HAZARD, said.why
    assert said.level in (Level.P1, Level.P2, Level.P3)


def test_table_has_ten_messages_of_every_category() -> None:
    count = Counter(category for _, category in HAZARDS)
    assert all(count[code] >= 10 for code in Category if code is not Category.UNK)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("井下动火没措施", Category.MINE),
        ("井下电缆接头泡在水里", Category.MINE),
        ("矿上食堂煤气罐放灶跟前", Category.GAS),
        ("矿宿舍楼道堆满杂物", Category.FIRE),
        ("矿门口拉煤车洒一路煤", Category.ROAD),
        ("楼道里电动车堵着门", Category.EBIK),
        ("路上电动车栽进坑里好几回", Category.ROAD),
        ("下暴雨时学校门口积水淹膝盖", Category.FLOD),
        ("窨井没盖,晚上走路怕掉下去", Category.ROAD),
        ("有点不对劲", Category.UNK),
    ],
)
def test_keeps_the_rules_of_precedence(classifier: Classifier, text: str, category: Category) -> None:
    assert classifier.understand(text).category is category


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("皮带机头护照没有了", Category.MINE),
        ("楼道里电平车冲电", Category.EBIK),
        ("瓦丝探头坏了", Category.MINE),
        ("一缺瓶躺着用,正焊着", Category.HOTW),
        ("配電箱門開著", Category.ELEC),
        ("窗護欄焊死沒逃生口", Category.FIRE),
        ("灭 火 器 过 期 了", Category.FIRE),
    ],
)
def test_understands_mishearings_and_old_script(classifier: Classifier, text: str, category: Category) -> None:
    said = classifier.understand(text)
    assert said.category is category, said.why
    assert said.text == text


def test_does_not_mend_a_word_that_is_right(classifier: Classifier) -> None:
    assert classifier.understand("去派出所办护照,楼梯扶手松了").category is not Category.MACH
    assert classifier.understand("交管站门口的路灯坏了").category is Category.ROAD


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        ("瓦斯探头拿塑料袋套住了", "煤矿重大事故隐患判定标准"),
        ("厂房里头隔出来住人", "重大火灾隐患判定规则"),
        ("炮铺子楼上住人", "烟花爆竹重大隐患判定标准"),
        ("电梯短接了门锁在开", "特种设备事故隐患分类分级"),
        ("拖拉机后头拉着一车人", "农业机械重大事故隐患判定标准(试行)"),
    ],
)
def test_hints_at_a_major_hazard_with_its_standard(classifier: Classifier, text: str, standard: str) -> None:
    said = classifier.understand(text)
    assert said.major_suspect is not None
    assert said.major_suspect.standard == standard
    assert said.major_suspect.version
    assert said.level is Level.P1
    assert any("疑似重大,待人工核定" in reason for reason in said.why)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("坑塘没护栏,娃们天天去", Level.P1),
        ("电线冒火星子", Level.P1),
        ("路灯不亮", Level.P3),
        ("村口路上有个坑", Level.P2),
        ("收到", Level.P3),
    ],
)
def test_weighs_urgency(classifier: Classifier, text: str, level: Level) -> None:
    assert classifier.understand(text).level is level


def test_gives_its_reasons_in_plain_words(classifier: Classifier) -> None:
    said = classifier.understand("楼道里电动车充着电")
    assert said.why == ("楼道 + 电动车 + 充着电 → 电动车停放充电",)
