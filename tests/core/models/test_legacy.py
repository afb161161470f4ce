"""A Keras file becomes a member by data, or is refused in one sentence; nothing in it is ever run."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BundleRefused
from core.inference import shelf
from core.models import keras_model, legacy, matching
from core.models.state import LegacyLook, LegacyTaken, LegacyWish
from core.networks.backbones import BACKBONES
from tests.core.models.conftest import Run

pytest.importorskip("keras", reason="Keras (extra `train`) is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file:UserWarning")

WISH = LegacyWish(
    "old-net", "An old network", (("normal", "Normal"), ("covid", "COVID-19")), "normal", "0..1", "stretch", "Adults."
)


def layers() -> Any:
    from core.networks.backend import keras

    return keras().layers


def small(*head: Any, channels: int = 1) -> Any:
    """Paper C's small network with a head, as somebody would have written it."""
    from core.networks.backend import keras

    keras().utils.set_random_seed(5)
    made = [keras().layers.Input((64, 64, channels))]
    for filters in (32, 64, 128, 256):
        made += [
            layers().Conv2D(filters, 3, padding="same", activation="relu"),
            layers().MaxPooling2D(),
        ]
    return keras().Sequential([*made, *head])


def saved(model: Any, path: Path) -> Path:
    model.save(path)
    return path


def code_of(act: Any) -> str:
    with pytest.raises(BundleRefused) as caught:
        act()
    return caught.value.code


def looked(path: Path) -> LegacyLook:
    return legacy.look(path)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_network_of_the_table_is_recognised_in_both_kinds_of_file(tmp_path: Path, suffix: str) -> None:
    model = small(layers().Flatten(), layers().Dense(16, activation="relu"), layers().Dropout(0.3),
                  layers().Dense(3, activation="softmax"))  # fmt: skip
    found = looked(saved(model, tmp_path / f"old{suffix}"))
    assert (found.backbone, found.sides, found.outputs, found.ends) == ("small-cnn", (64, 64, 1), 3, "softmax")
    assert found.parameters == model.count_params()


def test_one_unit_with_a_sigmoid_is_two_classes(tmp_path: Path) -> None:
    from core.networks.backend import keras

    # The fewest layers of those with normalisations; it stands inside another model, as `applications` are used.
    base = keras().applications.MobileNet(include_top=False, weights=None, input_shape=(64, 64, 3))
    model = keras().Sequential(
        [
            keras().layers.Input((64, 64, 3)),
            layers().RandomFlip("horizontal"),
            base,
            layers().GlobalAveragePooling2D(),
            layers().Dense(1, activation="sigmoid"),
        ]
    )
    path = saved(model, tmp_path / "binary.keras")
    found = matching.matched(keras_model.opened(path), path.name)
    assert (found.backbone, found.ends, found.member.classes) == ("keras-mobilenet", "sigmoid", 2)
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    theirs = model.predict_on_batch(pictures)
    logits = found.member.model.predict_on_batch(pictures)
    np.testing.assert_allclose(theirs[:, 0], 1 / (1 + np.exp(logits[:, 0] - logits[:, 1])), atol=1e-5)


def test_a_file_of_keras_2_is_read(tmp_path: Path) -> None:
    import h5py

    model = small(layers().Flatten(), layers().Dense(2, activation="softmax"))
    path = saved(model, tmp_path / "keras2.h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        rows = [row for row in config["config"]["layers"] if row["class_name"] != "InputLayer"]
        for row in rows:
            row.pop("module", None)
            row.pop("registered_name", None)
            row["config"].pop("dtype", None)
        # A Sequential of Keras 2 states its input in its first layer, and its layers have what Keras 3 dropped.
        rows[0]["config"]["batch_input_shape"] = [None, 64, 64, 1]
        rows[0]["config"]["kernel_initializer"] = {"class_name": "GlorotUniform", "config": {"seed": None}}
        config["config"] = {"name": "sequential", "layers": rows}
        file.attrs["model_config"] = json.dumps(config)
    assert looked(path).backbone == "small-cnn"


def test_a_file_becomes_a_bundle_that_gives_the_same_answers(run: Run, shipped: Path, tmp_path: Path) -> None:
    path = saved(small(layers().Flatten(), layers().Dense(2, activation="softmax")), tmp_path / "old.h5")
    look = run("legacy-look", str(path)).result
    assert isinstance(look, LegacyLook)
    taken = run("legacy-take", str(path), WISH)
    assert taken.error is None
    assert isinstance(taken.result, LegacyTaken)
    assert taken.result.probability < 1e-4
    bundle = shelf.chosen(taken.result.digest)
    assert (bundle.name, bundle.version, bundle.classes) == ("old-net", "1", ("normal", "covid"))
    assert bundle.description.suspicion == ("covid",)
    assert [step["name"] for step in bundle.description.input.steps] == ["stretch", "scale"]
    assert "Which films it was trained on is not known" in bundle.card
    assert shelf.in_use().digest != bundle.digest
    shelf.promote(bundle.digest)
    assert shelf.in_use().digest == bundle.digest


def test_a_file_that_brings_code_is_not_opened(run: Run, shipped: Path, tmp_path: Path) -> None:
    from core.networks.backend import keras

    marker = tmp_path / "ran"
    model = small(
        layers().Flatten(),
        keras().layers.Lambda(lambda x, place=str(marker): (open(place, "w").close(), x)[1]),
        layers().Dense(2, activation="softmax"),
    )
    path = saved(model, tmp_path / "evil.h5")
    marker.unlink(missing_ok=True)
    task = run("legacy-look", str(path))
    assert task.error is not None
    assert task.error.code == "legacy-unsafe"
    assert not marker.exists()


def test_modules_and_functions_that_a_file_names_are_never_looked_up(tmp_path: Path) -> None:
    path = saved(small(layers().Flatten(), layers().Dense(2, activation="softmax")), tmp_path / "good.keras")
    evil = tmp_path / "evil.keras"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(evil, "w") as target:
        config = json.loads(source.read("config.json"))
        row = config["config"]["layers"][1]
        row["module"], row["registered_name"] = "os", "system"
        row["config"]["kernel_initializer"] = {"module": "os", "class_name": "system", "config": {"command": "x"}}
        target.writestr("config.json", json.dumps(config))
        target.writestr("model.weights.h5", source.read("model.weights.h5"))
    # What names a module is left out, and the rest is an honest network.
    assert looked(evil).backbone == "small-cnn"


def test_what_is_not_in_the_table_is_refused_in_one_sentence(tmp_path: Path) -> None:
    from core.networks.backend import keras

    flat, dense = layers().Flatten(), layers().Dense(2, activation="softmax")
    cases = {
        "legacy-unknown": [
            keras().Sequential([keras().layers.Input((64, 64, 1)), layers().Conv2D(8, 3), flat, dense]),
            small(layers().Conv2D(8, 1), layers().LayerNormalization(), layers().Flatten(), layers().Dense(2)),
            small(layers().Flatten(), layers().Dense(3, activation="sigmoid")),
        ]
    }
    for code, models in cases.items():
        for number, model in enumerate(models):
            path = saved(model, tmp_path / f"{number}.keras")
            assert code_of(lambda path=path: looked(path)) == code
    (tmp_path / "words.h5").write_text("no network", "utf-8")
    assert code_of(lambda: looked(tmp_path / "words.h5")) == "legacy-unreadable"
    assert code_of(lambda: looked(tmp_path / "nothing.h5")) == "legacy-unreadable"
    weights = tmp_path / "only.weights.h5"
    small(layers().Flatten(), layers().Dense(2)).save_weights(weights)
    assert code_of(lambda: looked(weights)) == "legacy-unreadable"


def test_the_same_layers_joined_otherwise_give_other_answers_and_are_refused(tmp_path: Path) -> None:
    from core.networks.backend import keras

    made = [keras().layers.Input((64, 64, 1))]
    for filters in (32, 64, 128, 256):
        made += [layers().Conv2D(filters, 3, padding="same", activation="tanh"), layers().MaxPooling2D()]
    model = keras().Sequential([*made, layers().Flatten(), layers().Dense(2, activation="softmax")])
    path = saved(model, tmp_path / "other.h5")
    assert code_of(lambda: looked(path)) == "legacy-differs"


def test_a_wish_that_does_not_fit_the_file_is_refused(shipped: Path, tmp_path: Path) -> None:
    path = saved(small(layers().Flatten(), layers().Dense(3, activation="softmax")), tmp_path / "old.h5")
    assert code_of(lambda: legacy.taken(path, WISH)) == "architecture-unusable"
    assert not list((shelf.places.own_bundles()).glob("*net*"))


def test_every_backbone_that_can_be_read_back_is_known_by_its_counts() -> None:
    known = {row["backbone"] for rows in matching._BY_COUNT.values() for row in rows}
    assert set(BACKBONES) - known == {"keras-inceptionresnetv2"}


def test_the_command_line_takes_a_keras_file_and_asks_for_its_classes_first(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from core.cli.main import run as main

    path = saved(small(layers().Flatten(), layers().Dense(2, activation="softmax")), tmp_path / "old.h5")
    assert main("nowhere:nothing", ["bundle", "import", str(path)]) != 0
    said = " ".join(capsys.readouterr().err.split())
    assert "small-cnn with an input of 64 × 64 × 1 and 2 outputs; name them with --classes." in said
    assert main("nowhere:nothing", ["bundle", "import", str(path), "--classes", "normal,covid", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "old"
    assert shelf.chosen("old").description.suspicion == ("covid",)
