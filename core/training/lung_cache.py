"""The lungs of cached films: found once for each lungs bundle, kept beside the films (core.cohort.cache)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleRefused
from core.files import write_whole
from core.imaging.prepare import Settled
from core.places import SHIPPED_BUNDLES
from core.progress import Meter, Progress, Stop

_AT_ONCE = 64
Mask = NDArray[np.bool_]


class LungMasks(Sequence[Mask]):
    """Masks (rows, columns) of films, read from the disk when they are asked for; all False where no lungs were found.

    boxes: (films, 4) for a lung frame: top, left, bottom, right of the settled film, NaN where there is none.
    """

    def __init__(self, bits: Path, rows: Sequence[Sequence[float]]) -> None:
        self._bits = np.memmap(bits, np.uint8, "r") if rows and bits.stat().st_size else np.zeros(0, np.uint8)
        self._places = [(int(row[0]), int(row[1]), int(row[2])) for row in rows]
        self.boxes = np.array([row[3:] for row in rows], np.float64).reshape(-1, 4)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Mask:  # type: ignore[override]
        start, rows, columns = self._places[number]
        packed = self._bits[start : start + -(-rows * columns // 8)]
        return np.unpackbits(packed, count=rows * columns).reshape(rows, columns).astype(np.bool_)

    def chosen(self, numbers: Sequence[int] | NDArray[np.int64]) -> LungMasks:
        """The masks of some films, in this order."""
        part = object.__new__(LungMasks)
        part._bits, part._places = self._bits, [self._places[int(number)] for number in numbers]
        part.boxes = self.boxes[np.asarray(numbers)]
        return part


def lungs_of(
    films: Sequence[NDArray[np.uint16]],
    names: Sequence[str],
    folder: Path,
    report: Callable[[Progress], None] = lambda progress: None,
    stop: Stop | None = None,
) -> LungMasks | None:
    """The lungs of settled films by the lungs bundle that comes with the program; None when stopped.

    names: of the films, unique and lasting (their SHA-256). folder: where what was found is kept; what is there is not
    looked for again. Refuses (BundleRefused) "bundle-missing".
    """
    from core.inference.lungs import LungFinder, shipped

    bundle = shipped()
    if bundle is None:
        raise BundleRefused("bundle-missing", what=SHIPPED_BUNDLES / "lungs")
    path, bits = (folder / f"lungs-{bundle.digest[:16]}.{ending}" for ending in ("json", "bits"))
    known: dict[str, list[float]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    end = max((int(row[0]) + -(-int(row[1]) * int(row[2]) // 8) for row in known.values()), default=0)
    waiting = [number for number, name in enumerate(names) if name not in known]
    meter = Meter(len(waiting))
    finder = LungFinder(bundle, use="folder") if waiting else None
    try:
        with open(bits, "r+b" if bits.exists() else "w+b") as file:
            # Bits behind the last listed film come from a run that was killed.
            file.truncate(end)
            file.seek(end)
            for start in range(0, len(waiting), _AT_ONCE):
                if finder is None or (stop is not None and stop.asked):
                    break
                part = waiting[start : start + _AT_ONCE]
                found = finder.find_many([Settled(np.asarray(films[number]), np.eye(3)) for number in part])
                for number, lungs in zip(part, found, strict=True):
                    packed = np.packbits(lungs.mask).tobytes()
                    file.write(packed)
                    known[names[number]] = [end, *lungs.mask.shape, *(lungs.frame or [float("nan")] * 4)]
                    end += len(packed)
                report(meter.add(len(part), note="finding lungs"))
    finally:
        if finder is not None:
            finder.close()
    if waiting:
        write_whole(path, json.dumps(known))
    if stop is not None and stop.asked:
        return None
    return LungMasks(bits, [known[name] for name in names])
