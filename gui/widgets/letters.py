"""Where the patient's right, left, head and feet are on the screen: from the file alone, and through every turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.imaging.geometry import Turn

if TYPE_CHECKING:
    from core.imaging.radiograph import Radiograph

_OPPOSITE = {"A": "P", "P": "A"}


@dataclass(frozen=True, slots=True)
class Letters:
    """R, L, H, F, A or P at the four edges of what is shown."""

    top: str
    right: str
    bottom: str
    left: str

    def turned(self, turn: Turn) -> Letters:
        """Where they are after a turn of the picture."""
        top, right, bottom, left = self.top, self.right, self.bottom, self.left
        if turn.transpose:
            top, right, bottom, left = left, bottom, right, top
        if turn.flip_rows:
            top, bottom = bottom, top
        if turn.flip_columns:
            left, right = right, left
        return Letters(top, right, bottom, left)


def letters(radiograph: Radiograph) -> Letters | None:
    """Those of a film as read; None where its file does not say.

    Put upright by its tag, a frontal film shows the patient's right on the left (dicom.md 1.6). Front and back of a
    lateral film are where the file has them.
    """
    if radiograph.sides == "stated":
        return Letters("H", "L", "F", "R")
    across = [one[:1].upper() for one in (radiograph.facts.orientation or "").split("\\")]
    if len(across) != 2 or not set(across) & {"H", "F"}:
        return None
    toward = next((one for one in across if one in _OPPOSITE), None)
    return Letters("H", toward, "F", _OPPOSITE[toward]) if toward is not None else None
