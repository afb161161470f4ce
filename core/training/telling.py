"""What a run came to, in words: report.md for people, report.json for programs, from the same numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.evidence.comparison import compared
from core.files import write_whole
from core.inference.ensemble import softmax
from core.training.folder import RunFolder
from core.training.material import Material
from core.training.outcome import Outcome

_PER_CLASS = ("accuracy", "sensitivity", "specificity", "precision", "f1", "auroc", "pr_area", "brier")
BASELINES = {
    "thumbnail": "16 × 16 thumbnail, SVM",
    "hog": "HOG, SVM",
    "file-facts": "facts of the file, SVM",
    "source": "name of the source",
}


def write_report(run: RunFolder, found: Outcome, material: Material) -> None:
    """Write RUN/report.md, RUN/report.json and RUN/predictions.csv."""
    told = {
        "recipe": found.recipe.name,
        "title": found.recipe.title,
        "classes": list(found.classes),
        "data": material.digest,
        "seed": found.recipe.seed,
        "start": run.notes["start"],
        "warnings": list(warnings(found, material)),
        "left_out": dict(material.left_out),
        "unread": [
            {"path": str(one.path), "code": one.reason.code, "text": one.reason.text} for one in material.unread
        ],
        **found.evidence,
    }
    write_whole(run.path / "report.json", json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False))
    write_whole(run.path / "predictions.csv", _predictions(found))
    write_whole(run.path / "report.md", "\n".join(_lines(told, material)) + "\n")


def write_beside(run: RunFolder, published: Outcome, together: Outcome) -> None:
    """Add to the report of a split by image what the same recipe comes to with groups kept together."""
    paired = compared(together.table, published.table)
    path = run.path / "report.json"
    told = {**json.loads(path.read_text("utf-8")), "with_groups_together": {**together.evidence, "compared": paired}}
    write_whole(path, json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False))
    lines = [
        "",
        "## The same with patients and near duplicates kept together",
        "",
        f"| what | split by image, as published | kept together | by image is better by, on {paired['films']} films |",
        "|---|---|---|---|",
    ]
    for name in ("accuracy", "balanced_accuracy", "f1/macro", "auroc/macro"):
        cells = [figure(one.evidence["figures"][name]) for one in (published, together)]
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} | {figure(paired['difference'].get(name))} |")
    page = run.path / "report.md"
    write_whole(page, page.read_text("utf-8") + "\n".join(lines) + "\n")


def warnings(found: Outcome, material: Material) -> Iterator[str]:
    """What whoever reads the figures must know."""
    yield from material.warnings
    saw = found.evidence["start_saw"]
    if saw["of_these_judged"]:
        yield (
            f"The start weights saw {saw['of_these_judged']} of the {found.evidence['films']} films that judge here: "
            "these figures flatter."
        )
    elif saw["films"]:
        yield f"{saw['films']} films that the start weights saw judge nothing here."
    if found.recipe.protocol.unit == "image":
        yield "Films of one patient may be on both sides of this split; the same with patients kept together is better."
    majority = found.evidence["baselines"]["majority"]
    if (found.evidence["figures"]["accuracy"]["value"] or 0) <= (majority["accuracy"]["value"] or 0):
        yield f"The network is not better than always answering {majority['class']}."
    yield from (one["text"].replace("the bundle", "the network") for one in found.evidence["findings"])


def baseline_lines(evidence: Mapping[str, Any], classes: Sequence[str]) -> list[str]:
    """A Markdown table of the network beside what needs no lungs, on the same folds."""
    lines = ["| what | accuracy | balanced accuracy | macro AUROC | network better by |", "|---|---|---|---|---|"]
    own, majority = evidence["figures"], evidence["baselines"]["majority"]
    lines.append(
        f"| **network** | {figure(own['accuracy'])} | {figure(own['balanced_accuracy'])} | "
        f"{figure(own['auroc/macro'])} | |"
    )
    chance = 1 / len(classes)
    lines.append(f"| always {majority['class']} | {figure(majority['accuracy'])} | {chance:.3f} | 0.500 | |")
    for name, words in BASELINES.items():
        if (row := evidence["baselines"].get(name)) is not None:
            cells = [figure(row[key]) for key in ("accuracy", "balanced_accuracy", "auroc/macro", "better_by")]
            lines.append(f"| {words} | {' | '.join(cells)} |")
    return lines


def figure(one: Mapping[str, Any] | None) -> str:
    """A figure with its interval, as text."""
    if not one or one["value"] is None:
        return "–"
    if one["low"] is None:
        return f"{one['value']:.3f}"
    return f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"


def _predictions(found: Outcome) -> str:
    """A line a film: its hash, its group's hash, its class, its fold, and a probability a class."""
    fold = {number: one.part.name for one in found.folds for number in one.part.test.tolist()}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("film", "group", "label", "called", "fold", *found.classes))
    shares = softmax(found.logits)
    for place, number in enumerate(found.numbers.tolist()):
        row = shares[place]
        table.writerow(
            (
                found.table.names[place],
                found.table.groups[place],
                found.classes[int(found.table.truth[place])],
                found.classes[int(row.argmax())],
                fold[number],
                *(f"{share:.6f}" for share in row),
            )
        )
    return text.getvalue()


def _lines(told: Mapping[str, Any], material: Material) -> Iterator[str]:
    classes = told["classes"]
    protocol = told["protocol"]
    yield f"# {told['title']}"
    yield ""
    kinds = {
        "single": "one split", "single-with-validation": "one split with validation", "k-fold": "k-fold",
        "leave-one-source-out": "one source left out at a time",
    }  # fmt: skip
    unit = (
        "patients and near duplicates stay together" if protocol["unit"] == "group" else "split by image, as published"
    )
    counts = ", ".join(f"{count} {name}" for name, count in told["by_class"].items())
    yield (
        f"Recipe {told['recipe']}, start: {told['start']['words']}. Protocol: {kinds[protocol['kind']]}, "
        f"{protocol['folds']} {'training' if protocol['folds'] == 1 else 'trainings'}, {unit}. Judged on "
        f"{told['films']} films of {told['patients']} patients or groups ({counts}), each by a network that had not "
        "trained on it. Intervals are 95 %."
    )
    if told["warnings"]:
        yield from ("", "## To know first", "", *(f"- {one}" for one in told["warnings"]))
    if told["unread"] or told["left_out"]:
        yield from ("", "## Left out", "")
        yield from (f"- {why}: {count}" for why, count in told["left_out"].items())
        yield from (f"- {one['path']}: {one['text']}" for one in told["unread"])
    yield from ("", "## Beside what needs no lungs, on the same folds", "", *baseline_lines(told, classes))
    yield from ("", "## Figures", "", *_figures(told, classes))
    yield from ("", "## Matrix (rows: true class, columns: called class; all folds together)", "")
    yield from _matrix(told["confusion"], classes)
    if len(told["called_by_source"]) > 1:
        yield from ("", "## Called class by true source", "", f"| source | {' | '.join(classes)} |")
        yield f"|---|{'---|' * len(classes)}"
        for source, row in told["called_by_source"].items():
            yield f"| {source} | {' | '.join(str(row[name]) for name in classes)} |"
    if told["within_source"]:
        yield from ("", "## Within one source (AUROC)", "", "| source | classes | films | network | thumbnail | HOG |")
        yield "|---|---|---|---|---|---|"
        for row in told["within_source"]:
            cells = [figure(row.get(key)) for key in ("auroc", "thumbnail/auroc", "hog/auroc")]
            yield f"| {row['source']} | {' / '.join(row['classes'])} | {row['films']} | {' | '.join(cells)} |"
    yield from ("", "## Folds", "", *_folds(told, classes))
    yield from (
        "",
        f"{told['milliseconds_a_film']:.1f} ms a film, from settled pixels to logits, on: {told['device']}.",
    )
    yield from ("", "Research use only; not for diagnosis.")


def _figures(told: Mapping[str, Any], classes: Sequence[str]) -> Iterator[str]:
    own, calibration = told["figures"], told["calibration"]
    yield f"n-class accuracy {figure(own['accuracy'])}; balanced {figure(own['balanced_accuracy'])}; Brier score over"
    yield f"all classes (0 to 2) {figure(own['brier'])}; expected calibration error"
    yield f"{figure(calibration['expected_error'])}."
    yield from (
        "",
        f"| against the rest | {' | '.join(classes)} | macro | pooled |",
        f"|---|{'---|' * (len(classes) + 2)}",
    )
    for name in _PER_CLASS:
        cells = [figure(own[f"{name}/{one}"]) for one in (*classes, "macro")]
        yield f"| {name.replace('_', ' ')} | {' | '.join(cells)} | {figure(own.get(f'{name}/pooled'))} |"
    cells = [figure(calibration[f"slope/{one}"]) for one in classes]
    yield f"| calibration slope | {' | '.join(cells)} | | |"
    positive = told["positive"]
    if positive is not None:
        rows = (f"{name.replace('_', ' ')} {figure(positive[name])}" for name in _PER_CLASS if name in positive)
        yield from ("", f"{' + '.join(positive['classes'])} against the rest, same matrix: {'; '.join(rows)}.")


def _matrix(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Iterator[str]:
    yield f"| true \\ called | {' | '.join(classes)} |"
    yield f"|---|{'---|' * len(classes)}"
    for name, row in zip(classes, matrix, strict=True):
        yield f"| {name} | {' | '.join(map(str, row))} |"


def _folds(told: Mapping[str, Any], classes: Sequence[str]) -> Iterator[str]:
    yield f"| part | films | epochs | accuracy | macro AUROC | matrix (rows true: {', '.join(classes)}) |"
    yield "|---|---|---|---|---|---|"
    for fold in told["folds"]:
        values = ["–" if value is None else f"{value:.3f}" for value in
                  (fold["figures"]["accuracy"], fold["figures"]["auroc/macro"])]  # fmt: skip
        rows = "; ".join(" ".join(map(str, row)) for row in fold["confusion"])
        yield f"| {fold['name']} | {fold['films']} | {fold['epochs']} | {' | '.join(values)} | {rows} |"
    over = told["over_folds"]
    if over["folds"] > 1:
        yield ""
        words = []
        for name in ("accuracy", "balanced_accuracy", "auroc/macro"):
            mean, spread = over[name]["mean"], over[name]["standard_deviation"]
            if mean is not None:
                words.append(
                    f"{name.replace('_', ' ')} {mean:.3f}" + (f" ± {spread:.3f}" if spread is not None else "")
                )
        yield f"Mean ± standard deviation over {over['folds']} folds, as shares of 1: {'; '.join(words)}."
