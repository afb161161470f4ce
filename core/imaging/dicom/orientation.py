"""How a film lies, by Patient Orientation alone (PS3.3 C.7.6.1.1.1); never by the look of the heart."""

from __future__ import annotations

from typing import Literal

from core.imaging.dicom.header import Header, texts
from core.imaging.geometry import UPRIGHT, Turn

_ACROSS, _DOWN = "LRAP", "FH"


def upright(header: Header) -> tuple[Turn, Literal["stated", "unknown"]]:
    """The turn that brings head up and, in a frontal film, the patient's right to the viewer's left.

    Whether the sides are stated is the second value. Front and back of a lateral film stay as they are: both ways
    of hanging are in use.
    """
    directions = tuple(one[:1].upper() for one in texts(header, "PatientOrientation"))
    if len(directions) != 2 or not all(directions):
        return UPRIGHT, "unknown"
    along_rows, along_columns = directions
    transpose = along_rows in _DOWN and along_columns in _ACROSS
    if transpose:
        along_rows, along_columns = along_columns, along_rows
    if along_rows not in _ACROSS or along_columns not in _DOWN:
        return UPRIGHT, "unknown"
    return Turn(transpose, along_columns == "H", along_rows == "R"), "stated" if along_rows in "LR" else "unknown"


def words_for(turn: Turn) -> str:
    """How a film that needs this turn lies in the file."""
    if turn.transpose:
        return "on its side"
    return {(True, True): "turned by 180 degrees", (True, False): "upside down", (False, True): "mirrored"}[
        turn.flip_rows, turn.flip_columns
    ]
