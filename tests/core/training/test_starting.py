"""What a training begins from: the right member of a bundle, its last layer where the classes are the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.cohort.cache import FilmCache
from core.cohort.cohort import Cohort
from core.cohort.hashes import perceptual_hash
from core.cohort.lineage import lineage_of
from core.errors import RunRefused
from core.inference.bundles import Bundle
from core.training import recipes, starting
from core.training.recipe import Input, Network, Phase, Recipe
from core.training.starting import load_into, seen, start_of
from tests.labelled_films import drawn

RECIPE = Recipe(
    name="own", title="Own", input=Input(rows=64, columns=64), phases=(Phase(),),
    network=Network("efficientnet-lite0", cut="stem", start="bundle"),
)  # fmt: skip


def _with(**changes: object) -> Recipe:
    return msgspec.structs.replace(RECIPE, network=msgspec.structs.replace(RECIPE.network, **changes))


def test_the_first_member_with_the_recipes_backbone_gives_its_weights(small_bundle: Bundle) -> None:
    start = start_of(RECIPE, small_bundle)
    assert start.words == "small 1.0.0, member stretched"
    assert start.notes["digest"] == small_bundle.digest
    assert start_of(_with(backbone="mobilenetv2", width=0.35), small_bundle.folder).notes["member"] == "random"
    with pytest.raises(RunRefused, match="it has efficientnet-lite0, efficientnet-lite0, mobilenetv2, not small-cnn"):
        start_of(_with(backbone="small-cnn"), small_bundle)


def test_a_start_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match="a run of the recipe c-model-0; give it with --start RUN"):
        start_of(_with(start="recipe:c-model-0"))
    (tmp_path / "run.json").write_text("{}", "utf-8")
    with pytest.raises(RunRefused, match="has not ended in a bundle"):
        start_of(RECIPE, tmp_path)


@pytest.mark.parametrize(
    ("classes", "taken"), [(("bright", "dark", "normal"), [1, 2, 0]), (("bright", "dim", "normal"), None)]
)
def test_the_last_layer_is_kept_where_the_classes_are_the_same(
    small_bundle: Bundle, classes: tuple[str, ...], taken: list[int] | None
) -> None:
    from core.networks.members import build

    member = build(recipes.architecture(RECIPE, 3))
    before = member.head[-1].get_weights()[0]
    load_into(member, start_of(RECIPE, small_bundle), classes)
    kernel, bias = member.head[-1].get_weights()
    theirs = np.zeros((32, 3), np.float32)
    theirs[0, 1], theirs[1, 2] = 2.0, 2.0  # tests/small_bundle.py sets them by hand
    if taken is None:
        assert (kernel == before).all() and (bias == 0).all()
    else:
        assert (kernel == theirs[:, taken]).all()
        assert bias.tolist() == pytest.approx([0.0, 0.0, 0.3])
    assert member.model.get_layer("stem_conv").get_weights()[0][0, 0, 0, 0] == pytest.approx(1 / 27)


def test_films_that_a_bundle_saw_are_known_by_file_and_by_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = [drawn(number, "normal").astype(np.uint16) * 257 for number in range(4)]
    names = [f"{number:064x}" for number in range(4)]
    hashes = np.stack([perceptual_hash(film) for film in films])
    with FilmCache(tmp_path) as cache:
        for name, film in zip(names, films, strict=True):
            cache.add(name, film)
        texts = np.array(names)
        cohort = Cohort(cache.films(names), texts, texts, texts, texts, texts, texts, hashes)
    mirrored = perceptual_hash(np.ascontiguousarray(films[3][:, ::-1]))
    lineage = lineage_of([names[1], "ff" * 32], np.stack([np.zeros(32, np.uint8), mirrored]))
    monkeypatch.setattr(starting, "lineage_before", lambda _start: lineage)
    assert seen(starting.Start("bundle"), cohort).tolist() == [False, True, False, True]
