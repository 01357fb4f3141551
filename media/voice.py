"""Voices that a browser can play, and what kind of voice or video some bytes are."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum

from media.errors import Reason, VideoError, VoiceError
from media.limits import Limits


class VoiceFormat(StrEnum):
    """The voice formats that are told apart, each by its content type."""

    AMR_NB = "audio/amr"
    AMR_WB = "audio/amr-wb"
    SPEEX = "audio/x-speex"
    MP3 = "audio/mpeg"
    OGG = "audio/ogg"
    WAV = "audio/wav"
    M4A = "audio/mp4"


class VideoFormat(StrEnum):
    """The video formats that are told apart, each by its content type."""

    MP4 = "video/mp4"
    QUICKTIME = "video/quicktime"
    THREE_GP = "video/3gpp"
    WEBM = "video/webm"


@dataclass(frozen=True, slots=True)
class Playable:
    """Voice bytes with their content type; browsers play audio/mpeg, and offer what they cannot play to save."""

    content: bytes
    content_type: str


# What phones record and no browser plays, with the name of the reader that takes it.
_UNPLAYABLE = {VoiceFormat.AMR_NB: "amr", VoiceFormat.AMR_WB: "amr", VoiceFormat.SPEEX: "ogg"}
_SAMPLE_RATE = 16_000  # samples a second: what wide-band speech has; 8,000 is no rate every browser plays
_BIT_RATE = 32_000  # bits a second, plenty for one voice


def sniff_voice(content: bytes) -> VoiceFormat | None:
    """Return the voice format that the bytes announce, or None; the rest may still be damaged."""
    head = bytes(content[:64])
    if head.startswith(b"#!AMR-WB\n"):
        return VoiceFormat.AMR_WB
    if head.startswith(b"#!AMR\n"):
        return VoiceFormat.AMR_NB
    if head.startswith(b"OggS"):
        return VoiceFormat.SPEEX if head[28:36] == b"Speex   " else VoiceFormat.OGG
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return VoiceFormat.WAV
    if head.startswith(b"ID3") or _is_mp3_frame(head):
        return VoiceFormat.MP3
    # Recorders write the brands of videos too; what has no picture track is a voice.
    if head[4:8] == b"ftyp" and (head[8:11] == b"M4A" or (_is_mp4_brand(head) and b"vide" not in content)):
        return VoiceFormat.M4A
    return None


def sniff_video(content: bytes) -> VideoFormat | None:
    """Return the video format that the first bytes announce, or None; the rest may still be damaged."""
    head = bytes(content[:64])
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head:
        return VideoFormat.WEBM
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand == b"qt  ":
            return VideoFormat.QUICKTIME
        if brand.startswith((b"3gp", b"3g2")):
            return VideoFormat.THREE_GP
        if _is_mp4_brand(head):
            return VideoFormat.MP4
    return None


def check_voice(content: bytes, limits: Limits) -> VoiceFormat:
    """Return the format of a voice; raises VoiceError when it is empty, too large or no voice that we know."""
    if not content:
        raise VoiceError(Reason.EMPTY)
    if len(content) > limits.max_voice_bytes:
        raise VoiceError(Reason.TOO_LARGE, f"{len(content)} bytes, at most {limits.max_voice_bytes}")
    voice_format = sniff_voice(content)
    if voice_format is None:
        raise VoiceError(Reason.NOT_A_VOICE)
    return voice_format


def check_video(content: bytes, limits: Limits) -> VideoFormat:
    """Return the format of a video, which is kept as sent; raises VideoError like `check_voice`."""
    if not content:
        raise VideoError(Reason.EMPTY)
    if len(content) > limits.max_video_bytes:
        raise VideoError(Reason.TOO_LARGE, f"{len(content)} bytes, at most {limits.max_video_bytes}")
    video_format = sniff_video(content)
    if video_format is None:
        raise VideoError(Reason.NOT_A_VIDEO)
    return video_format


def make_playable(content: bytes, limits: Limits) -> Playable:
    """Return a voice as MP3 where that is needed and possible, else as sent; raises VoiceError.

    It stays as sent, so that a page can offer it to save, when the extra `voice` is not installed, when the voice
    is longer than the limit, or when nothing in it can be decoded.
    """
    voice_format = check_voice(content, limits)
    if voice_format in _UNPLAYABLE:
        converted = _convert_to_mp3(content, _UNPLAYABLE[voice_format], limits.max_voice_seconds)
        if converted is not None:
            return Playable(converted, VoiceFormat.MP3.value)
    return Playable(content, voice_format.value)


def _convert_to_mp3(content: bytes, reader: str, max_seconds: int) -> bytes | None:
    try:
        import av  # noqa: PLC0415  an optional extra, and 40 MB of memory that only voices need
    except ImportError:
        return None
    encoded = io.BytesIO()
    samples_left = max_seconds * _SAMPLE_RATE
    try:
        with (
            av.open(io.BytesIO(content), "r", format=reader) as source,
            av.open(encoded, "w", format="mp3") as target,
        ):
            stream = target.add_stream("mp3", rate=_SAMPLE_RATE, layout="mono")
            stream.bit_rate = _BIT_RATE
            resampler = av.AudioResampler(format="s16p", layout="mono", rate=_SAMPLE_RATE)
            try:
                for frame in source.decode(audio=0):
                    for resampled in resampler.resample(frame):
                        samples_left -= resampled.samples
                        if samples_left < 0:
                            return None
                        target.mux(stream.encode(resampled))
            except av.FFmpegError:
                pass  # a voice that was cut short ends inside a frame; what came before it is worth hearing
            for resampled in resampler.resample(None):
                target.mux(stream.encode(resampled))
            target.mux(stream.encode(None))
    except (av.FFmpegError, ValueError, IndexError, MemoryError):
        return None
    return encoded.getvalue() if samples_left < max_seconds * _SAMPLE_RATE else None


def _is_mp4_brand(head: bytes) -> bool:
    return head[8:12] in _MP4_BRANDS or head[8:11] in {b"3gp", b"3g2"}


_MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"}
)


def _is_mp3_frame(head: bytes) -> bool:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    # ISO 11172-3 section 2.4.2.3: version 1, layer 0, bit rates 0 and 15 and sample rate 3 are reserved or free.
    return version != 1 and layer == 1 and bit_rate not in {0, 15} and sample_rate != 3
