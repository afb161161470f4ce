"""The pictures of a reproduction: learning curves, matrices, ROC, reliability. Matplotlib without a screen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from core.files import write_whole
from core.places import made
from core.training.outcome import Outcome
from core.training.papers.reproducing import Ran, Reproduction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by colour-blind readers too; the line style differs as well.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
_STYLES = ("-", "--", "-.", ":")
_INK, _FAINT = "#333333", "#cccccc"
_BINS = 10
_LETTERS_AN_INCH = 13
_MOST_LABELS = 12


def draw(found: Reproduction, folder: Path) -> list[dict[str, str]]:
    """Write the pictures; gives {file, title} of each, files relative to the folder's parent."""
    made(folder)
    scale = found.scale.words if found.scale else ""
    drawn = []
    for unit, words in (("group", "patients kept together"), ("image", "by image")):
        runs = [ran for ran in found.runs if ran.outcome and ran.plan.unit == unit and not ran.same_as]
        target = [ran for ran in runs if ran.plan.data == "target"]
        for name, title, chosen, picture in (
            ("curves", "Learning curves", runs, _curves),
            ("matrices", "Matrices, counts added up over the folds", runs, _matrices),
            ("roc", "ROC of the positive classes against the rest", target, _roc),
            ("reliability", "Reliability of the called class", target, _reliability),
        ):
            if chosen:
                file = f"{name}-by-{unit}.png"
                full = f"{title}, {words}"
                _save(picture(chosen), folder / file, f"Paper {found.paper.key.upper()}: {full}", scale)
                drawn.append({"file": f"{folder.name}/{file}", "title": full})
    return drawn


def _save(figure: Figure, path: Path, title: str, scale: str) -> None:
    letters = int(figure.get_figwidth() * _LETTERS_AN_INCH)
    lines = [title, *wrap(scale, letters)]
    figure.suptitle("\n".join(lines), fontsize=9, color=_INK)
    content = BytesIO()
    figure.savefig(content, format="png", dpi=130, metadata={"Software": None})
    write_whole(path, content.getvalue())


def _grid(count: int, width: float, height: float, columns: int = 3) -> tuple[Figure, list[Axes]]:
    """A figure with so many plots, without touching the drawing that a window may have open."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(max(width * columns, 4.5), height * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel().tolist()
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, axes[:count]


def _plain(axes: Axes, across: str, up: str, title: str = "") -> None:
    axes.set_xlabel(across, fontsize=8, color=_INK)
    axes.set_ylabel(up, fontsize=8, color=_INK)
    axes.set_title(title, fontsize=8, color=_INK)
    axes.tick_params(labelsize=7, colors=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _name(ran: Ran) -> str:
    called = ran.plan.published.called or ran.plan.published.name
    return f"{called} (leaky)" if ran.plan.leaky else called


def _outcomes(runs: Sequence[Ran]) -> Iterator[tuple[Ran, Outcome]]:
    for ran in runs:
        if ran.outcome is not None:
            yield ran, ran.outcome


def _curves(runs: Sequence[Ran]) -> Figure:
    from matplotlib.ticker import MaxNLocator

    figure, plots = _grid(len(runs), 3.0, 2.4)
    for axes, (ran, outcome) in zip(plots, _outcomes(runs), strict=True):
        for number, fold in enumerate(outcome.folds):
            epochs = range(1, len(fold.curves) + 1)
            for key, style, width in (("loss", "-", 1.2), ("validation_loss", "--", 1.2)):
                values = [math.nan if row.get(key) is None else float(row[key]) for row in fold.curves]
                if not all(map(math.isnan, values)):
                    colour = _COLOURS[0] if key == "loss" else _COLOURS[1]
                    words = {"loss": "training", "validation_loss": "validation"}[key] if number == 0 else None
                    axes.plot(epochs, values, style, color=colour, linewidth=width, alpha=0.7, label=words)
            _phase_borders(axes, [str(row.get("phase", "")) for row in fold.curves])
        _plain(axes, "epoch", "loss", _name(ran))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if axes.lines:
            axes.legend(fontsize=6, frameon=False)
    return figure


def _phase_borders(axes: Axes, phases: Sequence[str]) -> None:
    for place, (one, other) in enumerate(pairwise(phases), 1):
        if one != other:
            axes.axvline(place + 0.5, color=_FAINT, linewidth=0.8)


def _matrices(runs: Sequence[Ran]) -> Figure:
    figure, plots = _grid(len(runs), 3.2, 3.0)
    for axes, (ran, outcome) in zip(plots, _outcomes(runs), strict=True):
        counts = np.asarray(outcome.evidence["confusion"], np.float64)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        places = range(len(outcome.classes))
        axes.set_xticks(places, outcome.classes, rotation=40, ha="right")
        axes.set_yticks(places, outcome.classes)
        size = 8 if len(outcome.classes) <= 4 else 6
        for row, column in np.ndindex(*counts.shape):
            ink = "white" if shares[row, column] > 0.55 else _INK
            axes.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", fontsize=size, color=ink)
        _plain(axes, "called", "actual", _name(ran))
    return figure


def _roc(runs: Sequence[Ran]) -> Figure:
    def line(outcome: Outcome) -> tuple[Any, Any, str]:
        table = outcome.table
        order = np.argsort(-table.suspicion, kind="stable")
        score, positive = table.suspicion[order], table.abnormal[order]
        ends = np.r_[score[1:] != score[:-1], True]
        true = np.r_[0, np.cumsum(positive)[ends]] / max(positive.sum(), 1)
        false = np.r_[0, np.cumsum(~positive)[ends]] / max((~positive).sum(), 1)
        area = (outcome.evidence.get("positive") or {}).get("auroc", {}).get("value")
        return false, true, "" if area is None else f" {area:.3f}"

    return _lines(runs, line, "1 − specificity", "sensitivity")


def _reliability(runs: Sequence[Ran]) -> Figure:
    def line(outcome: Outcome) -> tuple[Any, Any, str]:
        shares = outcome.table.probabilities
        sure, right = shares.max(axis=1), shares.argmax(axis=1) == outcome.table.truth
        # Bins of equally many films: with equal widths most would be empty.
        parts = [part for part in np.array_split(np.argsort(sure, kind="stable"), _BINS) if len(part)]
        error = outcome.evidence["calibration"]["expected_error"]["value"]
        words = "" if error is None else f", error {error:.3f}"
        return [sure[part].mean() for part in parts], [right[part].mean() for part in parts], words

    return _lines(runs, line, "probability of the called class", "share of right calls", "o")


def _lines(
    runs: Sequence[Ran], line: Callable[[Outcome], tuple[Any, Any, str]], across: str, up: str, mark: str = ""
) -> Figure:
    figure, (axes,) = _grid(1, 5.0, 4.2)
    axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=0.8)
    for number, (ran, outcome) in enumerate(_outcomes(runs)):
        x, y, words = line(outcome)
        colour, style = _COLOURS[number % len(_COLOURS)], _STYLES[number // len(_COLOURS) % len(_STYLES)]
        axes.plot(x, y, style, marker=mark, markersize=3, color=colour, linewidth=1.2, label=_name(ran) + words)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    _plain(axes, across, up)
    if len(runs) <= _MOST_LABELS:
        axes.legend(fontsize=7, frameon=False, loc="lower right")
    return figure
