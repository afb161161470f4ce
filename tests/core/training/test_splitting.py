"""Nothing stands on two sides of a split, every film judges once, and later films leave earlier ones in peace."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RunRefused
from core.training.recipe import Network, Phase, Protocol, Recipe
from core.training.splitting import Part, final_part, for_a_site, parts, small_classes, twin

FOLDS = Protocol(kind="k-fold", folds=3, validation=0.2)


def _films(count: int, classes: int = 3, of_a_patient: int = 2) -> tuple[list[str], list[str], list[str]]:
    """Labels, groups and sources; a patient has one label."""
    patient = [number // of_a_patient for number in range(count)]
    labels = [f"class-{number % classes}" for number in patient]
    return labels, [f"patient-{number}" for number in patient], [f"source-{number % 2}" for number in patient]


def _on(part: Part, values: list[str]) -> list[set[str]]:
    return [{values[number] for number in side} for side in (part.train, part.validation, part.test)]


@settings(max_examples=40, deadline=None)
@given(
    patients=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(0, 2)), min_size=60, max_size=120),
    protocol=st.sampled_from(
        [
            FOLDS,
            Protocol(kind="k-fold", folds=3, stratified=False),
            Protocol(kind="single", test=0.3),
            Protocol(kind="single-with-validation", test=0.3, validation=0.2),
            Protocol(kind="leave-one-source-out", validation=0.2),
        ]
    ),
    seed=st.integers(0, 5),
)
def test_no_group_is_on_two_sides_and_every_film_has_one_place(patients, protocol, seed) -> None:
    rows = [
        (f"c{c}", f"g{n}", f"s{(s + film) % 3}") for n, (c, films, s) in enumerate(patients) for film in range(films)
    ]
    labels, groups, sources = (list(column) for column in zip(*rows, strict=True))
    try:
        found = parts(protocol, labels, groups, sources, seed)
    except RunRefused as error:
        assert error.code == "class-missing"  # chance may leave a side without a class
        return
    for part in found:
        train, validation, test = _on(part, groups)
        assert not (train & validation or train & test or validation & test)
        assert len(part.train)
        assert (len(part.validation) > 0) == (protocol.kind != "single" and protocol.validation > 0)
        if protocol.kind != "leave-one-source-out":
            assert len(part.train) + len(part.validation) + len(part.test) == len(labels)
    if protocol.kind in ("k-fold", "leave-one-source-out"):
        tested = Counter(number for part in found for number in part.test.tolist())
        assert tested == dict.fromkeys(range(len(labels)), 1)


@pytest.mark.parametrize("unit", ["group", "image"])
def test_small_sets_keep_the_shares_of_the_classes_in_every_fold(unit) -> None:
    labels, groups, sources = _films(90)
    for part in parts(Protocol(kind="k-fold", folds=3, unit=unit, validation=0.2), labels, groups, sources, 0):
        counts = Counter(labels[number] for number in part.test)
        assert all(abs(count - 10) <= 2 for count in counts.values()) and len(counts) == 3
        steering = Counter(labels[number] for number in part.validation)
        assert all(2 <= count <= 6 for count in steering.values()) and len(steering) == 3


def test_the_shares_of_a_published_split_by_image_come_out_to_the_film() -> None:
    labels = ["covid19"] * 140 + ["normal"] * 939
    protocol = Protocol(kind="single", unit="image", test=0.3)
    (part,) = parts(protocol, labels, [""] * 1079, [""] * 1079, 0)
    assert Counter(labels[number] for number in part.test) == {"covid19": 42, "normal": 282}


def test_later_films_never_move_earlier_ones_in_a_set_that_is_large_enough() -> None:
    labels, groups, sources = _films(900)
    more, later_groups, more_sources = _films(1400)
    assert not small_classes(labels, groups)
    for protocol in (FOLDS, Protocol(kind="single-with-validation", test=0.3)):
        before = parts(protocol, labels, groups, sources, 4)
        after = parts(protocol, more, later_groups, more_sources, 4)
        for old, new in zip(before, after, strict=True):
            for side in ("train", "validation", "test"):
                kept = [number for number in getattr(new, side).tolist() if number < 900]
                assert kept == getattr(old, side).tolist()


def test_in_a_small_set_later_films_move_few() -> None:
    labels, groups, sources = _films(120)
    more, later_groups, more_sources = _films(132)
    before, after = parts(FOLDS, labels, groups, sources, 0), parts(FOLDS, more, later_groups, more_sources, 0)
    where = [{n: part.name for part in found for n in part.test.tolist()} for found in (before, after)]
    assert sum(where[0][number] != where[1][number] for number in range(120)) <= 24


def test_the_order_of_the_films_changes_nothing() -> None:
    labels, groups, sources = _films(90)
    order = np.random.default_rng(3).permutation(90)
    mixed = parts(FOLDS, *([values[n] for n in order] for values in (labels, groups, sources)), 0)
    for one, other in zip(parts(FOLDS, labels, groups, sources, 0), mixed, strict=True):
        assert sorted(order[other.test].tolist()) == one.test.tolist()


def test_by_image_a_patient_may_be_on_both_sides_and_the_twin_puts_that_right() -> None:
    labels, groups, sources = _films(90)
    recipe = Recipe(
        name="published", title="As published", network=Network("mobilenetv2"), phases=(Phase(),),
        protocol=Protocol(kind="k-fold", folds=3, unit="image"),
    )  # fmt: skip
    (by_image, *_rest) = parts(recipe.protocol, labels, groups, sources, 0)
    train, _validation, test = _on(by_image, groups)
    assert train & test
    by_group = twin(recipe)
    assert by_group is not None and by_group.protocol.folds == 3 and twin(by_group) is None
    (part, *_rest) = parts(by_group.protocol, labels, groups, sources, 0)
    train, _validation, test = _on(part, groups)
    assert not train & test


def test_a_source_judges_by_films_whose_groups_trained_nowhere() -> None:
    labels = ["a", "b"] * 20
    groups = [f"g{number // 2}" for number in range(40)]
    sources = ["here"] * 21 + ["there"] * 19  # g10 has a film in both
    for part in parts(Protocol(kind="leave-one-source-out"), labels, groups, sources, 0):
        assert "g10" not in {groups[number] for number in (*part.train, *part.validation)}
    names = [part.name for part in parts(Protocol(kind="leave-one-source-out"), labels, groups, sources, 0)]
    assert names == ["source-1-here", "source-2-there"]


@pytest.mark.parametrize(
    ("protocol", "sources", "code"),
    [
        (Protocol(kind="k-fold", folds=10), ["s"] * 20, "class-missing"),
        (Protocol(kind="leave-one-source-out"), ["s"] * 20, "one-source"),
        (Protocol(kind="leave-one-source-out"), ["s"] * 17 + ["t"] * 3, "class-missing"),
    ],
)
def test_a_protocol_that_the_films_cannot_bear_is_one_sentence(protocol, sources, code) -> None:
    labels = ["normal"] * 17 + ["covid"] * 3
    with pytest.raises(RunRefused) as refused:
        parts(protocol, labels, [str(n) for n in range(20)], sources, 0)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


def test_the_network_that_is_kept_trains_on_all_but_a_small_part() -> None:
    labels, groups, _sources = _films(90)
    part = final_part(FOLDS, labels, groups, 0)
    assert len(part.test) == 0
    assert len(part.train) + len(part.validation) == 90
    assert 12 <= len(part.validation) <= 24
    train, validation, _test = _on(part, groups)
    assert not train & validation


def _single(**changes: object) -> Recipe:
    values: dict[str, object] = {"name": "own", "title": "Own", "network": Network("mobilenetv2"), "phases": (Phase(),)}
    return Recipe(**{**values, **changes})  # type: ignore[arg-type]


def test_a_small_site_is_judged_out_of_fold_and_a_large_one_or_a_paper_as_asked() -> None:
    few, groups, _sources = _films(90)
    assert for_a_site(_single(), few, groups, [""] * 90).protocol.kind == "k-fold"
    assert for_a_site(_single(), few, groups, [""] * 90).protocol.folds == 5
    assert for_a_site(_single(paper="c"), few, groups, [""] * 90) == _single(paper="c")
    assert for_a_site(_single(), few, groups, ["test"] * 90) == _single()
    many, all_groups, _sources = _films(900)
    assert for_a_site(_single(), many, all_groups, [""] * 900) == _single()


def test_a_small_site_has_as_many_folds_as_its_patients_bear() -> None:
    labels = ["normal"] * 40 + ["covid"] * 12
    groups = [f"n{number}" for number in range(40)] + ["a"] * 8 + ["b"] * 2 + ["c"] * 2
    folds = for_a_site(_single(), labels, groups, [""] * 52).protocol.folds
    assert 2 <= folds < 5
    one = [f"n{number}" for number in range(40)] + ["a"] * 12
    assert for_a_site(_single(), labels, one, [""] * 52) == _single()


def test_test_films_that_the_labels_name_are_the_test_part_of_a_single_split() -> None:
    labels, groups, sources = _films(90)
    stated = ["test" if number // 2 % 4 == 0 else "" for number in range(90)]
    (part,) = parts(Protocol(), labels, groups, sources, 0, stated=stated)
    assert part.test.tolist() == [number for number in range(90) if stated[number] == "test"]
    assert len(part.validation)
