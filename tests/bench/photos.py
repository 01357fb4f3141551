"""Bench: clean photos a second against libvips, one thread each, alternating in one run.

    python -m tests.bench.photos [--seconds N]

Needs the package `pyvips[binary]` in the same environment; without it the bench says so and exits with 2.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import io
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZES = {"12 MP": (4000, 3000), "3 MP": (2048, 1536), "1.5 MP": (1440, 1080), "0.3 MP": (640, 480)}
REQUIRED = {"12 MP": 1.2, "3 MP": 1.2, "1.5 MP": 1.2}  # ratio; smaller photos are only reported
MEMORY_LIMIT = 150_000_000  # bytes, of our process after the 12-megapixel photo
CONTENDERS = ("ours", "libvips")
ROUNDS = 20  # short turns, so that both see the same moods of the machine
COPY_QUALITY, THUMBNAIL_QUALITY = 85, 80  # the same for both


def make_photo(width: int, height: int) -> bytes:
    """Return a JPEG with soft shapes, hard edges and the grain of a small sensor, lying on its side (EXIF 6)."""
    from PIL import Image, ImageChops, ImageDraw  # noqa: PLC0415  not in the process whose children are measured

    chance = random.Random(width)
    picture = Image.new("RGB", (width, height), "grey")
    for coarseness, share in ((400, 1.0), (80, 0.25), (16, 0.15), (5, 0.1)):
        small = (max(2, width // coarseness), max(2, height // coarseness))
        layer = Image.frombytes("RGB", small, chance.randbytes(small[0] * small[1] * 3))
        picture = Image.blend(picture, layer.resize((width, height), Image.Resampling.BICUBIC), share)
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = chance.randrange(width), chance.randrange(height)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        draw.rectangle((x, y, x + chance.randrange(9, width // 8), y + chance.randrange(9, height // 8)), fill=colour)
        draw.line((x, y, chance.randrange(width), chance.randrange(height)), fill=colour, width=width // 600 + 1)
    grain = Image.merge("RGB", [Image.effect_noise((width, height), 10) for _ in range(3)])
    picture = ImageChops.add(picture, grain, 1, -128)
    exif = Image.Exif()
    exif[0x0112] = 6
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=90, exif=exif)
    return content.getvalue()


def load_ours() -> Callable[[bytes], object]:
    """Return the project's own way from bytes to copy, thumbnail and hash."""
    from media.images import make_clean_photo  # noqa: PLC0415  not into the memory of the other contender
    from media.limits import Limits  # noqa: PLC0415  likewise

    limits = Limits()
    return lambda content: make_clean_photo(content, limits)


def load_libvips() -> Callable[[bytes], object]:
    """Return the same work by libvips: one thread, no cache of results, shrinking while loading."""
    pyvips: Any = importlib.import_module("pyvips")
    pyvips.cache_set_max(0)

    def make(content: bytes) -> tuple[bytes, bytes, int, str]:
        header = pyvips.Image.new_from_buffer(content, "")
        if header.width * header.height > 50_000_000:
            raise ValueError("too many pixels")
        # thumbnail_buffer turns by EXIF and shrinks on load; copied to memory because three things are made of it.
        copy = pyvips.Image.thumbnail_buffer(content, 1280, height=1280, size="down", fail_on="truncated").copy_memory()
        clean = copy.jpegsave_buffer(Q=COPY_QUALITY, subsample_mode="on", keep="none")
        thumbnail = copy.thumbnail_image(320, height=320, size="down").copy_memory()
        small = thumbnail.jpegsave_buffer(Q=THUMBNAIL_QUALITY, subsample_mode="on", keep="none")
        grey = thumbnail.thumbnail_image(9, height=8, size="force").colourspace("b-w").cast("uchar")
        cells = grey.write_to_memory()
        bits = 0
        for row in range(0, 72, 9):
            for left in range(row, row + 8):
                bits = bits << 1 | (cells[left] < cells[left + 1])
        return clean, small, bits, hashlib.sha256(content).hexdigest()

    return make


def run_contender(name: str, photo: Path) -> None:
    """Answer each line on stdin (seconds) with one JSON line: clock and processor seconds a photo, peak memory."""
    content = photo.read_bytes()
    make = load_ours() if name == "ours" else load_libvips()
    make(content)
    for line in sys.stdin:
        until = time.perf_counter() + float(line)
        durations: list[tuple[float, float]] = []
        while not durations or time.perf_counter() < until:
            begin, begin_busy = time.perf_counter(), time.process_time()
            make(content)
            durations.append((time.perf_counter() - begin, time.process_time() - begin_busy))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"durations": durations, "peak_bytes": peak}), flush=True)


def start_contender(name: str, photo: Path) -> subprocess.Popen[str]:
    """Start one contender with one photo in its own process, so that its peak memory is its own."""
    command = [sys.executable, "-m", "tests.bench.photos", "--contender", name, "--photo", str(photo)]
    return subprocess.Popen(
        command,
        env={**os.environ, "VIPS_CONCURRENCY": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True)
class Outcome:
    """What one contender did with one photo; medians of all photos made."""

    per_second: float
    per_busy_second: float  # of processor time: what a busy machine cannot blur as much
    peak_bytes: int


def compare(photo: Path, seconds: float) -> dict[str, Outcome]:
    """Return the outcome of each contender."""
    started = {name: start_contender(name, photo) for name in CONTENDERS}
    durations: dict[str, list[list[float]]] = {name: [] for name in CONTENDERS}
    peaks = dict.fromkeys(CONTENDERS, 0)
    try:
        for turn in range(ROUNDS):
            for name in CONTENDERS if turn % 2 == 0 else CONTENDERS[::-1]:
                process = started[name]
                if process.stdin is None or process.stdout is None:
                    raise RuntimeError("the contender has no pipes")
                process.stdin.write(f"{seconds / ROUNDS}\n")
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
                durations[name] += answer["durations"]
                peaks[name] = answer["peak_bytes"]
    finally:
        for process in started.values():
            process.communicate()
    return {
        name: Outcome(
            1 / statistics.median(wall for wall, _ in durations[name]),
            1 / statistics.median(busy for _, busy in durations[name]),
            peaks[name],
        )
        for name in CONTENDERS
    }


def main() -> int:
    """Print the table; return 0 when every bar is met, 1 when not, 2 when libvips is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.photos")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds for each contender and size")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--photo", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--make-into", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        run_contender(arguments.contender, arguments.photo)
        return 0
    if arguments.make_into:
        for label, (width, height) in SIZES.items():
            (arguments.make_into / label).write_bytes(make_photo(width, height))
        return 0
    if importlib.util.find_spec("pyvips") is None:
        print("libvips is missing: install the package pyvips[binary] in this environment", file=sys.stderr)
        return 2
    is_met = True
    print("| photo | ours/s | libvips/s | ratio | ratio by processor time | ours MB | libvips MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's peak memory would otherwise begin at that of this one.
        make = [sys.executable, "-m", "tests.bench.photos", "--make-into", folder]
        subprocess.run(make, check=True)
        for label in SIZES:
            result = compare(Path(folder) / label, arguments.seconds)
            ours, theirs = result["ours"], result["libvips"]
            ratio = ours.per_second / theirs.per_second
            print(
                f"| {label} | {ours.per_second:.1f} | {theirs.per_second:.1f} | {ratio:.2f} "
                f"| {ours.per_busy_second / theirs.per_busy_second:.2f} "
                f"| {ours.peak_bytes / 1e6:.0f} | {theirs.peak_bytes / 1e6:.0f} |",
                flush=True,
            )
            is_met = is_met and ratio >= REQUIRED.get(label, 0) and ours.peak_bytes <= MEMORY_LIMIT
    print("met" if is_met else "NOT met: 1.2 × libvips at 1.5 MP and above, at most 150 MB")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
