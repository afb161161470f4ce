"""Values of a header, as text, numbers and items that cannot surprise: None where the file talks nonsense."""

from __future__ import annotations

import contextlib
import io
import logging
import math
import unicodedata
import warnings
from collections.abc import Iterator
from typing import Any

from pydicom import config
from pydicom.charset import python_encoding
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.valuerep import PersonName

from core.errors import ImageRefused
from core.imaging.dicom.scan import Structure

# Values are judged here, one by one: pydicom's own judgement would be warnings about elements that nobody asked for.
config.settings.reading_validation_mode = config.IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
SHOWN_CHARACTERS = 1024
_OVERRIDES = frozenset(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))
Header = Any  # a pydicom Dataset, which has no types


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """pydicom warns of what it finds odd; what matters of that is judged here and said as a caution."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def header(outline: Structure) -> Header:
    """The dataset before the pixels. Refuses "corrupt-header"."""
    try:
        return read_dataset(
            io.BytesIO(outline.header()), outline.syntax.implicit, not outline.syntax.big_endian, defer_size=None
        )
    except Exception as error:
        # pydicom raises whatever its parts raise; the scan has passed, so the fault is in some value.
        raise ImageRefused("corrupt-header", what="an element cannot be read") from error


def value(item: Header, keyword: str) -> Any:
    """A value as pydicom has it, or None when it is absent, empty or cannot be read."""
    if keyword not in item:
        return None
    try:
        found = item.get(keyword)
    except Exception:  # see `header`; an element that cannot be read is an element that says nothing
        return None
    return None if found is None or (hasattr(found, "__len__") and len(found) == 0) else found


def tagged(item: Header, group: int, element: int) -> Any:
    """The value under a tag, for repeating groups that have no keyword; None as in `value`."""
    try:
        found = item.get((group, element))
    except Exception:  # see `header`
        return None
    return None if found is None else found.value


def texts(item: Header, keyword: str) -> tuple[str, ...]:
    """All values as clean text."""
    # Before pydicom has turned it into text: the raw bytes are gone after that.
    raw = item.get_item(keyword).value if keyword in item and not _says_its_letters(item) else None
    found = value(item, keyword)
    if found is None:
        return ()
    if isinstance(raw, bytes):
        found = raw.decode("ascii", "replace").rstrip("\0 ").split("\\")
    if isinstance(found, str | bytes) or not hasattr(found, "__iter__") or isinstance(found, PersonName):
        found = (found,)
    return tuple(clean(one) for one in found)


def text(item: Header, keyword: str) -> str | None:
    """The value as one clean text; several are joined by a backslash, as in the file."""
    return "\\".join(texts(item, keyword)) or None


def code(item: Header, keyword: str) -> str:
    """The first value of a code string, in capitals; empty when there is none."""
    found = texts(item, keyword)
    return found[0].upper() if found else ""


def clean(found: object) -> str:
    """Text fit to be shown: no control characters, no bidirectional overrides, at most 1,024 characters."""
    if isinstance(found, bytes):
        found = found.decode("ascii", "replace")
    shown = str(found)[: 8 * SHOWN_CHARACTERS]
    shown = "".join(c for c in shown if c not in _OVERRIDES and unicodedata.category(c) not in ("Cc", "Cs"))
    shown = shown.strip()
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[: SHOWN_CHARACTERS - 1] + "…"


def numbers(item: Header, keyword: str) -> tuple[float | None, ...]:
    """All values as finite floats, None for each that is not one (DS may hold NaN, 1e300 or words)."""
    found = value(item, keyword)
    if found is None:
        return ()
    if isinstance(found, str | bytes) or not hasattr(found, "__iter__"):
        found = (found,)
    return tuple(_finite(one) for one in found)


def number(item: Header, keyword: str) -> float | None:
    """The one finite value, or None when it is absent, several or not a number."""
    found = numbers(item, keyword)
    return found[0] if len(found) == 1 else None


def whole(item: Header, keyword: str) -> int | None:
    """A whole number that must be one when it is there. Refuses "corrupt-header"."""
    found = value(item, keyword)
    if found is None and _has_value(item, keyword):
        raise ImageRefused("corrupt-header", what=f"{keyword} is not a number")
    if found is not None and (isinstance(found, bool) or not isinstance(found, int)):
        raise ImageRefused("corrupt-header", what=f"{keyword} is not a number")
    return found if found is None else int(found)


def has(item: Header, keyword: str) -> bool:
    return keyword in item


def items(item: Header, keyword: str) -> tuple[Header, ...]:
    """The items of a sequence; none when it is absent or cannot be read."""
    found = value(item, keyword)
    if found is None or not hasattr(found, "__iter__"):
        return ()
    try:
        return tuple(one for one in found if isinstance(one, Dataset))
    except Exception:  # items are parsed on access, with the same freedom as in `header`
        return ()


def _says_its_letters(item: Header) -> bool:
    """Whether a known character set is declared; without one pydicom would guess Latin-1 silently."""
    sets = value(item, "SpecificCharacterSet")
    declared = (sets,) if isinstance(sets, str) else tuple(sets or ())
    return bool(declared) and all(str(one) in python_encoding for one in declared)


def _has_value(item: Header, keyword: str) -> bool:
    if keyword not in item:
        return False
    raw = item.get_item(keyword)
    return bool(getattr(raw, "length", 0) or getattr(raw, "value", None))


def _finite(found: object) -> float | None:
    try:
        result = float(str(found))
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None
