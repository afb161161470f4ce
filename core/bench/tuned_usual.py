"""The usual published fine-tuning, as a baseline: Keras' own transfer-learning guide, with its own tools.

image_dataset_from_directory, random changes, the base frozen and a new head trained with Adam, then everything with a
low rate. As the guide has it the base is called in inference mode, so that its normalisations keep their statistics,
reading is parallel and ahead, and the files are decoded anew in every epoch, as `flow_from_directory` does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from core.bench.tuned import architecture
from core.bench.tuning import CLASSES, SIDE, Side

BATCH = 32


def serve(folder: str) -> Callable[[object], Any]:
    """For core.jobs. folder: with train/CLASS and validation/CLASS. Asked with the epochs of each stage."""
    from core.networks.members import build
    from core.networks.start import load_start

    member = build(architecture())
    load_start(member, "imagenet")

    def handle(epochs: object) -> Side:
        assert isinstance(epochs, int)
        return _trained(member.features, Path(folder), epochs)

    return handle


def _trained(base: Any, folder: Path, epochs: int) -> Side:
    import keras
    import tensorflow as tf

    began, cpu = perf_counter(), process_time()
    changed = keras.Sequential(
        [keras.layers.RandomRotation(0.02), keras.layers.RandomTranslation(0.05, 0.05), keras.layers.RandomZoom(0.1)]
    )

    def read(part: str, *, training: bool) -> Any:
        films = keras.utils.image_dataset_from_directory(
            folder / part, label_mode="categorical", class_names=list(CLASSES), image_size=(SIDE, SIDE),
            batch_size=BATCH, shuffle=training, seed=1, verbose=False,
        )  # fmt: skip
        if training:
            films = films.map(lambda x, y: (changed(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE)
        return films.map(lambda x, y: ((x - 127) / 128, y), num_parallel_calls=tf.data.AUTOTUNE).prefetch(
            tf.data.AUTOTUNE
        )

    train, validation = read("train", training=True), read("validation", training=False)
    base.trainable = False
    inputs = keras.Input((SIDE, SIDE, 3))
    x = base(inputs, training=False)
    x = keras.layers.Dropout(0.2)(x)
    model = keras.Model(inputs, keras.layers.Dense(len(CLASSES))(x))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    model.fit(train, validation_data=validation, epochs=epochs, verbose=0)
    frozen = perf_counter()
    base.trainable = True
    model.compile(keras.optimizers.Adam(1e-5), loss, metrics=["accuracy"])
    history = model.fit(train, validation_data=validation, epochs=epochs, verbose=0).history
    ended = perf_counter()
    parts = {"head": round(frozen - began, 2), "all": round(ended - frozen, 2)}
    return Side(ended - began, process_time() - cpu, history["val_loss"][-1], history["val_accuracy"][-1], parts)
