"""From fitted inputs to probabilities and class maps of all members: ours, the usual code, a held tf.function."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.bench.pairs import Pairs, interleaved
from core.bench.side import Answer
from core.imaging.prepare import Settled
from core.jobs import Worker

_QUICK_REPEATS = 5
PROBABILITY_TOLERANCE, MAP_TOLERANCE = 1e-3, 1e-2


@dataclass(frozen=True, slots=True)
class Comparison:
    """held: all members in one tf.function; held_per_member: one each.

    agreement: worst differences between the sides, of a probability and of a map in its own scale.
    """

    usual: Pairs | None
    held: Pairs | None
    held_per_member: Pairs | None
    maps_cost: Pairs
    agreement: dict[str, Any]


def compared(bundle: Path, films: Sequence[Settled], *, usual_pairs: int, pairs: int) -> Comparison:
    """Measure the sides in turn, each warmed in a process of its own; without TensorFlow only the cost of maps.

    Raises ValueError when the sides do not find the same: then they did not do the same job.
    """
    from importlib.util import find_spec

    with contextlib.ExitStack() as stack:
        ours = _Process(stack, "core.bench.ours:serve", bundle, films)
        bare = _Process(stack, "core.bench.ours:serve", bundle, films, maps=False)
        # `ours` is the job without maps here, so that the ratio is what maps cost.
        maps_cost = interleaved(bare.seconds, ours.seconds, pairs)
        bare.stop()
        if find_spec("tensorflow") is None:
            return Comparison(None, None, None, maps_cost, {})
        usual = _Process(stack, "core.bench.usual:serve", bundle, films, repeats=1)
        agreement = {"usual": _agreement(ours.answer(), usual.answer())}
        by_usual = interleaved(ours.seconds, usual.seconds, usual_pairs)
        usual.stop()
        held = _Process(stack, "core.bench.held:serve", bundle, films)
        agreement["tf_function"] = _agreement(ours.answer(), held.answer())
        by_held = interleaved(ours.seconds, held.seconds, pairs)
        held.stop()
        apart = _Process(stack, "core.bench.held:serve", bundle, films, joint=False)
        by_held_apart = interleaved(ours.seconds, apart.seconds, pairs)
    return Comparison(by_usual, by_held, by_held_apart, maps_cost, agreement)


class _Process:
    """One side, warmed, asked for its seconds by the number of the pair."""

    def __init__(
        self,
        stack: contextlib.ExitStack,
        serve: str,
        bundle: Path,
        films: Sequence[Settled],
        *,
        repeats: int = _QUICK_REPEATS,
        **arguments: object,
    ) -> None:
        self._worker = Worker(serve, {"bundle": str(bundle), **arguments})
        stack.callback(self._worker.stop)
        self._repeats = repeats
        self._answer()  # it is ready, or says why not
        self._asked("load", list(films))

    def seconds(self, pair: int) -> float:
        found = self._asked("time", pair, self._repeats)
        assert isinstance(found, float)
        return found

    def answer(self) -> Answer:
        found = self._asked("answer", 0)
        assert isinstance(found, Answer)
        return found

    def stop(self) -> None:
        self._worker.stop()

    def _asked(self, *request: object) -> object:
        self._worker.ask(request)
        return self._answer()

    def _answer(self) -> object:
        answer = self._worker.answer()
        assert answer is not None  # no limit was given
        if answer.error is not None:
            raise answer.error
        return answer.value


def _agreement(ours: Answer, other: Answer) -> dict[str, float]:
    probability = float(np.abs(ours.probabilities - other.probabilities).max())
    maps = max(float(np.abs(ours.maps[name] - each).max() / np.abs(each).max()) for name, each in other.maps.items())
    if probability > PROBABILITY_TOLERANCE or maps > MAP_TOLERANCE:
        raise ValueError(f"the sides differ by {probability:.1e} in a probability and {maps:.1e} in a map")
    return {"probability": probability, "map": maps}
