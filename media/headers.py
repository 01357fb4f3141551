"""What must be known of a picture file before a decoder may touch it."""

from __future__ import annotations

import struct

from media.errors import PhotoError, Reason
from media.limits import Limits, PhotoType, check_pixels

# Decoders walk these blocks one by one in Python, some copying all earlier ones each time. Twenty megabytes of
# empty blocks keep them busy for minutes to hours, so the blocks are counted first.
MAX_JPEG_SEGMENTS = 1_000  # before the first scan; a photo with a large profile has about 60
MAX_JPEG_SCANS = 40  # a progressive photo has about 10; each pass touches every pixel again
MAX_PNG_CHUNKS = 60_000  # 20 megabytes in chunks of a few hundred bytes
MAX_GIF_BLOCKS = 100_000  # 255-byte blocks before the first frame ends: 20 megabytes

_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_JPEG_SCAN = 0xDA
_PROGRESSIVE_FRAMES = frozenset({0xC2, 0xC6, 0xCA, 0xCE})

# What a decoder needs of a PNG. Left out: texts that inflate a thousandfold, animation frames, private chunks.
_PNG_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IDAT", b"IEND"})


def prepare_photo(content: bytes, photo_type: PhotoType, limits: Limits) -> bytes:
    """Return the bytes to give to the decoder; raises PhotoError when the structure alone is out of bounds.

    Sizes that the decoder itself reads from the header before it allocates anything are left to it.
    """
    try:
        if photo_type is PhotoType.JPEG:
            _check_jpeg(content)
        elif photo_type is PhotoType.PNG:
            return _necessary_chunks(content)
        elif photo_type is PhotoType.GIF:
            _check_gif(content, limits)
        elif photo_type is PhotoType.WEBP:
            check_pixels(*_read_webp_size(content), limits)
        else:
            _check_bmp(content)
    except (IndexError, struct.error) as error:
        raise PhotoError(Reason.DAMAGED, "the header is cut short") from error
    return content


def _check_jpeg(content: bytes) -> None:
    position, is_progressive = 2, False
    for _ in range(MAX_JPEG_SEGMENTS):
        position = content.find(b"\xff", position)
        if position < 0:
            return  # cut short before the first scan: the decoder says so
        while content[position] == 0xFF:
            position += 1
        marker = content[position]
        position += 1
        if marker == _JPEG_SCAN:
            # Inside a scan 0xFF is followed by 0x00, so this pair begins a scan or sits in a later header.
            if is_progressive and content.count(b"\xff\xda", position) >= MAX_JPEG_SCANS:
                raise PhotoError(Reason.TOO_COMPLEX, f"over {MAX_JPEG_SCANS} scans")
            return
        is_progressive = is_progressive or marker in _PROGRESSIVE_FRAMES
        if marker not in _STANDALONE_MARKERS and marker != 0x00:
            position += struct.unpack_from(">H", content, position)[0]
    raise PhotoError(Reason.TOO_COMPLEX, f"over {MAX_JPEG_SEGMENTS} segments")


def _necessary_chunks(content: bytes) -> bytes:
    view = memoryview(content)
    kept, seen, position = [view[:8]], set(), 8
    for _ in range(MAX_PNG_CHUNKS):
        if position + 8 > len(content):
            return b"".join(kept)
        length, name = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        if name in _PNG_CHUNKS and (name == b"IDAT" or name not in seen):
            seen.add(name)
            kept.append(view[position:end])
        if name == b"IEND":
            return b"".join(kept)
        position = end
    raise PhotoError(Reason.TOO_COMPLEX, f"over {MAX_PNG_CHUNKS} chunks")


def _check_gif(content: bytes, limits: Limits) -> None:
    screen_width, screen_height, flags = struct.unpack_from("<HHB", content, 6)
    check_pixels(screen_width, screen_height, limits)
    position = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    is_frame = False
    blocks_left = MAX_GIF_BLOCKS
    while position < len(content) and not is_frame:
        kind = content[position]
        if kind == 0x21:  # an extension: label, then sub-blocks
            position += 2
        elif kind == 0x2C:  # a frame: its place and size, perhaps a palette, the code width, then sub-blocks
            is_frame = True
            x, y, width, height, flags = struct.unpack_from("<HHHHB", content, position + 1)
            # A frame may reach beyond the screen, and then the decoder makes the screen larger.
            check_pixels(max(screen_width, x + width), max(screen_height, y + height), limits)
            position += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        elif kind == 0x3B:
            return
        else:
            position += 1
            blocks_left -= 1
            if blocks_left < 0:
                raise PhotoError(Reason.TOO_COMPLEX, f"over {MAX_GIF_BLOCKS} blocks")
            continue
        # Comments are joined by copying, so extensions cost far more than the blocks of the frame.
        blocks_left -= 1 if is_frame else 100
        while position < len(content) and content[position]:
            position += 1 + content[position]
            blocks_left -= 1
            if blocks_left < 0:
                raise PhotoError(Reason.TOO_COMPLEX, f"over {MAX_GIF_BLOCKS} blocks")
        position += 1


def _read_webp_size(content: bytes) -> tuple[int, int]:
    # The decoder sets its canvas aside as soon as it is made, so it is never asked for a size.
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = content[24:27], content[27:30]
        if len(height) == 3:
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    elif kind == b"VP8L" and content[20] == 0x2F:
        bits = struct.unpack_from("<I", content, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise PhotoError(Reason.DAMAGED, "a WebP file without a frame header")


def _check_bmp(content: bytes) -> None:
    if struct.unpack_from("<I", content, 14)[0] >= 40 and content[30] in {1, 2}:
        # The decoder for run lengths is plain Python and takes a second per million pixels.
        raise PhotoError(Reason.UNSUPPORTED_FORMAT, "a run-length bitmap")
