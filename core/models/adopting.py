"""From figures to a bundle of the site's own: names, cards, lineage, and its place on the shelf."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core import places
from core.cohort.lineage import read_lineage
from core.errors import BundleRefused
from core.evidence.judging import LINEAGE
from core.inference import shelf
from core.inference.bundles import Bundle
from core.inference.description import Figure, is_safe
from core.models.asking import Answers
from core.training.bundling import remade

# No two bundles of one name and version: the next number is looked for up to this one.
_MOST_VERSIONS = 1000


def checked_name(name: str) -> str:
    """A name that file names can hold. Refuses "bundle-name" (BundleRefused)."""
    name = name.strip()
    if not is_safe(name) or "/" in name:
        raise BundleRefused("bundle-name", what=name)
    return name


def next_version(name: str) -> str:
    """The lowest whole number that no bundle of this name on the shelf has as its version."""
    taken = {one.bundle.version for one in shelf.listed() if one.bundle is not None and one.bundle.name == name}
    return next(str(number) for number in range(1, _MOST_VERSIONS) if str(number) not in taken)


def on_shelf(make: Callable[[Path], Bundle]) -> Bundle:
    """Have a bundle made in a folder of its own and put it onto the shelf; nothing is left when that is refused."""
    own = places.made(places.own_bundles())
    draft = Path(tempfile.mkdtemp(prefix=".hilum-", dir=own))
    try:
        return shelf.imported(make(draft / "bundle").folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def chosen_by(answers: Answers, name: str, title: str, lines: Sequence[str], changes: Mapping[str, Any]) -> Bundle:
    """The first bundle of the answers with other fields, on the shelf under another name.

    title, lines: what its card says first. The films count as seen: they have chosen what is new in it.
    """
    parent = answers.bundles[0]
    name = checked_name(name)
    version = next_version(name)
    file = parent.path(LINEAGE)
    lineage = answers.seen.joined(read_lineage(file)) if file.is_file() else answers.seen
    made_with = {**dict(parent.raw.get("made_with") or {}), "made_from": _mark(parent)}
    return on_shelf(
        lambda folder: remade(
            parent,
            folder,
            card=card_with(parent.card, name, title, lines),
            lineage=lineage.arrays(),
            name=name,
            version=version,
            title=f"{parent.description.title} ({title[0].lower()}{title[1:]})",
            made_with=made_with,
            **changes,
        )
    )


def card_with(card: str, name: str, title: str, lines: Sequence[str]) -> str:
    """The card under another name, with a new first section."""
    head, _, rest = card.partition("\n")
    body = rest if head.startswith("# ") else card
    return "\n".join([f"# {name}", "", f"## {title}", "", *lines, body.rstrip("\n"), ""])


def plain_figures(found: Mapping[str, Any], source: str, films: int) -> list[Any]:
    """Figures {name: {value, low, high}} as they stand in bundle.json; those without an interval are left out."""
    return [
        msgspec.to_builtins(Figure(name, one["value"], one["low"], one["high"], source, films))
        for name, one in found.items()
        if one["value"] is not None and one["low"] is not None
    ]


def _mark(bundle: Bundle) -> dict[str, str]:
    return {"name": bundle.name, "version": bundle.version, "digest": bundle.digest}
