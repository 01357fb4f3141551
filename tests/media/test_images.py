"""Making photos clean: upright, small, only pixels, and safe against hostile files."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, ImageStat

from media.errors import MediaError, PhotoError, Reason
from media.hashes import hash_distance, sha256_hex
from media.images import COPY_SIDE, THUMBNAIL_SIDE, CleanPhoto, make_clean_photo
from media.limits import Limits
from tests.media import pictures

LIMITS = Limits()
SHARED_PHOTOS = Path(__file__).parents[3] / "shared" / "photos" / "orientation"

RED, LIME, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    x, y = picture.width // 6, picture.height // 6
    places = ((x, y), (picture.width - x, y), (x, picture.height - y), (picture.width - x, picture.height - y))
    found = []
    for place in places:
        pixel = picture.convert("RGB").getpixel(place)
        assert isinstance(pixel, tuple)
        found.append(tuple(int(value) for value in pixel))
    return found


def assert_near(found: list[tuple[int, ...]], expected: list[tuple[int, ...]], tolerance: int = 12) -> None:
    for one, other in zip(found, expected, strict=True):
        assert all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True)), (found, expected)


def reason_of(content: bytes, limits: Limits = LIMITS) -> Reason:
    with pytest.raises(PhotoError) as caught:
        make_clean_photo(content, limits)
    return caught.value.reason


# Orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_every_exif_orientation_upright(orientation: int) -> None:
    photo = make_clean_photo(pictures.make_held_photo(orientation), LIMITS)

    assert (photo.width, photo.height) == pictures.UPRIGHT_SIZE
    assert_near(corners(pictures.open_photo(photo.clean)), [RED, LIME, BLUE, WHITE])
    assert_near(corners(pictures.open_photo(photo.thumbnail)), [RED, LIME, BLUE, WHITE], 30)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_hash_does_not_depend_on_how_the_phone_was_held(orientation: int) -> None:
    upright = make_clean_photo(pictures.make_held_photo(1), LIMITS).difference_hash
    turned = make_clean_photo(pictures.make_held_photo(orientation), LIMITS).difference_hash

    assert hash_distance(upright, turned) <= 4


def test_turns_a_photo_that_is_shrunk_too() -> None:
    held = pictures.make_picture((2000, 1500)).transpose(Image.Transpose.ROTATE_90)
    photo = make_clean_photo(pictures.encode(held, "JPEG", exif=pictures.make_exif(6)), LIMITS)

    assert (photo.width, photo.height) == (2000, 1500)
    assert pictures.open_photo(photo.clean).size == (1280, 960)
    assert_near(corners(pictures.open_photo(photo.clean)), [RED, LIME, BLUE, WHITE])


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_ignores_an_orientation_that_does_not_exist(orientation: int) -> None:
    content = pictures.make_photo(exif=pictures.make_exif(orientation))

    assert_near(corners(pictures.open_photo(make_clean_photo(content, LIMITS).clean)), [RED, LIME, BLUE, WHITE])


@pytest.mark.parametrize("picture_format", ["PNG", "WEBP"])
def test_turns_other_formats_by_their_exif(picture_format: str) -> None:
    held = pictures.make_picture().transpose(Image.Transpose.ROTATE_90)
    content = pictures.encode(held, picture_format, exif=pictures.make_exif(6))
    photo = make_clean_photo(content, LIMITS)

    assert (photo.width, photo.height) == pictures.UPRIGHT_SIZE
    assert_near(corners(pictures.open_photo(photo.clean)), [RED, LIME, BLUE, WHITE], 30)


@pytest.mark.skipif(not SHARED_PHOTOS.is_dir(), reason="the real photographs are not beside this repository")
@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_real_photographs_show_the_same_picture_upright(shape: str) -> None:
    photos = [make_clean_photo(path.read_bytes(), LIMITS) for path in sorted(SHARED_PHOTOS.glob(f"{shape}_*.jpg"))]

    assert len(photos) >= 2
    assert all((photo.width > photo.height) == (shape == "Landscape") for photo in photos)
    assert all(hash_distance(photos[0].difference_hash, photo.difference_hash) <= 6 for photo in photos)


# Sizes and facts


@pytest.mark.parametrize(
    ("size", "copy_size", "thumbnail_size"),
    [
        ((1, 1), (1, 1), (1, 1)),
        ((320, 100), (320, 100), (320, 100)),
        ((321, 100), (321, 100), (320, 100)),
        ((1280, 960), (1280, 960), (320, 240)),
        ((1281, 961), (1280, 960), (320, 240)),
        ((1500, 1000), (1280, 853), (320, 213)),
        ((1000, 2000), (640, 1280), (160, 320)),
        ((2560, 1920), (1280, 960), (320, 240)),
        ((6000, 4000), (1280, 853), (320, 213)),
        ((20000, 1), (1280, 1), (320, 1)),
        ((1, 20000), (1, 1280), (1, 320)),
    ],
    ids=str,
)
@pytest.mark.parametrize("picture_format", ["JPEG", "PNG"])
def test_copy_and_thumbnail_fit_their_sides(
    size: tuple[int, int], copy_size: tuple[int, int], thumbnail_size: tuple[int, int], picture_format: str
) -> None:
    photo = make_clean_photo(pictures.encode(Image.new("RGB", size, "olive"), picture_format), LIMITS)

    assert (photo.width, photo.height) == size
    assert pictures.open_photo(photo.clean).size == copy_size
    assert pictures.open_photo(photo.thumbnail).size == thumbnail_size


def test_tells_facts_of_the_bytes_as_sent() -> None:
    content = pictures.make_photo()
    photo = make_clean_photo(content, LIMITS)

    assert photo.sha256 == sha256_hex(content)
    assert photo.content_type == "image/jpeg"
    assert photo.is_complete
    assert 0 <= photo.difference_hash < 2**64
    assert max(pictures.open_photo(photo.clean).size) <= COPY_SIDE
    assert max(pictures.open_photo(photo.thumbnail).size) <= THUMBNAIL_SIDE


def test_same_bytes_give_the_same_files() -> None:
    content = pictures.make_photo((1500, 1100))

    assert make_clean_photo(content, LIMITS) == make_clean_photo(content, LIMITS)


def test_fine_lines_survive_shrinking() -> None:
    lines = Image.new("L", (2000, 1500), "white")
    for x in range(0, 2000, 8):
        lines.paste(0, (x, 0, x + 4, 1500))
    shrunk = pictures.open_photo(make_clean_photo(pictures.encode(lines.convert("RGB"), "JPEG"), LIMITS).clean)

    # Lines four pixels wide shrink to two and a half: nearly all of the contrast must still be there.
    assert ImageStat.Stat(shrunk.convert("L")).stddev[0] > 90


# Only pixels come out


def parse_jpeg(content: bytes) -> list[int]:
    """Return the markers before the scan; fails when anything follows the end mark."""
    markers, position = [], 2
    while True:
        marker = content[position + 1]
        markers.append(marker)
        if marker == 0xDA:
            break
        position += 2 + struct.unpack_from(">H", content, position + 2)[0]
    assert content.endswith(b"\xff\xd9")
    assert content.count(b"\xff\xd9") == 1
    return markers


def make_secretive_jpeg() -> bytes:
    return pictures.make_photo(exif=pictures.make_exif(1), comment=b"SECRET-COMMENT", xmp=b"SECRET-XMP", dpi=(300, 300))


def make_secretive_png() -> bytes:
    content = pictures.encode(pictures.make_picture(), "PNG", exif=pictures.make_exif(1))
    text = pictures.make_png_chunk(b"tEXt", b"Comment\0SECRET-COMMENT") + pictures.make_png_chunk(b"prVt", b"SECRET")
    return content[:33] + text + content[33:]


def make_secretive_webp() -> bytes:
    return pictures.encode(pictures.make_picture(), "WEBP", exif=pictures.make_exif(1), xmp=b"SECRET-XMP")


def make_secretive_gif() -> bytes:
    return pictures.encode(pictures.make_picture().quantize(16), "GIF", comment=b"SECRET-COMMENT")


@pytest.mark.parametrize(
    "make_content",
    [make_secretive_jpeg, make_secretive_png, make_secretive_webp, make_secretive_gif],
)
def test_nothing_but_pixels_comes_out(make_content: Callable[[], bytes]) -> None:
    content = make_content()
    assert b"SECRET" in content or b"MAKER" in content

    photo = make_clean_photo(content, LIMITS)

    for made in (photo.clean, photo.thumbnail):
        assert not {0xE1, 0xE2, 0xED, 0xFE} & set(parse_jpeg(made))  # EXIF and XMP, profile, IPTC, comment
        assert b"SECRET" not in made
        assert b"MAKER" not in made
        opened = pictures.open_photo(made)
        assert not opened.getexif()
        assert opened.info.get("dpi") is None
        assert "icc_profile" not in opened.info


@pytest.mark.parametrize(
    "content",
    [
        pictures.make_photo() + b"PK\x03\x04SECRET archive behind the picture",
        pictures.make_photo(comment=b"<script>SECRET</script>"),
        b"GIF89a" + pictures.encode(pictures.make_picture().quantize(8), "GIF")[6:] + b"/*SECRET*/=1;alert(1)",
        pictures.encode(pictures.make_picture(), "PNG") + b"<?php SECRET ?>",
        pictures.encode(pictures.make_picture(), "BMP") + b"MZSECRET",
        pictures.make_photo() + pictures.make_photo(comment=b"SECRET second picture"),
    ],
    ids=["jpeg+zip", "jpeg+html", "gif+script", "png+php", "bmp+exe", "jpeg+jpeg"],
)
def test_polyglots_come_out_as_pictures_only(content: bytes) -> None:
    photo = make_clean_photo(content, LIMITS)

    for made in (photo.clean, photo.thumbnail):
        parse_jpeg(made)
        assert b"SECRET" not in made
        assert b"script" not in made


# Colours


def make_p3_profile() -> bytes:
    """Return a wide-gamut profile: sRGB with its red and green primaries swapped, so that a mistake shows."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(profile[131])}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    text = struct.unpack_from(">II", profile, entries[b"desc"] + 4)
    profile[text[0] : text[0] + text[1]] = bytes(profile[text[0] : text[0] + text[1]]).replace(
        "sRGB".encode("utf-16-be"), "WIDE".encode("utf-16-be")
    )
    return bytes(profile)


def test_wide_gamut_colours_are_converted() -> None:
    content = pictures.make_photo(icc_profile=make_p3_profile(), quality=95)

    assert_near(corners(pictures.open_photo(make_clean_photo(content, LIMITS).clean)), [LIME, RED, BLUE, WHITE], 25)


@pytest.mark.parametrize(
    "profile",
    [b"no profile at all", make_p3_profile()[:200], b"\0" * 128, b"x" * 5_000_000],
    ids=["text", "cut", "zeros", "huge"],
)
def test_a_broken_profile_does_not_cost_the_photo(profile: bytes) -> None:
    content = pictures.make_photo(icc_profile=profile)

    assert_near(corners(pictures.open_photo(make_clean_photo(content, LIMITS).clean)), [RED, LIME, BLUE, WHITE], 25)


def make_grey16() -> Image.Image:
    picture = Image.new("I;16", (60, 40), 0x8000)
    picture.paste(0xFFFF, (30, 0, 60, 40))
    return picture


def with_alpha(mode: str) -> Image.Image:
    picture = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    picture.paste((128, 128, 128, 255), (0, 0, 30, 40))
    return picture if mode == "RGBA" else picture.convert(mode)


def half_grey(mode: str) -> Image.Image:
    picture = Image.new("RGB", (60, 40), "white")
    picture.paste((128, 128, 128), (0, 0, 30, 40))
    return picture.quantize(8) if mode == "P" else picture.convert(mode)


def numbered_rgb() -> bytes:
    """Return a JPEG of red, green and blue planes that only the Adobe marker tells from brightness and colours."""
    content = pictures.encode(half_grey("RGB"), "JPEG", keep_rgb=True)
    frame, scan = content.index(b"\xff\xc0"), content.index(b"\xff\xda")
    numbered = bytearray(content)
    for number in range(3):
        numbered[frame + 10 + 3 * number] = numbered[scan + 5 + 2 * number] = number + 1
    return bytes(numbered)


def transparent_palette() -> bytes:
    return pictures.encode(with_alpha("RGBA").quantize(8), "PNG")


@pytest.mark.parametrize(
    "content",
    [
        pictures.encode(half_grey("RGB"), "JPEG"),
        pictures.encode(half_grey("RGB"), "JPEG", keep_rgb=True),
        numbered_rgb(),
        pictures.encode(half_grey("RGB"), "JPEG", progressive=True),
        pictures.encode(half_grey("L"), "JPEG"),
        pictures.encode(half_grey("CMYK"), "JPEG"),
        pictures.encode(half_grey("RGB"), "PNG"),
        pictures.encode(half_grey("L"), "PNG"),
        pictures.encode(half_grey("P"), "PNG"),
        pictures.encode(half_grey("RGB"), "PNG", transparency=(255, 255, 255)),
        pictures.encode(make_grey16(), "PNG"),
        pictures.encode(with_alpha("RGBA"), "PNG"),
        pictures.encode(with_alpha("LA"), "PNG"),
        transparent_palette(),
        pictures.encode(half_grey("RGB"), "WEBP", lossless=True),
        pictures.encode(with_alpha("RGBA"), "WEBP", lossless=True),
        pictures.encode(half_grey("P"), "GIF"),
        pictures.encode(with_alpha("RGBA"), "GIF"),
        pictures.encode(half_grey("RGB"), "BMP"),
        pictures.encode(half_grey("P"), "BMP"),
    ],
    ids=[
        *("jpeg-ycc", "jpeg-rgb", "jpeg-rgb-numbered", "jpeg-progressive", "jpeg-grey", "jpeg-cmyk"),
        *("png-rgb", "png-grey", "png-palette", "png-key", "png-16-bit", "png-rgba", "png-la", "png-palette-alpha"),
        *("webp", "webp-alpha", "gif", "gif-alpha", "bmp", "bmp-palette"),
    ],
)
def test_every_colour_mode_comes_out_right_on_white(content: bytes) -> None:
    opened = pictures.open_photo(make_clean_photo(content, LIMITS).clean)

    assert opened.mode == "RGB"
    left, right = opened.getpixel((8, 20)), opened.getpixel((52, 20))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert all(abs(value - 128) <= 4 for value in left)
    assert all(value >= 251 for value in right)


def test_transparent_pixels_do_not_darken_the_edge_when_shrunk() -> None:
    picture = Image.new("RGBA", (3000, 30), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 1501, 30))
    opened = pictures.open_photo(make_clean_photo(pictures.encode(picture, "PNG"), LIMITS).clean)

    assert sum(opened.convert("L").histogram()[:250]) == 0


def test_colours_of_a_shrunk_jpeg_stay_on_their_places() -> None:
    signs = Image.new("RGB", (2048, 1536), "white")
    for x in range(0, 2048, 128):
        signs.paste((200, 20, 20), (x, 0, x + 64, 1536))
    opened = pictures.open_photo(make_clean_photo(pictures.encode(signs, "JPEG", subsampling=0), LIMITS).clean)
    expected = signs.resize((1280, 960), Image.Resampling.LANCZOS)

    red = ImageStat.Stat(Image.blend(opened, expected, 0.5)).mean[0]
    assert abs(red - ImageStat.Stat(expected).mean[0]) < 2
    assert_near([opened.getpixel((20, 480))], [(200, 20, 20)])  # type: ignore[list-item]  # RGB gives tuples
    assert_near([opened.getpixel((60, 480))], [WHITE])  # type: ignore[list-item]  # likewise


def test_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue", "lime")]
    for picture_format in ("GIF", "WEBP", "PNG"):
        content = pictures.encode(frames[0], picture_format, save_all=True, append_images=frames[1:])
        opened = pictures.open_photo(make_clean_photo(content, LIMITS).clean)
        assert_near([opened.getpixel((20, 20))], [RED])  # type: ignore[list-item]  # RGB gives tuples


# Refusals


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"\x00", Reason.NOT_A_PICTURE),
        ("井盖坏了".encode(), Reason.NOT_A_PICTURE),
        (b"BM is how this sentence begins, and it goes on", Reason.NOT_A_PICTURE),
        (b"<!doctype html><img src=x onerror=alert(1)>", Reason.NOT_A_PICTURE),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', Reason.NOT_A_PICTURE),
        (b"%PDF-1.7\n", Reason.NOT_A_PICTURE),
        (b"PK\x03\x04" + bytes(40), Reason.NOT_A_PICTURE),
        (b'{"errcode":40007,"errmsg":"invalid media_id"}', Reason.NOT_A_PICTURE),
        (b"#!AMR\n" + bytes(40), Reason.NOT_A_PICTURE),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", Reason.NOT_A_PICTURE),
        (pictures.encode(pictures.make_picture(), "TIFF"), Reason.UNSUPPORTED_FORMAT),
        (pictures.encode(pictures.make_picture(), "ICO"), Reason.UNSUPPORTED_FORMAT),
        (b"8BPS\0\1" + bytes(40), Reason.UNSUPPORTED_FORMAT),
        (b"\0\0\0\x18ftypheic" + bytes(40), Reason.UNSUPPORTED_FORMAT),
        (b"\0\0\0\x18ftypavif" + bytes(40), Reason.UNSUPPORTED_FORMAT),
        (b"\xff\xd8\xff", Reason.DAMAGED),
        (b"\xff\xd8\xff\xe0\xff", Reason.DAMAGED),
        (b"\xff\xd8\xff\xd9", Reason.DAMAGED),
        (b"\x89PNG\r\n\x1a\n", Reason.DAMAGED),
        (b"GIF89a", Reason.DAMAGED),
        (b"RIFF\0\0\0\0WEBP", Reason.DAMAGED),
        (b"RIFF\0\0\0\0WEBPVP8X", Reason.DAMAGED),
        (b"BM" + bytes(12) + b"\x28\0\0\0", Reason.DAMAGED),
    ],
    ids=[
        *("nothing", "one-byte", "chinese-text", "text-from-BM", "html", "svg", "pdf", "zip", "wechat-error", "voice"),
        *("postscript", "tiff", "ico", "psd", "heic", "avif", "jpeg-start", "jpeg-cut-marker", "jpeg-empty"),
        *("png-start", "gif-start", "webp-start", "webp-cut", "bmp-start"),
    ],
)
def test_refuses_what_is_no_photo_with_the_right_reason(content: bytes, reason: Reason) -> None:
    assert reason_of(content) is reason


def test_refuses_photo_over_the_byte_limit_and_takes_one_at_it() -> None:
    content = pictures.make_photo()

    assert reason_of(content, Limits(max_bytes=len(content) - 1)) is Reason.TOO_LARGE
    assert make_clean_photo(content, Limits(max_bytes=len(content))).is_complete


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_refuses_photo_over_the_pixel_budget_and_takes_one_at_it(picture_format: str) -> None:
    content = pictures.encode(pictures.make_picture((40, 30)), picture_format)

    assert reason_of(content, Limits(max_pixels=1199)) is Reason.TOO_MANY_PIXELS
    assert make_clean_photo(content, Limits(max_pixels=1200)).width == 40


@pytest.mark.parametrize("extra", [{"lossless": True}, {}, {"exif": b"Exif\0\0"}], ids=["VP8L", "VP8", "VP8X"])
def test_reads_the_size_of_every_kind_of_webp(extra: dict[str, object]) -> None:
    content = pictures.encode(pictures.make_picture((41, 29)), "WEBP", **extra)

    assert reason_of(content, Limits(max_pixels=41 * 29 - 1)) is Reason.TOO_MANY_PIXELS
    assert make_clean_photo(content, Limits(max_pixels=41 * 29)).height == 29


@pytest.mark.parametrize(
    "content",
    [
        pictures.make_png_bomb(14_000, 14_000),
        pictures.make_png_bomb(10_000, 9_000),
        pictures.lie_about_size(pictures.make_photo(), 65_500, 65_500),
        b"GIF89a\xff\xff\xff\xff\0\0\0" + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0;",
        b"GIF89a\1\0\1\0\0\0\0" + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0;",
        b"RIFF\x64\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff" + bytes(80),
        b"BM" + bytes(12) + struct.pack("<IiiHHIIIIII", 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
    ],
    ids=["png-196-MP", "png-90-MP", "jpeg-4-GP", "gif-4-GP", "gif-frame-beyond-screen", "webp-2^48", "bmp-3.6-GP"],
)
def test_bombs_are_refused_before_they_are_decoded(content: bytes) -> None:
    assert len(content) < 100_000
    begin = time.perf_counter()

    assert reason_of(content) is Reason.TOO_MANY_PIXELS
    assert time.perf_counter() - begin < 0.5


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + b"\xff\xfe\x00\x02" * 200_000,
        b"\xff\xd8" + b"\xff\xe1\x00\x08Exif\0\0" * 200_000,
        pictures.make_photo(progressive=True).replace(b"\xff\xda", b"\xff\xda\x00\x02" * 200 + b"\xff\xda", 1),
        b"\x89PNG\r\n\x1a\n" + pictures.make_png_chunk(b"prVt", b"") * 200_000,
        b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\x01x\0" * 2_000,
        b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe" + b"\x01x" * 200_000,
        b"GIF89a\1\0\1\0\0\0\0" + b"\x01" * 200_000,
    ],
    ids=["jpeg-comments", "jpeg-exif", "jpeg-scans", "png-chunks", "gif-comments", "gif-blocks", "gif-filler"],
)
def test_floods_of_blocks_are_refused_quickly(content: bytes) -> None:
    begin = time.perf_counter()

    assert reason_of(content) is Reason.TOO_COMPLEX
    assert time.perf_counter() - begin < 0.5


def test_texts_that_inflate_are_not_inflated() -> None:
    bomb = pictures.make_png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(60_000_000), 9))
    content = pictures.encode(pictures.make_picture(), "PNG")
    begin = time.perf_counter()

    assert make_clean_photo(content[:33] + bomb * 20 + content[33:], LIMITS).is_complete
    assert time.perf_counter() - begin < 0.5


def test_refuses_run_length_bitmaps() -> None:
    header = struct.pack("<IiiHHIIIIII", 40, 8, 8, 1, 8, 1, 0, 0, 0, 0, 0)

    assert reason_of(b"BM" + bytes(12) + header + bytes(1100)) is Reason.UNSUPPORTED_FORMAT


def test_running_out_of_memory_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: ImageFile.ImageFile) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(PhotoError) as caught:
        make_clean_photo(pictures.make_photo(), LIMITS)

    assert caught.value.reason is Reason.OUT_OF_MEMORY
    assert not caught.value.permanent


# Files cut short


@pytest.mark.parametrize("progressive", [False, True])
def test_half_a_jpeg_is_kept_as_far_as_it_goes(progressive: bool) -> None:
    noise = Image.effect_noise((640, 480), 80).convert("RGB")
    content = pictures.encode(noise, "JPEG", progressive=progressive)
    photo = make_clean_photo(content[: len(content) // 2], LIMITS)
    opened = pictures.open_photo(photo.clean).convert("L")

    assert not photo.is_complete
    assert (photo.width, photo.height) == (640, 480)
    assert ImageStat.Stat(opened.crop((0, 0, 640, 160))).stddev[0] > 20


def test_one_cut_photo_makes_no_other_photo_lenient() -> None:
    content = pictures.make_photo()
    make_clean_photo(content[:-200], LIMITS)

    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert reason_of(pictures.encode(pictures.make_picture(), "PNG")[:-600]) is Reason.DAMAGED


def test_next_to_nothing_of_a_jpeg_is_refused() -> None:
    content = pictures.encode(Image.effect_noise((1600, 1200), 80).convert("RGB"), "JPEG")

    assert reason_of(content[:2000]) is Reason.DAMAGED
    assert reason_of(content[:300]) is Reason.DAMAGED


@pytest.mark.parametrize("picture_format", ["PNG", "WEBP", "GIF", "BMP"])
def test_other_formats_cut_short_are_refused(picture_format: str) -> None:
    content = pictures.encode(Image.effect_noise((200, 200), 80).convert("RGB"), picture_format)

    assert reason_of(content[: len(content) // 2]) is Reason.DAMAGED


def test_a_jpeg_without_its_end_mark_is_whole_but_marked() -> None:
    photo = make_clean_photo(pictures.make_photo()[:-2], LIMITS)

    assert not photo.is_complete
    assert_near(corners(pictures.open_photo(photo.clean)), [RED, LIME, BLUE, WHITE])


# Threads and fuzzing


def test_threads_get_the_same_files_as_one_alone() -> None:
    contents = [pictures.make_photo((1500 + n, 1000)) for n in range(4)]
    alone = [make_clean_photo(content, LIMITS) for content in contents]
    together: list[CleanPhoto | None] = [None] * 4

    def make(number: int) -> None:
        for _ in range(3):
            together[number] = make_clean_photo(contents[number], LIMITS)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert together == alone


SEEDS = {
    "jpeg": pictures.encode(
        pictures.make_picture((48, 32)), "JPEG", exif=pictures.make_exif(6), icc_profile=make_p3_profile()
    ),
    "jpeg-progressive": pictures.encode(pictures.make_picture((48, 32)), "JPEG", progressive=True),
    "png": pictures.encode(pictures.make_picture((48, 32)), "PNG", exif=pictures.make_exif(6)),
    "png-palette": pictures.encode(with_alpha("RGBA").quantize(8), "PNG"),
    "webp": pictures.encode(pictures.make_picture((48, 32)), "WEBP", exif=pictures.make_exif(6)),
    "gif": pictures.encode(pictures.make_picture((48, 32)).quantize(16), "GIF", comment=b"x"),
    "bmp": pictures.encode(pictures.make_picture((16, 8)), "BMP"),
}

edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 3), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=6,
)


@pytest.mark.filterwarnings("default")  # decoders warn of the damage they see; here only what escapes counts
@pytest.mark.parametrize("seed", SEEDS)
@given(edits=edits)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_photos_raise_nothing_but_media_errors(seed: str, edits: list[tuple[float, int, bytes]]) -> None:
    content = bytearray(SEEDS[seed])
    for place, kind, piece in edits:
        at = int(place * len(content))
        if kind == 0:
            content[at : at + len(piece)] = piece
        elif kind == 1:
            content[at:at] = piece
        elif kind == 2:
            del content[at : at + len(piece)]
        else:
            del content[at:]
            content += piece
    try:
        photo = make_clean_photo(bytes(content), Limits(max_pixels=1_000_000))
    except MediaError:
        return
    Image.open(io.BytesIO(photo.clean), formats=["JPEG"]).load()


@given(content=st.binary(max_size=200), head=st.sampled_from([content[:40] for content in SEEDS.values()]))
@settings(max_examples=200, deadline=None)
@pytest.mark.filterwarnings("default")  # see above
def test_noise_behind_a_right_beginning_raises_nothing_but_media_errors(content: bytes, head: bytes) -> None:
    for cut in (3, 12, 20, 40):
        with contextlib.suppress(MediaError):
            make_clean_photo(head[:cut] + content, Limits(max_pixels=1_000_000))
