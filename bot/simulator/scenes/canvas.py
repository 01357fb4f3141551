"""A small painter in three dimensions: a camera, textured faces, turned bodies, tubes, light and shadow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

WIDTH, HEIGHT = 1600, 1200

Vector = tuple[float, float, float]
Point = tuple[float, float]
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

NEAR = 0.08  # metres; nothing nearer than this is drawn


def add(a: Vector, b: Vector) -> Vector:
    """Return the sum of two vectors."""
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def subtract(a: Vector, b: Vector) -> Vector:
    """Return a minus b."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def scale(a: Vector, factor: float) -> Vector:
    """Return a vector made longer or shorter."""
    return a[0] * factor, a[1] * factor, a[2] * factor


def dot(a: Vector, b: Vector) -> float:
    """Return the inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Return the vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def unit(a: Vector) -> Vector:
    """Return a vector of length one; a vector of no length points up."""
    length = math.sqrt(dot(a, a))
    return scale(a, 1 / length) if length > 1e-9 else (0.0, 1.0, 0.0)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour `share` (0 to 1) of the way from a to b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def shade(colour: Colour, light: float) -> Colour:
    """Return a colour under more or less light, kept within 0 to 255."""
    return (
        max(0, min(255, round(colour[0] * light))),
        max(0, min(255, round(colour[1] * light))),
        max(0, min(255, round(colour[2] * light))),
    )


def jitter(rng: Random, amount: float) -> float:
    """Return a small change, at most `amount` either way."""
    return rng.uniform(-amount, amount)


def bezier(a: Vector, b: Vector, c: Vector, d: Vector, share: float) -> Vector:
    """Return the place `share` (0 to 1) along the curve from a to d that is drawn towards b and c."""
    rest = 1 - share
    parts = (scale(a, rest**3), scale(b, 3 * rest**2 * share), scale(c, 3 * rest * share**2), scale(d, share**3))
    return add(add(parts[0], parts[1]), add(parts[2], parts[3]))


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the phone is held: metres, degrees, and the focal length in picture widths."""

    position: Vector
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    focal: float = 0.85

    def view(self, point: Vector) -> Vector:
        """Return a place as seen from the camera: right, up, ahead."""
        return self.turn(subtract(point, self.position))

    def turn(self, direction: Vector) -> Vector:
        """Return a direction as seen from the camera."""
        x, y, z = direction
        sine, cosine = math.sin(math.radians(self.yaw)), math.cos(math.radians(self.yaw))
        x, z = cosine * x - sine * z, sine * x + cosine * z
        sine, cosine = math.sin(math.radians(self.pitch)), math.cos(math.radians(self.pitch))
        y, z = cosine * y - sine * z, sine * y + cosine * z
        sine, cosine = math.sin(math.radians(self.roll)), math.cos(math.radians(self.roll))
        return cosine * x - sine * y, sine * x + cosine * y, z

    def homogeneous(self, seen: Vector) -> Vector:
        """Return picture coordinates before the division by depth."""
        length = self.focal * WIDTH
        return (
            WIDTH / 2 * seen[2] + length * seen[0],
            HEIGHT / 2 * seen[2] - length * seen[1],
            seen[2],
        )

    def project(self, point: Vector) -> Point:
        """Return where a place falls in the picture, in pixels; places behind the camera are pulled ahead."""
        x, y, z = self.homogeneous(self.view(point))
        z = max(z, NEAR)
        return x / z, y / z

    def pixels(self, point: Vector, length: float) -> float:
        """Return how many pixels a length in metres takes at a place."""
        return self.focal * WIDTH * length / max(self.view(point)[2], NEAR)


class Canvas:
    """A picture under way: far things are painted first, near things over them."""

    def __init__(self, camera: Camera, rng: Random, *, sun: Vector = (-0.4, 0.8, -0.5)) -> None:
        """Start with an empty picture, a camera, and the direction towards the light."""
        self.camera = camera
        self.rng = rng
        self.sun = unit(sun)
        self.ambient = 0.55
        self.image = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))

    def light_on(self, normal: Vector) -> float:
        """Return how bright a face with this outward normal is, 0 to about 1.1."""
        return self.ambient + (1.1 - self.ambient) * max(0.0, dot(unit(normal), self.sun))

    def _clipped(self, points: Sequence[Vector]) -> list[Point]:
        seen = [self.camera.view(point) for point in points]
        kept: list[Vector] = []
        for here, following in zip(seen, [*seen[1:], seen[0]], strict=True):
            if here[2] >= NEAR:
                kept.append(here)
            if (here[2] >= NEAR) != (following[2] >= NEAR):
                share = (NEAR - here[2]) / (following[2] - here[2])
                kept.append(add(here, scale(subtract(following, here), share)))
        return [(x / z, y / z) for x, y, z in (self.camera.homogeneous(point) for point in kept)]

    def _frame(self, points: Sequence[Point], margin: float = 2) -> Box | None:
        if not points:
            return None
        left = max(0, math.floor(min(x for x, _ in points) - margin))
        top = max(0, math.floor(min(y for _, y in points) - margin))
        right = min(WIDTH, math.ceil(max(x for x, _ in points) + margin))
        bottom = min(HEIGHT, math.ceil(max(y for _, y in points) + margin))
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _mask(self, points: Sequence[Point], box: Box) -> Image.Image:
        mask = Image.new("L", ((box[2] - box[0]) * 2, (box[3] - box[1]) * 2))
        ImageDraw.Draw(mask).polygon([((x - box[0]) * 2, (y - box[1]) * 2) for x, y in points], fill=255)
        return mask.reduce(2)

    def surface(self, texture: Image.Image, origin: Vector, along: Vector, down: Vector, *, light: float = 1.0) -> None:
        """Paint a picture onto the parallelogram from `origin` (its top left) along two edges in space."""
        corners = [origin, add(origin, along), add(add(origin, along), down), add(origin, down)]
        outline = self._clipped(corners)
        box = self._frame(outline)
        if box is None:
            return
        columns = [
            self.camera.homogeneous(self.camera.turn(along)),
            self.camera.homogeneous(self.camera.turn(down)),
            self.camera.homogeneous(self.camera.view(origin)),
        ]
        # Rows of the inverse (up to its determinant) of the matrix whose columns carry texture to picture.
        rows = [cross(columns[1], columns[2]), cross(columns[2], columns[0]), cross(columns[0], columns[1])]
        if abs(dot(columns[0], rows[0])) < 1e-12:
            return  # seen exactly from its edge
        texture = self._softened(texture, outline)
        rows[0], rows[1] = scale(rows[0], texture.width), scale(rows[1], texture.height)
        shifted = [(a, b, a * box[0] + b * box[1] + c) for a, b, c in rows]
        last = shifted[2][2] or 1e-9
        coefficients = [value / last for row in shifted for value in row][:8]
        if light != 1.0:
            texture = _dimmed(texture, light)
        patch = texture.transform(
            (box[2] - box[0], box[3] - box[1]),
            Image.Transform.PERSPECTIVE,
            coefficients,
            Image.Resampling.BICUBIC,
        )
        mask = self._mask(outline, box)
        if patch.mode == "RGBA":
            mask = ImageChops.multiply(mask, patch.getchannel("A"))
        self.image.paste(patch.convert("RGB"), box[:2], mask)

    def _softened(self, texture: Image.Image, outline: Sequence[Point]) -> Image.Image:
        """Shrink a texture that is much finer than its place in the picture, so that it does not shimmer."""
        area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(outline, [*outline[1:], outline[0]], strict=True)) / 2)
        finer = math.sqrt(texture.width * texture.height / max(area, 1.0))
        return texture.reduce(min(int(finer), 8)) if finer >= 2 else texture

    def face(self, points: Sequence[Vector], colour: Colour, *, opacity: float = 1.0) -> None:
        """Fill a flat polygon in space with one colour."""
        self.fill(self._clipped(points), colour, opacity=opacity)

    def fill(self, points: Sequence[Point], colour: Colour, *, opacity: float = 1.0, blur: float = 0) -> None:
        """Fill a polygon in the picture with one colour, its edge soft by `blur` pixels."""
        box = self._frame(points, 2 + blur * 3)
        if box is None:
            return
        mask = self._mask(points, box)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        if opacity < 1:
            mask = mask.point(lambda value: round(value * opacity))
        self.image.paste(colour, box, mask)

    def body(
        self,
        origin: Vector,
        size: Vector,
        texture: Image.Image | Sequence[Image.Image],
        *,
        yaw: float = 0.0,
        lean: float = 0.0,
    ) -> None:
        """Paint a box whose bottom near left corner is `origin`; textures are front, side, top or one for all.

        `yaw` turns it about the vertical, `lean` tips it sideways, both in degrees.
        """
        faces = [texture] * 3 if isinstance(texture, Image.Image) else list(texture)
        cosine, sine = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
        tilt, rise = math.cos(math.radians(lean)), math.sin(math.radians(lean))
        right: Vector = (cosine * tilt, rise, sine * tilt)
        up: Vector = (-rise * cosine, tilt, -rise * sine)
        ahead: Vector = (-sine, 0.0, cosine)
        x, y, z = scale(right, size[0]), scale(up, size[1]), scale(ahead, size[2])
        top = add(origin, y)
        sides: list[tuple[Vector, Vector, Vector, Vector, Image.Image]] = [
            (top, x, scale(y, -1), scale(ahead, -1), faces[0]),
            (add(add(top, x), z), scale(x, -1), scale(y, -1), ahead, faces[0]),
            (add(top, z), scale(z, -1), scale(y, -1), scale(right, -1), faces[1]),
            (add(top, x), z, scale(y, -1), right, faces[1]),
            (add(top, z), x, scale(z, -1), up, faces[2]),
        ]
        for corner, along, down, normal, picture in sides:
            if dot(normal, subtract(self.camera.position, corner)) > 0:
                self.surface(picture, corner, along, down, light=self.light_on(normal))

    def stamp(self, box: Box, paint: Callable[[ImageDraw.ImageDraw, Callable[[Point], Point]], None]) -> None:
        """Let `paint` draw on a clear layer of twice the size over `box`, then lay it on the picture."""
        layer = Image.new("RGBA", ((box[2] - box[0]) * 2, (box[3] - box[1]) * 2))
        paint(ImageDraw.Draw(layer), lambda point: ((point[0] - box[0]) * 2, (point[1] - box[1]) * 2))
        small = layer.reduce(2)
        self.image.paste(small.convert("RGB"), box[:2], small.getchannel("A"))

    def turned(
        self,
        base: Vector,
        axis: Vector,
        profile: Sequence[tuple[float, float]],
        colour: Colour | Callable[[int, int], Colour],
        *,
        shine: float = 0.35,
        sides: int = 36,
        caps: bool = True,
    ) -> None:
        """Paint a body turned on a lathe: `profile` holds (metres along the axis, radius)."""
        axis = unit(axis)
        first = unit(cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0)))
        second = cross(axis, first)
        angles = [2 * math.pi * number / sides for number in range(sides)]
        spokes = [add(scale(first, math.cos(angle)), scale(second, math.sin(angle))) for angle in angles]
        rings = [
            [add(add(base, scale(axis, distance)), scale(spoke, radius)) for spoke in spokes]
            for distance, radius in profile
        ]
        pieces: list[tuple[float, list[Vector], Colour]] = []
        half = unit(add(self.sun, unit(subtract(self.camera.position, base))))
        for row, (lower, upper) in enumerate(itertools.pairwise(rings)):
            rise = profile[row + 1][0] - profile[row][0]
            narrowing = profile[row][1] - profile[row + 1][1]
            for column, spoke in enumerate(spokes):
                following = (column + 1) % sides
                corners = [lower[column], lower[following], upper[following], upper[column]]
                normal = unit(add(scale(spoke, rise), scale(axis, narrowing)))
                if dot(normal, subtract(self.camera.position, corners[0])) <= 0:
                    continue
                paint = colour(row, column) if callable(colour) else colour
                lit = shade(paint, self.light_on(normal))
                lit = mix(lit, (255, 255, 250), shine * max(0.0, dot(normal, half)) ** 18)
                pieces.append((self.camera.view(corners[0])[2], corners, lit))
        if caps:
            for ring, (distance, radius), outward in (
                (rings[0], profile[0], scale(axis, -1)),
                (rings[-1], profile[-1], axis),
            ):
                middle = add(base, scale(axis, distance))
                if radius > 0 and dot(outward, subtract(self.camera.position, middle)) > 0:
                    paint = colour(len(profile) - 1, 0) if callable(colour) else colour
                    depth = self.camera.view(middle)[2] - radius
                    pieces.append((depth, ring, shade(paint, self.light_on(outward))))
        pieces.sort(key=lambda piece: -piece[0])
        drawn = [([self.camera.project(corner) for corner in corners], lit) for _, corners, lit in pieces]
        box = self._frame([point for corners, _ in drawn for point in corners])
        if box is None:
            return

        def paint_pieces(draw: ImageDraw.ImageDraw, place: Callable[[Point], Point]) -> None:
            for corners, lit in drawn:
                draw.polygon([place(point) for point in corners], fill=(*lit, 255), outline=(*lit, 255))

        self.stamp(box, paint_pieces)

    def tube(self, path: Sequence[Vector], radius: float, colour: Colour, *, shine: float = 0.5) -> None:
        """Paint a round bar, hose or cable of `radius` metres along a path in space."""
        self.cable(
            [self.camera.project(point) for point in path],
            [self.camera.pixels(point, radius) for point in path],
            colour,
            shine=shine,
        )

    def cable(self, points: Sequence[Point], radii: Sequence[float], colour: Colour, *, shine: float = 0.5) -> None:
        """Paint a round cable along a path in the picture; radii in pixels, one for each point."""
        box = self._frame(points, max(radii) + 3)
        if box is None:
            return
        bands = [(1.0, 0.0, 0.55), (0.82, 0.1, 0.8), (0.6, 0.22, 1.0), (0.34, 0.32, 1.12), (0.14, 0.38, 1.3)]

        def paint_bands(draw: ImageDraw.ImageDraw, place: Callable[[Point], Point]) -> None:
            for width, offset, light in bands:
                lit = shade(colour, light if light <= 1 else 1 + (light - 1) * 2 * shine)
                if light > 1:
                    lit = mix(lit, (255, 255, 255), shine * (light - 1))
                for index, (point, radius) in enumerate(zip(points, radii, strict=True)):
                    reach = max(radius * width * 2, 0.7)
                    x, y = place((point[0] - radius * offset * 0.7, point[1] - radius * offset))
                    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=(*lit, 255))
                    if index:
                        before = points[index - 1]
                        old = radii[index - 1]
                        start = place((before[0] - old * offset * 0.7, before[1] - old * offset))
                        draw.line([start, (x, y)], fill=(*lit, 255), width=max(1, round(reach * 2)))

        self.stamp(box, paint_bands)

    def shadow(self, points: Sequence[Vector], strength: float = 0.5, blur: float = 14) -> None:
        """Darken a polygon in space softly."""
        self.darken(self._clipped(points), strength, blur)

    def pool(self, centre: Vector, wide: float, deep: float, strength: float = 0.55, blur: float = 14) -> None:
        """Darken the ground softly under a thing standing at `centre`."""
        turns = [2 * math.pi * number / 28 for number in range(28)]
        x, y, z = centre
        self.shadow([(x + wide * math.cos(turn), y, z + deep * math.sin(turn)) for turn in turns], strength, blur)

    def darken(self, points: Sequence[Point], strength: float, blur: float) -> None:
        """Darken a polygon in the picture softly."""
        self.fill(points, (8, 8, 14), opacity=strength, blur=blur)

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float = 0.8) -> None:
        """Add light around a point of the picture."""
        box = self._frame([(centre[0] - radius, centre[1] - radius), (centre[0] + radius, centre[1] + radius)], 0)
        if box is None:
            return
        ball = ImageChops.invert(Image.radial_gradient("L")).point(
            lambda value: round(255 * (max(0, value - 74) / 181) ** 2 * strength)
        )
        side = round(radius * 2)
        ball = ball.resize((side, side), Image.Resampling.BICUBIC)
        left, top = box[0] - round(centre[0] - radius), box[1] - round(centre[1] - radius)
        ball = ball.crop((left, top, left + box[2] - box[0], top + box[3] - box[1]))
        lamp = Image.composite(Image.new("RGB", ball.size, colour), Image.new("RGB", ball.size), ball)
        self.image.paste(ImageChops.screen(self.image.crop(box), lamp), box[:2])

    def veil(self, mask: Image.Image, colour: Colour) -> None:
        """Lay a colour over the whole picture through a mask of the same size (smoke, haze, rain)."""
        self.image.paste(colour, (0, 0), mask)


def _dimmed(texture: Image.Image, light: float) -> Image.Image:
    if texture.mode != "RGBA":
        return ImageEnhance.Brightness(texture).enhance(light)
    dimmed = ImageEnhance.Brightness(texture.convert("RGB")).enhance(light)
    dimmed.putalpha(texture.getchannel("A"))
    return dimmed
