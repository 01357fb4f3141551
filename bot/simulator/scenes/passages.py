"""Scenes of ways out: the corridor, blocked and cleared, and the emergency exit, chained and open."""

from __future__ import annotations

import itertools
import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import (
    Camera,
    Canvas,
    Colour,
    Vector,
    add,
    jitter,
    mix,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.landscape import poplar
from bot.simulator.scenes.surfaces import (
    brick,
    cardboard,
    concrete,
    gradient,
    grain,
    metal,
    plaster,
    sack,
    stained,
    tiles,
)

STEEL: Colour = (96, 124, 118)  # the paint of the emergency exit


def corridor_blocked(rng: Random) -> Scene:
    """Draw a dwelling's corridor filled with boxes, sacks, planks and a chair."""
    canvas = _corridor(rng)
    _heap(canvas, rng)
    return canvas, Mood(warmth=0.45, corners=0.6, grain=9, contrast=1.1)


def corridor_cleared(rng: Random) -> Scene:
    """Draw the same corridor, swept and empty, the way out marked on both sides."""
    canvas = _corridor(rng, turn=5)
    yellow: Colour = (224, 190, 60)
    for side in (-1, 1):
        x = side * 0.72
        canvas.face([(x, 0.003, 0.3), (x, 0.003, 8.8), (x + 0.09, 0.003, 8.8), (x + 0.09, 0.003, 0.3)], yellow,
                    opacity=0.8)  # fmt: skip
    return canvas, Mood(warmth=0.3, corners=0.5, grain=8, contrast=1.08, brightness=1.05)


def _corridor(rng: Random, *, turn: float = 0.0) -> Canvas:
    """Draw the empty corridor, the phone held `turn` degrees further to the right."""
    camera = Camera(
        (jitter(rng, 0.22), 1.55 + jitter(rng, 0.12), 0.0),
        yaw=jitter(rng, 4) + turn, pitch=-9 + jitter(rng, 2), roll=jitter(rng, 2.2), focal=0.72 + jitter(rng, 0.05),
    )  # fmt: skip
    canvas = Canvas(camera, rng, sun=(0.1, 0.75, 0.65))
    canvas.image.paste((26, 26, 24), (0, 0, 1600, 1200))
    half, high, deep = 0.95, 2.7, 9.0
    floor = tiles(rng, (760, 3600), (152, 146, 136), side=190, joint=(98, 94, 88))
    floor = stained(floor, rng, (88, 80, 70), 0.5, 260)
    ceiling = plaster(rng, (400, 1800), (196, 192, 180))
    wall = plaster(rng, (3600, 1080), (214, 209, 194))
    wall = stained(wall, rng, (150, 142, 124), 0.5, 320)
    skirt = Image.new("L", wall.size)
    ImageDraw.Draw(skirt).rectangle((0, 560, 3600, 1080), fill=255)
    wall = Image.composite(plaster(rng, wall.size, (86, 132, 108)), wall, skirt)
    draw = ImageDraw.Draw(wall)
    draw.rectangle((0, 556, 3600, 566), fill=(58, 92, 76))
    draw.rectangle((0, 1040, 3600, 1080), fill=(70, 62, 54))
    for _ in range(26):  # scuffs of things carried past
        x, y = rng.random() * 3600, rng.uniform(600, 1000)
        draw.line((x, y, x + rng.uniform(20, 120), y + rng.uniform(-10, 10)), fill=(150, 172, 156), width=3)
    wall = wall.filter(ImageFilter.GaussianBlur(0.8))
    end = plaster(rng, (760, 1080), (176, 172, 158))
    canvas.surface(end, (-half, high, deep), (half * 2, 0, 0), (0, -high, 0), light=0.6)
    canvas.face([(-0.45, 1.0, deep), (0.45, 1.0, deep), (0.45, 2.2, deep), (-0.45, 2.2, deep)], (236, 244, 252))
    for x in (-0.45, 0.0, 0.45):
        canvas.tube([(x, 1.0, deep), (x, 2.2, deep)], 0.025, (120, 124, 126))
    canvas.surface(ceiling, (-half, high, deep), (half * 2, 0, 0), (0, 0, -deep), light=0.66)
    canvas.surface(floor, (-half, 0, deep), (half * 2, 0, 0), (0, 0, -deep), light=0.86)
    canvas.surface(wall, (-half, high, 0), (0, 0, deep), (0, -high, 0), light=0.8)
    canvas.surface(wall, (half, high, deep), (0, 0, -deep), (0, -high, 0), light=0.7)
    for z in (2.2, 5.3):
        _door(canvas, -half + 0.005, z, (112, 52, 40))
        _door(canvas, half - 0.005, z + 0.9, (92, 62, 44))
    canvas.tube(
        [(-half + 0.03, 2.38, 0.3), (-half + 0.03, 2.34, 4.5), (-half + 0.03, 2.4, deep)], 0.022, (190, 186, 172)
    )
    light = canvas.camera.project((0.0, 1.6, deep))
    canvas.glow(light, 420, (200, 214, 236), 0.55)
    lamp: Vector = (0.0, high - 0.12, 3.3)
    canvas.turned((0.0, high, 3.3), (0, -1, 0), [(0, 0.05), (0.06, 0.06), (0.1, 0.09), (0.16, 0.05)], (255, 250, 224))
    canvas.glow(canvas.camera.project(lamp), 560, (255, 214, 150), 0.7)
    shine = [canvas.camera.project((x, 0.0, z)) for x, z in ((-0.3, 8.5), (0.3, 8.5), (0.42, 4.2), (-0.42, 4.2))]
    canvas.fill(shine, (226, 232, 238), opacity=0.2, blur=26)
    for side in (-half, half):  # dust and dark where wall meets floor
        canvas.shadow([(side, 0.0, 0.4), (side * 0.86, 0, 0.4), (side * 0.86, 0, deep), (side, 0.0, deep)], 0.4, 12)
    return canvas


def _door(canvas: Canvas, x: float, z: float, colour: Colour) -> None:
    rng = canvas.rng
    leaf = metal(rng, (360, 760), colour)
    draw = ImageDraw.Draw(leaf)
    for box in ((40, 50, 320, 330), (40, 400, 320, 710)):
        draw.rectangle(box, outline=shade(colour, 0.6), width=7)
        draw.rectangle((box[0] + 10, box[1] + 10, box[2] - 10, box[3] - 10), outline=shade(colour, 1.35), width=3)
    draw.rectangle((306, 360, 336, 440), fill=(196, 178, 120))
    draw.ellipse((166, 150, 186, 170), fill=(20, 20, 20))
    if rng.random() < 0.7:  # the red paper of the New Year, faded
        draw.polygon([(180, 210), (250, 280), (180, 350), (110, 280)], fill=(196, 54, 44))
    leaf = leaf.filter(ImageFilter.GaussianBlur(0.8))
    frame = 0.07
    for grow, paint in ((frame, shade(colour, 0.55)),):
        canvas.face(
            [(x, 0, z - grow), (x, 2.05 + grow, z - grow), (x, 2.05 + grow, z + 0.9 + grow), (x, 0, z + 0.9 + grow)],
            paint,
        )
    canvas.surface(leaf, (x * 0.999, 2.05, z), (0, 0, 0.9), (0, -2.05, 0), light=0.86)


def _heap(canvas: Canvas, rng: Random) -> None:
    """Pile up what a household keeps outside its door."""
    shift = jitter(rng, 0.05)

    def box(x: float, y: float, z: float, size: Vector, yaw: float = 0.0, colour: Colour = (176, 136, 92)) -> None:
        tint = mix(colour, (150, 120, 86), rng.random())
        canvas.body((x + shift, y, z), size, [cardboard(rng, (420, 340), tint) for _ in range(3)], yaw=yaw)

    def ground(x: float, z: float, wide: float, deep: float) -> None:
        canvas.pool((x + shift, 0.0, z), wide, deep, 0.62, 16)

    ground(-0.5, 5.2, 0.5, 0.7)
    box(-0.92, 0, 5.0, (0.7, 0.55, 0.6), 4)
    box(-0.9, 0.55, 5.05, (0.6, 0.5, 0.5), -5)
    box(-0.86, 1.05, 5.1, (0.5, 0.42, 0.45), 7, (196, 160, 112))
    ground(0.55, 4.6, 0.45, 0.6)
    box(0.3, 0, 4.5, (0.62, 0.7, 0.6), -3)
    box(0.34, 0.7, 4.55, (0.55, 0.55, 0.5), 5, (190, 150, 106))
    planks = grain(rng, (900, 120), (164, 126, 82))
    for number in range(5):  # planks against the right wall
        foot = (0.5 - number * 0.03 + shift, 0.0, 4.2 - number * 0.1)
        canvas.surface(
            planks.rotate(90, expand=True), (0.9, 2.15 - number * 0.08, foot[2]), (-0.02, 0, -0.13),
            (foot[0] - 0.9, -2.15 + number * 0.08, 0), light=0.72 + 0.08 * number,
        )  # fmt: skip
    ground(-0.45, 3.6, 0.55, 0.5)
    box(-0.93, 0, 3.45, (0.75, 0.5, 0.55), -4, (168, 126, 84))
    box(-0.9, 0.5, 3.5, (0.66, 0.46, 0.48), 6)
    bag = sack(rng)
    canvas.surface(bag, (-0.86 + shift, 1.44, 3.45), (0.5, 0, 0.02), (0, -0.5, 0), light=0.9)
    ground(0.45, 3.1, 0.5, 0.4)
    for x, z, wide, high, tint in (
        (0.52, 3.35, 0.46, 0.72, (214, 210, 198)),
        (0.12, 3.2, 0.46, 0.66, (206, 204, 196)),
        (0.4, 2.95, 0.5, 0.62, (196, 208, 214)),
    ):
        canvas.surface(
            sack(rng, (300, 380), tint), (x - 0.1 + shift, high, z), (wide, 0, -0.03), (0, -high, 0), light=0.92
        )
    _chair(canvas, (0.05 + shift, 0.0, 2.6), rng)
    ground(-0.55, 2.3, 0.45, 0.35)
    box(-0.94, 0, 2.2, (0.6, 0.42, 0.5), 9, (186, 142, 94))
    box(-0.9, 0.42, 2.25, (0.5, 0.36, 0.42), -6, (200, 166, 120))
    canvas.turned(
        (0.66 + shift, 0.0, 2.25), (0, 1, 0), [(0, 0.13), (0.24, 0.17), (0.26, 0.185), (0.27, 0.17)], (196, 48, 44)
    )
    canvas.turned((0.66 + shift, 0.268, 2.25), (0, 1, 0), [(0, 0.16), (0.001, 0.16)], (70, 20, 20))
    roll: Colour = (150, 70, 64)
    canvas.turned((-0.62, 0.95, 2.1), (0.9, 0.0, 0.35), [(0, 0.085), (0.85, 0.085)], roll)


def _chair(canvas: Canvas, at: Vector, rng: Random) -> None:
    """Draw an old wooden chair lying askew on top of the sacks."""
    wood: Colour = (120, 74, 44)
    turn = math.radians(24 + jitter(rng, 14))

    def spot(x: float, y: float, z: float) -> Vector:
        return add(at, (x * math.cos(turn) - z * math.sin(turn), y, x * math.sin(turn) + z * math.cos(turn)))

    canvas.pool(add(at, (0.2, 0, 0.2)), 0.34, 0.3, 0.6, 12)
    for x in (0.0, 0.42):
        canvas.tube([spot(x, 0, 0.4), spot(x, 0.98, 0.46)], 0.022, wood)
    for y in (0.62, 0.78, 0.94):
        canvas.tube([spot(0, y, 0.44), spot(0.42, y, 0.44)], 0.018, wood)
    seat = [spot(0, 0.46, 0), spot(0.42, 0.46, 0), spot(0.42, 0.46, 0.42), spot(0, 0.46, 0.42)]
    canvas.face(seat, (158, 104, 64))
    canvas.tube([spot(0, 0.45, 0), spot(0.42, 0.45, 0)], 0.02, wood)
    for x in (0.0, 0.42):
        canvas.tube([spot(x, 0.0, 0), spot(x, 0.46, 0)], 0.022, wood)
    canvas.tube([spot(0, 0.2, 0), spot(0.42, 0.2, 0)], 0.014, wood)


def exit_chained(rng: Random) -> Scene:
    """Draw a two-leaf emergency exit with a chain and padlock through its handles, under its green sign."""
    canvas = _exit(rng)
    for left in (-0.94, 0.015):
        canvas.surface(_leaf(rng), (left, 2.2, 2.97), (0.925, 0, 0), (0, -2.18, 0))
    canvas.shadow([(-0.02, 0, 2.96), (0.03, 0, 2.96), (0.03, 2.2, 2.96), (-0.02, 2.2, 2.96)], 0.75, 3)
    canvas.shadow([(-1.1, 0, 2.95), (1.1, 0, 2.95), (1.1, 0, 2.7), (-1.1, 0, 2.7)], 0.5, 14)
    for side in (-1, 1):  # upright pull handles
        x = side * 0.16
        for y in (0.9, 1.36):
            canvas.tube([(x, y, 2.96), (x, y, 2.88)], 0.016, (188, 190, 192))
        canvas.shadow(
            [(x + 0.03, 0.85, 2.96), (x + 0.07, 0.85, 2.96), (x + 0.07, 1.4, 2.96), (x + 0.03, 1.4, 2.96)], 0.4, 5
        )
        canvas.tube([(x, 0.84, 2.87), (x, 1.42, 2.87)], 0.02, (206, 208, 210), shine=0.9)
    _chain(canvas, rng)
    _running_man_sign(canvas)
    return canvas, Mood(warmth=-0.1, corners=0.52, grain=8, contrast=1.14)


def exit_open(rng: Random) -> Scene:
    """Draw the same exit without its chain, both leaves swung wide open onto a bright yard."""
    canvas = _exit(rng)
    leaves = [_leaf(rng), _leaf(rng)]
    _yard(canvas)
    for side, leaf in zip((-1, 1), leaves, strict=True):
        turn = math.radians(76)  # pushed outwards, away from the viewer
        along: Vector = (0.925 * math.cos(turn) * side, 0.0, 0.925 * math.sin(turn))
        hinge: Vector = (side * 0.94, 2.2, 2.99)
        face = leaf if side < 0 else leaf.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        canvas.surface(face, hinge, (-along[0], 0, along[2]), (0, -2.18, 0), light=0.72)
        bar = [add(hinge, (-along[0] * share - side * 0.06, -1.16, along[2] * share)) for share in (0.1, 0.92)]
        canvas.tube(bar, 0.024, (196, 40, 36), shine=0.6)  # the bar that opens at a push
    canvas.fill(
        [canvas.camera.project(p) for p in ((-0.9, 0, 2.98), (0.9, 0, 2.98), (0.6, 0, 0.9), (-1.3, 0, 0.9))],
        (255, 250, 232), opacity=0.4, blur=24,
    )  # fmt: skip
    _running_man_sign(canvas)
    canvas.glow(canvas.camera.project((0, 1.3, 3.2)), 620, (236, 240, 246), 0.35)
    return canvas, Mood(warmth=0.0, corners=0.44, grain=6, contrast=1.1)


def _exit(rng: Random) -> Canvas:
    """Draw wall, floor and frame of the emergency exit; nothing in the frame yet."""
    camera = Camera(
        (jitter(rng, 0.3), 1.5 + jitter(rng, 0.06), 0.0),
        yaw=jitter(rng, 2.5), pitch=-1 + jitter(rng, 1), roll=jitter(rng, 2.4), focal=0.84 + jitter(rng, 0.02),
    )  # fmt: skip
    canvas = Canvas(camera, rng, sun=(0.2, 0.8, -0.6))
    wall = stained(plaster(rng, (1600, 1100), (206, 204, 196)), rng, (150, 146, 136), 0.5, 240)
    floor = tiles(rng, (1400, 900), (176, 170, 158), side=140)
    canvas.surface(wall, (-3, 3.4, 3.0), (6, 0, 0), (0, -3.4, 0), light=0.84)
    canvas.surface(floor, (-3, 0, 3.0), (6, 0, 0), (0, 0, -3), light=0.84)
    canvas.face([(-1.0, 0, 2.99), (1.0, 0, 2.99), (1.0, 2.28, 2.99), (-1.0, 2.28, 2.99)], shade(STEEL, 0.5))
    return canvas


def _leaf(rng: Random) -> Image.Image:
    """Return one steel leaf of the exit with its pane."""
    leaf = metal(rng, (460, 1080), STEEL, rust=0.12)
    draw = ImageDraw.Draw(leaf)
    for box in ((50, 60, 410, 470), (50, 640, 410, 1030)):
        draw.rectangle(box, outline=shade(STEEL, 0.66), width=6)
        draw.rectangle((box[0] + 7, box[1] + 7, box[2] - 7, box[3] - 7), outline=shade(STEEL, 1.3), width=3)
    draw.rectangle((130, 120, 330, 380), fill=(66, 82, 88))
    draw.polygon([(130, 120), (230, 120), (130, 300)], fill=(112, 130, 136))
    return leaf.filter(ImageFilter.GaussianBlur(0.8))


def _yard(canvas: Canvas) -> None:
    """Draw what is seen through the open exit: a paved yard, a low brick wall, a tree, the sky."""
    rng = canvas.rng
    before = canvas.image.copy()
    air = gradient((400, 300), [(0, (150, 188, 222)), (1, (226, 234, 236))])
    canvas.surface(air, (-12, 9, 14), (24, 0, 0), (0, -9, 0))
    canvas.surface(concrete(rng, (900, 900), (196, 192, 182)), (-12, -0.02, 14), (24, 0, 0), (0, 0, -11.01))
    canvas.surface(brick(rng, (1500, 160), (170, 104, 82), course=20), (-12, 1.35, 12), (24, 0, 0), (0, -1.37, 0))
    poplar(canvas, (1.1, 0, 13.0), 4.6, leaves=(112, 134, 66))
    poplar(canvas, (-2.2, 0, 13.4), 4.2, leaves=(126, 140, 70))
    opening = Image.new("L", canvas.image.size)
    corners = ((-0.94, 0.0, 2.99), (0.94, 0.0, 2.99), (0.94, 2.2, 2.99), (-0.94, 2.2, 2.99))
    ImageDraw.Draw(opening).polygon([canvas.camera.project(corner) for corner in corners], fill=255)
    canvas.image = Image.composite(canvas.image, before, opening.filter(ImageFilter.GaussianBlur(1)))


def _chain(canvas: Canvas, rng: Random) -> None:
    """Wind a chain through both handles and hang a padlock on it."""
    for turn, drop in ((0, 0.04), (1, 0.07), (2, 0.03)):
        base = 1.22 - turn * 0.1
        path = [
            (-0.22 + 0.44 * share, base - drop * 4 * share * (1 - share) + jitter(rng, 0.004), 2.83 - 0.01 * turn)
            for share in (step / 11 for step in range(12))
        ]
        ground = [canvas.camera.project(add(point, (0.03, -0.035, 0.06))) for point in path]
        for here, following in itertools.pairwise(ground):
            canvas.darken([here, following, (following[0], following[1] + 20), (here[0], here[1] + 20)], 0.34, 6)
        for number, (start, end) in enumerate(itertools.pairwise(path)):
            _link(canvas, start, end, flat=number % 2 == 0)
    x, y, z = 0.015, 0.96, 2.8
    canvas.darken(
        [
            canvas.camera.project(p)
            for p in ((-0.05, 0.9, 2.9), (0.13, 0.9, 2.9), (0.13, 0.72, 2.9), (-0.05, 0.72, 2.9))
        ],
        0.5,
        10,
    )
    arch = [(x + 0.045 * math.cos(t), y - 0.03 + 0.075 * math.sin(t), z) for t in (math.pi * s / 14 for s in range(15))]
    canvas.tube([(x + 0.045, 0.87, z), *arch, (x - 0.045, 0.87, z)], 0.011, (210, 212, 216), shine=0.9)
    brass = metal(rng, (120, 110), (206, 160, 66))
    pen = ImageDraw.Draw(brass)
    pen.ellipse((50, 40, 70, 60), fill=(30, 22, 10))
    pen.rectangle((56, 54, 64, 84), fill=(30, 22, 10))
    pen.rectangle((0, 0, 119, 8), fill=(240, 204, 120))
    canvas.body((x - 0.075, 0.755, z - 0.02), (0.15, 0.125, 0.04), brass, lean=jitter(rng, 5))


def _link(canvas: Canvas, a: Vector, b: Vector, *, flat: bool) -> None:
    (x0, y0), (x1, y1) = canvas.camera.project(a), canvas.camera.project(b)
    long = math.hypot(x1 - x0, y1 - y0) * 0.86
    wide = long * (0.52 if flat else 0.16)
    turn = math.atan2(y1 - y0, x1 - x0)
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    ring = []
    for step in range(25):
        angle = 2 * math.pi * step / 24
        u, v = long * math.cos(angle), wide * math.sin(angle)
        ring.append(
            (middle[0] + u * math.cos(turn) - v * math.sin(turn), middle[1] + u * math.sin(turn) + v * math.cos(turn))
        )
    canvas.cable(ring, [long * 0.27] * len(ring), (150, 152, 156), shine=1.0)


def _running_man_sign(canvas: Canvas) -> None:
    """Draw the lit green sign: a figure running to an open door, and an arrow."""
    sign = Image.new("RGB", (720, 260), (20, 132, 74))
    draw = ImageDraw.Draw(sign)
    white = (240, 255, 244)
    draw.rectangle((10, 10, 709, 249), outline=white, width=6)
    draw.rectangle((60, 40, 210, 222), fill=white)
    draw.polygon([(64, 44), (104, 60), (104, 240), (64, 222)], fill=(20, 132, 74), outline=white, width=5)
    draw.ellipse((236, 38, 276, 78), fill=white)
    body = [[(252, 84), (236, 150)], [(250, 96), (206, 122), (188, 104)], [(252, 96), (284, 128), (312, 112)],
            [(238, 148), (282, 176), (274, 222)], [(236, 148), (206, 186), (160, 188)]]  # fmt: skip
    for limb in body:
        draw.line(limb, fill=white, width=26, joint="curve")
        for x, y in limb:
            draw.ellipse((x - 13, y - 13, x + 13, y + 13), fill=white)
    for x, y in ((206, 122), (188, 104), (206, 186), (160, 188), (160, 104)):
        draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=(20, 132, 74) if x < 211 else white)
    draw.line([(206, 122), (188, 104)], fill=(20, 132, 74), width=18)
    draw.line([(208, 184), (160, 188)], fill=(20, 132, 74), width=18)
    draw.polygon([(400, 130), (480, 60), (480, 104), (660, 104), (660, 156), (480, 156), (480, 200)], fill=white)
    sign = sign.filter(ImageFilter.GaussianBlur(1.2))
    canvas.body(
        (-0.46, 2.4, 2.9),
        (0.92, 0.335, 0.06),
        [sign, metal(canvas.rng, (60, 60), (200, 200, 196)), metal(canvas.rng, (60, 60), (220, 220, 214))],
    )
    canvas.surface(sign, (-0.46, 2.735, 2.895), (0.92, 0, 0), (0, -0.335, 0), light=1.2)
    canvas.glow(canvas.camera.project((0, 2.57, 2.9)), 420, (60, 220, 130), 0.45)
