"""Errcodes and what they mean for the caller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.wechat import errors
from bot.wechat.errors import RateLimitError, WeChatError, build_error

TABLE: dict[type[WeChatError], tuple[bool, list[int]]] = {
    errors.PlatformBusyError: (False, [-1]),
    errors.TokenError: (False, [40001, 40014, 42001]),
    errors.RateLimitError: (False, [45009, 45011]),
    errors.ChannelClosedError: (True, [45015, 45047]),
    errors.NotFollowingError: (True, [43004, 50005]),
    errors.ReceiverError: (True, [40003, 43019, 48002, 43101, 46004, 70000]),
    errors.MediaGoneError: (True, [40007, 41006]),
    errors.RejectedContentError: (True, [45001, 45002, 45008, 47001, 47003, 40033, 44004]),
    errors.TemplateError: (True, [40036, 40037, 40246, 40247, 40249, 43116]),
    errors.ConfigurationError: (
        False,
        [40013, 40125, 40164, 61004, 89503, 40243, 48001, 48004, 48008, 50002, 50007],
    ),
    WeChatError: (False, [1, 99999]),
}
ROWS = [(errcode, kind, permanent) for kind, (permanent, codes) in TABLE.items() for errcode in codes]


@pytest.mark.parametrize(("errcode", "kind", "permanent"), ROWS, ids=[str(row[0]) for row in ROWS])
def test_tells_errcodes_apart(now: datetime, errcode: int, kind: type[WeChatError], permanent: bool) -> None:
    error = build_error(errcode, "whatever it says", now)
    assert (type(error), error.permanent, error.errcode) == (kind, permanent, errcode)
    assert str(error).startswith(f"{errcode} ")


def test_keeps_only_safe_parts_of_what_the_platform_says(now: datetime) -> None:
    said = (
        "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, openid o-invented secret abc rid: 6924f0a1-0badcafe-12345678"
    )
    assert str(build_error(40164, said, now)) == (
        "40164 this server's address is not on the account's IP list (203.0.113.9) [rid 6924f0a1-0badcafe-12345678]"
    )


@pytest.mark.parametrize(
    ("errcode", "at", "wait"),
    [
        (45011, datetime(2026, 11, 25, 1, 0, tzinfo=UTC), timedelta(seconds=60)),
        (45009, datetime(2026, 11, 25, 1, 0, tzinfo=UTC), timedelta(hours=15)),
        (45009, datetime(2026, 11, 25, 15, 59, 30, tzinfo=UTC), timedelta(seconds=30)),
        (45009, datetime(2026, 11, 25, 16, 0, tzinfo=UTC), timedelta(days=1)),
    ],
    ids=["a minute", "until midnight in Beijing", "half a minute before it", "at midnight"],
)
def test_says_how_long_to_wait(errcode: int, at: datetime, wait: timedelta) -> None:
    error = build_error(errcode, "", at)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == wait
