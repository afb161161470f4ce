"""Would films of a hospital that the gate has never seen pass? The last table of docs/gate.md.

    python tools/measure_novelty.py [--bundle B]

Needs ../shared/data. Each source of adult-cxr in turn is left out when novelty is learnt again, from the features of
the bundle's own members; the share of its films that passes and of other pictures that is refused are printed. The
members themselves have seen films of every source, so a new hospital may still do worse.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.errors import ImageFailed, ImageRefused  # noqa: E402
from core.evidence.intervals import wilson  # noqa: E402
from core.imaging.film import film_of  # noqa: E402
from core.imaging.prepare import Settled, fit  # noqa: E402
from core.imaging.reading import open_radiograph  # noqa: E402
from core.imaging.sources import ImageRef  # noqa: E402
from core.inference.bundles import Bundle  # noqa: E402
from core.inference.engines.base import Engine  # noqa: E402
from core.inference.engines.choose import opened  # noqa: E402
from core.inference.novelty import learnt, score, spoiled  # noqa: E402
from core.inference.shelf import chosen  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
NAMES = ROOT / "tests" / "core" / "inference" / "gate_names.csv"
_SPOILED_EVERY = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", help="a bundle; the one in use when left out")
    options = parser.parse_args()
    bundle = chosen(options.bundle)
    engine = opened(bundle, use="folder")
    with open(DATA / "adult-cxr" / "images.csv", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if not line["label"].startswith("other:")]
    films = list(_settled(DATA / "adult-cxr" / line["path"] for line in lines))
    sources = np.array([line["source"] for line in lines])
    with open(NAMES, encoding="utf-8") as file:
        halves = {line["path"]: line["half"] for line in csv.DictReader(file)}
    others = {half: list(_settled(_pictures(halves, half))) for half in ("tune", "judge")}
    others["tune"] += [picture for film in films[::_SPOILED_EVERY] for picture in spoiled(film)]

    known = _features(bundle, engine, films)
    other = {half: _features(bundle, engine, pictures) for half, pictures in others.items()}
    print(f"{bundle.name} {bundle.version}, digest {bundle.digest[:12]}\n")
    print("| source left out | its films that pass | other pictures refused by novelty |")
    print("|---|---|---|")
    for source in np.unique(sources):
        rest = sources != source
        novelty = learnt({name: values[rest] for name, values in known.items()}, other["tune"],
                         groups=sources[rest].tolist())  # fmt: skip
        own = score(novelty, {name: values[~rest] for name, values in known.items()}) <= novelty.threshold
        refused = score(novelty, other["judge"]) > novelty.threshold
        print(f"| {source} | {_words(own)} | {_words(refused)} |")
    return 0


def _pictures(halves: dict[str, str], half: str) -> Iterator[Path]:
    return (DATA / "mixed-not-chest" / name for name, side in halves.items() if side == half)


def _settled(paths: Iterator[Path]) -> Iterator[Settled]:
    """The pictures that can be opened at all; the reader refuses the others before novelty sees them."""
    for path in paths:
        try:
            yield film_of(open_radiograph(ImageRef(str(path), None, 1, str(path.parent)))).settled
        except (ImageRefused, ImageFailed):
            continue


def _features(bundle: Bundle, engine: Engine, films: Sequence[Settled]) -> dict[str, NDArray[np.float32]]:
    return {
        member.name: np.concatenate(
            [engine.run(member.name, fit(film, bundle.input(member).steps).pixels[None]).features for film in films]
        )
        for member in bundle.members
    }


def _words(hits: NDArray[np.bool_]) -> str:
    low, high = wilson(int(hits.sum()), len(hits))
    return f"{hits.sum()} of {len(hits)}, {hits.mean():.1%} ({low:.1%}–{high:.1%})"


if __name__ == "__main__":
    raise SystemExit(main())
