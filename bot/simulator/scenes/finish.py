"""What a cheap phone does to a picture: lens, light, colour, grain; and the JPEG file with its tags."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from bot.simulator.scenes.canvas import HEIGHT, WIDTH, Canvas

ORIENTATION, GPS_TABLE = 0x0112, 0x8825
# Orientation 6: the phone was held upright, the reader must turn the stored picture a quarter to the right.
STORED_TURNS = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}


@dataclass(frozen=True, slots=True)
class Mood:
    """How a scene was taken: warmth -1 cold to 1 warm, share of darkening at the corners, grain, blur."""

    warmth: float = 0.0
    corners: float = 0.45
    grain: float = 7.0
    blur: float = 0.7
    contrast: float = 1.08
    colour: float = 0.95
    brightness: float = 1.0
    bend: float = 0.035


Scene = tuple[Canvas, Mood]  # a painted picture and how the phone takes it


def photographed(picture: Image.Image, rng: Random, mood: Mood) -> Image.Image:
    """Return a picture as a phone would have taken it."""
    picture = _bent(picture, mood.bend)
    picture = picture.filter(ImageFilter.GaussianBlur(mood.blur))
    bright = picture.point(lambda value: max(0, value - 150) * 2).filter(ImageFilter.GaussianBlur(22))
    picture = ImageChops.screen(picture, bright.point(lambda value: round(value * 0.22)))
    picture = ImageEnhance.Brightness(picture).enhance(mood.brightness)
    picture = ImageEnhance.Contrast(picture).enhance(mood.contrast)
    picture = ImageEnhance.Color(picture).enhance(mood.colour)
    red, green, blue = picture.split()
    warm = mood.warmth * 0.12
    red = red.point(lambda value: min(255, round(value * (1 + warm))))
    blue = blue.point(lambda value: min(255, round(value * (1 - warm))))
    picture = Image.merge("RGB", (red, green, blue))
    # Dark at the corners, not symmetrical: the light never falls straight.
    shift = rng.uniform(-0.05, 0.05)
    hood = Image.radial_gradient("L").resize((round(WIDTH * 1.25), round(HEIGHT * 1.25)), Image.Resampling.BICUBIC)
    left, top = round(WIDTH * (0.125 + shift)), round(HEIGHT * (0.125 - shift))
    hood = hood.crop((left, top, left + WIDTH, top + HEIGHT))
    hood = hood.point(lambda value: 255 - round(255 * mood.corners * (value / 255) ** 2.2))
    picture = ImageChops.multiply(picture, Image.merge("RGB", [hood] * 3))
    return _grainy(picture, rng, mood.grain)


def _bent(picture: Image.Image, bend: float) -> Image.Image:
    """Return a picture with the outward bulge of a short lens; its corners stay inside the frame."""
    if not bend:
        return picture
    columns, rows = 16, 12

    def source(column: int, row: int) -> tuple[float, float]:
        x, y = column / columns * 2 - 1, row / rows * 2 - 1
        pull = (1 + bend * (x * x + y * y)) / (1 + bend * 2)
        return (x * pull + 1) / 2 * WIDTH, (y * pull + 1) / 2 * HEIGHT

    mesh = []
    for row in range(rows):
        for column in range(columns):
            box = (
                column * WIDTH // columns, row * HEIGHT // rows,
                (column + 1) * WIDTH // columns, (row + 1) * HEIGHT // rows,
            )  # fmt: skip
            corners = (
                *source(column, row), *source(column, row + 1),
                *source(column + 1, row + 1), *source(column + 1, row),
            )  # fmt: skip
            mesh.append((box, corners))
    return picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)


def _grainy(picture: Image.Image, rng: Random, amount: float) -> Image.Image:
    size = (WIDTH * 3 // 4, HEIGHT * 3 // 4)
    noise = Image.frombytes("L", size, rng.randbytes(size[0] * size[1]))
    noise = noise.resize(picture.size, Image.Resampling.BILINEAR)
    half = 128 - amount  # the noise is centred on grey, so that adding it leaves the light as it was
    noise = noise.point(lambda value: round(half + value / 255 * amount * 2))
    return ImageChops.add(picture, Image.merge("RGB", [noise] * 3), scale=1, offset=-128)


def encode(
    picture: Image.Image, *, quality: int, orientation: int = 1, place: tuple[float, float] | None = None
) -> bytes:
    """Return a JPEG file; `orientation` 3 or 6 stores it turned and tagged, `place` adds an invented position."""
    turn = STORED_TURNS[orientation]
    stored = picture if turn is None else picture.transpose(turn)
    tags = Image.Exif()
    if orientation != 1:
        tags[ORIENTATION] = orientation
    if place is not None:
        latitude, longitude = place
        tags[0x010F] = "Sample Phone"  # Make
        tags[0x0132] = "2026:11:16 09:00:00"  # DateTime
        tags[GPS_TABLE] = {1: "N", 2: _sexagesimal(latitude), 3: "E", 4: _sexagesimal(longitude)}
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=quality, optimize=True, progressive=True, exif=tags)
    return out.getvalue()


def _sexagesimal(angle: float) -> tuple[float, float, float]:
    degrees = math.floor(angle)
    minutes = math.floor((angle - degrees) * 60)
    return float(degrees), float(minutes), round(((angle - degrees) * 60 - minutes) * 60, 2)
