"""Scenes of electricity: the torn cable, the distribution box open and closed."""

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
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.landscape import scatter, weeds
from bot.simulator.scenes.surfaces import (
    brick,
    clouds,
    concrete,
    metal,
    soil,
    stained,
    tinted,
)


def cable_torn(rng: Random) -> Scene:
    """Draw a cable lying on wet ground, its sheath torn, copper strands bare."""
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
    _puddle(canvas)
    shift = jitter(rng, 0.05)
    left = _lying(rng, (-1.3, 0.0, 0.95), (-0.2, 0.0, 0.8 + shift), 40)
    right = _lying(rng, (0.22, 0.0, 0.84 + shift), (1.5, 0.0, 1.25), 40)
    thick = 0.034
    for path in (left, right):
        under = [add(place, (0.02, 0, -0.035)) for place in path]
        for here, following in itertools.pairwise(under):
            canvas.shadow([here, following, add(following, (0.01, 0, -0.035)), add(here, (0.01, 0, -0.035))], 0.4, 8)
    sheath: Colour = (38, 38, 41)
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
        canvas.tube([add(place, (0, thick, 0)) for place in path], thick, sheath, shine=0.5)
    for end, way in ((torn_left, 1), (torn_right, -1)):
        _ragged_end(canvas, add(end, (0, thick, 0)), way, thick, sheath)
    _old_tape(canvas, left)
    dust = clouds(rng, (WIDTH, HEIGHT), 300, 5).point(lambda value: round(max(0, value - 150) * 0.35))
    canvas.veil(dust, (150, 138, 120))
    return canvas, Mood(warmth=-0.05, corners=0.45, grain=7, contrast=1.16, colour=1.08, blur=0.6)


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


def box_open(rng: Random) -> Scene:
    """Draw a distribution box by the wall, its door hanging open, live parts and tangled wires in reach."""
    canvas = _box_place(rng)
    _box_inside(canvas)
    return canvas, Mood(warmth=0.1, corners=0.42, grain=6, contrast=1.14, colour=1.06)


def box_closed(rng: Random) -> Scene:
    """Draw the same box shut, locked, with its warning sign and a swept ground."""
    canvas = _box_place(rng)
    rng_door = canvas.rng
    x, y, z, wide, high = BOX
    door = metal(rng_door, (460, 620), (196, 118, 66))
    pen = ImageDraw.Draw(door)
    pen.rectangle((14, 14, 445, 605), outline=(150, 76, 30), width=7)
    pen.rectangle((22, 22, 437, 597), outline=(236, 150, 80), width=3)
    pen.polygon([(230, 150), (340, 340), (120, 340)], fill=(24, 22, 20))
    pen.polygon([(230, 172), (322, 330), (138, 330)], fill=(250, 206, 30))
    pen.polygon([(236, 200), (204, 268), (230, 268), (214, 318), (262, 250), (234, 250), (252, 204)], fill=(24, 22, 20))
    pen.rectangle((150, 400, 310, 470), fill=(244, 240, 226))
    for row in range(3):
        pen.rectangle((162, 410 + row * 20, 162 + 120 - row * 24, 418 + row * 20), fill=(70, 70, 72))
    for row in range(5):
        pen.rectangle((150, 520 + row * 14, 310, 525 + row * 14), fill=(130, 66, 28))
    pen.rectangle((396, 280, 430, 360), fill=(70, 70, 74))
    canvas.surface(door.filter(ImageFilter.GaussianBlur(0.8)), (x, y + high, z - 0.012), (wide, 0, 0), (0, -high, 0))
    lock: Vector = (x + wide * 0.9, y + high * 0.45, z - 0.03)
    arch = [add(lock, (0.022 * math.cos(t), 0.035 * math.sin(t), 0)) for t in (math.pi * s / 12 for s in range(13))]
    canvas.tube(arch, 0.006, (206, 208, 212), shine=0.9)
    canvas.body(add(lock, (-0.035, -0.06, -0.01)), (0.07, 0.06, 0.02), metal(rng_door, (60, 60), (206, 164, 70)))
    return canvas, Mood(warmth=0.1, corners=0.4, grain=6, contrast=1.12, colour=1.06, brightness=1.03)


BOX = (-0.52, 0.72, 2.2, 0.9, 1.22)  # left, bottom, front, width, height in metres


def _box_place(rng: Random) -> Canvas:
    camera = Camera(
        (0.1 + jitter(rng, 0.25), 1.42 + jitter(rng, 0.08), 0.0),
        yaw=jitter(rng, 4),
        pitch=-3 + jitter(rng, 1.5),
        roll=jitter(rng, 2.4),
        focal=0.8 + jitter(rng, 0.04),
    )
    canvas = Canvas(camera, rng, sun=(-0.45, 0.65, -0.6))
    wall = stained(brick(rng, (1700, 1050), (154, 92, 72), course=42), rng, (90, 84, 76), 0.5, 240)
    canvas.surface(wall, (-3, 3.2, 2.5), (6, 0, 0), (0, -3.2, 0), light=0.92)
    canvas.surface(
        stained(soil(rng, (1300, 700), (146, 124, 96)), rng, (92, 80, 62), 0.7), (-3, 0, 2.5), (6, 0, 0), (0, 0, -2.5)
    )
    x, y, z, wide, high = BOX
    canvas.shadow(
        [
            (x + 0.1, y - 0.1, 2.49),
            (x + wide + 0.3, y - 0.1, 2.49),
            (x + wide + 0.3, y + high - 0.1, 2.49),
            (x + 0.1, y + high - 0.1, 2.49),
        ],
        0.5,
        16,
    )
    for foot in (x + 0.1, x + wide - 0.16):
        canvas.body((foot, 0, z + 0.1), (0.06, y, 0.06), metal(rng, (40, 200), (92, 90, 88), rust=0.4))
    canvas.pool((x + wide / 2, 0, z + 0.15), 0.6, 0.14, 0.5, 14)
    shell = metal(rng, (300, 420), (200, 122, 70), rust=0.12)
    canvas.body((x, y, z), (wide, high, 0.28), [shell, shell, shell])
    canvas.body(
        (x - 0.05, y + high, z - 0.06), (wide + 0.1, 0.05, 0.36), metal(rng, (300, 30), (176, 104, 58), rust=0.2)
    )
    for number in range(3):
        start: Vector = (x + 0.25 + number * 0.2, y, z + 0.12)
        canvas.tube(
            [start, add(start, (0.02, -0.4, 0)), add(start, (0.1 - number * 0.06, -0.71, -0.04))], 0.02, (34, 34, 36)
        )
    canvas.tube([(x + 0.45, 3.2, 2.46), (x + 0.45, y + high + 0.04, 2.4)], 0.03, (52, 52, 54))
    weeds(canvas, scatter(rng, 60, (-2.6, 2.4), (1.5, 2.4)), 0.22, (112, 122, 62))
    return canvas


def _box_inside(canvas: Canvas) -> None:
    rng = canvas.rng
    x, y, z, wide, high = BOX
    plate = metal(rng, (460, 620), (196, 194, 184))
    draw = ImageDraw.Draw(plate)
    draw.rectangle((0, 0, 459, 619), outline=(60, 58, 54), width=16)
    draw.rectangle((60, 70, 400, 84), fill=(200, 50, 44))
    draw.rectangle((60, 96, 400, 110), fill=(52, 150, 74))
    draw.rectangle((60, 122, 400, 136), fill=(222, 188, 50))
    _breaker(draw, (150, 156, 310, 280), 3, (46, 46, 50))
    for column in range(5):
        left = 56 + column * 72
        if column == 3:
            draw.rectangle((left, 330, left + 58, 440), fill=(32, 30, 30))  # a breaker is gone: bare terminals
            for row in (346, 420):
                draw.ellipse((left + 18, row - 8, left + 40, row + 12), fill=(212, 160, 70))
        else:
            _breaker(draw, (left, 330, left + 58, 440), 1, (232, 230, 222))
    draw.rectangle((50, 322, 410, 328), fill=(110, 108, 102))
    draw.rectangle((60, 560, 400, 582), fill=(176, 130, 60))
    for column in range(11):
        draw.ellipse((66 + column * 31, 563, 82 + column * 31, 579), fill=(120, 84, 36))
    canvas.surface(
        plate.filter(ImageFilter.GaussianBlur(0.7)),
        (x + 0.03, y + high - 0.03, z + 0.06),
        (wide - 0.06, 0, 0),
        (0, -high + 0.06, 0),
        light=0.9,
    )
    canvas.shadow(
        [
            (x + 0.03, y + high - 0.03, z + 0.05),
            (x + wide - 0.03, y + high - 0.03, z + 0.05),
            (x + wide - 0.03, y + high - 0.2, z + 0.05),
            (x + 0.03, y + high - 0.16, z + 0.05),
        ],
        0.5,
        14,
    )
    colours: list[Colour] = [(196, 40, 38), (44, 90, 170), (218, 190, 46), (50, 140, 70), (34, 34, 36)]
    for number in range(17):
        a: Vector = (x + rng.uniform(0.14, wide - 0.14), y + high * rng.choice((0.24, 0.28, 0.52)), z + 0.03)
        b: Vector = (x + rng.uniform(0.14, wide - 0.14), y + high * rng.choice((0.08, 0.46, 0.82)), z + 0.03)
        sag = jitter(rng, 0.16)
        path = [
            add(
                add(scale(a, 1 - s), scale(b, s)),
                (sag * math.sin(math.pi * s), -abs(sag) * math.sin(math.pi * s), -0.04 * math.sin(math.pi * s)),
            )
            for s in (step / 16 for step in range(17))
        ]
        canvas.tube(path, 0.009, colours[number % 5], shine=0.6)
    for number in range(4):  # wires that come out over the edge and hang down
        a = (x + 0.2 + number * 0.17, y + high * 0.3, z + 0.02)
        path = [
            add(a, (0.05 * s * (number - 1.5), -0.16 * s - 0.045 * s * s, -0.05 * math.sin(s)))
            for s in (step / 4 for step in range(15))
        ]
        canvas.tube(path, 0.011, colours[number], shine=0.6)
        if number in (0, 2):
            canvas.tube([path[-1], add(path[-1], (0.01, -0.05, 0))], 0.006, (222, 132, 66), shine=1)
    door = metal(rng, (420, 600), (194, 116, 64), rust=0.16)
    pen = ImageDraw.Draw(door)
    pen.rectangle((14, 14, 405, 585), outline=(140, 72, 30), width=9)
    pen.rectangle((120, 90, 300, 330), fill=(232, 226, 206))
    for row in range(6):
        pen.rectangle((136, 110 + row * 34, 136 + rng.randint(70, 140), 118 + row * 34), fill=(96, 92, 84))
    swing = math.radians(112 + jitter(rng, 6))
    hinge: Vector = (x + wide, y + high, z - 0.01)
    along: Vector = (-wide * math.cos(swing), 0.0, -wide * 0.98 * math.sin(swing))
    canvas.shadow(
        [
            add(hinge, (0.02, -0.1, 0.29)),
            add(hinge, (0.75, -0.1, 0.29)),
            add(hinge, (0.75, -high - 0.1, 0.29)),
            add(hinge, (0.02, -high, 0.29)),
        ],
        0.4,
        18,
    )
    canvas.surface(door.filter(ImageFilter.GaussianBlur(0.8)), hinge, along, (0, -high, 0.0), light=0.82)


def _breaker(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], poles: int, colour: Colour) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, fill=colour, outline=(40, 40, 42), width=3)
    step = (right - left) / poles
    for number in range(poles):
        middle = left + step * (number + 0.5)
        draw.rectangle(
            (middle - 14, top + (bottom - top) * 0.36, middle + 14, top + (bottom - top) * 0.66),
            fill=shade(colour, 0.5),
        )
        draw.rectangle(
            (middle - 9, top + (bottom - top) * 0.38, middle + 9, top + (bottom - top) * 0.5),
            fill=(30, 80, 160) if poles == 1 else (210, 206, 196),
        )
        draw.ellipse((middle - 7, top + 8, middle + 7, top + 22), fill=(168, 160, 140))
        draw.ellipse((middle - 7, bottom - 22, middle + 7, bottom - 8), fill=(168, 160, 140))
