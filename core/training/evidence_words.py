"""The parts of an ensemble's evidence in plain words and small tables, for its card (see evidence_summary)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Data = Mapping[str, Any]
KINDS = {
    "padding": "black bars",
    "edge": "the outer 5 %",
    "text": "letters at the border",
    "resolution": "resolution",
    "encoding": "JPEG",
}
_WHERE_UNSEEN = (
    "; where a hospital is called unseen, no film of that hospital. Answers of several such networks are ranked "
    "together."
)
_ONE_HOSPITAL = ", but others of its hospital: nothing here says how the ensemble does in another."
_SHORTCUTS = {
    "source": "the name of the source alone",
    "file-facts": "size, greys, border and bytes of the file",
    "thumbnail": "a thumbnail of 16 × 16 pixels",
    "hog": "edges (HOG)",
}


def number(figure: Data | None, places: int = 2) -> str:
    """A figure with its interval: "0.87 (0.84 to 0.90)"."""
    if not figure or figure["value"] is None:
        return "–"
    value = f"{figure['value']:.{places}f}"
    return value if figure["low"] is None else f"{value} ({figure['low']:.{places}f} to {figure['high']:.{places}f})"


def signed(figure: Data | None, places: int = 3) -> str:
    """A difference with its interval: "+0.010 (-0.004 to +0.024)"."""
    if not figure or figure["value"] is None:
        return "–"
    value = f"{figure['value']:+.{places}f}"
    return value if figure["low"] is None else f"{value} ({figure['low']:+.{places}f} to {figure['high']:+.{places}f})"


def percent(figure: Data | None) -> str:
    """A share with its interval: "91 % (88–94 %)"."""
    if not figure or figure["value"] is None:
        return "–"
    value = f"{100 * figure['value']:.0f} %"
    return value if figure["low"] is None else f"{value} ({100 * figure['low']:.0f}–{100 * figure['high']:.0f} %)"


def several_sources(report: Data) -> bool:
    """Whether the films of a report (core.evidence.evaluate) are of more than one hospital."""
    return len(report["by_source"]) > 1


def apart_lines(found: Data) -> list[str]:
    """Within a source, sources left out, and the operating point carried to them (core.evidence.unseen)."""
    lines = []
    unseen = [*found.get("together", []), *found.get("pairs", [])]
    if rows := [*found.get("within", []), *unseen]:
        lines += [
            "Every film is judged by networks that saw no film of its patient"
            + (_WHERE_UNSEEN if unseen else _ONE_HOSPITAL),
            "",
            *table("comparison | films | AUROC", ((row["name"], row["films"], number(row["auroc"])) for row in rows)),
        ]
    point = found.get("point")
    if point and point["together"]:
        lines += ["", _point_sentence(point), "", "| left out | films | share |", "|---|---|---|"]
        for row in point["rows"]:
            for name, told in row.items():
                if isinstance(told, Mapping):
                    lines.append(f"| {row['left_out']} | {told['films']} {name} | {_side(told)} |")
    return lines


def _point_sentence(point: Data) -> str:
    parts = [
        f"{percent(told.get('below') or told.get('above'))} of the {told['films']} unseen {name} films "
        f"{'stay below' if 'below' in told else 'reach'} it"
        for name, told in point["together"].items()
    ]
    return (
        f"The operating point, picked for a specificity of {100 * point['specificity']:.0f} % on normals of a hospital "
        f"that was seen, carried to hospitals that were not: {'; '.join(parts)}."
    )


def _side(told: Data) -> str:
    side = "below" if "below" in told else "above"
    return f"{percent(told[side])} {side}"


def test_lines(test: Data) -> list[str]:
    """The locked test: headline figures, within a source, calibration."""
    report = test["report"]
    times = "once" if test["openings"] == 1 else f"{test['openings']} times"
    classes = list(report["by_class"])
    lines = [
        f"{report['films']} films of {report['patients']} patients that no network was trained or chosen on; "
        f"opened {times}.",
        "",
        *table(
            "class | films | AUROC | sensitivity | specificity | calibration slope",
            (
                (
                    name, report["by_class"][name], number(report["figures"][f"auroc/{name}"]),
                    percent(report["figures"][f"sensitivity/{name}"]),
                    percent(report["figures"][f"specificity/{name}"]),
                    number(report["calibration"][f"slope/{name}"]),
                )
                for name in classes
            ),
        ),
    ]  # fmt: skip
    if rows := report["within_source"]:
        lines += ["", "Within one source, where the hospital cannot help:", ""]
        lines += table(
            "source | classes | films | AUROC",
            ((row["source"], " / ".join(row["classes"]), row["films"], number(row["auroc"])) for row in rows),
        )
    error = report["calibration"]["expected_error"]
    lines += ["", f"A slope of 1 means that probabilities are right, below 1 that they are too sure of themselves. "
              f"Probabilities are off by {number(error)} on average; chance alone gives some of that."]  # fmt: skip
    return lines


def shortcut_lines(report: Data) -> list[str]:
    """What is reached without looking at a lung, beside the networks (core.evidence.baselines)."""
    shortcuts = {name: words for name, words in _SHORTCUTS.items() if name in report["baselines"]}
    if not shortcuts:
        return []
    classes = list(report["by_class"])

    def cells(words: str, figures: Data, better: str) -> tuple[str, ...]:
        rocs = (number(figures.get(f"auroc/{name}")) for name in classes)
        return words, number(figures["auroc/macro"]), *rocs, better

    rows = [cells("the ensemble", report["figures"], "")]
    for name, words in shortcuts.items():
        figures = report["baselines"][name]
        rows.append(cells(words, figures, signed(figures["better_by"])))
    head = " | ".join(["what", "mean AUROC", *(f"AUROC {name}" for name in classes), "the ensemble is better by"])
    known = "where a film is from" if several_sources(report) else "the file, or the film's outline"
    note = f"What comes close to the ensemble here knows {known}, not what it shows."
    return [note, "", *table(head, rows)]


def abstention_lines(found: Data) -> list[str]:
    """Coverage and risk of the abstention rule (core.evidence.risk_coverage)."""
    lines = []
    rule = found["rule"]
    if rule is None:
        lines.append("This bundle never abstains.")
    elif rule["risk_abstained"]["value"] is None:
        lines.append("The members never disagreed so much that the ensemble abstained.")
    else:
        gain = rule["risk_less_by"]
        lines.append(
            f"It answers {percent(rule['coverage'])} of the films and calls the wrong class in {percent(rule['risk'])} "
            f"of these; of the films that it leaves to the reader it would have been wrong in "
            f"{percent(rule['risk_abstained'])}. {_abstaining(gain)}"
        )
    lines += ["", *table(
        "films answered | wrong, by the members' disagreement | wrong, by the largest probability",
        ((percent(row["coverage"]), percent(row["risk"]), percent(row["risk_by_probability"]))
         for row in found["points"]),
    )]  # fmt: skip
    better = found["area"]["better_than_probability"]
    lines += ["", f"Area under the curve (lower is better) {number(found['area']['spread'], 3)}; by the largest "
              f"probability {number(found['area']['probability'], 3)}. {_ordering(better)}"]  # fmt: skip
    return lines


def _abstaining(gain: Data) -> str:
    if gain["value"] is None:
        return ""
    if gain["low"] is not None and gain["low"] > 0:
        return f"Abstaining spares errors: {100 * gain['value']:.1f} in 100 answered films."
    return "That abstaining spares errors is not shown on these films."


def _ordering(better: Data) -> str:
    if better["value"] is None or better["low"] is None:
        return ""
    if better["low"] > 0:
        return "Disagreement finds errors better than a low probability does."
    if better["high"] < 0:
        return "A low probability finds errors better than disagreement does."
    return "Disagreement and a low probability find errors about equally well."


def member_lines(found: Data) -> list[str]:
    """The ensemble beside its members, and one plain sentence (core.evidence.best_member)."""
    rows = [(name, figures, found["differences"][name]) for name, figures in found["members"].items()]
    own = found["ensemble"]
    return [
        best_sentence(found),
        "",
        *table(
            "network | mean AUROC | accuracy | the ensemble's mean AUROC is better by",
            [
                ("ensemble", number(own["auroc/macro"]), percent(own["accuracy"]), ""),
                *(
                    (name, number(one["auroc/macro"]), percent(one["accuracy"]), signed(gain["auroc/macro"]))
                    for name, one, gain in rows
                ),
            ],
        ),
    ]


def best_sentence(found: Data) -> str:
    """Whether the ensemble is better than its best member, plainly."""
    compared = found["compared"]
    gain = compared["difference"]["auroc/macro"]
    on = f"on {compared['films']} films of {compared['patients']} patients"
    chosen = "the best on these films" if found["chosen_here"] else "the best on validation"
    figures = f"a difference in mean AUROC of {signed(gain)} {on}"
    if found["better"] is True:
        return f"The ensemble is better than its best member, {found['best']} ({chosen}): {figures}."
    if found["better"] is False:
        return f"The ensemble is worse than its best member, {found['best']} ({chosen}): {figures}."
    return (
        f"The ensemble is not shown to be better than its best member, {found['best']} ({chosen}): {figures}, and the "
        "interval holds 0. What it adds is the members' disagreement."
    )


def strata_lines(report: Data) -> list[str]:
    """Every stratum of `report` that is large enough: accuracy, AUROC of each class."""
    lines = []
    classes = list(report["by_class"])
    for kind, values in report["by_group"].items():
        for value, told in values.items():
            figures = told["figures"]
            rocs = " | ".join(number(figures.get(f"auroc/{name}")) for name in classes)
            mix = ", ".join(f"{count} {name}" for name, count in told["by_class"].items() if count)
            lines.append(f"| {kind} {value} | {mix} | {percent(figures.get('accuracy'))} | {rocs} |")
    if not lines:
        return []
    head = ["", "| films | of these | accuracy | " + " | ".join(f"AUROC {name}" for name in classes) + " |"]
    note = "A view, age or size is often that of one source: differences between rows may be differences of sources."
    if not several_sources(report):
        note = "Where few films stand in a row, a difference may be chance."
    return [note, *head, "|" + "---|" * (3 + len(classes)), *lines]


def nuisance_lines(found: Data) -> list[str]:
    """How much probabilities move by what must not matter (core.evidence.nuisance)."""
    told = {name: one for name, one in found["kinds"].items() if one["moved"]}
    broken = [KINDS[name] for name, one in told.items() if not one["holds"]]
    limit = f"{found['limit']:g}"
    verdict = (
        f"Probabilities move by more than {limit} on average with {', '.join(broken)}."
        if broken
        else f"No kind of change moves probabilities by more than {limit} on average."
    )
    rows = (
        (
            KINDS[name], one["films"], number(one["moved"], 3),
            f"{one['worst_change']['name']}: {one['worst_change']['moved']['value']:.3f}",
            percent(one["finding_changed"]), "yes" if one["holds"] else "no",
        )
        for name, one in told.items()
    )  # fmt: skip
    each = (
        (row["name"], row["films"], number(row["moved"], 3), percent(row["finding_changed"]))
        for row in found["changes"]
        if row["moved"]
    )
    return [
        f"{found['films']} validation films, changed only in what is no patient. {verdict}",
        "",
        *table("changed | films | mean change of p | the worst of its changes | other finding | keeps the limit", rows),
        "",
        *table("in detail | films | mean change of p | other finding", each),
    ]


def occlusion_lines(found: Data) -> list[str]:
    """Figures with the lungs blackened, alone, or left out with their box (core.evidence.occlusion)."""
    if not found["conditions"]:
        return []
    rows = []
    for one in found["conditions"].values():
        inside = "; ".join(f"{row['source']} {number(row['auroc'])}" for row in one["within"]) or "–"
        rows.append((one["words"], number(one["figures"]["auroc/macro"]), percent(one["figures"]["accuracy"]), inside))
    border = found["conditions"]["border-only"]["figures"]["auroc/macro"]
    told = border["low"] is not None and border["low"] > 0.5
    verdict = (
        f"Without the lungs' box a mean AUROC of {number(border)} is left: something other than lungs still tells the "
        "classes apart."
        if told
        else "Without the lungs' box nothing is left that tells the classes apart."
    )
    return [
        f"{found['films']} validation films whose lungs were found ({found['left_out']} were not). {verdict} "
        "Blackened lungs keep their outline, which can say something of its own.",
        "",
        *table("what the networks see | mean AUROC | accuracy | AUROC within one source", rows),
    ]


def source_lines(rows: Sequence[Data]) -> list[str]:
    """How well a probe reads the source from the members' features (core.evidence.source_probe)."""
    if not rows:
        return []

    def cells(row: Data) -> tuple[Any, ...]:
        state = row.get("after") or row["before"]
        before, after = ((row.get(name) or {}).get("balanced_accuracy") for name in ("before", "after"))
        among = row["among"] or "all films"
        return (
            among, ", ".join(state["sources"]), row["member"], f"{100 * state['chance']:.0f} %", percent(before),
            percent(after), signed(row["less_by"]),
        )  # fmt: skip

    return [
        "A linear probe is asked which source a film is from; balanced accuracy, out of fold by patient, on training "
        "and validation films. Before: the network's start on the whole film. After: the member as it ships. Chance is "
        "what features that know nothing would reach.",
        "",
        *table("films | sources | member | chance | before | after | less by", (cells(row) for row in rows)),
    ]


def map_lines(found: Data) -> list[str]:
    """Attention in the lungs, shuffled heads, agreement (core.evidence.map_checks)."""
    lines = table(
        "finding | films | map in the lungs | lungs' share of the picture | films whose map prefers the lungs",
        (
            (name, one["films"], percent(one["attention"]), percent(one["lungs"]), percent(one["more_than_lungs"]))
            for name, one in found["attention"].items()
        ),
    )
    if shuffled := found.get("shuffled"):
        lines += ["", _shuffled_sentence(shuffled)]
    if (maps := found.get("agreement")) and maps["films"]:
        pairs = "; ".join(f"{name} {number(one)}" for name, one in maps["pairs"].items())
        lines += [
            "",
            f"Members' maps of the same finding, compared cell by cell inside the lungs, have a rank "
            f"correlation of {number(maps['all'])} on average ({pairs}); 1 is the same order, 0 none.",
        ]
    if told := found.get("probabilities"):
        pairs = "; ".join(f"{name} {number(one['correlation'])}" for name, one in told["pairs"].items())
        lines += ["", f"All members call the same class in {percent(told['all_same_finding'])} of the films; by "
                  f"suspicion they rank films alike with a correlation of {pairs}."]  # fmt: skip
    return lines


def _shuffled_sentence(shuffled: Data) -> str:
    correlation = shuffled["correlation"]
    if correlation["value"] is None:
        return ""
    changed = correlation["value"] < 0.5
    verdict = "The maps depend on what was learnt" if changed else "The maps hardly depend on what the heads learnt"
    return (
        f"{verdict}: when the weights of the heads change places ({shuffled['shufflings']} times, {shuffled['films']} "
        f"films), a map keeps a rank correlation of {number(correlation)} with itself inside the lungs (without sign "
        f"{number(shuffled['magnitude'])}), and its share in the lungs goes from {percent(shuffled['attention'])} to "
        f"{percent(shuffled['attention_shuffled'])}."
    )


def novelty_lines(found: Mapping[str, Data]) -> list[str]:
    """What the gate would have said of each source, had it been new (core.evidence.unseen)."""
    return [
        "The share of each source's films that the gate would have held for new, had its statistics never seen that "
        "source. The members have; a hospital that is really new may be flagged more often.",
        "",
        *table(
            "source | films | flagged", ((name, one["films"], percent(one["flagged"])) for name, one in found.items())
        ),
    ]


def table(head: str, rows: Sequence[Sequence[object]] | Iterator[Sequence[object]] | Any) -> list[str]:
    """A Markdown table; head: its columns' names between bars."""
    columns = head.count("|") + 1
    return [f"| {head} |", "|" + "---|" * columns, *("| " + " | ".join(map(str, row)) + " |" for row in rows)]
