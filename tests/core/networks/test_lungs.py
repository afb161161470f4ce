"""A mask head: its size, its answers in the form of every member, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import BundleRefused
from core.networks import convert, members

SMALL = {
    "backbone": "mobilenetv2",
    "cut": "stage4",
    "width": 0.25,
    "input": [64, 48, 1],
    "mask": {"context": 8, "channels": [8, 6, 4]},
}
SHIPPED = {
    "backbone": "efficientnet-lite0",
    "cut": "stage4",
    "input": [224, 224, 1],
    "mask": {"context": 96, "channels": [64, 48, 32]},
}


def test_a_mask_member_answers_in_the_form_of_every_member() -> None:
    member = members.build(SMALL)
    answer = member.with_maps.predict_on_batch(convert.check_images(member, 2))
    assert answer["maps"].shape == (2, 1, 32, 24)
    assert answer["logits"].shape == (2, 1)
    assert answer["features"].shape == (2, member.features.output.shape[1])
    np.testing.assert_allclose(answer["logits"][:, 0], answer["maps"].mean((1, 2, 3)), rtol=1e-4, atol=1e-5)


def test_the_mask_is_half_the_input_and_lies_on_it_without_an_offset() -> None:
    affine = members.build(SMALL).cell_to_square
    assert (affine @ [0, 0, 1]).tolist() == [0, 0, 1]
    assert (affine @ [32, 24, 1]).tolist() == [64, 48, 1]


def test_the_mask_member_converts_like_every_member(tmp_path: Path) -> None:
    figures = convert.convert(members.build(SMALL), tmp_path / "small.xml")
    assert figures.maps <= convert.LIMIT


def test_the_shipped_form_has_at_most_half_a_million_parameters() -> None:
    assert members.build(SHIPPED).parameters <= 500_000


@pytest.mark.parametrize(
    "change",
    [
        {"mask": None},
        {"mask": {"context": 8, "channels": [8, 6]}},
        {"mask": {"context": "many", "channels": [8, 6, 4]}},
        {"mask": {"context": 8, "channels": [8, 6, 100_000]}},
        {"cut": "stage3"},
        {"input": [64, 40, 1]},
    ],
)
def test_a_mask_that_cannot_be_built_is_refused_in_words(change: dict[str, object]) -> None:
    with pytest.raises(BundleRefused) as caught:
        members.build({**SMALL, **change})
    assert caught.value.code == "architecture-unusable"
