"""Limits and telling photo formats by their first bytes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.errors import MediaError, PhotoError, Reason
from media.limits import Limits, PhotoType, check_photo, check_pixels, sniff_photo
from tests.media import pictures


@pytest.mark.parametrize(
    ("picture_format", "photo_type"),
    [
        ("JPEG", PhotoType.JPEG),
        ("PNG", PhotoType.PNG),
        ("WEBP", PhotoType.WEBP),
        ("GIF", PhotoType.GIF),
        ("BMP", PhotoType.BMP),
    ],
)
def test_tells_each_format_by_its_bytes(picture_format: str, photo_type: PhotoType) -> None:
    assert sniff_photo(pictures.encode(pictures.make_picture((8, 8)), picture_format)) is photo_type


@given(st.binary(max_size=64))
def test_sniffing_never_raises(content: bytes) -> None:
    assert sniff_photo(content) in {None, *PhotoType}


@given(st.binary(max_size=64))
def test_checking_raises_nothing_but_photo_errors(content: bytes) -> None:
    try:
        assert check_photo(content, Limits()) in PhotoType
    except PhotoError as error:
        assert error.reason in {Reason.EMPTY, Reason.NOT_A_PICTURE, Reason.UNSUPPORTED_FORMAT}  # noqa: PT017  any of three


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
def test_refuses_a_limit_below_one(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [
        (0, 10, Reason.DAMAGED),
        (10, -1, Reason.DAMAGED),
        (101, 100, Reason.TOO_MANY_PIXELS),
        (1 << 40, 1 << 40, Reason.TOO_MANY_PIXELS),
    ],
)
def test_refuses_sizes_outside_the_budget(width: int, height: int, reason: Reason) -> None:
    with pytest.raises(PhotoError) as caught:
        check_pixels(width, height, Limits(max_pixels=10_000))

    assert caught.value.reason is reason


def test_accepts_a_size_at_the_budget() -> None:
    check_pixels(100, 100, Limits(max_pixels=10_000))


def test_errors_carry_a_stable_reason_and_whether_to_try_again() -> None:
    error = MediaError(Reason.DISK_FULL, "9 bytes", permanent=False)

    assert str(error) == "disk_full: 9 bytes"
    assert error.reason == "disk_full"
    assert not error.permanent
    assert MediaError(Reason.EMPTY).permanent
    assert all(reason.value == reason.name.lower() for reason in Reason)
