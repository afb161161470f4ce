from __future__ import annotations

import numpy as np
import pytest

from core.errors import RunRefused
from core.networks.members import build
from core.networks.start import load_member

DENSE = {"layer": "dense", "units": 8, "activation": "relu"}
HEAD = [{"layer": "global-average-pooling"}, DENSE, {"layer": "batch-normalisation"}, {"layer": "dense", "units": 3}]
DATA = {"backbone": "mobilenetv2", "width": 0.25, "cut": "stage3", "input": [32, 32, 1], "head": HEAD}


@pytest.fixture
def stored(tmp_path, lived_in):
    """A member with lived-in weights, and its file."""
    other = lived_in(**DATA)
    other.model.save_weights(tmp_path / "other.weights.h5")
    return other, tmp_path / "other.weights.h5"


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def test_all_but_the_last_layer_is_taken(stored):
    other, path = stored
    # Another size of input and other classes; a dropout has no weights and does not count.
    head = [*HEAD[:3], {"layer": "dropout", "rate": 0.5}, {"layer": "dense", "units": 3}]
    member = build({**DATA, "input": [48, 40, 1], "head": head})
    taken = load_member(member, DATA, path)
    assert taken.left == ("head5_dense",)
    assert taken.taken[0] == "stem_conv"
    assert taken.taken[-2:] == ("head2_dense", "head3_batch_normalisation")
    assert all(same(member.model.get_layer(name), other.model.get_layer(name)) for name in taken.taken)
    assert not same(member.head[-1], other.head[-1])


def test_a_head_is_taken_as_far_as_it_is_equal(stored):
    other, path = stored
    head = [HEAD[0], {**DENSE, "units": 9}, HEAD[2], HEAD[3]]
    taken = load_member(build({**DATA, "head": head}), DATA, path)
    assert taken.left == ("head2_dense", "head3_batch_normalisation", "head4_dense")
    taken = load_member(build({**DATA, "head": [HEAD[0], HEAD[3]]}), DATA, path)
    assert taken.left == ("head2_dense",)


def test_of_a_backbone_cut_elsewhere_the_common_part_is_taken(stored):
    other, path = stored
    shallow = load_member(build({**DATA, "cut": "stage2", "head": [HEAD[0], HEAD[3]]}), DATA, path)
    assert shallow.left == ("head2_dense",)
    assert shallow.taken[-1] == "stage2_block2_project_norm"
    deep = load_member(build({**DATA, "cut": "stage4"}), DATA, path)
    assert deep.taken[: len(shallow.taken)] == shallow.taken
    assert deep.left[0] == "stage4_block1_expand_conv"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"backbone": "small-cnn", "cut": None}, "its backbone is mobilenetv2, not small-cnn"),
        ({"width": 0.5}, "its width is 0.25, not 0.5"),
        ({"input": [32, 32, 3]}, "1 channels, not 3"),
    ],
)
def test_another_network_is_refused_in_one_sentence(stored, changes, named):
    _other, path = stored
    with pytest.raises(RunRefused, match=named) as refused:
        load_member(build({**DATA, **changes}), DATA, path)
    assert refused.value.code == "start-unusable"


def test_a_file_that_is_damaged_or_missing_or_of_another_architecture_is_refused(stored, tmp_path):
    _other, path = stored
    member = build(DATA)
    before = member.model.get_weights()
    (tmp_path / "damaged.weights.h5").write_bytes(path.read_bytes()[:2000])
    cases = [
        (DATA, tmp_path / "damaged.weights.h5"),
        (DATA, tmp_path / "missing.weights.h5"),
        ({**DATA, "cut": "stage4"}, path),
        ({**DATA, "cut": "nowhere"}, path),
    ]
    for architecture, weights in cases:
        with pytest.raises(RunRefused) as refused:
            load_member(member, architecture, weights)
        assert refused.value.code == "start-unusable"
    assert all(np.array_equal(a, b) for a, b in zip(before, member.model.get_weights(), strict=True))
