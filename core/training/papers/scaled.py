"""One smaller protocol for all recipes, for a PC on which the published one would take weeks; always said.

What stays: films, classes, preprocessing, augmentation, balance, head, optimiser, rates, schedules, the order of
phases, networks that start from nothing. What changes stands in `Scale.words` and, recipe by recipe, in `changes`.
Where a cut-off goes: the last blocks of a mobile network keep their number; in the others the same share of blocks
learns, at least one, and where anything was frozen at least the first block stays so. All frozen stays all frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.errors import RunRefused
from core.training import rules
from core.training.recipe import Augmentation, Input, Network, Phase, Recipe

# Inverted residuals and the last convolution of EfficientNet-Lite0, as core.networks.trainable counts blocks.
_STAND_IN, _STAND_IN_BLOCKS = "efficientnet-lite0", 17
# (backbone, last frozen layer) → of how many blocks so many learn.
_SHARES = {
    ("keras-vgg19", "block5_conv1"): (1, 5),
    ("keras-mobilenet", "conv_pw_1_relu"): (12, 13),
    ("keras-inceptionv3", "mixed8"): (2, 11),
    ("keras-xception", "block13_sepconv2_act"): (2, 14),
    ("keras-inceptionresnetv2", "block8_7_ac"): (4, 44),
    ("keras-resnet50", "conv5_block2_out"): (1, 16),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How small. by_image: also split by image where the paper did, which takes as long again. skips: networks from
    nothing that two cores cannot train in the time."""

    side: int = 128
    folds: int = 3
    epochs: int = 10
    minutes: int = 20
    by_image: bool = False
    skips: tuple[str, ...] = ("vgg16-3x3", "resnet50-3x3")

    @property
    def words(self) -> str:
        """For the title of every table."""
        return (
            f"scaled: {self.side}², {self.folds} folds by patient, ≤ {self.epochs} epochs and ≤ {self.minutes} min a "
            "network, Lite0 for ImageNet networks"
        )

    @property
    def sentence(self) -> str:
        """For the beginning of a report."""
        twins = " (and as many by image where the paper split by image)" if self.by_image else ""
        return (
            f"Scaled down: {self.side} × {self.side} pixels, {self.folds} folds by patient{twins}, at most "
            f"{self.epochs} epochs and {self.minutes} minutes a network, EfficientNet-Lite0 with ImageNet weights in "
            "place of every network that started from ImageNet."
        )


def scaled(recipe: Recipe, scale: Scale | None = None) -> Recipe:
    """The recipe at this scale, under its own name.

    Refuses "recipe-unscalable" (RunRefused) where no place in the small network compares with its cut-off.
    """
    scale = scale or Scale()
    stands_in = recipe.network.start == "imagenet"
    small = msgspec.structs.replace(
        recipe,
        input=_input(recipe, scale, stands_in),
        network=_network(recipe.network) if stands_in else recipe.network,
        augmentation=_augmentation(recipe, scale),
        phases=_phases(recipe, scale, stands_in),
        protocol=msgspec.structs.replace(
            recipe.protocol, kind="k-fold", folds=scale.folds, unit="group", stratified=True
        ),
    )
    wrong = rules.problems(small)
    if wrong:
        raise RunRefused("recipe-unscalable", what=recipe.name, why=wrong[0])
    return small


def beyond(recipe: Recipe, scale: Scale) -> str | None:
    """Why a recipe is left out at this scale, or None."""
    if recipe.network.backbone not in scale.skips:
        return None
    return f"{recipe.network.backbone} from nothing is beyond {scale.minutes} minutes on a PC without a GPU"


def changes(recipe: Recipe, scale: Scale) -> list[str]:
    """What `scaled` does to this recipe, beyond the words of the scale, one line each."""
    small, lines = scaled(recipe, scale), []
    before, after = recipe.network.backbone, small.network.backbone
    if before != after:
        ranges = (recipe.input.range, small.input.range)
        said = "its range stays as it was" if ranges[0] == ranges[1] else f"its range {ranges[0]} by {ranges[1]}"
        lines.append(f"{before} is replaced by {after}, {said}.")
    for one, other in zip(recipe.phases, small.phases, strict=True):
        if one.trainable == "cutoff" and other.trainable == "last-blocks":
            learns, blocks = _SHARES[before, str(one.after)]
            what = f"{learns} of {blocks} blocks of {before} learn, here {other.count} of {_STAND_IN_BLOCKS}"
            lines.append(f"{one.name}: {what}.")
        if one.norms != other.norms:
            lines.append(
                f"{one.name}: normalisations are measured anew at the end; too few steps for moving statistics."
            )
        if one.epochs != other.epochs:
            lines.append(f"{one.name}: {other.epochs} epochs instead of {one.epochs}.")
    return lines


def _input(recipe: Recipe, scale: Scale, stands_in: bool) -> Input:
    kind = recipe.input.range
    if stands_in and kind == rules.IMAGENET_RANGES.get(recipe.network.backbone):
        # A range that did not fit the weights in the paper (B) goes on not to fit.
        kind = "lite"
    finest = recipe.input.finest
    if finest is not None and finest >= scale.side:
        finest = None
    return msgspec.structs.replace(recipe.input, rows=scale.side, columns=scale.side, range=kind, finest=finest)


def _augmentation(recipe: Recipe, scale: Scale) -> Augmentation:
    """A shift in pixels of the input shrinks with the input."""
    share = scale.side / max(recipe.input.rows, recipe.input.columns)
    pixels = round(recipe.augmentation.shift_pixels * min(share, 1.0), 1)
    return msgspec.structs.replace(recipe.augmentation, shift_pixels=pixels)


def _network(network: Network) -> Network:
    cut = network.cut if network.backbone == _STAND_IN else None
    return msgspec.structs.replace(network, backbone=_STAND_IN, width=None, cut=cut)


def _phases(recipe: Recipe, scale: Scale, stands_in: bool) -> tuple[Phase, ...]:
    total = sum(phase.epochs for phase in recipe.phases)
    made = []
    for phase in recipe.phases:
        epochs = phase.epochs if total <= scale.epochs else max(1, scale.epochs * phase.epochs // total)
        # After a few hundred steps moving statistics lag: a network that had learnt called everything one class.
        norms = "measured" if phase.norms == "learn" else phase.norms
        part = msgspec.structs.replace(phase, epochs=epochs, warm_up=min(phase.warm_up, float(epochs)), norms=norms)
        made.append(_moved(recipe, part) if stands_in and phase.trainable == "cutoff" else part)
    return tuple(made)


def _moved(recipe: Recipe, phase: Phase) -> Phase:
    backbone, after = recipe.network.backbone, str(phase.after)
    if backbone == _STAND_IN:
        return phase
    if (backbone, after) not in _SHARES:
        why = f"nobody has said what compares with a cut of {backbone} after {after}"
        raise RunRefused("recipe-unscalable", what=recipe.name, why=why)
    learns, blocks = _SHARES[backbone, after]
    count = min(_STAND_IN_BLOCKS - 1, max(1, int(learns / blocks * _STAND_IN_BLOCKS + 0.5)))
    return msgspec.structs.replace(phase, trainable="last-blocks", cutoff=None, after=None, count=count)
