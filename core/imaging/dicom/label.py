"""What the label says the file is: which files open, which open with a caution, which are refused (dicom.md 1.11)."""

from __future__ import annotations

from core.errors import ImageRefused
from core.imaging.dicom.header import Header, code, items, text, texts
from core.imaging.learnt import Learnt

_STORAGE = "1.2.840.10008.5.1.4.1.1."
DX_FOR_PROCESSING = _STORAGE + "1.1.1"
# Modality of a storage class, for files that leave the modality out. The longest prefix holds.
_BY_CLASS = {
    "1": "CR",
    "1.1": "DX",
    "1.2": "MG",
    "1.3": "IO",
    "2": "CT",
    "3": "US",
    "4": "MR",
    "5": "NM",
    "6": "US",
    "7": "SC",
    "11": "PR",
    "12.1": "XA",
    "12.2": "RF",
    "13.1": "MG",
    "20": "NM",
    "30": "MR",
    "66.4": "SEG",
    "77.1": "XC",
    "88": "SR",
    "128": "PT",
    "130": "PT",
    "481.1": "RTIMAGE",
    "481.2": "RTDOSE",
    "481.3": "RTSTRUCT",
    "481.5": "RTPLAN",
}
_CHEST_MODALITIES = frozenset(("CR", "DX", "DR", "RG"))
_OTHER_PROJECTIONS = frozenset(("MG", "XA", "RF", "IO", "PX", "RTIMAGE", "XRF", "XAPROTOCOL", "DXA"))
_PHOTOGRAPHS = frozenset(("XC", "ES", "GM", "SM", "OP", "DMS", "EPS", "TG"))
_NOT_PROJECTIONS = frozenset(
    ("CT", "MR", "US", "NM", "PT", "PET", "ST", "SEG", "RTDOSE", "RTSTRUCT", "RTPLAN", "RTRECORD", "BI", "BMD", "BDUS")
) | frozenset(
    ("OCT", "OPT", "OPTENF", "IVUS", "IVOCT", "ECG", "EEG", "EMG", "HD", "MS", "MA", "REG", "FID", "PR", "KO", "SR")
)
_CHEST_WORDS = ("CHEST", "THORAX", "THORAC", "LUNG", "PULMO", "TORAX")
_THORACIC_SPINE = ("SPINE", "VERTEBRA", "AORTA")


def judge(header: Header, is_colour: bool, learnt: Learnt) -> None:
    """Take down the label's cautions. Refuses "not-projection" and, for photographs, "colour-photograph"."""
    modality = modality_of(header)
    by_class = _class_modality(header)
    if modality in _PHOTOGRAPHS or by_class == "XC":
        raise ImageRefused("colour-photograph") if is_colour else ImageRefused("not-projection", what=modality)
    # A class alone does not refuse: files that lost their modality were rewritten, and the user is asked about them.
    stated = code(header, "Modality")
    for one in (stated, by_class if stated else ""):
        if one in _NOT_PROJECTIONS:
            raise ImageRefused("not-projection", what=one)
    body_part = body_part_of(header)
    if modality in _OTHER_PROJECTIONS:
        learnt.add("not-a-chest-radiograph", what=" ".join(filter(None, (modality, body_part))))
    elif modality in _CHEST_MODALITIES:
        if body_part is None:
            learnt.add("body-part-unknown")
        elif not is_chest(body_part):
            learnt.add("not-a-chest-radiograph", what=body_part)
    else:
        learnt.add("secondary-capture")
    burned_in = code(header, "BurnedInAnnotation")
    if burned_in == "YES" or (not burned_in and by_class == "SC"):
        learnt.add("burned-in-annotation")
    if is_for_processing(header):
        learnt.add("for-processing")


def modality_of(header: Header) -> str:
    """The modality, or what the storage class implies; SC when neither says anything."""
    implied = _class_modality(header)
    return code(header, "Modality") or (implied if implied not in _NOT_PROJECTIONS else "") or "SC"


def body_part_of(header: Header) -> str | None:
    """Body Part Examined, or the meaning of the Anatomic Region."""
    for item in (header, *items(header, "AnatomicRegionSequence")[:1]):
        stated = text(item, "BodyPartExamined" if item is header else "CodeMeaning")
        if stated and stated.upper() not in ("UNKNOWN", "NONE", "N/A", "OTHER"):
            return stated.upper()
    return None


def is_chest(body_part: str) -> bool:
    """Whether a body part's name speaks of the chest, in whatever spelling sites use."""
    return any(word in body_part for word in _CHEST_WORDS) and not any(word in body_part for word in _THORACIC_SPINE)


def is_for_processing(header: Header) -> bool:
    return (
        code(header, "PresentationIntentType") == "FOR PROCESSING" or code(header, "SOPClassUID") == DX_FOR_PROCESSING
    )


def _class_modality(header: Header) -> str:
    uids = texts(header, "SOPClassUID")
    if not uids or not uids[0].startswith(_STORAGE):
        return ""
    parts = uids[0].removeprefix(_STORAGE).split(".")
    return next((found for n in range(len(parts), 0, -1) if (found := _BY_CLASS.get(".".join(parts[:n])))), "")
