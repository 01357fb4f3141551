"""Who has a report in hand: one at a time, for a while, unless somebody steps in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.database import Database
from storage.reports import claims
from tests.factories import NOW, make_report

ANNA, BERT = "staff:anna", "staff:bert"
SOON = NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("by", "minutes", "takes_over", "has"),
    [
        pytest.param(ANNA, 5, False, ANNA, id="one's own is prolonged"),
        pytest.param(BERT, 5, False, ANNA, id="somebody else's is left"),
        pytest.param(BERT, 15, False, BERT, id="one that ran out is free"),
        pytest.param(BERT, 5, True, BERT, id="taken over"),
    ],
)
def test_a_report_is_in_one_hand(database: Database, by: str, minutes: int, takes_over: bool, has: str) -> None:
    now = NOW + timedelta(minutes=minutes)
    until = now + timedelta(minutes=15)
    with database.write() as db:
        report_id = make_report(db)
        assert claims.claim(db, report_id, by=ANNA, now=NOW, until=SOON) is None
        left = claims.claim(db, report_id, by=by, now=now, until=until, takes_over=takes_over)
        found = claims.find_claim(db, report_id, now=now)
    assert found is not None
    assert found.by == has
    assert found.until == (SOON if by != has else until)
    assert (None if left is None else left.by) == (None if by == has else has)


def test_a_claim_runs_out_and_is_released(database: Database) -> None:
    with database.write() as db:
        report_id, other_id = make_report(db), make_report(db)
        for each in (report_id, other_id):
            claims.claim(db, each, by=ANNA, now=NOW, until=SOON)
        assert set(claims.list_claims(db, [report_id, other_id], now=NOW)) == {report_id, other_id}
        assert claims.list_claims(db, [report_id, other_id], now=SOON) == {}
        claims.release(db, report_id, by=BERT)
        assert claims.find_claim(db, report_id, now=NOW) is not None
        claims.release(db, report_id, by=ANNA)
        claims.release(db, other_id)
        assert claims.list_claims(db, [report_id, other_id], now=NOW) == {}
