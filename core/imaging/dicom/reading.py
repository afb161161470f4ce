"""A DICOM file to a radiograph: each check in the order of its price (dicom.md section 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import numpy as np

from core.errors import ImageRefused
from core.imaging.dicom import label, shutters, voi
from core.imaging.dicom.directory import DIRECTORY_CLASS
from core.imaging.dicom.facts import aspect_of, facts_of
from core.imaging.dicom.header import Header, code, has, header, number, without_warnings
from core.imaging.dicom.layout import Layout, is_colour, layout_of
from core.imaging.dicom.orientation import upright, words_for
from core.imaging.dicom.overlays import overlays
from core.imaging.dicom.pixels import read_frame
from core.imaging.dicom.scan import PIXEL_DATA, Structure
from core.imaging.dicom.structure import media_class, structure
from core.imaging.grayscale import FullRange, Mask, ModalityTable, Rescale, Stored, Voi, full_range, histogram, misses
from core.imaging.learnt import Learnt
from core.imaging.limits import Limits
from core.imaging.radiograph import Radiograph
from core.imaging.sources import ImageRef

SMALLEST_SIDE = 32


def read(file: BinaryIO, ref: ImageRef, is_headerless: bool, limits: Limits, learnt: Learnt) -> Radiograph:
    """Open one frame of a DICOM file. What is learnt stays in `learnt` when the file is then refused."""
    with without_warnings():
        return _read(file, ref, is_headerless, limits, learnt)


def _read(file: BinaryIO, ref: ImageRef, is_headerless: bool, limits: Limits, learnt: Learnt) -> Radiograph:
    if media_class(file, limits) == DIRECTORY_CLASS:
        raise ImageRefused("a-container")
    outline = structure(file, limits)
    head = header(outline)
    if is_headerless and not has(head, "SOPClassUID"):
        raise ImageRefused("not-an-image")
    learnt.facts = facts_of(head, outline.syntax, learnt)
    if outline.pixels is None:
        raise ImageRefused("no-pixel-data")
    label.judge(head, is_colour(head), learnt)
    if outline.pixels.tag != PIXEL_DATA:
        raise ImageRefused("unsupported-bit-depth", what="floating-point numbers")
    layout = layout_of(head, limits, learnt)
    learnt.facts = replace(learnt.facts, frames=layout.frames)
    return _shown(outline, head, layout, ref, learnt)


def stored_values(file: BinaryIO, frame: int, limits: Limits) -> Stored:
    """The stored values of a frame of any kind of image, whatever its label says: what the decoders are tested by."""
    with without_warnings():
        outline, learnt = structure(file, limits), Learnt()
        return read_frame(outline, layout_of(header(outline), limits, learnt), frame, learnt).stored


def _shown(outline: Structure, head: Header, layout: Layout, ref: ImageRef, learnt: Learnt) -> Radiograph:
    frame = read_frame(outline, layout, ref.frame, learnt)
    stored, facts = frame.stored, learnt.facts
    assert facts is not None
    if frame.lossy or facts.lossy:
        facts = replace(facts, lossy=True)
        learnt.add("lossy-compressed")
    if layout.frames > 1:
        learnt.add("several-frames", count=f"{layout.frames:,}", frame=ref.frame)
    if min(layout.rows, layout.columns) < SMALLEST_SIDE:
        learnt.add("too-small", present=f"{layout.rows} × {layout.columns} pixels")

    big_endian = outline.syntax.big_endian
    step = voi.modality_step(head, ref.frame, stored.dtype, learnt, is_signed=layout.is_signed, big_endian=big_endian)
    padding = _padding(head, stored, layout)
    counts = histogram(stored, padding)
    everything = full_range(step, counts, stored.dtype)
    values_signed = layout.is_signed if not isinstance(step, ModalityTable) else False
    if isinstance(step, Rescale):
        values_signed = values_signed or step.intercept < 0 or step.slope < 0
    offered: tuple[Voi, ...] = voi.offered(head, ref.frame, learnt, is_signed=values_signed, big_endian=big_endian)
    is_missed = bool(offered) and misses(offered[0], step, counts, stored.dtype)
    if is_missed:
        learnt.add("window-misses-pixels")

    turn, sides = upright(head)
    if turn:
        learnt.add("mirrored", what=words_for(turn))
    aspect = aspect_of(head, facts.spacing)
    if aspect != 1:
        learnt.add("non-square-pixels", what=f"{aspect:.3g} times as high as wide")
    inverted = layout.photometric == "MONOCHROME1"
    if code(head, "PresentationLUTShape") == ("IDENTITY" if inverted else "INVERSE"):
        learnt.add("polarity-contradiction")
    shutter = shutters.outside(head, (layout.rows, layout.columns))
    learnt.facts = facts
    return Radiograph(
        ref=ref,
        stored=stored,
        facts=facts,
        sha256="",
        frame=ref.frame,
        frames=layout.frames,
        modality=step,
        # Raw detector data have no look of their own: their window, if any, is only on offer.
        voi=_ordered(offered, everything, is_missed or label.is_for_processing(head)),
        inverted=inverted,
        padding=padding,
        shutter=shutter,
        overlays=overlays(head, ref.frame, frame.words if frame.words is not None and frame.words.ndim == 2 else None),
        upright=turn,
        sides=sides,
        pixel_aspect=aspect,
        decoder=frame.decoder,
    )


def _ordered(offered: tuple[Voi, ...], everything: FullRange, full_range_first: bool) -> tuple[Voi, ...]:
    return (everything, *offered) if full_range_first else (*offered, everything)


def _padding(head: Header, stored: Stored, layout: Layout) -> Mask | None:
    """Where the background lies: PS3.3 C.7.5.1.1.2, both ends in the sign of the pixels."""
    value = _in_sign(number(head, "PixelPaddingValue"), layout)
    if value is None:
        return None
    limit = _in_sign(number(head, "PixelPaddingRangeLimit"), layout)
    low, high = sorted((value, value if limit is None else limit))
    kind = np.iinfo(stored.dtype)
    if high < kind.min or low > kind.max:
        return None
    mask: Mask = (stored >= max(low, kind.min)) & (stored <= min(high, kind.max))
    return mask if mask.any() else None


def _in_sign(stated: float | None, layout: Layout) -> int | None:
    if stated is None or not stated.is_integer():
        return None
    value = int(stated)
    span = 1 << layout.allocated
    if layout.is_signed and value >= span // 2:
        return value - span
    return value + span if not layout.is_signed and value < 0 else value
