"""The bedroom stove: its pipe leaking at the elbow, and sealed."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import (
    Camera,
    Canvas,
    Colour,
    Vector,
    add,
    jitter,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.surfaces import (
    brick,
    metal,
    plaster,
    smoke_mask,
    stained,
)

STOVE: Vector = (0.15, 0.0, 2.55)
ELBOW: Vector = (0.15, 2.18, 2.6)


def stovepipe_leaking(rng: Random) -> Scene:
    """Draw a bedroom stove whose sheet-metal pipe leaks smoke at the elbow, soot on the wall behind."""
    canvas = _bedroom(rng)
    soot = canvas.camera.project((0.15, 2.25, 2.98))
    for wide, strength in ((300, 0.25), (190, 0.35), (110, 0.45)):
        ring = [
            (soot[0] + wide * 0.8 * math.cos(t), soot[1] - 40 + wide * math.sin(t))
            for t in (2 * math.pi * s / 20 for s in range(20))
        ]
        canvas.darken(ring, strength, wide * 0.28)
    _stove(canvas)
    joint = canvas.camera.project(add(ELBOW, (0.02, 0.02, -0.06)))
    canvas.fill(
        [
            (joint[0] - 40, joint[1] - 4),
            (joint[0] + 30, joint[1] - 12),
            (joint[0] + 34, joint[1] + 6),
            (joint[0] - 38, joint[1] + 12),
        ],
        (22, 20, 20),
        blur=2,
    )
    for drift, rise, spread in ((-300, 300, 420), (-470, 170, 340), (-140, 330, 300)):
        canvas.veil(
            smoke_mask(rng, joint, drift=drift + jitter(rng, 60), rise=rise, spread=spread, strength=1.0),
            (196, 194, 192),
        )
    lower = canvas.camera.project(add(STOVE, (0, 1.45, -0.02)))
    canvas.veil(smoke_mask(rng, lower, drift=180, rise=330, spread=240, strength=0.7), (190, 188, 186))
    return canvas, Mood(warmth=0.4, corners=0.55, grain=8, contrast=1.08)


def stovepipe_sealed(rng: Random) -> Scene:
    """Draw the same stove with clamped joints, the wall whitewashed behind it, and an alarm for the gas it may leak."""
    canvas = _bedroom(rng, turn=-4)
    wash = plaster(rng, (900, 700), (236, 230, 216))
    mask = Image.new("L", wash.size)
    pen = ImageDraw.Draw(mask)
    for number in range(70):  # the broad strokes of the brush
        y = 60 + number * 8
        left, right = 110 + jitter(rng, 70), 780 + jitter(rng, 80)
        pen.line((left, y + jitter(rng, 20), right, y), fill=rng.randint(190, 240), width=26)
    wash.putalpha(mask.filter(ImageFilter.GaussianBlur(7)))
    canvas.surface(wash, (-1.15, 2.86, 2.985), (2.3, 0, 0), (0, -1.75, 0), light=0.84)
    _stove(canvas)
    _clamps(canvas)
    alarm(canvas, (-0.62, 1.86, 2.97))
    return canvas, Mood(warmth=0.25, corners=0.42, grain=6, contrast=1.1, brightness=1.04)


def _clamps(canvas: Canvas) -> None:
    """Close every joint with red fire cement and a bright clamp with its screw."""
    cement: Colour = (150, 74, 58)
    bright: Colour = (214, 218, 222)
    for at, axis in (
        (add(STOVE, (0, 0.68, 0.05)), (0.0, 1.0, 0.0)),
        (add(STOVE, (0, 1.43, 0.05)), (0.0, 1.0, 0.0)),
        (add(ELBOW, (0, -0.06, 0)), (0.0, 1.0, 0.0)),
        (add(ELBOW, (0.13, 0.14, 0)), (1.0, 0.0, 0.0)),
    ):
        canvas.turned(at, axis, [(-0.02, 0.081), (0.1, 0.081)], cement, shine=0.1)
        canvas.turned(at, axis, [(0.01, 0.087), (0.065, 0.087)], bright, shine=0.9)
        screw = add(at, (0.0, 0.02, -0.1)) if axis[0] else add(at, (-0.03, 0.022, -0.1))
        canvas.body(screw, (0.05, 0.032, 0.03), metal(canvas.rng, (30, 20), (176, 180, 184)))
    hanger = add(ELBOW, (1.1, 0.12, 0))
    canvas.tube([add(hanger, (0, 0.6, 0)), hanger], 0.008, (120, 122, 126))
    canvas.turned(hanger, (1, 0, 0), [(0, 0.08), (0.04, 0.08)], bright, shine=0.9)


def alarm(canvas: Canvas, at: Vector) -> None:
    """Hang a round white alarm on the wall, its green lamp lit."""
    x, y, z = at
    canvas.shadow(
        [(x - 0.1, y - 0.2, z), (x + 0.18, y - 0.2, z), (x + 0.18, y + 0.08, z), (x - 0.1, y + 0.08, z)], 0.4, 8
    )
    canvas.turned(at, (0, 0, -1), [(0, 0.13), (0.04, 0.13), (0.06, 0.1)], (246, 246, 242), shine=0.3)
    face = add(at, (0, 0, -0.061))
    for radius, paint in ((0.06, (206, 206, 202)), (0.05, (246, 246, 242)), (0.03, (190, 190, 188))):
        ring = [
            add(face, (radius * math.cos(t), radius * math.sin(t), 0)) for t in (math.pi * s / 16 for s in range(32))
        ]
        canvas.face(ring, paint)
    lamp = canvas.camera.project(add(face, (0.05, -0.065, 0)))
    canvas.glow(lamp, 24, (40, 255, 90), 1.0)


def _bedroom(rng: Random, *, turn: float = 0.0) -> Canvas:
    """Draw the room with window and brick bed, the phone held `turn` degrees further to the right."""
    camera = Camera(
        (jitter(rng, 0.25), 1.4 + jitter(rng, 0.08), -0.7),
        yaw=jitter(rng, 4) + turn,
        pitch=-1 + jitter(rng, 1.5),
        roll=jitter(rng, 2.6),
        focal=0.76 + jitter(rng, 0.03),
    )
    canvas = Canvas(camera, rng, sun=(0.6, 0.6, -0.6))
    wall = stained(plaster(rng, (1600, 1000), (200, 186, 158)), rng, (120, 104, 80), 0.6, 280)
    floor = brick(rng, (1400, 900), (118, 80, 66), course=60, joint=(84, 76, 70))
    canvas.surface(wall, (-3, 2.9, 3.0), (6, 0, 0), (0, -2.9, 0), light=0.8)
    canvas.surface(floor, (-3, 0, 3.0), (6, 0, 0), (0, 0, -3.6), light=0.8)
    _window(canvas)
    _heated_bed(canvas)
    return canvas


def _stove(canvas: Canvas) -> None:
    """Draw the burning stove and its pipe, up to the elbow and out beside the window."""
    rng = canvas.rng
    canvas.pool(STOVE, 0.45, 0.26, 0.7, 18)
    iron: Colour = (70, 62, 58)
    canvas.turned(STOVE, (0, 1, 0), [(0, 0.18), (0.06, 0.24), (0.62, 0.25), (0.64, 0.3), (0.68, 0.3)], iron, shine=0.3)
    x, y = canvas.camera.project(add(STOVE, (0, 0.3, -0.25)))
    canvas.fill([(x - 46, y - 34), (x + 46, y - 34), (x + 46, y + 34), (x - 46, y + 34)], (30, 26, 24), blur=1)
    canvas.fill([(x - 34, y - 22), (x + 34, y - 22), (x + 34, y + 24), (x - 34, y + 24)], (232, 84, 20), blur=4)
    canvas.glow((x, y), 190, (255, 130, 40), 0.8)
    zinc: Colour = (168, 172, 174)
    dull = [rng.uniform(0.85, 1.08) for _ in range(36)]

    def sheet(_row: int, column: int) -> Colour:
        return shade(zinc, dull[column])

    canvas.turned(
        add(STOVE, (0, 0.68, 0.05)),
        (0, 1, 0),
        [(0, 0.07), (0.75, 0.07), (0.75, 0.078), (0.8, 0.078), (0.8, 0.068), (1.5, 0.068)],
        sheet,
        shine=0.6,
    )
    bend = [
        add(ELBOW, (0.14 - 0.14 * math.cos(t), 0.14 * math.sin(t), 0))
        for t in (math.pi / 2 * s / 10 for s in range(11))
    ]
    canvas.tube(bend, 0.074, (150, 154, 156), shine=0.7)
    canvas.turned(
        add(ELBOW, (0.16, 0.14, 0)),
        (1, -0.02, 0.02),
        [(0, 0.078), (0.05, 0.078), (0.05, 0.068), (1.95, 0.068)],
        sheet,
        shine=0.6,
    )


def _window(canvas: Canvas) -> None:
    """Draw a window with taped plastic sheet and cold light."""
    x, y, wide, high, z = 1.15, 1.25, 1.3, 1.15, 2.98
    canvas.face(
        [
            (x - 0.07, y - 0.07, z),
            (x + wide + 0.07, y - 0.07, z),
            (x + wide + 0.07, y + high + 0.07, z),
            (x - 0.07, y + high + 0.07, z),
        ],
        (108, 74, 50),
    )
    canvas.face(
        [(x, y, z - 0.01), (x + wide, y, z - 0.01), (x + wide, y + high, z - 0.01), (x, y + high, z - 0.01)],
        (206, 222, 234),
    )
    canvas.face(
        [(x, y, z - 0.01), (x + wide, y, z - 0.01), (x + wide, y + 0.3, z - 0.01), (x, y + 0.2, z - 0.01)],
        (150, 160, 158),
    )
    for share in (0.0, 0.33, 0.66, 1.0):
        canvas.tube([(x + wide * share, y, z - 0.02), (x + wide * share, y + high, z - 0.02)], 0.025, (124, 86, 58))
    canvas.tube([(x, y + high * 0.62, z - 0.02), (x + wide, y + high * 0.62, z - 0.02)], 0.02, (124, 86, 58))
    canvas.glow(canvas.camera.project((x + wide / 2, y + high / 2, z)), 420, (190, 210, 240), 0.35)


def _heated_bed(canvas: Canvas) -> None:
    """Draw the end of a brick bed with a flowered quilt and a pillow."""
    rng = canvas.rng
    front = brick(rng, (700, 320), (140, 92, 74), course=36)
    canvas.body((-2.6, 0, 1.75), (1.9, 0.62, 1.2), [front, front, plaster(rng, (300, 300), (170, 140, 100))])
    quilt = plaster(rng, (600, 500), (178, 50, 66))
    pen = ImageDraw.Draw(quilt)
    for _ in range(46):
        x, y, reach = rng.random() * 600, rng.random() * 500, rng.uniform(16, 30)
        for turn in range(5):
            u, v = x + reach * math.cos(turn * 1.257), y + reach * math.sin(turn * 1.257)
            pen.ellipse(
                (u - reach * 0.6, v - reach * 0.6, u + reach * 0.6, v + reach * 0.6),
                fill=rng.choice(((240, 196, 120), (250, 220, 226))),
            )
        pen.ellipse((x - 8, y - 8, x + 8, y + 8), fill=(230, 160, 40))
    quilt = quilt.filter(ImageFilter.GaussianBlur(2))
    canvas.body((-2.5, 0.62, 1.8), (1.65, 0.16, 1.1), [quilt, quilt, quilt])
    canvas.body((-2.35, 0.78, 2.2), (1.2, 0.15, 0.6), [plaster(rng, (300, 60), (92, 128, 170))] * 3)
