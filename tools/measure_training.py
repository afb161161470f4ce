"""What a step of training costs, and what is gained where a frozen part's features are kept (docs/training.md).

    python tools/measure_training.py [--side 224]

CPU milliseconds a film, of all threads together, so that a busy PC gives nearly the same figures; on two free cores a
film takes about half of them. Every row is the median of three steps of 32 films. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from msgspec.structs import replace

from core.networks.backend import Devices
from core.networks.members import build
from core.training.features import border
from core.training.feed import FilmFeed
from core.training.forward import forward
from core.training.recipe import Augmentation, Phase
from core.training.stretch import Stretch
from tools.ensemble_plans import CHANGES

BATCH = 32
CUTS = ("stage2_block2_add", "stage3_block2_add", "stage4_block3_add", "stage5_block3_add", "stage6_block4_add")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=224)
    side = parser.parse_args().side
    head = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 2}]
    member = build({"backbone": "efficientnet-lite0", "input": [side, side, 3], "head": head})
    draw = np.random.default_rng(0)
    targets = np.eye(2, dtype=np.float32)[np.arange(BATCH) % 2]
    ones = np.ones(BATCH, np.float32)

    def step(phase: Phase, kept: bool) -> tuple[float, float]:
        """Milliseconds of the first step, in which the network is traced, and a film of the later ones."""
        stretch = Stretch(member, phase, None)
        found = border(member.model) if kept else None
        pixels = draw.random((BATCH, *(found.shape if found else (side, side, 3))), np.float32)
        with stretch.compiled(Devices(1), found):
            first = _milliseconds(lambda: stretch.step(pixels, targets, ones, 1e-6), 1)
            return first, _milliseconds(lambda: stretch.step(pixels, targets, ones, 1e-6), 3) / BATCH

    frozen = Phase(norms="frozen", optimiser="adamw")
    print(f"EfficientNet-Lite0 at {side}², CPU ms a film; in brackets CPU s of the first step\n")
    print("| learns | whole way | from kept features |\n|---|---|---|")
    for name, phase in (("everything, normalisations too", replace(frozen, norms="learn")), ("everything", frozen)):
        first, each = step(phase, kept=False)
        print(f"| {name} | {each:.0f} ({first / 1000:.0f}) | – |", flush=True)
    for cut in CUTS:
        phase = replace(frozen, trainable="cutoff", after=cut)
        (first, each), (first_kept, each_kept) = step(phase, kept=False), step(phase, kept=True)
        told = f"| after {cut} | {each:.0f} ({first / 1000:.0f}) | {each_kept:.0f} ({first_kept / 1000:.0f}) |"
        print(told, flush=True)
    pixels = draw.random((BATCH, side, side, 3), np.float32)
    ask = forward(member.model)
    ask(pixels[:1])
    print(f"\nonce through the network by OpenVINO: {_milliseconds(lambda: ask(pixels), 3) / BATCH:.0f}")
    _feeds(side, targets)
    return 0


def _feeds(side: int, targets: np.ndarray) -> None:
    film = (np.random.default_rng(1).random((512, 430)) * 65535).astype(np.uint16)
    steps = (
        {"name": "border-crop", "version": 1, "fraction": 0.05},
        {"name": "levels", "version": 1, "low": 1, "high": 99},
        {"name": "stretch", "version": 1, "rows": side, "columns": side},
        {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 3},
    )
    for name, changes in (("as they are", Augmentation()), ("with every augmentation", CHANGES)):
        feed = FilmFeed([film] * BATCH, targets, steps, augmentation=changes)
        each = _milliseconds(lambda feed=feed: feed.batch(np.arange(BATCH), 0), 3) / BATCH  # type: ignore[misc]
        print(f"films {name}: {each:.1f}")


def _milliseconds(job: Callable[[], object], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = process_time()
        job()
        taken.append((process_time() - start) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    sys.exit(main())
