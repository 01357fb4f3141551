"""The allowance of customer-service messages."""

from __future__ import annotations

import pytest

from bot.simulator.errors import ErrcodeError
from bot.simulator.platform import Platform
from tests.bot.simulator.conftest import LEFT, OPENID, STRANGER, MakePlatform, StoppedClock


def _take(platform: Platform, openid: str = OPENID) -> int:
    try:
        platform.followers.take_allowance(openid)
    except ErrcodeError as error:
        return error.errcode
    return 0


def _trigger(platform: Platform, trigger: str) -> None:
    build = platform.build
    envelopes = {
        "text": lambda: build.text(OPENID, "a"),
        "location": lambda: build.location(OPENID, 36, 113),
        "CLICK": lambda: build.click(OPENID, "HELP"),
        "scancode_waitmsg": lambda: build.scancode_waitmsg(OPENID, "K", "r"),
        "subscribe": lambda: build.subscribe(OPENID),
        "SCAN": lambda: build.scan(OPENID, "s"),
        "VIEW": lambda: build.view(OPENID, "http://a"),
        "LOCATION": lambda: build.location_event(OPENID, 36, 113),
        "unsubscribe": lambda: build.unsubscribe(OPENID),
    }
    platform.followers.record_push(envelopes[trigger]())


@pytest.mark.parametrize(
    ("triggers", "seconds", "expected"),
    [
        pytest.param([], 0, [45015], id="never said anything"),
        pytest.param(["text"], 0, [0] * 5 + [45047], id="five after a text"),
        pytest.param(["location"], 0, [0] * 5 + [45047], id="five after a place"),
        pytest.param(["text"], 48 * 3600 - 1, [0], id="last second of 48 hours"),
        pytest.param(["text"], 48 * 3600, [45015], id="after 48 hours"),
        pytest.param(["CLICK"], 0, [0] * 3 + [45047], id="three after a click"),
        pytest.param(["CLICK"], 60, [45015], id="a minute after a click"),
        pytest.param(["scancode_waitmsg"], 0, [0] * 3 + [45047], id="three after a menu scan"),
        pytest.param(["subscribe"], 59, [0] * 3 + [45047], id="three after following"),
        pytest.param(["SCAN"], 0, [0] * 3 + [45047], id="three after a scan"),
        pytest.param(["VIEW", "LOCATION"], 0, [45015], id="nothing after a link or a position"),
        pytest.param(["text", "CLICK"], 0, [0] * 8 + [45047], id="windows add up"),
        pytest.param(["text", "text"], 0, [0] * 5 + [45047], id="a second text does not add"),
        pytest.param(["text", "unsubscribe"], 0, [43004], id="left"),
        pytest.param(["text", "unsubscribe", "subscribe"], 0, [0] * 3 + [45047], id="came back"),
    ],
)
def test_allowance_table(
    make_platform: MakePlatform, clock: StoppedClock, triggers: list[str], seconds: int, expected: list[int]
) -> None:
    platform = make_platform()
    for trigger in triggers:
        _trigger(platform, trigger)
    clock.advance(seconds=seconds)
    assert [_take(platform) for _ in expected] == expected


def test_short_window_is_spent_before_the_long_one(make_platform: MakePlatform, clock: StoppedClock) -> None:
    platform = make_platform()
    _trigger(platform, "text")
    _trigger(platform, "CLICK")
    assert [_take(platform) for _ in range(3)] == [0, 0, 0]
    clock.advance(minutes=2)
    assert [_take(platform) for _ in range(6)] == [0] * 5 + [45047]


@pytest.mark.parametrize(("openid", "errcode"), [(STRANGER, 40003), (LEFT, 43004)], ids=["stranger", "left"])
def test_refuses_who_cannot_be_reached(make_platform: MakePlatform, openid: str, errcode: int) -> None:
    assert _take(make_platform(), openid) == errcode
