"""Rules that counts of films and matrices obey: sums, parts, figures that follow, sources told apart.

A rule takes the paper and what is asked (a table of resources/papers) and computes; it knows no paper by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np

from core.training.papers.arithmetic import (
    Answer,
    Ask,
    Place,
    Rule,
    by_name,
    capital,
    comma,
    decimals_of,
    listed,
    matches,
    place_of,
    printed_in,
)  # fmt: skip
from core.training.papers.published import Paper, PublishedMatrix, figures_of


def total(paper: Paper, ask: Ask) -> Answer:
    """The classes' films add up to the stated number, and to the films of the matrices."""
    counts = [each.count for each in paper.classes]
    text = f"{' + '.join(map(str, counts))} = {paper.films}; stated are {paper.stated_total}."
    sums = {matrix.id: sum(map(sum, matrix.values)) for matrix in paper.matrices}
    text += "".join(f" {name} holds {count}." for name, count in sums.items())
    return Answer(paper.films == paper.stated_total, text, str(paper.stated_total), str(paper.films))


def class_counts(paper: Paper, ask: Ask) -> Answer:
    """The rows of a matrix hold the films of the classes."""
    have = {each.name: each.count for each in paper.classes}
    wrong = []
    for name in ask["matrices"]:
        matrix = paper.matrix(name)
        for label, row in zip(matrix.labels, matrix.values, strict=True):
            if sum(row) != have[label]:
                wrong.append(f"{name} has {sum(row)} of {label}, stated are {have[label]}")
    return Answer(not wrong, listed(wrong, "The matrices hold as many films of every class as stated."))


def from_matrix(paper: Paper, ask: Ask) -> Answer:
    """Printed figures are those of the network's matrix, cut or rounded as the paper does."""
    places = [place_of(cell) for cell in ask.get("cells", ())] or _all_cells(paper, ask["tables"])
    wrong, cells, count = [], [], 0
    for place in places:
        table, value = paper.table(place[0]), _computed(paper, place)
        if value is None:
            continue
        count += 1
        printed, decimals = float(printed_in(paper, place)), decimals_of(paper, table, place[2])
        if not matches(printed, value, decimals, paper.rounding):
            wrong.append((f"{place[1]}, {place[2]}", printed, value))
            cells.append(place)
    if not wrong:
        return Answer(True, f"All {count} printed figures follow from the matrices.")
    said = listed([f"{where}: printed {printed:g}, the matrix gives {value:.3f}" for where, printed, value in wrong])
    return Answer(False, said, comma(f"{w[1]:g}" for w in wrong), comma(f"{w[2]:.3f}" for w in wrong), tuple(cells))


def claimed_figure(paper: Paper, ask: Ask) -> Answer:
    """A figure of the text is that of the matrix."""
    matrix = paper.matrix(ask["matrix"])
    value = 100 * figures_of(matrix.values, matrix.labels, paper.positive)[ask["figure"]]
    counts = f"{int(np.trace(np.asarray(matrix.values)))}/{sum(map(sum, matrix.values))}"
    text = f"{capital(ask['what'])}; the matrix gives {counts} = {value:.3f}."
    return Answer(matches(ask["claimed"], value, 2, "either"), text, f"{ask['claimed']:g}", f"{value:.3f}")


def folded_matrix(paper: Paper, ask: Ask) -> Answer:
    """The matrix of two classes is that of many, folded."""
    wrong = []
    for many, two in ask["pairs"]:
        got = figures_of(paper.matrix(many).values, paper.matrix(many).labels, paper.positive)
        folded = [[got["positive/tp"], got["positive/fn"]], [got["positive/fp"], got["positive/tn"]]]
        if not np.array_equal(folded, paper.matrix(two).values):
            wrong.append(f"{two} is not {many} folded")
    return Answer(not wrong, listed(wrong, "The matrices of two classes are those of many, folded."))


def order_by_balanced_accuracy(paper: Paper, ask: Ask) -> Answer:
    """Two networks are in the same order by accuracy and by balanced accuracy."""
    matrices = [paper.matrix(ask[name]) for name in ("first", "second")]
    found = [figures_of(each.values, each.labels, paper.positive) for each in matrices]
    said = [
        f"{m.called}: {100 * f['accuracy']:.2f} and {100 * f['balanced_accuracy']:.2f}"
        for m, f in zip(matrices, found, strict=True)
    ]
    same = (found[0]["accuracy"] > found[1]["accuracy"]) == (
        found[0]["balanced_accuracy"] > found[1]["balanced_accuracy"]
    )
    return Answer(same, f"Accuracy and balanced accuracy: {'; '.join(said)}.", "", "; ".join(said))


def pulled_to_one_class(paper: Paper, ask: Ask) -> Answer:
    """No class is called many times as often as it occurs."""
    matrix = paper.matrix(ask["matrix"])
    counts = np.asarray(matrix.values)
    called, actual = counts.sum(axis=0), counts.sum(axis=1)
    worst = int(np.argmax(called / actual))
    text = f"{called[worst]} of {counts.sum()} films are called {matrix.labels[worst]}, which {actual[worst]} are."
    return Answer(called[worst] <= ask["most"] * actual[worst], text, str(actual[worst]), str(called[worst]))


def sources_told_apart(paper: Paper, ask: Ask) -> Answer:
    """Classes of one source are told apart about as well as sources are."""
    matrix = paper.matrix(ask["matrix"])
    names, counts = source_matrix(matrix.values, matrix.labels, {each.name: each.source for each in paper.classes})
    right = 100 * np.trace(counts) / counts.sum()
    source_of = [next(each.source for each in paper.classes if each.name == label) for label in matrix.labels]
    said, worst = [], 100.0
    for number, name in enumerate(names):
        own = [place for place, source in enumerate(source_of) if source == name]
        if len(own) > 1:
            inside = np.asarray(matrix.values)[np.ix_(own, own)]
            worst = min(worst, 100 * np.trace(inside) / counts[number, number])
            said.append(f"{name} {100 * np.trace(inside) / counts[number, number]:.2f} %")
    text = f"{int(np.trace(counts))} of {int(counts.sum())} films ({right:.2f} %) are put into the right source; "
    text += f"within a source the right class is {comma(said)}."
    return Answer(right - worst < 20, text, "", f"{right:.2f}, {worst:.2f}")


def matrices_that_fit(paper: Paper, ask: Ask) -> Answer:
    """Whether a matrix with so many errors has the printed precision, recall and F1 as means over classes."""
    table, said, holds = paper.table(ask["table"]), [], True
    for key, errors in ask["errors"].items():
        wanted = np.array([float(table.value(key, name)) for name in ("precision", "recall", "F1")])
        off = _nearest_matrix(ask["test"], errors, wanted)
        holds &= off <= ask["within"]
        said.append(f"{key}: {errors} errors come within {off:.3f}")
    return Answer(holds, f"Of {sum(ask['test'])} test films, {comma(map(str, ask['test']))}: {'; '.join(said)}.")


def adds_up(paper: Paper, ask: Ask) -> Answer:
    """Parts make the whole."""
    value = sum(ask["terms"])
    text = f"{' + '.join(map(str, ask['terms']))} = {value} {ask['what']}; stated are {ask['equals']}."
    return Answer(value == ask["equals"], text, str(ask["equals"]), str(value))


def at_most(paper: Paper, ask: Ask) -> Answer:
    """Parts fit into the whole; how many are left over."""
    value = sum(ask["terms"])
    text = f"{value:,} {ask['what']}: of {ask['limit']:,}."
    return Answer(value <= ask["limit"], text, f"{ask['limit']:,}", f"{value:,}")


def overlap(paper: Paper, ask: Ask) -> Answer:
    """Parts fit into the whole without sharing; by how much they do not."""
    value = sum(ask["terms"])
    over = value - ask["limit"]
    text = f"{value:,} {ask['what']}: there are {ask['limit']:,}, {max(over, 0):,} fewer."
    return Answer(over <= 0, text, f"{ask['limit']:,}", f"{value:,}")


def left_out(paper: Paper, ask: Ask) -> Answer:
    """How many films of the public set the source task lacks."""
    missing = [public - each.count for public, each in zip(ask["public"], paper.source_classes, strict=True)]
    said = ", ".join(f"{each.name} {count}" for each, count in zip(paper.source_classes, missing, strict=True))
    return Answer(missing == list(ask["missing"]), f"Against the public set it lacks: {said}.", "", str(sum(missing)))


def whole_parts(paper: Paper, ask: Ask) -> Answer:
    """Shares of the films are whole numbers."""
    parts = [share * ask["films"] for share in ask["shares"]]
    whole = all(abs(part - round(part)) < 1e-6 for part in parts)
    return Answer(whole, f"The parts are {comma(f'{part:g}' for part in parts)} films.")


def shares_of_classes(paper: Paper, ask: Ask) -> Answer:
    """The test part has the same share of every class."""
    matrix = paper.matrix(ask["matrix"])
    said, holds = [], True
    for each in paper.classes:
        films = sum(matrix.values[matrix.labels.index(each.name)])
        holds &= abs(films - ask["share"] * each.count) < 1
        said.append(f"{films} of {each.count} {each.name} ({100 * films / each.count:.2f} %)")
    return Answer(holds, f"The test part holds {comma(said)}.", "", comma(said))


def no_more_than_real(paper: Paper, ask: Ask) -> Answer:
    """The test part has no more films of a class than its share of the real ones: none is made up."""
    matrix, name = paper.matrix(ask["matrix"]), ask["class"]
    real = next(each.count for each in paper.classes if each.name == name)
    films, share = sum(matrix.values[matrix.labels.index(name)]), ask["share"] * real
    text = f"{films} test films of {name} are {100 * films / real:.1f} % of the {real} real ones."
    return Answer(abs(films - share) < 1, text, str(films), f"{share:g}")


def noted(paper: Paper, ask: Ask) -> Answer:
    """A remark on words, or on what is known of public sets; nothing is computed."""
    return Answer(False, "")


def source_matrix(matrix: Any, labels: Sequence[str], sources: Mapping[str, str]) -> tuple[list[str], Any]:
    """A matrix of classes grouped by where each class comes from: the sources' names and (actual, predicted) counts."""
    names = list(dict.fromkeys(sources[label] for label in labels))
    counts = np.zeros((len(names), len(names)), np.int64)
    for (row, actual), (column, called) in product(enumerate(labels), repeat=2):
        counts[names.index(sources[actual]), names.index(sources[called])] += int(np.asarray(matrix)[row, column])
    return names, counts


def _nearest_matrix(test: Sequence[int], errors: int, wanted: Any) -> float:
    """How near, in points, the means of the best matrix with so many errors come to the wanted ones."""
    classes = len(test)
    places = [(a, b) for a in range(classes) for b in range(classes) if a != b]
    # Every way to put the errors into the off-diagonal cells: bars between stars.
    bars = np.array(list(combinations(range(errors + len(places) - 1), len(places) - 1)))
    edges = np.hstack([np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), errors + len(places) - 1)])
    parts = np.diff(edges, axis=1) - 1
    counts = np.zeros((len(parts), classes, classes))
    for number, (a, b) in enumerate(places):
        counts[:, a, b] = parts[:, number]
    missed = counts.sum(axis=2)
    right = np.asarray(test) - missed
    sound = (right >= 0).all(axis=1)
    called = right + counts.sum(axis=1)
    precision, recall = right / np.maximum(called, 1), right / np.asarray(test)
    f1 = 2 * right / (called + np.asarray(test))
    means = 100 * np.stack([precision.mean(axis=1), recall.mean(axis=1), f1.mean(axis=1)], axis=1)
    return float(np.abs(means - wanted)[sound].max(axis=1).min())


def _computed(paper: Paper, place: Place) -> float | None:
    """The figure of a cell from the network's largest matrix, in the table's unit; None where it cannot give it."""
    table = paper.table(place[0])
    figure = table.figures[table.columns.index(place[2])]
    called, _, label = place[1].partition("/")
    own = [matrix for matrix in paper.matrices if matrix.called == called]
    if not own or figure in ("", "called", "class"):
        return None
    matrix: PublishedMatrix = max(own, key=lambda each: len(each.labels))
    if figure == "accuracy" and len(matrix.labels) < len(paper.classes):
        return None
    found = figures_of(matrix.values, matrix.labels, paper.positive)
    value = found[figure.replace("class/", f"{label}/") if figure.startswith("class/") else figure]
    is_count = figure.rpartition("/")[2] in ("tp", "fp", "fn", "tn")
    return value if is_count or table.unit == "share" else 100 * value


def _all_cells(paper: Paper, tables: Iterable[str]) -> list[Place]:
    found = []
    for name in tables:
        table = paper.table(name)
        found += [(name, table.key(row), column) for row in table.rows for column in table.columns]
    return found


RULES: dict[str, Rule] = by_name(
    total,
    class_counts,
    from_matrix,
    claimed_figure,
    folded_matrix,
    order_by_balanced_accuracy,
    pulled_to_one_class,
    sources_told_apart,
    matrices_that_fit,
    adds_up,
    at_most,
    overlap,
    left_out,
    whole_parts,
    shares_of_classes,
    no_more_than_real,
    noted,
)
