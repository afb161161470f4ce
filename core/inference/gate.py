"""May this image be assessed? Facts, looks, novelty; each says no in words and with a code (docs/gate.md).

The gate never names a file and never sees a score: a refused image gets none. A reader may override it, with a
reason that is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import Reason, reason
from core.imaging.looks import Looks
from core.imaging.prepare import Corrections
from core.imaging.radiograph import Facts
from core.inference.description import IntendedUse
from core.inference.lungs import Lungs

# Set on the tuning half of tests/core/inference/gate_names.csv and on known frontal films; docs/gate.md has the table.
SMALLEST_SIDE = 100
NARROWEST, WIDEST = 0.55, 1.9
BLANK_SPREAD = 0.08
NOISE_ROUGHNESS = 0.12
FEWEST_LEVELS = 24
MOST_MASKED = 0.4  # of the picture, in padding or behind a shutter: above it a caution
LEAST_FRONTAL = -0.1
MOST_CUT, MUCH_CUT = 0.65, 0.4  # of a side of the lungs' box, at the film's edge: refused, and a caution
WIDEST_LUNG = 0.6  # of the film's width, where only one lung was found

_CHEST = ("CHEST", "THORA", "LUNG")
_PROJECTIONS = {"CR", "DX", "OT", "SC", "RG"}
_FRONTAL = {"PA", "AP", "POSTERO_ANTERIOR", "ANTERO_POSTERIOR"}


def from_facts(facts: Facts, use: IntendedUse) -> tuple[Reason, ...]:
    """What the file's own statements say for or against assessing it with this bundle."""
    stated = (facts.modality, facts.body_part, facts.view, facts.presentation_intent, facts.age_years)
    if all(value is None for value in stated):
        return (reason("facts-unknown"),)
    return tuple(_of_facts(facts, use))


def _of_facts(facts: Facts, use: IntendedUse) -> Iterator[Reason]:
    if facts.modality and facts.modality.upper() not in _PROJECTIONS:
        yield reason("gate-not-chest", what=f"an image of the kind {facts.modality}")
    if facts.body_part and not any(word in facts.body_part.upper() for word in _CHEST):
        yield reason("gate-not-chest", what=facts.body_part.lower())
    yield from _of_view(facts, use)
    if (facts.presentation_intent or "").upper() == "FOR PROCESSING" and "FOR PROCESSING" not in use.intents:
        yield reason("gate-not-for-networks", what="Raw detector data, not meant for reading")
    youngest, oldest = use.ages
    if facts.age_years is None:
        yield reason("age-unknown")
    elif not youngest <= facts.age_years <= oldest:
        yield reason("gate-age", what=_years(facts.age_years), meant=f"ages {youngest:g} to {oldest:g}")


def _of_view(facts: Facts, use: IntendedUse) -> Iterator[Reason]:
    view = (facts.view or "").upper().strip()
    if view:
        if view not in use.views and view not in _FRONTAL:
            yield reason("gate-not-frontal", what=view)
        return
    # Rows that run to the front or the back of the patient: a lateral film, whatever its view tag leaves out
    # (PS3.3 C.7.6.1.1.1).
    along_rows = "\\".join(facts.orientation) if isinstance(facts.orientation, tuple) else (facts.orientation or "")
    if along_rows[:1].upper() in ("A", "P"):
        yield reason("gate-not-frontal", what="lateral, by its orientation")
        return
    yield reason("view-unknown")


def _years(age: float) -> str:
    if age < 2:
        return f"{int(age * 12)} months old"
    return f"{int(age)} years old"


def from_looks(looks: Looks) -> tuple[Reason, ...]:
    """What the picture itself says against being a film, before any network has seen it; the plainest first."""
    if min(looks.rows, looks.columns) < SMALLEST_SIDE:
        return (reason("gate-too-small", present=f"{looks.rows} × {looks.columns} pixels", limit=SMALLEST_SIDE),)
    if looks.spread < BLANK_SPREAD:
        return (reason("gate-blank"),)
    if looks.roughness > NOISE_ROUGHNESS:
        return (reason("gate-noise"),)
    if looks.levels < FEWEST_LEVELS:
        return (reason("gate-flat-art"),)
    if not NARROWEST <= looks.aspect <= WIDEST:
        return (reason("gate-shape", what=f"{looks.aspect:.1f} times"),)
    if looks.frontal < LEAST_FRONTAL:
        return (reason("gate-inverted"),)
    return ()


def from_lungs(lungs: Lungs) -> tuple[Reason, ...]:
    """What the lungs say against the film: none at all, or not a whole chest; the milder the less certain."""
    if not lungs.found:
        return (reason("gate-no-lungs"),)
    if lungs.cut > MOST_CUT:
        return (reason("gate-cropped", what="its edge cuts the lungs off"),)
    if lungs.one_sided and lungs.wide > WIDEST_LUNG:
        return (reason("gate-cropped", what="one lung fills it"),)
    if lungs.one_sided:
        return (reason("one-lung-found"),)
    return (reason("lungs-cut"),) if lungs.cut > MUCH_CUT else ()


def from_masking(share: float) -> tuple[Reason, ...]:
    """A caution when much of the picture that the networks get is padding or lies behind a shutter."""
    return (reason("much-masked", what=f"{share:.0%}"),) if share > MOST_MASKED else ()


def declared(corrections: Corrections) -> tuple[Reason, ...]:
    """The notes that a result carries about what its reader declared."""
    notes = []
    if corrections.negative:
        notes.append(reason("declared-negative"))
    if corrections.turned:
        notes.append(reason("declared-turned", what=corrections.turned))
    if corrections.mirrored:
        notes.append(reason("declared-mirrored"))
    return tuple(notes)


def refuses(reasons: tuple[Reason, ...]) -> bool:
    return any(reason.severity == "refusal" for reason in reasons)
