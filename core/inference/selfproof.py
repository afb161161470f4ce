"""The proof that a bundle gives on this PC what it gave where it was made: simulated films, from bytes to maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleRefused, HilumError
from core.imaging.prepare import fit, needs_lungs, settle
from core.imaging.reading import open_radiograph
from core.imaging.sources import find
from core.inference import ensemble, heatmap
from core.inference.bundles import Bundle
from core.inference.engines.base import Engine, networks
from core.inference.lungs import finder_for

FOLDER = "selfproof"
EXPECTED = f"{FOLDER}/expected.npz"
PROBABILITY_TOLERANCE = 1e-3
MAP_TOLERANCE = 1e-2  # of map_scale

Arrays = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Proof:
    """How far an engine was from what it must give: worst differences of a probability, and of a map in map_scale."""

    engine: str
    device: str
    precision: str
    films: int
    probability: float
    map: float

    @property
    def holds(self) -> bool:
        return self.probability <= PROBABILITY_TOLERANCE and self.map <= MAP_TOLERANCE


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found. proofs: one an engine that runs here; missing: engine → why it does not."""

    name: str
    version: str
    digest: str
    proofs: tuple[Proof, ...]
    missing: Mapping[str, str]


def films(bundle: Bundle) -> list[Path]:
    """The bundle's films for the proof, in a fixed order."""
    return [
        bundle.path(inside)
        for inside in sorted(bundle.description.files)
        if inside.startswith(f"{FOLDER}/") and inside != EXPECTED
    ]


def given(bundle: Bundle, engine: Engine) -> Arrays:
    """What this engine gives for the bundle's films: member probabilities (members, classes), the ensemble's
    (classes,), and all maps on the common grid, under "FILM/probabilities", "FILM/members" and "FILM/maps/NAME"."""
    arrays: dict[str, NDArray[np.float64]] = {}
    weights = [member.weight for member in bundle.members]
    framed = any(needs_lungs(bundle.input(member).steps) for member in bundle.members)
    finder = finder_for(bundle) if framed else None
    for path in films(bundle):
        settled = settle(open_radiograph(next(iter(find([path])))))
        box = finder.find(settled).frame if finder else None
        fitted = {member.name: fit(settled, bundle.input(member).steps, box) for member in bundle.members}
        outputs = {name: engine.run(name, one.pixels[None]) for name, one in fitted.items()}
        logits = [output.logits[0] for output in outputs.values()]
        opinion = ensemble.joined(logits, weights, bundle.description.temperature, [0])
        arrays[f"{path.name}/probabilities"] = opinion.probabilities
        arrays[f"{path.name}/members"] = opinion.members
        members = heatmap.of_members(bundle, fitted, outputs)
        maps = heatmap.combined(
            members, opinion, settled, weights=weights, classes=bundle.classes, map_scale=bundle.map_scale
        )
        arrays[f"{path.name}/maps/ensemble"] = maps.values.astype(np.float64)
        for name, values in maps.members.items():
            arrays[f"{path.name}/maps/{name}"] = values.astype(np.float64)
    return arrays


def proof(bundle: Bundle, engine: Engine) -> Proof:
    """Compare what this engine gives with what the bundle must give.

    Refuses "bundle-selfproof" when there is nothing to compare with, or a film cannot be read here.
    """
    try:
        with np.load(bundle.path(EXPECTED), allow_pickle=False) as file:
            expected = {name: file[name].astype(np.float64) for name in file.files}
        found = given(bundle, engine)
    except (OSError, ValueError, KeyError) as error:
        raise BundleRefused("bundle-selfproof", what=f"its proof cannot be read ({error})") from error
    except HilumError as error:
        raise BundleRefused("bundle-selfproof", what=error) from error
    if not expected or expected.keys() != found.keys():
        raise BundleRefused("bundle-selfproof", what="its proof is not about its films")
    worst = {"probability": 0.0, "map": 0.0}
    for name, values in expected.items():
        if found[name].shape != values.shape:
            raise BundleRefused("bundle-selfproof", what=f"{name} has another shape")
        difference = float(np.abs(found[name] - values).max())
        kind = "map" if "/maps/" in name else "probability"
        worst[kind] = max(worst[kind], difference if np.isfinite(difference) else np.inf)
    return Proof(engine.name, engine.device, engine.precision, len(films(bundle)), **worst)


def proven(bundle: Bundle, engine: Engine) -> Proof:
    """The proof, when it holds. Refuses "bundle-selfproof" otherwise."""
    result = proof(bundle, engine)
    if not result.holds:
        what = f"{result.engine} on {result.device} is off by {result.probability:.2g} in a probability and "
        raise BundleRefused("bundle-selfproof", what=what + f"by {result.map:.2g} of the scale in a map")
    return result


def on_cpu(bundle: Bundle, name: str) -> Engine:
    """An engine by its name, on the CPU. Refuses "engine-missing" where it is not installed."""
    if name == "keras":
        from core.inference.engines.keras import KerasEngine

        return KerasEngine(networks(bundle), "cpu")
    from core.inference.engines.openvino import OpenvinoEngine

    return OpenvinoEngine(networks(bundle), "CPU")


def verify(bundle: Bundle, engines: Sequence[str] = ("openvino", "keras")) -> Report:
    """Prove the bundle on every named engine that this PC has. The bundle's files were checked when it was loaded.

    Refuses "bundle-selfproof" when an engine gives something else, "engine-missing" when there is none at all.
    """
    proofs, missing = [], {}
    for name in engines:
        try:
            engine = on_cpu(bundle, name)
        except BundleRefused as error:
            if error.code != "engine-missing":
                raise
            missing[name] = str(error)
            continue
        try:
            proofs.append(proven(bundle, engine))
        finally:
            engine.close()
    if not proofs:
        raise BundleRefused("engine-missing", what=" or ".join(engines))
    return Report(bundle.name, bundle.version, bundle.digest, tuple(proofs), missing)
