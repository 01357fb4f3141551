"""Small certain things in a message: a report code, a correction, and messages made of nothing but polite words."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CODE = re.compile(r"(?<![\d-])([1-9]\d{3})[-‐-―－_](\d{3,5})(?![\d-])")
_NAMED_CODE = re.compile(
    r"(?:#|编号|单号|回执码?|报告码|第)(?:是|为|:)?#?(\d{4})[-‐-―－_]?(\d{3,5})(?![\d-])",
)
_LEAD = r"(?:(?:不对|错了|(?:说|写|打|发|搞|弄)错了?|更正|更正一下|纠正一下|刚才|位置|地址|地方|我)[,。:了是]*)*"
_NOT_BUT = re.compile(
    rf"^{_LEAD}(?:在|位置|地址)?不是(?:在)?(.{{1,10}}?)[,。]*(?:而是|应该是|应是|是)(?:在)?(.{{1,12}}?)[,。的了]*$"
)
_BUT_NOT = re.compile(rf"^{_LEAD}(?:是|应该是|在)(.{{1,10}}?)[,。]*(?:而)?不(?:是|在)(.{{1,12}}?)[,。的了]*$")
_WRONG = re.compile(
    r"^(?:不好意思|对不起|哦|刚才|刚刚|我|位置|地址|地方|[,。])*(?:说|写|打|发|搞|弄|定位|报|选|填)?错了?[,。:]*"
    r"(?:是|应该是|应是|改成|改为|在|更正为)(.{1,12}?)[,。的了]*$"
)
_SHOULD = re.compile(r"^(?:更正|纠正|改一下|改下)(?:一下)?[,。:]*(?:是|应该是|应是|为|成)?(.{1,12}?)[,。的了]*$")
# A correction names things; these open a reason or a further sentence instead.
_REASONS = (
    "因为",
    "没",
    "不",
    "怕",
    "谁",
    "我说",
    "他们",
    "有人",
    "吗",
    "啥",
    "什么",
    "要",
    "想",
    "真",
    "假",
    "正常",
    "隐患",
    "故意",
    "我们",
    "好的",
)
_LONGEST_CORRECTION = 32


def find_report_code(text: str) -> str:
    """Return the report code named in a levelled text as `2611-018`, "" for none."""
    found = _NAMED_CODE.search(text) or _CODE.search(text)
    return f"{found[1]}-{found[2]}" if found else ""


def find_correction(text: str) -> tuple[str, str] | None:
    """Return (wrong, right) of 不是东坪是西坪 or 说错了,是西坪 (wrong is then ""), None for none."""
    if len(text) > _LONGEST_CORRECTION or not any(sign in text for sign in "不错正改"):
        return None
    if found := _NOT_BUT.match(text):
        wrong, right = found[1], found[2]
    elif found := _BUT_NOT.match(text):
        right, wrong = found[1], found[2]
    elif found := _WRONG.match(text) or _SHOULD.match(text):
        wrong, right = "", found[1]
    else:
        return None
    if right.startswith(_REASONS) or wrong.startswith(_REASONS) or right.endswith(("?", "吗", "么")) or "," in right:
        return None
    return wrong.strip(",。"), right.strip(",。")


def only(words: Iterable[str], particles: str) -> re.Pattern[str]:
    """Build a pattern that matches texts made of nothing but these words, marks and particles.

    The groups are atomic: a long string of particles costs no more than its length.
    """
    longest_first = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    padding = f"[{re.escape(particles)},。?~.\\s]"
    return re.compile(f"(?>(?!(?:{longest_first})){padding})*+(?:{longest_first})(?>{longest_first}|{padding})*+")
