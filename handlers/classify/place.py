"""The place words of a message: known names, kinds of places, building numbers, joined where they touch."""

from __future__ import annotations

import re

from handlers.classify.cues import Hit

_NUMBERED = re.compile(
    r"[0-9一二三四五六七八九十百零〇两东西南北甲乙丙]{1,6}号?(?:号楼|号院|号门|号井|单元|国道|省道|县道|乡道|车间|号库|楼|层|栋|排|巷|路|采区|工作面)"
    r"|[a-z]\d{1,4}(?:国道|省道|高速)|[gs]\d{1,4}(?!\d)"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_JOINTS = frozenset(("的", "那", "这", "上", "和", "与", "那家", "那个", "那边", "的那个", "这家"))
# How far a kind of place (村, 矿, 砖厂) may reach back for its name.
_NAME_CHARACTERS = 3
_MOST_LEFT_OVER = 2


def find_place(text: str, hits: list[Hit], stops: frozenset[str]) -> str:
    """Return the longest run of place words, the first among equals, "" for none.

    `stops` are characters that end a name when a kind of place reaches back for it (在, 的, 我…).
    """
    spans: list[tuple[int, int, bool]] = []
    for start, end, word in hits:
        kind = word.place
        if kind == "kind":
            spans.append((_name_start(text, start, stops), end, True))
        elif kind:
            spans.append((start, end, kind == "name"))
    spans.extend((*found.span(), True) for found in _NUMBERED.finditer(text))
    if not spans:
        return ""
    spans.sort(key=lambda span: (span[0], -span[1]))
    best = (0, 0)
    start, end, named = spans[0]
    for low, high, is_name in [*spans[1:], (len(text) + 2, 0, False)]:
        gap = text[end:low] if low <= len(text) else None
        if gap is not None and (low <= end or gap in _JOINTS):
            end, named = max(end, high), named or is_name
            continue
        if named and end - start > best[1] - best[0]:
            best = (start, end)
        start, end, named = low, high, is_name
    return text[_whole_name_start(text, best[0], stops) if best[1] else 0 : best[1]]


def _whole_name_start(text: str, start: int, stops: frozenset[str]) -> int:
    """Take in one or two characters that would be left over between the words and the place: 顺|路加油站."""
    begin = start
    while begin > 0 and text[begin - 1] not in stops and _HAN.match(text[begin - 1]):
        begin -= 1
        if start - begin > _MOST_LEFT_OVER:
            return start
    return begin


def _name_start(text: str, start: int, stops: frozenset[str]) -> int:
    begin = start
    while begin > 0 and start - begin < _NAME_CHARACTERS:
        letter = text[begin - 1]
        if letter in stops or not _HAN.match(letter):
            break
        begin -= 1
    return begin
