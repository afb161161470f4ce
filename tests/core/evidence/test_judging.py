"""A bundle is judged on films that it has never seen; whatever is left out is counted."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.cohort.hashes import perceptual_hash
from core.cohort.labels import read_labels
from core.cohort.lineage import lineage_of
from core.evidence.judging import LINEAGE, Judged, judged
from core.imaging.prepare import settle
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from core.inference.assessing import Assessor
from core.inference.bundles import Bundle, load
from core.progress import Progress
from tests import labelled_films


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return labelled_films.make(tmp_path_factory.mktemp("labelled"))


def _judged(bundle: Bundle, labels: Path, progress: list[Progress] | None = None) -> Judged:
    # The drawn films have no lungs to be found, and the gate would say so.
    assessor = Assessor(bundle, "openvino", "cpu", lungs=None)
    try:
        return judged(assessor, read_labels(labels, bundle.classes), (progress if progress is not None else []).append)
    finally:
        assessor.close()


def test_every_film_is_judged_in_the_order_of_the_labels_and_the_rest_is_counted(
    small_bundle: Bundle, labelled: Path
) -> None:
    progress: list[Progress] = []
    found = _judged(small_bundle, labelled, progress)
    table = found.table
    assert [name[:2] for name in table.names] == [f"{number:02d}" for number in range(18)]
    assert (table.truth == np.arange(18) % 3).all()
    assert {why: count for why, count in found.left_out.items() if count} == {"other-label": 1, "refused": 1}
    assert not found.locked
    # Its members were set by hand to see what is bright and what is dark.
    assert table.probabilities[table.truth == 1, 1].min() > table.probabilities[table.truth == 2, 1].max()
    assert (table.suspicious, table.threshold) == (("bright", "dark"), 0.5)
    assert table.features["thumbnail"].shape == (18, 256)
    assert table.features["file-facts"].shape == (18, 7)
    assert len(set(table.groups)) == 9
    assert progress[-1].done == 19


def test_films_that_the_bundle_or_its_ancestors_saw_are_left_out(
    small_bundle: Bundle, labelled: Path, tmp_path: Path
) -> None:
    # One as the same file, one as the same film in another file.
    files = [labelled.parent / "01.png", labelled.parent / "05.png"]
    films = [settle(open_radiograph(ImageRef(str(file), None, 1, str(file)))).pixels for file in files]
    exact = [hashlib.sha256(files[0].read_bytes()).hexdigest(), "00" * 32]
    lineage = lineage_of(exact, np.array([perceptual_hash(film) for film in films]))
    folder = tmp_path / "bundle"
    shutil.copytree(small_bundle.folder, folder)
    np.savez(folder / LINEAGE, **lineage.arrays())
    description = json.loads((folder / "bundle.json").read_text("utf-8"))
    description["files"][LINEAGE] = hashlib.sha256((folder / LINEAGE).read_bytes()).hexdigest()
    (folder / "bundle.json").write_text(json.dumps(description), "utf-8")

    found = _judged(load(folder), labelled)
    assert {"01.png", "05.png"}.isdisjoint(found.table.names)
    assert (found.left_out["seen"], len(found.table)) == (2, 16)


@pytest.fixture(scope="module")
def split(labelled: Path) -> Path:
    """The same labels with a test split of every second patient."""
    lines = labelled.read_text("utf-8").splitlines()
    head, rows = lines[0] + ",split", []
    for line in lines[1:]:
        number = int(line.split(",")[2].removeprefix("patient-"))
        rows.append(f"{line},{'test' if number % 2 else 'train'}")
    place = labelled.with_name("split.csv")
    place.write_text("\n".join([head, *rows]), "utf-8")
    return place


def test_where_the_labels_name_a_test_split_nothing_else_is_opened(small_bundle: Bundle, split: Path) -> None:
    found = _judged(small_bundle, split)
    assert found.locked
    assert len(found.table) == 8
    assert found.left_out["not-in-test-split"] == 11
    assert set(found.table.groups) == {"patient-1", "patient-3", "patient-5", "patient-7"}
