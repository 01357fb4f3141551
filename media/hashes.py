"""Fingerprints: of the bytes (the same file) and of the picture (nearly the same photo)."""

from __future__ import annotations

import hashlib

from PIL import Image

HASH_BITS = 64
_SIGN = 1 << (HASH_BITS - 1)
_RANGE = 1 << HASH_BITS


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 lower-case hex digits."""
    return hashlib.sha256(content).hexdigest()


def difference_hash(image: Image.Image) -> int:
    """Return 64 bits, unsigned: for each of 8 × 8 cells, is it darker than its right neighbour.

    Scaling, saving again and moderate brightening change few bits; give the picture already turned upright.
    """
    grey = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(0, 72, 9):
        for left in range(row, row + 8):
            bits = bits << 1 | (grey[left] < grey[left + 1])
    return bits


def hash_distance(a: int, b: int) -> int:
    """Return how many of 64 bits differ; about 10 and below is probably the same photo."""
    return ((a ^ b) % _RANGE).bit_count()


def to_signed(unsigned: int) -> int:
    """Return the hash as the signed 64-bit integer that a database column keeps."""
    if not 0 <= unsigned < _RANGE:
        raise ValueError("not an unsigned 64-bit integer")
    return unsigned - _RANGE if unsigned & _SIGN else unsigned


def from_signed(signed: int) -> int:
    """Return the unsigned hash for what `to_signed` gave."""
    if not -_SIGN <= signed < _SIGN:
        raise ValueError("not a signed 64-bit integer")
    return signed % _RANGE
