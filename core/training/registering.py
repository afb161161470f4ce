"""The bundle of a run under its own name on the shelf, with the card and point that a person decided on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from core.errors import BundleRefused
from core.evidence.openings import Openings
from core.inference import shelf
from core.inference.bundles import Bundle, load
from core.inference.description import Figure, OperatingPoint, is_safe
from core.training.bundling import remade
from core.training.starting import BUNDLE
from core.training.state import PickedPoint, SiteResult

_DRAFT = "registered"
_FIGURES = ("sensitivity", "specificity")


def registered(
    folder: Path, result: SiteResult, *, name: str, version: str, use: str, card: str, point: PickedPoint | None = None
) -> Bundle:
    """Make the bundle that a run is registered as, and put it on the shelf; it is not in use yet.

    name, version: signs that file names hold. use: for whom it is meant, in a sentence; card: Markdown; both as the
    run left them when empty. point: what replaces the operating point. Refuses (BundleRefused) "bundle-name",
    "bundle-exists" and what make_bundle refuses.
    """
    for sign in (name, version):
        if not is_safe(sign) or "/" in sign:
            raise BundleRefused("bundle-name", what=sign or "Nothing")
    bundle = load(folder / BUNDLE)
    described = bundle.description
    changes: dict[str, Any] = {"name": name, "version": version, "test_openings": result.openings}
    if use.strip():
        changes["intended_use"] = msgspec.to_builtins(
            msgspec.structs.replace(described.intended_use, population=use.strip())
        )
    if point is not None:
        changes |= _with_point(bundle, point)
    counted = Openings(result.openings, result.openings_bundles)
    text = _told(card.strip() or bundle.card.strip(), bundle, counted, result, point)
    draft = folder / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)  # of a registration that was cut off
    try:
        return shelf.imported(remade(bundle, draft, card=text, **changes).folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _with_point(bundle: Bundle, point: PickedPoint) -> dict[str, Any]:
    """The picked point first, those of the run behind it, and the card's figures of referral at the picked one."""
    described = bundle.description
    picked = tuple(_figures(point.picked, "", "the films that it was picked on"))
    first = OperatingPoint(point.name, point.threshold, point.words, picked)
    others = [one for one in described.operating_points if one.name != point.name]
    kept = [one for one in described.figures if not one.name.startswith("referral ")]
    source = next((one.source for one in described.figures), "the films that judge")
    referral = _figures(point.test or point.picked, "referral ", source)
    return {
        "operating_points": msgspec.to_builtins([first, *others]),
        "figures": msgspec.to_builtins([*kept, *referral]),
    }


def _figures(given: Any, prefix: str, source: str) -> list[Figure]:
    return [
        Figure(f"{prefix}{name}", given[name]["value"], given[name]["low"], given[name]["high"], source, given["films"])
        for name in _FIGURES
        if given[name]["value"] is not None and given[name]["low"] is not None
    ]


def _told(card: str, bundle: Bundle, counted: Openings, result: SiteResult, point: PickedPoint | None) -> str:
    """The card with what only the run knows: how often its films were opened, and what it came to beside another."""
    lines = [card, "", "## Beside the bundle that was in use", "", result.sentence, "", _openings(counted, result)]
    if point is not None:
        given = "; ".join(f"{name} {point.picked[name]['value']:.3f}" for name in _FIGURES)
        lines += ["", f"Operating point {point.threshold:.4f}: {point.words} ({given} there)."]
    return "\n".join(lines) + f"\n\nMade by a training as {bundle.name} {bundle.version}.\n"


def _openings(counted: Openings, result: SiteResult) -> str:
    times = "once" if counted.count == 1 else f"{counted.count} times"
    which = "The locked test" if result.locked else "These films"
    bundles = "one bundle" if counted.bundles == 1 else f"{counted.bundles} bundles"
    return f"{which} had been opened {times} on this PC by then, for {bundles}."
