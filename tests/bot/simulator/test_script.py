from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.simulator import scenes
from bot.simulator.people import SAMPLE_PEOPLE, SAMPLE_STAFF
from bot.simulator.script import THEMES, WEEK_FILE, Step, WeekError, load_week, play


@pytest.fixture(scope="module")
def week() -> list[Step]:
    return load_week()


def test_week_is_lively(week: list[Step]) -> None:
    assert len(week) >= 150
    liaisons = {member.person for member in SAMPLE_STAFF}  # most of them only answer what they are sent
    talkers = {step.person for step in week}
    assert {person.name for person in SAMPLE_PEOPLE} - liaisons <= talkers <= {person.name for person in SAMPLE_PEOPLE}
    assert {step.at.days for step in week} == set(range(7))


def test_week_touches_all_eighteen_codes(week: list[Step]) -> None:
    assert len(THEMES) == 18
    assert {step.theme for step in week} - {""} == THEMES


def test_week_shows_every_shipped_photo(week: list[Step]) -> None:
    shown = {photo for step in week for photo in step.scenes}
    mended = {f"{after}-1" for after in scenes.MENDED.values()}  # those that a liaison sends come later
    assert set(scenes.SHIPPED) - mended <= shown <= set(scenes.SHIPPED)


def test_week_uses_every_kind_of_message(week: list[Step]) -> None:
    kinds = {"text", "photo", "voice", "location", "link", "click", "scan", "subscribe", "unsubscribe"}
    assert {step.kind for step in week} == kinds


def test_steps_come_in_order_of_time(week: list[Step]) -> None:
    assert [step.at for step in week] == sorted(step.at for step in week)
    assert timedelta() <= week[0].at
    assert week[-1].at < timedelta(days=7)


@pytest.mark.parametrize("name", ["manhole_missing", "pond_unfenced", "ebikes_charging", "box_open"])
def test_two_people_report_one_hazard(week: list[Step], name: str) -> None:
    seen = {photo: step.person for step in week for photo in step.scenes if photo.startswith(name)}
    assert set(seen) == {f"{name}-1", f"{name}-2"}
    assert len(set(seen.values())) == 2


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("emergency", "着火了!!"),
        ("drill", "演练开始"),
        ("past", "去年这坡上着过火"),
        ("question", "着火了咋办"),
        ("figure of speech", "炸了锅"),
        ("correction", "不是前街,是后街"),
        ("another one", "还有一个"),
        ("progress", "编号我没记住"),
        ("anonymous", "匿名"),
        ("reward", "多少钱"),
        ("withdrawal", "当我没说"),
        ("wages", "没开工资"),
        ("small talk", "在不"),
        ("thanks", "谢谢"),
        ("spam", "领红包"),
        ("sticker", "[玫瑰]"),
        ("misheard", "楼电"),
    ],
    ids=lambda value: value if value.isascii() else "",
)
def test_somebody_says(week: list[Step], what: str, said: str) -> None:
    assert any(said in step.text for step in week), what


def test_some_photos_come_as_a_burst(week: list[Step]) -> None:
    assert any(len(step.scenes) >= 3 for step in week)


def test_nothing_looks_like_a_phone_number_or_a_real_address() -> None:
    written = WEEK_FILE.read_text(encoding="utf-8")
    assert re.findall(r"\d{7,}", written) == []
    assert all(".invalid/" in address for address in re.findall(r"https?://\S+", written))
    assert "@" not in written


def test_play_sends_the_earliest_first() -> None:
    steps = [Step(timedelta(hours=hour), "样例·王矿工", "text", str(hour)) for hour in (5, 1, 3)]
    sent: list[str] = []
    play(steps, lambda step: sent.append(step.text))
    assert sent == ["1", "3", "5"]


def talk(*rows: str, who: str = "样例·王矿工", more: str = "") -> str:
    return f'[[talk]]\nwho = "{who}"\n{more}\nsteps = [{", ".join(rows)}]\n'


GOOD = '["1 08:00", "text", "在不"]'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "no dialogue"),
        ("[[talk]\n", "week.toml: "),
        (talk(GOOD, who="王二"), "nobody is called '王二'"),
        (talk(GOOD, more='theme = "BOAT"'), "'BOAT' is not one of the 18"),
        (talk(GOOD, more='mood = "bad"'), "unknown key 'mood'"),
        (talk(), "at least one row"),
        (talk('"1 08:00"'), "a row is"),
        (talk('["8 08:00", "text", "在"]'), "no time '8 08:00'"),
        (talk('["1 24:00", "text", "在"]'), "no time '1 24:00'"),
        (talk('["8:00", "text", "在"]'), "is not like"),
        (talk('[7, "text", "在"]'), "is not like"),
        (talk('["1 08:00", "dance"]'), "unknown kind 'dance'"),
        (talk('["1 08:00", "text", ""]'), "one sentence"),
        (talk('["1 08:00", "text", "在", "不"]'), "one sentence"),
        (talk('["1 08:00", "voice"]'), "recognised"),
        (talk('["1 08:00", "photo"]'), "at least one photo"),
        (talk('["1 08:00", "photo", "volcano-1"]'), "no sample photo 'volcano-1'"),
        (talk('["1 08:00", "location", 36.0, 113.0]'), "latitude, longitude and a label"),
        (talk('["1 08:00", "location", 136.0, 113.0, "村口"]'), "latitude, longitude and a label"),
        (talk('["1 08:00", "link", "新闻", "http://x.invalid/"]'), "https address"),
        (talk('["1 08:00", "click"]'), "one key"),
        (talk('["1 08:00", "subscribe", "a", "b"]'), "at most the key"),
        (talk('["1 08:00", "unsubscribe", "a"]'), "takes no content"),
        (talk('["1 08:00", "text", "在"]', '["1 07:59", "text", "不"]'), "row 2: earlier"),
    ],
    ids=lambda value: value[:24] if value.isascii() else "",
)
def test_names_the_mistake_in_a_week(content: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "week.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WeekError, match=re.escape(complaint)):
        load_week(path)


def test_reads_all_parts_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "week.toml"
    rows = (
        '["2 07:40:15", "location", 36.001, 113.002, "村口"]',
        '["2 07:41", "link", "新闻", "https://x.invalid/1"]',
        '["2 07:42", "voice", ""]',
    )
    path.write_text(talk(*rows, more='theme = "ROAD"'), encoding="utf-8")
    start = timedelta(days=1, hours=7, minutes=40, seconds=15)
    who = "样例·王矿工"
    assert load_week(path) == [
        Step(start, who, "location", latitude=36.001, longitude=113.002, label="村口", theme="ROAD"),
        Step(start + timedelta(seconds=45), who, "link", text="新闻", label="https://x.invalid/1", theme="ROAD"),
        Step(start + timedelta(seconds=105), who, "voice", theme="ROAD"),
    ]
