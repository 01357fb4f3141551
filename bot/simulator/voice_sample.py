"""One second of voice for people who have no AMR file at hand."""

from __future__ import annotations

_FRAMES_PER_SECOND = 50
# RFC 4867: a table-of-contents byte (mode 0, good quality), then the 95 bits of a 4.75 kbit/s frame. With all bits
# zero a decoder gives silence.
_FRAME = b"\x04" + bytes(12)


def build_amr_second() -> bytes:
    """Return a playable AMR file of one second of silence, 8 kHz."""
    return b"#!AMR\n" + _FRAME * _FRAMES_PER_SECOND
