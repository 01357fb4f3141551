"""Bodies that are nearly right, made from a seeded source of chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.conformance.platform import OPENID, make_body
from tests.intake import T0

Change = Callable[[random.Random, bytes], bytes]

STATUSES = {200, 403, 413}  # whatever the body: the platform shows an error to the sender for anything else

_TEXTS = (
    "东坪村小学门口的电线掉下来了",
    "你好",
    "进度",
    "撤回",
    "还有一个",
    "着火了快来人",
    "匿名",
    "不是东坪是西坪",
    "",
)
_TOKENS = (
    b"<", b">", b"</", b"/>", b"&", b"&amp;", b"&#0;", b"&#xD800;", b"&#x10FFFF;", b"<![CDATA[", b"]]>",
    b"<!DOCTYPE a>",
    b"<!--", b"-->", b"<?x ?>", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbf\xbe", b"\xef\xbb\xbf", b"xml",
    b"<xml>",
    b"</xml>", b"<MsgType>event</MsgType>", b"<Event>unsubscribe</Event>", b"<Event>CLICK</Event>",
    b"<EventKey>REPORT</EventKey>", b"<FromUserName>oTESTother</FromUserName>", b"<Encrypt>AAAA</Encrypt>", b"<MsgId>",
    b"<CreateTime>-1</CreateTime>", b"<Content/>", b"<a b='c'/>", b"nan", b"inf", b"1e400", b"9" * 40, b"%s{0}{target}",
    "\u202e\u200b\U0001f468\u200d\U0001f469".encode(), "𠮷".encode(), b" " * 50, b"\r\n\t",
)  # fmt: skip
_NAMES = (
    b"ToUserName", b"FromUserName", b"CreateTime", b"MsgType", b"MsgId", b"Content", b"Event", b"EventKey", b"MediaId",
    b"Location_X", b"Label", b"Recognition", b"source", b"raw", b"xml",
)  # fmt: skip


def spare_the_disk(connection: Any, _entry: Any) -> None:
    """Let a new SQLite connection flush nothing: what is looked for has nothing to do with the disk."""
    connection.execute("PRAGMA synchronous=OFF")


def make_fuzzed_body(chance: random.Random) -> bytes:
    """Return a genuine message with up to three changes, or now and then bytes of pure chance."""
    if chance.random() < 0.03:
        return chance.randbytes(chance.randrange(200))
    body = _make_genuine(chance)
    for _ in range(chance.randrange(4)):
        body = chance.choice(_CHANGES)(chance, body)
    return body


def _make_genuine(chance: random.Random) -> bytes:
    number = chance.randrange(10**9)
    genuine: list[tuple[str, dict[str, Any]]] = [
        ("text", {"Content": chance.choice(_TEXTS)}),
        ("image", {"PicUrl": f"http://mmbiz.qpic.cn/{number}/0", "MediaId": f"M{number}"}),
        ("voice", {"MediaId": f"V{number}", "Format": "amr", "Recognition": chance.choice(_TEXTS)}),
        ("video", {"MediaId": f"V{number}", "ThumbMediaId": "T"}),
        ("location", {"Location_X": 36.1, "Location_Y": 113.2, "Scale": 20, "Label": "东坪村"}),
        ("link", {"Title": "看", "Description": "这里", "Url": "http://x.example/"}),
        ("event", {"Event": chance.choice(("subscribe", "SCAN", "CLICK", "VIEW", "LOCATION")), "EventKey": "HELP"}),
        ("sticker", {}),
    ]
    kind, elements = chance.choice(genuine)
    openid = OPENID if chance.random() < 0.2 else f"oTESTfuzz{chance.randrange(500):03d}"
    at = int(T0.timestamp()) + chance.randrange(-3600, 3600)
    return make_body(kind, elements, openid=openid, at=at)


def _flip(chance: random.Random, body: bytes) -> bytes:
    if not body:
        return b"\x80"
    place = chance.randrange(len(body))
    return body[:place] + bytes([body[place] ^ (1 << chance.randrange(8))]) + body[place + 1 :]


def _cut(chance: random.Random, body: bytes) -> bytes:
    start, end = sorted((chance.randrange(len(body) + 1), chance.randrange(len(body) + 1)))
    return body[:start] + body[end:] if end - start < 60 else body[:end]


def _double(chance: random.Random, body: bytes) -> bytes:
    start, end = sorted((chance.randrange(len(body) + 1), chance.randrange(len(body) + 1)))
    return body[:end] + body[start:]


def _insert(chance: random.Random, body: bytes) -> bytes:
    place = chance.randrange(len(body) + 1)
    return body[:place] + chance.choice(_TOKENS) * chance.choice((1, 1, 1, 2, 500)) + body[place:]


def _insert_element(chance: random.Random, body: bytes) -> bytes:
    place = body.find(b"><", chance.randrange(len(body) + 1)) + 1
    return body[:place] + chance.choice(_TOKENS) + body[place:]


def _rename(chance: random.Random, body: bytes) -> bytes:
    return body.replace(chance.choice(_NAMES), chance.choice(_NAMES))


def _recode(chance: random.Random, body: bytes) -> bytes:
    return body.decode("utf-8", "ignore").encode(chance.choice(("utf-16", "gbk", "utf-7", "utf-8-sig")), "ignore")


_CHANGES: tuple[Change, ...] = (
    _flip,
    _cut,
    _double,
    _insert,
    _insert,
    _insert_element,
    _insert_element,
    _rename,
    _recode,
)
