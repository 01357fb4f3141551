"""The scaffold that nothing ties to the wall."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw

from bot.simulator.scenes.canvas import (
    HEIGHT,
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
from bot.simulator.scenes.landscape import hills, horizon, house, scatter, weeds
from bot.simulator.scenes.surfaces import (
    brick,
    grain,
    sky,
    soil,
    stained,
)


def scaffold_untied(rng: Random) -> Scene:
    """Draw a tall pole scaffold leaning off a new brick wall: no ties, no net, loose boards with gaps."""
    camera = Camera(
        (-2.8 + jitter(rng, 0.7), 1.6, 0.0),
        yaw=11 + jitter(rng, 3), pitch=13 + jitter(rng, 1.5), roll=jitter(rng, 2.2), focal=0.7 + jitter(rng, 0.03),
    )  # fmt: skip
    canvas = Canvas(camera, rng, sun=(-0.6, 0.65, -0.5))
    level = horizon(canvas)
    canvas.image.paste(sky(rng, (98, 146, 198), (212, 220, 222), min(0.98, level / HEIGHT), cover=0.8))
    hills(canvas, level + 8, 90, (140, 148, 146))
    canvas.surface(
        stained(soil(rng, (1500, 1300), (168, 148, 118)), rng, (124, 112, 96), 0.6),
        (-30, 0, 40),
        (60, 0, 0),
        (0, 0, -40),
    )
    house(canvas, (-15, 0, 22), 7, 3.2, 4, brick(rng, (600, 300), (150, 92, 72), course=18))
    wall = brick(rng, (2400, 1900), (170, 94, 70), course=30)
    draw = ImageDraw.Draw(wall)
    for top in (240, 900):
        for left in (320, 1080, 1840):
            draw.rectangle((left, top, left + 320, top + 400), fill=(46, 46, 48))
            draw.rectangle((left - 20, top + 400, left + 340, top + 430), fill=(170, 166, 156))
            draw.rectangle((left - 24, top - 34, left + 344, top), fill=(164, 160, 150))
            draw.polygon([(left, top), (left + 80, top), (left, top + 260)], fill=(74, 72, 70))
    draw.rectangle((0, 790, 2400, 840), fill=(166, 162, 152))
    tooth = Image.new("L", wall.size, 255)
    pen = ImageDraw.Draw(tooth)
    for column in range(26):
        step = 30 * rng.randint(0, 4)
        pen.rectangle((column * 93, 0, column * 93 + 93, step), fill=0)
    wall.putalpha(tooth)
    corner: Vector = (-2.6, 7.6, 7.6)
    run: Vector = (10.5, 0.0, 2.2)
    canvas.surface(wall, corner, run, (0, -7.6, 0), light=0.98)
    gable = brick(rng, (700, 1500), (150, 84, 62), course=30)
    canvas.surface(gable, (-3.4, 7.2, 11.2), (0.8, 0.3, -3.6), (0, -7.3, 0), light=0.7)
    _poles(canvas, corner, run)
    for _ in range(5):
        at = (rng.uniform(-4.5, 1.5), 0.0, rng.uniform(4.2, 5.4))
        canvas.pool(add(at, (0.2, 0, 0)), 0.4, 0.2, 0.45, 8)
        for layer in range(rng.randint(2, 4)):
            canvas.body(
                add(at, (jitter(rng, 0.05), layer * 0.1, 0)),
                (0.48, 0.1, 0.24),
                brick(rng, (120, 40), (170, 94, 70), course=38),
                yaw=jitter(rng, 14),
            )
    weeds(canvas, scatter(rng, 60, (-8, 6), (3, 7)), 0.2, (140, 134, 76))
    return canvas, Mood(warmth=0.18, corners=0.42, grain=5, contrast=1.14, colour=1.06)


def _poles(canvas: Canvas, corner: Vector, run: Vector) -> None:
    """Draw poles, ledgers and boards; the whole frame leans away from the wall and nothing ties it."""
    rng = canvas.rng
    bays, lifts, rise = 6, 4, 1.85
    tube: Colour = (166, 128, 62)

    def node(bay: float, lift: float, row: int) -> Vector:
        share = bay / bays * 0.96 + 0.01
        lean = lift * 0.12 + 0.03 * math.sin(bay * 2 + lift)
        out = 0.55 + row * 1.05 + lean * (1.2 if row else 1.0)
        return add(
            (corner[0] + run[0] * share, 0, corner[2] + run[2] * share), (out * 0.2 + lift * 0.06, lift * rise, -out)
        )

    for row in (0, 1):
        for bay in range(bays, -1, -1):
            shadow = node(bay, 0, row)
            canvas.pool(shadow, 0.1, 0.06, 0.6, 5)
    for row in (0, 1):
        for lift in range(lifts, 0, -1):
            for bay in range(bays - 1, -1, -1):
                if (row, lift, bay) in ((1, 3, 2), (0, 2, 4)):
                    continue  # a ledger is missing
                canvas.tube(
                    [
                        add(node(bay, lift, row), (-0.12, jitter(rng, 0.03), 0)),
                        add(node(bay + 1, lift, row), (0.12, jitter(rng, 0.03), 0)),
                    ],
                    0.034,
                    shade(tube, rng.uniform(0.8, 1.1)),
                )
        for bay in range(bays, -1, -1):
            extra = rng.uniform(0.1, 0.5)
            canvas.tube(
                [node(bay, 0, row), node(bay, 2, row), node(bay, lifts + extra, row)],
                0.04,
                shade(tube, rng.uniform(0.85, 1.15)),
                shine=0.6,
            )
        if row == 0:
            for lift in (3, 2, 1):
                _boards(canvas, node, lift, bays)
    for bay in range(bays + 1):
        for lift in range(1, lifts + 1):
            canvas.tube(
                [add(node(bay, lift, 0), (0, 0, 0.12)), add(node(bay, lift, 1), (0, 0, -0.15))], 0.024, shade(tube, 0.8)
            )
            x, y = canvas.camera.project(node(bay, lift, 1))
            reach = canvas.camera.pixels(node(bay, lift, 1), 0.05)
            canvas.fill(
                [(x - reach, y - reach), (x + reach, y - reach), (x + reach, y + reach), (x - reach, y + reach)],
                (86, 62, 44),
                blur=1,
            )
    canvas.tube([node(0.05, 0, 1), node(1.3, 2, 1)], 0.024, (120, 96, 60))


def _boards(canvas: Canvas, node: Callable[[float, float, int], Vector], lift: int, bays: int) -> None:
    """Lay loose boards on one lift, with gaps a foot goes through."""
    rng = canvas.rng
    for bay in range(bays - 1, -1, -1):
        for slot in (0.15, 0.45, 0.75):
            if rng.random() < 0.34:
                continue  # gaps a foot goes through
            a, b = node(bay - 0.06, lift, 0), node(bay + 1.06, lift, 0)
            c = node(bay - 0.06, lift, 1)
            start = add(add(scale(a, 1 - slot), scale(c, slot)), (0, 0.06, 0))
            along = add(add(b, scale(a, -1)), (jitter(rng, 0.1), jitter(rng, 0.05), jitter(rng, 0.08)))
            board = grain(rng, (420, 60), shade((176, 138, 90), rng.uniform(0.8, 1.1)))
            canvas.surface(board, start, along, (0.02, 0, -0.24), light=0.7)
            canvas.surface(board, add(start, (0.02, 0, -0.24)), along, (0, -0.05, 0), light=0.95)
