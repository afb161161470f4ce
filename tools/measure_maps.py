"""How often a map's peak lies inside a simulated opacity: the figures of docs/maps.md.

    python tools/measure_maps.py [--bundle B] [--count N]

Simulated films only: their opacities are exact and of kinds that no network was trained on. Beside the map of the
class that fits the opacity stand the map of the other finding, a blob at the middle of the picture, the share of the
picture that the opacity covers (what a random point would hit), and the same networks with the weights of their
heads shuffled (Adebayo et al. 2018: a map that does not change then says nothing of what was learnt).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.evidence.intervals import wilson  # noqa: E402
from core.imaging.film import film_of  # noqa: E402
from core.imaging.geometry import moved  # noqa: E402
from core.imaging.phantom import OPACITIES, Opacity, Phantom, simulate  # noqa: E402
from core.imaging.phantom.pictures import as_png  # noqa: E402
from core.imaging.prepare import Settled, fit  # noqa: E402
from core.imaging.reading import open_radiograph  # noqa: E402
from core.imaging.sources import ImageRef  # noqa: E402
from core.inference import ensemble, heatmap  # noqa: E402
from core.inference.bundles import Bundle  # noqa: E402
from core.inference.engines.base import Output  # noqa: E402
from core.inference.shelf import chosen  # noqa: E402

FIRST_SEED = 5000
# An effusion is neither; pneumonia is the nearer of the two.
FITS: dict[Opacity, str] = {"consolidation": "pneumonia", "ground-glass": "covid", "effusion": "pneumonia"}
OTHER = {"pneumonia": "covid", "covid": "pneumonia"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", help="a bundle; the one in use when left out")
    parser.add_argument("--count", type=int, default=60, help="films of each kind")
    options = parser.parse_args()
    bundle = chosen(options.bundle)
    trained, shuffled = _networks(bundle, shuffle=False), _networks(bundle, shuffle=True)
    print(f"{bundle.name} {bundle.version}, digest {bundle.digest[:12]}; {options.count} films of each kind\n")
    print("| opacity | class | its map | other finding | shuffled heads | centred blob | opacity's share |")
    print("|---|---|---|---|---|---|---|")
    for kind in OPACITIES:
        hits: Counter[str] = Counter()
        shares = []
        for seed in range(FIRST_SEED, FIRST_SEED + options.count):
            film = simulate(seed, kind, 512)
            settled = _settled(film)
            maps, mixed = _maps(bundle, trained, settled), _maps(bundle, shuffled, settled)
            hits["its map"] += _is_hit(film, maps, FITS[kind])
            hits["other finding"] += _is_hit(film, maps, OTHER[FITS[kind]])
            hits["shuffled heads"] += _is_hit(film, mixed, FITS[kind])
            hits["centred blob"] += bool(film.opacity_mask[256, 256])
            shares.append(film.opacity_mask.mean())
        columns = ("its map", "other finding", "shuffled heads", "centred blob")
        cells = [_words(hits[name], options.count) for name in columns]
        print(f"| {kind} | {FITS[kind]} | {' | '.join(cells)} | {np.mean(shares):.0%} |", flush=True)
    return 0


def _networks(bundle: Bundle, *, shuffle: bool) -> dict[str, Any]:
    """The members in Keras; with the rows of the head's last kernel in another order when `shuffle`."""
    from core.networks.members import build

    networks = {}
    draw = np.random.default_rng(0)
    for member in bundle.members:
        built = build(member.architecture)
        built.model.load_weights(str(bundle.path(member.files.weights.path)))
        if shuffle:
            last = built.head[-1]
            kernel, *bias = last.get_weights()
            last.set_weights([draw.permutation(kernel, axis=0), *bias])
        networks[member.name] = built.with_maps
    return networks


def _settled(film: Phantom) -> Settled:
    """The film as any PNG comes in: through a file and the reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.png"
        path.write_bytes(as_png(film.pixels, 16))
        return film_of(open_radiograph(ImageRef(str(path), None, 1, folder))).settled


def _maps(bundle: Bundle, networks: dict[str, Any], settled: Settled) -> Any:
    fitted = {member.name: fit(settled, bundle.input(member).steps) for member in bundle.members}
    outputs = {}
    for name, one in fitted.items():
        given = {key: np.asarray(value) for key, value in networks[name](one.pixels[None]).items()}
        outputs[name] = Output(given["logits"], given["features"], given["maps"])
    weights = [member.weight for member in bundle.members]
    suspicious = [bundle.classes.index(name) for name in bundle.description.suspicion]
    logits = np.stack([output.logits[0] for output in outputs.values()])
    opinion = ensemble.joined(logits, weights, bundle.description.temperature, suspicious)
    return heatmap.combined(
        heatmap.of_members(bundle, fitted, outputs),
        opinion,
        settled,
        weights=weights,
        classes=bundle.classes,
        map_scale=bundle.map_scale,
    )


def _is_hit(film: Phantom, maps: Any, name: str) -> bool:
    """Whether the highest cell of a class's map has its centre inside the opacity."""
    values: NDArray[np.float32] = maps.values[maps.classes.index(name)]
    cell = np.array(np.unravel_index(int(values.argmax()), values.shape), np.float64)[None] + 0.5
    row, column = np.floor(moved(maps.grid_to_stored, cell)[0]).astype(int)
    return bool(film.opacity_mask[row, column])


def _words(hits: int, count: int) -> str:
    low, high = wilson(hits, count)
    return f"{hits} of {count} ({low:.0%}–{high:.0%})"


if __name__ == "__main__":
    raise SystemExit(main())
