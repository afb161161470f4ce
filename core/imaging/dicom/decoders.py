"""One compressed frame to samples: imagecodecs first, smaller libraries of free licence where it is missing.

Not used: python-gdcm (a damaged JPEG 2000 stream ends the process) and pylibjpeg-libjpeg (GPL).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageRefused
from core.imaging.dicom.codestream import Codestream
from core.imaging.dicom.layout import Layout

Samples = NDArray[Any]
Decoder = Callable[[bytes, Codestream, Layout], Samples]


def decoded(frame: bytes, stream: Codestream, layout: Layout) -> tuple[Samples, str]:
    """(rows, columns) or (rows, columns, 3) samples, and the name of the decoder. Refuses "corrupt-codestream"."""
    problem: Exception | None = None
    for name, decode in _DECODERS[_family(stream)]:
        try:
            samples = decode(frame, stream, layout)
        except ImportError:
            continue
        except MemoryError:
            raise
        except Exception as error:
            # Every library has errors of its own; each of them means that this stream cannot be decoded.
            problem = error
            break
        wanted = (layout.rows, layout.columns) + ((3,) if layout.samples == 3 else ())
        if samples.shape != wanted or samples.dtype.kind not in "ui" or samples.dtype.itemsize > 4:
            problem = ValueError(f"{samples.shape} {samples.dtype}")
            break
        return samples, _with_version(name)
    if problem is None:
        raise ImageRefused("unsupported-transfer-syntax", what=f"{stream.form}: no decoder is installed")
    raise ImageRefused("corrupt-codestream", what="it cannot be decoded") from problem


def _family(stream: Codestream) -> str:
    return "jpeg-8" if stream.form == "jpeg" and stream.precision == 8 else stream.form


def _with_version(name: str) -> str:
    from importlib.metadata import version

    return f"{name} {version(name)}"


def _pillow(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    # Strict: half a picture is an error here, where other decoders fill up with grey.
    from PIL import Image

    with Image.open(io.BytesIO(frame), formats=("JPEG",)) as picture:
        return np.asarray(picture)


def _jpeg(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    import imagecodecs

    return np.asarray(imagecodecs.jpeg8_decode(frame))


def _jpeg_lossless(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    import imagecodecs

    return np.asarray(imagecodecs.ljpeg_decode(frame))


def _jpeg_ls(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    import imagecodecs

    return np.asarray(imagecodecs.jpegls_decode(frame))


def _jpeg2000(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    import imagecodecs

    return np.asarray(imagecodecs.jpeg2k_decode(frame))


def _jpeg_ls_second(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    import jpeg_ls

    return np.asarray(jpeg_ls.decode(np.frombuffer(frame, np.uint8)))


def _jpeg2000_second(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    import openjpeg

    return np.asarray(openjpeg.decode(frame))


def _rle(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    from rle.rle import decode_frame

    planes = np.frombuffer(decode_frame(frame, layout.rows * layout.columns, layout.allocated, "<"), np.uint8)
    samples = planes.view("<u2") if layout.allocated == 16 else planes
    return _interleaved(samples, layout)


def _rle_second(frame: bytes, stream: Codestream, layout: Layout) -> Samples:
    from pydicom.pixels.decoders.rle import _rle_decode_frame

    content = _rle_decode_frame(frame, layout.rows, layout.columns, layout.samples, layout.allocated, "<")
    return _interleaved(np.frombuffer(bytes(content), f"<u{layout.allocated // 8}"), layout)


def _interleaved(samples: Samples, layout: Layout) -> Samples:
    if layout.samples == 1:
        return samples.reshape(layout.rows, layout.columns)
    return samples.reshape(3, layout.rows, layout.columns).transpose(1, 2, 0)


_DECODERS: dict[str, tuple[tuple[str, Decoder], ...]] = {
    "jpeg-8": (("pillow", _pillow),),
    "jpeg": (("imagecodecs", _jpeg),),
    "jpeg-lossless": (("imagecodecs", _jpeg_lossless),),
    "jpeg-ls": (("imagecodecs", _jpeg_ls), ("pyjpegls", _jpeg_ls_second)),
    "jpeg2000": (("imagecodecs", _jpeg2000), ("pylibjpeg-openjpeg", _jpeg2000_second)),
    "rle": (("pylibjpeg-rle", _rle), ("pydicom", _rle_second)),
}
