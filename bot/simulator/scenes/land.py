"""Scenes of slope and field: the cracked slope, the burning stubble."""

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
    Vector,
    add,
    jitter,
    mix,
    shade,
)
from bot.simulator.scenes.finish import Mood, Scene
from bot.simulator.scenes.landscape import haze, hills, horizon, house, poplar, scatter, weeds
from bot.simulator.scenes.surfaces import (
    brick,
    clouds,
    sky,
    smoke_mask,
    soil,
    stone,
    tinted,
)


def slope_cracked(rng: Random) -> Scene:
    """Draw a steep loess slope behind a house, a long dark crack across it, fresh fall at its foot."""
    camera = Camera(
        (jitter(rng, 0.8), 1.7, 0.0),
        yaw=jitter(rng, 4),
        pitch=8 + jitter(rng, 2),
        roll=jitter(rng, 2.4),
        focal=0.74 + jitter(rng, 0.03),
    )
    canvas = Canvas(camera, rng, sun=(-0.6, 0.65, -0.4))
    canvas.image.paste(sky(rng, (138, 158, 178), (208, 212, 210), 0.7, cover=1.0))
    foot, back, top = 13.0, 21.0, 11.5
    face = soil(rng, (2200, 1300), (190, 148, 96))
    folds = clouds(rng, face.size, 260, 5).resize((2200, 1300))
    gullies = clouds(rng, (2200, 260), 110, 5).resize((2200, 1300), Image.Resampling.BICUBIC)
    face = Image.composite(
        face, tinted(folds, (112, 80, 48), (206, 168, 114)), gullies.point(lambda value: 90 + value // 2)
    )
    upright = clouds(rng, (2200, 60), 50, 4).resize((2200, 1300), Image.Resampling.BICUBIC)
    face = Image.composite(
        Image.new("RGB", face.size, (124, 90, 54)), face, upright.point(lambda value: max(0, value - 140))
    )
    draw = ImageDraw.Draw(face)
    for y in (330, 760):  # old terraces
        draw.line(
            [(x, y + 26 * math.sin(x / 170) + jitter(rng, 8)) for x in range(0, 2210, 24)],
            fill=(134, 100, 62),
            width=20,
        )
        draw.line(
            [(x, y + 20 + 26 * math.sin(x / 170) + jitter(rng, 8)) for x in range(0, 2210, 24)],
            fill=(122, 128, 70),
            width=14,
        )
    face = face.filter(ImageFilter.GaussianBlur(1.2))
    face = _cracked(face, rng)
    ragged = Image.new("L", face.size, 255)
    edge = [(x, 34 + 22 * math.sin(x / 210 + 1) + jitter(rng, 12)) for x in range(0, 2230, 20)]
    ImageDraw.Draw(ragged).polygon([(0, 0), *edge, (2210, 0)], fill=0)
    face.putalpha(ragged.filter(ImageFilter.GaussianBlur(2)))
    canvas.surface(face, (-17, top, back), (34, 0, 0), (0, -top, foot - back), light=1.02)
    weeds(canvas, [(rng.uniform(-16, 16), top - 0.45, back) for _ in range(150)], 0.9, (126, 120, 66))
    bent = (-4.2 + jitter(rng, 1), top - 0.6, back - 0.3)
    for lean, long in ((0.5, 2.6), (0.7, 1.7), (0.25, 1.9)):
        canvas.tube(
            [bent, add(bent, (long * lean * 0.6, long * 0.6, 0)), add(bent, (long * lean * 1.5, long, 0))],
            0.07,
            (96, 82, 66),
            shine=0.1,
        )
    canvas.surface(soil(rng, (1600, 900), (166, 138, 98)), (-20, 0, 14), (40, 0, 0), (0, 0, -14))
    _fallen_earth(canvas, (1.0, 0.0, 11.6))
    wall = brick(rng, (900, 420), (152, 88, 66), course=20)
    house(canvas, (-9.6, 0, 7.2), 6.2, 2.9, 4, wall)
    canvas.shadow([(-9.6, 0, 7.2), (-3.4, 0, 7.2), (-2.6, 0, 6.4), (-9.6, 0, 6.2)], 0.5, 14)
    weeds(canvas, scatter(rng, 90, (-7, 7), (3, 10)), 0.25, (142, 132, 74))
    tape = [(-2.6 + step * 0.6, 0.9 - 0.09 * math.sin(math.pi * (step % 4) / 4), 7.0) for step in range(13)]
    for number in (0, 4, 8, 12):
        canvas.tube([(tape[number][0], 0, 7.0), (tape[number][0], 0.98, 7.0)], 0.03, (126, 90, 56))
    for number, (here, following) in enumerate(itertools.pairwise(tape)):
        strip = [here, following, add(following, (0, -0.1, 0)), add(here, (0, -0.1, 0))]
        canvas.face(strip, (206, 40, 36) if number % 2 else (240, 236, 224))
    return canvas, Mood(warmth=0.1, corners=0.42, grain=6, contrast=1.14, colour=1.05)


def _cracked(face: Image.Image, rng: Random) -> Image.Image:
    """Open a jagged crack across a slope, with side branches, the lower lip lit."""
    draw = ImageDraw.Draw(face)

    def tear(x: float, y: float, heading: float, length: int, wide: float, order: int) -> None:
        spine: list[tuple[float, float, float]] = []
        for step in range(length):
            share = step / length
            spine.append((x, y, wide * math.sin(math.pi * min(1, share * 0.9 + 0.12)) * rng.uniform(0.7, 1.2)))
            heading += jitter(rng, 0.3)
            x, y = x + 21 * math.cos(heading), y + 21 * math.sin(heading) * 0.8
            heading *= 0.9
            if order and rng.random() < 0.14:
                tear(x, y, heading + rng.choice((-0.9, 0.9)), length // 4, wide * 0.4, order - 1)
        upper = [(a, b - w) for a, b, w in spine]
        lower = [(a + 3, b + w) for a, b, w in spine]
        draw.line([(a, b + 6) for a, b in lower], fill=(226, 190, 134), width=max(3, round(wide * 0.5)))
        draw.polygon([*upper, *reversed(lower)], fill=(30, 20, 14))
        draw.line(upper, fill=(92, 62, 38), width=4)

    tear(420, 560, 0.16, 66, 19, 2)
    tear(640, 430, 0.1, 34, 6, 1)
    return face.filter(ImageFilter.GaussianBlur(1))


def _fallen_earth(canvas: Canvas, at: Vector) -> None:
    """Heap lumps of fresh earth at the foot of the slope."""
    rng = canvas.rng
    canvas.pool(at, 4.6, 1.2, 0.4, 26)
    spots = []
    for _ in range(520):
        u = rng.gauss(0, 1.7)
        rise = max(0.0, 1.7 * math.exp(-((u / 2.2) ** 2)))
        spots.append((at[0] + u, rng.random() * rise, at[2] + 1.2 - rng.random() * 2.2))
    spots.sort(key=lambda place: (-place[2], place[1]))
    layer = Image.new("RGBA", (WIDTH, HEIGHT), (168, 128, 82, 0))
    draw = ImageDraw.Draw(layer)
    for place in spots:
        reach = canvas.camera.pixels(place, rng.uniform(0.08, 0.3))
        stone(draw, rng, canvas.camera.project(place), reach, shade((186, 144, 94), rng.uniform(0.7, 1.1)))
    canvas.image.paste(layer.convert("RGB"), (0, 0), layer.getchannel("A").filter(ImageFilter.GaussianBlur(0.8)))


def stubble_smoke(rng: Random) -> Scene:
    """Draw a field of cut maize with a line of fire far off and its smoke drifting over the hills."""
    camera = Camera(
        (jitter(rng, 1.5), 1.65, 0.0),
        yaw=jitter(rng, 5),
        pitch=1 + jitter(rng, 1.5),
        roll=jitter(rng, 2),
        focal=0.78 + jitter(rng, 0.04),
    )
    canvas = Canvas(camera, rng, sun=(0.5, 0.6, 0.3))
    level = horizon(canvas)
    canvas.image.paste(sky(rng, (132, 158, 186), (226, 214, 196), level / HEIGHT, cover=0.6))
    hills(canvas, level + 10, 230, (150, 152, 158))
    hills(canvas, level + 12, 140, (126, 124, 112))
    hills(canvas, level + 14, 60, (98, 98, 70))
    field = soil(rng, (1800, 1800), (176, 146, 92))
    canvas.surface(field, (-90, 0, 140), (180, 0, 0), (0, 0, -140))
    for x in (-42.0, -34.0, -27.0, 22.0, 31.0, 38.0):
        poplar(canvas, (x + jitter(rng, 2), 0, 88), 10, leaves=(112, 108, 60))
    fire_z, at = 46.0, jitter(rng, 4)
    burnt = [(at - 26, 0.0, fire_z), (at + 20, 0, fire_z), (at + 24, 0, fire_z + 16), (at - 30, 0, fire_z + 16)]
    canvas.shadow(burnt, 0.6, 12)
    sources = [(at - 22 + number * 4.2, fire_z + jitter(rng, 1.5)) for number in range(10)]
    for number, (x, z) in enumerate(sources):
        spot = canvas.camera.project((x, 0.5, z))
        mask = smoke_mask(
            rng, spot, drift=420 + jitter(rng, 160), rise=430 + jitter(rng, 150), spread=360, strength=0.75
        )
        canvas.veil(mask, mix((226, 220, 210), (120, 114, 108), (number % 3) / 3))
    for x, z in sources:
        for _ in range(16):
            u = x + jitter(rng, 2.4)
            low, high = (
                canvas.camera.project((u, 0, z)),
                canvas.camera.project((u + jitter(rng, 0.5), rng.uniform(0.5, 2.1), z)),
            )
            wide = rng.uniform(4, 10)
            canvas.fill(
                [(low[0] - wide, low[1]), (high[0], high[1]), (low[0] + wide, low[1])],
                rng.choice(((255, 120, 24), (255, 176, 60), (250, 84, 20))),
                blur=1.4,
            )
        canvas.glow(canvas.camera.project((x, 0.6, z)), 60, (255, 140, 50), 0.6)
    haze(canvas, level - 10, (222, 208, 190), 0.34, 120)
    rows: list[Vector] = []
    for x in range(-34, 35):
        for step in range(44):
            z = 1.6 * 1.08**step
            if z < 44 and abs(x * 0.7) < z * 0.85 + 2:
                rows.append((x * 0.7 + jitter(rng, 0.08), 0.0, z + jitter(rng, 0.2)))
    weeds(canvas, rows, 0.3, (206, 178, 112))
    stalks = scatter(rng, 120, (-4, 4), (1.8, 9))
    for place in stalks[:70]:
        turn = rng.random() * math.pi
        canvas.tube(
            [add(place, (0, 0.02, 0)), add(place, (0.5 * math.cos(turn), 0.05, 0.5 * math.sin(turn)))],
            0.012,
            shade((214, 186, 120), rng.uniform(0.7, 1.1)),
            shine=0.2,
        )
    return canvas, Mood(warmth=0.45, corners=0.4, grain=6, contrast=1.12, colour=1.05)
