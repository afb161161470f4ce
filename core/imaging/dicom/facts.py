"""The facts of a header, in plain words and numbers (dicom.md 1.7 and 1.9)."""

from __future__ import annotations

import datetime
import re

from core.imaging.dicom.header import Header, code, has, number, numbers, text, texts, whole
from core.imaging.dicom.label import body_part_of, is_for_processing
from core.imaging.dicom.syntaxes import Syntax
from core.imaging.facts import Facts, Spacing
from core.imaging.learnt import Learnt

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_OLDEST_YEARS = 130
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
SMALLEST_MM, LARGEST_MM = 1e-3, 100.0


def facts_of(header: Header, syntax: Syntax, learnt: Learnt) -> Facts:
    """All facts but those that only the pixels tell. Takes down "bad-spacing" and "bad-uid"."""
    spacing = spacing_of(header)
    if spacing is None and any(has(header, one) and numbers(header, one) for one in _SPACINGS):
        learnt.add("bad-spacing")
    uids = {name: text(header, name) for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")}
    if any(uid is not None and not is_uid(uid) for uid in uids.values()):
        learnt.add("bad-uid")
    study, birth = date(header, "StudyDate"), date(header, "PatientBirthDate")
    return Facts(
        format="DICOM",
        modality=text(header, "Modality"),
        sop_class=text(header, "SOPClassUID"),
        body_part=body_part_of(header),
        view=code(header, "ViewPosition") or None,
        laterality=code(header, "ImageLaterality") or code(header, "Laterality") or None,
        orientation=text(header, "PatientOrientation"),
        patient_name=text(header, "PatientName"),
        patient_id=text(header, "PatientID"),
        sex=code(header, "PatientSex") or None,
        age_years=_age(header, birth, study),
        birth_date=birth.isoformat() if birth else None,
        study_date=study.isoformat() if study else None,
        study_description=text(header, "StudyDescription"),
        series_description=text(header, "SeriesDescription"),
        accession=text(header, "AccessionNumber"),
        maker=text(header, "Manufacturer"),
        model=text(header, "ManufacturerModelName"),
        presentation_intent="FOR PROCESSING" if is_for_processing(header) else text(header, "PresentationIntentType"),
        spacing=spacing,
        study_uid=uids["StudyInstanceUID"],
        series_uid=uids["SeriesInstanceUID"],
        sop_uid=uids["SOPInstanceUID"],
        transfer_syntax=syntax.uid,
        lossy=syntax.lossy or code(header, "LossyImageCompression") == "01",
        rows=whole(header, "Rows"),
        columns=whole(header, "Columns"),
        bits_stored=whole(header, "BitsStored"),
        photometric=code(header, "PhotometricInterpretation") or None,
        burned_in=code(header, "BurnedInAnnotation") or None,
    )


def is_uid(uid: str) -> bool:
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def spacing_of(header: Header) -> Spacing | None:
    """Millimetres and what they are measured on, by PS3.3 10.7.1: calibrated, at the detector, or on film."""
    pixel, imager, scanned = (_pair(header, one) for one in _SPACINGS)
    calibration = code(header, "PixelSpacingCalibrationType")
    if pixel and calibration:
        return Spacing(*pixel, f"mm, calibrated ({calibration})")
    magnification = number(header, "EstimatedRadiographicMagnificationFactor")
    if imager and magnification is not None and 1 < magnification <= 10 and pixel in (None, imager):
        return Spacing(imager[0] / magnification, imager[1] / magnification, "mm, estimated")
    if pixel and imager and pixel != imager:
        return Spacing(*pixel, "mm, calibrated (type not stated)")
    if pixel:
        return Spacing(*pixel, "mm at detector (uncalibrated)")
    if imager:
        return Spacing(*imager, "mm at detector")
    return Spacing(*scanned, "mm on film") if scanned else None


def aspect_of(header: Header, spacing: Spacing | None) -> float:
    """Height through width of a pixel, by Pixel Aspect Ratio (vertical, horizontal) or the spacing; 1 if unknown."""
    stated = numbers(header, "PixelAspectRatio")
    if len(stated) == 2 and stated[0] and stated[1]:
        ratio = stated[0] / stated[1]
    else:
        ratio = spacing.row_mm / spacing.column_mm if spacing else 1.0
    # Within 1 % nobody sees or measures a difference; beyond ten it is a slip of the pen.
    return ratio if 0.1 <= ratio <= 10 and abs(ratio - 1) > 0.01 else 1.0


def date(header: Header, keyword: str) -> datetime.date | None:
    """A date of the calendar, or None; old files write 2021.03.04."""
    found = texts(header, keyword)
    digits = found[0].replace(".", "").replace("-", "") if found else ""
    if not re.fullmatch(r"[0-9]{8}", digits):
        return None
    try:
        return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _age(header: Header, birth: datetime.date | None, study: datetime.date | None) -> float | None:
    stated = _AGE.fullmatch(code(header, "PatientAge"))
    if stated:
        years = int(stated[1]) * _YEARS[stated[2]]
    elif birth and study:
        years = (study - birth).days / 365.25
    else:
        return None
    return round(years, 2) if 0 <= years <= _OLDEST_YEARS else None


def _pair(header: Header, keyword: str) -> tuple[float, float] | None:
    found = numbers(header, keyword)
    if len(found) != 2 or found[0] is None or found[1] is None:
        return None
    usable = all(SMALLEST_MM <= one <= LARGEST_MM for one in (found[0], found[1]))
    return (found[0], found[1]) if usable else None
