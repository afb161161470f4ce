"""A paper carried out again: which trainings, what they may learn from, and what the report says of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cli.main import run as command
from core.errors import RunRefused
from core.progress import Stop
from core.training import recipes
from core.training.material import Material
from core.training.outcome import Fold, outcome
from core.training.papers import chain, reproducing, reproduction
from core.training.papers.chain import shared
from core.training.papers.published import paper
from core.training.papers.reproducing import Deadline, Reproduction, plans, reproduce
from core.training.papers.scaled import Scale
from core.training.run import Task
from core.training.splitting import Part
from tests.films import write_png
from tests.labelled_films import drawn

SMALL = Scale(side=32, by_image=True, folds=2, epochs=1)
LOOKS = {"normal": "normal", "bacterial": "bright", "covid": "dark", "viral": "dark"}


def write_labels(folder: Path) -> tuple[Path, Path]:
    """A target list and a source list that share two thirds of the normals and half of the bacterial films.

    Two films a patient.
    """
    rows: dict[str, list[tuple[str, str, str, str]]] = {label: [] for label in LOOKS}
    for number, label in enumerate(["normal", "bacterial", "covid", "viral"] * 24 + ["normal"] * 16):
        write_png(folder / f"{number:03d}.png", drawn(number, LOOKS[label]))
        source = "web" if label == "covid" else "children"
        rows[label].append((f"{number:03d}.png", label, f"p-{label}-{len(rows[label]) // 2}", source))
    _table(folder / "target.csv", [*rows["normal"][:24], *rows["bacterial"][:12], *rows["covid"]])
    _table(folder / "source.csv", [*rows["normal"], *rows["bacterial"], *rows["viral"]])
    return folder / "target.csv", folder / "source.csv"


def _table(path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("path", "label", "patient", "source"))
        table.writerows(rows)


class Trainings:
    """Stands in for the training of one network: remembers what it was given and answers mostly right."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Path, set[str], set[str]]] = []

    def __call__(self, task: Task, part: Part, folder: Path, number: int, *_report: Any, **_more: Any) -> Fold:
        films = task.material.cohort.sha256s
        taught = np.concatenate([part.train, part.validation])
        self.done.append((task.recipe.name, folder, set(films[taught].tolist()), set(films[part.test].tolist())))
        truth = task.material.truth[part.test]
        logits = np.random.default_rng(number).normal(0, 1, (len(truth), len(task.material.classes)))
        logits[np.arange(len(truth)), truth] += 1.5
        row = {"phase": "train", "epoch": 1, "loss": 1.0, "accuracy": 0.5, "validation_loss": None,
               "validation_accuracy": None, "rate": 0.1, "seconds": 1.0}  # fmt: skip
        return Fold(part, logits.astype(np.float32), (row, {**row, "epoch": 2, "loss": 0.5}), 1.5, "CPU")


@pytest.fixture(scope="module")
def carried_out(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Reproduction, Path, Trainings, dict[str, Any]]]:
    """Paper C with stand-in trainings: found, its folder, what was trained, report.json."""
    folder = tmp_path_factory.mktemp("c")
    target, source = write_labels(folder)
    trainings = Trainings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.training.run.trained", trainings)
        patch.setattr("core.training.papers.chain.trained", trainings)
        for place in ("run", "papers.chain"):
            patch.setattr(f"core.training.{place}.outcome", partial(outcome, replicates=50))
        found = reproduce(
            "c",
            folder / "run",
            data=target,
            source_data=source,
            names=("c-model-1", "c-model-2"),
            scale=SMALL,
            leaky=True,
        )
        told = reproduction.write(found, folder / "run", replicates=50)
    yield found, folder / "run", trainings, told


def test_every_network_of_a_paper_is_planned_both_ways_sources_first() -> None:
    wanted, left_out = plans("e")
    assert (len(wanted), left_out) == (16, [])
    assert {plan.unit for plan in wanted} == {"group", "image"}
    wanted, _left_out = plans("c", names=("c-model-2",), leaky=True)
    assert [plan.name for plan in wanted] == [
        "c-model-0-by-group", "c-model-2-by-group", "c-model-2-by-image", "c-model-2-by-group-leaky",
    ]  # fmt: skip
    assert [plan.data for plan in wanted] == ["source", "target", "target", "target"]


def test_networks_beyond_the_machine_are_left_out_unless_they_are_named() -> None:
    wanted, left_out = plans("d", Scale())
    assert {plan.published.network.backbone for plan in wanted} == {"alexnet-3x3"}
    assert len(left_out) == 4
    assert all("beyond 20 minutes" in ran.why for ran in left_out)
    named, left_out = plans("d", Scale(), ("d-resnet-data-a",))
    assert ([plan.published.name for plan in named], left_out) == (["d-resnet-data-a"], [])
    assert named[0].data == "source"


def test_a_name_of_another_paper_is_refused() -> None:
    with pytest.raises(RunRefused, match=r"a-vgg of paper a.*nearest is a-vgg19"):
        plans("a", names=("a-vgg",))


def test_recipes_that_scale_to_the_same_are_run_once() -> None:
    wanted, _left_out = plans("b", Scale(by_image=True))
    bare = {plan.name: reproducing._bare(plan) for plan in wanted}
    assert bare["b-inceptionv3-by-group"] == bare["b-densenet201-by-group"]
    assert bare["b-inceptionv3-by-group"] != bare["b-resnet101v2-by-group"]
    assert bare["b-inceptionv3-by-group"] != bare["b-inceptionv3-by-image"]


def test_a_deadline_asks_to_stop_and_so_does_the_user() -> None:
    stop = Stop()
    assert Deadline(0, stop).asked
    waiting = Deadline(None, stop)
    assert not waiting.asked
    stop.ask()
    assert waiting.asked
    assert not waiting.passed


@pytest.mark.parametrize("key", "abcde")
def test_without_films_the_paper_and_its_arithmetic_are_told(key: str, tmp_path: Path, capsys: Any) -> None:
    assert command("none:none", ["reproduce", key, "-o", str(tmp_path / "run"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["data"] == {}
    assert {check["id"] for check in told["checks"]} == {ask["id"] for ask in paper(key).checks}
    page = (tmp_path / "run" / "report.md").read_text("utf-8")
    assert "nothing is measured" in page
    assert all(str(row["published"][0]) in page for table in told["tables"] for row in table["rows"])


def test_a_source_network_never_learns_from_what_judges_its_successor(carried_out: Any) -> None:
    _found, _folder, trainings, _told = carried_out
    patients = {"two of a patient": 0}
    for name, folder, _taught, test in trainings.done:
        if name != "c-model-2" or "leaky" in str(folder):
            continue
        source = folder.parent / f"source-{folder.name}"
        (own,) = [taught for other, place, taught, _test in trainings.done if (other, place) == ("c-model-0", source)]
        assert not own & test
        patients["two of a patient"] += 1
    assert patients["two of a patient"] == 4  # two folds by patient, two by image


def test_the_leaky_variant_is_marked_and_did_see_them(carried_out: Any) -> None:
    _found, _folder, trainings, told = carried_out
    (taught,) = [taught for name, place, taught, _test in trainings.done
                 if name == "c-model-0" and "leaky" in str(place)]  # fmt: skip
    tests = [test for name, place, _taught, test in trainings.done if name == "c-model-2" and "leaky" in str(place)]
    assert taught & set.union(*tests)
    (row,) = [row for row in told["tables"][0]["rows"] if row["key"] == "Model_2"]
    assert [(run["unit"], run["leaky"]) for run in row["measured"]] == [
        ("group", False), ("image", False), ("group", True),
    ]  # fmt: skip
    assert any("saw the test films" in one["words"] for one in told["comparisons"])


def test_measured_figures_stand_in_the_papers_own_columns(carried_out: Any) -> None:
    found, _folder, _trainings, told = carried_out
    rows = {row["key"]: row for row in told["tables"][0]["rows"]}
    (by_group,) = [ran for ran in found.runs if ran.plan.name == "c-model-1-by-group"]
    _model, precision, _recall, accuracy, _f1 = rows["Model_1"]["measured"][0]["cells"]
    assert by_group.outcome is not None
    matrix = np.array(by_group.outcome.evidence["confusion"])
    assert accuracy["value"] == pytest.approx(100 * np.trace(matrix) / matrix.sum())
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert precision["value"] == pytest.approx(100 * np.mean(np.diag(matrix) / matrix.sum(axis=0)))
    assert rows["Model_3"]["measured"] == []
    assert rows["Model_1"]["flags"][3] == ["C2"]
    assert [line["name"] for line in told["tables"][0]["baselines"]] == [
        "majority", "thumbnail", "hog", "file-facts", "source",
    ]  # fmt: skip


def test_a_table_whose_figures_are_not_of_one_matrix_is_not_made(carried_out: Any) -> None:
    found, _folder, _trainings, _told = carried_out
    outcome = found.runs[1].outcome
    assert outcome is not None
    wrong = {**outcome.evidence, "positive": {"classes": ["covid19"]}, "confusion": [[5, 0, 0], [0, 5, 0], [0, 0, 5]]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "figures_of", lambda *_all: {"accuracy": 0.93, "positive/accuracy": 0.86})
        stand_in = type(outcome)(
            outcome.recipe, outcome.classes, outcome.folds, outcome.table, outcome.logits, outcome.numbers, wrong
        )
        with pytest.raises(ValueError, match="in two"):
            reproduction.measured(paper("c").tables[0], ("Model_1",), stand_in)


def test_the_scale_stands_in_every_title_and_the_films_beside_the_papers(carried_out: Any) -> None:
    _found, folder, _trainings, told = carried_out
    page = (folder / "report.md").read_text("utf-8")
    titles = [
        line for line in page.splitlines() if line.startswith(("## Figures given", "## Compared", "## Runs", "###"))
    ]
    assert len(titles) >= 8
    assert all("scaled: 32²" in title for title in titles)
    classes = {one["name"]: one for one in told["data"]["target"]["classes"]}
    assert (classes["covid19"]["published"], classes["covid19"]["films"]) == (456, 24)
    assert classes["covid19"]["sources"] == {"web": 24}
    assert told["data"]["source"]["films"] == 88
    assert "10 epochs instead" not in page
    assert any("instead of 500" in line for line in told["changes"]["c-model-1"])


def test_matrices_by_source_and_pictures_are_there(carried_out: Any) -> None:
    _found, folder, _trainings, told = carried_out
    (run,) = [run for run in told["runs"] if run["name"] == "c-model-1-by-group"]
    sources = run["source_matrix"]
    assert sources["sources"] == ["children", "web"]
    assert sum(map(sum, sources["matrix"])) == run["films"]
    assert len(told["figures"]) == 8
    assert all((folder / one["file"]).read_bytes().startswith(b"\x89PNG") for one in told["figures"])
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert [run["done"] for run in report["runs"]] == [True] * 6


def test_a_run_goes_on_only_as_what_it_was(carried_out: Any) -> None:
    _found, folder, _trainings, _told = carried_out
    with pytest.raises(RunRefused, match="--resume"):
        reproduce("c", folder)
    with pytest.raises(RunRefused, match="scale"):
        reproduce("c", folder, resume=True)
    with pytest.raises(RunRefused, match="paper"):
        reproduce("a", folder, resume=True)


def test_a_chain_without_its_source_films_says_what_it_needs(carried_out: Any, tmp_path: Path) -> None:
    _found, folder, _trainings, _told = carried_out
    found = reproduce("c", tmp_path / "run", data=folder.parent / "target.csv", names=("c-model-2",), scale=SMALL)
    assert [ran.why for ran in found.runs] == ["It needs the films of the source task: --source-data LABELS."] * 3


def test_shared_films_are_found_by_bytes_patient_and_looks(carried_out: Any) -> None:
    found, _folder, _trainings, _told = carried_out
    target, source = found.target, found.source
    assert isinstance(target, Material)
    assert isinstance(source, Material)
    mask = shared(source, target)
    labels = np.array(source.labels)
    assert mask[labels == "normal"].sum() == 24
    assert mask[labels == "bacterial_pneumonia"].sum() == 12
    assert not mask[labels == "viral_pneumonia"].any()
    one = shared(source, target, np.array([0]))
    assert [source.cohort.patients[place] for place in np.flatnonzero(one)] == ["p-normal-0"] * 2
    assert not shared(source, target, np.array([], np.int64)).any()


def test_a_source_that_loses_a_class_is_refused(carried_out: Any, tmp_path: Path) -> None:
    found, _folder, _trainings, _told = carried_out
    lost = chain.part_of(found.source, np.array(found.source.labels) != "viral_pneumonia")
    recipe = next(ran.plan.recipe for ran in found.runs if ran.plan.name == "c-model-2-by-group")
    source = chain.Source(recipes.read("c-model-0"), lost)
    with pytest.raises(RunRefused, match="viral_pneumonia"):
        chain.run_chain(recipe, found.target, source, tmp_path / "run")


def test_a_chain_hands_real_weights_on(carried_out: Any, tmp_path: Path) -> None:
    found, _folder, _trainings, _told = carried_out
    small: dict[str, Any] = {
        "name": "small", "title": "Small", "input": {"rows": 32, "columns": 32, "range": "0..1"},
        "network": {"backbone": "mobilenetv2", "width": 0.25, "cut": "stem", "start": "random"},
        "phases": [{"epochs": 1}], "protocol": {"kind": "k-fold", "folds": 2, "validation": 0.2},
    }  # fmt: skip
    first = recipes.checked(small)
    phases = [{"trainable": "last-dense", "epochs": 1}]
    network = {**small["network"], "start": "recipe:c-model-0"}
    recipe = recipes.checked({**small, "network": network, "phases": phases})
    outcome = chain.run_chain(recipe, found.target, chain.Source(first, found.source), tmp_path / "run", leaky=True)
    assert outcome is not None
    assert len(outcome.table) == 60
    notes = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert "36 of which share films or patients" in notes["start"]["words"]
    assert (tmp_path / "run" / "folds" / "source" / "member.weights.h5").is_file()
    again = chain.run_chain(
        recipe, found.target, chain.Source(first, found.source), tmp_path / "run", leaky=True, resume=True
    )
    assert again is not None
    assert (again.logits == outcome.logits).all()
