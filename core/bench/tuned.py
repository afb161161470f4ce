"""Hilum's own side of the fine-tuning: what `train` does with a site's films, from files to trained weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from core.bench.tuning import CLASSES, SIDE, Side
from core.training.recipe import Phase

STEPS = (
    {"name": "stretch", "version": 1, "rows": SIDE, "columns": SIDE},
    {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 3},
)
# From a linear probe on: the last blocks on kept features, then all layers; gently, because so few films teach a
# network more about themselves than about the disease (docs/ensemble.md), and warmed up, because Adam's first steps
# are its longest.
PHASES = (
    Phase(name="last blocks", trainable="cutoff", after="stage6_block4_add", norms="frozen", optimiser="adamw",
          rate=1e-5, schedule="cosine", floor=0.05, warm_up=1.0, epochs=3, batch=32),
    Phase(name="all", norms="frozen", optimiser="adamw", rate=1e-5, schedule="cosine", floor=0.05, warm_up=0.5,
          epochs=1, batch=32),
)  # fmt: skip


def architecture() -> dict[str, Any]:
    head = [{"layer": "global-average-pooling"}, {"layer": "dropout", "rate": 0.2}]
    return {
        "backbone": "efficientnet-lite0",
        "input": [SIDE, SIDE, 3],
        "head": [*head, {"layer": "dense", "units": len(CLASSES)}],
    }


def serve(folder: str) -> Callable[[object], Any]:
    """For core.jobs. folder: with train/CLASS and validation/CLASS."""
    from core.networks.members import build
    from core.networks.start import load_start

    member = build(architecture())
    load_start(member, "imagenet")

    def handle(_request: object) -> Side:
        with tempfile.TemporaryDirectory(prefix="hilum-tuned-") as scratch:
            return _trained(member, Path(folder), Path(scratch))

    return handle


def _trained(member: Any, folder: Path, scratch: Path) -> Side:
    from core.cohort.cache import FilmCache, fill
    from core.training.feed import FilmFeed, outputs
    from core.training.fit import fit
    from core.training.probe import linear_probe, put_probe

    began, cpu = perf_counter(), process_time()
    feeds = {}
    with FilmCache(scratch / "cache") as cache:
        for part in ("train", "validation"):
            paths = sorted((folder / part).glob("*/*.png"))
            read = fill(cache, paths)
            truth = np.array([CLASSES.index(path.parent.name) for path in paths])
            films = cache.films([str(one.sha256) for one in read])
            feeds[part] = FilmFeed(films, np.eye(len(CLASSES), dtype=np.float32)[truth], STEPS)
    decoded = perf_counter()
    known = feeds["train"]
    features = outputs(member.features, known.films, STEPS)
    put_probe(member.head, *linear_probe(features, known.targets.argmax(1), np.ones(len(features))))
    probed = perf_counter()
    found = fit(member, known, feeds["validation"], PHASES, seed=0, folder=scratch / "run", start="bundle")
    assert found is not None
    ended = perf_counter()
    last = found.curves[-1]
    parts = {"decode": decoded - began, "probe": probed - decoded, "train": ended - probed}
    return Side(
        ended - began,
        process_time() - cpu,
        last["validation_loss"],
        last["validation_accuracy"],
        {name: round(seconds, 2) for name, seconds in parts.items()},
    )
