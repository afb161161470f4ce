"""What the models page is told, and what it may change: the shelf, weights, comparisons, calibration."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from core.cohort.lineage import read_lineage
from core.errors import BundleRefused
from core.inference import shelf
from core.inference.bundles import Bundle
from core.models.desk import Desk
from core.models.shelving import told
from core.models.state import Calibrated, Compared, Films
from core.training.bundling import remade
from tests.core.models.conftest import Run


def test_the_shelf_tells_of_every_bundle_and_of_what_is_wrong_with_one(shipped: Path, small_bundle: Bundle) -> None:
    row = shelf.imported(small_bundle.folder)
    assert row.digest == small_bundle.digest
    (only,) = told().bundles
    assert (only.name, only.in_use, only.shipped, only.knows_films) == ("small", True, True, True)
    assert only.classes == {"normal": "Normal", "bright": "Bright", "dark": "Dark"}
    assert [(one.name, one.backbone, one.weight) for one in only.members] == [
        ("stretched", "efficientnet-lite0", 0.5),
        ("boxed", "efficientnet-lite0", 0.3),
        ("random", "mobilenetv2", 0.2),
    ]
    assert only.card.startswith("# A small bundle")
    (shipped / "card.md").write_text("other", "utf-8")
    (spoiled,) = told().bundles
    assert spoiled.problem is not None
    assert (spoiled.problem.code, spoiled.key) == ("bundle-file-changed", shelf.DEFAULT)


def test_promotion_and_rollback_say_who_and_a_bundle_comes_back_from_the_trash(
    desk: Desk, small_bundle: Bundle, tmp_path: Path
) -> None:
    other = remade(small_bundle, tmp_path / "other", version="2.0.0")
    shelf.imported(other.folder)
    after = desk.promote(other.digest, "A. R.")
    assert [row.version for row in after.bundles if row.in_use] == ["2.0.0"]
    assert (after.log[0].who, after.log[0].action, after.can_go_back) == ("A. R.", "promote", True)
    after = desk.rollback("B. C.")
    assert (after.log[0].who, after.log[0].action, after.can_go_back) == ("B. C.", "rollback", False)
    place = shelf.remove(other.digest)
    assert len(told().bundles) == 1
    assert len(desk.restore(str(place)).bundles) == 2
    with pytest.raises(BundleRefused, match="There is no bundle at"):
        desk.restore(str(tmp_path))


def test_labels_are_told_with_the_class_that_each_one_is(desk: Desk, labels: Path, small_bundle: Bundle) -> None:
    rows = desk.labels(str(labels), small_bundle.digest)
    assert [(row.label, row.films, row.to) for row in rows] == [
        ("bright", 6, "bright"),
        ("dark", 7, "dark"),
        ("normal", 6, "normal"),
        ("other:fracture", 1, None),
    ]


def test_other_weights_are_scored_and_become_a_bundle_of_the_sites_own(
    desk: Desk, run: Run, labels: Path, small_bundle: Bundle
) -> None:
    task = run("weigh", small_bundle.digest, str(labels), {})
    assert isinstance(task.result, Films)
    assert (task.result.films, task.result.patients) == (18, 9)
    assert task.result.left_out == {"other-label": 1, "refused": 1}
    assert task.progress is not None
    assert task.progress.done == 19
    own = desk.score((0.5, 0.3, 0.2))
    assert own.better_by.value == pytest.approx(0)
    random = desk.score((0, 0, 1))
    assert random.weights == pytest.approx((0.01, 0.01, 0.98))
    assert own.log_loss.value is not None
    assert random.log_loss.value is not None
    # The random member knows nothing, and is nearly alone.
    assert random.log_loss.value > own.log_loss.value

    made = run("reweight", (0.6, 0.3, 0.1), "small-site")
    assert made.error is None
    bundle = shelf.chosen(made.result)
    assert (bundle.name, bundle.version) == ("small-site", "1")
    assert [member.weight for member in bundle.members] == pytest.approx([0.6, 0.3, 0.1])
    assert bundle.digest != small_bundle.digest
    assert bundle.card.startswith("# small-site\n\n## Reweighted")
    assert not bundle.description.operating_points[0].figures
    assert {figure.source for figure in bundle.description.figures} == {
        "films of this site on which the weights were chosen"
    }
    # They have chosen the weights: nobody may judge it by them.
    assert len(read_lineage(bundle.path("lineage.npz")).exact) == 18
    assert run("reweight", (0.6, 0.3, 0.2), "small-site").error is None
    assert shelf.chosen("small-site").version == "2"
    assert run("reweight", (1, 1, 1), "../out").error.code == "bundle-name"  # type: ignore[union-attr]


def test_two_bundles_are_compared_on_films_that_neither_has_seen(run: Run, labels: Path, small_bundle: Bundle) -> None:
    run("weigh", small_bundle.digest, str(labels), {"dark": "", "other:fracture": "normal"})
    made = run("reweight", (0.1, 0.1, 0.8), "random").result
    result = run("compare", small_bundle.digest, made, str(labels), {}).result
    # The twelve films that chose the weights, and the other one, are left out.
    assert isinstance(result, Compared)
    assert result.films.left_out["seen"] == 12
    assert result.films.films == 6
    assert result.sentence.startswith("Too few images to tell.")
    assert (result.first, result.second) == ("small 1.0.0", "random 1")


def test_only_bundles_of_the_same_classes_are_compared(
    run: Run, labels: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    classes = [{**one, "name": "light"} if one["name"] == "bright" else one for one in small_bundle.raw["classes"]]
    scale = {"normal": 1.0, "light": 2.0, "dark": 2.0}
    other = remade(
        small_bundle, tmp_path / "other", version="3", classes=classes, map_scale=scale, suspicion=["light", "dark"],
        class_mix={},
    )  # fmt: skip
    shelf.imported(other.folder)
    task = run("compare", small_bundle.digest, other.digest, str(labels), {})
    assert (task.phase, task.error and task.error.code) == ("failed", "classes-differ")


def test_films_of_a_test_split_choose_nothing_and_judge_alone(
    run: Run, labels: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    with open(labels, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = tmp_path / "split.csv"
    with open(table, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("path", "label", "patient", "split"))
        for row in rows:
            split = "test" if row["patient"] < "patient-3" else "train"
            out.writerow((labels.parent / row["path"], row["label"], row["patient"], split))
    chosen = run("weigh", small_bundle.digest, str(table), {}).result
    assert (chosen.films, chosen.left_out["test-split"]) == (12, 6)
    judged = run("compare", small_bundle.digest, small_bundle.digest, str(table), {}).result
    assert (judged.films.films, judged.openings) == (6, 2)


def test_too_few_films_show_their_reliability_and_set_nothing(run: Run, labels: Path, small_bundle: Bundle) -> None:
    found = run("calibrate", small_bundle.digest, str(labels), {}).result
    assert isinstance(found, Calibrated)
    assert found.why_not is not None
    assert found.why_not.startswith("Fewer than 100 films and 30 patients in a class (normal: 6 films of 6 patients")
    assert sum(one.films for one in found.before.curves["suspicion"]) == 18
    task = run("adopt", "specificity", 0.9, "small-here")
    assert (task.phase, task.error and task.error.code) == ("failed", "too-few-to-calibrate")
    assert len(told().bundles) == 1


def test_a_temperature_that_other_patients_gave_and_a_point_become_a_bundle(
    desk: Desk, run: Run, many: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    sure = shelf.imported(remade(small_bundle, tmp_path / "sure", version="2", temperature=0.1).folder)
    found = run("calibrate", sure.digest, str(many), {}).result
    assert isinstance(found, Calibrated)
    assert found.why_not is None
    # It is far too sure of itself.
    assert found.own_temperature == 0.1
    assert found.better_by.low is not None
    assert found.better_by.low > 0
    assert found.after.log_loss.value is not None
    assert found.before.log_loss.value is not None
    assert found.after.log_loss.value < found.before.log_loss.value
    assert sum(one.films for one in found.after.curves["bright"]) == found.films.films
    point = desk.point("specificity", 0.8)
    assert point.specificity.value is not None
    assert point.specificity.value >= 0.8
    bundle = shelf.chosen(run("adopt", "specificity", 0.8, "small-here").result)
    assert bundle.description.temperature == pytest.approx(found.temperature)
    (own,) = bundle.description.operating_points
    assert (own.name, own.threshold) == ("specificity-80", point.threshold)
    assert {figure.name for figure in own.figures} == {"specificity", "sensitivity"}
    assert bundle.description.class_mix["validation"] == dict(found.films.by_class)
    assert "## Calibrated at this site" in bundle.card


def test_films_without_patients_are_told_to_be_so(run: Run, many: Path, small_bundle: Bundle) -> None:
    films = run("weigh", small_bundle.digest, str(many), {}).result
    assert films.films == films.patients
    assert films.warning.startswith("The labels name no patients")


def test_one_thing_at_a_time_and_it_can_be_stopped(desk: Desk, run: Run, many: Path, small_bundle: Bundle) -> None:
    number = desk.begin("calibrate", small_bundle.digest, str(many), {})
    with pytest.raises(BundleRefused, match="films are being judged"):
        desk.begin("verify", small_bundle.digest)
    desk.stop()
    desk.close(60)
    assert desk.look(number).phase == "stopped"
    verified = run("verify", small_bundle.digest).result
    assert {proof.engine for proof in verified.proofs} == {"openvino", "keras"}
    with pytest.raises(BundleRefused, match="judged again"):
        desk.score((1, 1, 1))
