"""`train` from labelled films to a bundle that opens like the shipped one, through interruption and trouble."""

from __future__ import annotations

import csv
import errno
import io
import json
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from filelock import FileLock

from core.cli.main import run
from core.inference.bundles import Bundle, load
from core.places import SAMPLES
from tests import offline, small_training, trains
from tests.faults import FailAt

pytest.importorskip("tensorflow", reason="training needs Keras, which is not installed")


@dataclass(frozen=True)
class Runs:
    """Runs of the same recipe on the same films: one killed and resumed, one undisturbed, one that got a Ctrl-C.

    told: what their processes said, on stdout and on stderr.
    """

    recipe: Path
    labels: Path
    resumed: Path
    undisturbed: Path
    interrupted: Path
    told: list[CompletedProcess[str]] = field(default_factory=list)

    @property
    def bundle(self) -> Bundle:
        return load(self.undisturbed / "bundle")

    def arguments(self, folder: Path) -> list[object]:
        return [self.recipe, "--data", self.labels, "-o", folder]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("trainings")
    labels = small_training.write_labels(folder / "films", 36)
    (folder / "films" / "words.png").write_text("not an image", "utf-8")
    with open(labels, "a", encoding="utf-8") as file:
        file.write("words.png,normal,patient-90,here\n")
    made = Runs(
        small_training.write_recipe(folder), labels, *(folder / name for name in ("resumed", "undisturbed", "stopped"))
    )
    # All in two processes: TensorFlow takes seconds to start. Step 17 is in the second epoch of the second part.
    killed = trains.start(
        folder, "interrupt", 1, *made.arguments(made.interrupted), "--", "kill", 17, *made.arguments(made.resumed)
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (made.resumed / "folds" / "fold-1" / "fold.json").exists()
    assert not (made.resumed / "folds" / "fold-2" / "fold.json").exists()
    both = trains.start(
        folder, "run", *made.arguments(made.resumed), "--resume", "--", "run", *made.arguments(made.undisturbed)
    )
    assert both.returncode == 0, both.stderr
    made.told.extend((killed, both))
    return made


def _train(*words: object) -> int:
    return run("nowhere:nothing", ["train", *map(str, words)])


def _report(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "report.json").read_text("utf-8"))
    found.pop("milliseconds_a_film")
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_a_run_killed_in_the_middle_and_resumed_ends_as_an_undisturbed_one(runs: Runs) -> None:
    assert _report(runs.resumed) == _report(runs.undisturbed)
    for name in ("predictions.csv", "splits.csv", "recipe.toml"):
        assert (runs.resumed / name).read_bytes() == (runs.undisturbed / name).read_bytes()
    one, other = load(runs.resumed / "bundle"), runs.bundle
    (mine,), (theirs,) = one.members, other.members
    assert mine.files.graph_weights.sha256 == theirs.files.graph_weights.sha256


def test_every_film_is_judged_once_beside_what_needs_no_lungs(runs: Runs) -> None:
    found = _report(runs.undisturbed)
    assert found["films"] == 36 and found["by_class"] == {"bright": 18, "normal": 18}
    assert [fold["name"] for fold in found["folds"]] == ["fold-1", "fold-2"]
    assert sum(sum(map(sum, fold["confusion"])) for fold in found["folds"]) == 36
    assert set(found["baselines"]) == {"majority", "thumbnail", "hog", "file-facts", "source"}
    assert found["baselines"]["thumbnail"]["accuracy"]["value"] > 0.9  # light and dark is what these films differ in
    assert found["over_folds"]["unit"] == "share"
    rows = _rows(runs.undisturbed / "predictions.csv")
    assert len({row["film"] for row in rows}) == 36
    assert [one["code"] for one in found["unread"]] == ["not-an-image"]
    text = (runs.undisturbed / "report.md").read_text("utf-8")
    assert "words.png: This is not an image file." in text
    assert "rows: true class, columns: called class" in text


def test_a_run_folder_tells_what_it_was_made_of_and_keeps_no_checkpoint(runs: Runs) -> None:
    notes = json.loads((runs.undisturbed / "run.json").read_text("utf-8"))
    assert notes["start"]["words"] == "random weights"
    assert {"hilum", "python", "keras", "numpy"} <= set(notes["versions"])
    assert notes["machine"]["cores"] >= 1
    assert notes["bundle"]["digest"] == runs.bundle.digest
    curves = _rows(runs.undisturbed / "folds" / "fold-2" / "curves.csv")
    assert [row["phase"] for row in curves] == ["first", "first", "second"]
    left = [path.name for path in (runs.undisturbed / "folds").rglob("*") if path.suffix in (".h5", ".npz")]
    assert set(left) == {"predictions.npz"}


def test_the_bundle_opens_like_the_shipped_one(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    film = SAMPLES / "07-normal.png"
    assert run("nowhere:nothing", ["assess", str(film), "--bundle", str(runs.undisturbed / "bundle"), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["status"] == "assessed" and set(row["probabilities"]) == {"bright", "normal"}
    assert row["suspicion"] == pytest.approx(row["probabilities"]["bright"])
    assert run("nowhere:nothing", ["bundle", "verify", str(runs.undisturbed / "bundle")]) == 0


def test_a_small_set_sets_no_threshold_and_the_card_says_so(runs: Runs) -> None:
    description = runs.bundle.description
    assert (description.temperature, description.operating_points[0].threshold) == (1.0, 0.5)
    card = runs.bundle.card
    assert "No temperature and no operating point were adopted: under 100 films or 30 patients" in card
    assert "16 × 16 thumbnail, SVM" in card
    assert "words.png" not in card
    assert description.class_mix["test"] == {"bright": 18, "normal": 18}
    assert all(figure.low <= figure.value <= figure.high for figure in description.figures)


def test_films_of_the_training_are_known_again_by_its_bundle(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = str(runs.undisturbed / "bundle")
    assert run("nowhere:nothing", ["evaluate", bundle, str(runs.labels)]) == 1
    assert "36 seen" in capsys.readouterr().err.replace("\n", " ")


def test_a_finished_run_is_left_as_it_is(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert _train(*runs.arguments(runs.undisturbed)) == 1
    assert "exists already; add --resume" in capsys.readouterr().err
    digest = runs.bundle.digest
    assert _train(*runs.arguments(runs.undisturbed), "--resume", "--json") == 0
    assert json.loads(capsys.readouterr().out)["bundle"]["digest"] == digest


def test_another_recipe_other_films_or_another_start_is_another_run(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(*runs.arguments(runs.undisturbed), "--resume", "--set", "phases.2.rate=0.5") == 1
    assert "phases.2.rate = 0.001, not 0.5; start a new one" in capsys.readouterr().err
    fewer = shutil.copytree(runs.labels.parent, tmp_path / "films")
    lines = (fewer / "labels.csv").read_text("utf-8").splitlines()
    (fewer / "labels.csv").write_text("\n".join([*lines[:-2], ""]), "utf-8")
    assert _train(runs.recipe, "--data", fewer / "labels.csv", "-o", runs.undisturbed, "--resume") == 1
    assert "36 films or labels of other content, not these 35" in capsys.readouterr().err.replace("\n", " ")


def test_two_processes_never_work_on_one_run(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    with FileLock(runs.undisturbed / "run.lock"):
        assert _train(*runs.arguments(runs.undisturbed), "--resume") == 1
    assert "Another process works on the run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("setting", "code", "sentence"),
    [
        ("protocol.folds=12", 1, "no film of the class"),
        ("phases.1.rat=3", 1, "rate"),
        ("nothing.of.this=3", 2, "the recipe has no nothing.of.this"),
        ("phases", 2, "--set is KEY=VALUE"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, setting: str, code: int, sentence: str
) -> None:
    assert _train(*runs.arguments(tmp_path / "run"), "--set", setting) == code
    told = capsys.readouterr().err
    assert sentence in told.replace("\n", " ") and "Traceback" not in told


def test_a_loss_that_is_no_number_is_one_sentence(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.stretch.Stretch.step", lambda *_: (float("nan"), 0.0))
    assert _train(*runs.arguments(tmp_path / "run")) == 1
    assert "The loss of the phase first became no number in epoch 1" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence_and_what_was_done_is_kept(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(runs.undisturbed, tmp_path / "run", ignore=shutil.ignore_patterns("fold-2", "bundle"))
    fault = FailAt(2, errno.ENOSPC)
    monkeypatch.setattr("core.training.checkpoint.np.savez", fault.around(lambda *_, **__: None))
    monkeypatch.setattr("core.training.checkpoint.read", lambda _path: None)
    assert _train(*runs.arguments(folder), "--resume") == 1
    assert "There is no space left on" in capsys.readouterr().err
    assert (folder / "folds" / "fold-1" / "fold.json").exists()
    assert list((folder / "folds" / "fold-2").rglob("*.part")) == []


def test_ctrl_c_stops_between_two_steps_and_leaves_a_run_to_go_on_with(runs: Runs) -> None:
    stopped = runs.told[0]
    assert stopped.stdout.splitlines()[-1] == "exit 130", stopped.stderr
    assert "Go on with: train" in stopped.stderr.replace("\n", " ")
    assert (runs.interrupted / "folds" / "fold-1" / "fit" / "checkpoint.npz").exists()
    assert not (runs.interrupted / "folds" / "fold-1" / "fold.json").exists()


@pytest.mark.skipif(not offline.is_possible(), reason="the filter is for Linux")
def test_a_training_from_films_to_a_bundle_needs_no_internet(runs: Runs) -> None:
    assert [done.stdout.splitlines()[0] for done in runs.told] == [trains.NO_INTERNET] * 2
    assert runs.told[1].stdout.splitlines()[1:] == ["exit 0", "exit 0"]


def test_a_published_split_by_image_stands_beside_its_twin_and_begins_with_an_earlier_run(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = small_training.write_recipe(
        tmp_path, paper="a", classes=[{"name": "normal"}, {"name": "light", "labels": ["bright"]}], positive=["light"],
        phases=[{"name": "only", "epochs": 1, "batch": 10}],
        protocol={"kind": "single-with-validation", "unit": "image", "test": 0.3, "validation": 0.2},
    )  # fmt: skip
    folder = tmp_path / "run"
    assert _train(recipe, "--data", runs.labels, "-o", folder, "--start", runs.undisturbed, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["protocol"]["unit"] == "group"  # whose figures the bundle has
    assert found["start"]["words"].startswith("small ") and found["start"]["digest"] == runs.bundle.digest
    # The earlier run saw all of these films, and so did this one: nobody is told that the figures are clean.
    assert any("The start weights saw" in warning and "flatter" in warning for warning in found["warnings"])
    published = json.loads((folder / "report.json").read_text("utf-8"))
    assert published["protocol"]["unit"] == "image"
    assert any("on both sides" in warning for warning in published["warnings"])
    assert published["with_groups_together"]["compared"]["films"] > 0
    assert "kept together" in (folder / "report.md").read_text("utf-8")
    bundle = load(folder / "bundle")
    assert bundle.classes == ("normal", "light")
    assert "Start weights: small" in bundle.description.licence
    assert sum(bundle.description.class_mix["training"].values()) < 30  # the network that was judged, not another one
