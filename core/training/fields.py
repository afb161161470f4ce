"""The declaration of a recipe (core.training.recipe) as a list of fields: for errors, `recipe show`, docs and forms."""

from __future__ import annotations

import difflib
import math
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from core.training.recipe import Section

# What a field says when nobody asks for it. A paper that does not mention it is taken to have left it out.
_OFF: tuple[Any, ...] = (None, False, 0, 0.0, "", "none", "as-is", "last", (), {})
_MOST_TO_READ = 8  # choices in one sentence
_NUMBERS = {int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. key: dotted, without the number of a phase ("phases.rate"). limits: its range in words.

    inside: the section that it holds, if it is no plain value; many: it holds a list of them.
    """

    key: str
    title: str
    help: str
    unit: str
    limits: str
    choices: tuple[str, ...]
    default: Any
    required: bool
    type: Any
    inside: type[Section] | None = None
    many: bool = False

    @property
    def name(self) -> str:
        return self.key.rpartition(".")[2]


@lru_cache
def fields(section: type[Section], prefix: str = "") -> tuple[Field, ...]:
    """The fields of one section, in the order of the declaration."""
    hints = typing.get_type_hints(section, include_extras=True)
    return tuple(_field(each, hints[each.name], prefix) for each in msgspec.structs.fields(section))


def everything(section: type[Section], prefix: str = "") -> Iterator[Field]:
    """All plain fields of a section and of those in it."""
    for field in fields(section, prefix):
        if field.inside is None:
            yield field
        else:
            yield from everything(field.inside, f"{field.key}.")


def nearest(word: str, known: Iterable[str]) -> str:
    """ " (did you mean …?)", or nothing when no known word is near."""
    found = difflib.get_close_matches(str(word), list(known), 1, 0.5)
    return f" (the nearest is {found[0]})" if found else ""


def errors(data: Mapping[str, Any], section: type[Section], prefix: str = "", shown: str = "") -> list[str]:
    """One sentence for every key of the data that the declaration does not take, and for what is missing.

    shown: the prefix as the file has it, with the numbers of phases ("phases.2.").
    """
    known = {field.name: field for field in fields(section, prefix)}
    found = [f"There is no {shown}{key}{nearest(key, known)}." for key in data if key not in known]
    for field in known.values():
        place = shown + field.name
        if field.name not in data:
            if field.required:
                found.append(
                    f"{place} is missing: {_begun_small(field.help)}" if field.help else f"{place} is missing."
                )
            continue
        value = data[field.name]
        if field.inside is None:
            found += _wrong(field, place, value)
        elif field.many:
            found += _wrong_list(field, place, value)
        elif isinstance(value, Mapping):
            found += errors(value, field.inside, f"{field.key}.", f"{place}.")
        else:
            found.append(f"{place} is {said(value)}; it has to be a table.")
    return found


def applies(key: str, section: Section) -> bool:
    """Whether a setting has a meaning beside the others of its section (a momentum has none beside Adam)."""
    return key not in _APPLIES or _APPLIES[key](section)


def is_off(field: Field, value: Any) -> bool:
    """Whether this value says that the thing is not done at all."""
    return value == field.default and (value in _OFF or field.key in _OFF_BY_DEFAULT)


def said(value: Any) -> str:
    """A value as a recipe writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {said(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(said, value)) + "]"
    return str(value)


def _field(declared: Any, hint: Any, prefix: str) -> Field:
    meta, plain = msgspec.Meta(), hint
    if typing.get_origin(hint) is Annotated:
        plain, meta = hint.__origin__, hint.__metadata__[0]
    inside, many = _section_in(plain)
    title = meta.title or declared.name.replace("_", " ").capitalize()
    default = declared.default if declared.default is not msgspec.NODEFAULT else None
    if declared.default_factory is not msgspec.NODEFAULT:
        default = declared.default_factory()
    return Field(
        prefix + declared.name, title, meta.description or "", (meta.extra or {}).get("unit", ""),
        _limits(plain, meta), _choices(plain), default, declared.required, hint, inside, many,
    )  # fmt: skip


def _section_in(plain: Any) -> tuple[type[Section] | None, bool]:
    if isinstance(plain, type) and issubclass(plain, Section):
        return plain, False
    first = (typing.get_args(plain) or (None,))[0]
    if typing.get_origin(plain) is tuple and isinstance(first, type) and issubclass(first, Section):
        return first, True
    return None, False


def _choices(plain: Any) -> tuple[str, ...]:
    return tuple(map(str, typing.get_args(plain))) if typing.get_origin(plain) is Literal else ()


def _limits(plain: Any, meta: msgspec.Meta) -> str:
    """What may stand there, in words: "a number above 0, at most 1", "one of adam, adamw, sgd", "true or false"."""
    words = (meta.extra or {}).get("wants")
    if words:
        return str(words)
    args = typing.get_args(plain)
    if typing.get_origin(plain) is Literal:
        return "one of " + ", ".join(map(str, filter(None, args)))
    if plain is bool:
        return "true or false"
    if typing.get_origin(plain) is Annotated:
        return _limits(plain.__origin__, plain.__metadata__[0])
    if type(None) in args:
        return f"{_limits(next(each for each in args if each is not type(None)), meta)}, or left out"
    if plain in _NUMBERS:
        return _NUMBERS[plain] + _bounds(meta)
    if typing.get_origin(plain) is tuple:
        return "two numbers" if args == (float, float) else "a list of " + ("texts" if args[0] is str else "tables")
    return "a table" if typing.get_origin(plain) is dict else "a text"


def _bounds(meta: msgspec.Meta) -> str:
    low = f"at least {meta.ge:g}" if meta.ge is not None else f"above {meta.gt:g}" if meta.gt is not None else ""
    high = f"at most {meta.le:g}" if meta.le is not None else f"below {meta.lt:g}" if meta.lt is not None else ""
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge:g} to {meta.le:g}"
    return "".join(f", {part}" for part in (low, high) if part)


def _wrong(field: Field, place: str, value: Any) -> list[str]:
    try:
        msgspec.convert(value, field.type)
    except msgspec.ValidationError:
        near = nearest(value, field.choices) if isinstance(value, str) else ""
        if near and len(field.choices) > _MOST_TO_READ:
            return [f"{place} is {said(value)}{near}."]
        return [f"{place} is {said(value)}{near}; it has to be {field.limits}."]
    # NaN is neither below nor above a limit.
    values = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(each, float) and not math.isfinite(each) for each in values):
        return [f"{place} is {said(value)}; it has to be {field.limits}."]
    return []


def _wrong_list(field: Field, place: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        return [f"{place} is {said(value)}; it has to be a list of tables."]
    assert field.inside is not None
    if not value and field.required:
        return [f"{place} is empty; it needs at least one."]
    found = []
    for number, each in enumerate(value, 1):
        found += errors(each, field.inside, f"{field.key}.", f"{place}.{number}.")
    return found


def _begun_small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _is(name: str, *values: Any) -> Callable[[Any], bool]:
    return lambda section: getattr(section, name) in values


_APPLIES: dict[str, Callable[[Any], bool]] = {
    "input.margin": _is("frame", "lungs"),
    "augmentation.fill": lambda a: bool(a.rotation or a.shift or a.shift_pixels or a.zoom),
    "augmentation.softening_chance": lambda a: a.softest is not None,
    "augmentation.jpeg_chance": lambda a: a.jpeg is not None,
    "balance.smote_neighbours": lambda b: b.smote != "none",
    "phases.cutoff": _is("trainable", "cutoff"),
    "phases.after": _is("trainable", "cutoff"),
    "phases.count": _is("trainable", "last-layers", "last-blocks"),
    "phases.norms": lambda p: p.trainable not in ("head", "last-dense"),
    "phases.momentum": _is("optimiser", "sgd"),
    "phases.floor": _is("schedule", "cosine"),
    "phases.plateau_factor": _is("schedule", "plateau"),
    "phases.plateau_patience": _is("schedule", "plateau"),
    "protocol.folds": _is("kind", "k-fold"),
    "protocol.test": _is("kind", "single", "single-with-validation"),
    "protocol.validation": lambda p: p.kind != "single",
}
_OFF_BY_DEFAULT = {"augmentation.least_crop", "input.frame", "phases.norms"}
