"""The two chains of access tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.simulator.errors import ErrcodeError
from bot.simulator.tokens import TokenDesk
from tests.bot.simulator.conftest import MakePlatform, StoppedClock


def _check(desk: TokenDesk, text: str) -> int:
    return _call(lambda: desk.check_token(text))


def _call(action: Callable[[], object]) -> int:
    try:
        action()
    except ErrcodeError as error:
        return error.errcode
    return 0


@pytest.fixture
def desk(make_platform: MakePlatform) -> TokenDesk:
    return make_platform().tokens


def test_plain_token_replaces_the_last_after_five_minutes(desk: TokenDesk, clock: StoppedClock) -> None:
    first, seconds = desk.issue_token()
    second, _ = desk.issue_token()
    assert (seconds, first != second) == (7200, True)
    clock.advance(seconds=299)
    assert (_check(desk, first), _check(desk, second)) == (0, 0)
    clock.advance(seconds=1)
    assert (_check(desk, first), _check(desk, second)) == (40001, 0)


def test_stable_token_is_repeated_and_rotated_near_its_end(desk: TokenDesk, clock: StoppedClock) -> None:
    first, _ = desk.issue_stable_token()
    clock.advance(seconds=6900)
    assert desk.issue_stable_token() == (first, 300)
    clock.advance(seconds=1)
    second, seconds = desk.issue_stable_token()
    assert (second != first, seconds) == (True, 7200)
    assert (_check(desk, first), _check(desk, second)) == (0, 0)
    clock.advance(seconds=299)
    assert (_check(desk, first), _check(desk, second)) == (42001, 0)


def test_chains_do_not_touch_each_other(desk: TokenDesk, clock: StoppedClock) -> None:
    stable, _ = desk.issue_stable_token()
    desk.issue_token()
    desk.issue_token()
    clock.advance(minutes=10)
    assert _check(desk, stable) == 0
    assert desk.issue_stable_token()[0] == stable


def test_forced_refresh_kills_the_old_token_and_is_limited(desk: TokenDesk, clock: StoppedClock) -> None:
    old, _ = desk.issue_stable_token()
    new, _ = desk.issue_stable_token(force_refresh=True)
    assert (_check(desk, old), _check(desk, new)) == (40001, 0)
    clock.advance(seconds=29)
    assert _call(lambda: desk.issue_stable_token(force_refresh=True)) == 45011
    for _ in range(19):
        clock.advance(seconds=30)
        assert _call(lambda: desk.issue_stable_token(force_refresh=True)) == 0
    clock.advance(seconds=30)
    assert _call(lambda: desk.issue_stable_token(force_refresh=True)) == 45009


@pytest.mark.parametrize(("text", "errcode"), [("", 41001), ("guess", 40014)], ids=["none", "foreign"])
def test_refuses_tokens_it_never_gave(desk: TokenDesk, text: str, errcode: int) -> None:
    assert _check(desk, text) == errcode


def test_dropped_tokens_are_invalid_at_once(desk: TokenDesk) -> None:
    stable, _ = desk.issue_stable_token()
    desk.drop_tokens()
    assert _check(desk, stable) == 40001
    assert desk.issue_stable_token()[0] != stable
