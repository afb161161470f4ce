"""`about`: versions, engine, device, licence; the research-use line."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
from typing import Any

from core import places
from core.cli.output import words, write_json
from core.errors import HilumError

HELP = """What this program is, which versions it runs on, and which bundle, engine and device it would use.

example:  python main.py about"""

PURPOSE = "Hilum is for research. It is not a medical device and must not be used to diagnose or treat."
LICENCE = "Apache-2.0; the weights of a bundle have their own licence"
_PACKAGES = (
    "numpy",
    "openvino",
    "keras",
    "tensorflow",
    "pydicom",
    "imagecodecs",
    "opencv-python-headless",
    "pyside6-essentials",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(options: argparse.Namespace) -> int:
    told = facts()
    if options.json:
        write_json(told)
        return 0
    out = words()
    out.print(f"Hilum {told['version']}. {told['licence']}.")
    out.print(told["purpose"])
    out.print(f"Python {told['python']} on {told['system']}; data in {told['home']}")
    out.print(", ".join(f"{name} {version or '(not installed)'}" for name, version in told["packages"].items()))
    for name in ("bundle", "engine"):
        what = told[name]
        out.print(
            what if isinstance(what, str) else ", ".join(f"{key} {value}" for key, value in what.items() if value)
        )
    return 0


def facts() -> dict[str, Any]:
    """All of it as plain values; a bundle or engine that cannot be used is a sentence instead."""
    return {
        "purpose": PURPOSE,
        "licence": LICENCE,
        "version": places.version(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "home": str(places.home()),
        "packages": {name: _version(name) for name in _PACKAGES},
        **_in_use(),
    }


def _in_use() -> dict[str, Any]:
    from core.inference import shelf
    from core.inference.engines.choose import opened

    try:
        bundle = shelf.in_use()
    except HilumError as error:
        return {"bundle": str(error), "engine": None}
    mark = {"name": bundle.name, "version": bundle.version, "digest": bundle.digest}
    mark["weights"] = bundle.description.licence
    try:
        engine = opened(bundle)
    except HilumError as error:
        return {"bundle": mark, "engine": str(error)}
    note = engine.note.text if engine.note else None
    told = {"engine": engine.name, "device": engine.device, "precision": engine.precision, "note": note}
    engine.close()
    return {"bundle": mark, "engine": told}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
