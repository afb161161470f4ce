"""Write a bundle from trained members: files, compiled graphs, self-proof, description, and the proof of it all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core import places
from core.errors import BundleRefused
from core.files import sha256_of, write_whole
from core.imaging.phantom import Opacity, simulate
from core.inference import description as d
from core.inference import novelty as novelties
from core.inference import selfproof
from core.inference.bundles import DESCRIPTION, Bundle, load
from core.inference.description import (
    Abstention,
    ClassEntry,
    Figure,
    IntendedUse,
    MemberEntry,
    MemberFiles,
    NetworkInput,
    OperatingPoint,
)
from core.inference.novelty import Novelty

_PROOF_ROWS = 384
_WORTH_PACKING = 1000  # numbers
_PROOF_FILMS: tuple[tuple[str, int, Opacity | None, int], ...] = (
    ("clear.png", 1, None, 8),
    ("consolidation.png", 2, "consolidation", 8),
    ("ground-glass.png", 3, "ground-glass", 16),
)


@dataclass(frozen=True, slots=True)
class TrainedMember:
    """A member as training leaves it.

    architecture: data from which core.networks.members builds it. weights: its Keras .weights.h5.
    weight: its share in the ensemble's logits; the shares add up to 1. input: its own, or None for the bundle's.
    """

    name: str
    architecture: Mapping[str, Any]
    weights: Path
    weight: float
    input: NetworkInput | None = None


def make_bundle(
    folder: Path,
    *,
    name: str,
    version: str,
    title: str,
    classes: Sequence[ClassEntry],
    suspicion: Sequence[str],
    intended_use: IntendedUse,
    input: NetworkInput,
    members: Sequence[TrainedMember],
    temperature: float,
    map_scale: Mapping[str, float],
    operating_points: Sequence[OperatingPoint],
    abstention: Abstention,
    novelty: Novelty | None,
    class_mix: Mapping[str, Mapping[str, int]],
    figures: Sequence[Figure],
    licence: str,
    card: str,
    lineage: Mapping[str, NDArray[Any]],
    films: Sequence[Path] = (),
    extra: Mapping[str, Any] | None = None,
    lungs: str | None = None,
    kind: Literal["ensemble", "lungs"] = "ensemble",
) -> Bundle:
    """Make a bundle in `folder` (it must not exist yet) and give it back, loaded and verified on every engine here.

    suspicion: the classes whose probabilities add up to it. map_scale: class → 95th percentile of the validation
    maxima of the ensemble's class-against-the-rest map (core.inference.heatmap). novelty: what
    core.inference.novelty.learnt gives. lineage: arrays of lineage.npz. card: Markdown. films: simulated films for
    the self-proof (files); without any, core.imaging.phantom makes them. extra: further fields of bundle.json.
    lungs: the digest of the lungs bundle that a lung frame among the steps uses.
    Refuses (BundleRefused) a graph that does not give what Keras gives, and whatever load and verify refuse;
    nothing is left in `folder` then.
    """
    if folder.exists():
        raise BundleRefused("bundle-exists", what=folder)
    places.made(folder.parent)
    draft = Path(tempfile.mkdtemp(prefix=".hilum-", dir=folder.parent))
    try:
        entries = [_member(draft, member, member.input or input) for member in members]
        if novelty is not None:
            _save_arrays(draft / novelties.FILE, novelty.arrays)
        _save_arrays(draft / "lineage.npz", lineage)
        write_whole(draft / "card.md", card)
        _films(draft / selfproof.FOLDER, films)
        described = d.Description(
            format=d.FORMAT,
            kind=kind,
            name=name,
            version=version,
            title=title,
            classes=tuple(classes),
            intended_use=intended_use,
            input=input,
            members=tuple(entries),
            temperature=temperature,
            map_scale=dict(map_scale),
            suspicion=tuple(suspicion),
            operating_points=tuple(operating_points),
            abstention=abstention,
            class_mix={part: dict(counts) for part, counts in class_mix.items()},
            licence=licence,
            files={},
            figures=tuple(figures),
            novelty=d.NoveltyEntry(novelties.FILE, novelty.threshold, novelty.words) if novelty else None,
            lungs=lungs,
        )
        return _finished(draft, folder, {**(extra or {}), **msgspec.to_builtins(described)})
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def remade(
    bundle: Bundle,
    folder: Path,
    *,
    novelty: Novelty | None = None,
    card: str | None = None,
    lineage: Mapping[str, NDArray[Any]] | None = None,
    **changes: Any,
) -> Bundle:
    """The same members in a new bundle with other statistics, card, lineage or fields of bundle.json; proven again."""
    if folder.exists():
        raise BundleRefused("bundle-exists", what=folder)
    places.made(folder.parent)
    draft = Path(tempfile.mkdtemp(prefix=".hilum-", dir=folder.parent))
    try:
        for inside, _sha256 in d.all_files(bundle.description):
            (draft / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle.path(inside), draft / inside)
        raw = {**bundle.raw, **changes}
        if novelty is not None:
            _save_arrays(draft / novelties.FILE, novelty.arrays)
            raw["novelty"] = msgspec.to_builtins(d.NoveltyEntry(novelties.FILE, novelty.threshold, novelty.words))
        if card is not None:
            write_whole(draft / "card.md", card)
        if lineage is not None:
            _save_arrays(draft / "lineage.npz", lineage)
        return _finished(draft, folder, raw)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _finished(draft: Path, folder: Path, raw: Mapping[str, Any]) -> Bundle:
    """Add what must come out, from Keras, to a draft whose other files are there; prove it, and move it into place."""
    bundle = _described(draft, raw)
    _save_arrays(draft / selfproof.EXPECTED, selfproof.given(bundle, selfproof.on_cpu(bundle, "keras")))
    bundle = _described(draft, raw)
    selfproof.verify(bundle)
    draft.replace(folder)
    return load(folder)


def _described(draft: Path, raw: Mapping[str, Any]) -> Bundle:
    """Write bundle.json with the hashes of what is in the draft now, and load it as a reader would."""
    own = {entry["path"] for member in raw["members"] for entry in member["files"].values()}
    found = (path for path in sorted(draft.rglob("*")) if path.is_file() and path.name != DESCRIPTION)
    inside = {path.relative_to(draft).as_posix(): path for path in found}
    files = {name: sha256_of(path) for name, path in inside.items() if name not in own}
    write_whole(draft / DESCRIPTION, msgspec.json.format(msgspec.json.encode({**raw, "files": files}), indent=2))
    return load(draft)


def _member(draft: Path, member: TrainedMember, input: NetworkInput) -> MemberEntry:
    """Copy a member's weights, write its graph, and describe it."""
    from core.networks import convert, members

    folder = places.made(draft / "members")
    built = members.build(member.architecture)
    built.model.load_weights(member.weights)
    weights = folder / f"{member.name}.weights.h5"
    _packed(member.weights, weights)
    graph = folder / f"{member.name}.xml"
    figures = convert.convert(built, graph)
    shape = (input.rows, input.columns, input.channels)
    if tuple(member.architecture["input"]) != shape:
        raise ValueError(f"{member.name} takes {member.architecture['input']}, its steps give {shape}")
    return MemberEntry(
        name=member.name,
        architecture=dict(member.architecture),
        files=MemberFiles(*(_entry(draft, path) for path in (weights, graph, graph.with_suffix(".bin")))),
        parameters=built.parameters,
        weight=member.weight,
        cell_to_square=tuple((float(a), float(b), float(c)) for a, b, c in built.cell_to_square),
        input=member.input,
        conversion=msgspec.to_builtins(figures),
    )


def _packed(source: Path, target: Path) -> None:
    """The weights' file with its arrays packed, a tenth smaller; Keras reads it like any other."""
    import h5py

    def carry(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            packing = {"compression": "gzip", "shuffle": True} if item.size > _WORTH_PACKING else {}
            copied = packed.create_dataset(name, data=item[()], **packing)
        else:
            copied = packed.require_group(name)
        copied.attrs.update(item.attrs)

    with h5py.File(source, "r") as plain, h5py.File(target, "w", libver="latest") as packed:
        packed.attrs.update(plain.attrs)
        plain.visititems(carry)


def _entry(draft: Path, path: Path) -> d.FileEntry:
    return d.FileEntry(path.relative_to(draft).as_posix(), sha256_of(path))


def _films(folder: Path, films: Sequence[Path]) -> None:
    """Put the films of the self-proof into the draft: those given, or three phantoms, two of them with an opacity."""
    places.made(folder)
    for film in films:
        shutil.copyfile(film, folder / film.name)
    if films:
        return
    for name, seed, opacity, depth in _PROOF_FILMS:
        pixels = simulate(seed, opacity, rows=_PROOF_ROWS).pixels
        # One film in 16 bits and two in 8: both readers take part in the proof.
        picture = (pixels * 16).astype(np.uint16) if depth == 16 else (pixels // 16).astype(np.uint8)
        write_whole(folder / name, cv2.imencode(".png", picture)[1].tobytes())


def _save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
