"""The belt conveyor without and with its guard."""

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
    mix,
    scale,
    shade,
    subtract,
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

# Places in metres: the drum, how far it reaches, how wide the belt is, where the belt comes from, and across it.
DRUM: Vector = (-0.5, 0.86, 2.2)
REACH, WIDE = 0.34, 1.05
ALONG: Vector = (5.4, 0.5, 2.6)
SIDE: Vector = (-0.43, 0.0, 0.9)
RED: Colour = (184, 50, 40)
YELLOW: Colour = (222, 184, 44)


def conveyor_unguarded(rng: Random) -> Scene:
    """Draw a coal conveyor's head drum turning in the open, no guard over drum, belt or coupling."""
    canvas = _conveyor(rng)
    _guard_on_the_ground(canvas)
    _coal_heap(canvas, (-1.5, 0.0, 2.5))
    for bracket in (0.02, 0.3):  # the lugs the guard was bolted to, empty
        at = _place(bracket, -0.06, 0.02)
        canvas.body(at, (0.05, 0.16, 0.04), metal(rng, (20, 60), (214, 180, 50)))
    _dusty_air(canvas)
    return canvas, Mood(warmth=0.1, corners=0.55, grain=9, contrast=1.16, brightness=1.3)


def conveyor_guarded(rng: Random) -> Scene:
    """Draw the same conveyor with its mesh guard bolted on, a pull cord along the belt, the floor swept."""
    canvas = _conveyor(rng)
    _coal_heap(canvas, (-1.5, 0.0, 2.75), lumps=260)
    _guard(canvas)
    _pull_cord(canvas)
    _walkway(canvas)
    _dusty_air(canvas)
    return canvas, Mood(warmth=0.0, corners=0.42, grain=5, contrast=1.14, brightness=1.36)


def _place(share: float, across: float, up: float) -> Vector:
    """Return a place `share` of the way up the belt, metres across it, metres above the drum's middle."""
    return add(add(DRUM, scale(ALONG, share)), add(scale(SIDE, across), (0, up, 0)))


def _conveyor(rng: Random) -> Canvas:
    """Draw the shed, the belt with its coal, the bare drum and its bearing."""
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
    canvas.pool((1.6, 0, 3.6), 3.0, 0.8, 0.55, 40)

    def frame(across: float) -> None:
        canvas.tube([_place(0.02, across, 0.2), _place(1.0, across, 0.2)], 0.055, RED, shine=0.4)
        for share in (0.04, 0.3, 0.56, 0.85):
            top = _place(share, across, 0.2)
            canvas.tube([(top[0], 0, top[2]), top], 0.045, shade(RED, 0.85), shine=0.3)

    frame(WIDE)
    under = metal(rng, (400, 160), (48, 48, 50))
    canvas.surface(under, _place(0.0, 0, -REACH), ALONG, scale(SIDE, WIDE), light=0.5)
    for share in (0.16, 0.3, 0.44, 0.58, 0.74):
        canvas.tube([_place(share, -0.1, 0.26), _place(share, WIDE, 0.26)], 0.055, (128, 126, 122))
    belt = tinted(clouds(rng, (1200, 300), 200, 5, stretch=4), (50, 50, 53), (96, 94, 92))
    canvas.surface(belt, _place(0.0, 0.0, REACH), ALONG, scale(SIDE, WIDE), light=1.0)
    _coal_on_belt(canvas)

    def rubber(_row: int, column: int) -> Colour:
        return shade((46, 45, 46), 1.35 if column % 4 == 0 else 1.0)

    canvas.turned(DRUM, SIDE, [(0, REACH), (WIDE, REACH)], rubber, shine=0.5, sides=48)
    steel: Colour = (150, 148, 142)
    canvas.turned(
        add(DRUM, scale(SIDE, -0.01)),
        scale(SIDE, -1),
        [(0, REACH * 0.96), (0.02, REACH * 0.96), (0.02, REACH * 0.8)],
        (98, 88, 80),
        shine=0.5,
        caps=True,
    )
    canvas.turned(
        add(DRUM, scale(SIDE, -0.03)),
        scale(SIDE, -1),
        [(0, 0.14), (0.06, 0.14), (0.06, 0.07), (0.34, 0.07)],
        steel,
        shine=0.9,
    )
    for number in range(8):
        turn = number * math.pi / 4
        bolt = add(
            add(DRUM, scale(SIDE, -0.035)),
            (0.22 * math.cos(turn) * 0.9, 0.22 * math.sin(turn), 0.22 * math.cos(turn) * 0.43),
        )
        canvas.turned(bolt, scale(SIDE, -1), [(0, 0.028), (0.03, 0.028)], (176, 172, 164), sides=6)
    frame(0.0)
    _bearing(canvas)
    return canvas


def _dusty_air(canvas: Canvas) -> None:
    dust = clouds(canvas.rng, (WIDTH, HEIGHT), 420, 5).point(lambda value: round(max(0, value - 110) * 0.42))
    canvas.veil(dust, (120, 118, 114))
    canvas.glow(canvas.camera.project((0.6, 4.2, 4.0)), 700, (255, 220, 160), 0.5)


def _guard(canvas: Canvas) -> None:
    """Close drum, nip and coupling in with mesh panels on a yellow frame: front, top and the side to the viewer."""
    low, high, out, head, tail = -0.6, 0.5, -0.5, -0.1, 0.2
    mesh = _mesh()

    def corner(share: float, across: float, up: float) -> Vector:
        return _place(share, across, up - ALONG[1] * share)  # level, though the belt climbs

    for across in (WIDE + 0.1, out):
        for share in (head, tail):
            canvas.tube([corner(share, across, -DRUM[1]), corner(share, across, high)], 0.03, YELLOW, shine=0.4)
    top = corner(head, WIDE + 0.1, high)
    canvas.surface(mesh, top, subtract(corner(head, out, high), top), (0, low - high, 0), light=0.75)
    canvas.surface(mesh, top, subtract(corner(tail, WIDE + 0.1, high), top), subtract(corner(head, out, high), top))
    near = corner(head, out, high)
    canvas.surface(mesh, near, subtract(corner(tail, out, high), near), (0, low - high, 0), light=1.0)
    edge = [corner(head, WIDE + 0.1, high), near, corner(tail, out, high), corner(tail, WIDE + 0.1, high)]
    for here, following in itertools.pairwise([*edge, edge[0]]):
        canvas.tube([here, following], 0.03, YELLOW, shine=0.5)
    canvas.tube([corner(head, out, low), corner(tail, out, low)], 0.03, YELLOW, shine=0.5)
    sign = Image.new("RGB", (240, 220), (244, 240, 226))
    pen = ImageDraw.Draw(sign)
    pen.polygon([(120, 14), (226, 202), (14, 202)], fill=(24, 22, 20))
    pen.polygon([(120, 40), (204, 190), (36, 190)], fill=(250, 206, 30))
    for x, y in ((104.0, 130.0), (140.0, 158.0)):  # two rolls that draw a hand in
        pen.ellipse((x - 24, y - 24, x + 24, y + 24), outline=(24, 22, 20), width=9)
    canvas.surface(sign, corner(0.0, out - 0.02, 0.3), scale((ALONG[0], 0, ALONG[2]), 0.07), (0, -0.36, 0))


def _pull_cord(canvas: Canvas) -> None:
    """Run the red cord that stops the belt along the near side, with its switch."""
    for share in (0.24, 0.5, 0.76, 0.98):
        post = _place(share, -0.1, 0.2)
        canvas.tube([post, add(post, (0, 0.3, 0))], 0.02, (90, 90, 92))
    shares = (0.24, 0.37, 0.5, 0.63, 0.76, 0.87, 0.98)
    cord = [_place(share, -0.1, 0.45 if number % 2 else 0.48) for number, share in enumerate(shares)]
    canvas.tube(cord, 0.014, (214, 34, 30), shine=0.4)
    canvas.body(
        add(_place(0.235, -0.14, 0.36), (-0.07, 0, -0.05)), (0.16, 0.22, 0.1), metal(canvas.rng, (60, 80), YELLOW)
    )
    canvas.turned(add(_place(0.235, -0.14, 0.46), (0.01, 0, -0.05)), (-0.2, 0, -1), [(0, 0.055), (0.05, 0.05)], RED)


def _walkway(canvas: Canvas) -> None:
    """Mark the edge of the walkway on the swept floor."""
    stripe = stained(Image.new("RGB", (900, 30), YELLOW), canvas.rng, (110, 100, 70), 0.8, 60)
    canvas.surface(stripe, (-3.0, 0.004, 0.9), (7.4, 0, 1.4), (0.02, 0, -0.11), light=0.9)


def _coal_on_belt(canvas: Canvas) -> None:
    """Heap coal along the middle of the belt."""
    rng = canvas.rng
    layer = Image.new("RGBA", (WIDTH, HEIGHT), (30, 30, 32, 0))
    draw = ImageDraw.Draw(layer)
    spots = []
    for _ in range(900):
        across = min(0.92, max(0.08, rng.gauss(0.5, 0.16)))
        rise = max(0.0, 0.26 * math.exp(-(((across - 0.5) / 0.2) ** 2)))
        spots.append((rng.random(), across * WIDE, REACH + rng.random() * rise))
    spots.sort(key=lambda spot: (-canvas.camera.view(_place(*spot))[2], spot[2]))
    for spot in spots:
        at = _place(*spot)
        size = canvas.camera.pixels(at, rng.uniform(0.025, 0.085))
        stone(draw, rng, canvas.camera.project(at), size, mix((30, 30, 33), (104, 106, 112), rng.random() ** 2.4))
    canvas.image.paste(layer.convert("RGB"), (0, 0), layer.getchannel("A").filter(ImageFilter.GaussianBlur(0.7)))


def _bearing(canvas: Canvas) -> None:
    """Draw the bearing block at the drum's end."""
    rng = canvas.rng
    block = add(DRUM, scale(SIDE, -0.22))
    canvas.body(
        add(block, (-0.17, -0.17, -0.06)), (0.34, 0.3, 0.14), metal(rng, (80, 80), (62, 108, 84), rust=0.2), yaw=25
    )
    canvas.turned(
        add(block, (0.02, 0.0, -0.06)), scale(SIDE, -1), [(0, 0.07), (0.14, 0.07)], (176, 174, 168), shine=0.9
    )


def _mesh() -> Image.Image:
    """Return a panel of yellow expanded metal in its frame, clear between the strands."""
    guard = Image.new("RGBA", (520, 400), (214, 176, 40, 0))
    pen = ImageDraw.Draw(guard)
    for step in range(-400, 520, 26):
        pen.line((step, 0, step + 400, 400), fill=(196, 158, 36, 255), width=5)
        pen.line((step + 400, 0, step, 400), fill=(170, 134, 30, 255), width=5)
    pen.rectangle((8, 8, 511, 391), outline=(222, 184, 44, 255), width=24)
    pen.rectangle((250, 8, 270, 391), fill=(222, 184, 44, 255))
    return guard.filter(ImageFilter.GaussianBlur(0.8))


def _guard_on_the_ground(canvas: Canvas) -> None:
    """Leave the guard where it was thrown when it was taken off."""
    corner: Vector = (0.55, 0.42, 1.62)
    canvas.shadow(
        [add(corner, p) for p in ((0, -0.42, 0), (1.25, -0.42, 0.42), (1.35, -0.42, 0.1), (0.1, -0.42, -0.3))], 0.5, 12
    )
    canvas.surface(_mesh(), corner, (1.2, 0, 0.42), (0.08, -0.42, -0.42), light=0.95)


def _coal_heap(canvas: Canvas, at: Vector, *, lumps: int = 700) -> None:
    """Heap coal where it falls from the drum."""
    rng = canvas.rng
    canvas.pool(at, 1.3, 0.7, 0.6, 26)
    spots = []
    for _ in range(lumps):
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
