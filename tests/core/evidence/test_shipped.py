"""What the shipped ensemble promises of films that it did not learn from; the figures are in its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.cohort.cohort import film_mark
from core.cohort.labels import read_labels
from core.cohort.splits import read_places
from core.evidence.asking import Asker
from core.evidence.nuisance import CHANGES, nuisances
from core.files import sha256_of
from core.imaging.prepare import settle
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.inference.bundles import load
from core.inference.engines.choose import opened
from core.inference.lungs import finder_for
from core.places import SHIPPED_BUNDLES

BUNDLE = SHIPPED_BUNDLES / "adult-covid"
_EVERY = 12  # some forty of the validation films


@pytest.mark.skipif(not BUNDLE.exists(), reason="the bundle is not here")
def test_bars_borders_letters_resolution_and_encoding_hardly_move_the_shipped_ensemble(shared_data: Path) -> None:
    bundle = load(BUNDLE)
    labels = read_labels(shared_data / "adult-cxr" / "images.csv", bundle.classes)
    sides = {place.film: place for place in read_places(BUNDLE / "splits.csv")}
    known = [(film, sides.get(film_mark(sha256_of(film.path)))) for film in labels.films]
    chosen = [(film, place) for film, place in known if place is not None and place.split == "validation"][::_EVERY]
    films = [settle(open_radiograph(ImageRef(str(film.path)))).pixels for film, _place in chosen]
    asker = Asker(bundle, opened(bundle, "auto", "cpu", use="folder"), finder_for(bundle, "folder"))
    # One of each kind that is among the strongest; the card has all of them, on three times as many films.
    names = ("black bars on all sides", "5 % cut off the left", "a line of text above and one below",
             "224 pixels and up again", "JPEG of quality 65")  # fmt: skip
    changes = [change for change in CHANGES if change.name in names]
    found = nuisances(films, asker.assess, [place.group for _film, place in chosen], changes=changes)
    moved = {kind: figures["moved"]["value"] for kind, figures in found["kinds"].items()}
    assert len(films) > 30
    assert set(moved) == {"padding", "edge", "text", "resolution", "encoding"}
    assert max(moved.values()) <= found["limit"], moved
    assert np.isfinite(list(moved.values())).all()
