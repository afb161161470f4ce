"""A recipe's data as the text of a file: for run folders, and for a form that is filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def toml(data: Mapping[str, Any]) -> str:
    """Plain data as TOML; None is left out, as TOML has no such value."""
    plain = {key: value for key, value in data.items() if not isinstance(value, Mapping) and value is not None}
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    for key, value in data.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{key}]"]
            lines += [f"{_key(name)} = {_value(inner)}" for name, inner in value.items() if inner is not None]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Mapping():
            inside = ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items() if one is not None)
            return f"{{ {inside} }}"
        case str():
            # JSON's escapes are TOML's, but for the delete sign, which TOML wants escaped too.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case int() | float():
            return repr(value)
        case _:
            return f"[{', '.join(_value(one) for one in value)}]"


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
