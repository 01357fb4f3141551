"""Which unit is suggested for a report, and why."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.reports.suggestions import suggest_units
from storage.reports.tables import reports
from storage.units import add_unit, deactivate_unit, set_category_offices
from tests.factories import NOW, make_report

HERE = {"latitude": 36.0, "longitude": 113.0}


@pytest.mark.parametrize(
    ("values", "suggested"),
    [
        pytest.param({"place_label": "东坪村口"}, [("东坪村", "named")], id="the place names it"),
        pytest.param({"place_label": "老砖厂门口"}, [("红星砖厂", "named")], id="by an alias"),
        pytest.param({"description": "砖厂的墙歪了"}, [("红星砖厂", "said")], id="the words name it"),
        pytest.param(HERE, [("东坪村", "near"), ("红星砖厂", "near")], id="near, the nearest first"),
        pytest.param({"latitude": 36.5, "longitude": 113.0}, [], id="too far from all"),
        pytest.param({"category": "FIRE"}, [("镇消防所", "office")], id="the office of its kind"),
        pytest.param(
            {"place_label": "东坪村口", "category": "FIRE", **HERE},
            [("东坪村", "named"), ("红星砖厂", "near"), ("镇消防所", "office")],
            id="each once, for its best reason",
        ),
        pytest.param({"place_label": "已撤的村"}, [], id="not one out of use"),
    ],
)
def test_suggests_units(database: Database, values: dict[str, object], suggested: list[tuple[str, str]]) -> None:
    with database.write() as db:
        add_unit(db, name="东坪村", kind="village", aliases=["东坪"], now=NOW, latitude=36.001, longitude=113.0)
        add_unit(db, name="红星砖厂", kind="enterprise", aliases=["砖厂"], now=NOW, latitude=36.005, longitude=113.0)
        office = add_unit(db, name="镇消防所", kind="office", aliases=[], now=NOW)
        deactivate_unit(db, add_unit(db, name="已撤的村", kind="village", aliases=[], now=NOW))
        set_category_offices(db, {"FIRE": office})
        report_id = make_report(db, **{"place_label": "", "description": "有个坑", **values})
        report = db.execute(select(reports).where(reports.c.id == report_id)).one()
        found = suggest_units(db, report)
    assert [(each.name, each.why) for each in found] == suggested
    assert all((each.metres is not None) == (each.why == "near") for each in found)


def test_the_unit_that_the_report_has_comes_first(database: Database) -> None:
    with database.write() as db:
        add_unit(db, name="东坪村", kind="village", aliases=[], now=NOW)
        known = add_unit(db, name="西坪村", kind="village", aliases=[], now=NOW)
        report_id = make_report(db, place_label="东坪村口", unit_id=known)
        report = db.execute(select(reports).where(reports.c.id == report_id)).one()
        assert [each.name for each in suggest_units(db, report)] == ["西坪村", "东坪村"]
