"""Fingerprints of bytes and of pictures."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from media.hashes import difference_hash, from_signed, hash_distance, sha256_hex, to_signed
from tests.media import pictures

hashes = st.integers(0, 2**64 - 1)


def make_scene() -> Image.Image:
    """Return a picture with soft shapes of many sizes, the same every time."""
    cells = bytes((x * x * 7 + y * 31 + x * y * 13) % 256 for y in range(12) for x in range(16))
    return Image.frombytes("L", (16, 12), cells).resize((800, 600), Image.Resampling.BICUBIC).convert("RGB")


def resaved(picture: Image.Image) -> Image.Image:
    content = io.BytesIO()
    picture.resize((500, 375)).save(content, "JPEG", quality=40)
    return Image.open(content)


@pytest.mark.parametrize(
    "changed",
    [
        resaved(make_scene()),
        ImageEnhance.Brightness(make_scene()).enhance(0.8),
        make_scene().crop((8, 6, 792, 594)),
        make_scene().convert("L"),
    ],
    ids=["smaller and saved again", "darker", "edge cut off", "grey"],
)
def test_the_same_photo_stays_near(changed: Image.Image) -> None:
    assert hash_distance(difference_hash(make_scene()), difference_hash(changed)) <= 10


@pytest.mark.parametrize(
    "other",
    [ImageOps.mirror(make_scene()), ImageOps.flip(make_scene()), pictures.make_picture((800, 600))],
    ids=["mirrored", "upside down", "another"],
)
def test_another_photo_is_far(other: Image.Image) -> None:
    assert hash_distance(difference_hash(make_scene()), difference_hash(other)) > 16


def test_each_bit_says_darker_than_the_right_neighbour() -> None:
    brighter_to_the_right = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90)

    assert difference_hash(brighter_to_the_right) == 2**64 - 1
    assert difference_hash(ImageOps.mirror(brighter_to_the_right)) == 0
    first = Image.new("L", (9, 8))
    first.putpixel((1, 0), 255)
    assert difference_hash(first) == 1 << 63


@given(hashes, hashes)
def test_distance_counts_the_bits_that_differ(a: int, b: int) -> None:
    assert hash_distance(a, b) == bin(a ^ b).count("1") == hash_distance(b, a)
    assert hash_distance(to_signed(a), to_signed(b)) == hash_distance(a, b)


@given(hashes)
def test_signed_and_back_is_the_same(unsigned: int) -> None:
    assert -(2**63) <= to_signed(unsigned) < 2**63
    assert from_signed(to_signed(unsigned)) == unsigned


@pytest.mark.parametrize(
    ("unsigned", "signed"),
    [(0, 0), (1, 1), (2**63 - 1, 2**63 - 1), (2**63, -(2**63)), (2**64 - 1, -1)],
)
def test_signed_values_are_twos_complement(unsigned: int, signed: int) -> None:
    assert to_signed(unsigned) == signed
    assert from_signed(signed) == unsigned


@pytest.mark.parametrize("value", [-1, 2**64])
def test_refuses_what_is_no_unsigned_hash(value: int) -> None:
    with pytest.raises(ValueError, match="unsigned"):
        to_signed(value)


@pytest.mark.parametrize("value", [-(2**63) - 1, 2**63])
def test_refuses_what_is_no_signed_hash(value: int) -> None:
    with pytest.raises(ValueError, match="signed"):
        from_signed(value)


def test_sha256_is_the_standard_one() -> None:
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
