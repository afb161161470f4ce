"""Write the bundled samples: a dozen simulated films, DICOM and PNG, and the README beside them.

    python tools/make_samples.py [-o resources/samples]

The same films on every run; the bytes depend on the versions of the codecs.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.files import write_whole
from core.imaging.phantom import Opacity, Phantom, simulate
from core.imaging.phantom.detector import WHITE
from core.imaging.phantom.dicom import SIMULATED, Form, encoded
from core.imaging.phantom.person import View
from core.places import SAMPLES


@dataclass(frozen=True)
class Sample:
    """One file. form: how it is stored as DICOM; bits: of a PNG."""

    name: str
    seed: int
    opacity: Opacity | None
    note: str
    view: View = "PA"
    rows: int = 224
    form: Form | None = None
    bits: int = 8


TABLE = (
    Sample("01-normal-dx.dcm", 101, None, "DX, 12 bits", form=Form(1, 1, "20260105")),
    Sample("02-normal-cr-negative.dcm", 102, None, "CR, MONOCHROME1 (0 is white)",
           form=Form(2, 1, "20260106", "CR", negative=True)),
    Sample("08-consolidation.png", 108, "consolidation", "PNG, 8 bits"),
)  # fmt: skip


def png(film: Phantom, bits: int) -> bytes:
    """The film as a PNG of 8 or 16 bits with a note that it is simulated."""
    from PIL import Image, PngImagePlugin

    full = 2**bits - 1
    values = np.round(film.pixels.astype(np.float64) * (full / WHITE)).astype(np.uint8 if bits == 8 else np.uint16)
    note = PngImagePlugin.PngInfo()
    note.add_text("Description", SIMULATED)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", pnginfo=note, optimize=True)
    return buffer.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=SAMPLES)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Simulated films",
        "",
        "None of these is of a person. They were computed (docs/phantom.md) by `python tools/make_samples.py`;",
        "their patients are called PHANTOM^ADULT^01 and so on. Not for diagnosis.",
        "",
        "| file | shows | view | patient, study | stored as | seed |",
        "|---|---|---|---|---|---|",
    ]
    for sample in TABLE:
        film = simulate(sample.seed, sample.opacity, sample.rows, sample.view)
        write_whole(options.out / sample.name, encoded(film, sample.form) if sample.form else png(film, sample.bits))
        who = f"{sample.form.patient:02d}, {sample.form.study}" if sample.form else "not stated"
        shows = sample.opacity or "normal"
        lines.append(f"| {sample.name} | {shows} | {sample.view} | {who} | {sample.note} | {sample.seed} |")
    write_whole(options.out / "README.md", "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
