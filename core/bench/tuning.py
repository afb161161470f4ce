"""A site's fine-tuning, ours beside the usual published script: the time to the same validation loss or better.

One pair, on films simulated for it: few people, each seen many times (turned, moved, exposed otherwise, with other
noise), the validation films of other people. Each side in a process of its own, imports and start weights ready.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.phantom import OPACITIES, simulate
from core.jobs import Worker

CLASSES = ("clear", "opacity")
SIDE = 224
_PNG_SIDE = 512
_PEOPLE = {"train": 12, "validation": 6}


@dataclass(frozen=True, slots=True)
class Side:
    """seconds, cpu_seconds: of the whole job, from files to trained weights. loss, accuracy: at its end, on the
    validation films; the plain cross-entropy on both sides. parts: seconds of its parts."""

    seconds: float
    cpu_seconds: float
    loss: float
    accuracy: float
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Tuning:
    """films: to learn from. ratio: the usual time over ours. is_fair: it counts only where our loss is no higher."""

    films: int
    validation: int
    ours: Side
    usual: Side

    @property
    def ratio(self) -> float:
        return self.usual.seconds / self.ours.seconds

    @property
    def is_fair(self) -> bool:
        return self.ours.loss <= self.usual.loss

    def as_json(self) -> dict[str, Any]:
        return {
            "ratio": round(self.ratio, 4),
            "ratio_of_cpu": round(self.usual.cpu_seconds / self.ours.cpu_seconds, 4),
            "same_loss_or_better": self.is_fair,
            "films": self.films,
            "validation_films": self.validation,
            "side": SIDE,
            "ours": asdict(self.ours),
            "usual": asdict(self.usual),
        }


def compared(folder: Path, films: int, epochs: int) -> Tuning:
    """Write the films, train both ways, ours first. epochs: of each of the usual script's two stages."""
    validation = films // 4
    written(folder, {"train": films, "validation": validation})
    ours = _trained("core.bench.tuned:serve", folder, epochs)
    usual = _trained("core.bench.tuned_usual:serve", folder, epochs)
    return Tuning(films, validation, ours, usual)


def written(folder: Path, counts: dict[str, int]) -> None:
    """PNG files in folder/PART/CLASS, equally many of each class, no two alike."""
    person = 0
    for part, count in counts.items():
        people = []
        for _one in range(_PEOPLE[part]):
            kinds = (None, OPACITIES[person % len(OPACITIES)])
            people.append([simulate(1000 + person, kind, _PNG_SIDE).pixels for kind in kinds])
            person += 1
        for number in range(count):
            of_class, who = number % 2, number // 2 % len(people)
            path = folder / part / CLASSES[of_class] / f"{number:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), _varied(people[who][of_class], person + number))


def _varied(pixels: NDArray[np.uint16], seed: int) -> NDArray[np.uint8]:
    """The film taken again: the patient turned and moved a little, another exposure, other noise."""
    draw = np.random.default_rng(seed)
    rows, columns = pixels.shape
    affine = cv2.getRotationMatrix2D((columns / 2, rows / 2), draw.uniform(-6, 6), draw.uniform(0.9, 1.1))
    affine[:, 2] += draw.uniform(-0.05, 0.05, 2) * (columns, rows)
    film = cv2.warpAffine(pixels, affine, (columns, rows)).astype(np.float32) / np.float32(4095)
    film = np.power(film, np.float32(np.exp(draw.uniform(-0.3, 0.3))))
    film = film * np.float32(draw.uniform(0.8, 1.1)) + draw.normal(0, 0.02, film.shape).astype(np.float32)
    return np.asarray(np.round(np.clip(film, 0, 1) * 255), np.uint8)


def _trained(serve: str, folder: Path, epochs: int) -> Side:
    worker = Worker(serve, {"folder": str(folder)})
    try:
        answer = worker.answer()  # it is ready, or says why not
        assert answer is not None
        if answer.error is None:
            worker.ask(epochs)
            answer = worker.answer()
            assert answer is not None
        if answer.error is not None:
            raise answer.error
        assert isinstance(answer.value, Side)
        return answer.value
    finally:
        worker.stop()
