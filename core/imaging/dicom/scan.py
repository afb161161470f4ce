"""The walk over a dataset's elements, without believing any length (PS3.5 section 7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from core.errors import ImageRefused
from core.imaging.dicom.syntaxes import Syntax
from core.imaging.limits import MIB, Limits

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
PIXELS = frozenset((PIXEL_DATA, 0x7FE00008, 0x7FE00009))
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_UNIT = {b"US": 2, b"SS": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"AT": 4, b"FD": 8}
_SEARCHED_BYTES = 64 * 1024


def is_explicit(head: bytes) -> bool:
    """Whether the first eight bytes of an element name its VR."""
    return head[4:6] in _LONG or head[4:6] in _SHORT


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its tag, its VR (empty in implicit coding), where its value lies and how long it is said to be."""

    tag: int
    vr: bytes
    offset: int
    length: int
    depth: int


@dataclass(slots=True)
class Structure:
    """A dataset's outline. file holds the dataset (inflated if need be) from `start` to `end`; `pixels` follows."""

    file: BinaryIO
    size: int
    syntax: Syntax
    start: int
    end: int = 0
    pixels: Element | None = None
    top: dict[int, Element] = field(default_factory=dict)
    records: list[Element] = field(default_factory=list)

    def value(self, tag: int) -> bytes:
        """The raw value of a short top-level element; empty when it is not there."""
        element = self.top.get(tag)
        if element is None or element.length > 1024:
            return b""
        self.file.seek(element.offset)
        return self.file.read(element.length)

    def header(self) -> bytes:
        """The dataset's bytes before the pixels."""
        self.file.seek(self.start)
        return self.file.read(self.end - self.start)


@dataclass(slots=True)
class _Level:
    """A dataset, a sequence or a run of fragments being walked; end is None until its delimiter."""

    kind: str
    end: int | None
    implicit: bool


class Scan:
    """One walk over the elements, with a stack of its own: recursion would let the file choose our depth."""

    def __init__(
        self,
        file: BinaryIO,
        size: int,
        syntax: Syntax,
        start: int,
        limits: Limits,
        *,
        meta: bool = False,
        listed_tag: int | None = None,
    ) -> None:
        self.file, self.size, self.limits, self.meta, self.listed_tag = file, size, limits, meta, listed_tag
        order = ">" if syntax.big_endian else "<"
        self.head = struct.Struct(order + "HHI")
        self.short, self.long = struct.Struct(order + "H"), struct.Struct(order + "I")
        self.found = Structure(file, size, syntax, start)
        self.levels = [_Level("dataset", None, syntax.implicit)]
        # A DICOMDIR of 100,000 records has ten times as many elements.
        self.elements_left = limits.elements if listed_tag is None else limits.directory_records * 40

    def run(self) -> Structure:
        self.file.seek(self.found.start)
        place = self.found.start
        while self.levels:
            level = self.levels[-1]
            if level.end is not None and place >= level.end:
                if place > level.end:
                    raise ImageRefused("corrupt-header", what="an element is longer than what holds it")
                self.levels.pop()
                continue
            self.file.seek(place)
            head = self.file.read(8)
            if self._ends_here(head, place):
                break
            if place - self.found.start > self.limits.header_bytes:
                raise ImageRefused("corrupt-header", what=f"it exceeds {self.limits.header_bytes // MIB} MiB")
            self.elements_left -= 1
            if self.elements_left < 0:
                raise ImageRefused("corrupt-header", what="it has too many elements")
            group, element, length = self.head.unpack(head)
            tag = group << 16 | element
            if level.kind == "dataset":
                if len(self.levels) == 1 and self._stops_at(tag, group, head, place):
                    break
                place = self._element(tag, head, place, level)
            else:
                place = self._item(tag, length, place, level)
        self.found.end = place
        return self.found

    def _ends_here(self, head: bytes, place: int) -> bool:
        if len(head) == 8:
            return False
        if len(self.levels) == 1 and not head.strip(b"\0"):
            return True
        raise ImageRefused("truncated-header")

    def _stops_at(self, tag: int, group: int, head: bytes, place: int) -> bool:
        if self.meta:
            return group != 2
        if tag in PIXELS:
            vr, length, offset = self._value(head, place, self.levels[0].implicit)
            self.found.pixels = Element(tag, vr, offset, length, 0)
            return True
        # Zeros at the end of a file are padding of the medium, not elements.
        return tag == 0 and not any(head) and place > self.found.start and self._only_zeros(place)

    def _only_zeros(self, place: int) -> bool:
        self.file.seek(place)
        return not self.file.read(MIB).strip(b"\0")

    def _value(self, head: bytes, place: int, implicit: bool) -> tuple[bytes, int, int]:
        """VR, length and place of a value."""
        if implicit:
            return b"", self.long.unpack(head[4:8])[0], place + 8
        vr = head[4:6]
        if vr in _SHORT:
            return vr, self.short.unpack(head[6:8])[0], place + 8
        if vr not in _LONG and not (vr.isalpha() and vr.isupper()):
            raise ImageRefused("corrupt-header", what="an element has no known kind")
        self.file.seek(place + 8)
        rest = self.file.read(4)
        if len(rest) < 4:
            raise ImageRefused("truncated-header")
        return vr, self.long.unpack(rest)[0], place + 12

    def _element(self, tag: int, head: bytes, place: int, level: _Level) -> int:
        if tag == _ITEM_END and level.end is None and len(self.levels) > 1:
            self.levels.pop()
            return place + 8
        vr, length, offset = self._value(head, place, level.implicit)
        depth = len(self.levels) - 1
        found = Element(tag, vr, offset, length, depth)
        if depth == 0:
            self.found.top[tag] = found
        if tag == self.listed_tag:
            self.found.records.append(found)
            if len(self.found.records) > self.limits.directory_records:
                raise ImageRefused("corrupt-header", what=f"it lists more than {self.limits.directory_records:,} files")
        if length == UNDEFINED:
            # CP-246: an unknown sequence is written in implicit little endian.
            kind = "sequence" if vr in (b"SQ", b"UN", b"") else "fragments"
            self._deeper(_Level(kind, None, level.implicit or vr == b"UN"))
            return offset
        if offset + length > self.size:
            raise self._cut_or_damaged(found)
        if length % _UNIT.get(vr, 1) and (tag >> 16) % 2 == 0:
            raise ImageRefused("corrupt-header", what=f"({tag >> 16:04X},{tag & 0xFFFF:04X}) has a wrong length")
        if vr == b"SQ" or (level.implicit and self._holds_items(tag, offset, length)):
            self._deeper(_Level("sequence", offset + length, level.implicit))
            return offset
        return offset + length

    def _holds_items(self, tag: int, offset: int, length: int) -> bool:
        """Implicit coding does not say what is a sequence: its value begins with an item."""
        if tag >> 16 & 1 or length < 8:
            return False
        self.file.seek(offset)
        return self.file.read(4) == b"\xfe\xff\x00\xe0"

    def _item(self, tag: int, length: int, place: int, level: _Level) -> int:
        if tag == _SEQUENCE_END and level.end is None:
            self.levels.pop()
            return place + 8
        if tag != _ITEM:
            raise ImageRefused("corrupt-header", what="a sequence holds something else than items")
        offset = place + 8
        if length != UNDEFINED and offset + length > self.size:
            raise ImageRefused("truncated-header")
        if level.kind == "fragments":
            if length == UNDEFINED:
                raise ImageRefused("corrupt-header", what="a fragment has no length")
            return offset + length
        self.levels.append(_Level("dataset", None if length == UNDEFINED else offset + length, level.implicit))
        return offset

    def _deeper(self, level: _Level) -> None:
        self.levels.append(level)
        if sum(one.kind != "dataset" for one in self.levels) > self.limits.nesting:
            raise ImageRefused("nested-too-deep", limit=self.limits.nesting)

    def _cut_or_damaged(self, element: Element) -> ImageRefused:
        """A length beyond the end is a lie when proper elements follow in what it claims; else the file was cut."""
        self.file.seek(element.offset)
        claimed = self.file.read(_SEARCHED_BYTES)
        if element.vr and any(self._continues(claimed, at, element.tag) for at in range(0, len(claimed) - 8)):
            return ImageRefused(
                "corrupt-header", what=f"({element.tag >> 16:04X},{element.tag & 0xFFFF:04X}) has a wrong length"
            )
        return ImageRefused("truncated-header")

    def _continues(self, data: bytes, at: int, after: int) -> bool:
        """Whether three explicit elements in ascending order stand here."""
        for _ in range(3):
            if len(data) < at + 8 or data[at + 4 : at + 6] not in _SHORT:
                return False
            group, element, _length = self.head.unpack(data[at : at + 8])
            tag = group << 16 | element
            if tag <= after or group > 0x7FE0:
                return False
            after, at = tag, at + 8 + self.short.unpack(data[at + 6 : at + 8])[0]
        return True
