"""Chance bodies under a good signature never lead to anything but 200, 403 or 413."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from storage.messages import messages
from tests.conformance.fuzzing import STATUSES, make_fuzzed_body, spare_the_disk
from tests.conformance.platform import Desk, encrypt, make_envelope

_markup = st.sampled_from(
    ["<", ">", "</xml>", "<xml>", "<![CDATA[", "]]>", "<a b='c'>", "</a>", "&lt;", "&#11;", "<MsgType>", "</MsgType>"]
)
_inside = st.lists(st.one_of(_markup, st.text(max_size=20)), max_size=20).map("".join)


@pytest.fixture(autouse=True)
def no_flush(desk: Desk) -> None:
    """Spare the disk: what is looked for here has nothing to do with it."""
    event.listen(desk.database.engine, "connect", spare_the_disk)


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    body=st.one_of(
        st.binary(max_size=300),
        _inside.map(lambda inside: f"<xml>{inside}</xml>".encode("utf-8", "surrogatepass")),
        st.tuples(_inside, _inside).map(
            lambda parts: (
                "<xml><ToUserName>gh_0123456789ab</ToUserName><FromUserName>oTESTfuzz</FromUserName>"
                f"<MsgType>text</MsgType><Content>{parts[0]}</Content>{parts[1]}</xml>"
            ).encode("utf-8", "surrogatepass")
        ),
    )
)
def test_invented_bodies_are_answered(desk: Desk, body: bytes) -> None:
    assert desk.post(body).status in STATUSES


@pytest.mark.parametrize("seed", range(3))
def test_changed_bodies_are_answered(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    statuses = Counter(desk.post(make_fuzzed_body(chance)).status for _ in range(400))
    assert set(statuses) <= STATUSES
    states = Counter(row["state"] for row in desk.list_rows(messages))
    assert states["failed"] == 0
    assert states["done"] > 20
    assert states["unreadable"] > 20


def test_changed_envelopes_are_answered(desk: Desk) -> None:
    safe = Desk(desk.database, desk.clock, mode="safe", log=desk.log)
    chance = random.Random(7)
    statuses: Counter[int] = Counter()
    for _ in range(200):
        encrypted = encrypt(make_fuzzed_body(chance))
        if chance.random() < 0.5:
            place = chance.randrange(len(encrypted))
            encrypted = encrypted[:place] + chance.choice("A/+=<中\n") + encrypted[place + 1 :]
        statuses[safe.post(make_envelope(encrypted), safe.make_sealed(encrypted)).status] += 1
    assert set(statuses) <= STATUSES
    assert statuses[200] > 50
    assert statuses[403] > 20
