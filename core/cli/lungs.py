"""`lungs PATH… -o MASK.png`: where the lungs are, as a mask of the stored image."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core import places
from core.cli.assess import answers
from core.cli.output import words, write_json
from core.errors import BundleRefused, ImageFailed, Reason, UsageRefused, reason
from core.files import write_whole
from core.imaging.prepare import Corrections
from core.imaging.sources import ImageRef, find
from core.inference.engines.choose import DEVICES, ENGINES
from core.jobs import Answer

if TYPE_CHECKING:
    from core.imaging.film import Film
    from core.imaging.radiograph import Radiograph
    from core.inference.lungs import LungFinder, Lungs

HELP = """Where the lungs are: a PNG of 8 bits, 0 or 255, at the film's stored size and orientation.

Both lungs together, with the part behind the heart. None found: all 0, and a caution. With several images -o is a
folder, and each image has a mask of its name in it. Research use; not a medical device.

example:  python main.py lungs film.dcm -o mask.png
          python main.py lungs folder -o masks --json"""

_A_FOLDER = "There are several images: -o must be a folder, without .png."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, DICOMDIR, ZIP")
    parser.add_argument(
        "-o", "--output", metavar="MASK.png", type=Path, required=True, help="a PNG for one file, else a folder"
    )
    parser.add_argument("--bundle", metavar="B", help="a lungs bundle: folder or .hilum file; the shipped one without")
    parser.add_argument("--engine", choices=ENGINES, default="auto")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--json", action="store_true", help="JSON lines on standard output")


def run(options: argparse.Namespace) -> int:
    from core.inference.bundles import load
    from core.inference.lungs import LungFinder, shipped

    for path in options.paths:
        if not Path(path).exists() and not Path(path).is_symlink():
            raise UsageRefused("path-missing", what=path)
    single = len(options.paths) == 1 and Path(options.paths[0]).is_file()
    if not single and options.output.suffix.lower() == ".png":
        raise UsageRefused("option-unusable", what=_A_FOLDER)
    bundle = load(options.bundle) if options.bundle else shipped()
    if bundle is None:
        raise BundleRefused("bundle-missing", what=places.SHIPPED_BUNDLES / "lungs")
    finder = LungFinder(bundle, options.engine, options.device)
    masks = _Masks(options.output, single=single)
    console = None if options.json else words()
    rows = 0
    for ref, answer in answers(find(options.paths), lambda ref: ("open-and-settle", ref, Corrections())):
        rows += 1
        row = _row(ref, answer, finder, masks)
        if console is None:
            write_json(row)
        else:
            console.print(sentences(row), markup=False)
    if rows == 0:
        words().print("There is no file at these paths.")
    return 0 if rows else 1


class _Masks:
    """Where masks go: into one file when there is one image, else into a folder under the images' names."""

    def __init__(self, output: Path, *, single: bool) -> None:
        self._output = output
        # An archive or a DICOMDIR is one file with many images: its first mask decides nothing yet.
        self._single = single and output.suffix.lower() == ".png"
        self._used: set[str] = set()

    def write(self, ref: ImageRef, png: bytes) -> Path:
        target = self._output if self._single and not self._used else self._own(ref)
        self._used.add(target.name.casefold())
        write_whole(target, png)
        return target

    def _own(self, ref: ImageRef) -> Path:
        if self._single:
            raise UsageRefused("option-unusable", what=_A_FOLDER)
        folder = places.made(self._output)
        name = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in ref.name)[-80:]
        number, wanted = 1, f"{name}.png"
        while wanted.casefold() in self._used:
            number += 1
            wanted = f"{name}-{number}.png"
        return folder / wanted


def _row(ref: ImageRef, answer: Answer, finder: LungFinder, masks: _Masks) -> dict[str, Any]:
    """What `--json` prints of an image; its mask is written."""
    if answer.error is not None:
        status = "failed" if isinstance(answer.error, ImageFailed) else "refused"
        return _as_row(ref, status, (answer.error.reason,))
    film, radiograph = cast("tuple[Film, Radiograph]", answer.value)
    try:
        lungs = finder.find(film.settled)
    except ImageFailed as error:
        return _as_row(ref, "failed", (*film.reasons, error.reason), film)
    written = masks.write(ref, mask_png(lungs, film, radiograph))
    said = () if lungs.found else (reason("no-lungs-found"),)
    return _as_row(ref, "found" if lungs.found else "none", (*film.reasons, *said), film, lungs=lungs, mask=written)


def _as_row(
    ref: ImageRef,
    status: str,
    reasons: tuple[Reason, ...],
    film: Film | None = None,
    *,
    lungs: Lungs | None = None,
    mask: Path | None = None,
) -> dict[str, Any]:
    """box: top, left, bottom, right in continuous stored pixels."""
    from core.inference.lungs import box_on_stored

    box = None if lungs is None or film is None else box_on_stored(lungs, film.settled)
    return {
        "path": ref.name,
        "frame": ref.frame,
        "sha256": film.sha256 if film is not None else None,
        "status": status,
        "reasons": [asdict(one) for one in reasons],
        "mask": str(mask) if mask is not None else None,
        "share": lungs.share if lungs is not None else None,
        "box": list(box) if box is not None else None,
        "parts": lungs.parts if lungs is not None else None,
        "sure": lungs.sure if lungs is not None else None,
    }


def mask_png(lungs: Lungs, film: Film, radiograph: Radiograph) -> bytes:
    """The mask at the stored size and orientation as PNG, 0 or 255."""
    import cv2

    from core.inference.lungs import on_stored

    rows, columns = radiograph.stored.shape[:2]
    _done, png = cv2.imencode(".png", on_stored(lungs, film.settled, rows, columns))
    return png.tobytes()


def sentences(row: dict[str, Any]) -> str:
    """The same for people."""
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in row["path"])
    found = f"lungs on {100 * row['share']:.0f} % of the image" if row["share"] else row["status"]
    lines = [f"{name}: {found}" + (f", mask in {row['mask']}" if row["mask"] else "")]
    return "\n".join([*lines, *(f"  {one['severity']}: {one['text']}" for one in row["reasons"])])
