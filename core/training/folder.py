"""The folder of a training run: one process at a time, one recipe, one set of films, and whatever was done so far.

RUN/recipe.toml      the recipe as it was resolved
RUN/run.json         seed, what the films and start weights are known by, versions, machine, times
RUN/splits.csv       which part every film trains, steers and judges in
RUN/folds/NAME/      curves.csv, predictions.npz, fold.json once it is done; its checkpoints until then
RUN/cache/           settled films; may be deleted when no run needs it
RUN/report.md .json  what came out
RUN/bundle/          the bundle, after `train`
"""

from __future__ import annotations

import csv
import importlib.metadata
import io
import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import psutil
from filelock import FileLock, Timeout

from core import places
from core.errors import RunRefused
from core.files import write_whole
from core.training.material import Material
from core.training.recipe import Recipe
from core.training.splitting import Part
from core.training.written import toml

FORMAT = 1
# What a recipe says of itself changes nothing that is computed.
_WORDS = ("title", "summary", "called", "unspecified")
_LIBRARIES = ("keras", "tensorflow", "torch", "jax", "numpy", "openvino", "opencv-python-headless", "scikit-learn",
              "scikit-image", "imbalanced-learn")  # fmt: skip


class RunFolder:
    """An open run; nobody else may work on it until it is closed.

    Refuses (RunRefused) "run-in-use", "run-exists" without resume, "run-unreadable", "place-unwritable".
    """

    def __init__(self, folder: Path, *, resume: bool = False) -> None:
        self.path = places.made(folder)
        self._lock = FileLock(folder / "run.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise RunRefused("run-in-use", what=folder) from error
        except OSError as error:
            raise RunRefused("place-unwritable", what=folder, why=error.strerror or type(error).__name__) from error
        try:
            self.notes = self._read()
            if self.notes and not resume:
                raise RunRefused("run-exists", what=folder)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._lock.release()

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    def fold(self, name: str) -> Path:
        return self.path / "folds" / name

    def agree(self, recipe: Recipe, material: Material, parts: Sequence[Part], start: Mapping[str, Any]) -> None:
        """Keep what a new run is made of; refuse "run-differs" when the run was made of something else."""
        told = msgspec.to_builtins(recipe)
        splits = _splits(material, parts)
        if not self.notes:
            write_whole(self.path / "recipe.toml", toml(told))
            write_whole(self.path / "splits.csv", splits)
            self.note(
                format=FORMAT, recipe=told, films=len(material.cohort), data=material.digest, seed=recipe.seed,
                start=dict(start), versions=_versions(), machine=_machine(), started=now(),
            )  # fmt: skip
            return
        before, after = ({k: v for k, v in each.items() if k not in _WORDS} for each in (self.notes["recipe"], told))
        for key, present, asked in _differences(before, after):
            raise RunRefused("run-differs", present=f"{key} = {present}", asked=asked)
        if self.notes["data"] != material.digest:
            raise RunRefused("run-differs", present=f"{self.notes['films']} films or labels of other content",
                             asked=f"these {len(material.cohort)}")  # fmt: skip
        if self.notes["start"] != dict(start):
            words = self.notes["start"].get("words")
            raise RunRefused("run-differs", present=f"the start weights {words}", asked=start.get("words"))
        if (self.path / "splits.csv").read_text("utf-8") != splits:
            raise RunRefused("run-differs", present="other splits of the same films", asked="those of this program")

    def note(self, **values: Any) -> None:
        """Keep values in run.json."""
        self.notes = {**self.notes, **values}
        write_whole(self.path / "run.json", json.dumps(self.notes, indent=1, ensure_ascii=False))

    def _read(self) -> dict[str, Any]:
        path = self.path / "run.json"
        if not path.exists():
            return {}
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RunRefused("run-unreadable", what=path, why="it is damaged") from error
        if found.get("format") != FORMAT:
            raise RunRefused("run-unreadable", what=path, why=f"it has format {found.get('format')}, known is {FORMAT}")
        return found


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _splits(material: Material, parts: Sequence[Part]) -> str:
    """A line a film, a column a part: what it does there. Groups are hashed; no file is named."""
    roles = [[""] * len(material.cohort) for _ in parts]
    for role, part in zip(roles, parts, strict=True):
        for side in ("train", "validation", "test"):
            for number in getattr(part, side).tolist():
                role[number] = side
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("film", "group", "label", *(part.name for part in parts)))
    rows = zip(material.cohort.sha256s.tolist(), material.groups, material.labels, *roles, strict=True)
    table.writerows(sorted(rows))
    return text.getvalue()


def _differences(present: Any, asked: Any, key: str = "") -> list[tuple[str, str, str]]:
    """(dotted key, present, asked) wherever two resolved recipes differ."""
    # Through JSON: what was written as a tuple comes back as a list.
    present, asked = json.loads(json.dumps([present, asked]))
    if isinstance(present, dict) and isinstance(asked, dict):
        keys = dict.fromkeys((*present, *asked))
        return [
            one
            for name in keys
            for one in _differences(present.get(name), asked.get(name), f"{key}.{name}".lstrip("."))
        ]
    if isinstance(present, list) and isinstance(asked, list) and len(present) == len(asked):
        pairs = enumerate(zip(present, asked, strict=True), 1)
        return [one for number, (a, b) in pairs for one in _differences(a, b, f"{key}.{number}")]
    return [] if present == asked else [(key, json.dumps(present), json.dumps(asked))]


def _versions() -> dict[str, str]:
    found = {"hilum": places.version(), "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _machine() -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.processor() or platform.machine(),
        "cores": cores,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }
