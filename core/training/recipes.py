"""Recipes as files: read, checked as a whole, shown, and turned into what networks and films need."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from core.errors import RunRefused
from core.places import RESOURCES
from core.training import fields, rules
from core.training.recipe import Recipe, Section

FOLDER = RESOURCES / "recipes"
Step = dict[str, Any]
_MOST_BYTES = 256 * 1024
_LONGEST_CHAIN = 8
# Fields that name the recipe and set nothing.
_NAMES = ("format", "name", "labels", "title", "paper", "called", "summary", "unspecified")
# ImageNet's means and deviations as Keras' preprocess_input has them; caffe's are of blue, green, red.
_CAFFE = [103.939, 116.779, 123.68]
_TORCH = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])


@dataclass(frozen=True, slots=True)
class Row:
    """One setting of a recipe, to be shown. key has the number of a phase ("phases.2.rate").

    published: what the paper says, in words; None where it says nothing or there is no paper. unspecified: why this
    value stands where the paper is silent. applies: whether it has a meaning beside the others. off: the value says
    that the thing is not done.
    """

    key: str
    title: str
    value: Any
    unit: str
    range: str
    help: str
    published: str | None
    unspecified: str | None
    applies: bool = True
    off: bool = False


def read(place: str | Path) -> Recipe:
    """A recipe by the name of a shipped one or by its file.

    Refuses "recipe-missing", and "recipe-unusable" with everything that is wrong (RunRefused; facts["errors"]).
    """
    path = found(place)
    return checked(resolved(path), path)


def found(place: str | Path) -> Path:
    """The file of a recipe. Refuses "recipe-missing" with the nearest name."""
    path = Path(place)
    if path.is_file():
        return path
    shipped_file = FOLDER / f"{place}.toml"
    if path.name == str(place) and shipped_file.is_file():
        return shipped_file
    raise RunRefused("recipe-missing", what=place, near=fields.nearest(path.stem, names()))


@lru_cache
def shipped() -> tuple[Recipe, ...]:
    """All recipes of resources/recipes, by name."""
    return tuple(read(name) for name in names())


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def checked(data: Mapping[str, Any], place: str | Path = "the recipe") -> Recipe:
    """The recipe that plain data say. Refuses "recipe-unusable" with one sentence for everything that is wrong.

    place: its file, for the sentence and for recipes that it starts from.
    """
    wrong = fields.errors(data, Recipe)
    if not wrong:
        recipe = msgspec.convert(dict(data), Recipe)
        wrong = rules.problems(recipe) + _chain(recipe, Path(place))
        if not wrong:
            return recipe
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    raise RunRefused("recipe-unusable", what=place, why=wrong[0], more=more, errors=tuple(wrong))


def warnings(recipe: Recipe) -> tuple[str, ...]:
    """What the one who runs it should know first."""
    return tuple(rules.warnings(recipe))


def source_of(recipe: Recipe, folder: Path | None = None) -> Recipe | None:
    """The recipe whose weights this one starts from, or None."""
    kind, _, name = recipe.network.start.partition(":")
    if kind != "recipe":
        return None
    beside = (folder or FOLDER) / f"{name}.toml"
    return read(beside if beside.is_file() else name)


def steps(recipe: Recipe) -> tuple[Step, ...]:
    """What a settled film goes through on its way into the network, as a bundle states it (core.imaging.prepare)."""
    shape = recipe.input
    made: list[Step] = []
    if shape.border_crop:
        made.append({"name": "border-crop", "version": 1, "fraction": shape.border_crop})
    if shape.frame == "lungs":
        made.append({"name": "lung-frame", "version": 1, "margin": shape.margin})
    if shape.levels is not None:
        made.append({"name": "levels", "version": 1, "low": shape.levels[0], "high": shape.levels[1]})
    last = {"name": shape.shape, "version": 1, "rows": shape.rows, "columns": shape.columns}
    if shape.finest is not None:
        # In the input's own proportions, or a letterbox in a letterbox would shrink the film.
        part = shape.finest / max(shape.rows, shape.columns)
        small = {"rows": round(shape.rows * part), "columns": round(shape.columns * part)}
        made.append({"name": shape.shape, "version": 1, **small})
        last["name"] = "stretch"
    return (*made, last, _scale(shape.range, shape.channels))


def architecture(recipe: Recipe, classes: int) -> dict[str, Any]:
    """The network as core.networks builds it, with a dense layer for so many classes at its end."""
    network, shape = recipe.network, recipe.input
    made: dict[str, Any] = {"backbone": network.backbone, "input": [shape.rows, shape.columns, shape.channels]}
    if network.cut is not None:
        made["cut"] = network.cut
    if network.width is not None:
        made["width"] = network.width
    if network.norms:
        made["norms"] = True
    last = {"layer": "dense", "units": classes, **network.last}
    return made | {"head": [*(dict(row) for row in network.head), last]}


def rows(recipe: Recipe) -> list[Row]:
    """Every setting with its words, in the order of the declaration: what `recipe show`, docs and forms are made of."""
    return [row for field in fields.fields(Recipe) for row in _rows(recipe, recipe, field, field.name)]


def _rows(recipe: Recipe, section: Section, field: fields.Field, key: str) -> list[Row]:
    value = getattr(section, field.name)
    if field.inside is None:
        return [_row(recipe, section, field, key, value)]
    parts = enumerate(value, 1) if field.many else [(0, value)]
    made = []
    for number, part in parts:
        start = f"{key}.{number}" if number else key
        for inner in fields.fields(field.inside, f"{field.key}."):
            made += _rows(recipe, part, inner, f"{start}.{inner.name}")
    return made


def _row(recipe: Recipe, section: Section, field: fields.Field, key: str, value: Any) -> Row:
    why = next((why for pattern, why in recipe.unspecified.items() if rules.covers(pattern, key)), None)
    applies = fields.applies(field.key, section)
    off = fields.is_off(field, value)
    sets = applies and not off and field.name not in _NAMES
    published = fields.said(value) if recipe.paper and sets and why is None else None
    return Row(key, field.title, value, field.unit, field.limits, field.help, published, why, applies, off)


def _scale(kind: str, channels: int) -> Step:
    """From 0…1 to the range of the network's numbers."""
    plain = {"0..1": (0, 255), "-1..1": (127.5, 127.5), "lite": (127, 128)}
    if kind in plain:
        offset, divisor = plain[kind]
        return {"name": "scale", "version": 1, "offset": offset, "divisor": divisor, "channels": channels}
    if kind == "caffe":
        return {"name": "scale", "version": 2, "offsets": _CAFFE, "divisors": [1.0, 1.0, 1.0], "order": "bgr"}
    return {"name": "scale", "version": 2, "offsets": _TORCH[0], "divisors": _TORCH[1], "order": "rgb"}


def resolved(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The file's data over those of the recipe that it extends."""
    data = _parsed(path)
    base = data.pop("extends", None)
    if base is None:
        return data
    here = path.resolve()
    if not isinstance(base, str) or here in seen or len(seen) >= _LONGEST_CHAIN:
        why = f"extends is {fields.said(base)}; it has to be another recipe's name"
        raise RunRefused("recipe-unusable", what=path, why=f"{why}.", more="", errors=(f"{why}.",))
    beside = path.parent / f"{base}.toml"
    return _merged(resolved(beside if beside.is_file() else found(base), (*seen, here)), data)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are joined key by key; everything else, lists of phases included, is replaced."""
    made = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(made.get(key), Mapping)
        made[key] = _merged(made[key], value) if both else value
    return made


def _parsed(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES // 1024} KiB")
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        why = error.strerror if isinstance(error, OSError) else error
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else why
        raise RunRefused("recipe-unusable", what=path, why=f"{why}.", more="", errors=(f"{why}.",)) from error


def _chain(recipe: Recipe, path: Path) -> list[str]:
    kind, _, name = recipe.network.start.partition(":")
    if kind != "recipe":
        return []
    if name == recipe.name:
        return [f"network.start is {fields.said(recipe.network.start)}, the recipe itself."]
    known = {*names(), *(file.stem for file in path.parent.glob("*.toml"))} if path.suffix else set(names())
    return [] if name in known else [f'network.start names the recipe "{name}"{fields.nearest(name, known)}.']
