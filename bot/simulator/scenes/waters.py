"""Scenes of water: the flooded culvert."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import (
    HEIGHT,
    WIDTH,
    Camera,
    Canvas,
    Vector,
    add,
    jitter,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.landscape import haze, hills, pool_of_water, weeds
from bot.simulator.scenes.surfaces import (
    concrete,
    sky,
    soil,
    stained,
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
