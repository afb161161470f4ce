"""What the ensemble says of one radiograph: plain data, JSON in, JSON out (design.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import Reason
from core.imaging.prepare import Corrections

Status = Literal["assessed", "abstained", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class MemberOpinion:
    name: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class BundleMark:
    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Seconds:
    read: float = 0.0
    prepare: float = 0.0
    infer: float = 0.0


@dataclass(frozen=True, slots=True)
class Assessment:
    """One row. Probabilities and everything after them are None when the image was refused or failed.

    attention_in_lungs: for each class the share of the positive part of the shown map (the class against the rest)
    that lies inside the lungs, 0…1; 0 where nothing speaks for the class. area_in_lungs: the lungs' share of the
    picture, what a map without any preference would give. Both None without a lungs bundle, or when none were found.
    """

    path: str
    frame: int
    study: str | None
    sha256: str | None
    status: Status
    reasons: tuple[Reason, ...]
    view: str | None = None
    corrections: Corrections = field(default_factory=Corrections)
    probabilities: Mapping[str, float] | None = None
    finding: str | None = None
    refer: bool | None = None
    override: str | None = None
    suspicion: float | None = None
    spread: float | None = None
    members: tuple[MemberOpinion, ...] = ()
    attention_in_lungs: Mapping[str, float] | None = None
    area_in_lungs: float | None = None
    bundle: BundleMark | None = None
    engine: str | None = None
    device: str | None = None
    precision: str | None = None
    seconds: Seconds = field(default_factory=Seconds)

    def as_json(self) -> dict[str, Any]:
        """The row as plain dicts and lists, keys in the order of design.md section 5."""
        return asdict(self)

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Assessment:
        """The assessment again; unknown keys are left out, so that newer rows can be read."""
        known = {name: row[name] for name in Assessment.__dataclass_fields__ if name in row}
        known["reasons"] = tuple(Reason(**reason) for reason in row["reasons"])
        known["corrections"] = Corrections(**row.get("corrections") or {})
        known["members"] = tuple(MemberOpinion(**member) for member in row.get("members") or ())
        known["bundle"] = BundleMark(**row["bundle"]) if row.get("bundle") else None
        known["seconds"] = Seconds(**row.get("seconds") or {})
        return Assessment(**known)


@dataclass(frozen=True, slots=True)
class Maps:
    """Signed class maps of the ensemble on the stored radiograph.

    classes: names, in the order of the first axis. values: (classes, rows, columns) float32, a coarse regular grid
    over the settled film, class against the rest, divided by the bundle's map_scale (1 = strong).
    grid_to_stored: the affine from this grid to the stored pixels.
    members: the same for each member, by name. plain: the ensemble's maps of each class alone (Grad-CAM on the
    logit), on the same grid and scale; the second choice.
    """

    classes: tuple[str, ...]
    values: NDArray[np.float32]
    grid_to_stored: NDArray[np.float64]
    members: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    plain: NDArray[np.float32] | None = None
