"""From the bytes of a photo as sent to a copy, a thumbnail and a hash that are safe to keep and to show."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from media.errors import MediaError, PhotoError, Reason
from media.hashes import difference_hash, sha256_hex
from media.headers import prepare_photo
from media.limits import Limits, PhotoType, check_photo, check_pixels

COPY_SIDE = 1280  # pixels, longest side: a nameplate an arm's length away stays readable
THUMBNAIL_SIDE = 320  # pixels, longest side: a quarter of the copy, so that it is made by averaging 4 × 4

# Measured on 1280 × 960 photos: "optimize" saves 2 % of the bytes for three times the encoding time,
# "progressive" 5 % for seven times, and unhalved colour costs 60 % more bytes that nobody sees in a photo.
_COPY_QUALITY = 85
_THUMBNAIL_QUALITY = 80

_LANCZOS, _HAMMING, _NEAREST = Image.Resampling.LANCZOS, Image.Resampling.HAMMING, Image.Resampling.NEAREST

# The classes themselves instead of Image.open: it would try every registered format, and its own pixel warning is
# a process-wide setting, while our budget is a parameter and is checked before anything is decoded.
_DECODERS: dict[PhotoType, type[ImageFile.ImageFile]] = {
    PhotoType.JPEG: JpegImagePlugin.JpegImageFile,
    PhotoType.PNG: PngImagePlugin.PngImageFile,
    PhotoType.WEBP: WebPImagePlugin.WebPImageFile,
    PhotoType.GIF: GifImagePlugin.GifImageFile,
    PhotoType.BMP: BmpImagePlugin.BmpImageFile,
}

_ORIENTATION_TAG = 0x0112  # EXIF 2.32, table 4
_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_THE_SIDE = frozenset({5, 6, 7, 8})

_END_OF_JPEG = b"\xff\xd9"
_MAX_FLAT_SHARE = 0.9  # of a half-received photo; where nothing arrived the decoder leaves one flat grey
_MAX_PROFILE_BYTES = 4_000_000  # bytes; the largest press profiles have about 2 million


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """A photo made safe: only pixels, upright, sRGB, no position, no profile, nothing after the end."""

    clean: bytes  # JPEG, longest side at most 1280 pixels
    thumbnail: bytes  # JPEG, longest side at most 320 pixels
    width: int  # pixels of the original, turned upright
    height: int
    difference_hash: int  # 64 bits, unsigned
    sha256: str  # hex, of the bytes as sent
    content_type: str  # of the bytes as sent
    is_complete: bool  # False when only the first part of a JPEG arrived; the rest of the copy is grey


def make_clean_photo(content: bytes, limits: Limits) -> CleanPhoto:
    """Return the clean copy, thumbnail and hash of a photo as sent; raises PhotoError and nothing else.

    Of an animation the first frame counts. A JPEG that was cut short is kept as far as it goes: in a valley with
    one bar of signal half a photo is often all there will ever be. Other formats cut short are refused.
    """
    photo_type = check_photo(content, limits)
    try:
        return _make_clean_photo(content, photo_type, limits)
    except MediaError:
        raise
    except MemoryError as error:
        raise PhotoError(Reason.OUT_OF_MEMORY, permanent=False) from error
    # Decoders fail on hostile bytes with whatever the line they stand on raises: OSError, SyntaxError, ValueError,
    # struct.error, zlib.error, OverflowError and more. None of them may take a worker down.
    except Exception as error:
        raise PhotoError(Reason.DAMAGED, type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class _Upright:
    image: Image.Image  # as large as the copy, upright, mode RGB or YCbCr, nothing attached
    width: int  # pixels of the original, upright
    height: int


def _make_clean_photo(content: bytes, photo_type: PhotoType, limits: Limits) -> CleanPhoto:
    prepared = prepare_photo(content, photo_type, limits)
    is_complete = True
    try:
        upright = _decode(prepared, photo_type, limits)
    except OSError:
        if photo_type is not PhotoType.JPEG:
            raise
        # Pillow's own switch for cut files is one variable for the whole process, so another thread would become
        # lenient too. An end mark behind the bytes does the same for this one photo.
        is_complete = False
        upright = _decode(prepared + _END_OF_JPEG, photo_type, limits)
    copy = upright.image
    # A gap of 1 averages whole blocks first; from 1280 to 320 nothing is left to do after that.
    thumbnail_size = _fit(copy.width, copy.height, THUMBNAIL_SIDE)
    thumbnail = copy.resize(thumbnail_size, _HAMMING, reducing_gap=1.0)
    if not is_complete and _flat_share(thumbnail) > _MAX_FLAT_SHARE:
        raise PhotoError(Reason.DAMAGED, "next to nothing of the photo arrived")
    return CleanPhoto(
        clean=_encode(copy, _COPY_QUALITY),
        thumbnail=_encode(thumbnail, _THUMBNAIL_QUALITY),
        width=upright.width,
        height=upright.height,
        difference_hash=difference_hash(thumbnail),
        sha256=sha256_hex(content),
        content_type=photo_type.value,
        is_complete=is_complete,
    )


def _decode(content: bytes, photo_type: PhotoType, limits: Limits) -> _Upright:
    """Return the first frame, upright and in the size of the copy; the large picture is gone by then."""
    image: Image.Image = _DECODERS[photo_type](io.BytesIO(content))
    width, height = image.size
    check_pixels(width, height, limits)
    size = _fit(width, height, COPY_SIDE)
    profile = _read_foreign_profile(image)
    # Of a JPEG only as many frequencies are computed as the copy needs: an eighth, a quarter or half of each side.
    # Where we know the colours to be brightness and two differences they are left so; see _shrink_planes.
    image.draft("YCbCr" if profile is None and _is_plain_jpeg(image) else image.mode, size)
    image.load()
    orientation = _read_orientation(image)
    if image.mode == "YCbCr" and image.size != size and max(image.size) < 2 * max(size):
        planes = _shrink_planes(image, size)
        del image  # up to twelve megabytes, before the next ones are asked for
        small = Image.merge("YCbCr", planes)
        del planes
    else:
        small = _to_screen_colours(_shrink(image, size), profile)
    small.info = {}  # comment, EXIF, profile and resolution, which the encoder would write again
    if orientation in _UPRIGHT:  # turned after shrinking: a tenth of the pixels
        small = small.transpose(_UPRIGHT[orientation])
    if orientation in _ON_THE_SIDE:
        width, height = height, width
    return _Upright(small, width, height)


def _is_plain_jpeg(image: Image.Image) -> bool:
    # JPEG files may hold red, green and blue directly, which the decoder cannot give as YCbCr.
    return (
        isinstance(image, JpegImagePlugin.JpegImageFile)
        and image.mode == "RGB"
        and ("jfif" in image.info or [part[0] for part in image.layer] == [1, 2, 3])
        and image.info.get("adobe_transform", 1) == 1
    )


def _fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size with the longest side at most `side`, at least one pixel each way."""
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def _shrink_planes(image: Image.Image, size: tuple[int, int]) -> tuple[Image.Image, Image.Image, Image.Image]:
    """Return the three planes of a YCbCr picture in `size`.

    The eye and JPEG see colour at half the sharpness of brightness. So brightness gets a real filter and colour the
    nearest pixel, which halves the time and leaves the same error in colour within 0.2 dB. Hamming for brightness:
    edges as steep as by Lanczos, the error 1 dB larger (35 to 37 dB on grainy 3 and 12 MP photos), in a third of the
    time. Only for less than halving; beyond that pixels would be skipped.
    """
    return (
        image.getchannel(0).resize(size, _HAMMING),
        image.getchannel(1).resize(size, _NEAREST),
        image.getchannel(2).resize(size, _NEAREST),
    )


def _shrink(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return `image` in `size`, in a mode that can be averaged: L, LA, RGB, RGBA, YCbCr or CMYK."""
    if image.mode.startswith("I"):
        # Sixteen bits of grey; the plain conversion would clip instead of scaling.
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    elif image.has_transparency_data and image.mode not in {"LA", "RGBA"}:
        image = image.convert("RGBA")
    elif image.mode in {"1", "P"}:
        image = image.convert("L" if image.mode == "1" else "RGB")
    return image if image.size == size else image.resize(size, _LANCZOS, reducing_gap=2.0)


def _to_screen_colours(image: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> Image.Image:
    """Return `image` as sRGB (or YCbCr, which JPEG takes as it is), transparent parts on white."""
    if image.mode == "YCbCr":
        return image
    if image.mode in {"LA", "RGBA"}:
        coloured = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(coloured.convert("RGB"), mask=coloured.getchannel("A"))
    if profile is not None and profile.profile.xcolor_space.strip() == image.mode:
        try:
            converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, ValueError):
            converted = None  # slightly wrong colours are better than no photo
        if converted is not None:
            return converted
    return image.convert("RGB")


def _read_foreign_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """Return the colour profile of a picture that is not plain sRGB, or None; a broken profile counts as none."""
    content = image.info.get("icc_profile")
    if not content or len(content) > _MAX_PROFILE_BYTES:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        description = profile.profile.profile_description or ""
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if "srgb" in description.casefold() else profile


def _read_orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:
        return 1  # a photo with broken EXIF is still a photo; it fails with as many types as decoding
    return value if isinstance(value, int) else 1


def _flat_share(image: Image.Image) -> float:
    """Return which share of the pixels has the most frequent brightness, 0 to 1."""
    return max(image.convert("L").histogram()) / (image.width * image.height)


def _encode(image: Image.Image, quality: int) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=quality, subsampling="4:2:0")
    return encoded.getvalue()
