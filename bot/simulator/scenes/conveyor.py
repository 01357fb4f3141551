"""The belt conveyor without its guard."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    mix,
    scale,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.surfaces import (
    clouds,
    concrete,
    metal,
    ribbed,
    stained,
    stone,
    tinted,
)


def conveyor_unguarded(rng: Random) -> Scene:
    """Draw a coal conveyor's head drum turning in the open, no guard over drum, belt or coupling."""
    camera = Camera(
        (-0.6 + jitter(rng, 0.25), 2.0 + jitter(rng, 0.1), -0.5),
        yaw=9 + jitter(rng, 3),
        pitch=-18 + jitter(rng, 1.5),
        roll=jitter(rng, 2.4),
        focal=0.76 + jitter(rng, 0.03),
    )
    canvas = Canvas(camera, rng, sun=(-0.5, 0.75, -0.4))
    canvas.ambient = 0.5
    back = ribbed(rng, (1800, 800), (112, 124, 132), ribs=44, rust=0.22)
    canvas.surface(back, (-7, 4.6, 8.5), (14, 0, 0), (0, -4.6, 0), light=0.62)
    floor = stained(concrete(rng, (1600, 1400), (92, 88, 84)), rng, (28, 27, 28), 0.95, 200)
    canvas.surface(floor, (-7, 0, 8.5), (14, 0, 0), (0, 0, -8.6), light=0.8)
    for x in (-5.0, -1.6, 1.8, 5.2):
        canvas.body((x, 0, 8.1), (0.26, 4.6, 0.26), metal(rng, (60, 400), (74, 84, 96), rust=0.3))
    lit: Vector = (-3.1, 3.4, 8.3)
    canvas.face([add(lit, p) for p in ((0, 0, 0), (2.0, 0, 0), (2.0, 0.9, 0), (0, 0.9, 0))], (222, 230, 236))
    canvas.glow(canvas.camera.project(add(lit, (1.0, 0.4, 0))), 520, (180, 200, 226), 0.5)
    drum: Vector = (-0.5, 0.86, 2.2)
    reach, wide = 0.34, 1.05  # the drum's radius; the belt's width, running away to the right
    along: Vector = (5.4, 0.5, 2.6)  # where the belt comes from
    side = (-0.43, 0.0, 0.9)  # across the belt, away from the viewer
    red: Colour = (184, 50, 40)
    canvas.pool((1.6, 0, 3.6), 3.0, 0.8, 0.55, 40)

    def place(share: float, across: float, up: float) -> Vector:
        return add(add(drum, scale(along, share)), add(scale(side, across), (0, up, 0)))

    def frame(across: float) -> None:
        canvas.tube([place(0.02, across, 0.2), place(1.0, across, 0.2)], 0.055, red, shine=0.4)
        for share in (0.04, 0.3, 0.56, 0.85):
            top = place(share, across, 0.2)
            canvas.tube([(top[0], 0, top[2]), top], 0.045, shade(red, 0.85), shine=0.3)

    frame(wide)
    under = metal(rng, (400, 160), (48, 48, 50))
    canvas.surface(under, place(0.0, 0, -reach), along, scale(side, wide), light=0.5)
    for share in (0.16, 0.3, 0.44, 0.58, 0.74):
        canvas.tube([place(share, -0.1, 0.26), place(share, wide, 0.26)], 0.055, (128, 126, 122))
    belt = tinted(clouds(rng, (1200, 300), 200, 5, stretch=4), (50, 50, 53), (96, 94, 92))
    canvas.surface(belt, place(0.0, 0.0, reach), along, scale(side, wide), light=1.0)
    _coal_on_belt(canvas, place, reach, wide)

    def rubber(_row: int, column: int) -> Colour:
        return shade((46, 45, 46), 1.35 if column % 4 == 0 else 1.0)

    canvas.turned(drum, side, [(0, reach), (wide, reach)], rubber, shine=0.5, sides=48)
    steel: Colour = (150, 148, 142)
    canvas.turned(
        add(drum, scale(side, -0.01)),
        scale(side, -1),
        [(0, reach * 0.96), (0.02, reach * 0.96), (0.02, reach * 0.8)],
        (98, 88, 80),
        shine=0.5,
        caps=True,
    )
    canvas.turned(
        add(drum, scale(side, -0.03)),
        scale(side, -1),
        [(0, 0.14), (0.06, 0.14), (0.06, 0.07), (0.34, 0.07)],
        steel,
        shine=0.9,
    )
    for number in range(8):
        turn = number * math.pi / 4
        bolt = add(
            add(drum, scale(side, -0.035)),
            (0.22 * math.cos(turn) * 0.9, 0.22 * math.sin(turn), 0.22 * math.cos(turn) * 0.43),
        )
        canvas.turned(bolt, scale(side, -1), [(0, 0.028), (0.03, 0.028)], (176, 172, 164), sides=6)
    frame(0.0)
    _bearing_and_guard(canvas, drum, side)
    heap: Vector = (-1.5, 0.0, 2.5)
    _coal_heap(canvas, heap)
    for bracket in (0.02, 0.3):  # the lugs the guard was bolted to, empty
        at = place(bracket, -0.06, 0.02)
        canvas.body(at, (0.05, 0.16, 0.04), metal(rng, (20, 60), (214, 180, 50)))
    dust = clouds(rng, (WIDTH, HEIGHT), 420, 5).point(lambda value: round(max(0, value - 110) * 0.42))
    canvas.veil(dust, (120, 118, 114))
    canvas.glow(canvas.camera.project((0.6, 4.2, 4.0)), 700, (255, 220, 160), 0.5)
    return canvas, Mood(warmth=0.1, corners=0.55, grain=9, contrast=1.16, brightness=1.3)


def _coal_on_belt(canvas: Canvas, place: Callable[[float, float, float], Vector], reach: float, wide: float) -> None:
    """Heap coal along the middle of the belt."""
    rng = canvas.rng
    layer = Image.new("RGBA", (WIDTH, HEIGHT), (30, 30, 32, 0))
    draw = ImageDraw.Draw(layer)
    spots = []
    for _ in range(900):
        across = min(0.92, max(0.08, rng.gauss(0.5, 0.16)))
        rise = max(0.0, 0.26 * math.exp(-(((across - 0.5) / 0.2) ** 2)))
        spots.append((rng.random(), across * wide, reach + rng.random() * rise))
    spots.sort(key=lambda spot: (-canvas.camera.view(place(*spot))[2], spot[2]))
    for spot in spots:
        at = place(*spot)
        size = canvas.camera.pixels(at, rng.uniform(0.025, 0.085))
        stone(draw, rng, canvas.camera.project(at), size, mix((30, 30, 33), (104, 106, 112), rng.random() ** 2.4))
    canvas.image.paste(layer.convert("RGB"), (0, 0), layer.getchannel("A").filter(ImageFilter.GaussianBlur(0.7)))


def _bearing_and_guard(canvas: Canvas, drum: Vector, side: Vector) -> None:
    """Draw the bearing block at the drum's end, and the yellow guard taken off and left on the ground."""
    rng = canvas.rng
    block = add(drum, scale(side, -0.22))
    canvas.body(
        add(block, (-0.17, -0.17, -0.06)), (0.34, 0.3, 0.14), metal(rng, (80, 80), (62, 108, 84), rust=0.2), yaw=25
    )
    canvas.turned(
        add(block, (0.02, 0.0, -0.06)), scale(side, -1), [(0, 0.07), (0.14, 0.07)], (176, 174, 168), shine=0.9
    )
    guard = Image.new("RGBA", (520, 400), (214, 176, 40, 0))
    pen = ImageDraw.Draw(guard)
    for step in range(-400, 520, 26):
        pen.line((step, 0, step + 400, 400), fill=(196, 158, 36, 255), width=5)
        pen.line((step + 400, 0, step, 400), fill=(170, 134, 30, 255), width=5)
    pen.rectangle((8, 8, 511, 391), outline=(222, 184, 44, 255), width=24)
    pen.rectangle((250, 8, 270, 391), fill=(222, 184, 44, 255))
    corner: Vector = (0.55, 0.42, 1.62)
    canvas.shadow(
        [add(corner, p) for p in ((0, -0.42, 0), (1.25, -0.42, 0.42), (1.35, -0.42, 0.1), (0.1, -0.42, -0.3))], 0.5, 12
    )
    canvas.surface(
        guard.filter(ImageFilter.GaussianBlur(0.8)), corner, (1.2, 0, 0.42), (0.08, -0.42, -0.42), light=0.95
    )


def _coal_heap(canvas: Canvas, at: Vector) -> None:
    """Heap coal where it falls from the drum."""
    rng = canvas.rng
    canvas.pool(at, 1.3, 0.7, 0.6, 26)
    spots = []
    for _ in range(700):
        u, v = rng.gauss(0, 0.5), rng.gauss(0, 0.3)
        rise = max(0.0, 0.75 * math.exp(-(u * u / 0.5 + v * v / 0.3)))
        spots.append((at[0] + u, rng.random() * rise, at[2] + v))
    spots.sort(key=lambda spot: (-spot[2], spot[1]))
    layer = Image.new("RGBA", (WIDTH, HEIGHT), (30, 30, 32, 0))
    draw = ImageDraw.Draw(layer)
    for spot in spots:
        size = canvas.camera.pixels(spot, rng.uniform(0.02, 0.09))
        stone(draw, rng, canvas.camera.project(spot), size, mix((28, 28, 31), (96, 98, 104), rng.random() ** 2.4))
    canvas.image.paste(layer.convert("RGB"), (0, 0), layer.getchannel("A").filter(ImageFilter.GaussianBlur(0.7)))
