"""The card says what the figures say: an aim that was missed is missed, and what was not measured is not told."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evidence.best_member import against_best
from core.evidence.evaluate import Table, report
from core.evidence.risk_coverage import risk_coverage
from core.training import evidence_words as words
from core.training.evidence_summary import Aims, sections, summary

FILMS = 120
TRUTH = np.arange(FILMS) % 2
CLASSES = ("normal", "covid")


def _figure(value: float, width: float = 0.03) -> dict[str, Any]:
    return {"value": value, "low": value - width, "high": value + width, "method": "percentile"}


def _judged(skill: float = 1.0, best: str | None = "lite0") -> dict[str, Any]:
    draw = np.random.default_rng(0)
    shares = []
    for _member in range(2):
        p = 1 / (1 + np.exp(-(draw.normal(0, 1, FILMS) + skill * (2 * TRUTH - 1))))
        shares.append(np.stack([1 - p, p], 1))
    table = Table(
        CLASSES, TRUTH, (shares[0] + shares[1]) / 2, tuple(f"g{n}" for n in range(FILMS)), ("nih",) * FILMS,
        tuple(f"{n}" for n in range(FILMS)), strata={"sex": ("F", "M", "M") * (FILMS // 3)}, suspicious=("covid",),
        threshold=0.5,
    )  # fmt: skip
    spread = np.abs(shares[0] - shares[1])[:, 0] / 2
    return {
        "report": report(table, 200),
        "members": against_best(table, {"lite0": shares[0], "lite2": shares[1]}, best=best, replicates=200),
        "abstention": risk_coverage(table.truth, table.probabilities, spread, table.groups, max_spread=0.2),
    }


def _apart(within: float) -> dict[str, Any]:
    name = "pneumonia against normal within nih"
    return {
        "within": [{"name": name, "source": "nih", "films": 100, "auroc": _figure(within)}],
        "together": [{"name": "covid against normal, both unseen", "films": 80, "auroc": _figure(0.96)}],
        "pairs": [],
        "point": {
            "specificity": 0.9,
            "rows": [{"left_out": "rsna", "threshold": 0.4, "normal": {"films": 40, "below": _figure(0.80)}}],
            "together": {"normal": {"films": 40, "below": _figure(0.80), "sources": {"rsna": 40}}},
        },
    }


def _nuisance(moved: float) -> dict[str, Any]:
    row = {
        "films": 10, "moved": _figure(moved, 0.01), "worst_film": 0.2, "finding_changed": _figure(0.05),
        "holds": moved <= 0.03, "worst_change": {"name": "JPEG of quality 40", "moved": _figure(moved)},
    }  # fmt: skip
    each = {"kind": "encoding", "name": "JPEG of quality 40", **row}
    return {"limit": 0.03, "films": 10, "kinds": {"encoding": row}, "changes": [each]}


AIMS = Aims(
    within={"pneumonia against normal within nih": 0.82}, unseen={"covid against normal, both unseen": 0.95},
    below={"normal": 0.85},
)  # fmt: skip


def _row(lines: list[str], start: str) -> str:
    [row] = [line for line in lines if line.startswith(f"| {start}")]
    return row


def test_an_aim_is_met_when_its_figure_is_and_only_then() -> None:
    missed = summary({"apart": _apart(0.81), "nuisance": _nuisance(0.031)}, AIMS)
    assert _row(missed, "AUROC, pneumonia against normal within nih").endswith("| at least 0.82 | no |")
    assert _row(missed, "AUROC, covid against normal").endswith("| at least 0.95 | yes |")
    assert _row(missed, "unseen normal films below").endswith("80 % (77–83 %) | at least 85 % | no |")
    assert _row(missed, "change of p").endswith("| at most 0.03 | no |")
    met = summary({"apart": _apart(0.82), "nuisance": _nuisance(0.03)}, AIMS)
    assert _row(met, "AUROC, pneumonia against normal within nih").endswith("| yes |")
    assert _row(met, "change of p").endswith("| yes |")


def test_validation_never_passes_for_the_locked_test() -> None:
    told = summary({"validation": _judged()}, AIMS)
    assert "validation, which chose the constants" in _row(told, "mean AUROC")
    assert not any("locked test" in line for line in told)
    titles = [part.title for part in sections({"validation": _judged()}, AIMS)]
    assert "When it abstains (validation films)" in titles
    assert "Locked test" not in titles


def test_the_locked_test_says_how_often_it_was_opened() -> None:
    parts = {part.title: part.lines for part in sections({"test": {"openings": 2, **_judged()}}, AIMS)}
    assert "opened 2 times" in parts["Locked test"][0]
    assert "Ensemble and members" in parts


def test_what_was_not_measured_is_not_told() -> None:
    assert sections({}, AIMS) == []
    assert [part.title for part in sections({"nuisance": _nuisance(0.01)}, AIMS)] == [
        "In short",
        "What must not matter",
    ]


def test_what_a_thumbnail_reaches_stands_beside_the_ensemble() -> None:
    found = _judged()
    named = words.shortcut_lines(found["report"])
    assert not named  # one source, no thumbnails: nothing to compare with
    better = {"auroc/macro": _figure(0.8), "auroc/covid": _figure(0.7), "better_by": _figure(0.05)}
    found["report"]["baselines"]["thumbnail"] = better
    assert _row(words.shortcut_lines(found["report"]), "a thumbnail").endswith("| +0.050 (+0.020 to +0.080) |")


def test_an_ensemble_that_is_not_better_is_said_not_to_be() -> None:
    found = _judged()["members"] | {"better": None}
    assert "is not shown to be better than its best member, lite0" in words.best_sentence(found)
    assert words.best_sentence(found | {"better": False}).startswith("The ensemble is worse than its best member")
    assert words.best_sentence(found | {"better": True}).startswith("The ensemble is better than its best member")
    assert "the best on validation" in words.best_sentence(found | {"better": True})


def test_a_kind_of_change_that_breaks_the_limit_is_named() -> None:
    assert "move by more than 0.03 on average with JPEG" in words.nuisance_lines(_nuisance(0.05))[0]
    assert "No kind of change" in words.nuisance_lines(_nuisance(0.02))[0]


def test_what_is_left_without_lungs_is_said_plainly() -> None:
    def found(low: float) -> dict[str, Any]:
        figure = {"value": 0.6, "low": low, "high": 0.7, "method": "percentile"}
        one = {"words": "border", "figures": {"auroc/macro": figure, "accuracy": _figure(0.4)}, "within": []}
        return {"films": 10, "left_out": 1, "conditions": {"border-only": one}}

    assert "still tells the classes apart" in words.occlusion_lines(found(0.55))[0]
    assert "nothing is left" in words.occlusion_lines(found(0.45))[0]


def test_maps_that_shuffling_does_not_change_are_not_praised() -> None:
    def found(correlation: float) -> dict[str, Any]:
        names = ("magnitude", "attention", "attention_shuffled", "attention_less_by")
        shuffled = {"shufflings": 3, "films": 60, "correlation": _figure(correlation)}
        return {"attention": {}, "shuffled": shuffled | {name: _figure(0.5) for name in names}}

    assert any("hardly depend on what the heads learnt" in line for line in words.map_lines(found(0.9)))
    assert any(line.startswith("The maps depend on what was learnt") for line in words.map_lines(found(0.1)))


def test_every_table_has_as_many_cells_in_every_row_as_in_its_head() -> None:
    parts = sections({"validation": _judged(), "apart": _apart(0.9), "nuisance": _nuisance(0.01)}, AIMS)
    for part in parts:
        cells = 0
        for line in part.lines:
            assert "None" not in line
            if not line.startswith("|"):
                cells = 0
                continue
            cells = cells or line.count("|")
            assert line.count("|") == cells, (part.title, line)


def test_a_card_of_one_hospital_speaks_of_no_other() -> None:
    one = {"apart": {"within": _apart(0.8)["within"]}, "test": {"openings": 1, **_judged()}}
    one["test"]["report"]["baselines"]["thumbnail"] = {"auroc/macro": _figure(0.8), "better_by": _figure(0.05)}
    parts = {part.title: " ".join(part.lines) for part in sections(one, AIMS)}
    assert "New hospitals" not in parts
    assert "nothing here says how the ensemble does in another" in parts["Within the hospital"]
    assert "knows the file, or the film's outline" in parts["Shortcuts"]
    assert "source" not in parts["In short"]
