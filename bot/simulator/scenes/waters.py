"""Scenes of water: the pit pond without a railing, the flooded culvert."""

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
from bot.simulator.scenes.landscape import haze, hills, horizon, pool_of_water, poplar, scatter, weeds
from bot.simulator.scenes.surfaces import (
    clouds,
    concrete,
    sky,
    soil,
    stained,
    tinted,
)


def pond_unfenced(rng: Random) -> Scene:
    """Draw a deep pit pond beside a path, steep banks, no railing, a child's sandals and ball at the edge."""
    camera = Camera(
        (jitter(rng, 0.7), 2.1 + jitter(rng, 0.15), 0.0),
        yaw=jitter(rng, 5),
        pitch=-13 + jitter(rng, 2),
        roll=jitter(rng, 2),
        focal=0.72 + jitter(rng, 0.03),
    )
    canvas = Canvas(camera, rng, sun=(0.4, 0.7, 0.2))
    level = horizon(canvas)
    canvas.image.paste(sky(rng, (92, 140, 190), (212, 222, 224), level / HEIGHT, cover=0.9))
    hills(canvas, level + 8, 170, (146, 156, 152))
    hills(canvas, level + 14, 80, (128, 132, 102))
    canvas.surface(soil(rng, (1600, 1200), (150, 138, 92)), (-60, 0, 70), (120, 0, 0), (0, 0, -66))
    for x in (-9, -5.5, -2.5, 5, 8.5, 12):
        poplar(canvas, (x, 0, 24 + jitter(rng, 3)), 6 + jitter(rng, 1), leaves=(98, 124, 60))
    shore = [
        (7.4 * math.cos(t) * (1 + 0.07 * math.sin(3 * t + 1)), 7.0 * math.sin(t) * (1 + 0.06 * math.sin(4 * t)) + 11.5)
        for t in (2 * math.pi * s / 72 for s in range(72))
    ]
    deep = -1.1
    water = [(x * 0.9, deep, (z - 11.5) * 0.9 + 11.6) for x, z in shore]
    for number in range(72):  # the banks: far side seen from inside
        following = (number + 1) % 72
        (x0, z0), (x1, z1) = shore[number], shore[following]
        tone = shade((172, 140, 94), (0.62 + 0.3 * math.sin(number / 72 * 2 * math.pi)) * rng.uniform(0.93, 1.05))
        canvas.face([(x0, 0, z0), (x1, 0, z1), water[following], water[number]], tone)
    rough = canvas.image.copy()
    rough.paste(tinted(clouds(rng, (WIDTH, HEIGHT), 60, 5), (96, 74, 46), (186, 150, 104)))
    bank = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(bank).polygon([canvas.camera.project((x, 0, z)) for x, z in shore], fill=110)
    canvas.image.paste(rough, (0, 0), bank.filter(ImageFilter.GaussianBlur(1)))
    pool_of_water(canvas, water, (70, 92, 62), (176, 190, 176))
    near_bank = [(x, 0.0, z) for x, z in shore if z < 11.5]
    near_foot = [place for place in water if place[2] < 11.6]
    near_bank.sort(key=lambda place: place[0])
    near_foot.sort(key=lambda place: place[0])
    ground = soil(rng, (1600, 700), (166, 138, 96))
    mask = Image.new("L", (WIDTH, HEIGHT))
    edge = [canvas.camera.project(place) for place in near_bank]
    outline = [
        (-10.0, edge[0][1]),
        *edge,
        (WIDTH + 10.0, edge[-1][1]),
        (WIDTH + 10.0, HEIGHT + 10.0),
        (-10.0, HEIGHT + 10.0),
    ]
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    before = canvas.image.copy()
    canvas.surface(ground, (-16, 0, 12), (32, 0, 0), (0, 0, -12))
    canvas.image = Image.composite(canvas.image, before, mask.filter(ImageFilter.GaussianBlur(1.2)))
    lip = [(x, y + 4) for x, y in edge]
    canvas.fill([*edge, *[(x, y + 26) for x, y in reversed(lip)]], (112, 90, 58), opacity=0.5, blur=6)
    path = [(-16.0, 0.01, 3.0), (16, 0.01, 2.2), (16, 0.01, 0.6), (-16, 0.01, 0.9)]
    canvas.face(path, (194, 172, 132), opacity=0.55)
    reeds = [(x + jitter(rng, 0.4), -0.5, z + rng.uniform(-0.6, 0.3)) for x, z in shore if z > 14 for _ in range(5)]
    weeds(canvas, reeds, 1.2, (112, 128, 62))
    fringe = [(x + jitter(rng, 0.5), 0.0, z + rng.uniform(-0.6, 0.05)) for x, z in shore if z < 9 for _ in range(3)]
    weeds(canvas, fringe, 0.32, (132, 136, 70))
    weeds(canvas, scatter(rng, 60, (-5, 5), (1.6, 4.0)), 0.16, (126, 128, 66))
    _sandals(canvas, (0.75 + jitter(rng, 0.3), 0.0, 3.6))
    ball = (-0.55 + jitter(rng, 0.3), 0.0, 3.75)
    canvas.pool(ball, 0.16, 0.1, 0.6, 6)
    stripes: list[Colour] = [(208, 44, 40), (238, 232, 216), (40, 90, 168)]
    canvas.turned(
        ball,
        (0.3, 1, 0),
        [(0.14 - 0.14 * math.cos(math.pi * s / 12), 0.14 * math.sin(math.pi * s / 12)) for s in range(13)],
        lambda _row, column: stripes[column // 6 % 3],
        shine=0.6,
        caps=False,
    )
    return canvas, Mood(warmth=0.1, corners=0.38, grain=5, contrast=1.12, colour=1.1)


def _sandals(canvas: Canvas, at: Vector) -> None:
    for x, turn in ((0.0, 0.2), (0.24, -0.35)):

        def spot(u: float, v: float, y: float = 0.02, x: float = x, turn: float = turn) -> Vector:
            return add(at, (x + u * math.cos(turn) - v * math.sin(turn), y, u * math.sin(turn) + v * math.cos(turn)))

        canvas.pool(add(at, (x, 0, 0)), 0.1, 0.13, 0.5, 5)
        sole = [
            spot(0.06 * math.cos(t) * (1 + 0.15 * math.sin(t)), 0.14 * math.sin(t))
            for t in (2 * math.pi * s / 24 for s in range(24))
        ]
        canvas.face(sole, (216, 92, 134))
        canvas.face(
            [spot(p[0], p[1], 0.03) for p in ((-0.045, -0.1), (0.045, -0.1), (0.04, 0.1), (-0.04, 0.1))],
            (240, 156, 186),
        )
        for end in (-0.06, 0.06):
            canvas.tube(
                [spot(0.0, 0.1, 0.04), spot(end * 0.7, 0.05, 0.08), spot(end, -0.02, 0.03)], 0.012, (250, 236, 120)
            )


def culvert_flooded(rng: Random) -> Scene:
    """Draw an underpass full of brown water, a depth board half drowned, the mouth choked with branches."""
    camera = Camera(
        (jitter(rng, 0.8), 1.8, 0.0),
        yaw=jitter(rng, 5),
        pitch=-5 + jitter(rng, 1.5),
        roll=jitter(rng, 2.4),
        focal=0.78 + jitter(rng, 0.04),
    )
    canvas = Canvas(camera, rng, sun=(-0.3, 0.8, -0.4))
    canvas.ambient = 0.7
    canvas.image.paste(sky(rng, (122, 132, 142), (176, 182, 184), 0.5, cover=0.8))
    hills(canvas, 560, 160, (110, 122, 108))
    portal_z, wide, high, top = 11.0, 2.5, 3.1, 4.6
    canvas.surface(
        stained(soil(rng, (1400, 500), (112, 116, 70)), rng, (80, 96, 48), 0.8),
        (-20, top + 1.4, portal_z + 6),
        (40, 0, 0),
        (0, -1.6, -6),
        light=0.9,
    )
    face = stained(concrete(rng, (1800, 820), (158, 156, 150)), rng, (84, 82, 76), 0.9, 200)
    draw = ImageDraw.Draw(face)
    for streak in range(0, 1800, 40):  # rain streaks
        draw.line(
            (streak + jitter(rng, 20), 0, streak + jitter(rng, 20), rng.uniform(60, 420)),
            fill=(118, 116, 110),
            width=rng.choice((3, 5, 9)),
        )
    draw.rectangle((0, 0, 1800, 56), fill=(136, 134, 128))
    draw.line((0, 58, 1800, 58), fill=(76, 74, 70), width=8)
    for number in range(18):  # the striped height beam
        x = 610.0 + number * 32
        draw.polygon(
            [(x, 250), (x + 32, 250), (x + 16, 292), (x - 16, 292)], fill=(232, 196, 40) if number % 2 else (34, 32, 30)
        )
    canvas.surface(
        face.filter(ImageFilter.GaussianBlur(1.2)), (-10, top, portal_z), (20, 0, 0), (0, -top - 0.4, 0), light=0.95
    )
    arch: list[Vector] = [(-wide, -0.4, portal_z - 0.02), (-wide, high * 0.62, portal_z - 0.02)]
    arch += [
        (-wide * math.cos(t), high * 0.62 + high * 0.38 * math.sin(t), portal_z - 0.02)
        for t in (math.pi * s / 24 for s in range(25))
    ]
    arch += [(wide, -0.4, portal_z - 0.02)]
    canvas.face([(x * 1.09, y + (0.14 if y > 1 else 0), z) for x, y, z in arch], (118, 116, 110))
    canvas.face(arch, (22, 24, 24))
    inner = [(x * 0.34 + 0.1, 0.3 + y * 0.42, z) for x, y, z in arch]
    canvas.fill([canvas.camera.project(place) for place in inner], (132, 144, 140), blur=7)
    canvas.fill(
        [canvas.camera.project((x, y, portal_z)) for x, y in ((-wide, 1.2), (-0.9, 0.9), (-0.9, 0.2), (-wide, 0.1))],
        (52, 52, 50),
        opacity=0.7,
        blur=16,
    )
    for side in (-1, 1):  # wing walls along the road cut
        wing = stained(concrete(rng, (1200, 420), (146, 144, 136)), rng, (86, 84, 74), 0.8, 160)
        canvas.surface(
            wing,
            (side * 5.4, 2.6, 1.5),
            (side * -1.7, 0.6, portal_z - 1.5),
            (0, -3.4, 0),
            light=0.8 if side < 0 else 0.95,
        )
        bank = stained(soil(rng, (900, 400), (118, 122, 74)), rng, (88, 100, 52), 0.7)
        canvas.surface(bank, (side * 16, 4.2, 1.5), (side * -10.6, -1.6, 0), (0, 0.6, portal_z - 1.5), light=0.9)
    outline = [
        (-6.2, 0.0, 1.2),
        (6.2, 0, 1.2),
        (5.4, 0, 2.0),
        (3.8, 0, portal_z - 0.05),
        (-3.8, 0, portal_z - 0.05),
        (-5.4, 0, 2.0),
    ]
    pool_of_water(canvas, outline, (122, 86, 48), (178, 140, 92))
    canvas.fill(
        [
            canvas.camera.project(p)
            for p in (
                (-wide, 0.0, portal_z),
                (wide, 0.0, portal_z),
                (wide * 1.1, 0, portal_z - 3),
                (-wide * 1.1, 0, portal_z - 3),
            )
        ],
        (20, 18, 14),
        opacity=0.5,
        blur=18,
    )
    _depth_board(canvas, (3.0, -0.6, portal_z - 0.5))
    _driftwood(canvas, (-1.5, 0.0, portal_z - 0.8))
    slope = [(-7.0, 0.02, 3.1), (-2.0, 0.0, 2.4), (1.0, 0.0, 2.7), (7.0, 0.02, 2.3), (7, 0.02, 0.3), (-7, 0.02, 0.3)]
    canvas.fill([canvas.camera.project(place) for place in slope], (98, 92, 84), blur=5)
    asphalt = stained(concrete(rng, (1200, 300), (104, 98, 90)), rng, (120, 96, 66), 0.9, 140)
    canvas.surface(asphalt, (-7, 0.02, 2.15), (14, 0, 0), (0, 0, -1.8), light=0.9)
    shore = [canvas.camera.project(place) for place in slope[:4]]
    canvas.fill([*shore, *[(x, y + 16) for x, y in reversed(shore)]], (196, 178, 148), opacity=0.55, blur=5)
    rain = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(rain)
    for _ in range(520):
        x, y, long = rng.random() * WIDTH, rng.random() * HEIGHT, rng.uniform(24, 70)
        draw.line((x, y, x - long * 0.16, y + long), fill=rng.randint(30, 100), width=rng.choice((1, 2)))
    canvas.veil(rain.filter(ImageFilter.GaussianBlur(1)), (222, 226, 230))
    for _ in range(60):  # drops on the water
        place = (rng.uniform(-3.6, 3.6), 0.0, rng.uniform(3.2, portal_z - 1))
        reach = rng.uniform(0.04, 0.12)
        canvas.tube(
            [
                add(place, (reach * math.cos(t), 0, reach * math.sin(t)))
                for t in (2 * math.pi * s / 14 for s in range(15))
            ],
            0.004,
            (168, 146, 112),
            shine=0,
        )
    haze(canvas, 520, (176, 182, 186), 0.2, 300)
    return canvas, Mood(warmth=-0.3, corners=0.45, grain=8, contrast=1.1, colour=0.95)


def _depth_board(canvas: Canvas, at: Vector) -> None:
    """Stand a red and white depth board in the water."""
    board = Image.new("RGB", (90, 600), (240, 238, 230))
    draw = ImageDraw.Draw(board)
    for number in range(12):
        if number % 2:
            draw.rectangle((0, number * 50, 90, number * 50 + 49), fill=(200, 36, 34))
        for tick in range(5):
            draw.line(
                (0, number * 50 + tick * 10, 24 if tick else 44, number * 50 + tick * 10), fill=(30, 30, 30), width=3
            )
    above = board.crop((0, 0, 90, 400))
    canvas.surface(above, add(at, (0, 2.4, 0)), (0.3, 0, 0), (0, -1.8, 0))
    x, y = canvas.camera.project(add(at, (0.15, 0.6, 0)))
    canvas.fill([(x - 22, y), (x + 22, y), (x + 18, y + 70), (x - 18, y + 70)], (190, 130, 100), opacity=0.35, blur=5)


def _driftwood(canvas: Canvas, at: Vector) -> None:
    """Jam branches, straw and bags in the mouth of the culvert."""
    rng = canvas.rng
    canvas.pool(at, 1.6, 0.5, 0.5, 14)
    for _ in range(46):
        start = add(at, (rng.gauss(0, 0.75), rng.uniform(-0.02, 0.42), jitter(rng, 0.5)))
        turn = jitter(rng, 0.9)
        long = rng.uniform(0.4, 1.5)
        end = add(start, (long * math.cos(turn) * rng.choice((-1, 1)), long * math.sin(turn) * 0.6, jitter(rng, 0.3)))
        canvas.tube([start, end], rng.uniform(0.012, 0.04), shade((112, 88, 62), rng.uniform(0.6, 1.15)), shine=0.2)
    for colour in ((226, 226, 220), (196, 52, 48), (70, 110, 170), (230, 226, 214)):
        middle = add(at, (rng.gauss(0, 0.8), rng.uniform(0.05, 0.3), -0.4))
        ring = [
            add(middle, (rng.uniform(0.1, 0.22) * math.cos(t), 0.12 * math.sin(t), 0))
            for t in (2 * math.pi * s / 9 for s in range(9))
        ]
        canvas.face(ring, colour)
        canvas.face([add(p, (0.02, -0.04, 0)) for p in ring[4:8]], shade(colour, 0.7))
    weeds(canvas, [add(at, (rng.gauss(0, 0.9), 0.05, -0.45)) for _ in range(40)], 0.3, (134, 120, 70))
