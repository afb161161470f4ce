"""`evaluate`: how good a bundle is on labelled images, beside the shortcuts."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from core.cli.output import words, write_json
from core.errors import RunRefused, UsageRefused
from core.inference.engines.choose import DEVICES, ENGINES

HELP = """How good a bundle is on labelled images: figures with 95 % intervals over patients, by source and by group of
patients, within one source, and beside what needs no lungs at all. Films that the bundle or its ancestors saw are
left out. A shortcut that does as well as the bundle must be acknowledged.

LABELS is a folder with one sub-folder a class, or a CSV with at least path,label (optional patient, group, source,
split, view, age, sex). With a column split only the films of its test split are judged.

example: python main.py evaluate adult-covid ~/films/labels.csv --acknowledge shortcut-source="single-source classes"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", help="a bundle's name, folder or .hilum file")
    parser.add_argument("labels", metavar="LABELS", help="folder with one sub-folder a class, or a CSV")
    parser.add_argument(
        "--acknowledge",
        metavar='CODE="reason"',
        action="append",
        default=[],
        help="go on in spite of a finding, for a reason that is kept; may be repeated",
    )
    parser.add_argument("--engine", choices=ENGINES, default="auto")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(options: argparse.Namespace) -> int:
    """0 when every finding is acknowledged; refuses "not-acknowledged" after the figures were shown."""
    acknowledged = _acknowledged(options.acknowledge)
    found = _evaluated(options, acknowledged)
    if options.json:
        write_json(found)
    else:
        _show(found, words())
    open_codes = [finding["code"] for finding in found["findings"] if finding["code"] not in acknowledged]
    if open_codes:
        what = f"The bundle is hardly better than what needs no lungs ({', '.join(open_codes)})."
        raise RunRefused("not-acknowledged", what=what, code=open_codes[0])
    return 0


def _acknowledged(given: list[str]) -> dict[str, str]:
    found = {}
    for each in given:
        code, _, why = each.partition("=")
        if not code.strip() or not why.strip():
            raise UsageRefused("option-unusable", what=f'--acknowledge is CODE="reason", got {each}.')
        found[code.strip()] = why.strip()
    return found


def _evaluated(options: argparse.Namespace, acknowledged: Mapping[str, str]) -> dict[str, Any]:
    """The one object that `--json` prints."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from core.cohort.labels import read_labels
    from core.evidence.evaluate import report
    from core.evidence.judging import judged
    from core.evidence.openings import opened as note_opening
    from core.inference import shelf
    from core.inference.assessing import Assessor

    bundle = shelf.chosen(options.bundle)
    labels = read_labels(options.labels, bundle.classes)
    assessor = Assessor(bundle, options.engine, options.device)
    columns = (TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=words(), transient=True) as bar:
            task = bar.add_task("", total=None)
            answer = judged(
                assessor,
                labels,
                lambda progress: bar.update(task, completed=progress.done, total=progress.total),
            )
    finally:
        assessor.engine.close()
    if not len(answer.table):
        why = ", ".join(f"{count} {name}" for name, count in answer.left_out.items() if count)
        raise RunRefused("nothing-to-judge", what=options.labels, why=why)
    openings = note_opening(answer.set_digest, bundle.digest, acknowledged)
    return {
        "bundle": {"name": bundle.name, "version": bundle.version, "digest": bundle.digest},
        "engine": assessor.engine.name,
        "device": assessor.engine.device,
        "precision": assessor.engine.precision,
        "labels": str(options.labels),
        "classes": list(bundle.classes),
        "left_out": dict(answer.left_out),
        "refused_by_class": dict(answer.refused_by_class),
        "test_set": {
            "digest": answer.set_digest,
            "locked": answer.locked,
            "openings": openings.count,
            "bundles": openings.bundles,
        },
        **report(answer.table),
        "acknowledged": dict(acknowledged),
    }


def _show(found: Mapping[str, Any], out: Console) -> None:
    bundle, by_class = found["bundle"], ", ".join(f"{count} {name}" for name, count in found["by_class"].items())
    out.print(
        f"{bundle['name']} {bundle['version']} on {found['films']} films of {found['patients']} patients: {by_class}"
    )
    for why, count in found["left_out"].items():
        if count:
            out.print(f"left out, {_WHY[why]}: {count}")
    if found["small"]:
        out.print(found["small"])
    out.print(_headline(found))
    if found["within_source"]:
        out.print(_within(found["within_source"]))
    out.print(_shortcuts(found))
    times = found["test_set"]["openings"]
    out.print(f"These films were opened for an evaluation {times} {'time' if times == 1 else 'times'} on this PC.")
    for finding in found["findings"]:
        why = found["acknowledged"].get(finding["code"])
        out.print(f"{finding['code']}: {finding['text']}" + (f" Acknowledged: {why}" if why else ""))


_WHY = {
    "other-label": "their label is no class of the bundle",
    "not-in-test-split": "not in the test split",
    "seen": "the bundle or its ancestors saw them",
    "refused": "they cannot be read",
    "failed": "they could not be reached or took too long",
    "gate": "the gate refuses them",
}


def _headline(found: Mapping[str, Any]) -> Table:
    table = Table("", "all", *found["classes"], title="95 % intervals over patients")
    figures = found["figures"]
    against_rest = [_figure(figures[f"accuracy/{name}"]) for name in found["classes"]]
    table.add_row("accuracy (of a class: against the rest)", _figure(figures["accuracy"]), *against_rest)
    for metric in ("sensitivity", "specificity", "precision", "f1", "auroc", "pr_area", "brier"):
        own = [_figure(figures[f"{metric}/{name}"]) for name in found["classes"]]
        table.add_row(metric, _figure(figures[f"{metric}/macro"]), *own)
    return table


def _within(rows: list[dict[str, Any]]) -> Table:
    table = Table("source", "classes", "films", "AUROC", "thumbnail", "HOG", "file facts", title="Within one source")
    for row in rows:
        table.add_row(
            row["source"],
            " / ".join(row["classes"]),
            str(row["films"]),
            *(_figure(row[key]) for key in ("auroc", "thumbnail/auroc", "hog/auroc", "file-facts/auroc")),
        )
    return table


def _shortcuts(found: Mapping[str, Any]) -> Table:
    table = Table("", "accuracy", "mean AUROC", "the bundle is better by", title="What needs no lungs")
    majority = found["baselines"]["majority"]
    table.add_row(f"always {majority['class']}", _figure(majority["accuracy"]), "0.500", "")
    for name, figures in found["baselines"].items():
        if name != "majority":
            table.add_row(name, *(_figure(figures[key]) for key in ("accuracy", "auroc/macro", "better_by")))
    return table


def _figure(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return "–"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.2f}–{figure['high']:.2f})"
