"""A bounded load on a server of this machine: requests made beforehand, sent over a few kept connections."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

TOKEN = "benchtoken"
ORIGINAL_ID = "gh_bench0000000"
PEOPLE = 400
_TEXTS = (
    "样例东沟村广场配电箱门开着,小孩够得着",
    "楼道里停着一排电动车充电,线都烫了",
    "路上一个大坑,电动车差点栽进去",
    "灭火器过期了,指针在红区",
    "谢谢",
    "进度",
    "二矿皮带机头没护罩",
    "水库边没护栏,娃们在那儿玩",
    "在样例西坡村三号楼",
    "小饭店里头煤气罐挨着炉子",
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes over the wire, and what makes its message unique."""

    wire: bytes
    unique: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What came of a load."""

    seconds: float
    answered: int
    failed: int
    latencies: list[float] = field(repr=False)
    answered_messages: list[tuple[str, ...]] = field(repr=False)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency in milliseconds below which `share` of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else float("nan")


def make_requests(path: str, *, first_id: int = 1, seed: int = 7) -> Iterator[Request]:
    """Yield signed requests without end: 60 % text, 25 % image, 10 % location, 5 % event; ids are unique."""
    chance = random.Random(seed)
    for number in itertools.count(first_id):
        now = int(time.time())
        timestamp, nonce = str(now), f"{number:012d}"
        signature = hashlib.sha1("".join(sorted((TOKEN, timestamp, nonce))).encode()).hexdigest()
        body, unique = _make_body(chance, number, now)
        query = f"signature={signature}&timestamp={timestamp}&nonce={nonce}&openid=oBENCH"
        head = (
            f"POST {path}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/4.0\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield Request(head.encode() + body, unique)


def _make_body(chance: random.Random, number: int, now: int) -> tuple[bytes, tuple[str, ...]]:
    openid = f"oBENCH{chance.randrange(PEOPLE):022d}"
    common = (
        f"<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{now}</CreateTime>"
    )
    unique = ("message", ORIGINAL_ID, openid, str(number))
    share = chance.random()
    if share < 0.60:
        words = chance.choice(_TEXTS)
        rest = f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>{number}</MsgId>"
    elif share < 0.85:
        rest = (
            f"<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[http://mmbiz.qpic.cn/{number}/0]]></PicUrl>"
            f"<MediaId><![CDATA[media{number}]]></MediaId><MsgId>{number}</MsgId>"
        )
    elif share < 0.95:
        rest = (
            "<MsgType><![CDATA[location]]></MsgType><Location_X>36.01</Location_X><Location_Y>113.02</Location_Y>"
            f"<Scale>20</Scale><Label><![CDATA[样例镇]]></Label><MsgId>{number}</MsgId>"
        )
    else:
        key = f"HELP{number}"
        unique = ("event", ORIGINAL_ID, openid, str(now), "CLICK", key, "")
        rest = (
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[CLICK]]></Event>"
            f"<EventKey><![CDATA[{key}]]></EventKey>"
        )
    return f"{common}{rest}</xml>".encode(), unique


def run_load(
    port: int,
    requests: Iterator[Request],
    *,
    seconds: float,
    connections: int = 32,
    rate: float | None = None,
    most: int = 200_000,
) -> Outcome:
    """Send requests for `seconds`, at most `rate` a second when one is given, and at most `most` in all."""
    prepared = list(itertools.islice(requests, int(min(most, (rate or 6_000) * seconds + connections))))
    return asyncio.run(_run(port, prepared, seconds, connections, rate))


async def _run(port: int, prepared: Sequence[Request], seconds: float, connections: int, rate: float | None) -> Outcome:
    outcome = Outcome(0.0, 0, 0, [], [])
    start = time.perf_counter()
    until = start + seconds
    waiting = iter(enumerate(prepared))

    async def talk() -> None:
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        for index, request in waiting:
            now = time.perf_counter()
            if now >= until:
                break
            due = now
            if rate is not None:
                due = start + index / rate
                if due > now:
                    await asyncio.sleep(due - now)
            begun = time.perf_counter() if rate is None else due  # late sending counts as waiting
            try:
                if writer is None or reader is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request.wire)
                status = await asyncio.wait_for(_read_answer(reader), 30)
            except (OSError, EOFError, ValueError, TimeoutError):
                outcome.failed += 1
                if writer is not None:
                    writer.close()
                reader = writer = None
                continue
            outcome.latencies.append(time.perf_counter() - begun)
            if status == 200:
                outcome.answered += 1
                outcome.answered_messages.append(request.unique)
            else:
                outcome.failed += 1
        if writer is not None:
            writer.close()

    await asyncio.gather(*(talk() for _ in range(connections)))
    outcome.seconds = time.perf_counter() - start
    return outcome


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at < 0:
        raise ValueError("an answer without a length")
    length = int(lower[at + 15 : lower.index(b"\r\n", at)])
    await reader.readexactly(length)
    return status


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)
