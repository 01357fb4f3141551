"""What things are made of: plaster, brick, soil, coal, cardboard, sky, water, smoke, as pictures of noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from bot.simulator.scenes.canvas import HEIGHT, WIDTH, Colour, Point, mix, shade

Size = tuple[int, int]


def clouds(rng: Random, size: Size, cell: float = 160, octaves: int = 5, *, stretch: float = 1.0) -> Image.Image:
    """Return soft grey noise whose largest spots are about `cell` pixels, longer sideways by `stretch`."""
    total: Image.Image | None = None
    for octave in range(octaves):
        step = max(cell / 2**octave, 1.0)
        wide, high = max(2, round(size[0] / (step * stretch))), max(2, round(size[1] / step))
        wide, high = min(wide, size[0]), min(high, size[1])
        layer = Image.frombytes("L", (wide, high), rng.randbytes(wide * high))
        layer = layer.resize(size, Image.Resampling.BICUBIC)
        total = layer if total is None else Image.blend(total, layer, 0.4 * 0.72**octave)
    if total is None:
        raise ValueError("octaves must be at least 1")
    return ImageOps.autocontrast(total, cutoff=1)


def tinted(noise: Image.Image, dark: Colour, light: Colour, middle: Colour | None = None) -> Image.Image:
    """Return grey noise in colours from dark to light."""
    return ImageOps.colorize(noise, dark, light, mid=middle or mix(dark, light, 0.5))


def stained(picture: Image.Image, rng: Random, colour: Colour, amount: float, cell: float = 200) -> Image.Image:
    """Return a picture with dirt of a colour in cloudy spots; `amount` is 0 to 1."""
    mask = clouds(rng, picture.size, cell * 1.6, 7).point(lambda value: round(max(0, value - 110) * 1.3 * amount))
    return Image.composite(Image.new("RGB", picture.size, colour), picture, mask)


def plaster(rng: Random, size: Size, colour: Colour, *, rough: float = 0.08) -> Image.Image:
    """Return a painted or rendered wall."""
    return tinted(clouds(rng, size, 220, 7), shade(colour, 1 - rough * 1.6), shade(colour, 1 + rough * 0.7), colour)


def concrete(rng: Random, size: Size, colour: Colour = (150, 147, 140)) -> Image.Image:
    """Return grey, spotted concrete."""
    base = tinted(clouds(rng, size, 300, 8), shade(colour, 0.72), shade(colour, 1.16), colour)
    fine = Image.frombytes("L", size, rng.randbytes(size[0] * size[1])).filter(ImageFilter.GaussianBlur(0.7))
    return Image.blend(base, tinted(fine, shade(colour, 0.7), shade(colour, 1.25)), 0.22)


def soil(rng: Random, size: Size, colour: Colour = (168, 134, 92)) -> Image.Image:
    """Return loess or field earth with crumbs."""
    base = tinted(clouds(rng, size, 180, 8), shade(colour, 0.6), shade(colour, 1.2), colour)
    draw = ImageDraw.Draw(base)
    for _ in range(size[0] * size[1] // 900):
        x, y, reach = rng.random() * size[0], rng.random() * size[1], rng.uniform(0.8, 3.2)
        draw.ellipse((x, y, x + reach * 2, y + reach * 1.4), fill=shade(colour, rng.uniform(0.5, 1.25)))
    return base.filter(ImageFilter.GaussianBlur(0.6))


def brick(
    rng: Random,
    size: Size,
    colour: Colour = (156, 84, 62),
    *,
    course: int = 40,
    joint: Colour = (178, 170, 158),
) -> Image.Image:
    """Return a brick wall, `course` pixels a row."""
    wall = Image.new("RGB", size, joint)
    draw = ImageDraw.Draw(wall)
    long, gap = round(course * 3.1), max(2, course // 9)
    for row in range(size[1] // course + 1):
        shift = -(long // 2) if row % 2 else 0
        for column in range(size[0] // long + 2):
            x, y = column * long + shift, row * course
            draw.rectangle((x, y, x + long - gap, y + course - gap), fill=shade(colour, rng.uniform(0.78, 1.16)))
    wall = Image.blend(wall, tinted(clouds(rng, size, 90, 6), shade(colour, 0.5), shade(colour, 1.4)), 0.25)
    return wall.filter(ImageFilter.GaussianBlur(0.8))


def tiles(rng: Random, size: Size, colour: Colour, *, side: int = 120, joint: Colour = (120, 116, 108)) -> Image.Image:
    """Return square tiles with joints."""
    wall = Image.new("RGB", size, joint)
    draw = ImageDraw.Draw(wall)
    gap = max(2, side // 34)
    for top in range(0, size[1], side):
        for left in range(0, size[0], side):
            paint = shade(colour, rng.uniform(0.94, 1.04))
            draw.rectangle((left, top, left + side - gap, top + side - gap), fill=paint)
    return Image.blend(wall, tinted(clouds(rng, size, 200, 5), shade(colour, 0.7), shade(colour, 1.1)), 0.25)


def grain(rng: Random, size: Size, colour: Colour = (150, 112, 72)) -> Image.Image:
    """Return wood with its grain lying sideways."""
    noise = clouds(rng, size, 40, 5, stretch=14)
    return tinted(noise, shade(colour, 0.62), shade(colour, 1.18), colour)


def cardboard(rng: Random, size: Size = (420, 340), colour: Colour = (176, 136, 92)) -> Image.Image:
    """Return one side of a used cardboard box, taped, printed and scuffed."""
    sheet = tinted(clouds(rng, size, 110, 6), shade(colour, 0.82), shade(colour, 1.1), colour)
    draw = ImageDraw.Draw(sheet)
    wide, high = size
    draw.rectangle((0, high * 0.44, wide, high * 0.54), fill=shade(colour, 1.17))
    draw.line((0, high * 0.44, wide, high * 0.44), fill=shade(colour, 0.85), width=2)
    ink = mix(shade(colour, 0.45), (60, 70, 110), rng.random())
    left = wide * rng.uniform(0.1, 0.5)
    for row in range(3):
        top = high * (0.66 + row * 0.08)
        draw.rectangle((left, top, left + wide * rng.uniform(0.16, 0.36), top + high * 0.035), fill=ink)
    draw.polygon(
        [(wide * 0.1, high * 0.3), (wide * 0.16, high * 0.1), (wide * 0.22, high * 0.3)],
        fill=None,
        outline=ink,
        width=4,
    )
    draw.rectangle((0, 0, wide - 1, high - 1), outline=shade(colour, 0.66), width=3)
    return sheet.filter(ImageFilter.GaussianBlur(0.7))


def metal(rng: Random, size: Size, colour: Colour, *, rust: float = 0.0) -> Image.Image:
    """Return painted sheet metal; `rust` is 0 to 1."""
    sheet = tinted(clouds(rng, size, 260, 5), shade(colour, 0.86), shade(colour, 1.1), colour)
    if rust:
        limit = round(255 * (1 - rust))
        spots = clouds(rng, size, 120, 7).point(lambda value: max(0, min(255, (value - limit) * 7)))
        sheet = Image.composite(tinted(clouds(rng, size, 30, 4), (84, 44, 26), (168, 96, 50)), sheet, spots)
    return sheet


def ribbed(rng: Random, size: Size, colour: Colour, *, ribs: int = 14, rust: float = 0.0) -> Image.Image:
    """Return corrugated sheet with upright ribs."""
    sheet = metal(rng, size, colour, rust=rust)
    wave = Image.new("L", (size[0], 1))
    for x in range(size[0]):
        wave.putpixel((x, 0), round(196 + 58 * math.sin(2 * math.pi * ribs * x / size[0])))
    return ImageChops.multiply(sheet, Image.merge("RGB", [wave.resize(size)] * 3))


def lumps(rng: Random, size: Size, dark: Colour, light: Colour, *, reach: float = 26) -> Image.Image:
    """Return a heap of broken lumps (coal, gravel, rubble)."""
    heap = tinted(clouds(rng, size, 60, 5), shade(dark, 0.6), dark)
    draw = ImageDraw.Draw(heap)
    for _ in range(round(size[0] * size[1] / reach**2 * 2.4)):
        x, y, big = rng.random() * size[0], rng.random() * size[1], reach * rng.uniform(0.35, 1.0)
        stone(draw, rng, (x, y), big, mix(dark, light, rng.random() ** 2))
    return heap.filter(ImageFilter.GaussianBlur(0.6))


def stone(draw: ImageDraw.ImageDraw, rng: Random, at: Point, reach: float, colour: Colour) -> None:
    """Draw one broken lump with a lit top and a dark foot."""
    x, y = at
    count = rng.randint(5, 7)
    start = rng.random() * math.pi
    ring = [
        (
            x + reach * rng.uniform(0.7, 1.05) * math.cos(start + 2 * math.pi * number / count),
            y + reach * 0.75 * rng.uniform(0.7, 1.05) * math.sin(start + 2 * math.pi * number / count),
        )
        for number in range(count)
    ]
    draw.polygon([(a + reach * 0.1, b + reach * 0.2) for a, b in ring], fill=shade(colour, 0.3))
    draw.polygon(ring, fill=colour)
    top = sorted(ring, key=lambda corner: corner[1])[:3]
    draw.polygon([*sorted(top), (x, y)], fill=shade(colour, 1.45))


def straw(rng: Random, size: Size, colour: Colour = (206, 172, 96), *, count: int = 2600) -> Image.Image:
    """Return a face of pressed or loose straw."""
    face = tinted(clouds(rng, size, 70, 6), shade(colour, 0.5), shade(colour, 0.95))
    draw = ImageDraw.Draw(face)
    for _ in range(count):
        x, y = rng.random() * size[0], rng.random() * size[1]
        turn, reach = rng.uniform(-0.5, 0.5) + (math.pi / 2 if rng.random() < 0.2 else 0), rng.uniform(12, 46)
        end = (x + reach * math.cos(turn), y + reach * math.sin(turn))
        draw.line([(x, y), end], fill=shade(colour, rng.uniform(0.55, 1.25)), width=rng.choice((1, 2, 2)))
    return face.filter(ImageFilter.GaussianBlur(0.5))


def sack(rng: Random, size: Size = (300, 380), colour: Colour = (214, 210, 198)) -> Image.Image:
    """Return a woven sack, tied and bulging, on a clear ground."""
    wide, high = size
    shape = Image.new("L", size)
    pen = ImageDraw.Draw(shape)
    pen.rounded_rectangle((wide * 0.04, high * 0.16, wide * 0.96, high * 0.99), radius=wide * 0.2, fill=255)
    pen.polygon(
        [(wide * 0.2, high * 0.22), (wide * 0.4, high * 0.1), (wide * 0.34, 0), (wide * 0.66, 0),
         (wide * 0.6, high * 0.1), (wide * 0.8, high * 0.22)],
        fill=255,
    )  # fmt: skip
    cloth = tinted(clouds(rng, size, 90, 6), shade(colour, 0.5), shade(colour, 1.12), shade(colour, 0.95))
    draw = ImageDraw.Draw(cloth)
    for x in range(0, wide, 9):
        draw.line((x, 0, x, high), fill=shade(colour, 0.86), width=1)
    stripe = rng.choice(((176, 62, 54), (60, 96, 150), (70, 120, 80)))
    for share in (0.3, 0.7):
        draw.rectangle((wide * share - 5, high * 0.14, wide * share + 5, high), fill=mix(stripe, colour, 0.35))
    draw.line((wide * 0.36, high * 0.1, wide * 0.64, high * 0.1), fill=(120, 60, 40), width=7)
    light = Image.new("L", size)
    for x in range(wide):
        light.paste(round(255 * (0.45 + 0.6 * math.sin(math.pi * min(1, (x + 10) / wide)))), (x, 0, x + 1, high))
    cloth = ImageChops.multiply(cloth, Image.merge("RGB", [light] * 3))
    cloth.putalpha(shape.filter(ImageFilter.GaussianBlur(1)))
    return cloth


def gradient(size: Size, stops: Sequence[tuple[float, Colour]]) -> Image.Image:
    """Return colours running from top to bottom; stops are (share of the height, colour), rising."""
    strip = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        share = y / max(1, size[1] - 1)
        before = max((stop for stop in stops if stop[0] <= share), default=stops[0], key=lambda stop: stop[0])
        after = min((stop for stop in stops if stop[0] >= share), default=stops[-1], key=lambda stop: stop[0])
        span = after[0] - before[0]
        strip.putpixel((0, y), mix(before[1], after[1], (share - before[0]) / span if span else 0))
    return strip.resize(size)


def sky(rng: Random, top: Colour, low: Colour, horizon: float, *, cover: float = 0.5) -> Image.Image:
    """Return a whole-picture sky down to `horizon` (share of the height) with drifting cloud."""
    air = gradient((WIDTH, HEIGHT), [(0, top), (max(0.05, horizon), low), (1, low)])
    mask = clouds(rng, (WIDTH, HEIGHT), 340, 6, stretch=2.2)
    mask = mask.point(lambda value: round(max(0, value - 120) * 1.5 * cover))
    fade = gradient((WIDTH, HEIGHT), [(0, (255,) * 3), (max(0.05, horizon), (60,) * 3), (1, (0,) * 3)]).convert("L")
    return Image.composite(Image.new("RGB", air.size, (250, 250, 248)), air, ImageChops.multiply(mask, fade))


def smoke_mask(
    rng: Random, source: Point, *, drift: float, rise: float, spread: float, strength: float = 0.9
) -> Image.Image:
    """Return a plume from a point of the picture: pixels of drift, rise and final width."""
    coarse = 4  # smoke is soft: a quarter of the size is enough, and sixteen times less work
    plume = Image.new("L", (WIDTH // coarse, HEIGHT // coarse))
    steps = 46
    for step in range(steps):
        share = step / (steps - 1)
        reach = spread * (0.05 + 0.95 * share**0.8) / 2
        sway = math.sin(share * 7 + source[0]) * reach * 0.35
        x = source[0] + drift * share**1.3 + sway + rng.uniform(-0.3, 0.3) * reach
        y = source[1] - rise * share + rng.uniform(-0.2, 0.2) * reach
        level = strength * (1 - share) ** 0.75 * 0.5
        side = max(2, round(reach * 2 / coarse))
        puff = Image.radial_gradient("L").resize((side, side))
        puff = puff.point(lambda value, level=level: round(max(0, 181 - value) / 181 * 255 * level))
        here = Image.new("L", plume.size)
        here.paste(puff, (round((x - reach) / coarse), round((y - reach) / coarse)))
        plume = ImageChops.screen(plume, here)
    billow = clouds(rng, (WIDTH // 2, HEIGHT // 2), max(30.0, spread * 0.18), 5)
    billow = billow.point(lambda value: min(255, round(40 + value * 1.1)))
    plume = plume.resize(billow.size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(plume, billow).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
