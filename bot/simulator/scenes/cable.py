"""The cable on the ground, torn and mended."""

from __future__ import annotations

import itertools
import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import (
    HEIGHT,
    WIDTH,
    Camera,
    Canvas,
    Colour,
    Point,
    Vector,
    add,
    jitter,
    scale,
    shade,
    subtract,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.surfaces import (
    clouds,
    concrete,
    metal,
    stained,
    tinted,
)

THICK, SHEATH = 0.034, (38, 38, 41)  # radius in metres and colour of the cable


def cable_torn(rng: Random) -> Scene:
    """Draw a cable lying on wet ground, its sheath torn, copper strands bare."""
    canvas = _ground(rng)
    _puddle(canvas)
    shift = jitter(rng, 0.05)
    left = _lying(rng, (-1.3, 0.0, 0.95), (-0.2, 0.0, 0.8 + shift), 40)
    right = _lying(rng, (0.22, 0.0, 0.84 + shift), (1.5, 0.0, 1.25), 40)
    for path in (left, right):
        under = [add(place, (0.02, 0, -0.035)) for place in path]
        for here, following in itertools.pairwise(under):
            canvas.shadow([here, following, add(following, (0.01, 0, -0.035)), add(here, (0.01, 0, -0.035))], 0.4, 8)
    torn_left, torn_right = left[-1], right[0]
    cores: list[tuple[Colour, float, float]] = [
        ((184, 38, 36), 0.022, 0.018),
        ((40, 84, 160), -0.022, 0.016),
        ((206, 186, 40), 0.0, 0.036),
    ]
    canvas.shadow(
        [
            add(torn_left, (0, 0, -0.06)),
            add(torn_right, (0, 0, -0.07)),
            add(torn_right, (0, 0, 0.03)),
            add(torn_left, (0, 0, 0.03)),
        ],
        0.5,
        16,
    )
    for colour, aside, up in cores:
        _core(canvas, torn_left, torn_right, colour, aside, up)
    for path in (left, right):
        canvas.tube([add(place, (0, THICK, 0)) for place in path], THICK, SHEATH, shine=0.5)
    for end, way in ((torn_left, 1), (torn_right, -1)):
        _ragged_end(canvas, add(end, (0, THICK, 0)), way, THICK, SHEATH)
    _old_tape(canvas, left)
    _dusty_air(canvas)
    return canvas, Mood(warmth=-0.05, corners=0.45, grain=7, contrast=1.16, colour=1.08, blur=0.6)


def cable_mended(rng: Random) -> Scene:
    """Draw the same spot dry: a new cable without a joint, led through a steel pipe clamped to the ground."""
    canvas = _ground(rng)
    damp = [(0.3 + 0.4 * math.cos(t), 0.0, 0.6 + 0.14 * math.sin(t)) for t in (2 * math.pi * s / 40 for s in range(40))]
    canvas.shadow(damp, 0.2, 26)
    shift = jitter(rng, 0.05)
    start, end = (-0.25, 0.0, 0.8 + shift), (0.34, 0.0, 0.86 + shift)
    left, right = _lying(rng, (-1.3, 0.0, 0.95), start, 40), _lying(rng, end, (1.5, 0.0, 1.25), 40)
    for path in (left, right):
        for here, following in itertools.pairwise(path):
            canvas.shadow([add(here, (0.02, 0, -0.03)), add(following, (0.02, 0, -0.03)),
                           add(following, (0.03, 0, -0.08)), add(here, (0.03, 0, -0.08))], 0.4, 8)  # fmt: skip
        canvas.tube([add(place, (0, THICK, 0)) for place in path], THICK, SHEATH, shine=0.6)
    _pipe(canvas, start, end)
    _dusty_air(canvas)
    return canvas, Mood(warmth=0.2, corners=0.36, grain=5, contrast=1.14, colour=1.08, blur=0.6, brightness=1.04)


def _pipe(canvas: Canvas, start: Vector, end: Vector) -> None:
    """Draw the yellow and black steel pipe over the cable, its clamps screwed to the ground."""
    along = subtract(end, start)
    reach = 0.052
    clamps = [add(start, scale(along, share)) for share in (0.17, 0.83)]
    canvas.shadow([add(start, (0, 0, 0.02)), add(end, (0, 0, 0.02)), add(end, (0.06, 0, -0.12)),
                   add(start, (0.06, 0, -0.12))], 0.5, 14)  # fmt: skip
    steel = metal(canvas.rng, (120, 60), (196, 198, 202))
    for at in clamps:
        canvas.body(add(at, (-0.022, 0, -0.11)), (0.044, 0.008, 0.22), steel)
    middle = add(start, (0, reach, 0))
    collar = [(0, reach * 1.14), (0.02, reach * 1.14), (0.03, reach * 0.7)]
    for mouth, way in ((start, -1), (end, 1)):  # a rubber collar at either mouth
        at = add(mouth, (0, reach, 0))
        canvas.turned(at, scale(along, way), collar, (30, 30, 32))
    bands = 16
    profile = [(math.dist(start, end) * number / bands, reach) for number in range(bands + 1)]
    wear = [canvas.rng.uniform(0.92, 1.06) for _ in range(36)]
    canvas.turned(
        middle, along, profile,
        lambda row, column: shade((232, 186, 36) if row // 2 % 2 else (34, 33, 32), wear[column]), shine=0.5,
    )  # fmt: skip
    for at in clamps:
        turns = [math.pi * number / 20 for number in range(21)]
        bow = [(0.0, 1.04 * reach + 1.1 * reach * math.sin(t), -1.1 * reach * math.cos(t)) for t in turns]
        canvas.tube([add(at, place) for place in reversed(bow)], 0.009, (208, 210, 214), shine=0.9)
        canvas.turned(add(at, (0, 0.008, -0.085)), (0, 1, 0), [(0, 0.014), (0.012, 0.014)], (150, 152, 156), sides=6)


def _ground(rng: Random) -> Canvas:
    """Draw the yard's concrete with its grit."""
    camera = Camera(
        (0.0, 0.8, 0.0),
        yaw=jitter(rng, 3),
        pitch=-45 + jitter(rng, 2),
        roll=jitter(rng, 8),
        focal=1.25 + jitter(rng, 0.06),
    )
    canvas = Canvas(camera, rng, sun=(-0.5, 0.8, -0.2))
    ground = concrete(rng, (1700, 1700), (136, 130, 120))
    ground = stained(ground, rng, (84, 76, 66), 0.7, 260)
    canvas.surface(ground, (-2.2, 0, 3.6), (4.4, 0, 0), (0, 0, -3.6))
    for _ in range(240):
        x, y = canvas.camera.project((rng.uniform(-1.2, 1.2), 0, rng.uniform(0.2, 2.6)))
        reach = rng.uniform(2, 8)
        canvas.fill(
            [
                (x - reach, y),
                (x - reach * 0.3, y - reach * 0.7),
                (x + reach, y - reach * 0.2),
                (x + reach * 0.4, y + reach * 0.6),
            ],
            shade((128, 120, 108), rng.uniform(0.5, 1.2)),
        )
    return canvas


def _dusty_air(canvas: Canvas) -> None:
    dust = clouds(canvas.rng, (WIDTH, HEIGHT), 300, 5).point(lambda value: round(max(0, value - 150) * 0.35))
    canvas.veil(dust, (150, 138, 120))


def _lying(rng: Random, start: Vector, end: Vector, steps: int) -> list[Vector]:
    phase = rng.random() * 6
    path = []
    for step in range(steps + 1):
        share = step / steps
        sway = 0.1 * math.sin(share * 5 + phase) * math.sin(math.pi * share)
        path.append((start[0] + (end[0] - start[0]) * share, 0.0, start[2] + (end[2] - start[2]) * share + sway))
    return path


def _puddle(canvas: Canvas) -> None:
    rng = canvas.rng
    ring = [
        (
            0.3 + 0.36 * math.cos(t) * (1 + 0.18 * math.sin(3 * t)),
            0.0,
            0.6 + 0.13 * math.sin(t) * (1 + 0.25 * math.sin(2 * t + 1)),
        )
        for t in (2 * math.pi * s / 60 for s in range(60))
    ]
    points = [canvas.camera.project(place) for place in ring]
    canvas.fill([(x, y + 6) for x, y in points], (60, 56, 50), opacity=0.8, blur=14)
    mask = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(mask).polygon(points, fill=235)
    face = tinted(clouds(rng, (WIDTH, HEIGHT), 500, 3, stretch=2.4), (74, 78, 82), (168, 180, 190), (104, 112, 120))
    canvas.image.paste(face, (0, 0), mask.filter(ImageFilter.GaussianBlur(3)))


def _core(canvas: Canvas, left: Vector, right: Vector, colour: Colour, aside: float, up: float) -> None:
    """Draw one insulated wire across the tear: whole at the left, bare copper in the middle, whole at the right."""
    rng = canvas.rng
    start, end = add(left, (-0.03, up, aside)), add(right, (0.03, up, aside))
    path = []
    for step in range(31):
        share = step / 30
        bulge = math.sin(math.pi * share)
        path.append(
            add(
                add(scale(start, 1 - share), scale(end, share)),
                (0, 0.05 * bulge + up * 0.4 * bulge, aside * 2.6 * bulge),
            )
        )
    copper: Colour = (208, 118, 58)
    for _ in range(13):
        wander = (jitter(rng, 0.004), jitter(rng, 0.006), jitter(rng, 0.008))
        strand = [
            add(place, scale(wander, math.sin(math.pi * number / 12) + 0.4)) for number, place in enumerate(path[9:22])
        ]
        canvas.tube(strand, 0.0034, shade(copper, rng.uniform(0.75, 1.3)), shine=0.9)
    for _ in range(8):  # broken strands standing up
        root = path[rng.randint(11, 19)]
        tip = add(root, (jitter(rng, 0.06), rng.uniform(0.03, 0.09), jitter(rng, 0.05)))
        middle = add(scale(add(root, tip), 0.5), (jitter(rng, 0.015), 0.01, 0))
        canvas.tube([root, middle, tip], 0.003, shade(copper, rng.uniform(0.9, 1.35)), shine=0.9)
    for part in (path[:10], path[21:]):
        canvas.tube(part, 0.012, colour, shine=0.6)
        if colour[0] > 200:  # the earth wire is yellow and green
            for number in range(0, len(part) - 2, 3):
                canvas.tube(part[number : number + 2], 0.0122, (50, 140, 70), shine=0.5)
    for place in (path[9], path[21]):
        x, y = canvas.camera.project(place)
        reach = canvas.camera.pixels(place, 0.013)
        canvas.fill(
            [(x + reach * math.cos(t) * 0.6, y + reach * math.sin(t)) for t in (s * math.pi / 8 for s in range(16))],
            shade(colour, 0.45),
            opacity=0.6,
            blur=1.5,
        )


def _ragged_end(canvas: Canvas, end: Vector, way: int, thick: float, colour: Colour) -> None:
    """Draw the jagged flaps where the sheath was torn."""
    rng = canvas.rng
    x, y = canvas.camera.project(end)
    reach = canvas.camera.pixels(end, thick)
    tear: list[Point] = [(x - way * reach * 0.5, y - reach)]
    for step in range(9):
        share = step / 8
        tear.append(
            (
                x + way * reach * (rng.uniform(0.1, 0.5) if step % 2 else rng.uniform(0.9, 1.7)),
                y - reach + reach * 2 * share,
            )
        )
    tear.append((x - way * reach * 0.5, y + reach))
    canvas.fill(tear, shade(colour, 0.8))
    canvas.fill([(a, b + reach * 0.12) for a, b in tear[2:-2]], shade(colour, 1.5), opacity=0.5, blur=2)
    flap = [
        (x, y + reach * 0.7),
        (x + way * reach * 1.6, y + reach * 1.3),
        (x + way * reach * 2.1, y + reach * 2.0),
        (x + way * reach * 0.9, y + reach * 1.9),
        (x - way * reach * 0.3, y + reach),
    ]
    canvas.darken([(a + 6, b + 12) for a, b in flap], 0.4, 6)
    canvas.fill(flap, shade(colour, 1.1))
    canvas.fill([(a, b + 4) for a, b in flap[1:4]], (92, 90, 88), opacity=0.8, blur=2)


def _old_tape(canvas: Canvas, path: list[Vector]) -> None:
    """Wrap a loose turn of old tape on the cable."""
    part = [add(place, (0, 0.034, 0)) for place in path[24:29]]
    canvas.tube(part, 0.039, (150, 44, 40), shine=0.7)
    for number in range(4):
        canvas.tube(part[number : number + 2], 0.0395, shade((150, 44, 40), 0.8 + 0.1 * number), shine=0.7)
    loose = [add(part[-1], (0.02 * step, -0.02 * step + 0.01 * math.sin(step), -0.025 * step)) for step in range(4)]
    for here, following in itertools.pairwise(loose):
        canvas.face([here, following, add(following, (0.03, 0, 0.01)), add(here, (0.03, 0, 0.01))], (132, 40, 38))
