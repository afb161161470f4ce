"""A simulated film as a DICOM file that a reading room would take: DX or CR, every type 1 and type 2 attribute.

Clauses: PS3.3 A.2 (CR), A.26 (DX), C.8.11.1 to C.8.11.5 (DX modules), C.7.6.3 (pixels). It says that it is simulated.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.imaging.phantom.detector import WHITE
from core.imaging.phantom.film import Phantom
from core.imaging.phantom.pictures import SIMULATED

_SPACE = uuid.UUID("6f1f7a1c-3f5b-5d0e-9c1e-2b8a4c7d9e10")
_STORED_BITS = 12


@dataclass(frozen=True, slots=True)
class Form:
    """How a film is stored. study: 1, 2 …; date: YYYYMMDD; mirrored: stored with the patient's left on the left."""

    patient: int
    study: int
    date: str
    modality: Literal["DX", "CR"] = "DX"
    negative: bool = False
    left_justified: bool = False
    compressed: bool = False
    mirrored: bool = False


def identifier(*names: object) -> str:
    """A UID under 2.25 (PS3.5 B.2) that is the same on every machine."""
    return f"2.25.{uuid.uuid5(_SPACE, '/'.join(map(str, names))).int}"


def encoded(film: Phantom, form: Form) -> bytes:
    """The bytes of the file: 12 bits stored, 16 allocated."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

    name = f"{form.patient:02d}"
    # Same pixels, same UID; other pixels must have another one.
    digest = hashlib.sha256(film.pixels.tobytes()).hexdigest()
    instance = identifier("instance", name, form.study, form.modality, digest)
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = {"DX": "1.2.840.10008.5.1.4.1.1.1.1", "CR": "1.2.840.10008.5.1.4.1.1.1"}[form.modality]
    dataset.SOPInstanceUID = instance
    _people(dataset, film, form, name)
    _equipment(dataset, film, form)
    _pixels(dataset, film, form)
    if form.modality == "DX":
        _digital(dataset, film)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, instance
    meta.TransferSyntaxUID = JPEG2000Lossless if form.compressed else ExplicitVRLittleEndian
    meta.ImplementationClassUID, meta.ImplementationVersionName = identifier("implementation"), "HILUM"
    dataset.file_meta = meta
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _people(dataset: Any, film: Phantom, form: Form, name: str) -> None:
    dataset.PatientName, dataset.PatientID = f"PHANTOM^ADULT^{name}", f"PHANTOM-{name}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "F" if film.person.female else "M"
    dataset.PatientAge = f"{film.person.age_years:03d}Y"
    dataset.StudyInstanceUID = identifier("study", name, form.study)
    dataset.SeriesInstanceUID = identifier("series", name, form.study, form.modality)
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = form.date
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = f"{8 + form.study:02d}1500"
    dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = str(form.study), 1, 1
    dataset.StudyDescription = dataset.SeriesDescription = "Chest, simulated"


def _equipment(dataset: Any, film: Phantom, form: Form) -> None:
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = form.modality, "CHEST", film.person.view
    dataset.Manufacturer, dataset.ManufacturerModelName = "Hilum", "Simulation"
    dataset.SoftwareVersions = "1"
    dataset.KVP = f"{film.person.kilovolts:.0f}"
    dataset.DistanceSourceToDetector = "1800" if film.person.view == "PA" else "1100"
    dataset.ImageComments = SIMULATED
    dataset.DerivationDescription = "Computed by attenuation through an analytic thorax; no patient was exposed."
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"


def _pixels(dataset: Any, film: Phantom, form: Form) -> None:
    values: NDArray[np.uint16] = film.pixels[:, ::-1] if form.mirrored else film.pixels
    values = (WHITE - values).astype(np.uint16) if form.negative else values
    shift = 16 - _STORED_BITS if form.left_justified else 0
    dataset.ImageType = ["DERIVED", "PRIMARY", ""] if form.modality == "DX" else ["DERIVED", "PRIMARY"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if form.negative else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if form.negative else "IDENTITY"
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, _STORED_BITS, _STORED_BITS - 1 + shift
    dataset.PixelRepresentation = 0
    dataset.PatientOrientation = ["R" if form.mirrored else "L", "F"]
    dataset.ImagerPixelSpacing = [f"{film.spacing_mm:.5f}"] * 2
    dataset.WindowCenter, dataset.WindowWidth = [2048, 1700], [4096, 2800]
    dataset.WindowCenterWidthExplanation = ["Standard", "Lungs"]
    if form.negative:
        dataset.WindowCenter = [2048, WHITE - 1700]
    if not form.compressed:
        dataset.PixelData = np.left_shift(values, shift).astype("<u2").tobytes()
        return
    import imagecodecs
    from pydicom.encaps import encapsulate

    stream = imagecodecs.jpeg2k_encode(
        np.ascontiguousarray(values), level=0, codecformat="j2k", reversible=True, bitspersample=_STORED_BITS
    )
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True


def _digital(dataset: Any, film: Phantom) -> None:
    """What the DX modules ask for beyond CR."""
    from pydicom.sr.codedict import codes

    def item(code: Any) -> Any:
        from pydicom.dataset import Dataset

        entry = Dataset()
        entry.CodeValue, entry.CodingSchemeDesignator = code.value, code.scheme_designator
        entry.CodeMeaning = code.meaning
        return entry

    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageLaterality = "U"
    dataset.AnatomicRegionSequence = [item(codes.SCT.Chest)]
    view = item(codes.cid4010.PosteroAnterior if film.person.view == "PA" else codes.cid4010.AnteroPosterior)
    view.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view]
    dataset.PositionerType = ""
    dataset.AcquisitionContextSequence = []
    dataset.DetectorType = "SCINTILLATOR"
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
