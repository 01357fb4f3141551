"""Sample photos, drawn by this program: the list of scenes, drawing one, and the files shipped with the demo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from bot.simulator.scenes import (
    bedroom,
    cable,
    conveyor,
    extinguisher,
    land,
    passages,
    pond,
    roads,
    scaffold,
    stairwell,
    stoves,
    waters,
    wiring,
)
from bot.simulator.scenes.finish import Scene, encode, photographed

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE_WIDTH, SAMPLE_QUALITY = 1280, 72


class UnknownSceneError(ValueError):
    """There is no scene of this name, or no such sample photo."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a scene is drawn, where its camera stands (two scenes of one place share it), and how it is stored."""

    draw: Callable[[Random], Scene]
    place: str
    orientation: int = 1
    position: tuple[float, float] | None = None


SCENES: dict[str, Drawing] = {
    "corridor_blocked": Drawing(passages.corridor_blocked, "corridor", 3, (36.0021, 113.0014)),
    "corridor_cleared": Drawing(passages.corridor_cleared, "corridor"),
    "ebikes_charging": Drawing(stairwell.ebikes_charging, "stairwell", 1, (36.0043, 113.0062)),
    "stairwell_clear": Drawing(stairwell.stairwell_clear, "stairwell"),
    "cable_torn": Drawing(cable.cable_torn, "yard", 6),
    "cable_mended": Drawing(cable.cable_mended, "yard"),
    "box_open": Drawing(wiring.box_open, "box", 1, (35.9972, 112.9958)),
    "box_closed": Drawing(wiring.box_closed, "box"),
    "extinguisher_expired": Drawing(extinguisher.extinguisher_expired, "corner", 6, (36.0102, 113.0117)),
    "manhole_missing": Drawing(roads.manhole_missing, "road", 1, (35.9935, 113.0033)),
    "manhole_covered": Drawing(roads.manhole_covered, "road"),
    "exit_chained": Drawing(passages.exit_chained, "exit"),
    "exit_open": Drawing(passages.exit_open, "exit"),
    "pond_unfenced": Drawing(pond.pond_unfenced, "pond", 3, (36.0151, 112.9889)),
    "pond_fenced": Drawing(pond.pond_fenced, "pond"),
    "slope_cracked": Drawing(land.slope_cracked, "slope", 1, (36.0188, 112.9921)),
    "conveyor_unguarded": Drawing(conveyor.conveyor_unguarded, "conveyor"),
    "conveyor_guarded": Drawing(conveyor.conveyor_guarded, "conveyor"),
    "gas_beside_stove": Drawing(stoves.gas_beside_stove, "kitchen", 6),
    "gas_moved": Drawing(stoves.gas_moved, "kitchen"),
    "scaffold_untied": Drawing(scaffold.scaffold_untied, "scaffold", 1, (36.0067, 112.9977)),
    "scaffold_tied": Drawing(scaffold.scaffold_tied, "scaffold"),
    "stubble_smoke": Drawing(land.stubble_smoke, "field", 1, (35.9898, 113.0144)),
    "tricycle_overloaded": Drawing(roads.tricycle_overloaded, "highway"),
    "stovepipe_leaking": Drawing(bedroom.stovepipe_leaking, "bedroom", 6, (36.0009, 112.9935)),
    "stovepipe_sealed": Drawing(bedroom.stovepipe_sealed, "bedroom"),
    "culvert_flooded": Drawing(waters.culvert_flooded, "culvert", 3, (35.9951, 113.0098)),
}

# Hazards whose place is also drawn after the repair: name of the scene before, name of the scene after.
MENDED: Mapping[str, str] = {
    "corridor_blocked": "corridor_cleared",
    "ebikes_charging": "stairwell_clear",
    "box_open": "box_closed",
    "manhole_missing": "manhole_covered",
    "exit_chained": "exit_open",
    "conveyor_unguarded": "conveyor_guarded",
    "stovepipe_leaking": "stovepipe_sealed",
    "gas_beside_stove": "gas_moved",
    "scaffold_untied": "scaffold_tied",
    "pond_unfenced": "pond_fenced",
    "cable_torn": "cable_mended",
}

# The photos shipped: every scene once, and a second view of those that two people report in the sample week.
SHIPPED: tuple[str, ...] = (
    *(f"{name}-1" for name in SCENES),
    "ebikes_charging-2",
    "manhole_missing-2",
    "pond_unfenced-2",
    "box_open-2",
)


def draw_scene(name: str, seed: int) -> Image.Image:
    """Draw a scene as a phone photo of 1600 by 1200; the same seed gives the same picture.

    Raises UnknownSceneError.
    """
    drawing = _get_drawing(name)
    # Not for secrets: the seed only moves the viewpoint and the grain.
    canvas, mood = drawing.draw(Random(f"{drawing.place}:{seed}"))  # noqa: S311
    return photographed(canvas.image, canvas.rng, mood)


def encode_scene(name: str, seed: int, *, width: int = 1600, quality: int = 80) -> bytes:
    """Draw a scene and return its JPEG file with the invented tags that some phones leave in a photo."""
    drawing = _get_drawing(name)
    picture = draw_scene(name, seed)
    if width != picture.width:
        height = round(picture.height * width / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return encode(picture, quality=quality, orientation=drawing.orientation, place=drawing.position)


def read_sample(photo: str) -> bytes:
    """Return the shipped JPEG file of a photo such as `box_open-1`; raises UnknownSceneError."""
    if photo not in SHIPPED:
        raise UnknownSceneError(f"no sample photo {photo!r}; there are: {', '.join(SHIPPED)}")
    return (SAMPLES / f"{photo}.jpg").read_bytes()


def split_photo(photo: str) -> tuple[str, int]:
    """Return scene name and seed of a photo such as `box_open-1`; raises UnknownSceneError."""
    name, _, seed = photo.rpartition("-")
    if name not in SCENES or not seed.isdecimal():
        raise UnknownSceneError(f"no scene in {photo!r}; a photo is named like box_open-1")
    return name, int(seed)


def _get_drawing(name: str) -> Drawing:
    try:
        return SCENES[name]
    except KeyError:
        raise UnknownSceneError(f"no scene {name!r}; there are: {', '.join(SCENES)}") from None
