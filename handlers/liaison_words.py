"""What a liaison says about what is to be mended: the wish, the report or the number meant, and the day that is named.

Pure; typos as fingers and voice input make them are part of the tables. Nothing is guessed from what sounds like a
hazard: a liaison reports those like anybody else.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from handlers.classify import Intent, Understanding


class Wish(StrEnum):
    """What a liaison wants; the values are kept in the database."""

    LIST = "list"  # 我的任务
    SHOW = "show"  # a code and nothing else
    PICK = "pick"  # a number and nothing else
    ACKNOWLEDGE = "acknowledge"  # 收到
    WORKING = "working"  # 正在弄
    RECTIFY = "rectify"  # 整改好了
    EXTEND = "extend"  # 还要三天
    DISPUTE = "dispute"  # 不是我们的
    NO_PHOTO = "no_photo"  # 没法拍照
    LATER = "later"  # 等会儿拍


@dataclass(frozen=True, slots=True)
class Said:
    """What was said: the wish, whose code or numbers of the list, and whether no photo can be had."""

    wish: Wish | None
    code: str = ""
    numbers: tuple[int, ...] = ()
    has_no_photo: bool = False
    is_short: bool = False  # 好了 and the like, which also end a report of one's own


_DIGITS = {letter: number for number, letter in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_N = "(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})"
_END = "[了啦乐拉喽咯勒哩嘞的呢啊呀哈]*"
_CODE = re.compile(
    r"(?:编号|单号|#)*[:]?(?<![0-9-])([1-9][0-9]{3})[-‐-―－_—]([0-9]{3,5})(?![0-9-])(?:号|这条|那条|的)?"
)
_FACES = re.compile(r"\[[^\[\]]{1,8}\]|[\u2600-\u27bf\ufe0f\U0001f300-\U0001faff]")
_MARKS = re.compile(r"(?:[\s,，。、!！~～:：;；…]|\.(?![0-9]))+")
_NUMBERS = re.compile(
    rf"(?:第(?P<counted>{_N})(?:个|条|项|件|号)|(?P<plain>{_N}(?:[、,，和跟及与 ]+{_N})*)号?"
    r"(?![0-9一二两三四五六七八九十月日天周个星礼点岁米年./:-]|号?(?:之?前|以前|才|能)))(?:的)?"
)
_LIST = re.compile(
    "(?:看|查|查看|我|我们|俺们|的|一下|还有|有|啥|什么|哪些|今天|要办|没办|没完成)*(?:任务|清单|待办|要办的|没办的)(?:清单|列表|有哪些|有啥|呢|吗)*"
)
_DAY_WORD = (
    rf"(?:大?后天|明天|明儿|月底|年底|周末|(?:{_N}月)?{_N}[号日]|{_N}月{_N}|{_N}月底|[0-9]{{1,2}}[./][0-9]{{1,2}}|(?:下个?)*(?:这|本)?(?:周|星期|礼拜)[一二三四五六日天]?"
    rf"|{_N}个?(?:天|日|周|星期|礼拜|月)(?:以?后|之?内)?|过?几天)"
)
_MENDS = "(?:整改|改|整|弄|修|换|清|装|补|搞|办|处理|做|完|好|安排|解决)"
_EXTEND = re.compile(
    f"延期|延长|延后|延到|延至|延迟|顺延|宽限|宽几天|推迟|缓(?:几|一|两|到)|延{_N}|(?:时间|日子|工期)(?:不够|太紧|紧|短)|来不及|赶不(?:上|完|及)"
    f"|(?:还|再|得|需)(?:要|得|需要?|差|给|等|来|用)*(?:个|我们|俺们)?{_N}个?(?:天|日|周|星期|礼拜|月)|(?:还|再)(?:要|得|给|等)(?:我们|俺们)?(?:几|些|半个?月|点时间)"
    f"|(?:弄|改|修|完|搞|做|换|清|装|整改)不(?:完|了|成|好|到)|完不成|(?:要|得|等|拖|改|弄)到{_DAY_WORD}|才(?:能|可以|会|行)"
    f"|{_DAY_WORD}(?:之?前|以前|再|就|左右|一定|保证|争取|肯定|准|能|可以|我们|给你|把它|去|来|派人|找人)*{_MENDS}(?![好完]*[了啦乐的])"
)
_EXTEND_SURELY = re.compile("延期|延长|延后|延到|延至|宽限|推迟|顺延")
_WORKING = re.compile(
    "(?:正在?|马上|这就|立马|立刻|赶紧|尽快|抓紧|在)(?:安排人?|联系人?|派人|找人|去|来|给)*"
    "(?:整改|改|整|弄|修|换|清|装|办|处理|安排|联系|报修|派人|找人)(?:着|中|呢|人|了人)?"
    "|已经?(?:安排|联系|报修|派人|找人)人?了?|材料(?:到了|在路上)|配件(?:到了|在路上)|师傅(?:在|来)"
)
_NOT_YET = re.compile(
    "(?:没有?|还没有?|未|没能|不|别|无法|哪能)(?:整改|改|整|弄|修|换|清|装|补|搞|办|处理|完|好)|[吗么?？]|咋|怎么|啥时候|什么时候|是不是|能不能|好没"
)
_VERB = (
    "(?:整改|改造|改|整|弄|修复|修理|修|更换|换|清理|清运|清|安装|装|补|搞|办|处理|做|填|封|盖|堵|焊|加固|加装"
    "|拆除|拆|搬|挪|挂|立|接|刷|疏通|消除|解决)"
)
_RESULT = "(?:好|完|妥|过|掉|齐|上|走|平|毕|通|净|成|完毕|完成|到位|干净|利索|新)"
_LE = "[了啦乐拉喽咯勒哩嘞]"  # 了, and what voices and thumbs make of it
_DONE = re.compile(
    f"{_VERB}(?:都|全)?{_RESULT}{_LE}*|(?:已经?|都|全|全部|全都){_VERB}{_LE}*|完成{_LE}*|完工{_LE}*|搞定{_LE}*|妥{_LE}*$"
    f"|(?:全|都)?(?:好|行|完|ok){_LE}+"
)
_DONE_ALONE = re.compile(
    "(?:我们?|俺们?|这个|那个|这条|那条|都|全|全部|已经?|刚)*"
    f"(?:{_VERB}{{1,2}}{_RESULT}?{_LE}+|{_VERB}{_RESULT}|完成{_LE}*|完工{_LE}*|搞定{_LE}*|好{_LE}+)"
    "(?:发你|发您|发过去|照片|看图|见图|谢谢|辛苦|请|看看|看|了)*"
)
_SHORT = re.compile(f"(?:都|全)?(?:好|完|行|可以){_LE}+(?:谢谢)?")
_SEEN = re.compile(
    "(?:好的?|嗯+|行|都|已)*(?:收到|收道|收倒|收刀|受到|手到|瘦到|收悉|知道|晓得|明白|看到|看见)(?:了|啦|乐|,|谢谢|马上.{0,6}|这就.{0,6}|好的)*"
)
_DISPUTE = re.compile(
    r"(?:应该|该|这|这个|这事)?(?:归|属于?|是)[^,。不]{1,10}(?:管|负责)的?$|不归我|不该我|不是(?:我们?|俺们?|本|咱们?)(?:村|厂|矿|店|单位|家|这儿|这边|的)|管不着|不属实|不属我|没(?:有)?(?:这|那)(?:回事|个?事|情况|种)"
    r"|(?:去|查|看)(?:过|了).{0,6}(?:没有?|没发现|没问题)|(?:找|问|推给)(?:交管|交警|供电|电力|水利|住建|路政|城管|市政|移动|联通|铁塔|别的|其他)"
)
_NO_PHOTO = re.compile(
    "(?:没法|没办法|不能|无法|不会|不让|不准|不许|没有?手机|手机坏|拍不|照不|没有?(?:照片|相片|图))(?:儿)?(?:拍照片?|拍|照相|照|了|成|带手机|发)*"
)
_LATER = re.compile(
    "(?:明天|等会儿?|等下|等一下|等等|一会儿?|待会儿?|回头|马上|这就|晚上|下午|上午|立马|现在)(?:就|再|去|给你|给您)*(?:拍|发|补|照|去拍)|去拍|正在拍|等等|等一下|等下|等会儿?"
)
_CHINESE_DAY = {letter: number for number, letter in enumerate("一二三四五六日", start=0)} | {"天": 6}


def read_words(words: str, heard: Understanding) -> Said:
    """Return what a liaison's words say about what is to be mended; a wish of None leaves them to others."""
    plain = _flatten(words)
    code = heard.report_code
    found = _CODE.search(plain)
    if found is not None:
        code = f"{found[1]}-{found[2]}"
        plain = (plain[: found.start()] + plain[found.end() :]).strip()
    rest = plain
    numbers: tuple[int, ...] = ()
    if not code and (picked := _NUMBERS.match(plain)) is not None:
        numbers = tuple(parse_number(each) for each in re.findall(_N, picked["counted"] or picked["plain"]))
        rest = plain[picked.end() :]
    is_empty = not _MARKS.sub("", _FACES.sub("", rest))
    has_no_photo = _NO_PHOTO.search(rest) is not None
    rest = _NO_PHOTO.sub("", rest)
    bare = _MARKS.sub("", _FACES.sub("", rest))
    wish = None
    if bare or not has_no_photo:
        wish = _find_wish(_MARKS.sub(",", rest).strip(","), bare, heard, is_named=bool(code or numbers))
    if has_no_photo and wish is None:
        wish = Wish.NO_PHOTO
    if is_empty and (code or numbers):
        wish = Wish.SHOW if code else Wish.PICK
        if _FACES.search(rest) and not code:
            wish = Wish.ACKNOWLEDGE
    is_short = wish is Wish.ACKNOWLEDGE or (wish is Wish.RECTIFY and _SHORT.fullmatch(bare) is not None)
    return Said(wish, code, numbers, has_no_photo, is_short and not code and not numbers)


def _find_wish(clauses: str, bare: str, heard: Understanding, *, is_named: bool) -> Wish | None:
    intent = heard.intent
    if _LIST.fullmatch(bare):
        return Wish.LIST
    if _DONE_ALONE.fullmatch(bare) and not _NOT_YET.search(bare):
        return Wish.RECTIFY
    if intent is Intent.HAZARD and not is_named:
        return None
    if intent is Intent.DISPUTE or _DISPUTE.search(bare):
        return Wish.DISPUTE
    if _EXTEND_SURELY.search(bare) or (_EXTEND.search(bare) and not heard.another):
        return Wish.EXTEND
    is_done = intent is Intent.RECTIFICATION or ((is_named or len(bare) <= 14) and _DONE.search(clauses) is not None)
    if is_done and not _NOT_YET.search(bare):
        working = _WORKING.search(bare)
        return Wish.WORKING if working and not _DONE.search(bare.replace(working[0], "")) else Wish.RECTIFY
    if _SEEN.fullmatch(bare):
        return Wish.ACKNOWLEDGE
    if _WORKING.search(bare) and len(bare) <= 20:
        return Wish.WORKING
    if _LATER.fullmatch(bare):
        return Wish.LATER
    if intent is Intent.ACKNOWLEDGEMENT and not ("谢" in bare and len(bare) <= 6 and not _SEEN.search(bare)):
        return Wish.ACKNOWLEDGE
    return Wish.SHOW if is_named and intent is Intent.STATUS_QUERY else None


def read_day(words: str, *, today: date, due: date) -> date | None:
    """Return until which day more time is asked for; None when no day can be read in the words.

    还要三天 counts from today, 延三天 from the deadline, or from today when that is over.
    """
    plain = _flatten(_CODE.sub("", _flatten(words)))
    if found := re.search(r"(20[0-9]{2})年([0-9]{1,2})月([0-9]{1,2})", plain):
        return _make_day(int(found[1]), int(found[2]), int(found[3]))
    if found := re.search(rf"({_N})月底", plain):
        return _next_month_day(today, parse_number(found[1]), 0)
    if found := re.search(rf"({_N})月(?:份)?({_N})", plain) or re.search(
        r"(?<![0-9.])(1[0-2]|[1-9])[./](3[01]|[12][0-9]|0?[1-9])(?![0-9.])", plain
    ):
        return _next_month_day(today, parse_number(found[1]), parse_number(found[2]))
    if "年底" in plain:
        return date(today.year, 12, 31)
    if "月底" in plain:
        return _end_of_month(today if "下" not in plain[: plain.index("月底")][-2:] else _end_of_month(today) + _DAY)
    found = re.search("((?:下个?){0,2})(这|本)?(?:周|星期|礼拜)([一二三四五六日天]?)(?!后|之后|以后|内)", plain)
    if found is not None and (found[1] or found[2] or found[3]):
        return _weekday(today, found[1].count("下"), found[3] or "五", is_plain=not found[1] and not found[2])
    if "周末" in plain:
        return _weekday(today, 0, "日", is_plain=True)
    for words_of_day, days in (("大后天", 3), ("后天", 2), ("明天", 1), ("明儿", 1)):
        if words_of_day in plain:
            return today + days * _DAY
    if (count := _count_days(plain)) is not None:
        is_on_top = re.search("延|宽限|顺|推迟|缓|再给|多给", plain) is not None
        return (max(today, due) if is_on_top else today) + count * _DAY
    if found := re.search(rf"({_N})[号日]", plain):
        return _next_day_of_month(today, parse_number(found[1]))
    return None


def parse_number(words: str) -> int:
    """Return a number below a hundred, written either way; of 两三 the larger."""
    if words.isdecimal():
        return int(words)
    tens, ten, units = words.partition("十")
    if ten:
        return (_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS.get(units[-1:], 0) if units else 0)
    return max(_DIGITS.get(letter, 0) for letter in words)


_DAY = timedelta(days=1)


def _count_days(plain: str) -> int | None:
    if re.search("半个?月", plain):
        return 15
    found = re.search(rf"({_N})(?:个?(天|周|星期|礼拜)|日(?=之?[后内])|(个月))(?![0-9一二三四五六七八九十])", plain)
    if found is None:
        return None
    if found[3]:
        return parse_number(found[1]) * 30
    return parse_number(found[1]) * (7 if found[2] in ("周", "星期", "礼拜") else 1)


def _flatten(words: str) -> str:
    return "".join(unicodedata.normalize("NFKC", words[:400]).lower().split(" ")).strip()


def _make_day(year: int, month: int, day: int) -> date | None:
    """Return a day, of a month that is shorter than that its last; None for what is no month or no day."""
    if not 1 <= month <= 12 or not 0 <= day <= 31:
        return None
    last = _end_of_month(date(year, month, 1))
    return last if day == 0 or day > last.day else date(year, month, day)


def _next_month_day(today: date, month: int, day: int) -> date | None:
    this_year = _make_day(today.year, month, day)
    if this_year is None or this_year >= today - 180 * _DAY:
        return this_year
    return _make_day(today.year + 1, month, day)


def _next_day_of_month(today: date, day: int) -> date | None:
    if not 1 <= day <= 31:
        return None
    if day >= today.day:
        return _make_day(today.year, today.month, day)
    after = _end_of_month(today) + _DAY
    return _make_day(after.year, after.month, day)


def _weekday(today: date, weeks: int, letter: str, *, is_plain: bool) -> date:
    monday = today - today.weekday() * _DAY
    day = monday + (7 * weeks + _CHINESE_DAY[letter]) * _DAY
    return day + 7 * _DAY if is_plain and day < today else day


def _end_of_month(day: date) -> date:
    later = day.replace(day=28) + 4 * _DAY
    return later - later.day * _DAY
