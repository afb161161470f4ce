"""What a protocol came to: every film judged by a network that did not train on it, and what that is worth."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence import baselines, metrics
from core.evidence.evaluate import Table, report
from core.inference.ensemble import softmax
from core.training.ensembling import joined_logits
from core.training.material import FEWEST_FILMS, Material
from core.training.recipe import Recipe
from core.training.splitting import Numbers, Part

Floats = NDArray[np.float64]
# An SVM on more films than this takes hours and learns hardly more.
MOST_FOR_BASELINES = 3000
_AGE_BANDS = ((0, 18, "under 18"), (18, 40, "18 to 39"), (40, 60, "40 to 59"), (60, 75, "60 to 74"),
              (75, 200, "75 and over"))  # fmt: skip
_OVER_FOLDS = ("accuracy", "balanced_accuracy", "f1/macro", "auroc/macro")


@dataclass(frozen=True, slots=True)
class Fold:
    """One training of the protocol. logits: (len(part.test), classes), in the order of part.test.

    curves: a row an epoch (phase, epoch, loss, accuracy, validation_loss, validation_accuracy, rate, seconds).
    milliseconds: a film from settled pixels to logits, median; device: where that was measured.
    """

    part: Part
    logits: NDArray[np.float32]
    curves: tuple[Mapping[str, Any], ...]
    milliseconds: float
    device: str


def together(folds: Sequence[Fold], weights: Sequence[float]) -> Fold:
    """Several networks of one part as one: logits joined by weight, curves one after the other, times added up."""
    if len(folds) == 1:
        return folds[0]
    logits = joined_logits([fold.logits for fold in folds], weights).astype(np.float32)
    rows = tuple(row for fold in folds for row in fold.curves)
    return Fold(folds[0].part, logits, rows, round(sum(fold.milliseconds for fold in folds), 3), folds[0].device)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All folds of a protocol over a material. table: the films that judged; evidence: what is known of them."""

    recipe: Recipe
    classes: tuple[str, ...]
    folds: tuple[Fold, ...]
    table: Table
    logits: NDArray[np.float32]
    numbers: Numbers
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def milliseconds(self) -> float:
        return float(np.median([fold.milliseconds for fold in self.folds]))

    @property
    def device(self) -> str:
        return self.folds[0].device


def outcome(
    recipe: Recipe, material: Material, folds: Sequence[Fold], seen: NDArray[np.bool_], replicates: int = 2000
) -> Outcome:
    """Join the folds and judge them.

    seen: films that the start weights saw before. They judge nothing, unless the recipe splits by image as a paper
    did, or too few films would be left: then they stay, are counted, and the figures have this leak in them.
    """
    everything = np.concatenate([fold.part.test for fold in folds])
    unseen = np.bincount(material.truth[everything[~seen[everything]]], minlength=len(material.classes))
    leaks = recipe.protocol.unit == "image" or unseen.min() < FEWEST_FILMS
    judging = list(folds) if leaks else [_without(fold, seen) for fold in folds]
    numbers = np.concatenate([fold.part.test for fold in judging])
    order = np.argsort(numbers, kind="stable")
    numbers, logits = numbers[order], np.concatenate([fold.logits for fold in judging])[order]
    table = _table(recipe, material, folds, numbers, logits)
    evidence = {
        "protocol": _protocol(recipe, folds),
        "start_saw": {"films": int(seen[everything].sum()), "of_these_judged": int(seen[numbers].sum())},
        **report(table, replicates),
        "folds": [_of_fold(fold, material) for fold in judging],
        "over_folds": _over_folds(judging, material),
        "milliseconds_a_film": float(np.median([fold.milliseconds for fold in folds])),
        "device": folds[0].device,
    }
    return Outcome(recipe, material.classes, tuple(folds), table, logits, numbers, evidence)


def positives(recipe: Recipe, classes: Sequence[str]) -> tuple[str, ...]:
    """The classes of suspicion: the recipe's, else all but the one named normal, else all but the first."""
    if recipe.positive:
        return recipe.positive
    normal = next((name for name in classes if name in ("normal", "no-finding", "healthy")), classes[0])
    return tuple(name for name in classes if name != normal)


def _table(
    recipe: Recipe, material: Material, folds: Sequence[Fold], numbers: Numbers, logits: NDArray[np.float32]
) -> Table:
    films = [material.films[number] for number in numbers.tolist()]
    groups = material.cohort.groups[numbers]
    others = _baselines(material, [fold.part for fold in folds])
    return Table(
        classes=material.classes,
        truth=material.truth[numbers],
        probabilities=softmax(logits),
        groups=tuple(groups.tolist()),
        sources=tuple(film.source for film in films),
        names=tuple(material.cohort.sha256s[numbers].tolist()),
        strata={
            "view": tuple(film.view for film in films),
            "sex": tuple(film.sex for film in films),
            "age": tuple(_age_band(film.age_years) for film in films),
        },
        suspicious=positives(recipe, material.classes),
        others={name: probabilities[numbers] for name, probabilities in others.items()},
    )


def _baselines(material: Material, parts: Sequence[Part]) -> dict[str, Floats]:
    """Probabilities (films, classes) of every baseline: learnt on a fold's training part, asked on its test part.

    Kept in the cache: recipes that share films and splits share them too.
    """
    digest = hashlib.sha256(material.digest.encode())
    digest.update(repr(material.classes).encode())
    for part in parts:
        digest.update(part.train.astype(np.int64).tobytes() + part.test.astype(np.int64).tobytes())
    path = material.cache / f"baselines-{digest.hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path) as stored:
            return {name: stored[name] for name in stored.files}
    found: dict[str, Floats] = {}
    truth = material.truth
    for name, features in _features(material).items():
        answers = np.full((len(material.cohort), len(material.classes)), np.nan)
        for number, part in enumerate(parts):
            known = _fewer(part.train, number)
            answers[part.test] = baselines.trained(
                np.asarray(features[known], np.float64), truth[known],
                np.asarray(features[part.test], np.float64), classes=len(material.classes),
                model="logistic" if name == "source" else "svm",
            )  # fmt: skip
        found[name] = answers
    _save(path, found)
    return found


def _fewer(train: Numbers, seed: int) -> Numbers:
    if len(train) <= MOST_FOR_BASELINES:
        return train
    return np.sort(np.random.default_rng(seed).choice(train, MOST_FOR_BASELINES, replace=False))


def _features(material: Material) -> dict[str, NDArray[np.float32]]:
    """What each baseline sees of every film; pictures are kept in the cache and read from there."""
    pictures = {}
    for name, see in (("thumbnail", baselines.thumbnail), ("hog", baselines.hog)):
        path = material.cache / f"{name}-{material.digest[:16]}.npy"
        if not path.exists():
            width = len(see(_display(material, 0)))
            beside = path.with_suffix(".part")
            rows = np.lib.format.open_memmap(beside, mode="w+", dtype=np.float32, shape=(len(material.cohort), width))
            for number in range(len(material.cohort)):
                rows[number] = see(_display(material, number))
            rows.flush()
            del rows
            beside.replace(path)
        pictures[name] = np.load(path, mmap_mode="r")
    found = {**pictures, "file-facts": material.facts}
    names = sorted(set(material.sources))
    if len(names) > 1:
        found["source"] = np.array([[source == name for name in names] for source in material.sources], np.float32)
    return found


def _display(material: Material, number: int) -> NDArray[np.uint8]:
    return np.asarray(material.cohort.films[number] >> 8, np.uint8)


def _save(path: Path, arrays: Mapping[str, Floats]) -> None:
    beside = path.with_suffix(".part.npz")
    np.savez(beside, **arrays)  # type: ignore[arg-type]
    beside.replace(path)


def _protocol(recipe: Recipe, folds: Sequence[Fold]) -> dict[str, Any]:
    protocol = recipe.protocol
    return {
        "kind": protocol.kind,
        "unit": protocol.unit,
        "folds": len(folds),
        "films": [
            {"name": fold.part.name, "train": len(fold.part.train), "validation": len(fold.part.validation),
             "test": len(fold.part.test)} for fold in folds
        ],
    }  # fmt: skip


def _without(fold: Fold, seen: NDArray[np.bool_]) -> Fold:
    kept = ~seen[fold.part.test]
    return replace(fold, part=replace(fold.part, test=fold.part.test[kept]), logits=fold.logits[kept])


def _of_fold(fold: Fold, material: Material) -> dict[str, Any]:
    truth = material.truth[fold.part.test]
    called = fold.logits.argmax(1)
    return {
        "name": fold.part.name,
        "films": len(truth),
        "confusion": metrics.confusion(truth, called, len(material.classes)).tolist(),
        "figures": _figures(fold, material),
        "epochs": len(fold.curves),
    }


def _figures(fold: Fold, material: Material) -> dict[str, float | None]:
    truth = material.truth[fold.part.test]
    found = metrics.statistics(truth, softmax(fold.logits), material.classes)
    values = {name: metrics.value(found[name], len(truth)) for name in _OVER_FOLDS} if len(truth) else {}
    return {name: values[name] if np.isfinite(values.get(name, np.nan)) else None for name in _OVER_FOLDS}


def _over_folds(folds: Sequence[Fold], material: Material) -> dict[str, Any]:
    """Mean and standard deviation over folds, as shares (0…1), not per cent; never instead of the pooled figures."""
    rows = [_figures(fold, material) for fold in folds]
    found: dict[str, Any] = {"unit": "share", "folds": len(folds)}
    for name in _OVER_FOLDS:
        values = np.array([row[name] for row in rows if row[name] is not None], np.float64)
        found[name] = {
            "mean": float(values.mean()) if len(values) else None,
            "standard_deviation": float(values.std(ddof=1)) if len(values) > 1 else None,
        }
    return found


def _age_band(years: float | None) -> str:
    return "" if years is None else next(name for low, high, name in _AGE_BANDS if low <= years < high)
