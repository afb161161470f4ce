"""The modality step and the ways to show a frame, as its header offers them (PS3.3 C.11.1, C.11.2; dicom.md 1.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.imaging.dicom.header import Header, code, has, items, number, numbers, texts, value
from core.imaging.grayscale import Function, Modality, ModalityTable, Rescale, VoiTable, Window, every_value
from core.imaging.learnt import Learnt

_LARGEST_VALUE = 1e9
_FUNCTIONS: dict[str, Function] = {
    "": "LINEAR",
    "LINEAR": "LINEAR",
    "LINEAR_EXACT": "LINEAR_EXACT",
    "SIGMOID": "SIGMOID",
}


def modality_step(
    header: Header, frame: int, dtype: np.dtype[Any], learnt: Learnt, *, is_signed: bool, big_endian: bool
) -> Modality:
    """The table if there is one, else slope and intercept. Takes down "bad-modality-lut" and "bad-rescale"."""
    if has(header, "ModalityLUTSequence"):
        table = next(iter(items(header, "ModalityLUTSequence")), None)
        found = None if table is None else _table(table, is_signed, big_endian)
        if found is not None:
            return ModalityTable(found[0], found[1])
        learnt.add("bad-modality-lut")
        return Rescale()
    source = _of_frame(header, frame, "PixelValueTransformationSequence", "RescaleSlope")
    slope, intercept = _scalar(source, "RescaleSlope", 1.0), _scalar(source, "RescaleIntercept", 0.0)
    if slope is not None and intercept is not None and slope != 0:
        step = Rescale(slope, intercept)
        with np.errstate(over="ignore"):
            if np.abs(step.values(every_value(dtype))).max() <= _LARGEST_VALUE:
                return step
    learnt.add("bad-rescale")
    return Rescale()


def offered(
    header: Header, frame: int, learnt: Learnt, *, is_signed: bool, big_endian: bool
) -> tuple[Window | VoiTable, ...]:
    """The file's windows, then its tables, with their explanations. Takes down "bad-window" and "bad-voi-lut".

    is_signed: whether modality values may be negative.
    """
    source = _of_frame(header, frame, "FrameVOILUTSequence", "WindowCenter")
    return (*_windows(source, learnt), *_tables(source, is_signed, big_endian, learnt))


def _windows(source: Header, learnt: Learnt) -> tuple[Window, ...]:
    centers, widths = numbers(source, "WindowCenter"), numbers(source, "WindowWidth")
    names, function = texts(source, "WindowCenterWidthExplanation"), _FUNCTIONS.get(code(source, "VOILUTFunction"))
    found = []
    for place in range(min(max(len(centers), len(widths)), 100)):
        center = centers[place] if place < len(centers) else None
        width = widths[place] if place < len(widths) else None
        name = names[place] if place < len(names) and names[place] else f"Window {place + 1}"
        if center is None or width is None or function is None:
            learnt.add("bad-window")
            continue
        window = Window(center, width, name, function)
        if window.is_usable:
            found.append(window)
        else:
            learnt.add("bad-window")
    return tuple(found)


def _tables(source: Header, is_signed: bool, big_endian: bool, learnt: Learnt) -> tuple[VoiTable, ...]:
    if not has(source, "VOILUTSequence"):
        return ()
    found = []
    listed = items(source, "VOILUTSequence")
    for number_, item in enumerate(listed[:100], start=1):
        table = _table(item, is_signed, big_endian)
        if table is None:
            learnt.add("bad-voi-lut")
            continue
        names = texts(item, "LUTExplanation")
        found.append(VoiTable(*table, names[0] if names and names[0] else f"Table {number_}"))
    if not listed:
        learnt.add("bad-voi-lut")
    return tuple(found)


def _table(item: Header, is_signed: bool, big_endian: bool) -> tuple[int, NDArray[np.uint16], int] | None:
    """First value mapped, entries and bits of a LUT item, or None when its parts contradict each other."""
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != 3 or any(one is None for one in descriptor):
        return None
    count, first, bits = (int(one or 0) for one in descriptor)
    count = (count & 0xFFFF) or 65536
    # The VR of the descriptor is US or SS by the sign of the LUT's input, and often the wrong one.
    first = first - 65536 if is_signed and first > 0x7FFF else first + 65536 if not is_signed and first < 0 else first
    if not 8 <= bits <= 16:
        return None
    entries = _entries(value(item, "LUTData"), count, bits, big_endian)
    return None if entries is None else (first, entries, bits)


def _entries(data: Any, count: int, bits: int, big_endian: bool) -> NDArray[np.uint16] | None:
    if isinstance(data, bytes):
        if bits == 8 and count <= len(data) <= count + 1 and count > 1:
            return np.frombuffer(data, np.uint8, count).astype(np.uint16)
        if len(data) < 2 * count:
            return None
        return np.frombuffer(data, ">u2" if big_endian else "<u2", count).astype(np.uint16)
    if data is None:
        return None
    words = [data] if isinstance(data, int) else list(data)
    if not all(isinstance(one, int) for one in words):
        return None
    if bits == 8 and len(words) * 2 in (count, count + 1):
        return np.array(words, np.int64).astype("<u2").view(np.uint8)[:count].astype(np.uint16)
    return np.array(words[:count], np.int64).astype(np.uint16) if len(words) >= count else None


def _of_frame(header: Header, frame: int, group: str, keyword: str) -> Header:
    """The item that speaks for a frame: its own functional group, else the shared one, else the top level."""
    per_frame = items(header, "PerFrameFunctionalGroupsSequence")
    shared = items(header, "SharedFunctionalGroupsSequence")
    for place in (*per_frame[frame - 1 : frame], *shared[:1]):
        for item in items(place, group)[:1]:
            if has(item, keyword) or has(item, "VOILUTSequence"):
                return item
    return header


def _scalar(source: Header, keyword: str, default: float) -> float | None:
    """A value that may be absent or empty, or None when it is there and unusable."""
    return number(source, keyword) if value(source, keyword) is not None else default
