"""The stairwell: a row of electric bicycles charging, and the same place cleared."""

from __future__ import annotations

import itertools
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.bikes import ebike
from bot.simulator.scenes.canvas import (
    Camera,
    Canvas,
    Colour,
    Vector,
    add,
    bezier,
    jitter,
    scale,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.surfaces import (
    concrete,
    metal,
    plaster,
    stained,
)


def ebikes_charging(rng: Random) -> Scene:
    """Draw a row of electric bicycles charging from one socket strip beside the stairs."""
    canvas = _stairwell(rng)
    # The socket strip on the wall, with its wires.
    strip: Vector = (-0.75, 1.32, 3.96)
    canvas.tube([(-0.7, 2.7, 3.96), (-0.72, 2.0, 3.96), (-0.5, 1.36, 3.95)], 0.012, (236, 232, 222))
    canvas.body(strip, (0.86, 0.13, 0.03), metal(rng, (300, 60), (238, 238, 232)))
    for number in range(6):
        x, y = canvas.camera.project((strip[0] + 0.09 + number * 0.135, 1.385, 3.95))
        canvas.fill([(x - 10, y - 9), (x + 10, y - 9), (x + 10, y + 9), (x - 10, y + 9)], (46, 46, 50))
    canvas.glow(canvas.camera.project((0.07, 1.39, 3.94)), 34, (255, 40, 30), 1.0)
    canvas.pool((0.0, 0.0, 2.9), 2.4, 0.75, 0.5, 34)
    colours: list[Colour] = [(176, 34, 38), (228, 228, 224), (36, 84, 156), (38, 40, 44)]
    rng.shuffle(colours)
    for number, colour in enumerate(colours):
        bike = ebike(rng, colour)
        x, z = -2.75 + number * 1.02 + jitter(rng, 0.06), 3.3 - number * 0.16
        canvas.pool((x + 0.8, 0.0, z - 0.25), 0.75, 0.16, 0.62, 14)
        canvas.surface(bike, (x, 1.16, z), (1.42, 0, -1.0), (0, -1.16, 0), light=0.98 - number * 0.02)
        plug = add(strip, (0.09 + number * 0.2, 0.03, -0.03))
        port = add((x, 0.42, z), (0.72, 0.02, -0.53))
        sag = add(scale(add(plug, port), 0.5), (0.06, -0.42, -0.02))
        path = [bezier(plug, add(plug, (0.02, -0.55, -0.05)), sag, port, step / 26) for step in range(27)]
        canvas.tube(path, 0.011, (24, 24, 26), shine=0.3)
        canvas.glow(canvas.camera.project(add(port, (0.02, 0.05, 0))), 22, (255, 60, 30), 0.9)
    charger = metal(rng, (120, 60), (34, 34, 36))
    for x in (-1.2, 0.05, 0.95):
        canvas.pool((x + 0.1, 0.0, 1.75), 0.16, 0.1, 0.5, 8)
        canvas.body((x, 0, 1.7), (0.22, 0.08, 0.11), charger, yaw=jitter(rng, 25))
        canvas.glow(canvas.camera.project((x + 0.16, 0.085, 1.72)), 20, (255, 60, 40), 1.0)
        path = [
            bezier((x, 0.05, 1.75), (x - 0.3, 0.0, 1.4), (x + 0.2, 0.0, 2.2), (x - 0.1, 0.3, 2.6), s / 20)
            for s in range(21)
        ]
        canvas.tube(path, 0.01, (22, 22, 24), shine=0.3)
    canvas.glow(canvas.camera.project((0.9, 2.9, 3.2)), 620, (255, 224, 168), 0.5)
    return canvas, Mood(warmth=0.35, corners=0.58, grain=9, contrast=1.12)


def stairwell_clear(rng: Random) -> Scene:
    """Draw the same stairwell with the bicycles and the socket strip gone, a sign on the wall, a marked floor."""
    canvas = _stairwell(rng)
    canvas.surface(_patch(rng), (-0.9, 2.72, 3.985), (1.15, 0, 0), (0, -1.62, 0), light=0.86)
    _floor_marking(canvas)
    _sign(canvas, (-1.75, 2.02, 3.96), 0.82)
    canvas.glow(canvas.camera.project((0.9, 2.9, 3.2)), 620, (255, 224, 168), 0.5)
    canvas.glow(canvas.camera.project((-2.4, 2.9, 2.6)), 560, (255, 240, 214), 0.45)
    return canvas, Mood(warmth=0.2, corners=0.42, grain=7, contrast=1.1, brightness=1.06)


def _stairwell(rng: Random) -> Canvas:
    camera = Camera(
        (-0.3 + jitter(rng, 0.25), 1.45 + jitter(rng, 0.1), -0.5),
        yaw=2 + jitter(rng, 4), pitch=-11 + jitter(rng, 2), roll=jitter(rng, 2.5), focal=0.74 + jitter(rng, 0.04),
    )  # fmt: skip
    canvas = Canvas(camera, rng, sun=(-0.3, 0.8, -0.5))
    wall = plaster(rng, (1800, 1000), (208, 202, 186))
    wall = stained(wall, rng, (140, 128, 108), 0.45, 260)
    ImageDraw.Draw(wall).rectangle((0, 610, 1800, 1000), fill=(96, 128, 150))
    wall = Image.blend(wall, stained(wall, rng, (70, 80, 84), 0.9, 200), 0.6)
    floor = concrete(rng, (1600, 1400), (138, 132, 122))
    floor = stained(floor, rng, (72, 66, 58), 0.6, 300)
    canvas.surface(wall, (-4, 3.0, 4.0), (8, 0, 0), (0, -3.0, 0), light=0.82)
    canvas.surface(floor, (-4, 0, 4.0), (8, 0, 0), (0, 0, -5), light=0.88)
    _stairs(canvas)
    return canvas


def _patch(rng: Random) -> Image.Image:
    """Return the fresh plaster over the holes that strip and wire left, fading out at its edge."""
    patch = plaster(rng, (460, 650), (226, 222, 210))
    mask = Image.new("L", patch.size)
    pen = ImageDraw.Draw(mask)
    pen.rounded_rectangle((210, 30, 262, 560), radius=24, fill=220)
    pen.rounded_rectangle((50, 520, 430, 612), radius=30, fill=220)
    patch.putalpha(mask.filter(ImageFilter.GaussianBlur(9)))
    return patch


def _floor_marking(canvas: Canvas) -> None:
    """Paint the yellow hatching that keeps the way to the stairs free."""
    yellow: Colour = (222, 186, 52)
    left, right, near, far = -2.9, 1.0, 2.05, 3.75
    marking = Image.new("RGBA", (1300, 560), (*yellow, 0))
    pen = ImageDraw.Draw(marking)
    for x in range(-560, 1300, 130):
        pen.line((x, 560, x + 560, 0), fill=(*yellow, 235), width=30)
    pen.rectangle((0, 0, 1299, 559), outline=(*yellow, 245), width=34)
    worn = stained(Image.new("RGB", marking.size, yellow), canvas.rng, (150, 138, 104), 0.9, 60)
    worn.putalpha(marking.getchannel("A").filter(ImageFilter.GaussianBlur(1.2)))
    canvas.surface(worn, (left, 0.004, far), (right - left, 0, 0), (0, 0, near - far), light=0.92)


def _sign(canvas: Canvas, at: Vector, side: float) -> None:
    """Hang the sign that forbids electric bicycles: one in black under a red ring and bar."""
    board = Image.new("RGB", (520, 520), (244, 244, 240))
    shape = ebike(canvas.rng, (20, 20, 22)).getchannel("A").resize((330, 270), Image.Resampling.LANCZOS)
    board.paste((24, 24, 26), (95, 125), shape)
    pen = ImageDraw.Draw(board)
    pen.ellipse((40, 40, 480, 480), outline=(206, 30, 34), width=46)
    pen.line((122, 122, 398, 398), fill=(206, 30, 34), width=40)
    pen.rectangle((0, 0, 519, 519), outline=(190, 190, 186), width=8)
    x, y, _ = at
    canvas.shadow(
        [(x + 0.05, y - 0.05, 3.99), (x + side + 0.07, y - 0.05, 3.99), (x + side + 0.07, y - side - 0.07, 3.99),
         (x + 0.05, y - side - 0.07, 3.99)],
        0.4,
        9,
    )  # fmt: skip
    canvas.surface(board.filter(ImageFilter.GaussianBlur(1)), at, (side, 0, 0), (0, -side, 0), light=0.96)


def _stairs(canvas: Canvas) -> None:
    """Draw a flight of steps going up to the right, with its rail."""
    rng = canvas.rng
    tread, rise = concrete(rng, (300, 120), (160, 156, 148)), concrete(rng, (300, 80), (118, 114, 108))
    for number in range(9, -1, -1):
        x, y = 1.15 + number * 0.27, number * 0.165
        canvas.surface(tread, (x, y + 0.165, 3.98), (0.28, 0, 0), (0, 0, -1.1), light=0.95)
        canvas.surface(rise, (x, y + 0.165, 3.98), (0, 0, -1.1), (0, -0.165, 0), light=0.7)
    flank = [(1.15 + number * 0.27, number * 0.165, 2.88) for number in range(11)]
    under: list[Vector] = []
    for here, following in itertools.pairwise(flank):
        under += [here, (here[0], following[1], 2.88), following]
    canvas.face([*under, (flank[-1][0], 0.0, 2.88)], (150, 144, 130))
    for number in range(0, 10, 1):
        x, y = 1.28 + number * 0.27, (number + 1) * 0.165
        canvas.tube([(x, y, 2.9), (x, y + 0.82, 2.9)], 0.011, (92, 60, 44))
    canvas.tube([(1.2, 0.98, 2.9), (3.9, 2.63, 2.9)], 0.03, (122, 58, 40))
