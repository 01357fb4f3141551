"""The distribution box, open and closed."""

from __future__ import annotations

import math
from random import Random

from PIL import ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import (
    Camera,
    Canvas,
    Colour,
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
    metal,
    soil,
    stained,
)


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
