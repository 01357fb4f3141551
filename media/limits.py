"""How much is accepted, and what kind of file some bytes are, told from the bytes alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from media.errors import PhotoError, Reason


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is accepted of one file; every limit is itself still accepted."""

    max_bytes: int = 20_000_000  # bytes of one photo as sent; a 50-megapixel phone photo has about 12 million
    max_pixels: int = 50_000_000  # pixels, width times height: the largest that common phones make
    max_voice_bytes: int = 5_000_000  # bytes; the platform sends at most 2 million
    max_voice_seconds: int = 120  # seconds that are made playable; the platform records at most 60
    max_video_bytes: int = 30_000_000  # bytes; the platform sends at most 10 million

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"{field.name} must be at least 1")


class PhotoType(StrEnum):
    """The formats that are decoded, each by its content type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    GIF = "image/gif"
    BMP = "image/bmp"


# Pictures that people do send but that are not decoded: every further decoder is one more door.
_REFUSED_PICTURES = (
    b"II*\x00",  # TIFF and most raw formats of cameras
    b"MM\x00*",
    b"II+\x00",
    b"\x00\x00\x01\x00",  # ICO
    b"\x00\x00\x02\x00",  # CUR
    b"8BPS",  # PSD
    b"\x00\x00\x00\x0cjP  ",  # JPEG 2000
    b"\xff\x4f\xff\x51",
    b"\x00\x00\x00\x0cJXL ",
    b"\xff\x0a",  # bare JPEG XL
    b"qoif",
)
_REFUSED_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")


def sniff_photo(content: bytes) -> PhotoType | None:
    """Return the photo format that the first bytes announce, or None; the rest may still be damaged."""
    head = bytes(content[:32])
    if head.startswith(b"\xff\xd8\xff"):
        return PhotoType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PhotoType.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return PhotoType.WEBP
    if head.startswith((b"GIF87a", b"GIF89a")):
        return PhotoType.GIF
    # "BM" alone begins many texts; a bitmap also has four reserved zero bytes and a known header length.
    if head.startswith(b"BM") and head[6:10] == bytes(4) and head[14:18] in _BMP_HEADER_LENGTHS:
        return PhotoType.BMP
    return None


_BMP_HEADER_LENGTHS = tuple(length.to_bytes(4, "little") for length in (12, 40, 52, 56, 64, 108, 124))


def check_photo(content: bytes, limits: Limits) -> PhotoType:
    """Return the format of `content`; raises PhotoError when it is empty, too large or not one we decode."""
    if not content:
        raise PhotoError(Reason.EMPTY)
    if len(content) > limits.max_bytes:
        raise PhotoError(Reason.TOO_LARGE, f"{len(content)} bytes, at most {limits.max_bytes}")
    photo_type = sniff_photo(content)
    if photo_type is None:
        head = bytes(content[:16])
        is_picture = head.startswith(_REFUSED_PICTURES) or (head[4:8] == b"ftyp" and head[8:12] in _REFUSED_BRANDS)
        raise PhotoError(Reason.UNSUPPORTED_FORMAT if is_picture else Reason.NOT_A_PICTURE)
    return photo_type


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Raise PhotoError when a picture of this size is over the pixel budget or has no pixels."""
    if width < 1 or height < 1:
        raise PhotoError(Reason.DAMAGED, f"{width} × {height} pixels")
    if width * height > limits.max_pixels:
        raise PhotoError(Reason.TOO_MANY_PIXELS, f"{width} × {height} pixels, at most {limits.max_pixels}")
