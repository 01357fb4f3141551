"""What outdoor scenes are put together from: hills, trees, houses, weeds, haze, water."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import (
    HEIGHT,
    WIDTH,
    Canvas,
    Colour,
    Point,
    Vector,
    add,
    jitter,
    shade,
)
from bot.simulator.scenes.surfaces import (
    clouds,
    tinted,
)


def horizon(canvas: Canvas) -> float:
    """Return the height of the horizon in the middle of the picture, in pixels from the top."""
    camera = canvas.camera
    away = math.radians(camera.yaw)
    return camera.project(add(camera.position, (900 * math.sin(away), 0, 900 * math.cos(away))))[1]


def hills(canvas: Canvas, level: float, height: float, colour: Colour, *, rough: float = 0.5) -> None:
    """Draw one line of hills standing on a level of the picture."""
    rng = canvas.rng
    waves = [(rng.uniform(0.5, 1), rng.uniform(1, 2.2) * 2**step, rng.random() * 7) for step in range(6)]
    ridge: list[Point] = []
    for x in range(-20, WIDTH + 21, 10):
        lift = sum(
            size * rough**step * math.sin(x / WIDTH * often * math.pi + start)
            for step, (size, often, start) in enumerate(waves)
        )
        ridge.append((x, level - height * (0.55 + 0.35 * lift)))
    shape = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(shape).polygon([*ridge, (WIDTH + 20, level + 60), (-20, level + 60)], fill=255)
    face = tinted(clouds(rng, (WIDTH, HEIGHT), 120, 6, stretch=1.6), shade(colour, 0.82), shade(colour, 1.12), colour)
    canvas.image.paste(face, (0, 0), shape.filter(ImageFilter.GaussianBlur(1.5)))


def weeds(canvas: Canvas, spots: list[Vector], tall: float, colour: Colour) -> None:
    """Draw tufts of dry or green grass at places on the ground, far ones first."""
    rng = canvas.rng
    layer = Image.new("RGBA", (WIDTH, HEIGHT), (*colour, 0))
    draw = ImageDraw.Draw(layer)
    for spot in sorted(spots, key=lambda place: -canvas.camera.view(place)[2]):
        if canvas.camera.view(spot)[2] < 0.5:
            continue
        x, y = canvas.camera.project(spot)
        high = canvas.camera.pixels(spot, tall)
        for _ in range(7):
            root = x + rng.uniform(-0.25, 0.25) * high
            tip = (root + rng.uniform(-0.45, 0.45) * high, y - high * rng.uniform(0.5, 1.05))
            bend = ((root * 2 + tip[0]) / 3, y - (y - tip[1]) * 0.55)
            paint = (*shade(colour, rng.uniform(0.6, 1.3)), 255)
            draw.line([(root, y), bend, tip], fill=paint, width=max(1, round(high * 0.028)), joint="curve")
    canvas.image.paste(layer.convert("RGB"), (0, 0), layer.getchannel("A").filter(ImageFilter.GaussianBlur(0.7)))


def poplar(canvas: Canvas, foot: Vector, tall: float, *, leaves: Colour | None = None) -> None:
    """Draw a roadside tree, bare or with thin leaves."""
    rng = canvas.rng
    bark: Colour = (112, 104, 92)

    def branch(start: Vector, lean: float, deep: float, length: float, thick: float, order: int) -> None:
        end = add(start, (math.sin(lean) * length, math.cos(lean) * length, deep * length))
        middle = add(start, ((end[0] - start[0]) * 0.5 + jitter(rng, length * 0.04), (end[1] - start[1]) * 0.5, 0))
        canvas.tube([start, middle, end], thick, shade(bark, rng.uniform(0.8, 1.1)), shine=0.2)
        if order == 0:
            return
        for share in (0.45, 0.62, 0.8, 1.0):
            at = add(start, ((end[0] - start[0]) * share, (end[1] - start[1]) * share, 0))
            branch(
                at,
                lean + rng.uniform(0.25, 0.6) * rng.choice((-1, 1)),
                jitter(rng, 0.2),
                length * rng.uniform(0.35, 0.5),
                thick * 0.45,
                order - 1,
            )

    branch(foot, jitter(rng, 0.05), 0.0, tall * 0.62, tall * 0.017, 2)
    if leaves is None:
        return
    dots: list[tuple[Point, float, Colour]] = []
    for _ in range(900):
        turn, far = rng.random() * 2 * math.pi, rng.random() ** 0.6
        place = add(foot, (math.cos(turn) * far * tall * 0.2, tall * (0.64 + 0.34 * math.sin(turn) * far), 0))
        light = 0.7 + 0.35 * math.sin(turn) + rng.uniform(-0.2, 0.25)
        dots.append(
            (
                canvas.camera.project(place),
                canvas.camera.pixels(place, tall * rng.uniform(0.005, 0.013)),
                shade(leaves, light),
            )
        )
    left, right = min(x for (x, _), _, _ in dots) - 30, max(x for (x, _), _, _ in dots) + 30
    top, bottom = min(y for (_, y), _, _ in dots) - 30, max(y for (_, y), _, _ in dots) + 30
    box = (max(0, round(left)), max(0, round(top)), min(WIDTH, round(right)), min(HEIGHT, round(bottom)))
    if box[2] <= box[0] or box[3] <= box[1]:
        return

    def paint(draw: ImageDraw.ImageDraw, place: Callable[[Point], Point]) -> None:
        for at, reach, colour in dots:
            u, v = place(at)
            draw.ellipse((u - reach * 2, v - reach * 1.5, u + reach * 2, v + reach * 1.5), fill=(*colour, 235))

    canvas.stamp(box, paint)


def house(canvas: Canvas, corner: Vector, wide: float, high: float, deep: float, wall: Image.Image) -> None:
    """Draw a brick farmhouse with a tiled roof, a door and windows towards the viewer."""
    rng = canvas.rng
    front = wall.resize((1000, 420))
    draw = ImageDraw.Draw(front)
    for x in (120.0, 680.0):
        draw.rectangle((x - 12, 112, x + 212, 292), fill=(196, 192, 180))
        draw.rectangle((x, 124, x + 200, 280), fill=(84, 104, 116))
        draw.polygon([(x, 124), (x + 120, 124), (x, 250)], fill=(126, 146, 156))
        for step in (0, 66, 132, 200):
            draw.line((x + step, 124, x + step, 280), fill=(206, 206, 198), width=7)
    draw.rectangle((420, 100, 560, 420), fill=(122, 44, 36))
    draw.line((490, 100, 490, 420), fill=(70, 24, 20), width=6)
    for x in (402.0, 560.0):
        draw.rectangle((x, 120, x + 18, 400), fill=(196, 44, 36))
    canvas.body(corner, (wide, high, deep), [front, wall, wall])
    eaves, ridge = 0.35, high + wide * 0.16
    roof = Image.new("RGB", (900, 300), (104, 98, 96))
    pen = ImageDraw.Draw(roof)
    for row in range(0, 900, 18):
        pen.line((row, 0, row, 300), fill=shade((104, 98, 96), rng.uniform(0.6, 0.8)), width=6)
    for course in range(0, 300, 24):
        pen.line((0, course, 900, course), fill=(74, 70, 70), width=3)
    x, y, z = corner
    canvas.surface(
        roof,
        (x - eaves, y + ridge, z + deep / 2),
        (wide + eaves * 2, 0, 0),
        (0, high - ridge - 0.05, -deep / 2 - eaves),
        light=0.95,
    )


def haze(canvas: Canvas, level: float, colour: Colour, strength: float, deep: float = 220) -> None:
    """Lay a band of haze about a level of the picture."""
    band = Image.new("L", (1, HEIGHT))
    for y in range(HEIGHT):
        band.putpixel((0, y), round(255 * strength * math.exp(-(((y - level) / deep) ** 2))))
    canvas.veil(band.resize((WIDTH, HEIGHT)), colour)


def scatter(rng: Random, count: int, x: tuple[float, float], z: tuple[float, float], y: float = 0.0) -> list[Vector]:
    """Return places on the ground within a rectangle, thicker towards the viewer."""
    return [(rng.uniform(*x), y, z[0] + (z[1] - z[0]) * rng.random() ** 1.6) for _ in range(count)]


def pool_of_water(canvas: Canvas, outline: list[Vector], deep: Colour, bright: Colour) -> None:
    """Fill an outline with water: the far shore upside down, ripples, and the sky's brightness far away."""
    rng = canvas.rng
    points = [canvas.camera.project(place) for place in outline]
    mask = Image.new("L", (WIDTH, HEIGHT))
    ImageDraw.Draw(mask).polygon(points, fill=255)
    top, bottom = max(0.0, min(y for _, y in points)), min(float(HEIGHT), max(y for _, y in points))
    mirror = canvas.image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    moved = Image.new("RGB", mirror.size, deep)
    moved.paste(mirror, (0, round(top * 2 - HEIGHT) + 20))
    moved = moved.filter(ImageFilter.GaussianBlur(5))
    face = Image.blend(moved, Image.new("RGB", mirror.size, deep), 0.62)
    ripple = clouds(rng, (WIDTH, HEIGHT), 34, 4, stretch=6)
    face = Image.composite(
        Image.new("RGB", face.size, bright), face, ripple.point(lambda value: round(max(0, value - 140) * 0.9))
    )
    fade = Image.new("L", (1, HEIGHT))
    for y in range(HEIGHT):
        fade.putpixel((0, y), round(150 * max(0.0, min(1.0, 1 - (y - top) / max(1.0, bottom - top)))))
    face = Image.composite(Image.new("RGB", face.size, bright), face, fade.resize(face.size))
    canvas.image.paste(face, (0, 0), mask.filter(ImageFilter.GaussianBlur(1)))
