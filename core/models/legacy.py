"""A network that somebody trained with Keras elsewhere, as a bundle of the site's own; in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cohort.lineage import lineage_of
from core.errors import BundleRefused
from core.files import sha256_of
from core.imaging.phantom import Opacity, simulate
from core.imaging.prepare import Settled, Step, fit
from core.inference.bundles import Bundle
from core.inference.description import Abstention, ClassEntry, IntendedUse, NetworkInput, OperatingPoint
from core.inference.ensemble import softmax
from core.inference.selfproof import on_cpu
from core.models import adopting, keras_model
from core.models.matching import Matched, matched, probabilities
from core.models.state import LegacyLook, LegacyTaken, LegacyWish
from core.networks.convert import LIMIT
from core.training.bundling import TrainedMember, make_bundle
from core.training.ensembling import map_scale, said

VALUES = ("0..1", "-1..1", "0..255", "caffe", "torch")
_PLAIN = {"0..1": (0, 255), "-1..1": (127.5, 127.5), "0..255": (0, 1)}
# ImageNet's means and deviations as Keras' preprocess_input has them; caffe's are of blue, green, red.
_CAFFE = [103.939, 116.779, 123.68]
_TORCH = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
_FILMS = 8
_PROOF_ROWS = 384
_LEAST_SCALE = 1e-6
_KINDS: tuple[Opacity | None, ...] = (None, "consolidation", "ground-glass")


def serve() -> Callable[[Any], object]:
    """Give the function that answers ("look", path) → LegacyLook and ("take", path, LegacyWish) → LegacyTaken.

    The file is hostile until proven otherwise: whoever starts this limits its memory and its time.
    """

    def handle(request: Any) -> object:
        match request:
            case ("look", path):
                return look(Path(path))
            case ("take", path, LegacyWish() as wish):
                return taken(Path(path), wish)
        raise ValueError(f"known are look and take, got {request!r}")

    return handle


def look(path: Path) -> LegacyLook:
    """What the file holds. Refuses as core.models.keras_model and core.models.matching do."""
    model = keras_model.opened(path)
    found = matched(model, path.name)
    rows, columns, channels = (int(side) for side in found.member.architecture["input"])
    return LegacyLook(
        str(path),
        found.backbone,
        (rows, columns, channels),
        found.member.classes,
        sum(bool(layer.weights) for layer in found.member.model.layers),
        found.member.parameters,
        found.ends,
    )


def taken(path: Path, wish: LegacyWish) -> LegacyTaken:
    """The file as a bundle on the shelf, not in use; proven against Keras's own answers on simulated films.

    Refuses "legacy-differs" where OpenVINO gives other probabilities than the file in Keras; nothing is kept then.
    """
    model = keras_model.opened(path)
    found = matched(model, path.name)
    _check(wish, found)
    steps = steps_for(wish, found)
    name = adopting.checked_name(wish.name)
    version = adopting.next_version(name)
    films = [simulate(seed, _KINDS[seed % len(_KINDS)], rows=_PROOF_ROWS).pixels * 16 for seed in range(1, _FILMS + 1)]
    differences: list[float] = []

    def make(folder: Path) -> Bundle:
        bundle = _bundle(folder, path, wish, found, name=name, version=version, steps=steps, films=films)
        differences.append(_difference(model, found, bundle, steps, films))
        if not differences[0] <= LIMIT:
            raise BundleRefused("legacy-differs", what=path.name, present=f"{differences[0]:.2g}", limit=LIMIT)
        return bundle

    bundle = adopting.on_shelf(make)
    return LegacyTaken(bundle.digest, bundle.name, bundle.version, len(films), differences[0])


def steps_for(wish: LegacyWish, found: Matched) -> tuple[dict[str, Any], ...]:
    """The steps of core.imaging.prepare that make what the network was trained on, as the user states it."""
    rows, columns, channels = (int(side) for side in found.member.architecture["input"])
    scale: dict[str, Any]
    if wish.values in _PLAIN:
        offset, divisor = _PLAIN[wish.values]
        scale = {"name": "scale", "version": 1, "offset": offset, "divisor": divisor, "channels": channels}
    elif wish.values == "caffe":
        scale = {"name": "scale", "version": 2, "offsets": _CAFFE, "divisors": [1.0, 1.0, 1.0], "order": "bgr"}
    else:
        scale = {"name": "scale", "version": 2, "offsets": _TORCH[0], "divisors": _TORCH[1], "order": "rgb"}
    return {"name": wish.fit, "version": 1, "rows": rows, "columns": columns}, scale


def _check(wish: LegacyWish, found: Matched) -> None:
    names = [name for name, _title in wish.classes]
    why = ""
    if len(names) != found.member.classes or len(set(names)) != len(names) or not all(names):
        why = f"the network tells {found.member.classes} classes apart; name each of them once"
    elif wish.normal not in names:
        why = "one of the classes has to be the one without suspicion"
    elif wish.values not in VALUES or (
        wish.values in ("caffe", "torch") and found.member.architecture["input"][2] != 3
    ):
        why = f"{wish.values} is no range of its input"
    if why:
        raise BundleRefused("architecture-unusable", what=why)


def _bundle(
    folder: Path, path: Path, wish: LegacyWish, found: Matched, *,
    name: str, version: str, steps: tuple[dict[str, Any], ...], films: list[NDArray[np.uint16]],
) -> Bundle:  # fmt: skip
    classes = [one for one, _title in wish.classes]
    rows, columns, channels = (int(side) for side in found.member.architecture["input"])
    heard = said(found.member, films, steps)
    scales = map_scale({found.backbone: (found.member, steps, heard)}, films, [1.0], 1.0, classes)
    use = IntendedUse(
        (0.0, 120.0), ("PA", "AP"), ("FOR PRESENTATION",),
        wish.population.strip() or "Not stated by whoever made it. Research use only; not for diagnosis.",
    )  # fmt: skip
    licence = "Not stated. The terms are those of whoever made the Keras file. Research use only."
    digest = sha256_of(path)
    with tempfile.TemporaryDirectory(prefix="hilum-") as scratch:
        weights = Path(scratch) / "member.weights.h5"
        found.member.model.save_weights(weights)
        return make_bundle(
            folder,
            name=name,
            version=version,
            title=wish.title.strip() or name,
            classes=[ClassEntry(one, title or one, f"What the Keras file calls {one}.") for one, title in wish.classes],
            suspicion=[one for one in classes if one != wish.normal],
            intended_use=use,
            input=NetworkInput(rows, columns, channels, steps),
            members=[TrainedMember(found.backbone, found.member.architecture, weights, 1.0)],
            temperature=1.0,
            map_scale={one: max(scale, _LEAST_SCALE) for one, scale in scales.items()},
            operating_points=[OperatingPoint("undecided", 0.5, "nothing: no film of this site was seen yet")],
            abstention=Abstention("Never: a single network has nobody to disagree with."),
            novelty=None,
            class_mix={},
            figures=[],
            licence=licence,
            card=_card(path, wish, found, name=name, licence=licence, digest=digest, population=use.population),
            # Which films it saw is not known, and `films_unknown` says so wherever that matters.
            lineage=lineage_of([], np.zeros((0, 32), np.uint8)).arrays(),
            extra={"films_unknown": True, "made_with": {"keras_file": {"name": path.name, "sha256": digest}}},
        )


def _card(
    path: Path, wish: LegacyWish, found: Matched, *, name: str, licence: str, digest: str, population: str
) -> str:
    rows, columns, channels = found.member.architecture["input"]
    lines = [
        f"# {name}", "", "## To know first", "",
        "- Nothing has been measured of it here, and no figure of its makers was checked. Compare it with another "
        "bundle on labelled films of this site before anybody looks at its answers.",
        "- Which films it was trained on is not known: films of this site may be among them, and it would look better "
        "on those than it is.",
        "- Its operating point (0.5) and its temperature (1) were picked by nobody; calibrate it on films of this "
        "site. The scale of its heatmaps comes from simulated films.",
        "", "## Intended use", "", population,
        "", "## Terms", "", licence,
        "", "## How it came here", "",
        f"Taken from the Keras file {path.name} (SHA-256 {digest[:16]}…): {found.backbone}, "
        f"{found.member.parameters} parameters, input {rows} × {columns} × {channels}. Stated by whoever took it: "
        f"films brought to size by {wish.fit}, values {wish.values}; classes in the order of its outputs: "
        f"{', '.join(one for one, _title in wish.classes)}; without suspicion: {wish.normal}.",
        "",
        f"Its OpenVINO form gives the Keras file's probabilities within {LIMIT} on {_FILMS} simulated films.",
        "", "## Gate", "",
        "Novelty is not asked: it needs films that it was trained on. Facts and looks of a film still are.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _difference(
    model: Any, found: Matched, bundle: Bundle, steps: tuple[Step, ...], films: list[NDArray[np.uint16]]
) -> float:
    """How far a probability of the bundle's OpenVINO graph is from the Keras file's own, at most."""
    fitted = np.stack([fit(Settled(film, np.eye(3)), steps).pixels for film in films])
    theirs = probabilities(np.asarray(model.predict_on_batch(fitted)), found.ends)
    engine = on_cpu(bundle, "openvino")
    try:
        ours = softmax(engine.run(bundle.members[0].name, fitted).logits)
    finally:
        engine.close()
    return float(np.abs(theirs - ours).max())
