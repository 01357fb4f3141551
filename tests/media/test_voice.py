"""Voices and videos: told apart by their bytes, made playable where that is possible."""

from __future__ import annotations

import io
import random
import struct
import sys
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.errors import Reason, VideoError, VoiceError
from media.limits import Limits
from media.voice import (
    Playable,
    VideoFormat,
    VoiceFormat,
    check_video,
    make_playable,
    sniff_video,
    sniff_voice,
)

LIMITS = Limits()
# RFC 4867 sections 3.6 and 5.3: one octet of table of contents (mode 7 or 8, quality bit set), then the speech.
NARROW_HEADER, NARROW_TOC, NARROW_FRAME_BYTES = b"#!AMR\n", 0x3C, 31
WIDE_HEADER, WIDE_TOC, WIDE_FRAME_BYTES = b"#!AMR-WB\n", 0x44, 60
FRAMES_A_SECOND = 50


def make_amr(seconds: float, *, wide: bool = False) -> bytes:
    """Return an AMR voice of random speech frames of 20 ms each."""
    chance = random.Random(7)
    header, toc, size = (
        (WIDE_HEADER, WIDE_TOC, WIDE_FRAME_BYTES) if wide else (NARROW_HEADER, NARROW_TOC, NARROW_FRAME_BYTES)
    )
    frames = (bytes([toc]) + chance.randbytes(size) for _ in range(round(seconds * FRAMES_A_SECOND)))
    return header + b"".join(frames)


def make_wav() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as opened:
        opened.setnchannels(1)
        opened.setsampwidth(2)
        opened.setframerate(8000)
        opened.writeframes(bytes(1600))
    return content.getvalue()


def make_mp4(brand: bytes, handler: bytes) -> bytes:
    return (
        struct.pack(">I4s4sI", 16, b"ftyp", brand, 0) + b"\0\0\0\x20moov....hdlr\0\0\0\0\0\0\0\0" + handler + bytes(8)
    )


def seconds_of_mp3(content: bytes) -> float:
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(content), "r", format="mp3") as opened:
        return float(sum(frame.samples / frame.sample_rate for frame in opened.decode(audio=0)))


@pytest.mark.parametrize(
    ("content", "voice_format"),
    [
        (make_amr(0.1), VoiceFormat.AMR_NB),
        (make_amr(0.1, wide=True), VoiceFormat.AMR_WB),
        (b"OggS" + bytes(24) + b"Speex   1.2", VoiceFormat.SPEEX),
        (b"OggS" + bytes(24) + b"OpusHead", VoiceFormat.OGG),
        (make_wav(), VoiceFormat.WAV),
        (b"ID3\x04\0\0\0\0\0\0", VoiceFormat.MP3),
        (b"\xff\xfb\x90\x64", VoiceFormat.MP3),
        (b"\xff\xf3\x58\xc0", VoiceFormat.MP3),
        (make_mp4(b"M4A ", b"soun"), VoiceFormat.M4A),
        (make_mp4(b"mp42", b"soun"), VoiceFormat.M4A),
        (make_mp4(b"3gp4", b"soun"), VoiceFormat.M4A),
        (make_mp4(b"mp42", b"vide"), None),
        (make_mp4(b"heic", b"pict"), None),
        (b"", None),
        (b"\xff\xd8\xff\xe0", None),
        (b"\xff\xff\xff\xff", None),
        (b"\xff\xfb", None),
        (b"RIFF\0\0\0\0WEBP", None),
        (b'{"errcode":40007}', None),
    ],
)
def test_tells_voices_by_their_bytes(content: bytes, voice_format: VoiceFormat | None) -> None:
    assert sniff_voice(content) is voice_format


@pytest.mark.parametrize(
    ("content", "video_format"),
    [
        (make_mp4(b"isom", b"vide"), VideoFormat.MP4),
        (make_mp4(b"mp42", b"vide"), VideoFormat.MP4),
        (make_mp4(b"qt  ", b"vide"), VideoFormat.QUICKTIME),
        (make_mp4(b"3gp5", b"vide"), VideoFormat.THREE_GP),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x82\x84webm", VideoFormat.WEBM),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x82\x88matroska", None),
        (make_mp4(b"heic", b"pict"), None),
        (b"", None),
        (b"FLV\x01", None),
    ],
)
def test_tells_videos_by_their_bytes(content: bytes, video_format: VideoFormat | None) -> None:
    assert sniff_video(content) is video_format


@given(
    st.sampled_from([b"", b"#!AMR\n", b"OggS", b"RIFF", b"\xff\xfb", b"\0\0\0\x18ftyp", b"\x1a\x45\xdf\xa3"]),
    st.binary(max_size=80),
)
def test_sniffing_never_raises(head: bytes, content: bytes) -> None:
    assert sniff_voice(head + content) in {None, *VoiceFormat}
    assert sniff_video(head + content) in {None, *VideoFormat}


@pytest.mark.parametrize("wide", [False, True], ids=["narrow band", "wide band"])
def test_amr_becomes_mp3_of_the_same_length(wide: bool) -> None:
    pytest.importorskip("av")
    playable = make_playable(make_amr(3, wide=wide), LIMITS)

    assert playable.content_type == "audio/mpeg"
    assert sniff_voice(playable.content) is VoiceFormat.MP3
    assert 2.9 < seconds_of_mp3(playable.content) < 3.2


def test_a_voice_cut_short_is_heard_as_far_as_it_goes() -> None:
    pytest.importorskip("av")
    playable = make_playable(make_amr(3)[:-20], LIMITS)

    assert playable.content_type == "audio/mpeg"
    assert seconds_of_mp3(playable.content) > 2.8


def test_stays_as_sent_when_the_decoder_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    content = make_amr(1)

    assert make_playable(content, LIMITS) == Playable(content, "audio/amr")


@pytest.mark.parametrize(
    "content",
    [make_amr(0), NARROW_HEADER + b"\xff" * 300, b"OggS" + bytes(24) + b"Speex   " + bytes(100)],
    ids=["no frames", "no speech", "no speex"],
)
def test_stays_as_sent_when_nothing_can_be_decoded(content: bytes) -> None:
    playable = make_playable(content, LIMITS)

    assert playable.content is content
    assert playable.content_type != "audio/mpeg"


def test_stays_as_sent_when_longer_than_the_limit() -> None:
    content = make_amr(3)

    assert make_playable(content, Limits(max_voice_seconds=2)) == Playable(content, "audio/amr")


@pytest.mark.parametrize("content", [make_wav(), b"ID3\x04\0\0\0\0\0\0", make_mp4(b"M4A ", b"soun")])
def test_what_browsers_play_stays_as_sent(content: bytes) -> None:
    voice_format = sniff_voice(content)

    assert voice_format is not None
    assert make_playable(content, LIMITS) == Playable(content, voice_format.value)


@pytest.mark.parametrize(
    ("content", "limits", "reason"),
    [
        (b"", LIMITS, Reason.EMPTY),
        (b"hello", LIMITS, Reason.NOT_A_VOICE),
        (make_amr(1), Limits(max_voice_bytes=1000), Reason.TOO_LARGE),
    ],
)
def test_refuses_what_is_no_voice_with_the_right_reason(content: bytes, limits: Limits, reason: Reason) -> None:
    with pytest.raises(VoiceError) as caught:
        make_playable(content, limits)

    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("content", "limits", "reason"),
    [
        (b"", LIMITS, Reason.EMPTY),
        (b"hello", LIMITS, Reason.NOT_A_VIDEO),
        (make_mp4(b"isom", b"vide"), Limits(max_video_bytes=10), Reason.TOO_LARGE),
    ],
)
def test_refuses_what_is_no_video_with_the_right_reason(content: bytes, limits: Limits, reason: Reason) -> None:
    with pytest.raises(VideoError) as caught:
        check_video(content, limits)

    assert caught.value.reason is reason


def test_takes_a_video_at_the_limit() -> None:
    content = make_mp4(b"isom", b"vide")

    assert check_video(content, Limits(max_video_bytes=len(content))) is VideoFormat.MP4


@given(st.sampled_from([NARROW_HEADER, WIDE_HEADER]), st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_damaged_voices_raise_nothing(head: bytes, content: bytes) -> None:
    assert make_playable(head + content, LIMITS).content
