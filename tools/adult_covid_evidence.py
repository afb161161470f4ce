"""What is known of the bundle adult-covid: the locked test, out-of-fold figures, a source left out, shortcuts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.cohort.cohort import Cohort
from core.evidence.evaluate import report
from core.evidence.intervals import interval
from core.evidence.metrics import auroc
from core.files import write_whole
from core.inference.description import Figure
from core.inference.ensemble import softmax
from core.networks.members import Member
from core.training.ensembling import joined_logits
from core.training.feed import outputs
from core.training.report import Section, figures_of
from tools.adult_covid_bundle import SAY, table

OUT_OF_FOLD = "linear probes of the two start networks, five group folds of training and validation"
LEFT_OUT = "linear probes of the two start networks, trained without these sources"


@dataclass(frozen=True)
class Evidence:
    figures: list[Figure]
    sections: list[Section]
    openings: int


def evidence(
    cohort: Cohort,
    run: Path,
    members: dict[str, Member],
    steps: dict[str, Any],
    *,
    weights: Sequence[float],
    heat: float,
    threshold: float,
    classes: Sequence[str],
) -> Evidence:
    """Figures for the card. Opens the locked test and counts that in RUN/openings.json."""
    films = cohort.chosen((cohort.labels != "") & np.isin(cohort.splits, ("train", "validation")))
    apart, unseen = _apart(films, run, classes)
    write_whole(run / "out-of-fold.json", json.dumps({"folds": apart, "unseen": unseen}, indent=1))
    test = cohort.part("test")
    openings = _opened(run)
    logits = joined_logits([outputs(members[name].model, test.films, steps[name]) for name in members], weights)
    tested = report(table(test, softmax(logits / heat), classes, threshold))
    write_whole(run / "test.json", json.dumps(tested, indent=1))
    figures = figures_of(tested, "locked test")
    figures += [one for one in figures_of(apart, OUT_OF_FOLD) if one.name.startswith("auroc")]
    figures += [
        Figure(name, one["value"], one["low"], one["high"], LEFT_OUT, one["films"]) for name, one in unseen.items()
    ]
    return Evidence(figures, [_split_words(openings), _shortcuts(tested, apart), _by_source(tested)], openings)


def _apart(films: Cohort, run: Path, classes: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report of the out-of-fold answers, and an AUROC for every set of sources that was left out."""
    with np.load(run / "apart.npz") as stored:
        logits = {name: stored[name] for name in stored.files}
    truth, names = films.targets(classes), list(classes)
    unseen = {}
    for sources, ill, well in UNSEEN:
        ours = np.isin(films.sources, sources.split("+")) & np.isin(films.labels, (ill, well))
        score = logits[sources][:, names.index(ill)] - logits[sources][:, names.index(well)]
        metric = auroc(truth[ours] == names.index(ill), score[ours])
        figure = interval(metric, films.groups[ours])
        unseen[f"auroc {ill} against {well}, {sources} unseen"] = {"films": int(ours.sum()), **figure.as_json()}
    return report(table(films, softmax(logits["folds"]), classes, 0.5)), unseen


# What was left out, and which two classes can be told apart there.
UNSEEN = (
    ("cohen", "covid", "pneumonia"),
    ("bimcv+rsna", "covid", "normal"),
    ("cohen+rsna", "covid", "normal"),
    ("cxnet+rsna", "covid", "normal"),
)


def _opened(run: Path) -> int:
    path = run / "openings.json"
    count = json.loads(path.read_text())["test"] + 1 if path.exists() else 1
    write_whole(path, json.dumps({"test": count}))
    SAY.print(f"the locked test is opened, time {count}")
    return int(count)


def _split_words(openings: int) -> Section:
    times = "once" if openings == 1 else f"{openings} times"
    lines = [
        "Films are split by patient together with near-duplicate films, by a keyed hash of the group (70 % training, "
        "15 % validation, 15 % locked test). adult-other's normals are split together with adult-cxr: 74 patients of "
        "nih are in both.",
        "",
        "rsna, bimcv and 64 films of cxnet have no patient numbers: one patient can stand behind several films. None "
        "of them is in the locked test, nor do they choose weights, temperature or threshold; 85 % train, and 15 % are "
        "held for novelty and map scales, where a patient may be on both sides. rsna comes from the same hospital as "
        "nih: a normal film of rsna in training may show a patient of nih in the test, unrecognised. The films "
        "themselves were compared (256-bit hashes): none is the same. Figures on nih's normals may be slightly too "
        "good for this reason.",
        "",
        f"The locked test was opened {times}.",
    ]
    return Section("Splits", lines)


def _shortcuts(tested: dict[str, Any], apart: dict[str, Any]) -> Section:
    lines = ["Class is nearly source in these films: much of what a network can win here is where a film is from.",
             "", "| on | what | macro AUROC | covid | pneumonia | normal |", "|---|---|---|---|---|---|"]  # fmt: skip
    for name, found in (("locked test", tested), ("out of fold", apart)):
        rows = [("networks", found["figures"])] + [(one, found["baselines"][one]) for one in ("source", "thumbnail")]
        for what, figures in rows:
            cells = [_words(figures.get(f"auroc/{one}")) for one in ("macro", "covid", "pneumonia", "normal")]
            lines.append(f"| {name} | {_WHAT[what]} | {' | '.join(cells)} |")
    lines += ["", "Within one source, where the source cannot help:", "",
              "| on | source | classes | films | networks | thumbnail |", "|---|---|---|---|---|---|"]  # fmt: skip
    for name, found in (("locked test", tested), ("out of fold", apart)):
        for row in found["within_source"]:
            cells = f"{row['source']} | {' / '.join(row['classes'])} | {row['films']}"
            lines.append(f"| {name} | {cells} | {_words(row['auroc'])} | {_words(row['thumbnail/auroc'])} |")
    return Section("Shortcuts", lines)


_WHAT = {"networks": "networks", "source": "name of the source alone", "thumbnail": "16 × 16 thumbnail, SVM"}


def _words(figure: dict[str, Any] | None) -> str:
    if not figure or figure["value"] is None:
        return "–"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _by_source(tested: dict[str, Any]) -> Section:
    lines = ["| source | films | accuracy |", "|---|---|---|"]
    for source, found in tested["by_source"].items():
        lines.append(f"| {source} | {found['films']} | {_words(found['figures'].get('accuracy'))} |")
    referral = tested["referral"]
    lines += ["", f"At the operating point {referral['threshold']:.3f}: specificity {_words(referral['specificity'])}, "
              f"sensitivity {_words(referral['sensitivity'])}.", "",
              "Confusion (rows: truth, columns: called; normal, pneumonia, covid): "
              + "; ".join(" ".join(str(cell) for cell in row) for row in tested["confusion"]) + "."]  # fmt: skip
    return Section("By source, on the locked test", lines)
