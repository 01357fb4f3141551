"""The expired extinguisher in its corner."""

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
    bezier,
    jitter,
    mix,
    scale,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.surfaces import (
    plaster,
    stained,
    tiles,
)


def extinguisher_expired(rng: Random) -> Scene:
    """Draw a dusty extinguisher close by, the needle of its gauge in the red."""
    camera = Camera(
        (jitter(rng, 0.06), 0.62 + jitter(rng, 0.03), 0.0),
        yaw=jitter(rng, 3),
        pitch=-9 + jitter(rng, 2),
        roll=jitter(rng, 3),
        focal=0.95 + jitter(rng, 0.04),
    )
    canvas = Canvas(camera, rng, sun=(-0.55, 0.65, -0.6))
    wall = stained(plaster(rng, (1300, 900), (198, 194, 180)), rng, (140, 128, 108), 0.6, 220)
    ImageDraw.Draw(wall).rectangle((0, 800, 1300, 900), fill=(110, 74, 56))
    floor = stained(tiles(rng, (1000, 700), (150, 142, 130), side=170), rng, (90, 80, 66), 0.6, 200)
    canvas.surface(wall, (-1.5, 1.5, 1.5), (3, 0, 0), (0, -1.5, 0), light=0.84)
    canvas.surface(floor, (-1.5, 0, 1.5), (3, 0, 0), (0, 0, -1.5), light=0.88)
    canvas.shadow([(-1.5, 0, 1.49), (1.5, 0, 1.49), (1.5, 0, 1.38), (-1.5, 0, 1.38)], 0.4, 14)
    _cobweb(canvas)
    at: Vector = (0.02, 0.0, 1.05)
    canvas.shadow([(0.0, 0, 1.0), (0.12, 0, 1.0), (0.7, 0, 1.3), (0.6, 0, 1.42)], 0.5, 26)
    canvas.pool(at, 0.17, 0.1, 0.7, 12)
    _extinguisher(canvas, at)
    return canvas, Mood(warmth=0.1, corners=0.5, grain=8, contrast=1.12)


def _cobweb(canvas: Canvas) -> None:
    rng = canvas.rng
    corner: Vector = (0.13, 0.3, 1.02)
    ends = [add(corner, (0.32 * math.cos(t), 0.3 * math.sin(t), 0.3)) for t in (-0.7, -0.35, 0.0, 0.35, 0.75)]
    for end in ends:
        canvas.tube([corner, end], 0.0008, (224, 224, 220), shine=0)
    for share in (0.3, 0.5, 0.7, 0.85):
        ring = [add(corner, scale(add(end, scale(corner, -1)), share + jitter(rng, 0.03))) for end in ends]
        canvas.tube(ring, 0.0006, (222, 222, 218), shine=0)


def _extinguisher(canvas: Canvas, at: Vector) -> None:
    rng = canvas.rng
    red: Colour = (188, 26, 28)
    rust = [rng.random() for _ in range(60)]

    def paint(row: int, column: int) -> Colour:
        if row <= 1:
            return mix((54, 50, 50), (124, 70, 40), rust[column % 60] * 0.8)
        return shade(red, 0.94 + 0.1 * rust[(column * 3) % 60])

    canvas.turned(
        at,
        (0, 1, 0),
        [
            (0, 0.086),
            (0.03, 0.09),
            (0.035, 0.093),
            (0.1, 0.095),
            (0.44, 0.095),
            (0.49, 0.088),
            (0.53, 0.066),
            (0.555, 0.034),
            (0.58, 0.03),
        ],
        paint,
        shine=0.75,
        sides=60,
    )
    # The paper label, wrapped round the front: three strips of colour and rows of print.
    for column in range(-16, 17):
        a, b = math.radians(column * 3.6 - 92), math.radians((column + 1) * 3.6 - 92)
        for low, high, colour in (
            (0.15, 0.4, (228, 220, 198)),
            (0.355, 0.4, (52, 84, 150)),
            (0.15, 0.175, (206, 160, 40)),
        ):
            ring = [
                (at[0] + 0.0955 * math.cos(t), at[1] + h, at[2] + 0.0955 * math.sin(t))
                for t, h in ((a, low), (b, low), (b, high), (a, high))
            ]
            canvas.face(ring, shade(colour, canvas.light_on((math.cos(a), 0.0, math.sin(a))) * 0.95))
        if abs(column) < 13:
            for row in range(7):
                if rng.random() < 0.72:
                    y = 0.2 + row * 0.021
                    ring = [
                        (at[0] + 0.0957 * math.cos(t), at[1] + h, at[2] + 0.0957 * math.sin(t))
                        for t, h in ((a, y), (b - 0.01, y), (b - 0.01, y + 0.009), (a, y + 0.009))
                    ]
                    canvas.face(ring, (104, 94, 84))
    stain = [
        canvas.camera.project(add(at, (u, v, -0.096)))
        for u, v in ((-0.06, 0.4), (-0.02, 0.41), (-0.03, 0.24), (-0.045, 0.17), (-0.055, 0.26))
    ]
    canvas.fill(stain, (120, 72, 36), opacity=0.45, blur=6)
    neck = add(at, (0, 0.57, 0))
    canvas.turned(
        neck, (0, 1, 0), [(0, 0.034), (0.05, 0.034), (0.06, 0.024), (0.085, 0.024)], (196, 176, 116), shine=0.9
    )
    lever: Colour = (40, 40, 42)
    canvas.tube(
        [add(neck, (-0.02, 0.085, 0)), add(neck, (0.08, 0.1, 0)), add(neck, (0.16, 0.085, -0.01))], 0.014, lever
    )
    canvas.tube([add(neck, (-0.02, 0.1, 0)), add(neck, (0.07, 0.14, 0)), add(neck, (0.17, 0.15, -0.01))], 0.013, lever)
    hose = [
        bezier(
            add(neck, (-0.03, 0.06, 0)),
            add(neck, (-0.24, 0.1, -0.02)),
            add(at, (-0.22, 0.4, -0.04)),
            add(at, (-0.135, 0.12, -0.05)),
            s / 26,
        )
        for s in range(27)
    ]
    canvas.tube(hose, 0.0125, (28, 28, 30), shine=0.4)
    canvas.turned(
        add(at, (-0.135, 0.13, -0.05)), (0.05, -1, 0), [(0, 0.012), (0.02, 0.018), (0.1, 0.024)], (34, 34, 36)
    )
    ring = [
        add(neck, (0.055 + 0.024 * math.cos(t), 0.112 + 0.024 * math.sin(t), -0.02))
        for t in (2 * math.pi * s / 20 for s in range(21))
    ]
    canvas.tube(ring, 0.003, (190, 192, 196))
    _gauge(canvas, add(neck, (0.0, 0.028, -0.036)))
    # The inspection card on a string, its squares empty.
    card = Image.new("RGB", (200, 280), (236, 230, 206))
    pen = ImageDraw.Draw(card)
    pen.rectangle((0, 0, 199, 46), fill=(188, 50, 46))
    for row in range(5):
        for column in range(4):
            pen.rectangle(
                (14 + column * 44, 62 + row * 42, 54 + column * 44, 100 + row * 42), outline=(120, 104, 84), width=3
            )
    for row, column in ((0, 0), (0, 1), (0, 2), (1, 0)):
        x, y = 20 + column * 44, 70 + row * 42
        pen.line([(x, y + 12), (x + 10, y + 22), (x + 28, y)], fill=(40, 60, 140), width=5)
    card = stained(card, rng, (150, 116, 70), 0.7, 80).filter(ImageFilter.GaussianBlur(0.8))
    hook, top = add(neck, (0.05, 0.08, -0.02)), add(at, (0.155, 0.49, -0.07))
    canvas.tube([hook, top], 0.0018, (230, 226, 214))
    canvas.shadow(
        [add(at, p) for p in ((0.13, 0.46, 0.02), (0.24, 0.48, 0.02), (0.24, 0.3, 0.02), (0.13, 0.3, 0.02))], 0.25, 10
    )
    canvas.surface(card, add(at, (0.1, 0.485, -0.07)), (0.115, 0.018, 0), (0.022, -0.158, 0))


def _gauge(canvas: Canvas, at: Vector) -> None:
    """Draw the pressure gauge: red, green and yellow fields, the needle down in the red."""
    dial = Image.new("RGBA", (480, 480), (0, 0, 0, 0))
    pen = ImageDraw.Draw(dial)
    pen.ellipse((6, 6, 474, 474), fill=(92, 92, 90, 255))
    pen.ellipse((16, 16, 464, 464), fill=(206, 204, 196, 255))
    pen.ellipse((40, 40, 440, 440), fill=(246, 244, 234, 255))
    for start, end, colour in ((150, 222, (206, 30, 30)), (222, 312, (40, 156, 70)), (312, 390, (232, 190, 40))):
        pen.arc((70, 70, 410, 410), start, end, fill=(*colour, 255), width=64)
    for angle in range(150, 391, 24):
        turn = math.radians(angle)
        pen.line(
            [
                (240 + 176 * math.cos(turn), 240 + 176 * math.sin(turn)),
                (240 + 196 * math.cos(turn), 240 + 196 * math.sin(turn)),
            ],
            fill=(20, 20, 20, 255),
            width=7,
        )
    turn = math.radians(166)
    pen.line(
        [
            (240 - 50 * math.cos(turn), 240 - 50 * math.sin(turn)),
            (240 + 164 * math.cos(turn), 240 + 164 * math.sin(turn)),
        ],
        fill=(16, 16, 16, 255),
        width=17,
    )
    pen.ellipse((212, 212, 268, 268), fill=(16, 16, 16, 255))
    pen.polygon([(90, 120), (200, 50), (236, 60), (110, 160)], fill=(255, 255, 255, 90))
    dial = dial.filter(ImageFilter.GaussianBlur(1))
    reach = 0.047
    canvas.shadow(
        [add(at, p) for p in ((-0.03, -0.07, 0.02), (0.06, -0.07, 0.02), (0.06, 0.02, 0.02), (-0.03, 0.02, 0.02))],
        0.35,
        8,
    )
    canvas.surface(dial, add(at, (-reach, reach, 0)), (reach * 2, 0, 0), (0, -reach * 2, 0), light=1.02)
