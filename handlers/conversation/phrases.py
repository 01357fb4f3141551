"""Short words whose meaning hangs on the conversation: fillers, endings, half sentences, answers to "where?"."""

from __future__ import annotations

import re

_STICKER = re.compile(r"\[[^\[\]\s]{1,8}\]|/:[^\s\u4e00-\u9fff]{1,6}")  # as the platform writes its small faces
_HAN = re.compile("[\u3400-\u9fff]")
_LETTER = re.compile("[A-Za-z]")
_UNSUPPORTED = re.compile(r"[【\[]收到不支持的消息类型")  # the platform's own words for a file or a forwarded chat

_FILLER = re.compile(
    "(?:那|你|您|我|先|再)*(?:等等|等下|等一下|等一会儿?|等会儿?|稍等|稍等一下|别急|慢点)(?:啊|哦|吧|我)*"
    "|(?:我|这)*(?:有|马上发|这就发|一会儿?发|接着发|正在拍|去拍)(?:照片|图片|图|视频|个)*(?:啊|哦|了)*"
    "|(?:我)*(?:没有?|拍不了|不会发|发不了|不会拍|没法拍|没拍)(?:照片|图片|图|视频|照|上|到)*(?:啊|了)*"
    "|不是|什么|啊+|哦+|额+|呃+|这个|那个|就是|然后|看看|看一下|你看|您看|看图|见图|如图|看照片|发了|拍了"
)
_OPENER = re.compile(
    "(?:您好|你好|喂|那个)*(?:我|俺)*(?:想|要)*(?:举报|反映|上报|报)(?:一下|个|一个)*(?:问题|隐患|情况|事)*(?:啊|呀)*"
)
_NEVER_MIND = re.compile("(?:那)?算了(?:吧|啊)?|当我没说|不说了")
_ENDING = re.compile(
    "(?:我)?(?:就这些|就这样|好了|完了|没了|没有了|没别的了?|发完了|说完了|拍完了|齐了|全了|都发了)(?:啊|吧|就这些|谢谢)*"
)
_DO_NOT_KNOW = re.compile(
    "(?:我|俺|在|哪儿|地方|具体|这个)*(?:也)*(?:不知道|不清楚|不晓得|说不清楚?|说不上来|说不好|不好说|说不准|记不清了?|忘了|不认识路?|不熟)"
    "(?:在哪儿?|是哪儿?|哪儿|地方|地名|怎么说|咋说|啊|呀|叫啥|叫什么)*"
)
_MISTAKE = re.compile(
    "(?:不对|不好意思|哎|呀|我|刚才|地址|地方|位置|地点|字|上面)*(?:说|打|写|弄|搞|讲|报)?错(?:字|地方|地址|位置)?了"
    "(?:一个|个|字|啊)*|不对|换地方了"
)
_ANNOUNCEMENT = re.compile(
    "[对了那我俺这边里儿还要想再又另外有说反映报发现第一两几二三个处件条样起事地方问题隐患呢啊]+"
)
_BEGINS_ANOTHER = re.compile("(?:对了)?(?:还有|另外|再[报说来]|又[有发一]|还[发要想]|第[二三四]|另[一报有外])")
# A clause that begins like this goes on about what was told before.
_GOES_ON = re.compile(
    "(?:而且|并且|再说|因为|所以|就是|就在|主要是?|关键是?|旁边|边上|跟前|附近|对面|上面|上头|下面|底下|下头|里面|里头|外面"
    "|外头|后面|后头|前面|前头|地上|墙上|顶上|那儿|那里|这儿|这里|那边|这边|它|他们?|她|娃们?|孩子|小孩|老人|人们?"
    "|天天|每天|老是|一直|已经|都|好几|差点|昨天|夜来|上次|前几天|晚上|黑来|白天|一下雨|下雨|一刮风|刮风|要是|万一|怕|太|真"
    "|特别|没人|谁|有人|以前|之前|上回)"
)
_TAIL = "(?:那儿|那里|那边|那块|的)?$"
_POSITION_END = re.compile(
    "(?:附近|对面|对过|跟前|背后|[东西南北前后里外上下门桥村街地山河]头|[门路村桥巷]口|[这那]儿|[这那]里|[这那]边|[旁东西南北]边"
    "|[上下里外前后]面|底下|中间|单元|拐弯处?|岔口|一带|半路)" + _TAIL
)
_PLACE_END = re.compile("[村庄镇街路口巷道楼厂矿店校院桥站河沟坡库井棚场房区队组号屋洞湾岭寨门旁侧角坪家]" + _TAIL)
_WAY = re.compile(
    "往[东西南北前后左右里上下]|[0-9一二两三四五六七八九十百几]+(?:米|里地|公里)(?:处|左右|远)?$|[东西南北左右]拐"
)
_HERE = re.compile("(?:我|俺)*就?[在是]?[这那](?:儿|里|边|块|地方)")  # and nobody knows where that is
_AS_NUMBER = re.compile(r"[A-Za-z#]{0,2}[0-9]{1,4}(?:-[0-9]{1,4}){0,3}[A-Za-z]?")  # 302, 3-2-501
_LEADS_IN = re.compile(
    "(?:就是|就在|是在|在|是|这是|地方是?|地点是?|位置是?|我们|俺们|那个|这个|你们|咱们|咱|就|从|去|到)*[,::]?"
)
_TROUBLE = re.compile("[没无坏掉漏歪裂塌断堵烂松堆倒烧冒缺破锈滑陷炸死伤摔危怕吗呢咋谁]|[^附]着|不(?!远)")
_TOLD_TROUBLE = re.compile(
    "[坏掉漏歪裂塌断堵烂松堆倒烧冒缺破锈滑陷炸死伤摔][了着在个到下满]|[没无危怕吗呢咋谁]|不(?!远)"
)
_EMERGENCY_NUMBERS = frozenset({"110", "119", "120", "122"})


def says_nothing(words: str) -> bool:
    """Say whether a text tells nothing of a hazard or a place: a face, a mark, a digit, "等下", "有照片"."""
    plain = _plain(words)
    if len(_HAN.findall(plain)) < 2 and len(_LETTER.findall(plain)) < 4 and not _is_number(plain):
        return True
    return (
        _FILLER.fullmatch(plain) is not None
        or is_opener(words)
        or is_never_mind(words)
        or is_ending(words)
        or _is_ignorance(plain)
    )


def is_opener(words: str) -> bool:
    """Say whether a text only announces that something will be reported."""
    return _OPENER.fullmatch(_plain(words)) is not None


def is_unsupported(words: str) -> bool:
    """Say whether the platform wrote this in place of something that it does not deliver."""
    return _UNSUPPORTED.match(words.strip()) is not None


def is_ending(words: str) -> bool:
    """Say whether the sender has no more to say: done, or not able to tell."""
    plain = _plain(words)
    return _ENDING.fullmatch(plain) is not None or _is_ignorance(plain)


def is_never_mind(words: str) -> bool:
    """Say whether a text is half a withdrawal."""
    return _NEVER_MIND.fullmatch(_plain(words)) is not None


def is_mistake(words: str) -> bool:
    """Say whether a text says that something was wrong and not what is right."""
    return _MISTAKE.fullmatch(_plain(words)) is not None


def is_announcement(words: str) -> bool:
    """Say whether a text announces a further report and tells nothing of it."""
    return len(words) <= 24 and _ANNOUNCEMENT.fullmatch(_plain(words)) is not None


def begins_another(words: str) -> bool:
    """Say whether a text begins as one about a further hazard."""
    return _BEGINS_ANOTHER.match(_plain(words)) is not None


def goes_on(words: str) -> bool:
    """Say whether a text begins as one that goes on about the same hazard."""
    return _GOES_ON.match(_plain(words)) is not None


def is_place(words: str, known: str = "", *, sounds_like_hazard: bool = False) -> bool:
    """Say whether a text can be the answer to "where?": short, ends as a place does, tells of no trouble.

    `known` is the place that was found in it. What sounds like a hazard must end in 跟前, 后头 or the known place.
    """
    plain = _plain(words)
    if _is_number(plain):
        return True
    name = plain[_LEADS_IN.match(plain).end() :]  # type: ignore[union-attr]  # it matches the empty text too
    if _HERE.fullmatch(plain) or not 2 <= len(name) <= 20:
        return False
    if (_TROUBLE if sounds_like_hazard else _TOLD_TROUBLE).search(name):
        return False
    if _POSITION_END.search(name) or _WAY.search(name) or (known and name.endswith(known)):
        return True
    return not sounds_like_hazard and _PLACE_END.search(name) is not None


def name_place(words: str) -> str:
    """Return what follows 就在, 就是, 在 in an answer to "where?"."""
    name = words.strip()
    return name[_LEADS_IN.match(name).end() :].strip() or name  # type: ignore[union-attr]  # as above


def _is_number(plain: str) -> bool:
    return len(plain) > 1 and plain not in _EMERGENCY_NUMBERS and _AS_NUMBER.fullmatch(plain) is not None


def _is_ignorance(plain: str) -> bool:
    return _DO_NOT_KNOW.fullmatch(plain) is not None


def _plain(words: str) -> str:
    """Return a text without faces, marks and blanks; of a long one its head will do."""
    without_faces = _STICKER.sub("", words[:200])
    return "".join(letter for letter in without_faces if letter.isalnum() or letter in "#-")
