"""report.md of a reproduction, from the plain data of report.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_UNITS = {"group": "patients together", "image": "by image, as published", "": "–"}
_METRICS = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "f1/macro": "macro F1",
            "auroc/macro": "macro AUROC"}  # fmt: skip


def page(told: Mapping[str, Any]) -> str:
    """Markdown: published beside measured, the paper's arithmetic, what differs, comparisons, matrices, pictures."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    paper = told["paper"]
    title = f"*{paper['title']}*, " if paper["title"] else ""
    yield from (f"# Paper {paper['key'].upper()}, carried out again", "")
    authors = ", ".join(paper["authors"])
    yield f"{title}{authors}, {paper['year']}. Judged there by {paper['judged']}. {paper['convention']}"
    if told["scale"]:
        yield from ("", f"**{told['scale_sentence']}**")
    if not told["finished"]:
        yield from ("", "**Not finished: --resume goes on. What is done stands below.**")
    if not told["data"]:
        yield from ("", f"No films were given (--data LABELS), so nothing is measured. Wanted: {told['needs']}")
    for table in told["tables"]:
        yield from ("", *_table(table, told["scale"], measured=bool(told["data"])))
    yield from ("", "## The paper's own arithmetic", "", *_checks(told["checks"]), "")
    if told["data"]:
        yield from ("## What differs in the films", "")
        for name, data in told["data"].items():
            yield from (*_data(name, data, told["scale"]), "")
    yield from ("## What the paper leaves open to chance or leak", "")
    yield from (f"- {line}" for line in paper["leakage"])
    if told["changes"]:
        yield from ("", f"## What the scale changes ({told['scale']})", "")
        yield from (f"- {name}: {' '.join(lines)}" for name, lines in told["changes"].items())
    if told["comparisons"]:
        yield from ("", *_comparisons(told["comparisons"], told["scale"]))
    done = [run for run in told["runs"] if run["done"]]
    if done:
        yield from ("", *_runs(done, told["scale"]))
    missing = [run for run in told["runs"] if not run["done"]]
    if missing:
        yield from ("", "## Not run", "")
        yield from (f"- {run['name']}: {run['why']}" for run in missing)
    if told.get("figures"):
        yield from ("", "## Pictures", "")
        yield from (f"![{one['title']}]({one['file']})" for one in told["figures"])
    yield from ("", "Research use only; not for diagnosis.")


def _table(table: Mapping[str, Any], scale: str | None, *, measured: bool) -> Iterator[str]:
    runs = [run for row in table["rows"] for run in row["measured"]]
    words = f", published beside measured{_scaled(scale)}" if measured and runs else ", as published"
    yield from (f"## {table['title']}{words}", "")
    first = 2 if len(table["columns"]) > 1 and table["columns"][1] == "class" else 1
    yield f"| {' | '.join(table['columns'][:first])} | | {' | '.join(table['columns'][first:])} |"
    yield f"|{'---|' * (len(table['columns']) + 1)}"
    for row in table["rows"]:
        names = " | ".join(map(str, row["published"][:first]))
        cells = [
            _cell(cell, table["decimals"]) + _marks(flags)
            for cell, flags in zip(row["published"][first:], row["flags"][first:], strict=True)
        ]
        yield f"| {names} | published | {' | '.join(cells)} |"
        for run in row["measured"]:
            how = _UNITS[run["unit"]] + (", source saw the test films" if run["leaky"] else "")
            if run["cells"] is None:
                how = f"not carried out ({how})"
                cells = [run["why"], *[""] * (len(table["columns"]) - first - 1)]
            else:
                cells = [_figure(cell, table["unit"]) for cell in run["cells"][first:]]
            same = f" (same run as {run['same_as']})" if run["same_as"] else ""
            yield f"|{' |' * first} {how}{same} | {' | '.join(cells)} |"
    for line in table["baselines"]:
        cells = [_figure(cell, table["unit"]) for cell in line["cells"][first:]]
        yield f"| *{line['words']}* |{' |' * (first - 1)} | {' | '.join(cells)} |"
    note = f"Figures are in {table['unit']}." if table["unit"] in ("percent", "milliseconds") else ""
    if any(flags for row in table["rows"] for flags in row["flags"]):
        note += f" Marks such as [{_first_mark(table)}] name the checks below that speak against a figure."
    if measured and runs:
        note += " Intervals are 95 %, over patients; baselines are judged on the folds with patients together."
    if note.strip():
        yield from ("", note.strip())


def _checks(checks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("| check | verdict | what comes out |", "|---|---|---|")
    for check in checks:
        text = check["text"] if check["computed"] else f"{check['text']} (a remark, not computed)"
        yield f"| {check['id']} | {check['verdict']} | {text} |"


def _data(name: str, data: Mapping[str, Any], scale: str | None) -> Iterator[str]:
    yield from (f"{_capital(name)} task{_scaled(scale)}: {data['films']} films.", "")
    yield "| class | published films | from | films here | patients or groups | from |"
    yield "|---|---|---|---|---|---|"
    for one in data["classes"]:
        sources = ", ".join(f"{source} {count}" for source, count in one["sources"].items())
        published = "" if one["published"] is None else one["published"]
        cells = (one["name"], published, one["published_source"], one["films"], one["patients"], sources)
        yield f"| {' | '.join(map(str, cells))} |"
    films = data["films"]
    yield ""
    yield (
        f"Unknown: the patient of {data['without_patient']} of {films} films, the age of {data['without_age']}, the "
        f"view of {data['without_view']}. Not read: {data['unread']}."
    )
    yield from (f"Left out, {why}: {count}." for why, count in data["left_out"].items())
    yield from (f"- {line}" for line in data["warnings"])


def _comparisons(rows: Sequence[Mapping[str, Any]], scale: str | None) -> Iterator[str]:
    yield from (f"## Compared, film by film{_scaled(scale)}", "")
    yield f"| what | split | films | {' | '.join(_METRICS.values())} |"
    yield f"|---|---|---|{'---|' * len(_METRICS)}"
    for row in rows:
        cells = [_difference(row["difference"].get(metric)) for metric in _METRICS]
        yield f"| {row['words']} | {_UNITS[row['unit']]} | {row['films']} | {' | '.join(cells)} |"
    yield from (
        "",
        "Differences as shares of 1, with 95 % intervals of a bootstrap over patients, both on the same films.",
    )


def _runs(runs: Sequence[Mapping[str, Any]], scale: str | None) -> Iterator[str]:
    yield from (f"## Runs{_scaled(scale)}", "")
    yield "| run | films | epochs | accuracy, mean ± deviation of folds | macro AUROC | calibration error | ms a film |"
    yield "|---|---|---|---|---|---|---|"
    for run in runs:
        over, figures = run["over_folds"]["accuracy"], run["figures"]
        spread = "" if over["standard_deviation"] is None else f" ± {over['standard_deviation']:.3f}"
        mean = "–" if over["mean"] is None else f"{over['mean']:.3f}{spread}"
        cells = [mean, _share(figures["auroc/macro"]), _share(run["calibration"]["expected_error"])]
        epochs = ", ".join(map(str, run["epochs"]))
        yield f"| {run['name']} | {run['films']} | {epochs} | {' | '.join(cells)} | {run['milliseconds_a_film']:.1f} |"
    yield from ("", f"As shares of 1. Milliseconds from a settled film to its logits, on: {runs[0]['device']}.")
    for run in runs:
        if not run["same_as"]:
            yield from ("", *_matrix(run, scale))


def _matrix(run: Mapping[str, Any], scale: str | None) -> Iterator[str]:
    classes = run["classes"]
    yield from (f"### {run['name']}: rows are actual, columns called{_scaled(scale)}", "")
    yield f"| | {' | '.join(classes)} |"
    yield f"|---|{'---|' * len(classes)}"
    for name, row in zip(classes, run["confusion"], strict=True):
        yield f"| {name} | {' | '.join(map(str, row))} |"
    sources = run["source_matrix"]
    if sources is not None:
        right, accuracy = _percent(sources["right"]), _percent(run["figures"]["accuracy"]["value"])
        yield ""
        yield "By source, each class standing for the source that most of its films are from:"
        yield f"{right} of the films are put into their own source, {accuracy} into their own class."
        yield from ("", f"| | {' | '.join(name or '(unknown)' for name in sources['sources'])} |")
        yield f"|---|{'---|' * len(sources['sources'])}"
        for name, row in zip(sources["sources"], sources["matrix"], strict=True):
            yield f"| {name or '(unknown)'} | {' | '.join(map(str, row))} |"
    for row in run["within_source"]:
        told = f"{row['source']}, {' / '.join(row['classes'])} ({row['films']} films): AUROC {_share(row['auroc'])}"
        thumbnail = row.get("thumbnail/auroc")
        yield from ("", told + (f"; thumbnail {_share(thumbnail)}." if thumbnail else "."))


def _cell(value: Any, decimals: int) -> str:
    if value == "-":
        return "–"
    return f"{value:.{decimals}f}" if isinstance(value, float) else str(value)


def _marks(flags: Sequence[str]) -> str:
    return f" [{', '.join(flags)}]" if flags else ""


def _first_mark(table: Mapping[str, Any]) -> str:
    return next(str(flag) for row in table["rows"] for flags in row["flags"] for flag in flags)


def _figure(cell: Mapping[str, Any] | None, unit: str) -> str:
    if cell is None:
        return "–"
    value, low, high = (None if cell[key] is None else float(cell[key]) for key in ("value", "low", "high"))
    if value is None:
        return "–"
    digits = 3 if unit == "share" else 2
    if low is None or high is None:
        return f"{value:.0f}" if value.is_integer() else f"{value:.{digits}f}"
    return f"{value:.{digits}f} ({low:.{digits - 1}f}–{high:.{digits - 1}f})"


def _share(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return "–"
    ends = "" if figure["low"] is None else f" ({figure['low']:.2f}–{figure['high']:.2f})"
    return f"{figure['value']:.3f}{ends}"


def _difference(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return "–"
    ends = "" if figure["low"] is None else f" ({figure['low']:+.3f} to {figure['high']:+.3f})"
    return f"{figure['value']:+.3f}{ends}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _scaled(scale: str | None) -> str:
    return f" ({scale})" if scale else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
