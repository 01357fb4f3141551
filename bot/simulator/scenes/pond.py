"""The pit pond beside a path, without a railing and fenced."""

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
    Vector,
    add,
    jitter,
    scale,
    shade,
    subtract,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.landscape import hills, horizon, pool_of_water, poplar, scatter, weeds
from bot.simulator.scenes.surfaces import clouds, metal, sky, soil, tinted


def pond_unfenced(rng: Random) -> Scene:
    """Draw a deep pit pond beside a path, steep banks, no railing, a child's sandals and ball at the edge."""
    canvas = _pond(rng)
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


def pond_fenced(rng: Random) -> Scene:
    """Draw the same pond behind a railing, with a sign that forbids bathing, a lifebuoy and a pole."""
    canvas = _pond(rng, turn=-7)
    posts: list[Vector] = [
        (x, 0.0, 3.75 - 0.012 * x * x) for x in (-6.6, -5.1, -3.6, -2.1, -0.6, 0.9, 2.4, 3.9, 5.4, 6.9)
    ]
    for here, following in itertools.pairwise(posts):
        _panel(canvas, here, following)
    for post in posts:
        canvas.pool(post, 0.14, 0.08, 0.5, 6)
        canvas.body(add(post, (-0.13, 0, -0.1)), (0.26, 0.07, 0.2), metal(rng, (60, 20), (178, 176, 170)))
        canvas.tube([post, add(post, (0, 1.28, 0))], 0.042, (232, 236, 238), shine=0.7)
        canvas.tube([add(post, (0, 1.22, 0)), add(post, (0, 1.32, 0))], 0.046, (206, 44, 40))
    _bathing_sign(canvas, (0.42, 0.0, 3.5))
    _lifebuoy(canvas, (-1.35, 0.86, 3.6))
    return canvas, Mood(warmth=0.2, corners=0.36, grain=5, contrast=1.12, colour=1.1)


def _panel(canvas: Canvas, start: Vector, end: Vector) -> None:
    """Fill the bay between two posts: two rails and upright bars too close for a child to slip through."""
    white: Colour = (226, 232, 234)
    along = subtract(end, start)
    count = 12
    for number in range(1, count):
        foot = add(start, scale(along, number / count))
        canvas.tube([add(foot, (0, 0.1, 0)), add(foot, (0, 1.1, 0))], 0.013, shade(white, 0.95), shine=0.6)
    for height, thick in ((0.12, 0.024), (1.1, 0.032)):
        canvas.tube([add(start, (0, height, 0)), add(end, (0, height, 0))], thick, white, shine=0.7)
    ground = [
        add(start, (0, 0, -0.02)),
        add(end, (0, 0, -0.02)),
        add(end, (0.15, 0, -0.5)),
        add(start, (0.15, 0, -0.5)),
    ]
    canvas.shadow(ground, 0.16, 10)


def _bathing_sign(canvas: Canvas, at: Vector) -> None:
    """Put up a board: a swimmer in black over waves, under a red ring and bar."""
    board = Image.new("RGB", (520, 640), (246, 246, 242))
    pen = ImageDraw.Draw(board)
    pen.rectangle((0, 520, 519, 639), fill=(206, 36, 36))
    for row in range(2):
        pen.rectangle((70 + row * 50, 546 + row * 40, 450 - row * 50, 566 + row * 40), fill=(246, 246, 242))
    dark = (24, 24, 26)
    pen.ellipse((306, 180, 366, 240), fill=dark)
    pen.line([(150, 290), (236, 208), (300, 262)], fill=dark, width=34, joint="curve")
    pen.line([(160, 292), (330, 286)], fill=dark, width=40)
    for row in (336, 378):
        wave = [(110 + step * 5, row + 11 * math.sin(step * 0.42)) for step in range(61)]
        pen.line(wave, fill=dark, width=15, joint="curve")
    pen.ellipse((40, 36, 480, 476), outline=(206, 30, 34), width=42)
    pen.line((112, 112, 406, 402), fill=(206, 30, 34), width=36)
    pen.rectangle((0, 0, 519, 639), outline=(150, 150, 148), width=8)
    canvas.pool(at, 0.16, 0.1, 0.5, 7)
    canvas.tube([at, add(at, (0, 1.75, 0))], 0.04, (150, 154, 158))
    canvas.surface(
        board.filter(ImageFilter.GaussianBlur(1.2)), add(at, (-0.37, 1.86, -0.05)), (0.74, 0, 0), (0, -0.9, 0)
    )


def _lifebuoy(canvas: Canvas, at: Vector) -> None:
    """Hang an orange lifebuoy with its rope on the railing, and lean a bamboo pole beside it."""
    orange: Colour = (236, 96, 30)
    turns = [2 * math.pi * number / 48 for number in range(49)]
    ring = [add(at, (0.27 * math.cos(t), 0.27 * math.sin(t), -0.06)) for t in turns]
    canvas.tube(ring, 0.07, orange, shine=0.5)
    for start in (3, 15, 27, 39):
        canvas.tube(ring[start : start + 5], 0.073, (244, 244, 240), shine=0.4)
    slack = [0.365 + 0.02 * math.sin(4 * t) for t in turns]
    rope = [add(at, (far * math.cos(t), far * math.sin(t), -0.07)) for t, far in zip(turns, slack, strict=True)]
    canvas.tube(rope, 0.01, (228, 220, 190), shine=0.2)
    canvas.tube([add(at, (0.45, -0.86, -0.2)), add(at, (0.75, 1.2, 0.0))], 0.022, (196, 166, 84), shine=0.4)


def _pond(rng: Random, *, turn: float = 0.0) -> Canvas:
    """Draw the pond, its banks and the path before it, the phone held `turn` degrees further to the right."""
    camera = Camera(
        (jitter(rng, 0.7), 2.1 + jitter(rng, 0.15), 0.0),
        yaw=jitter(rng, 5) + turn,
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
    return canvas


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
