"""Pictures made for tests, different for each seed."""

from __future__ import annotations

import io
import random

from PIL import Image


def make_jpeg(width: int = 640, height: int = 480, *, seed: int = 1) -> bytes:
    """Return a JPEG of blurred patches of colour."""
    chance = random.Random(seed)
    small = Image.new("RGB", (8, 6))
    small.putdata([tuple(chance.randrange(256) for _ in range(3)) for _ in range(48)])
    stream = io.BytesIO()
    small.resize((width, height), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=80)
    return stream.getvalue()
