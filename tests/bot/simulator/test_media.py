"""The media shelf and the built-in voice."""

from __future__ import annotations

import io

import av
import pytest

from bot.simulator.media import MediaShelf, sniff_content
from bot.simulator.voice_sample import build_amr_second
from tests.bot.simulator.conftest import MakePlatform, StoppedClock


def test_media_id_dies_after_three_days_and_the_picture_lives_on(
    make_platform: MakePlatform, clock: StoppedClock
) -> None:
    shelf = make_platform().media
    media_id = shelf.add_media("image", b"\xff\xd8\xff")
    clock.advance(days=3, seconds=-1)
    assert shelf.find_media(media_id) is not None
    clock.advance(seconds=1)
    assert shelf.find_media(media_id) is None
    assert shelf.find_picture(media_id) is not None


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        pytest.param({"max_media": 3}, [False, False, True, True, True], id="by number"),
        pytest.param({"max_media_bytes": 25}, [False, False, False, True, True], id="by bytes"),
        pytest.param({"max_media_bytes": 5}, [False, False, False, False, True], id="the newest stays"),
    ],
)
def test_oldest_media_fall_off(make_platform: MakePlatform, limits: dict[str, int], kept: list[bool]) -> None:
    shelf: MediaShelf = make_platform(**limits).media
    media_ids = [shelf.add_media("voice", bytes(10)) for _ in kept]
    assert [shelf.find_media(media_id) is not None for media_id in media_ids] == kept


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xd8\xff\xe0", ("image/jpeg", "jpg")),
        (b"\x89PNG\r\n\x1a\n", ("image/png", "png")),
        (b"GIF89a", ("image/gif", "gif")),
        (b"#!AMR\n", ("voice/amr", "amr")),
        (b"\x00\x00\x00\x18ftypmp42", ("video/mp4", "mp4")),
        (b"<svg onload=alert(1)>", None),
        (b"", None),
    ],
    ids=["jpeg", "png", "gif", "amr", "mp4", "svg", "empty"],
)
def test_content_type_follows_the_bytes(content: bytes, expected: tuple[str, str] | None) -> None:
    assert sniff_content(content) == expected


def test_built_in_voice_is_one_second_of_playable_amr() -> None:
    with av.open(io.BytesIO(build_amr_second()), mode="r", format="amr") as container:
        frames = [frame for frame in container.decode(audio=0) if isinstance(frame, av.AudioFrame)]
    assert sum(frame.samples for frame in frames) == 8000
