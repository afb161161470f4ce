"""Hilum's own side of the comparisons: what the window and `assess` do, from fitted inputs on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.bench.side import Answer, Film, handler
from core.inference import ensemble, heatmap
from core.inference.bundles import Bundle, load
from core.inference.engines.base import Output
from core.inference.engines.choose import opened


class Ours:
    """The CPU engine, one image at a time. maps: False computes none, to know what they cost."""

    def __init__(self, bundle: Bundle, maps: bool) -> None:
        self.bundle = bundle
        self.engine = opened(bundle, "openvino", "cpu", use="single", maps=maps)
        self.maps = maps
        self.weights = [member.weight for member in bundle.members]
        self.suspicious = [bundle.classes.index(name) for name in bundle.description.suspicion]

    def assess(self, film: Film) -> object:
        outputs, opinion = self._opinion(film)
        if not self.maps:
            return opinion
        return opinion, heatmap.combined(
            heatmap.of_members(self.bundle, film.fitted, outputs, 0),
            opinion,
            film.settled,
            weights=self.weights,
            classes=self.bundle.classes,
            map_scale=self.bundle.map_scale,
        )

    def answer(self, film: Film) -> Answer:
        outputs, opinion = self._opinion(film)
        return Answer(opinion.probabilities, {name: output.maps[0] for name, output in outputs.items()})

    def _opinion(self, film: Film) -> tuple[dict[str, Output], ensemble.Opinion]:
        outputs = {name: self.engine.run(name, fitted.pixels[None]) for name, fitted in film.fitted.items()}
        logits = np.stack([outputs[member.name].logits[0] for member in self.bundle.members])
        temperature = self.bundle.description.temperature
        return outputs, ensemble.joined(logits, self.weights, temperature, self.suspicious)


def serve(bundle: str, maps: bool = True) -> Callable[[object], Any]:
    """For core.jobs. bundle: its folder."""
    loaded = load(Path(bundle))
    return handler(loaded, Ours(loaded, maps))
