"""PNG, JPEG and TIFF files as radiographs: grey values as stored, nothing clipped, nothing guessed (dicom.md 3.18)."""

from __future__ import annotations

import warnings
import zlib
from dataclasses import replace
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import ImageRefused
from core.imaging import png, tiff
from core.imaging.facts import Facts
from core.imaging.grayscale import FullRange, Rescale, Voi, full_range, histogram
from core.imaging.learnt import Learnt
from core.imaging.limits import Limits
from core.imaging.radiograph import Radiograph
from core.imaging.sources import ImageRef

SMALLEST_SIDE = 32
_ORIENTATION = 0x0112
# A film saved as colour JPEG comes back with a little colour from the compression, and reports carry small coloured
# marks: nearly all pixels must be nearly grey.
_GREY_WITHIN = 32
_GREY_SHARE = 0.98

# Our own limit is applied to the stated size, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


def read(
    file: BinaryIO, ref: ImageRef, kind: Literal["PNG", "JPEG", "TIFF"], limits: Limits, learnt: Learnt
) -> Radiograph:
    """Open the first page of a picture file.

    Refuses "image-too-large", "truncated-pixels", "corrupt-codestream", "colour-photograph", "expands-too-much",
    "unsupported-bit-depth"; takes down "several-pages", "alpha-ignored", "exif-rotated", "lossy-compressed".
    """
    learnt.facts = Facts(kind, lossy=kind == "JPEG")
    if ref.frame != 1:
        raise ImageRefused("bad-frame-count", what=f"frame {ref.frame} of 1 was asked for")
    is_deep = kind == "PNG" and png.check(file, limits)
    white_is_zero = kind == "TIFF" and _is_white_zero(file, limits, learnt)
    file.seek(0)
    if is_deep:
        stored, inverted = _deep(file, learnt), False
    else:
        stored, inverted = _pixels(file, kind, white_is_zero, limits, learnt)
    if kind == "JPEG":
        learnt.add("lossy-compressed")
    rows, columns = stored.shape
    if min(rows, columns) < SMALLEST_SIDE:
        learnt.add("too-small", present=f"{rows} × {columns} pixels")
    learnt.facts = replace(
        learnt.facts,
        rows=rows,
        columns=columns,
        frames=1,
        bits_stored=stored.dtype.itemsize * 8,
        photometric="MONOCHROME1" if inverted else "MONOCHROME2",
    )
    return Radiograph(
        ref=ref, stored=stored, facts=learnt.facts, sha256="", voi=_looks(stored), inverted=inverted, decoder="pillow"
    )


def _is_white_zero(file: BinaryIO, limits: Limits, learnt: Learnt) -> bool:
    """What a TIFF file states, before Pillow sees it."""
    page = tiff.first_page(file)
    _check_size(page.rows, page.columns, limits)
    if page.bits not in (2, 4, 8, 12, 16) or page.is_float:
        raise ImageRefused("unsupported-bit-depth", what=f"{page.bits} bits" + page.is_float * " of floating point")
    if page.pages != 1:
        learnt.add("several-pages", count=f"{page.pages:,}" if page.pages else "endless")
    return page.white_is_zero


def _deep(file: BinaryIO, learnt: Learnt) -> NDArray[Any]:
    """A PNG of 16 bits with colour or transparency."""
    import imagecodecs

    try:
        samples = np.asarray(imagecodecs.png_decode(file.read()))
    except imagecodecs.PngError as error:
        raise ImageRefused("corrupt-codestream", what="it cannot be decoded") from error
    if samples.ndim != 3 or samples.dtype != np.uint16 or samples.shape[2] not in (2, 3, 4):
        raise ImageRefused("corrupt-codestream", what="it cannot be decoded")
    if samples.shape[2] in (2, 4) and (samples[..., -1] < 65535).any():
        learnt.add("alpha-ignored")
    if samples.shape[2] > 2:
        _grey_of_colour((samples[..., :3] >> 8).astype(np.uint8))
    return np.ascontiguousarray(samples[..., 0 if samples.shape[2] == 2 else 1])


def _check_size(rows: int, columns: int, limits: Limits) -> None:
    if rows < 1 or columns < 1:
        raise ImageRefused("no-pixels")
    if rows * columns > limits.frame_pixels:
        raise ImageRefused(
            "image-too-large", declared=f"{rows:,} × {columns:,} pixels", limit=f"{limits.frame_pixels:,} pixels"
        )


def _pixels(
    file: BinaryIO, kind: str, white_is_zero: bool, limits: Limits, learnt: Learnt
) -> tuple[NDArray[Any], bool]:
    """(rows, columns) of 8 or 16 bits, and whether low values are light."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(file, formats=(kind,)) as picture:
                _check_size(picture.height, picture.width, limits)
                picture.load()
                pixels = _grey(_upright(picture, learnt), learnt)
                # Pillow turns 8 bits the right way round, and no others.
                return pixels, white_is_zero and picture.mode.startswith("I")
        except UnidentifiedImageError as error:
            raise ImageRefused("corrupt-codestream", what="its header cannot be read") from error
        except (OSError, EOFError) as error:
            raise _refusal_of(error) from error
        except (SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, zlib.error) as error:
            raise ImageRefused("corrupt-codestream", what="it cannot be decoded") from error
        except (AttributeError, RuntimeError, ZeroDivisionError, AssertionError, NotImplementedError) as error:
            raise ImageRefused("corrupt-codestream", what="it cannot be decoded") from error


def _refusal_of(error: OSError | EOFError) -> Exception:
    """Pillow's own errors have no number; those of the disk do and are not the picture's fault."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    words = str(error)
    if "truncated" in words or "not processed" in words or "Truncated" in words:
        return ImageRefused("truncated-pixels", present="a part", declared="all")
    return ImageRefused("corrupt-codestream", what="it cannot be decoded")


def _upright(picture: Image.Image, learnt: Learnt) -> Image.Image:
    # The note belongs to the file as it is meant to be seen: every viewer turns it.
    turned = ImageOps.exif_transpose(picture) if picture.getexif().get(_ORIENTATION, 1) in range(2, 9) else picture
    if turned is not picture:
        learnt.add("exif-rotated")
    return turned


def _grey(picture: Image.Image, learnt: Learnt) -> NDArray[Any]:
    if picture.mode.startswith("I;16"):
        values = np.array(picture)
        return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("=")))
    if picture.mode in ("1", "I", "F"):
        raise ImageRefused("unsupported-bit-depth", what={"1": "1 bit", "I": "32 bits"}.get(picture.mode, "floats"))
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        raise ImageRefused("colour-photograph")
    if picture.has_transparency_data:
        alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
        if (alpha < 255).any():
            learnt.add("alpha-ignored")
    if picture.mode in ("L", "LA", "La"):
        return np.array(picture.getchannel(0))
    return _grey_of_colour(np.asarray(picture.convert("RGB")))


def _grey_of_colour(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One channel of a colour picture that is grey in truth. Refuses "colour-photograph"."""
    grey = 0
    block = max(1, 4_000_000 // samples.shape[1])
    for top in range(0, samples.shape[0], block):
        part = samples[top : top + block]
        grey += int(np.count_nonzero(part.max(axis=2) - part.min(axis=2) <= _GREY_WITHIN))
    if grey < _GREY_SHARE * samples.shape[0] * samples.shape[1]:
        raise ImageRefused("colour-photograph")
    return np.ascontiguousarray(samples[..., 1])


def _looks(stored: NDArray[Any]) -> tuple[Voi, ...]:
    """8 bits as they are. 16 bits over the depth that is in use: many writers put 12 bits into 16 and say nothing."""
    if stored.dtype.itemsize == 1:
        return (FullRange(0.0, 255.0, "As stored"),)
    bits = next(bits for bits in (8, 10, 12, 14, 16) if int(stored.max()) < 2**bits)
    everything = full_range(Rescale(), histogram(stored), stored.dtype)
    return FullRange(0.0, 2.0**bits - 1, "As stored"), everything
