"""Mistakes in the data files are named, with file and entry, before anything runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handlers.classify import Category, Classifier, LexiconError, load_lexicon
from handlers.classify.lexicon import FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "lexicon"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("categories.toml", "[category.MINE]", "[category.MIME]", "MIME"),
        ("categories.toml", 'first = "MINE', 'first = "NOPE', "NOPE"),
        ("categories.toml", "瓦斯探头 ", "瓦斯探头 瓦斯探头 ", "瓦斯探头"),
        ("categories.toml", "= 5\n", "= 五\n", "五"),
        ("emergencies.toml", 'category = "MINE"', 'category = "MIEN"', "MIEN"),
        ("emergencies.toml", 'phones = "119 120"', 'phones = ""', "mine"),
        ("emergencies.toml", 'where = "message"', 'where = "somewhere"', "演练"),
        ("emergencies.toml", 'means = "activity_record"', 'means = "party"', "party"),
        ("emergencies.toml", 'spares = "violence', 'spares = "violins', "violins"),
        ("emergencies.toml", 'name = "chemical"', 'name = "mine"', "mine"),
        ("intents.toml", '\nspam = """', '\nspan = """', "span"),
        ("intents.toml", 'number = "12333"', 'number = "12369"', "12369"),
        ("intents.toml", 'hazard = "报隐患"', "", "hazard"),
        ("intents.toml", "[only]\n", '[only]\nspam = ""\n', "spam"),
        ("levels.toml", 'P1 = """', 'P1 = """\n打火花//冒火星', "打火花//冒火星"),
        ("levels.toml", 'P1 = """', 'P1 = """\n<没有这组>', "没有这组"),
        ("levels.toml", 'P1 = """', 'P1 = """\n火 + 烟 @ 3', "@"),
        ("levels.toml", 'P1 = """', 'P1 = """\n电气焊Ａ', "电气焊Ａ"),
        ("levels.toml", 'P1 = """', 'P1 = """\n这是一句长得谁也不会再说第二遍的话', "太长"),
        ("majors.toml", "effective = 2021-01-01", 'effective = "去年"', "煤矿重大事故隐患判定标准"),
        ("normal.toml", 'wrong = "电扎"', 'wrong = "电闸"', "电闸"),
        ("normal.toml", 'wrong = "电扎"', 'wrong = "死场"', "死场"),
        ("normal.toml", "電电", "電", "電"),
        ("places.toml", 'kind = "村', 'kind = "村 村', "村"),
        ("words.toml", '"人" = "人', '"人" = "<人> 人', "人"),
        ("words.toml", "[groups]", '[groups]\n"空" = ""', "空"),
        ("words.toml", "[groups]", "[groups", "words.toml"),
    ],
)
def test_names_file_and_entry_of_a_mistake(folder: Path, file: str, old: str, new: str, named: str) -> None:
    change(folder / file, old, new)
    with pytest.raises(LexiconError) as caught:
        load_lexicon(folder)
    assert str(caught.value).startswith(file)
    assert named in str(caught.value)


def test_names_a_missing_file(folder: Path) -> None:
    (folder / "levels.toml").unlink()
    with pytest.raises(LexiconError, match=r"levels\.toml"):
        load_lexicon(folder)


def test_learns_a_word_an_operator_adds(folder: Path) -> None:
    text = "那台滚珠丝杠裸着"
    assert Classifier(load_lexicon(folder)).understand(text).category is Category.UNK
    change(folder / "categories.toml", "冲床 ", "滚珠丝杠 冲床 ")
    assert Classifier(load_lexicon(folder)).understand(text).category is Category.MACH


def test_data_files_tell_an_operator_how_to_add_words() -> None:
    for file in FOLDER.glob("*.toml"):
        assert "怎么加词" in file.read_text(encoding="utf-8"), file.name
