"""The kitchen: a gas bottle beside the burning coal stove, and the gas moved out."""

from __future__ import annotations

import math
from random import Random

from PIL import ImageDraw

from bot.simulator.scenes.bedroom import alarm
from bot.simulator.scenes.canvas import (
    Camera,
    Canvas,
    Colour,
    Vector,
    add,
    bezier,
    jitter,
    mix,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.surfaces import (
    concrete,
    grain,
    metal,
    smoke_mask,
    stained,
    tiles,
)


def gas_beside_stove(rng: Random) -> Scene:
    """Draw a gas bottle with its orange hose standing right beside a burning coal stove."""
    canvas = _kitchen(rng)
    _gas_cooker(canvas, TABLE)
    _coal_stove(canvas, STOVE)
    at: Vector = (-0.28, 0.0, 1.85)
    _gas_bottle(canvas, at)
    hose_end: Vector = (-0.85, 0.86, 2.15)
    start = add(at, (-0.07, 0.62, -0.02))
    path = [bezier(start, add(start, (-0.35, 0.2, -0.1)), (-0.7, 0.25, 1.7), hose_end, step / 30) for step in range(31)]
    canvas.tube(path, 0.014, (226, 112, 34), shine=0.5)
    for share in (8, 17):  # taped where it has cracked
        canvas.tube(path[share : share + 3], 0.017, (40, 40, 44))
    canvas.glow(canvas.camera.project((0.42, 0.4, 1.7)), 640, (255, 104, 34), 0.55)
    return canvas, Mood(warmth=0.5, corners=0.6, grain=9, contrast=1.12, colour=1.0)


def gas_moved(rng: Random) -> Scene:
    """Draw the same kitchen without bottle, hose and cooker: a table with crockery, an alarm on the wall."""
    canvas = _kitchen(rng, turn=-5)
    sheet = stained(metal(rng, (500, 700), (206, 208, 212)), rng, (150, 150, 152), 0.5, 160)
    ImageDraw.Draw(sheet).rectangle((0, 0, 499, 699), outline=(120, 122, 126), width=10)
    canvas.surface(sheet, (-0.12, 1.62, 2.57), (1.15, 0, 0), (0, -1.42, 0), light=0.86)  # keeps the heat off the wall
    _table(canvas, TABLE)
    _coal_stove(canvas, STOVE)
    _ash_bucket(canvas, (-0.5, 0.0, 2.25))
    alarm(canvas, (-0.5, 1.16, 2.58))
    canvas.glow(canvas.camera.project((0.42, 0.4, 1.7)), 640, (255, 104, 34), 0.4)
    canvas.glow(canvas.camera.project((-1.2, 2.2, 1.9)), 620, (255, 236, 206), 0.5)
    return canvas, Mood(warmth=0.3, corners=0.46, grain=7, contrast=1.1, colour=1.0, brightness=1.08)


TABLE: Vector = (-1.72, 0.0, 2.05)
STOVE: Vector = (0.42, 0.0, 1.95)


def _kitchen(rng: Random, *, turn: float = 0.0) -> Canvas:
    """Draw the tiled wall and the floor, the phone held `turn` degrees further to the right."""
    camera = Camera(
        (jitter(rng, 0.2), 1.35 + jitter(rng, 0.08), 0.0),
        yaw=-4 + jitter(rng, 4) + turn,
        pitch=-20 + jitter(rng, 2),
        roll=jitter(rng, 2.4),
        focal=0.86 + jitter(rng, 0.04),
    )
    canvas = Canvas(camera, rng, sun=(0.45, 0.7, -0.6))
    wall = stained(tiles(rng, (1500, 900), (206, 202, 190), side=150), rng, (112, 86, 56), 0.75, 260)
    floor = stained(concrete(rng, (1200, 1000), (126, 116, 106)), rng, (58, 48, 42), 0.7, 240)
    canvas.surface(wall, (-2.5, 2.4, 2.6), (5, 0, 0), (0, -2.4, 0), light=0.78)
    canvas.surface(floor, (-2.5, 0, 2.6), (5, 0, 0), (0, 0, -2.6), light=0.9)
    canvas.shadow([(-2.5, 0.0, 2.59), (2.5, 0, 2.59), (2.5, 0, 2.35), (-2.5, 0, 2.35)], 0.45, 16)
    return canvas


def _cupboard(canvas: Canvas, at: Vector) -> None:
    """Draw the cupboard by the wall, its top tiled."""
    rng = canvas.rng
    canvas.pool(add(at, (0.5, 0, 0.2)), 0.75, 0.35, 0.55, 26)
    cupboard = grain(rng, (400, 300), (134, 96, 66))
    ImageDraw.Draw(cupboard).line((200, 0, 200, 300), fill=(60, 42, 30), width=6)
    canvas.body(
        at,
        (1.0, 0.72, 0.5),
        [cupboard, grain(rng, (200, 300), (110, 78, 54)), tiles(rng, (400, 200), (190, 188, 182), side=100)],
    )


def _table(canvas: Canvas, at: Vector) -> None:
    """Set the cupboard with a vacuum flask, a stack of bowls and a chopping board; nothing on it burns."""
    rng = canvas.rng
    _cupboard(canvas, at)
    board = grain(rng, (300, 160), (196, 156, 104))
    canvas.body(add(at, (0.3, 0.72, 0.06)), (0.34, 0.035, 0.26), board, yaw=6)
    canvas.turned(add(at, (0.42, 0.76, 0.2)), (0.95, 0, 0.2), [(0, 0.01), (0.02, 0.036), (0.16, 0.04), (0.2, 0.01)],
                  (232, 236, 220))  # fmt: skip
    flask = add(at, (0.84, 0.72, 0.3))
    canvas.pool(add(flask, (0.03, 0, 0)), 0.12, 0.06, 0.5, 8)
    canvas.turned(flask, (0, 1, 0), [(0, 0.085), (0.3, 0.085), (0.36, 0.05)], (190, 40, 44), shine=0.8)
    canvas.turned(add(flask, (0, 0.36, 0)), (0, 1, 0), [(0, 0.055), (0.05, 0.055)], (214, 216, 218), shine=0.9)
    handle = [add(flask, (0.085 + 0.06 * math.sin(t), 0.17 + 0.1 * math.cos(t), -0.02)) for t in
              (math.pi * s / 12 for s in range(13))]  # fmt: skip
    canvas.tube(handle, 0.012, (206, 208, 210))
    for number in range(4):
        bowl = add(at, (0.14, 0.73 + number * 0.026, 0.3))
        canvas.turned(bowl, (0, 1, 0), [(0, 0.04), (0.03, 0.075), (0.055, 0.095)], (236, 238, 240), shine=0.6)


def _ash_bucket(canvas: Canvas, at: Vector) -> None:
    """Stand an iron bucket for the ash."""
    canvas.pool(add(at, (0.02, 0, 0.02)), 0.24, 0.15, 0.6, 12)
    canvas.turned(at, (0, 1, 0), [(0, 0.12), (0.28, 0.155), (0.3, 0.165)], (146, 150, 154), shine=0.6)
    canvas.turned(add(at, (0, 0.3, 0)), (0, 1, 0), [(0, 0.165), (0.03, 0.13), (0.04, 0.02), (0.07, 0.02)],
                  (128, 132, 136), shine=0.6)  # fmt: skip


def _gas_cooker(canvas: Canvas, at: Vector) -> None:
    """Draw a table with a two-ring cooker and a pan."""
    rng = canvas.rng
    _cupboard(canvas, at)
    steel = metal(rng, (300, 60), (196, 198, 200))
    pen = ImageDraw.Draw(steel)
    for x in (70.0, 220.0):
        pen.ellipse((x - 16, 14, x + 16, 46), fill=(36, 36, 38))
    canvas.body(add(at, (0.12, 0.72, 0.06)), (0.76, 0.12, 0.38), [steel, steel, metal(rng, (200, 100), (60, 62, 66))])
    for x in (0.32, 0.7):
        middle = add(at, (x, 0.85, 0.25))
        canvas.turned(middle, (0, 1, 0), [(0, 0.1), (0.02, 0.1), (0.02, 0.05)], (40, 40, 42))
        for turn in range(14):
            angle = 2 * math.pi * turn / 14
            root = add(middle, (0.06 * math.cos(angle), 0.02, 0.06 * math.sin(angle)))
            canvas.tube([root, add(root, (0.015 * math.cos(angle), 0.045, 0))], 0.006, (86, 150, 255), shine=1)
        canvas.glow(canvas.camera.project(add(middle, (0, 0.04, 0))), 90, (70, 120, 255), 0.8)
    pan = add(at, (0.7, 0.9, 0.25))
    canvas.turned(pan, (0, 1, 0), [(0, 0.05), (0.03, 0.12), (0.08, 0.17), (0.1, 0.18)], (48, 48, 50), shine=0.5)
    canvas.turned(
        add(pan, (0, 0.1, 0)),
        (0, 1, 0),
        [(0, 0.175), (0.035, 0.13), (0.055, 0.03), (0.08, 0.025)],
        (176, 178, 182),
        shine=0.9,
    )


def _gas_bottle(canvas: Canvas, at: Vector) -> None:
    """Draw a scuffed household gas bottle with collar, valve and regulator."""
    canvas.pool(add(at, (-0.02, 0, 0.02)), 0.26, 0.18, 0.7, 14)
    body: Colour = (150, 158, 160)
    band: Colour = (176, 44, 40)
    patches = [canvas.rng.uniform(0.92, 1.04) for _ in range(36)]
    canvas.turned(at, (0, 1, 0), [(0, 0.14), (0.05, 0.14)], (64, 66, 68))

    def paint(row: int, column: int) -> Colour:
        if row == 4 and column % 36 in range(2, 34) and (column // 3) % 2 == 0:
            return shade(band, patches[column])
        return shade(body, patches[column])

    canvas.turned(
        add(at, (0, 0.04, 0)),
        (0, 1, 0),
        [
            (0, 0.1),
            (0.02, 0.14),
            (0.06, 0.165),
            (0.12, 0.172),
            (0.27, 0.172),
            (0.34, 0.172),
            (0.42, 0.165),
            (0.48, 0.14),
            (0.52, 0.1),
            (0.54, 0.05),
        ],
        paint,
        shine=0.55,
    )
    canvas.turned(add(at, (0, 0.56, 0)), (0, 1, 0), [(0, 0.03), (0.05, 0.03)], (176, 140, 64))
    canvas.turned(add(at, (0, 0.61, 0)), (0, 1, 0), [(0, 0.045), (0.022, 0.045)], (40, 60, 120))
    canvas.turned(
        add(at, (-0.03, 0.6, -0.02)),
        (-1, 0, -0.1),
        [(0, 0.02), (0.04, 0.035), (0.07, 0.02)],
        (170, 172, 176),
        shine=0.9,
    )
    collar = [(0.11 * math.cos(t), 0.62, 0.11 * math.sin(t)) for t in (2 * math.pi * s / 30 for s in range(31))]
    canvas.tube([add(at, point) for point in collar], 0.012, shade(body, 0.9))
    for t in (0.5, 2.4, 3.9, 5.5):
        x, z = 0.11 * math.cos(t), 0.11 * math.sin(t)
        canvas.tube([add(at, (x, 0.54, z)), add(at, (x, 0.62, z))], 0.012, shade(body, 0.9))


def _coal_stove(canvas: Canvas, at: Vector) -> None:
    """Draw an iron coal stove, its door open and glowing, a kettle on top, the pipe going up."""
    rng = canvas.rng
    canvas.pool(add(at, (0.0, 0, 0.05)), 0.42, 0.26, 0.7, 18)
    iron: Colour = (74, 66, 62)
    wear = [rng.uniform(0.8, 1.1) for _ in range(36)]
    canvas.turned(
        at,
        (0, 1, 0),
        [(0, 0.2), (0.05, 0.26), (0.09, 0.26), (0.1, 0.24), (0.56, 0.25), (0.58, 0.29), (0.63, 0.29)],
        lambda row, column: mix(shade(iron, wear[column]), (128, 74, 44), 0.25 if row in (1, 5) else 0.1),
        shine=0.25,
    )
    x, y = canvas.camera.project(add(at, (0, 0.33, -0.245)))
    unit_length = canvas.camera.pixels(add(at, (0, 0.33, -0.245)), 1.0)

    def window(wide: float, high: float, colour: Colour, blur: float) -> None:
        w, h = wide * unit_length, high * unit_length
        canvas.fill([(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)], colour, blur=blur)

    window(0.115, 0.095, (38, 32, 30), 1)
    window(0.09, 0.072, (214, 64, 16), 3)
    for _ in range(40):
        u, v = jitter(rng, 0.08) * unit_length, rng.uniform(-0.03, 0.06) * unit_length
        reach = rng.uniform(4, 13)
        canvas.fill(
            [
                (x + u - reach, y + v),
                (x + u, y + v - reach * 0.7),
                (x + u + reach, y + v),
                (x + u, y + v + reach * 0.6),
            ],
            mix((255, 120, 20), (255, 226, 120), rng.random()),
            blur=1.5,
        )
    canvas.glow((x, y), 170, (255, 140, 40), 0.9)
    canvas.fill(
        [
            (x + 0.12 * unit_length, y - 0.1 * unit_length),
            (x + 0.24 * unit_length, y - 0.06 * unit_length),
            (x + 0.24 * unit_length, y + 0.14 * unit_length),
            (x + 0.12 * unit_length, y + 0.095 * unit_length),
        ],
        (52, 46, 44),
    )
    canvas.turned(add(at, (0.1, 0.63, 0.12)), (0, 1, 0), [(0, 0.06), (1.9, 0.06)], (120, 122, 124), shine=0.5)
    kettle = add(at, (-0.05, 0.64, -0.04))
    canvas.turned(
        kettle,
        (0, 1, 0),
        [(0, 0.12), (0.03, 0.135), (0.1, 0.13), (0.16, 0.09), (0.18, 0.03), (0.21, 0.02)],
        (178, 180, 184),
        shine=0.9,
    )
    canvas.tube(
        [add(kettle, (-0.1, 0.08, -0.05)), add(kettle, (-0.17, 0.13, -0.08)), add(kettle, (-0.2, 0.19, -0.09))],
        0.018,
        (170, 172, 176),
    )
    hoop = [
        add(kettle, (0.11 * math.cos(t), 0.14 + 0.14 * math.sin(t), 0)) for t in (math.pi * s / 16 for s in range(17))
    ]
    canvas.tube(hoop, 0.009, (40, 40, 42))
    steam = smoke_mask(
        rng, canvas.camera.project(add(kettle, (-0.21, 0.22, -0.09))), drift=-70, rise=240, spread=110, strength=0.55
    )
    canvas.veil(steam, (226, 226, 226))
