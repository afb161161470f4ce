"""Which bytes belong to a compressed frame: one frame may span many fragments (PS3.5 A.4)."""

from __future__ import annotations

from typing import BinaryIO

from core.errors import ImageRefused
from core.imaging.dicom.codestream import starts_frame
from core.imaging.dicom.scan import Element

_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_MOST_FRAGMENTS = 1_000_000

Span = tuple[int, int]


def frame_bytes(file: BinaryIO, size: int, pixels: Element, frame: int, frames: int) -> tuple[bytes, bool]:
    """The bytes of one frame, and whether the file holds more frames than it states.

    Nothing but the fragments of this frame is read. Refuses "truncated-pixels" and "corrupt-codestream".
    """
    table, fragments = _fragments(file, size, pixels.offset)
    if len(fragments) < frames:
        raise ImageRefused("truncated-pixels", present=_counted(len(fragments)), declared=_counted(frames))
    groups = _grouped(file, table, fragments, frames)
    spans = groups[frame - 1]
    content = bytearray()
    for offset, length in spans:
        file.seek(offset)
        content += file.read(length)
    return bytes(content), len(groups) > frames


def _fragments(file: BinaryIO, size: int, start: int) -> tuple[tuple[int, ...], list[Span]]:
    """The basic offset table and the fragments as (offset, length)."""
    spans: list[Span] = []
    table: tuple[int, ...] | None = None
    place = start
    while True:
        file.seek(place)
        head = file.read(8)
        length = int.from_bytes(head[4:8], "little")
        # Without its last delimiter, but otherwise whole, a file is readable.
        if head[:4] == _SEQUENCE_END or (not head and spans):
            break
        if len(head) < 8 or place + 8 + length > size:
            raise ImageRefused("truncated-pixels", present=f"{size - start:,} bytes", declared="more")
        if head[:4] != _ITEM:
            raise ImageRefused("corrupt-codestream", what="its parts do not follow each other")
        if table is None:
            content = file.read(min(length, 8 * _MOST_FRAGMENTS))
            table = tuple(int.from_bytes(content[at : at + 4], "little") for at in range(0, len(content) - 3, 4))
        else:
            spans.append((place + 8, length))
            if len(spans) > _MOST_FRAGMENTS:
                raise ImageRefused("corrupt-codestream", what="it has too many parts")
        place += 8 + length
    return table or (), spans


def _grouped(file: BinaryIO, table: tuple[int, ...], spans: list[Span], frames: int) -> list[list[Span]]:
    """The fragments of each frame: by count, by an offset table that fits, else by where pictures begin."""
    if frames == 1:
        return [spans]
    if len(spans) == frames:
        return [[span] for span in spans]
    base = spans[0][0] - 8
    starts = {span[0] - 8 - base: number for number, span in enumerate(spans)}
    if len(table) == frames and table[0] == 0 and all(offset in starts for offset in table):
        firsts = [starts[offset] for offset in table]
        if firsts == sorted(set(firsts)):
            return [spans[one:other] for one, other in zip(firsts, [*firsts[1:], len(spans)], strict=True)]
    groups: list[list[Span]] = []
    for offset, length in spans:
        file.seek(offset)
        if starts_frame(file.read(12)) or not groups:
            groups.append([])
        groups[-1].append((offset, length))
    if len(groups) < frames:
        raise ImageRefused("corrupt-codestream", what="its frames cannot be told apart")
    return groups


def _counted(frames: int) -> str:
    return "1 frame" if frames == 1 else f"{frames:,} frames"
