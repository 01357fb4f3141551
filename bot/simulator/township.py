"""The invented township as the chat page's map draws it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.simulator.people import SAMPLE_UNITS, SampleUnit

MAP_WIDTH = 360  # units of the drawing
MAP_HEIGHT = 300
NORTH, WEST = 36.030, 112.964  # degrees (GCJ-02) of the upper left corner
DEGREES_PER_UNIT = 0.0002

# Names go below their sign, except where the middle of the township is crowded or the edge is near.
_SIDES = {
    "福满楼": "left",
    "镇交管站": "left",
    "镇供电所": "right",
    "顺路加油站": "right",
    "小苗幼儿园": "left",
    "中心小学": "right",
    "青泥陶瓷厂": "edge",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A sample unit as a point of the drawing."""

    name: str
    kind: str  # village, enterprise, office, school
    x: int
    y: int
    side: str  # where the name stands: below, left, right, or below and ending at the edge


def _build_place(unit: SampleUnit) -> Place:
    name = unit.aliases[0]
    x = round((unit.longitude - WEST) / DEGREES_PER_UNIT)
    y = round((NORTH - unit.latitude) / DEGREES_PER_UNIT)
    return Place(name, unit.kind, x, y, _SIDES.get(name, "below"))


PLACES = tuple(_build_place(unit) for unit in SAMPLE_UNITS)
