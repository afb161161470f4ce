"""Every member of a bundle tuned on the same parts, and what becomes of a training that somebody had enough of."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cohort.labels import Labels
from core.inference.bundles import Bundle, load
from core.progress import Stop
from core.training import recipes, several
from core.training.answers import read_answers
from core.training.folder import RunFolder
from core.training.material import labels_for
from core.training.outcome import Fold, outcome
from core.training.recipe import Network, Phase, Protocol, Recipe
from core.training.run import Task, through_protocol
from core.training.splitting import Part
from core.training.starting import lineage_in
from core.training.train import train
from core.training.watching import Epoch, Stage, Watch
from tests import small_training
from tests.core.training.small import drawn_material

pytest.importorskip("tensorflow", reason="training needs Keras, which is not installed")

CLASSES = ("normal", "bright", "dark")
# One step an epoch: a rest of another size would be traced once more.
CHANGES: dict[str, Any] = {
    "positive": [], "network": {"backbone": "small-cnn", "start": "bundle"}, "augmentation": {},
    "phases": [{"name": "only", "epochs": 2, "batch": 32, "rate": 0.001, "keep": "best-loss", "norms": "frozen"}],
    "protocol": {"kind": "single-with-validation", "test": 0.3, "validation": 0.3},
}  # fmt: skip


class Told:
    """What a training tells. enough: says so behind that epoch."""

    def __init__(self, enough: int = 0) -> None:
        self.stages: list[Stage] = []
        self.epochs: list[Epoch] = []
        self.stop = Stop()
        self._enough = enough
        self.watch = Watch(self.stages.append, self._epoch)

    def _epoch(self, row: Epoch) -> None:
        self.epochs.append(row)
        if len(self.epochs) == self._enough:
            self.watch.enough.ask()
            self.stop.ask()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, Labels]:
    folder = tmp_path_factory.mktemp("several")
    place = small_training.write_labels(folder / "films", 36, CLASSES)
    recipe = recipes.read(small_training.write_recipe(folder, **CHANGES))
    labels = labels_for(recipe, place)
    # Test films of the labels: a small set keeps its single split then.
    films = [replace(film, split="test" if number >= 24 else "") for number, film in enumerate(labels.films)]
    return recipe, replace(labels, films=tuple(films))


@pytest.fixture(scope="module")
def tuned(
    asked: tuple[Recipe, Labels], small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Told]:
    folder, told = tmp_path_factory.mktemp("tuned") / "run", Told()
    assert train(*asked, folder, start=small_bundle, watch=told.watch, acknowledged={"one-source": "All from here."})
    return folder, told


def test_the_new_bundle_has_every_member_of_the_start_with_its_own_input(
    tuned: tuple[Path, Told], small_bundle: Bundle
) -> None:
    bundle = load(tuned[0] / "bundle")
    assert bundle.digest != small_bundle.digest
    assert bundle.classes == small_bundle.classes  # in its order
    assert bundle.description.suspicion == small_bundle.description.suspicion
    for mine, theirs in zip(bundle.members, small_bundle.members, strict=True):
        assert (mine.name, mine.weight) == (theirs.name, pytest.approx(theirs.weight))
        assert bundle.input(mine) == small_bundle.input(theirs)
        assert mine.files.weights.sha256 != theirs.files.weights.sha256
    assert "3 members: stretched, efficientnet-lite0" in bundle.card
    assert "one-source: All from here." in bundle.card
    before = lineage_in(small_bundle)
    assert before is not None and len(lineage_in(bundle).exact) == 24 + len(before.exact)  # type: ignore[union-attr]


def test_a_small_set_keeps_temperature_operating_point_and_rule_of_the_start(
    tuned: tuple[Path, Told], small_bundle: Bundle
) -> None:
    new, old = load(tuned[0] / "bundle").description, small_bundle.description
    assert (new.temperature, new.operating_points[0].threshold) == (old.temperature, old.operating_points[0].threshold)
    assert new.abstention == old.abstention


def test_every_member_is_told_of_epoch_by_epoch_on_one_split(tuned: tuple[Path, Told]) -> None:
    folder, told = tuned
    assert [(row.name, row.member, row.epoch) for row in told.epochs] == [
        (name, number, epoch) for number, name in enumerate(("stretched", "boxed", "random"), 1) for epoch in (1, 2)
    ]
    assert [stage.kind for stage in told.stages][:2] == ["reading", "training"]
    assert told.stages[-1].kind == "judging"
    assert {(stage.member, stage.members, stage.part, stage.parts) for stage in told.stages if stage.member} == {
        (member, 3, 1, 1) for member in (1, 2, 3)
    }
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert report["films"] == 12 and report["start"]["members"] == ["stretched", "boxed", "random"]
    answers = read_answers(folder / "answers.npz")
    assert answers.numbers.tolist() == list(range(24, 36))
    assert len(answers.picking) and not set(answers.picking.tolist()) & set(answers.numbers.tolist())
    assert answers.probabilities.sum(axis=1) == pytest.approx(np.ones(12))
    assert not list(folder.rglob("member.weights.h5"))


def test_who_has_enough_gets_the_best_so_far_of_all_members(
    asked: tuple[Recipe, Labels], small_bundle: Bundle, tmp_path: Path
) -> None:
    told = Told(enough=3)
    assert train(*asked, tmp_path / "run", start=small_bundle, watch=told.watch, stop=told.stop)
    bundle = load(tmp_path / "run" / "bundle")
    assert [member.name for member in bundle.members] == ["stretched", "boxed", "random"]
    # The last one had not begun: it is the start's.
    first, _second, third = (
        mine.files.weights.sha256 == theirs.files.weights.sha256
        for mine, theirs in zip(bundle.members, small_bundle.members, strict=True)
    )
    assert not first and len(told.epochs) == 3
    graph = [one.files.graph_weights.sha256 for one in (bundle.members[2], small_bundle.members[2])]
    assert graph[0] == graph[1] or third


def test_a_member_that_never_saw_a_new_class_is_left_out(
    asked: tuple[Recipe, Labels], small_bundle: Bundle, tmp_path: Path
) -> None:
    recipe, labels = asked
    films = tuple(replace(film, label="dim" if film.label == "dark" else film.label) for film in labels.films)
    other = replace(labels, films=films, classes=("bright", "dim", "normal"))
    told = Told(enough=4)
    assert train(recipe, other, tmp_path / "run", start=small_bundle, watch=told.watch, stop=told.stop)
    bundle = load(tmp_path / "run" / "bundle")
    assert bundle.classes == ("normal", "bright", "dim") and bundle.description.suspicion == ("bright", "dim")
    assert [(member.name, round(member.weight, 3)) for member in bundle.members] == [
        ("stretched", 0.625), ("boxed", 0.375),
    ]  # fmt: skip
    assert bundle.description.operating_points[0].name == "undecided"


def test_a_recipe_with_a_network_of_its_own_trains_that_one(small_bundle: Bundle, tmp_path: Path) -> None:
    recipe = recipes.read(small_training.write_recipe(tmp_path))
    begin = several.begins(recipe, None, None)
    assert not several.is_several(begin) and begin.words == "random weights"
    every = several.begins(recipes.read("site-fine-tune"), small_bundle, None)
    assert several.is_several(every) and every.words == "small 1.0.0, all 3 members"


def test_who_has_enough_in_a_later_fold_keeps_what_the_first_fold_trained(
    tmp_path: Path, small_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, trainings = Watch(), []

    def trained(task: Task, part: Part, folder: Path, *_more: Any, **_options: Any) -> Fold | None:
        trainings.append((part.name, task.name, folder.relative_to(tmp_path / "run").as_posix()))
        if len(trainings) == 5:
            watch.enough.ask()
            return None
        draw = np.random.default_rng(len(trainings))
        row = {"phase": "only", "epoch": 1, "loss": 1.0, "accuracy": 0.5, "validation_loss": 1.0,
               "validation_accuracy": 0.5, "rate": 0.1, "seconds": 1.0}  # fmt: skip
        return Fold(part, draw.normal(0, 1, (len(part.test), 3)).astype(np.float32), (row,), 1.0, "CPU")

    monkeypatch.setattr("core.training.run.trained", trained)
    monkeypatch.setattr("core.training.run.outcome", partial(outcome, replicates=20))
    recipe = Recipe(name="k", title="K", network=Network("small-cnn", start="bundle"), phases=(Phase(),),
                    protocol=Protocol(kind="k-fold", folds=3))  # fmt: skip
    begin = several.begins(recipe, small_bundle, None)
    tasks = several.tasks_of(
        recipe, drawn_material(tmp_path, 36), begin, report=lambda _: None, stop=Stop(), watch=watch
    )  # fmt: skip
    with RunFolder(tmp_path / "run") as run:
        found = through_protocol(run, tasks, begin, keep=True)
        assert found is not None and [fold.part.name for fold in found.folds] == ["fold-1"]
        assert "enough" in run.notes
    assert [one[:2] for one in trainings[:4]] == [
        ("fold-1", "stretched"), ("fold-1", "boxed"), ("fold-1", "random"), ("fold-2", "stretched"),
    ]  # fmt: skip
    assert trainings[0][2] == "folds/fold-1/stretched"
