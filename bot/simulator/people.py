"""The invented people of the demo, and the invented units of their township."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from storage.staff import Role

UnitKind = Literal["village", "enterprise", "office", "school"]


@dataclass(frozen=True, slots=True)
class Person:
    """An invented worker or villager; `colour` (#rrggbb) paints the avatar, `home` names a sample unit."""

    openid: str
    name: str
    role: str
    colour: str
    home: str


@dataclass(frozen=True, slots=True)
class SampleUnit:
    """An invented village, enterprise, office or school, with what people call it (大名、俗名、老名)."""

    name: str
    kind: UnitKind
    aliases: tuple[str, ...]
    latitude: float
    longitude: float
    is_high_risk: bool = False


SAMPLE_UNITS: tuple[SampleUnit, ...] = (
    SampleUnit("样例东沟村", "village", ("东沟村", "东沟", "老东沟"), 36.0076, 113.0224),
    SampleUnit("样例西梁村", "village", ("西梁村", "西梁", "老西梁"), 36.0044, 112.9772),
    SampleUnit("样例后岭村", "village", ("后岭村", "后岭", "老后岭"), 36.0212, 112.9936),
    SampleUnit("样例南洼村", "village", ("南洼村", "老南洼"), 35.9836, 112.9816),
    SampleUnit("样例柳树坪村", "village", ("柳树坪村", "柳树坪", "柳坪"), 36.0180, 112.9760),
    SampleUnit("样例杏花沟村", "village", ("杏花沟村", "杏花沟", "杏花老沟"), 35.9816, 113.0092),
    SampleUnit("样例白土坡村", "village", ("白土坡村", "白土坡", "老白土"), 36.0220, 113.0240),
    SampleUnit("样例南洼煤矿", "enterprise", ("南洼煤矿", "南洼矿", "二矿", "老矿上"), 35.9808, 112.9896, True),
    SampleUnit("样例后岭砖厂", "enterprise", ("后岭砖厂", "砖厂", "老窑厂"), 35.9848, 113.0264, True),
    SampleUnit("样例青泥陶瓷厂", "enterprise", ("青泥陶瓷厂", "陶瓷厂", "老缸坊"), 36.0000, 113.0320),
    SampleUnit("样例顺路加油站", "enterprise", ("顺路加油站", "加油站"), 35.9940, 113.0040, True),
    SampleUnit("样例福满楼饭店", "enterprise", ("福满楼", "福满楼饭店", "街里饭店"), 35.9988, 112.9992),
    SampleUnit("样例镇交管站", "office", ("镇交管站", "交管站"), 36.0040, 113.0020),
    SampleUnit("样例镇供电所", "office", ("镇供电所", "供电所", "电管站"), 36.0000, 113.0050),
    SampleUnit("样例中心小学", "school", ("中心小学", "中心校", "老完小"), 36.0116, 113.0092),
    SampleUnit("样例小苗幼儿园", "school", ("小苗幼儿园", "幼儿园"), 36.0080, 113.0068),
)


def _invent_openid(slug: str) -> str:
    """Return an openid that is as long as a real one and can be none."""
    return f"oSIM_{slug}".ljust(28, "_")


SAMPLE_PEOPLE: tuple[Person, ...] = (
    Person(_invent_openid("wang_miner"), "样例·王矿工", "南洼矿掘进二队", "#3b5b7a", "样例南洼村"),
    Person(_invent_openid("zhao_nightshift"), "样例·赵夜班", "南洼矿皮带工", "#5a4a78", "样例西梁村"),
    Person(_invent_openid("li_aunt"), "样例·李大娘", "东沟村村民", "#a8483f", "样例东沟村"),
    Person(_invent_openid("sun_mother"), "样例·孙妈妈", "两个娃的妈", "#c2714f", "样例杏花沟村"),
    Person(_invent_openid("guo_kiln"), "样例·郭窑工", "砖厂烧窑", "#8a5a2b", "样例后岭村"),
    Person(_invent_openid("zhang_shop"), "样例·张老板", "街里开小卖铺", "#b08a2e", "样例东沟村"),
    Person(_invent_openid("liu_welder"), "样例·刘焊工", "到处揽活的电焊工", "#4f6f52", "样例白土坡村"),
    Person(_invent_openid("chen_tricycle"), "样例·陈三轮", "种地，农闲跑三轮", "#2f7f7a", "样例柳树坪村"),
    Person(_invent_openid("ma_shepherd"), "样例·马羊倌", "放羊，捎带护林", "#6b7d3a", "样例后岭村"),
    Person(_invent_openid("zhou_grid"), "样例·周网格员", "东沟村网格员", "#356a9c", "样例东沟村"),
    Person(_invent_openid("qin_safety"), "样例·秦安全员", "陶瓷厂安全员", "#7a3f5c", "样例青泥陶瓷厂"),
    Person(_invent_openid("feng_teacher"), "样例·冯老师", "中心小学老师", "#9c4f86", "样例中心小学"),
    Person(_invent_openid("niu_tenant"), "样例·牛租户", "租房住的小年轻", "#d0843c", "样例东沟村"),
    Person(_invent_openid("hao_passerby"), "样例·郝路过", "跑大车路过的", "#5f6b76", "样例白土坡村"),
    Person(_invent_openid("wu_mine"), "样例·吴安监", "南洼矿安监科", "#4a6741", "样例南洼煤矿"),
    Person(_invent_openid("han_west"), "样例·韩支书", "西梁片联系人", "#8c4a3a", "样例西梁村"),
    Person(_invent_openid("jia_traffic"), "样例·贾站长", "镇交管站", "#42618a", "样例镇交管站"),
    Person(_invent_openid("fang_power"), "样例·方师傅", "镇供电所外线班", "#8a6d1f", "样例镇供电所"),
)


@dataclass(frozen=True, slots=True)
class SampleStaff:
    """An invented member of staff; `units` names those whose liaison it is, `person` the phone that it has."""

    username: str
    name: str
    role: Role
    email: str = ""
    units: tuple[str, ...] = ()
    person: str = ""


SAMPLE_STAFF: tuple[SampleStaff, ...] = (
    SampleStaff("fuhe", "样例·复核员", Role.REVIEWER, "fuhe@sample.invalid"),
    SampleStaff("lingdao", "样例·分管领导", Role.LEADER, "lingdao@sample.invalid"),
    SampleStaff("baomi", "样例·保密专人", Role.KEEPER, "baomi@sample.invalid"),
    SampleStaff(
        "zhou", "样例·周网格员", Role.LIAISON, "zhou@sample.invalid",
        ("样例东沟村", "样例杏花沟村", "样例南洼村", "样例福满楼饭店", "样例顺路加油站"), "样例·周网格员",
    ),
    SampleStaff(
        "han", "样例·韩支书", Role.LIAISON, "han@sample.invalid",
        ("样例西梁村", "样例后岭村", "样例柳树坪村", "样例白土坡村"), "样例·韩支书",
    ),
    SampleStaff(
        "qin", "样例·秦安全员", Role.LIAISON, "qin@sample.invalid", ("样例青泥陶瓷厂", "样例后岭砖厂"), "样例·秦安全员"
    ),
    SampleStaff("wu", "样例·吴安监", Role.LIAISON, "wu@sample.invalid", ("样例南洼煤矿",), "样例·吴安监"),
    SampleStaff("jia", "样例·贾站长", Role.LIAISON, "", ("样例镇交管站",), "样例·贾站长"),
    SampleStaff("fang", "样例·方师傅", Role.LIAISON, "", ("样例镇供电所",), "样例·方师傅"),
    SampleStaff(
        "feng", "样例·冯老师", Role.LIAISON, "", ("样例中心小学", "样例小苗幼儿园"), "样例·冯老师"
    ),
)  # fmt: skip

# Which office sees to a kind of hazard wherever it is.
SAMPLE_OFFICES = {"ROAD": "样例镇交管站", "ELEC": "样例镇供电所"}
