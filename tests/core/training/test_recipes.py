"""Recipes as files: what is wrong is said in words, and what the papers left open is marked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.errors import RunRefused
from core.training import fields, recipes, rules
from core.training.papers.scaled import Scale, beyond, changes, scaled
from core.training.recipe import Recipe

GOOD: dict[str, Any] = {
    "name": "mine",
    "title": "Mine",
    "network": {"backbone": "efficientnet-lite0", "start": "imagenet"},
    "phases": [{"rate": 0.001}],
}


def wrong(data: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(RunRefused) as refusal:
        recipes.checked(data, "mine.toml")
    assert refusal.value.code == "recipe-unusable"
    found = refusal.value.facts["errors"]
    assert isinstance(found, tuple)
    assert all(sentence.endswith(".") for sentence in found)
    return found


def changed(**sections: Any) -> dict[str, Any]:
    made = {**GOOD}
    for name, value in sections.items():
        made[name] = {**made.get(name, {}), **value} if isinstance(value, dict) else value
    return made


def test_a_small_recipe_is_enough() -> None:
    recipe = recipes.checked(GOOD)
    assert recipe.protocol.unit == "group"
    assert not recipe.augmentation.mirror


def test_all_errors_of_a_file_are_told_at_once_with_the_nearest_words() -> None:
    data = changed(network={"backbone": "keras-vgg91"}, inputs={}, phases=[{"rate": 3, "trainabel": "all"}])
    assert wrong(data) == (
        "There is no inputs (the nearest is input).",
        'network.backbone is "keras-vgg91" (the nearest is keras-vgg19).',
        "There is no phases.1.trainabel (the nearest is trainable).",
        "phases.1.rate is 3; it has to be a number, above 0, at most 1.",
    )


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"phases": [{"trainable": "cutoff", "cutoff": 18}]}, "phases.1.after is missing"),
        ({"phases": [{"trainable": "last-blocks"}]}, "phases.1.count is missing"),
        ({"phases": [{"cutoff": 3}]}, "phases.1.cutoff says nothing"),
        ({"phases": [{"loss": "binary"}], "classes": [{"name": each} for each in "abc"]}, "with two only"),
        ({"phases": [{"schedule": "plateau"}], "protocol": {"kind": "single"}}, "needs films to validate on"),
        ({"phases": [{"early_stop": 3}], "protocol": {"validation": 0.0}}, "needs films to validate on"),
        ({"phases": [{"keep": "best-loss"}], "protocol": {"kind": "k-fold", "validation": 0}}, "films to validate on"),
        ({"phases": [{"trainable": "head"}], "network": {"start": "random"}}, "frozen random weights never learn"),
        ({"phases": [{"momentum": 0.5}]}, "momentum is for sgd"),
        ({"phases": []}, "phases is empty"),
        ({"phases": [{"rate": float("nan")}]}, "phases.1.rate is nan"),
        ({"network": {"backbone": "small-cnn"}}, "no ImageNet weights for small-cnn"),
        ({"network": {"start": "recipe:c-modle-0"}}, "the nearest is c-model-0"),
        ({"network": {"head": [{"layer": "dense", "units": 3}]}}, "before any pooling"),
        ({"network": {"head": [{"layer": "globl-average-pooling"}]}}, "the nearest is global-average-pooling"),
        ({"network": {"head": [{"layer": "flatten"}, {"layer": "dropout", "rate": 1}]}}, "network.head.2.rate is 1"),
        ({"network": {"last": {"activity_l3": 1}}}, "There is no network.last.activity_l3"),
        ({"balance": {"undersample": True, "smote": "pixels"}}, "choose one"),
        ({"input": {"channels": 1, "range": "torch"}}, "differs by channel"),
        ({"input": {"levels": [99, 1]}}, "two percentiles"),
        ({"network": {"backbone": "keras-inceptionv3"}, "input": {"rows": 64}}, "at least 75"),
        ({"classes": [{"name": "a"}, {"name": "b"}], "positive": ["c"]}, "which is no class"),
        ({"unspecified": {"phases.rats": "why"}}, "the nearest is phases.rate"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(sections: dict[str, Any], sentence: str) -> None:
    found = wrong(changed(**sections))
    assert any(sentence in each for each in found), found


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"augmentation": {"mirror": True}}, "heart on the right"),
        ({"input": {"range": "0..1"}}, "trained on the range lite"),
        ({"protocol": {"unit": "image"}}, "both sides of this split"),
        (
            {"network": {"start": "random"}, "phases": [{"name": "a", "trainable": "head"}, {"name": "b"}]},
            "freezes random weights",
        ),
    ],
)
def test_what_may_mislead_is_a_warning(sections: dict[str, Any], sentence: str) -> None:
    found = recipes.warnings(recipes.checked(changed(**sections)))
    assert any(sentence in each for each in found), found


def test_a_file_that_is_no_toml_and_one_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("name = ")
    with pytest.raises(RunRefused, match="cannot be used: Invalid value"):
        recipes.read(tmp_path / "a.toml")
    with pytest.raises(RunRefused, match="nearest is a-vgg19"):
        recipes.read("a-vgg91")


def test_a_recipe_extends_another_and_never_itself(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('extends = "site-fine-tune"\nname = "own"\n[network]\nstart = "imagenet"\n')
    own, base = recipes.read(tmp_path / "own.toml"), recipes.read("site-fine-tune")
    assert own.network.start == "imagenet"
    assert (own.augmentation, own.phases, own.network.cut) == (base.augmentation, base.phases, base.network.cut)
    (tmp_path / "loop.toml").write_text('extends = "loop"\n')
    with pytest.raises(RunRefused, match="another recipe's name"):
        recipes.read(tmp_path / "loop.toml")


def test_every_shipped_recipe_is_right_and_named_like_its_file() -> None:
    found = recipes.shipped()
    assert [recipe.name for recipe in found] == recipes.names()
    counts = {paper: sum(each.paper == paper for each in found) for paper in "abcde"}
    assert counts == {"a": 5, "b": 4, "c": 4, "d": 8, "e": 8}


@pytest.mark.parametrize("name", [name for name in recipes.names() if name[1] == "-"])
def test_what_a_paper_recipe_sets_is_written_in_it_or_marked_as_our_choice(name: str) -> None:
    given = list(_keys(recipes.resolved(recipes.found(name))))
    silent = [
        row.key
        for row in recipes.rows(recipes.read(name))
        if row.published is not None and row.key not in given and row.key.split(".")[0] not in ("classes",)
    ]
    assert silent == []


def _keys(data: Any, prefix: str = "") -> Any:
    for key, value in data.items():
        if key == "phases":
            for number, phase in enumerate(value, 1):
                yield from _keys(phase, f"phases.{number}.")
        elif isinstance(value, dict) and key not in ("last",):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def test_rows_tell_the_published_value_and_why_another_stands_there() -> None:
    rows = {row.key: row for row in recipes.rows(recipes.read("c-model-2"))}
    assert rows["phases.2.rate"].published == "0.0001"
    assert rows["phases.1.trainable"].published == '"last-dense"'
    assert rows["network.backbone"].published is None
    assert "figure" in str(rows["network.backbone"].unspecified)
    assert not rows["phases.1.momentum"].applies
    assert rows["augmentation.gamma"].off


def test_every_field_has_words_and_a_range() -> None:
    for field in fields.everything(Recipe):
        assert field.title and field.limits, field.key
        assert field.help.endswith("."), field.key
    assert {field.key for field in fields.everything(Recipe)} >= set(fields._APPLIES)


def test_a_recipe_becomes_steps_and_a_network() -> None:
    recipe = recipes.read("a-vgg19")
    assert recipes.steps(recipe)[0] == {"name": "letterbox", "version": 1, "rows": 200, "columns": 266}
    assert recipes.architecture(recipe, 3)["head"][-1] == {"layer": "dense", "units": 3}
    recipe = recipes.checked(changed(input={"frame": "lungs", "finest": 96, "border_crop": 0.05, "shape": "letterbox"}))
    assert [step["name"] for step in recipes.steps(recipe)] == [
        "border-crop", "lung-frame", "letterbox", "stretch", "scale",
    ]  # fmt: skip
    assert recipes.architecture(recipes.read("b-densenet201"), 2)["head"][-1]["activity_l1"] == 0.001


def test_a_recipe_names_the_one_it_starts_from() -> None:
    assert recipes.source_of(recipes.read("c-model-2")) == recipes.read("c-model-0")
    assert recipes.source_of(recipes.read("c-model-3")) is None


@pytest.mark.parametrize("recipe", recipes.shipped(), ids=recipes.names())
def test_every_recipe_can_be_scaled_down_and_stays_right(recipe: Recipe) -> None:
    scale = Scale()
    small = scaled(recipe, scale)
    assert rules.problems(small) == []
    assert (small.input.rows, small.input.columns, small.protocol.folds) == (128, 128, 3)
    assert small.protocol.unit == "group"
    assert sum(phase.epochs for phase in small.phases) <= 10
    if recipe.network.start == "imagenet":
        assert small.network.backbone == "efficientnet-lite0"
    else:
        assert small.network == recipe.network
    assert bool(changes(recipe, scale)) == (small.phases != recipe.phases or small.network != recipe.network)


def test_a_cut_off_goes_to_the_comparable_place() -> None:
    def learns(name: str) -> list[tuple[str, int | None]]:
        return [(phase.trainable, phase.count) for phase in scaled(recipes.read(name)).phases]

    assert learns("a-vgg19") == [("last-blocks", 3)]  # a fifth of 17
    assert learns("a-mobilenet") == [("last-blocks", 16)]  # nearly whole stays nearly whole
    assert learns("b-inceptionv3") == [("head", None)]  # frozen stays frozen
    assert learns("e-fine-tuning-11") == [("last-blocks", 11)]
    assert learns("c-model-3") == [("last-dense", None), ("last-blocks", 1)]
    assert scaled(recipes.read("b-inceptionv3")).input.range == "0..1"  # what did not fit goes on not to fit


def test_a_network_beyond_the_machine_is_left_out_with_a_reason() -> None:
    assert "beyond 20 minutes" in str(beyond(recipes.read("d-vggnet-data-a"), Scale()))
    assert beyond(recipes.read("d-alexnet-data-a"), Scale()) is None


def test_a_cut_that_compares_with_nothing_is_refused() -> None:
    phase = {"trainable": "cutoff", "cutoff": 100, "after": "mixed3"}
    recipe = recipes.checked(changed(network={"backbone": "keras-inceptionv3"}, phases=[phase]))
    with pytest.raises(RunRefused, match="nobody has said what compares"):
        scaled(recipe)


def test_shipped_files_are_named_like_their_recipes() -> None:
    for file in recipes.FOLDER.glob("*.toml"):
        assert tomllib.loads(file.read_text("utf-8"))["name"] == file.stem
