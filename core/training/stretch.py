"""One phase's model, as Keras trains it: what learns, the optimiser, a step, and the look at the validation films."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.networks.backend import Devices, in_precision, keras, mixed_precision
from core.networks.members import Member
from core.networks.trainable import choose
from core.training.checkpoint import Arrays
from core.training.features import Border
from core.training.feed import Beside, Feed, Floats, ahead
from core.training.forward import forward
from core.training.recipe import Phase

_NORM_BATCHES, _NORM_BATCH = 20, 64
# A compiled graph is quicker but takes seconds to make, every epoch anew, because the weights are others.
_COMPILED_FROM = 400
_JUDGED_BATCH = 64
_LITTLE = 1e-6
_FAINT = 1e-4  # of a logit: a map without a positive place has no share outside
_PLAIN = Beside()


class Stretch:
    """optimiser, rate: as they are now. The member's layers learn or rest as the phase says once this is made."""

    def __init__(
        self, member: Member, phase: Phase, loss: Callable[[Any, Any], Any] | None, beside: Beside = _PLAIN
    ) -> None:
        """beside: what stands in the feed's targets behind the classes' shares."""
        self.member, self.phase, self._own_loss, self._beside = member, phase, loss, beside
        self.learns = self.learning(member, phase)
        self.rate = phase.rate
        self._trained: Any = None
        self.optimiser: Any = None
        self._from_features = False

    @staticmethod
    def learning(member: Member, phase: Phase) -> frozenset[str]:
        """Let the layers of the phase learn; gives the names of those that do."""
        choose(
            member,
            phase.trainable,
            cutoff=phase.cutoff,
            after=phase.after,
            count=phase.count,
            norms="frozen" if phase.norms == "frozen" else "learn",
        )
        return frozenset(layer.name for layer in member.model.layers if layer.trainable_weights)

    @contextlib.contextmanager
    def compiled(self, devices: Devices, found: Border | None = None) -> Iterator[None]:
        """Ready for steps inside the block, in 16 bits where the GPU gains from it.

        found: where kept features come in; None when films do.
        """
        self._from_features = found is not None
        outputs = {"logits": self.member.model.output}
        if self.phase.attention and self._beside.cells is not None:
            outputs["maps"] = against_rest(self.member)
        # Another model of the same layers: the member's own shall hold no optimiser, or its weights file would.
        self._trained = (
            keras().models.Model(self.member.model.inputs, outputs) if found is None else found.behind(outputs)
        )
        with in_precision(self._trained, mixed_precision()):
            self._compile()
            self._share = devices.sharing()
            yield

    def _compile(self) -> None:
        module = keras()
        metrics = module.metrics
        if self._own_loss is not None:
            loss, accuracy = self._own_loss, metrics.BinaryAccuracy("accuracy", threshold=0.0)
        else:
            loss = class_loss(self.member.classes, self.phase.smoothing)
            accuracy = metrics.MeanMetricWrapper(_hits(self.member.classes), "accuracy")
        # XLA is ten times slower on a CPU; JAX has nothing else.
        jit = module.backend.backend() == "jax"
        with_maps = "maps" in self._trained.output
        self._trained.compile(
            _optimiser(self.phase),
            {"logits": loss} | ({"maps": outside_lungs} if with_maps else {}),
            loss_weights={"logits": 1.0} | ({"maps": self.phase.attention} if with_maps else {}),
            metrics={"logits": accuracy},
            jit_compile=jit,
        )
        self.optimiser = self._trained.optimizer  # Keras wraps it where a loss in 16 bits has to be scaled
        self.optimiser.build(self._trained.trainable_variables)

    def step(self, pixels: Floats, targets: Floats, counts: Floats, rate: float) -> tuple[float, float]:
        """One step at this rate; gives the loss, regularisers and all, and the accuracy before it."""
        self.rate = rate
        self.optimiser.learning_rate = rate
        x, weights, *y = self._share((pixels, counts, *self._split(targets)))
        names = list(self._trained.output)
        found = self._trained.train_on_batch(
            x, dict(zip(names, y, strict=True)), sample_weight=dict.fromkeys(names, weights), return_dict=True
        )
        accuracy = found["accuracy"] if "accuracy" in found else found["logits_accuracy"]
        return float(found["loss"]), float(accuracy)

    def _split(self, targets: Floats) -> tuple[Floats, ...]:
        """The targets of the model's outputs, from a feed's: core.training.feed.Beside."""
        if self._own_loss is not None:
            return (targets,)
        own = self.member.classes * (2 if self._beside.prior else 1)
        if "maps" not in self._trained.output:
            return (targets[:, :own],)
        assert self._beside.cells is not None
        outside = targets[:, own:].reshape(-1, 1, *self._beside.cells)
        is_class = np.eye(self.member.classes, dtype=np.bool_)[targets[:, : self.member.classes].argmax(1)]
        # Below 0: not the film's class.
        return targets[:, :own], np.where(is_class[:, :, None, None], outside, np.float32(-1))

    def averaged(self) -> Arrays | None:
        """Put the moving average into the weights, where the phase has one; gives what was there."""
        if not self.phase.average:
            return None
        variables = self._trained.trainable_variables
        before = [np.asarray(keras().ops.convert_to_numpy(variable)) for variable in variables]
        self.optimiser.finalize_variable_values(variables)
        return before

    def put_back(self, before: Arrays | None) -> None:
        if before is not None:
            for variable, value in zip(self._trained.trainable_variables, before, strict=True):
                variable.assign(value)

    def judged(self, validation: Feed) -> tuple[float, float]:
        """Loss and accuracy on the films as they are, in inference."""
        quick = not self._from_features and len(validation) >= _COMPILED_FROM
        ask = forward(self.member.model) if quick else self._asked
        losses: list[NDArray[Any]] = []
        right: list[NDArray[Any]] = []
        weights: list[NDArray[Any]] = []
        for pixels, told, counts in ahead(validation, np.arange(len(validation)), _JUDGED_BATCH, 0):
            answers = ask(pixels)[""]
            targets = told if self._own_loss is not None else told[:, : self.member.classes]
            losses.append(self._losses(targets, answers))
            right.append(self._right(targets, answers))
            weights.append(counts)
        count = np.concatenate(weights)
        return float(np.average(np.concatenate(losses), weights=count)), float(
            np.average(np.concatenate(right), weights=count)
        )

    def _asked(self, pixels: Floats) -> dict[str, Floats]:
        # Always the same number of films: TensorFlow would trace the network again for the rest of them.
        room = [(0, _JUDGED_BATCH - len(pixels)), *[(0, 0)] * (pixels.ndim - 1)]
        return {"": np.asarray(self._trained.predict_on_batch(np.pad(pixels, room))["logits"])[: len(pixels)]}

    def _losses(self, targets: Floats, answers: Floats) -> NDArray[Any]:
        if self._own_loss is not None:
            found = self._own_loss(keras().ops.convert_to_tensor(targets), keras().ops.convert_to_tensor(answers))
            return _a_film(np.asarray(keras().ops.convert_to_numpy(found), np.float64))
        return surprise(targets, answers)

    def _right(self, targets: Floats, answers: Floats) -> NDArray[Any]:
        if self._own_loss is not None:
            return _a_film(np.asarray((answers > 0) == (targets > 0.5), np.float64))
        return np.asarray(answers.argmax(1) == targets.argmax(1), np.float64)

    def measure_norms(self, feed: Feed, epoch: int) -> None:
        """Take the normalisations' statistics anew, with the final weights, as plain means over batches of films.

        After a few hundred steps the moving ones lag far behind: a member that ranked at 0.70 came out at 0.55.
        """
        model = self.member.model
        norms = [
            layer for layer in model.layers if type(layer).__name__ == "BatchNormalization" and layer.trainable_weights
        ]
        momenta = [layer.momentum for layer in norms]
        order = feed.order(epoch)[: _NORM_BATCHES * _NORM_BATCH]
        for number, (pixels, _targets, _counts) in enumerate(ahead(feed, order, _NORM_BATCH, epoch), 1):
            for layer in norms:
                layer.momentum = 1 - 1 / number
            model(pixels, training=True)
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum


def _a_film(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values.reshape(len(values), -1).mean(1))


def surprise(targets: Floats, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """−Σ target·log p of each film (n,); natural logarithm."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return np.asarray(-(targets * logs).sum(1))


def class_loss(classes: int, smoothing: float) -> Callable[[Any, Any], Any]:
    """Cross-entropy of logits (n, classes) with shares (n, classes), or with shares and the source's prior behind them:
    then the prior is added to the logits first.

    "binary" is the same: two softmax units of which one is 1 minus the other (tests prove it).
    """
    losses = keras().losses

    def loss(targets: Any, logits: Any) -> Any:
        prior = targets[:, classes:]
        logits = logits + prior if prior.shape[1] else logits
        return losses.categorical_crossentropy(
            targets[:, :classes], logits, from_logits=True, label_smoothing=smoothing
        )

    return loss


def _hits(classes: int) -> Callable[[Any, Any], Any]:
    def hits(targets: Any, logits: Any) -> Any:
        return keras().metrics.categorical_accuracy(targets[:, :classes], logits)

    return hits


def against_rest(member: Member) -> Any:
    """The maps (n, classes, h, w) of each class against the rest, as core.inference.heatmap has them; the
    probabilities in them do not learn by it."""

    def joined(tensors: Any) -> Any:
        ops = keras().ops
        maps, logits = tensors
        shares = ops.stop_gradient(ops.softmax(logits))[:, :, None, None]
        rest = ops.sum(shares * maps, axis=1, keepdims=True) - shares * maps
        return maps - rest / (1 - shares + _LITTLE)

    output = member.with_maps.output
    return keras().layers.Lambda(joined, name="against_rest")([output["maps"], output["logits"]])


def outside_lungs(outside: Any, maps: Any) -> Any:
    """The share of the positive map that lies outside the lungs (n,). outside, maps: (n, classes, h, w); outside: how
    much of each cell is not lung, at the film's class, and below 0 at the others."""
    ops = keras().ops
    positive = ops.relu(maps) * ops.cast(outside >= 0, maps.dtype)
    return ops.sum(positive * ops.relu(outside), axis=(1, 2, 3)) / (ops.sum(positive, axis=(1, 2, 3)) + _FAINT)


def random_layers(member: Member, start: str) -> Sequence[str]:
    """Layers whose weights have learnt nothing, when the member began with `start` (as a recipe says it)."""
    with_weights = [layer.name for layer in member.model.layers if layer.weights]
    if start == "random":
        return with_weights
    if start == "imagenet":
        head = {layer.name for layer in member.head}
        return [name for name in with_weights if name in head]
    return with_weights[-1:] if start else ()


def _optimiser(phase: Phase) -> Any:
    optimisers = keras().optimizers
    options: dict[str, Any] = {
        "global_clipnorm": phase.clip,
        "use_ema": phase.average > 0,
        "ema_momentum": phase.average or 0.99,
    }
    if phase.optimiser == "adamw":
        return optimisers.AdamW(phase.rate, weight_decay=phase.decay, **options)
    options["weight_decay"] = phase.decay or None
    if phase.optimiser == "sgd":
        return optimisers.SGD(phase.rate, momentum=phase.momentum, **options)
    return optimisers.Adam(phase.rate, **options)
