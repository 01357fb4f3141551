"""Scenes on a road: the manhole without and with its cover, the overloaded tricycle."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import (
    HEIGHT,
    WIDTH,
    Camera,
    Canvas,
    Colour,
    Vector,
    add,
    jitter,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.landscape import hills, horizon, house, poplar, scatter, weeds
from bot.simulator.scenes.surfaces import (
    brick,
    concrete,
    metal,
    sky,
    soil,
    straw,
)


def manhole_missing(rng: Random) -> Scene:
    """Draw a village road with an open manhole right in the wheel track."""
    canvas = _village_road(rng)
    _hole(canvas, _manhole(rng), REACH)
    return canvas, Mood(warmth=0.12, corners=0.4, grain=6, contrast=1.14, colour=1.05)


def manhole_covered(rng: Random) -> Scene:
    """Draw the same road with a new iron cover set in fresh concrete, in the long shadows of the evening."""
    canvas = _village_road(rng, aside=0.75, turn=-9)
    at = _manhole(rng)
    _fresh_slab(canvas, at)
    _cover(canvas, at, REACH)
    for z in (1.2, 5.2, 8.6, 13.0):  # the poplars lie across the road now
        canvas.shadow([(-4.3, 0, z), (-4.3, 0, z + 0.35), (3.4, 0, z + 2.3), (3.4, 0, z + 1.5)], 0.34, 10)
    return canvas, Mood(warmth=0.4, corners=0.4, grain=6, contrast=1.12, colour=1.05)


REACH = 0.42  # metres, the radius of the manhole


def _manhole(rng: Random) -> Vector:
    return (0.22 + jitter(rng, 0.15), 0.0, 3.0)


def _village_road(rng: Random, *, aside: float = 0.0, turn: float = 0.0) -> Canvas:
    """Draw the road; `aside` (metres to the right) and `turn` (degrees) for a photo taken a step away."""
    camera = Camera(
        (jitter(rng, 0.4) + aside, 1.55 + jitter(rng, 0.08), 0.0),
        yaw=jitter(rng, 4) + turn,
        pitch=-18 + jitter(rng, 2),
        roll=jitter(rng, 2.2),
        focal=0.76 + jitter(rng, 0.03),
    )
    canvas = Canvas(camera, rng, sun=(-0.55, 0.7, -0.35))
    level = horizon(canvas)
    canvas.image.paste(sky(rng, (112, 150, 192), (206, 214, 216), level / HEIGHT, cover=0.7))
    hills(canvas, level + 6, 110, (132, 138, 130))
    earth = soil(rng, (1800, 1800), (148, 126, 94))
    canvas.surface(earth, (-22, -0.02, 42), (44, 0, 0), (0, 0, -42))
    for x, z, wide in ((4.6, 16.0, 8.0), (-13.0, 19.0, 9.0), (6.5, 28.0, 9.0)):
        house(canvas, (x, 0, z), wide, 3.4, 5, brick(rng, (900, 420), (150, 92, 72), course=18))
    for z in (30.0, 24.0, 19.0, 15.0, 11.5):
        poplar(canvas, (-4.3 + jitter(rng, 0.2), 0, z), 7.5, leaves=(150, 142, 66))
    road = concrete(rng, (900, 3600), (168, 164, 154))
    draw = ImageDraw.Draw(road)
    for joint in range(200, 3600, 420):
        draw.line((0, joint, 900, joint + 3), fill=(104, 100, 94), width=7)
    tracks = Image.new("L", road.size)
    for x in (270.0, 640.0):
        ImageDraw.Draw(tracks).rectangle((x - 34, 0, x + 34, 3600), fill=110)
    road = Image.composite(
        Image.new("RGB", road.size, (132, 126, 116)), road, tracks.filter(ImageFilter.GaussianBlur(26))
    )
    draw = ImageDraw.Draw(road)
    for _ in range(7):
        x, y = rng.random() * 900, rng.random() * 3600
        for _ in range(24):
            following = (x + jitter(rng, 40), y + rng.uniform(-10, 44))
            draw.line([(x, y), following], fill=(88, 84, 80), width=4)
            x, y = following
    canvas.surface(road.filter(ImageFilter.GaussianBlur(1)), (-2.6, 0, 40), (5.2, 0, 0), (0, 0, -40))
    wall = brick(rng, (2000, 340), (158, 96, 74), course=28)
    canvas.surface(wall, (3.6, 1.9, 2), (0, 0, 12), (0, -1.9, 0), light=0.72)
    canvas.shadow([(3.6, 0, 2), (3.6, 0, 14), (2.9, 0, 14), (2.9, 0, 2)], 0.4, 18)
    weeds(
        canvas, scatter(rng, 130, (-5.0, -2.65), (2.5, 20)) + scatter(rng, 60, (2.6, 3.5), (3, 14)), 0.3, (136, 128, 70)
    )
    return canvas


def _ring(at: Vector, radius: float, y: float = 0.0) -> list[Vector]:
    """Return a circle lying on the ground about a place."""
    return [add(at, (radius * math.cos(t), y, radius * math.sin(t))) for t in (2 * math.pi * s / 64 for s in range(64))]


def _fresh_slab(canvas: Canvas, at: Vector) -> None:
    """Cast a light square of new concrete into the road about the manhole."""
    half = 0.95
    x, _, z = at
    slab = concrete(canvas.rng, (700, 700), (206, 204, 196))
    pen = ImageDraw.Draw(slab)
    for row in range(6, 700, 14):  # brushed while wet
        pen.line((0, row, 700, row + jitter(canvas.rng, 3)), fill=(194, 192, 184), width=3)
    pen.rectangle((0, 0, 699, 699), outline=(112, 108, 102), width=9)
    canvas.surface(
        slab.filter(ImageFilter.GaussianBlur(1.4)), (x - half, 0.001, z + half), (half * 2, 0, 0), (0, 0, -half * 2)
    )


def _cover(canvas: Canvas, at: Vector, reach: float) -> None:
    """Lay a cast-iron cover into its frame: two rings, rows of raised studs, two slots to lift it."""
    rng = canvas.rng
    iron: Colour = (84, 82, 82)
    canvas.shadow(_ring(at, reach * 1.3), 0.3, 8)
    canvas.face(_ring(at, reach * 1.24), shade(iron, 1.3))
    canvas.face(_ring(at, reach * 1.12), shade(iron, 0.35))
    canvas.face(_ring(at, reach * 1.09), iron)
    canvas.face(_ring(at, reach * 0.98), shade(iron, 1.16))
    canvas.face(_ring(at, reach * 0.94), shade(iron, 0.92))
    step = reach * 0.155
    for row in range(5, -6, -1):
        for column in range(-5, 6):
            u, v = column * step, row * step
            if math.hypot(u, v) > reach * 0.86 or (row == 0 and abs(column) in (3, 4)):
                continue
            stud = [
                add(at, (u + a * step * 0.3, 0, v + b * step * 0.3)) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            canvas.face([add(corner, (0.006, 0, -0.012)) for corner in stud], shade(iron, 0.5))
            canvas.face(stud, shade((128, 126, 124), rng.uniform(0.85, 1.15)))
    for side in (-1, 1):
        middle = add(at, (side * step * 3.5, 0, 0))
        slot = [add(middle, (a * step * 0.7, 0, b * step * 0.28)) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        canvas.face(slot, (16, 16, 17))


def _hole(canvas: Canvas, at: Vector, reach: float) -> None:
    """Draw an open shaft: collar, brick lining going down into black, a few crumbs at the edge."""
    rng = canvas.rng

    def ring(radius: float, y: float = 0.0) -> list[Vector]:
        return [
            add(at, (radius * math.cos(t), y, radius * math.sin(t))) for t in (2 * math.pi * s / 64 for s in range(64))
        ]

    canvas.shadow(ring(reach * 1.5), 0.25, 16)
    rim = ring(reach * 1.24)
    canvas.face(ring(reach * 1.36), (128, 124, 116))
    canvas.face(rim, (96, 90, 84))
    canvas.face(ring(reach * 1.1), (74, 62, 56))
    for number in range(26):  # the cast-iron seat, worn bright
        a, b = 2 * math.pi * number / 26, 2 * math.pi * (number + 0.7) / 26
        strip = [
            add(at, (reach * r * math.cos(t), 0, reach * r * math.sin(t)))
            for r, t in ((1.12, a), (1.12, b), (1.2, b), (1.2, a))
        ]
        canvas.face(strip, shade((132, 112, 96), rng.uniform(0.7, 1.15)))
    canvas.face(ring(reach), (8, 8, 9))
    mouth = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(mouth).polygon([canvas.camera.project(corner) for corner in ring(reach)], fill=255)
    before = canvas.image.copy()
    sides = 60
    for depth in range(13, -1, -1):  # the far inner wall, darker with every course
        y0, y1 = -0.09 * depth, -0.09 * (depth + 1)
        for number in range(sides):
            a, b = 2 * math.pi * number / sides, 2 * math.pi * (number + 1) / sides
            if math.sin((a + b) / 2) < 0.05:
                continue
            tone = shade(
                (136, 92, 74), rng.uniform(0.75, 1.1) * max(0.03, 0.85 - depth * 0.075) * (0.55 + 0.45 * math.sin(a))
            )
            wall = [
                add(at, (reach * math.cos(t), y, reach * math.sin(t)))
                for t, y in ((a, y0), (b, y0), (b, y1 + 0.012), (a, y1 + 0.012))
            ]
            canvas.face(wall, tone)
    canvas.image = Image.composite(canvas.image, before, mouth.filter(ImageFilter.GaussianBlur(1)))
    for _ in range(40):
        turn, far = rng.random() * 2 * math.pi, rng.uniform(1.2, 2.3)
        x, y = canvas.camera.project(add(at, (reach * far * math.cos(turn), 0, reach * far * math.sin(turn))))
        size = rng.uniform(2, 7)
        canvas.fill(
            [(x - size, y), (x, y - size * 0.6), (x + size, y), (x, y + size * 0.5)],
            shade((140, 132, 120), rng.uniform(0.5, 1.2)),
        )


def tricycle_overloaded(rng: Random) -> Scene:
    """Draw a farm tricycle from behind, straw bales piled far beyond its bed, leaning on one side."""
    camera = Camera(
        (1.0 + jitter(rng, 0.5), 1.6 + jitter(rng, 0.1), 0.0),
        yaw=-7 + jitter(rng, 3),
        pitch=2 + jitter(rng, 1.5),
        roll=jitter(rng, 2),
        focal=0.86 + jitter(rng, 0.04),
    )
    canvas = Canvas(camera, rng, sun=(-0.5, 0.7, -0.5))
    level = horizon(canvas)
    canvas.image.paste(sky(rng, (104, 148, 196), (214, 220, 218), level / HEIGHT, cover=0.8))
    hills(canvas, level + 8, 130, (140, 150, 148))
    canvas.surface(soil(rng, (1600, 1600), (152, 140, 88)), (-40, -0.02, 80), (80, 0, 0), (0, 0, -80))
    for z in (46.0, 34.0, 26.0, 20.0):
        poplar(canvas, (-4.6, 0, z), 8.5, leaves=(136, 142, 64))
        poplar(canvas, (5.4, 0, z + 3), 8.5, leaves=(128, 136, 62))
    road = concrete(rng, (900, 3200), (148, 146, 140))
    pen = ImageDraw.Draw(road)
    for mark in range(0, 3200, 300):
        pen.rectangle((442, mark, 456, mark + 160), fill=(222, 216, 196))
    canvas.surface(road, (-3.4, 0, 70), (7.2, 0, 0), (0, 0, -70))
    weeds(
        canvas, scatter(rng, 150, (-6.5, -3.4), (4, 30)) + scatter(rng, 110, (3.8, 6.5), (4, 30)), 0.35, (132, 128, 66)
    )
    x, z = -0.9, 6.4
    canvas.shadow([(x - 0.9, 0, z - 0.2), (x + 2.6, 0, z - 0.2), (x + 3.2, 0, z + 3.2), (x - 0.6, 0, z + 3.2)], 0.6, 20)
    blue: Colour = (44, 92, 168)
    # Cab ahead of the bed, peeping out at the side, then the wheels and the bed.
    canvas.body((x + 0.35, 0.6, z + 2.6), (1.3, 1.35, 0.9), [metal(rng, (200, 200), blue)] * 3)
    for side in (0.02, 1.62):
        _tyre(canvas, (x + side, 0.36, z + 0.62), 0.36)
    canvas.body((x + 0.5, 0.3, z + 0.35), (0.9, 0.12, 0.1), metal(rng, (100, 30), (52, 50, 50)))
    canvas.tube([(x + 0.18, 0.36, z + 0.62), (x + 1.62, 0.36, z + 0.62)], 0.07, (50, 48, 48))
    tail = metal(rng, (520, 170), blue, rust=0.25)
    pen = ImageDraw.Draw(tail)
    pen.rectangle((10, 10, 509, 159), outline=shade(blue, 0.6), width=8)
    pen.line((180, 10, 180, 160), fill=shade(blue, 0.6), width=6)
    pen.line((346, 10, 346, 160), fill=shade(blue, 0.6), width=6)
    for corner in (34, 446):
        pen.rectangle((corner, 112, corner + 40, 140), fill=(206, 44, 36))
    canvas.body((x, 0.62, z), (1.8, 0.5, 2.5), [tail, tail, tail], lean=-2.5)
    canvas.fill(
        [
            canvas.camera.project(p)
            for p in ((x + 0.62, 0.6, z), (x + 1.15, 0.59, z), (x + 1.15, 0.44, z), (x + 0.62, 0.45, z))
        ],
        (226, 190, 60),
    )
    _bales(canvas, x, z)
    return canvas, Mood(warmth=0.18, corners=0.38, grain=5, contrast=1.14, colour=1.08)


def _tyre(canvas: Canvas, hub: Vector, reach: float) -> None:
    wide = 0.17

    def tread(row: int, column: int) -> Colour:
        return shade((44, 43, 42), 1.3 if column % 2 and row in (1, 2) else 0.9)

    profile = [
        (-wide / 2, reach * 0.72),
        (-wide / 2, reach * 0.94),
        (0.0, reach),
        (wide / 2, reach * 0.94),
        (wide / 2, reach * 0.72),
    ]
    canvas.turned(hub, (1, 0, 0.02), profile, tread, shine=0.1, caps=False)
    canvas.turned(
        add(hub, (-wide * 0.4, 0, 0)), (1, 0, 0), [(0, reach * 0.7), (wide * 0.8, reach * 0.7)], (150, 148, 140)
    )


def _bales(canvas: Canvas, x: float, z: float) -> None:
    """Pile bales wider with every layer, tie them with one rope, let loose straw hang out."""
    rng = canvas.rng
    lean = jitter(rng, 0.05) + 0.07
    for layer in range(5):
        y = 1.12 + layer * 0.5
        wide = 2.0 + layer * 0.34 - (0.7 if layer == 4 else 0)
        left = x + 0.9 - wide / 2 + layer * lean
        for row in (1, 0):
            count = 3
            for number in range(count):
                face = straw(rng, (300, 220), shade((212, 176, 98), rng.uniform(0.86, 1.08)), count=900)
                side = straw(rng, (400, 220), (196, 160, 88), count=900)
                pen = ImageDraw.Draw(face)
                for string in (90, 205):
                    pen.line((string, 0, string + 4, 220), fill=(186, 60, 50), width=5)
                size = (wide / count - 0.02, 0.48, 1.25)
                canvas.body(
                    (
                        left + number * wide / count + jitter(rng, 0.03),
                        y + jitter(rng, 0.015),
                        z - 0.25 + row * 1.3 + jitter(rng, 0.05),
                    ),
                    size,
                    [face, side, straw(rng, (300, 300), count=700)],
                    yaw=jitter(rng, 3),
                    lean=jitter(rng, 2) - 2,
                )
        canvas.darken(
            [
                canvas.camera.project((left + u, y + v, z - 0.3))
                for u, v in ((0, 0.03), (wide, 0.03), (wide, -0.03), (0, -0.03))
            ],
            0.4,
            6,
        )
    hang = [(x + rng.uniform(-0.5, 2.3), 1.15 + rng.random() * 1.9, z - 0.3) for _ in range(60)]
    layer_image = Image.new("RGBA", (WIDTH, HEIGHT), (206, 172, 96, 0))
    pen = ImageDraw.Draw(layer_image)
    for place in hang:
        u, v = canvas.camera.project(place)
        for _ in range(5):
            pen.line(
                [(u, v), (u + jitter(rng, 34), v + rng.uniform(-10, 46))],
                fill=(*shade((212, 178, 104), rng.uniform(0.7, 1.2)), 255),
                width=2,
            )
    canvas.image.paste(
        layer_image.convert("RGB"), (0, 0), layer_image.getchannel("A").filter(ImageFilter.GaussianBlur(0.7))
    )
    for at, colour in ((0.3, (40, 84, 140)), (1.42, (200, 60, 50))):
        rope = [
            (x + at + step * 0.035 + jitter(rng, 0.02), 0.75 + step * 0.57, z - (0.06 if step == 0 else 0.31))
            for step in range(6)
        ]
        canvas.tube(rope, 0.018, colour, shine=0.3)
