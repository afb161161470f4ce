"""`assess`: ask the ensemble about images, one row an image."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psutil
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from core import places
from core.cli.output import words, write_json
from core.errors import RunRefused, UsageRefused
from core.files import write_whole
from core.imaging.limits import Limits
from core.imaging.prepare import Corrections
from core.imaging.sources import ImageRef, find
from core.inference.engines.choose import DEVICES, ENGINES
from core.jobs import Answer, Pool

if TYPE_CHECKING:
    from core.imaging.film import Film
    from core.imaging.radiograph import Radiograph
    from core.inference.assessing import Assessor
    from core.inference.assessment import Assessment, Maps

HELP = """Ask the ensemble about images: DICOM, PNG, JPEG, TIFF, folders, DICOMDIR, ZIP. One row an image; refused and
failed images have their row with the reason. Research use; not a medical device.

example:  python main.py assess film.dcm
          python main.py assess folder --json --maps heatmaps"""

_AHEAD = 3  # films that a decoder may be ahead: bounded, so that memory does not grow with the folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, DICOMDIR, ZIP")
    parser.add_argument("--bundle", metavar="B", help="name, folder or .hilum file; the bundle in use when left out")
    parser.add_argument("--engine", choices=ENGINES, default="auto")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--frames", choices=("first", "all"), default="first", help="frames of a film with several")
    parser.add_argument(
        "--maps", metavar="DIR", type=Path, help="write the film with its heatmap as PNG into this folder"
    )
    parser.add_argument("--override", metavar="REASON", help="assess what the gate refuses, and keep this reason")
    parser.add_argument("--negative", action="store_true", help="declare dark and light exchanged")
    parser.add_argument("--turned", type=int, choices=(0, 90, 180, 270), default=0, help="turn clockwise by this much")
    parser.add_argument("--mirrored", action="store_true", help="declare left and right exchanged")
    parser.add_argument("--json", action="store_true", help="JSON lines on standard output")


def run(options: argparse.Namespace) -> int:
    from core.inference.assessing import Assessor
    from core.inference.shelf import chosen

    if options.override is not None and not options.override.strip():
        raise UsageRefused("option-unusable", what="--override needs a reason.")
    _missing(options.paths)
    corrections = Corrections(options.negative, options.turned, options.mirrored)
    assessor = Assessor(chosen(options.bundle), options.engine, options.device)
    if assessor.engine.note is not None:
        words().print(assessor.engine.note.text)
    folder = places.made(options.maps) if options.maps else None
    job = _Job(assessor, corrections, options.override, folder)
    rows = 0
    shown: list[Assessment] = []
    for row in job.rows(find(options.paths, options.frames)):
        rows += 1
        if options.json:
            write_json(row.as_json())
        else:
            shown.append(row)
    if not options.json:
        words().print(table(shown, assessor))
        words().print(remarks(shown), markup=False)
    if folder is not None:
        words().print(f"{job.drawn} heatmaps are in {folder}.")
    if rows == 0:
        words().print("There is no file at these paths.")
    return 0 if rows else 1


@dataclass(slots=True)
class _Job:
    """One pass over the images; rows come in the order in which the images were found."""

    assessor: Assessor
    corrections: Corrections
    override: str | None
    folder: Path | None
    drawn: int = 0

    def rows(self, refs: Iterable[ImageRef]) -> Iterator[Assessment]:
        kind = "settle" if self.folder is None else "open-and-settle"
        for ref, answer in answers(refs, lambda ref: (kind, ref, self.corrections)):
            yield self._row(ref, answer)

    def _row(self, ref: ImageRef, answer: Answer) -> Assessment:
        from core.inference.assessing import unread

        if answer.bug is not None:
            words().print(answer.bug, markup=False)
        if answer.error is not None:
            return unread(ref.name, answer.error, frame=ref.frame, corrections=self.corrections)
        if self.folder is None:
            return self.assessor.assess(cast("Film", answer.value), self.override, maps=False)[0]
        film, radiograph = cast("tuple[Film, Radiograph]", answer.value)
        row, maps = self.assessor.assess(film, self.override)
        if maps is not None and row.finding is not None:
            self.drawn += 1
            name = f"{self.drawn:04d}-{_safe(ref.name)}-{row.finding}.png"
            write_whole(self.folder / name, overlay_png(radiograph, maps, row.finding))
        return row


def answers(
    refs: Iterable[ImageRef], request: Callable[[ImageRef], tuple[object, ...]]
) -> Iterator[tuple[ImageRef, Answer]]:
    """What decoders say of each image, in the order of the refs; time and memory are bounded, a few are ahead."""
    limits = Limits()
    count = max(1, min(psutil.cpu_count(logical=False) or 1, 4))
    waiting: deque[tuple[int, ImageRef]] = deque()
    done: dict[Hashable, Answer] = {}
    numbered = enumerate(refs)
    with Pool(
        "core.imaging.worker:serve",
        {"limits": limits},
        count=count,
        seconds=limits.decode_seconds,
        memory_bytes=limits.memory_bytes,
    ) as pool:
        while True:
            while len(waiting) < _AHEAD * count and (following := next(numbered, None)) is not None:
                waiting.append(following)
                pool.submit(following[0], request(following[1]))
            if not waiting:
                return
            while waiting[0][0] not in done:
                done.update(pool.results())
            number, ref = waiting.popleft()
            yield ref, done.pop(number)


def _missing(paths: list[str]) -> None:
    for path in paths:
        if not Path(path).exists() and not Path(path).is_symlink():
            raise UsageRefused("path-missing", what=path)


def _safe(name: str) -> str:
    """A file name from a path: plain letters only, so that no name of an image leads anywhere."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name)[-60:]


def overlay_png(radiograph: Radiograph, maps: Maps, name: str) -> bytes:
    """The film as it is read, with the heatmap of a class against the rest, as PNG."""
    import cv2

    from core.imaging import paint
    from core.imaging.geometry import inverse

    shown = radiograph.as_read()
    grid_to_read = inverse(radiograph.read_to_stored) @ maps.grid_to_stored
    values = paint.spread_over(maps.values[maps.classes.index(name)], grid_to_read, (shown.shape[0], shown.shape[1]))
    picture = paint.overlaid(shown, paint.painted(values))
    done, png = cv2.imencode(".png", picture[..., ::-1])
    if not done:
        raise RunRefused("place-unwritable", what=name, why="the picture could not be encoded")
    return bytes(png.tobytes())


def table(rows: Iterable[Assessment], assessor: Assessor) -> Table:
    """The rows for people; sentences are numbered, each stands once below (`remarks`)."""
    bundle, engine = assessor.bundle, assessor.engine
    drawn = Table(
        title=f"{bundle.description.title} {bundle.version}, {engine.name} on {engine.device}, {engine.precision}",
        caption="Research use, not a medical device.",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    titles = {entry.name: entry.title for entry in bundle.description.classes}
    # A narrow terminal takes its room from the name alone.
    drawn.add_column("image", overflow="ellipsis", no_wrap=True, min_width=12)
    drawn.add_column("finding", no_wrap=True, min_width=max(map(len, ("abstains", *titles.values()))))
    for name in (*titles.values(), "suspicion", "refer", "remarks"):
        drawn.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    rows = list(rows)
    numbers = _numbers(rows)
    for row in rows:
        drawn.add_row(
            Text(row.path if row.frame == 1 else f"{row.path} [{row.frame}]"),
            _finding(row, titles),
            *(_percent(row.probabilities.get(name) if row.probabilities else None) for name in bundle.classes),
            _percent(row.suspicion),
            {True: "yes", False: "no", None: ""}[row.refer],
            ", ".join(str(numbers[reason.text]) for reason in row.reasons),
        )
    return drawn


def remarks(rows: Iterable[Assessment]) -> str:
    """The sentences to which the table's numbers point."""
    return "\n".join(f"{number:>3}  {text}" for text, number in _numbers(rows).items())


def _numbers(rows: Iterable[Assessment]) -> dict[str, int]:
    texts = dict.fromkeys(reason.text for row in rows for reason in row.reasons)
    return {text: number for number, text in enumerate(texts, 1)}


def _finding(row: Assessment, titles: Mapping[str, str]) -> str:
    if row.finding is None:
        return row.status
    return titles[row.finding] if row.status == "assessed" else "abstains"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"
