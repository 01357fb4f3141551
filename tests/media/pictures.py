"""Test factory: pictures in many formats, and damaged, hostile or lying ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

UPRIGHT_SIZE = (480, 320)
# What a phone holds in the file for each EXIF orientation, so that turning gives the upright picture again.
HELD_AS: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def make_picture(size: tuple[int, int] = UPRIGHT_SIZE) -> Image.Image:
    """Return a picture whose four corners differ: red, green, blue and white, on a slope of grey."""
    width, height = size
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(picture)
    side_x, side_y = width // 3, height // 3
    draw.rectangle((0, 0, side_x, side_y), fill="red")
    draw.rectangle((width - side_x, 0, width, side_y), fill="lime")
    draw.rectangle((0, height - side_y, side_x, height), fill="blue")
    draw.rectangle((width - side_x, height - side_y, width, height), fill="white")
    return picture


def make_photo(size: tuple[int, int] = UPRIGHT_SIZE, **options: Any) -> bytes:
    """Return `make_picture` as JPEG."""
    return encode(make_picture(size), "JPEG", **options)


def make_held_photo(orientation: int) -> bytes:
    """Return a JPEG that shows the same upright picture for every EXIF orientation, with a position in it."""
    picture = make_picture()
    turn = HELD_AS[orientation]
    if turn is not None:
        picture = picture.transpose(turn)
    return encode(picture, "JPEG", quality=95, exif=make_exif(orientation))


def make_exif(orientation: int) -> Image.Exif:
    """Return EXIF with an orientation, a maker and a position (of no real place)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "MAKER-OF-PHONES"
    exif.get_ifd(0x8825).update({1: "N", 2: (1.0, 2.0, 3.0), 3: "E", 4: (4.0, 5.0, 6.0)})
    return exif


def encode(picture: Image.Image, picture_format: str, **options: Any) -> bytes:
    """Return the picture in a file format of Pillow's."""
    content = io.BytesIO()
    picture.save(content, picture_format, **options)
    return content.getvalue()


def open_photo(content: bytes) -> Image.Image:
    """Return the decoded picture of a JPEG that was made clean."""
    picture = Image.open(io.BytesIO(content), formats=["JPEG"])
    picture.load()
    return picture


def make_png_chunk(name: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with a right checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def make_png_bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few kilobytes with so many black pixels, one bit each."""
    rows = zlib.compressobj(9)
    line = bytes(1 + (width + 7) // 8)
    body = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + make_png_chunk(b"IHDR", header)
        + make_png_chunk(b"IDAT", body)
        + make_png_chunk(b"IEND", b"")
    )


def lie_about_size(photo: bytes, width: int, height: int) -> bytes:
    """Return the JPEG with another size written into its frame header."""
    at = photo.index(b"\xff\xc0") + 5
    return photo[:at] + struct.pack(">HH", height, width) + photo[at + 4 :]
