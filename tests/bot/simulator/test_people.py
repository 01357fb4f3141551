from __future__ import annotations

import re
from collections import Counter

import pytest

from bot.simulator.people import SAMPLE_OFFICES, SAMPLE_PEOPLE, SAMPLE_STAFF, SAMPLE_UNITS, Person, SampleUnit
from storage.staff import Role


@pytest.mark.parametrize("person", SAMPLE_PEOPLE, ids=lambda person: person.name)
def test_person_is_plainly_invented(person: Person) -> None:
    assert re.fullmatch(r"oSIM[A-Za-z0-9_-]{24}", person.openid)
    assert person.name.startswith("样例·")
    assert re.fullmatch(r"#[0-9a-f]{6}", person.colour)
    assert person.role
    assert person.home in {unit.name for unit in SAMPLE_UNITS}


@pytest.mark.parametrize("field", ["openid", "name", "colour"])
def test_no_two_people_share(field: str) -> None:
    assert len({getattr(person, field) for person in SAMPLE_PEOPLE}) == len(SAMPLE_PEOPLE) == 18


@pytest.mark.parametrize("unit", SAMPLE_UNITS, ids=lambda unit: unit.name)
def test_unit_is_plainly_invented_and_near_the_sample_place(unit: SampleUnit) -> None:
    assert unit.name.startswith("样例")
    assert unit.aliases
    assert unit.latitude == pytest.approx(36.0, abs=0.03)
    assert unit.longitude == pytest.approx(113.0, abs=0.036)


def test_one_name_means_one_unit() -> None:
    said = Counter(name for unit in SAMPLE_UNITS for name in (unit.name, *unit.aliases))
    assert [name for name, count in said.items() if count > 1] == []


def test_units_are_of_every_kind_and_only_enterprises_are_high_risk() -> None:
    assert len(SAMPLE_UNITS) == 16
    assert {unit.kind for unit in SAMPLE_UNITS} == {"village", "enterprise", "office", "school"}
    assert {unit.kind for unit in SAMPLE_UNITS if unit.is_high_risk} == {"enterprise"}


def test_nothing_looks_like_a_phone_number() -> None:
    written = " ".join(
        [*(f"{person.openid} {person.name} {person.role}" for person in SAMPLE_PEOPLE)]
        + [f"{unit.name} {unit.aliases}" for unit in SAMPLE_UNITS]
    )
    assert re.findall(r"\d{5,}", written) == []


def test_liaisons_have_a_phone_and_units_and_nobody_a_real_address() -> None:
    phones = {person.name for person in SAMPLE_PEOPLE}
    units = [unit for member in SAMPLE_STAFF for unit in member.units]
    assert all(member.person in phones and member.units for member in SAMPLE_STAFF if member.role is Role.LIAISON)
    assert sorted(units) == sorted(unit.name for unit in SAMPLE_UNITS if unit.name in units)  # one liaison each
    assert all(not member.email or member.email.endswith("@sample.invalid") for member in SAMPLE_STAFF)
    assert set(SAMPLE_OFFICES.values()) <= set(units)
