"""Rules that printed figures obey among themselves: accuracies, rates, films that must be whole, deviations of folds.

A rule takes the paper and what is asked (a table of resources/papers) and computes; it knows no paper by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np

from core.training.papers.arithmetic import (
    Answer,
    Ask,
    Rule,
    by_name,
    capital,
    comma,
    decimals_of,
    films_of,
    listed,
    matches,
    place_of,
    printed_in,
)  # fmt: skip
from core.training.papers.published import Paper


def n_class_above_two_class(paper: Paper, ask: Ask) -> Answer:
    """n-class accuracy never exceeds that of the same answers read as two classes."""
    table = paper.table(ask["table"])
    wrong = []
    for row in table.rows:
        key = table.key(row)
        many, two = table.value(key, ask["n_class"]), table.value(key, ask["two_class"])
        if isinstance(many, float) and isinstance(two, float) and many > two:
            wrong.append((key, many, two))
    cells = tuple((table.id, key, ask["n_class"]) for key, _many, _two in wrong)
    said = [f"{key}: {many:g} in more classes, {two:g} in two" for key, many, two in wrong]
    good = "No accuracy in more classes exceeds the one in two."
    return Answer(not wrong, listed(said, good), comma(f"{w[1]:g}" for w in wrong), _at_most(wrong), cells)


def whole_films(paper: Paper, ask: Ask) -> Answer:
    """A printed percentage is that of a whole number of films, cut or rounded."""
    films = films_of(paper, ask["of"])
    if "cells" in ask:
        places = [place_of(cell) for cell in ask["cells"]]
    else:
        table = paper.table(ask["table"])
        places = [(table.id, table.key(row), ask["column"]) for row in table.rows]
    wrong, good = [], []
    for place in places:
        printed = printed_in(paper, place)
        if isinstance(printed, str):
            continue
        decimals = decimals_of(paper, paper.table(place[0]), place[2])
        near = printed / 100 * films
        fits = [k for k in (math.floor(near), math.ceil(near)) if matches(printed, 100 * k / films, decimals, "either")]
        if fits:
            good.append(f"{place[1]}: {printed:g} is {fits[0]} of {films}")
        else:
            around = " and ".join(f"{k} ({100 * k / films:.3f})" for k in (math.floor(near), math.ceil(near)))
            wrong.append((place, printed, f"{place[1]}: {printed:g} lies between {around} of {films}"))
    text = listed([said for place_of, printed_in, said in wrong] or good, f"Each is a whole number of {films} films.")
    said = [f"{printed / 100 * films:.2f} of {films}" for place_of, printed, _said in wrong]
    return Answer(not wrong, text, comma(f"{w[1]:g}" for w in wrong), comma(said), tuple(w[0] for w in wrong))


def as_fractions(paper: Paper, ask: Ask) -> Answer:
    """A sensitivity far below a percent, read as a fraction, goes with the printed accuracy."""
    table, positives = paper.table(ask["table"]), paper.positives
    negatives, said = paper.films - positives, []
    for key in ask["rows"]:
        share, accuracy, specificity = (
            float(table.value(key, ask[name])) for name in ("sensitivity", "accuracy", "specificity")
        )
        fits = [
            (abs(100 * tn / negatives - specificity), tp, tn)
            for tp in range(positives + 1)
            for tn in range(negatives + 1)
            if matches(share, tp / positives, 2, "either")
            and matches(accuracy, 100 * (tp + tn) / paper.films, paper.decimals, paper.rounding)
        ]
        if fits:
            _far, tp, tn = min(fits)
            said.append(f"{key}: {tp} of {positives} ({100 * tp / positives:.2f} %) with {tn} of {negatives} negatives")
    text = listed(said, "No count of films fits.") + (" The printed accuracy follows from these." if said else "")
    return Answer(len(said) == len(ask["rows"]), text, "", "; ".join(said))


def repeated(paper: Paper, ask: Ask) -> Answer:
    """One figure does not stand in many cells."""
    table, value = paper.table(ask["table"]), ask["value"]
    cells = [
        (table.id, table.key(row), column)
        for row in table.rows
        for column, cell in zip(table.columns, row, strict=True)
        if cell == value
    ]
    text = f"{value:g} stands in {len(cells)} cells: {'; '.join(f'{cell[1]}, {cell[2]}' for cell in cells)}."
    return Answer(len(cells) <= ask["most"], text, f"{value:g}", f"{len(cells)} times", tuple(cells))


def claim(paper: Paper, ask: Ask) -> Answer:
    """What the text says is higher is higher in the table."""
    high, low = (float(printed_in(paper, place_of(ask[name]))) for name in ("higher", "lower"))
    text = f"{capital(ask['claim'])}; the table has {high:g} against {low:g}."
    return Answer(high > low, text, ask["claim"], f"{high:g} against {low:g}")


def accuracy_from_rates(paper: Paper, ask: Ask) -> Answer:
    """Accuracy is the mean of sensitivity and specificity, weighted by the films of each side."""
    table, key = paper.table(ask["table"]), ask["row"]
    printed, sensitivity, specificity = (
        float(table.value(key, name)) for name in (ask["accuracy"], "sensitivity", "specificity")
    )
    positives, films = paper.positives, paper.films
    value = (sensitivity * positives + specificity * (films - positives)) / films
    text = f"{key}: sensitivity {sensitivity:g} and specificity {specificity:g} give {value:.2f}, printed {printed:g}."
    return Answer(
        abs(value - printed) <= 0.02, text, f"{printed:g}", f"{value:.2f}", ((table.id, key, ask["accuracy"]),)
    )


def implied_specificity(paper: Paper, ask: Ask) -> Answer:
    """Where a dash stands for a specificity, accuracy and sensitivity imply one."""
    table, positives = paper.table(ask["table"]), paper.positives
    negatives = paper.films - positives
    below: list[tuple[str, float]] = []
    above: list[tuple[str, float]] = []
    for row in table.rows:
        key = table.key(row)
        if not isinstance(table.value(key, "specificity"), str):
            continue
        accuracy, sensitivity = float(table.value(key, ask["accuracy"])), float(table.value(key, "sensitivity"))
        value = (accuracy * paper.films - sensitivity * positives) / negatives
        (below if value < ask["at_least"] else above).append((key, value))
    said = [f"{key}: {value:.2f}" for key, value in (*below, *above)]
    cells = tuple((table.id, key, "specificity") for key, _value in below)
    return Answer(not below, f"Implied where a dash is printed: {'; '.join(said)}.", "-", comma(said), cells)


def below_the_baseline(paper: Paper, ask: Ask) -> Answer:
    """A network does better than always giving the commoner answer."""
    baseline = 100 * max(paper.positives, paper.films - paper.positives) / paper.films
    return _below(paper, ask, baseline + ask["margin"], f"Always giving the commoner answer scores {baseline:.2f}")


def below_the_first(paper: Paper, ask: Ask) -> Answer:
    """No later row falls below the first."""
    first = float(paper.table(ask["table"]).value(ask["first"], ask["column"]))
    return _below(paper, ask, first, f"{ask['first']} has {first:g}")


def harmonic_mean(paper: Paper, ask: Ask) -> Answer:
    """An F1 lies between its precision and its recall."""
    table = paper.table(ask["table"])
    wrong = []
    for row in table.rows:
        key = table.key(row)
        precision, recall, f1 = (float(table.value(key, ask[name])) for name in ("precision", "recall", "f1"))
        if not min(precision, recall) <= f1 <= max(precision, recall):
            wrong.append((key, precision, recall, f1, 2 * precision * recall / (precision + recall)))
    said = [f"{key}: {f1:g} beside {p:g} and {r:g}, whose harmonic mean is {h:.2f}" for key, p, r, f1, h in wrong]
    cells = tuple((table.id, w[0], ask["f1"]) for w in wrong)
    good = "Each F1 lies between precision and recall."
    return Answer(
        not wrong, listed(said, good), comma(f"{w[3]:g}" for w in wrong), comma(f"{w[4]:.2f}" for w in wrong), cells
    )


def not_weighted(paper: Paper, ask: Ask) -> Answer:
    """Recall weighted by the films of each class is the accuracy."""
    table = paper.table(ask["table"])
    pairs = [(table.key(row), table.value(table.key(row), ask["recall"]), table.value(table.key(row), ask["accuracy"]))
             for row in table.rows]  # fmt: skip
    apart = [
        f"{key}: {recall:g} and {accuracy:g}"
        for key, recall, accuracy in pairs
        if abs(float(recall) - float(accuracy)) > 0.02
    ]
    return Answer(not apart, listed(apart, "Recall and accuracy are the same.", "Recall is not the accuracy: "))


def ratio_of_errors(paper: Paper, ask: Ask) -> Answer:
    """How much smaller the error became, against what is claimed."""
    one, other = (100 - float(printed_in(paper, place_of(ask[name]))) for name in ("first", "second"))
    value = one / other
    text = f"The error falls from {one:.2f} to {other:.2f}, by a factor of {value:.2f}."
    return Answer(abs(value - ask["claimed"]) <= ask["within"], text, f"{ask['claimed']:g}", f"{value:.2f}")


def within_a_film(paper: Paper, ask: Ask) -> Answer:
    """Two results differ by more than one film."""
    one, other = (float(printed_in(paper, place_of(ask[name]))) for name in ("first", "second"))
    text = f"{ask['first'][1]} has {one:g}, {ask['second'][1]} {other:g} of {ask['films']}: one film is "
    return Answer(abs(one - other) > 1, f"{text}{100 / ask['films']:.1f} points.", f"{one:g}, {other:g}")


def deviation_of_folds(paper: Paper, ask: Ask) -> Answer:
    """A deviation over folds is not smaller than whole films in these folds allow."""
    table, sizes = paper.table(ask["table"]), paper.fold_sizes
    said, wrong, least = [], [], []
    for row in table.rows:
        key = table.key(row)
        mean, printed = float(table.value(key, ask["mean"])), float(table.value(key, ask["deviation"]))
        smallest = _smallest_deviation(mean, sizes, paper.decimals)
        least.append("none" if smallest is None else f"{smallest:.3f}")
        chance = math.sqrt(mean * (100 - mean) / max(sizes))
        if smallest is None:
            said.append(
                f"{key}: no whole films in five folds have the mean {mean:g}; chance alone gives about {chance:.1f}"
            )
        else:
            said.append(
                f"{key}: printed {printed:g}, the least possible is {smallest:.3f}, chance alone about {chance:.1f}"
            )
        if smallest is None or not (printed >= smallest or matches(printed, smallest, paper.decimals, "either")):
            wrong.append((table.id, key, ask["deviation"]))
    return Answer(not wrong, listed(said), comma(f"{row[2]}" for row in table.rows), comma(least), tuple(wrong))


def rest_of_correct(paper: Paper, ask: Ask) -> Answer:
    """What is left for the other classes when some are known."""
    correct = round(float(printed_in(paper, place_of(ask["cell"]))) / 100 * paper.films)
    counts = {each.name: each.count for each in paper.classes}
    known = sum(round(share * counts[name]) for name, share in ask["known"])
    others = {name: count for name, count in counts.items() if name not in dict(ask["known"])}
    left, of = correct - known, sum(others.values())
    text = f"{correct} correct films less {known} leave {left} of {of} ({100 * left / of:.0f} %) for {comma(others)}."
    return Answer(0 <= left <= of, text, "", f"{left}/{of}")


def _smallest_deviation(mean: float, sizes: Sequence[int], decimals: int) -> float | None:
    """The least standard deviation, in points, of folds of whole films whose mean is printed as `mean`; or None."""
    choices = [[100 * (math.floor(mean / 100 * size) + step) / size for step in (-1, 0, 1, 2)] for size in sizes]
    fits = [values for values in product(*choices) if matches(mean, float(np.mean(values)), decimals, "either")]
    return min((float(np.std(values)) for values in fits), default=None)


def _below(paper: Paper, ask: Ask, limit: float, reference: str) -> Answer:
    table = paper.table(ask["table"])
    low = [(table.key(row), float(table.value(table.key(row), ask["column"]))) for row in table.rows]
    low = [(key, value) for key, value in low if value < limit]
    cells = tuple((table.id, key, ask["column"]) for key, _value in low)
    said = f"{reference}; near or below it: {comma(f'{key} {value:g}' for key, value in low)}."
    return Answer(
        not low, said if low else f"{reference}; all are above.", comma(f"{v:g}" for _k, v in low), reference, cells
    )


def _at_most(wrong: Sequence[tuple[str, float, float]]) -> str:
    return comma(f"at most {two:g}" for _key, _many, two in wrong)


RULES: dict[str, Rule] = by_name(
    n_class_above_two_class,
    whole_films,
    as_fractions,
    repeated,
    claim,
    accuracy_from_rates,
    implied_specificity,
    below_the_baseline,
    below_the_first,
    harmonic_mean,
    not_weighted,
    ratio_of_errors,
    within_a_film,
    deviation_of_folds,
    rest_of_correct,
)
