"""Write the bundled samples: a dozen simulated films, DICOM and PNG, and docs/samples.md, which says what each is.

    python tools/make_samples.py [-o resources/samples]

The same films on every run; the bytes depend on the versions of the codecs.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.files import write_whole
from core.imaging.phantom import Opacity, simulate
from core.imaging.phantom.dicom import Form, encoded
from core.imaging.phantom.person import View
from core.imaging.phantom.pictures import as_png
from core.places import PROGRAM, SAMPLES


@dataclass(frozen=True)
class Sample:
    """One file. form: how it is stored as DICOM; bits: of a PNG."""

    name: str
    seed: int
    opacity: Opacity | None
    note: str
    view: View = "PA"
    rows: int = 704
    form: Form | None = None
    bits: int = 8


TABLE = (
    Sample("01-normal-dx.dcm", 101, None, "DX, 12 bits", form=Form(1, 1, "20260105")),
    Sample("02-normal-cr-negative.dcm", 102, None, "CR, MONOCHROME1 (0 is white)",
           form=Form(2, 1, "20260106", "CR", negative=True)),
    Sample("03-consolidation-study-1.dcm", 103, "consolidation", "DX, JPEG 2000 without loss",
           form=Form(3, 1, "20260107", compressed=True)),
    Sample("03-cleared-study-2.dcm", 103, None, "DX, JPEG 2000 without loss, the same patient six weeks later",
           form=Form(3, 2, "20260218", compressed=True)),
    Sample("04-ground-glass-ap-left-justified.dcm", 104, "ground-glass", "CR, 12 bits at the top of 16 (High Bit 15)",
           "AP", form=Form(4, 1, "20260108", "CR", left_justified=True)),
    Sample("05-effusion-mirrored.dcm", 105, "effusion", "DX, stored mirrored, says so (Patient Orientation R\\F)",
           form=Form(5, 1, "20260109", mirrored=True)),
    Sample("06-ground-glass-dx.dcm", 106, "ground-glass", "DX, JPEG 2000 without loss",
           form=Form(6, 1, "20260110", compressed=True)),
    Sample("07-normal.png", 107, None, "PNG, 8 bits"),
    Sample("08-consolidation.png", 108, "consolidation", "PNG, 8 bits"),
    Sample("09-ground-glass-16-bit.png", 109, "ground-glass", "PNG, 16 bits", bits=16),
    Sample("10-effusion-ap.png", 110, "effusion", "PNG, 8 bits", "AP"),
    Sample("11-normal-ap-16-bit.png", 111, None, "PNG, 16 bits", "AP", bits=16),
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=SAMPLES)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = [
        "# The bundled samples",
        "",
        "None of these is of a person. They were computed (docs/phantom.md) by `python tools/make_samples.py`;",
        "their patients are called PHANTOM^ADULT^01 and so on. Not for diagnosis.",
        "",
        "| file | shows | view | patient, study | stored as | seed |",
        "|---|---|---|---|---|---|",
    ]
    for sample in TABLE:
        film = simulate(sample.seed, sample.opacity, sample.rows, sample.view)
        write_whole(
            options.out / sample.name, encoded(film, sample.form) if sample.form else as_png(film.pixels, sample.bits)
        )
        who = f"{sample.form.patient:02d}, {sample.form.study}" if sample.form else "not stated"
        shows = sample.opacity or "normal"
        lines.append(f"| {sample.name} | {shows} | {sample.view} | {who} | {sample.note} | {sample.seed} |")
    # Not beside the films: whoever opens their folder gets a row a file.
    write_whole(PROGRAM / "docs" / "samples.md", "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
