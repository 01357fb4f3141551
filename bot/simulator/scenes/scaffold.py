"""The scaffold that nothing ties to the wall, and the same one tied, boarded and netted."""

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
    subtract,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.landscape import hills, horizon, house, scatter, weeds
from bot.simulator.scenes.surfaces import (
    brick,
    clouds,
    grain,
    sky,
    soil,
    stained,
    tinted,
)

CORNER: Vector = (-2.6, 7.6, 7.6)  # top left of the wall in metres, and the way it runs
RUN: Vector = (10.5, 0.0, 2.2)
BAYS, LIFTS, RISE = 6, 4, 1.85
TUBE: Colour = (166, 128, 62)


def scaffold_untied(rng: Random) -> Scene:
    """Draw a tall pole scaffold leaning off a new brick wall: no ties, no net, loose boards with gaps."""
    canvas = _building_site(rng)
    _poles(canvas)
    _bricks_on_the_ground(canvas)
    return canvas, Mood(warmth=0.18, corners=0.42, grain=5, contrast=1.14, colour=1.06)


def scaffold_tied(rng: Random) -> Scene:
    """Draw the same scaffold upright: ties to the wall, braces, whole boards with rails, the net hung outside."""
    canvas = _building_site(rng, turn=-3)
    _upright_poles(canvas)
    _net(canvas)
    _fence(canvas)
    return canvas, Mood(warmth=0.1, corners=0.38, grain=4, contrast=1.12, colour=1.06)


def _building_site(rng: Random, *, turn: float = 0.0) -> Canvas:
    """Draw the site and the wall of the new house, the phone held `turn` degrees further to the right."""
    camera = Camera(
        (-2.8 + jitter(rng, 0.7), 1.6, 0.0),
        yaw=11 + jitter(rng, 3) + turn,
        pitch=13 + jitter(rng, 1.5),
        roll=jitter(rng, 2.2),
        focal=0.7 + jitter(rng, 0.03),
    )
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
    canvas.surface(wall, CORNER, RUN, (0, -7.6, 0), light=0.98)
    gable = brick(rng, (700, 1500), (150, 84, 62), course=30)
    canvas.surface(gable, (-3.4, 7.2, 11.2), (0.8, 0.3, -3.6), (0, -7.3, 0), light=0.7)
    return canvas


def _bricks_on_the_ground(canvas: Canvas) -> None:
    rng = canvas.rng
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


def _upright(bay: float, lift: float, row: int) -> Vector:
    """Return a node of the scaffold that stands as it should; row 0 is at the wall, row 1 outside."""
    share = bay / BAYS * 0.96 + 0.01
    out = 0.45 + row * 1.05
    return add((CORNER[0] + RUN[0] * share, 0, CORNER[2] + RUN[2] * share), (out * 0.2, lift * RISE, -out))


def _upright_poles(canvas: Canvas) -> None:
    """Draw poles on base plates, ledgers, ties into the wall, full boards with two rails, and the braces."""
    rng = canvas.rng
    rust: Colour = (190, 60, 50)
    for row in (0, 1):
        for bay in range(BAYS, -1, -1):
            foot = _upright(bay, 0, row)
            canvas.pool(foot, 0.16, 0.1, 0.5, 6)
            canvas.body(add(foot, (-0.16, 0, -0.1)), (0.32, 0.05, 0.2), grain(rng, (80, 20), (150, 118, 80)))
        for lift in range(LIFTS, 0, -1):
            for bay in range(BAYS - 1, -1, -1):
                ends = [add(_upright(bay, lift, row), (-0.1, 0, 0)), add(_upright(bay + 1, lift, row), (0.1, 0, 0))]
                canvas.tube(ends, 0.034, shade(TUBE, rng.uniform(0.9, 1.05)))
        for bay in range(BAYS, -1, -1):
            canvas.tube([_upright(bay, 0, row), _upright(bay, LIFTS + 0.55, row)], 0.04, shade(TUBE, 1.05), shine=0.6)
            for lift in (1, 2, 3, 4) if row == 0 else ():
                if (bay + lift) % 2 == 0:  # every other node, staggered
                    node = _upright(bay, lift, 0)
                    canvas.tube([add(node, (-0.09, 0.02, 0.45)), add(node, (0, 0.02, -0.12))], 0.03, rust)
                    canvas.body(add(node, (-0.2, -0.08, 0.42)), (0.2, 0.2, 0.03), grain(rng, (20, 20), rust))
        if row == 0:
            for lift in (3, 2, 1):
                _whole_boards(canvas, lift)
    for bay in range(BAYS + 1):
        for lift in range(1, LIFTS + 1):
            ends = [add(_upright(bay, lift, 0), (0, 0, 0.12)), add(_upright(bay, lift, 1), (0, 0, -0.15))]
            canvas.tube(ends, 0.024, shade(TUBE, 0.85))
    for start in (0, 2, 4):  # braces over two bays and all lifts, there and back
        canvas.tube([_upright(start, 0, 1), _upright(start + 2, 2.2, 1), _upright(start, LIFTS + 0.4, 1)], 0.03, rust)


def _whole_boards(canvas: Canvas, lift: int) -> None:
    """Lay boards from pole to pole without a gap, with a toe board and two rails outside."""
    start, end, outer = _upright(-0.05, lift, 0), _upright(BAYS + 0.05, lift, 0), _upright(-0.05, lift, 1)
    along, across = subtract(end, start), subtract(outer, start)
    deck = grain(canvas.rng, (1400, 160), (182, 144, 96))
    pen = ImageDraw.Draw(deck)
    for row in range(32, 160, 32):
        pen.line((0, row, 1400, row), fill=(96, 72, 46), width=3)
    canvas.surface(deck, add(start, (0, 0.06, 0)), along, across, light=0.72)
    toe = Image.new("RGB", (1400, 24), (226, 190, 50))
    pen = ImageDraw.Draw(toe)
    for left in range(0, 1400, 56):
        pen.polygon([(left, 24), (left + 28, 24), (left + 40, 0), (left + 12, 0)], fill=(34, 32, 30))
    canvas.surface(toe, add(outer, (0, 0.24, 0)), along, (0, -0.2, 0), light=0.95)
    for height in (0.6, 1.15):
        rail = add(outer, (0, height, 0))
        canvas.tube([rail, add(rail, along)], 0.026, (196, 60, 50))


def _net(canvas: Canvas) -> None:
    """Hang the green close-meshed net outside, lift by lift, from the first lift up; what is behind shows through."""
    green: Colour = (38, 122, 76)
    for lift in (3, 2, 1):
        for bay in range(BAYS - 1, -1, -1):
            cloth = tinted(clouds(canvas.rng, (260, 260), 90, 5), shade(green, 0.7), shade(green, 1.3), green)
            pen = ImageDraw.Draw(cloth)
            for step in range(0, 260, 7):
                pen.line((step, 0, step, 260), fill=shade(green, 0.82), width=1)
            pen.rectangle((0, 0, 259, 259), outline=shade(green, 1.5), width=3)
            cloth.putalpha(Image.new("L", cloth.size, 176))
            corner = add(_upright(bay, lift + 1, 1), (0.02, 0.05, -0.06))
            along = subtract(_upright(bay + 1, lift + 1, 1), _upright(bay, lift + 1, 1))
            canvas.surface(cloth, corner, along, (0, -RISE * 0.985, 0), light=1.0)


def _fence(canvas: Canvas) -> None:
    """Keep people off the foot of the scaffold: striped barriers on feet."""
    rng = canvas.rng
    for x in (-4.2, -2.3, -0.4, 1.5):
        at: Vector = (x + jitter(rng, 0.08), 0.0, 4.9 + x * 0.2)
        canvas.pool(add(at, (0.8, 0, 0)), 0.9, 0.12, 0.45, 8)
        for foot in (0.1, 1.5):
            canvas.tube([add(at, (foot, 0, 0.32)), add(at, (foot, 0, 0))], 0.025, (90, 92, 96))
        board = Image.new("RGB", (800, 90), (236, 232, 224))
        pen = ImageDraw.Draw(board)
        for left in range(0, 800, 120):
            pen.polygon([(left, 90), (left + 60, 90), (left + 110, 0), (left + 50, 0)], fill=(206, 40, 36))
        for top in (0.98, 0.5):
            canvas.surface(board, add(at, (0, top, 0)), (1.6, 0, 0.3), (0, -0.2, 0), light=0.97)
        for foot in (0.1, 1.5):
            canvas.tube([add(at, (foot, 0, foot * 0.19)), add(at, (foot, 1.05, foot * 0.19))], 0.025, (206, 208, 210))


def _poles(canvas: Canvas) -> None:
    """Draw poles, ledgers and boards; the whole frame leans away from the wall and nothing ties it."""
    rng = canvas.rng

    def node(bay: float, lift: float, row: int) -> Vector:
        share = bay / BAYS * 0.96 + 0.01
        lean = lift * 0.12 + 0.03 * math.sin(bay * 2 + lift)
        out = 0.55 + row * 1.05 + lean * (1.2 if row else 1.0)
        return add(
            (CORNER[0] + RUN[0] * share, 0, CORNER[2] + RUN[2] * share), (out * 0.2 + lift * 0.06, lift * RISE, -out)
        )

    for row in (0, 1):
        for bay in range(BAYS, -1, -1):
            shadow = node(bay, 0, row)
            canvas.pool(shadow, 0.1, 0.06, 0.6, 5)
    for row in (0, 1):
        for lift in range(LIFTS, 0, -1):
            for bay in range(BAYS - 1, -1, -1):
                if (row, lift, bay) in ((1, 3, 2), (0, 2, 4)):
                    continue  # a ledger is missing
                canvas.tube(
                    [
                        add(node(bay, lift, row), (-0.12, jitter(rng, 0.03), 0)),
                        add(node(bay + 1, lift, row), (0.12, jitter(rng, 0.03), 0)),
                    ],
                    0.034,
                    shade(TUBE, rng.uniform(0.8, 1.1)),
                )
        for bay in range(BAYS, -1, -1):
            extra = rng.uniform(0.1, 0.5)
            canvas.tube(
                [node(bay, 0, row), node(bay, 2, row), node(bay, LIFTS + extra, row)],
                0.04,
                shade(TUBE, rng.uniform(0.85, 1.15)),
                shine=0.6,
            )
        if row == 0:
            for lift in (3, 2, 1):
                _boards(canvas, node, lift)
    for bay in range(BAYS + 1):
        for lift in range(1, LIFTS + 1):
            canvas.tube(
                [add(node(bay, lift, 0), (0, 0, 0.12)), add(node(bay, lift, 1), (0, 0, -0.15))], 0.024, shade(TUBE, 0.8)
            )
            x, y = canvas.camera.project(node(bay, lift, 1))
            reach = canvas.camera.pixels(node(bay, lift, 1), 0.05)
            canvas.fill(
                [(x - reach, y - reach), (x + reach, y - reach), (x + reach, y + reach), (x - reach, y + reach)],
                (86, 62, 44),
                blur=1,
            )
    canvas.tube([node(0.05, 0, 1), node(1.3, 2, 1)], 0.024, (120, 96, 60))


def _boards(canvas: Canvas, node: Callable[[float, float, int], Vector], lift: int) -> None:
    """Lay loose boards on one lift, with gaps a foot goes through."""
    rng = canvas.rng
    for bay in range(BAYS - 1, -1, -1):
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
