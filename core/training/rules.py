"""What a recipe's settings must be to each other: what makes it unusable, and what its user has to be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.training.fields import fields, nearest, said
from core.training.recipe import Phase, Recipe

# The ranges that a backbone's published ImageNet weights were trained on, and the least side that it can take.
IMAGENET_RANGES: dict[str, str] = {
    **dict.fromkeys(("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"), "lite"),
    **dict.fromkeys(("keras-vgg16", "keras-vgg19", "keras-resnet50"), "caffe"),
    **dict.fromkeys(("keras-densenet121", "keras-densenet201"), "torch"),
    **dict.fromkeys(
        (
            "keras-mobilenet", "keras-mobilenetv2", "keras-inceptionv3", "keras-xception", "keras-inceptionresnetv2",
            "keras-resnet101v2",
        ),
        "-1..1",
    ),
}  # fmt: skip
_LEAST_SIDE = {"keras-inceptionv3": 75, "keras-inceptionresnetv2": 75, "keras-xception": 71}
_POOLING = ("global-average-pooling", "global-max-pooling", "flatten")
_ACTIVITY = ("activity_l1", "activity_l2")
_HEAD: dict[str, tuple[str, ...]] = {
    "dense": ("units", "activation", *_ACTIVITY),
    "dropout": ("rate",),
    "batch-normalisation": (),
    **dict.fromkeys(_POOLING, ()),
}
_ACTIVATIONS = ("linear", "relu", "relu6", "sigmoid", "tanh", "silu")
_SPLIT_OFF = {"last-layers": "layers", "last-blocks": "blocks"}
_FROM_SOURCES = 224


def problems(recipe: Recipe) -> list[str]:
    """One sentence for everything that contradicts itself; each field alone is right already."""
    return [*_classes(recipe), *_network(recipe), *_data(recipe), *_phases(recipe), *_unspecified(recipe)]


def warnings(recipe: Recipe) -> list[str]:
    """What can be run, and what the one who runs it should know first."""
    return [*_starts_wrongly(recipe), *_seen_wrongly(recipe), *_judged_wrongly(recipe)]


def covers(pattern: str, key: str) -> bool:
    """Whether a key of [unspecified] speaks of this one: the same, a section around it, or the same of every phase."""
    wanted, given = pattern.split("."), key.split(".")
    if len(given) > 1 and given[1].isdigit() and not (len(wanted) > 1 and wanted[1].isdigit()):
        del given[1]
    return given[: len(wanted)] == wanted


def _classes(recipe: Recipe) -> Iterator[str]:
    names = [each.name for each in recipe.classes]
    taken: dict[str, str] = {}
    for each in recipe.classes:
        for label in (each.name, *each.labels):
            if taken.setdefault(label.casefold(), each.name) != each.name or names.count(each.name) > 1:
                yield f'The label "{label}" stands for two classes.'
    if len(names) == 1:
        yield "classes names one class; a network needs two or more, or none to take those of the data."
    for name in recipe.positive:
        if names and name not in names:
            yield f'positive names "{name}", which is no class{nearest(name, names)}.'
    if names and set(recipe.positive) >= set(names):
        yield "positive names every class; one against the rest needs a rest."


def _network(recipe: Recipe) -> Iterator[str]:
    network, name, shape = recipe.network, recipe.network.backbone, recipe.input
    if network.width is not None and name != "mobilenetv2":
        yield f"network.width is for mobilenetv2; {name} has one width."
    if network.norms and name != "vgg16-3x3":
        yield f"network.norms is for vgg16-3x3, not for {name}."
    if network.start == "imagenet" and name not in IMAGENET_RANGES:
        yield f'network.start is "imagenet"; there are no ImageNet weights for {name}. "random" starts from nothing.'
    least = _LEAST_SIDE.get(name, 32)
    if min(shape.rows, shape.columns) < least:
        yield f"input is {shape.rows} × {shape.columns}; {name} needs at least {least} pixels a side."
    if shape.range in ("caffe", "torch") and shape.channels != 3:
        yield f'input.range is "{shape.range}", which differs by channel; input.channels has to be 3.'
    yield from _head(recipe)


def _head(recipe: Recipe) -> Iterator[str]:
    pooled = 0
    for number, row in enumerate(recipe.network.head, 1):
        place, kind = f"network.head.{number}", row.get("layer")
        if kind not in _HEAD:
            known = ", ".join(_HEAD)
            yield f"{place}.layer is {said(kind)}{nearest(str(kind), _HEAD)}; it has to be one of {known}."
            continue
        if kind in _POOLING:
            pooled += 1
        elif kind == "dense" and not pooled:
            yield f"{place} is a dense layer before any pooling or flatten layer."
        yield from _row(place, row, _HEAD[kind])
    if pooled != 1:
        yield f"network.head has {pooled} of {', '.join(_POOLING)}; it needs one."
    yield from _row("network.last", {"layer": "dense", **recipe.network.last}, _ACTIVITY)


def _row(place: str, row: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for key in row:
        if key != "layer" and key not in known:
            yield f"There is no {place}.{key}{nearest(key, known)}."
    units, rate, activation = row.get("units"), row.get("rate"), row.get("activation", "linear")
    if "units" in known and (not isinstance(units, int) or isinstance(units, bool) or not 1 <= units <= 8192):
        yield f"{place}.units is {said(units)}; it has to be a whole number from 1 to 8192."
    if "rate" in known and (not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 <= rate < 1):
        yield f"{place}.rate is {said(rate)}; it has to be a number, at least 0, below 1."
    if activation not in _ACTIVATIONS:
        near = nearest(str(activation), _ACTIVATIONS)
        yield f"{place}.activation is {said(activation)}{near}; it has to be one of {', '.join(_ACTIVATIONS)}."
    for key in _ACTIVITY:
        value = row.get(key, 0)
        if key in known and (not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1):
            yield f"{place}.{key} is {said(value)}; it has to be a number from 0 to 1."


def _data(recipe: Recipe) -> Iterator[str]:
    levels, balance, protocol = recipe.input.levels, recipe.balance, recipe.protocol
    if levels is not None and not 0 <= levels[0] < levels[1] <= 100:
        yield f"input.levels is {said(levels)}; it has to be two percentiles, the lower one first."
    if balance.undersample and balance.smote != "none":
        yield "balance.undersample takes films away that balance.smote makes up; choose one."
    if (
        protocol.kind != "k-fold"
        and protocol.test + protocol.validation >= 1
        and protocol.kind != "leave-one-source-out"
    ):
        yield "protocol.test and protocol.validation leave nothing to learn from."


def _phases(recipe: Recipe) -> Iterator[str]:
    watched = recipe.protocol.kind != "single" and recipe.protocol.validation > 0
    names = [phase.name for phase in recipe.phases]
    for number, phase in enumerate(recipe.phases, 1):
        place = f"phases.{number}"
        if names.count(phase.name) > 1:
            yield f'{place}.name is "{phase.name}", as that of another phase.'
        yield from _learning(phase, place)
        if phase.momentum and phase.optimiser != "sgd":
            yield f"{place}.momentum is for sgd; {phase.optimiser} has its own."
        if phase.warm_up > phase.epochs:
            yield f"{place}.warm_up is {phase.warm_up:g} epochs of {phase.epochs}."
        if phase.loss == "binary" and len(recipe.classes) not in (0, 2):
            count = len(recipe.classes)
            yield f'{place}.loss is "binary" with {count} classes; it has a meaning with two only.'
        for name, asks in (("schedule", phase.schedule == "plateau"), ("early_stop", phase.early_stop is not None),
                           ("keep", phase.keep != "last")):  # fmt: skip
            if asks and not watched:
                wants = f"{place}.{name} is {said(getattr(phase, name))}"
                yield f'{wants}; it needs films to validate on: a protocol.validation above 0, and not kind = "single".'
        if phase.keep != "last" and phase.average:
            yield f"{place}.keep and {place}.average: the weights of one epoch, or the average of many; choose one."
    random = recipe.network.start == "random"
    if random and not any(phase.trainable == "all" for phase in recipe.phases):
        yield 'network.start is "random" and no phase trains everything: frozen random weights never learn.'


def _learning(phase: Phase, place: str) -> Iterator[str]:
    kind = phase.trainable
    if kind == "cutoff" and (phase.cutoff is None or phase.after is None):
        missing = "after" if phase.after is None else "cutoff"
        yield f"{place}.{missing} is missing: a cut-off is a number and the name of the last frozen layer."
    if kind in _SPLIT_OFF and phase.count is None:
        yield f"{place}.count is missing: how many {_SPLIT_OFF[kind]} learn."
    for name, meant in (("cutoff", "cutoff"), ("after", "cutoff")):
        if getattr(phase, name) is not None and kind != meant:
            yield f'{place}.{name} says nothing where trainable is "{kind}".'
    if phase.count is not None and kind not in _SPLIT_OFF:
        yield f'{place}.count says nothing where trainable is "{kind}".'


def _unspecified(recipe: Recipe) -> Iterator[str]:
    known = _keys()
    for key, why in recipe.unspecified.items():
        if not any(covers(key, each) or covers(each, key) for each in known):
            yield f"There is no {key}, which [unspecified] names{nearest(key, known)}."
        if not why.strip():
            yield f'unspecified."{key}" gives no reason.'


def _keys() -> list[str]:
    found = []
    for field in fields(Recipe):
        found += [field.key] if field.inside is None else [each.key for each in fields(field.inside, f"{field.key}.")]
    return found


def _starts_wrongly(recipe: Recipe) -> Iterator[str]:
    network, phases = recipe.network, recipe.phases
    frozen = [phase.name for phase in phases if phase.trainable != "all"]
    if network.start == "random" and frozen:
        yield (
            f"The phase {frozen[0]} freezes random weights: they find nothing, and a normalisation that does not learn "
            "does not even normalise."
        )
    wanted = IMAGENET_RANGES.get(network.backbone)
    if network.start == "imagenet" and wanted is not None and recipe.input.range != wanted:
        yield (
            f"The ImageNet weights of {network.backbone} were trained on the range {wanted}, and this recipe gives "
            f"them {recipe.input.range}: their features are not what they could be."
        )


def _seen_wrongly(recipe: Recipe) -> Iterator[str]:
    shape = recipe.input
    if recipe.augmentation.mirror:
        yield (
            "Mirrored films show the heart on the right: the network stops seeing what a turned film would tell it, "
            "and situs inversus looks normal."
        )
    if shape.frame == "lungs" and shape.border_crop:
        yield "A border is cropped before the lungs are framed: lungs that reach into it are cut."
    if shape.finest is not None and shape.finest >= max(shape.rows, shape.columns):
        yield f"input.finest is {shape.finest}, no finer than the input itself: it changes nothing."
    if not recipe.paper and max(shape.rows, shape.columns) > _FROM_SOURCES and shape.finest is None:
        yield (
            f"More than {_FROM_SOURCES} pixels a side: films of public sets that are stored at 224 can then be told by "
            "their blur alone."
        )
    if recipe.balance.class_weights and recipe.balance.sampling != "as-is":
        yield "Class weights on top of balanced sampling count the rare classes twice."


def _judged_wrongly(recipe: Recipe) -> Iterator[str]:
    if recipe.protocol.unit == "image":
        yield (
            "Films of one patient may stand on both sides of this split, as published; the same recipe split by "
            "patient is reported beside it."
        )
    for phase in recipe.phases:
        if phase.schedule == "plateau" and phase.early_stop is not None and phase.plateau_patience >= phase.early_stop:
            yield f"The phase {phase.name} ends before its rate could fall."
    if not recipe.protocol.stratified:
        yield "Folds that are not stratified can lack a rare class."
