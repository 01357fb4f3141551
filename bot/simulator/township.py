"""The invented township of the chat page's map."""

from __future__ import annotations

from dataclasses import dataclass

MAP_WIDTH = 360  # units of the drawing
MAP_HEIGHT = 300
NORTH, WEST = 36.030, 112.964  # degrees (GCJ-02) of the upper left corner
DEGREES_PER_UNIT = 0.0002


@dataclass(frozen=True, slots=True)
class Place:
    """A named point of the drawing; `kind` is what it is drawn as."""

    name: str
    x: int
    y: int
    kind: str = "village"  # village, office, works, school, water


PLACES = (
    Place("镇政府", 186, 146, "office"),
    Place("东坪村", 292, 112),
    Place("西坪村", 66, 128),
    Place("北岭村", 148, 44),
    Place("南沟村", 226, 242),
    Place("后沟砖厂", 312, 226, "works"),
    Place("南洼煤矿", 128, 246, "works"),
    Place("中心小学", 226, 92, "school"),
)
