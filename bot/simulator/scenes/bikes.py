"""The electric bicycle, seen from its side on a clear ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bot.simulator.scenes.canvas import Colour, Point, mix, shade

WIDE, HIGH = 1420, 1160
REAR, FRONT, GROUND, RIM = (300.0, 940.0), (1130.0, 940.0), 1152, 205.0


def ebike(rng: Random, colour: Colour) -> Image.Image:  # noqa: PLR0915  (one part of the bicycle a line)
    """Return an electric bicycle facing right in a colour, 1420 by 1160 pixels for 1.42 by 1.16 metres."""
    picture = Image.new("RGBA", (WIDE, HIGH), (*shade(colour, 0.5), 0))
    draw = ImageDraw.Draw(picture)
    dark, trim = (30, 30, 33), (74, 76, 80)
    for hub in (REAR, FRONT):
        _wheel(draw, hub)

    def bar(points: list[Point], width: int, paint: Colour) -> None:
        draw.line(points, fill=(*paint, 255), width=width, joint="curve")
        for x, y in points:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=(*paint, 255))

    def part(points: Sequence[Point], paint: Colour) -> None:
        draw.polygon(points, fill=(*paint, 255))

    bar([(360, 960), (330, GROUND - 6)], 16, trim)  # stand
    bar([FRONT, (1058, 560)], 34, (120, 122, 126))  # fork
    bar([REAR, (420, 700)], 30, (120, 122, 126))  # rear spring
    for step in range(9):
        bar([(318 + step * 12, 900 - step * 22), (352 + step * 12, 892 - step * 22)], 9, (60, 60, 62))
    bar([REAR, (560, 930)], 26, dark)
    # Mudguards
    draw.arc((70, 710, 530, 1170), 190, 305, fill=(*shade(colour, 0.8), 255), width=30)
    draw.arc((905, 715, 1355, 1165), 215, 330, fill=(*shade(colour, 0.85), 255), width=30)
    # Floor board and battery box
    part([(520, 860), (1000, 860), (1030, 930), (560, 960)], dark)
    part([(540, 840), (1000, 840), (1006, 868), (530, 872)], (70, 70, 72))
    part([(560, 872), (980, 872), (960, 906), (580, 912)], shade(colour, 0.7))
    # Under-seat body
    part([(330, 640), (640, 640), (650, 730), (590, 860), (470, 880), (330, 800), (240, 720)], colour)
    part([(330, 640), (640, 640), (644, 672), (300, 690)], shade(colour, 1.25))
    part([(470, 880), (590, 860), (640, 760), (560, 800)], shade(colour, 0.68))
    part([(250, 716), (210, 670), (330, 640), (330, 700)], shade(colour, 0.85))
    part([(196, 672), (244, 664), (252, 716), (214, 718)], (206, 30, 26))  # tail lamp
    # Seat
    seat = [(300, 628), (270, 596), (330, 574), (470, 590), (560, 566), (650, 590), (664, 636), (640, 648), (330, 650)]
    part(seat, (34, 32, 32))
    bar([(320, 594), (460, 604), (560, 584)], 12, (74, 70, 68))
    # Front shield and head
    part([(1000, 856), (930, 800), (968, 560), (1020, 430), (1090, 420), (1110, 560), (1060, 760), (1040, 860)], colour)
    part([(1020, 430), (1090, 420), (1110, 560), (1084, 640), (1058, 520)], shade(colour, 1.28))
    part([(930, 800), (968, 560), (990, 500), (986, 700), (1000, 856)], shade(colour, 0.62))
    part([(1010, 330), (1120, 340), (1150, 420), (1090, 460), (1000, 430)], shade(colour, 1.08))
    draw.ellipse((1096, 350, 1166, 432), fill=(236, 240, 244, 255), outline=(120, 120, 124, 255), width=6)
    draw.ellipse((1112, 366, 1146, 404), fill=(255, 255, 255, 255))
    part([(990, 336), (1060, 318), (1060, 346), (1000, 358)], (24, 26, 30))  # dial
    # Handlebar, grip, mirror
    bar([(1040, 340), (960, 296), (900, 304)], 20, (60, 60, 64))
    bar([(930, 298), (860, 310)], 32, (24, 24, 26))
    bar([(990, 306), (960, 190)], 9, (46, 46, 50))
    draw.ellipse((904, 128, 996, 200), fill=(30, 30, 34, 255))
    draw.ellipse((914, 138, 986, 190), fill=(172, 190, 202, 255))
    if rng.random() < 0.6:  # a box for the shopping
        part([(130, 440), (330, 440), (338, 596), (140, 600)], (38, 38, 42))
        part([(122, 424), (338, 424), (338, 450), (122, 450)], (58, 58, 62))
        part([(150, 480), (300, 480), (302, 500), (152, 500)], (200, 40, 36))
    else:
        bar([(200, 660), (180, 560), (300, 552)], 12, (130, 132, 136))
    if rng.random() < 0.6:  # the basket in front
        part([(1080, 470), (1240, 462), (1222, 580), (1096, 586)], (70, 72, 76))
        for step in range(6):
            bar([(1094 + step * 26, 472), (1102 + step * 22, 580)], 5, (150, 152, 156))
        for y in (490, 520, 550):
            bar([(1086, y), (1234, y - 6)], 5, (150, 152, 156))
    if rng.random() < 0.5:  # a quilt against the wind, as everybody has one in winter
        quilt = rng.choice(((146, 60, 90), (70, 80, 130), (90, 100, 70)))
        part([(930, 320), (1080, 330), (1080, 620), (1030, 800), (900, 780), (920, 520)], quilt)
        for step in range(5):
            bar([(930 + step * 2, 380 + step * 86), (1076 - step * 8, 384 + step * 80)], 5, shade(quilt, 0.7))
        part([(930, 320), (966, 322), (950, 780), (900, 780), (920, 520)], shade(quilt, 1.25))
    return _weathered(picture)


def _wheel(draw: ImageDraw.ImageDraw, hub: Point) -> None:
    def disc(reach: float, paint: Colour) -> None:
        draw.ellipse((hub[0] - reach, hub[1] - reach, hub[0] + reach, hub[1] + reach), fill=(*paint, 255))

    disc(RIM + 6, (22, 22, 24))
    disc(RIM - 8, (44, 44, 46))
    disc(RIM - 46, (150, 152, 156))
    disc(RIM - 62, (36, 36, 38))
    for number in range(6):
        turn = number * math.pi / 3 + 0.3
        for wide in (-0.09, 0.09):
            end = (hub[0] + (RIM - 56) * math.cos(turn + wide), hub[1] + (RIM - 56) * math.sin(turn + wide))
            draw.line([hub, end], fill=(164, 166, 170, 255), width=17)
    disc(62, (120, 122, 126))
    disc(44, (66, 68, 72))
    disc(16, (180, 182, 186))


def _weathered(picture: Image.Image) -> Image.Image:
    """Darken a bicycle towards the ground and soften its edges."""
    alpha = picture.getchannel("A")
    light = Image.new("L", (1, HIGH))
    for y in range(HIGH):
        light.putpixel((0, y), round(255 - 96 * (y / HIGH) ** 2))
    shaded = Image.composite(
        picture.convert("RGB"),
        Image.new("RGB", picture.size, mix((20, 20, 22), (40, 36, 30), 0.5)),
        light.resize(picture.size),
    )
    shaded = shaded.filter(ImageFilter.GaussianBlur(1.4))
    shaded.putalpha(alpha.filter(ImageFilter.GaussianBlur(1)))
    return shaded
