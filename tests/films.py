"""Drawn films as files, for tests of what happens to a picture on its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from core.imaging.radiograph import Radiograph
from core.imaging.reading import open_radiograph
from core.imaging.sources import find

DIGITAL_X_RAY = "1.2.840.10008.5.1.4.1.1.1.1"


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float, aspect: float = 1.0) -> NDArray[np.uint8]:
    """A mid-grey film with a soft texture and one white disc; aspect: height / width of a pixel, radius in widths."""
    (row, column), (r, c) = centre, np.indices(shape) + 0.5
    film = 90 + 20 * np.sin(r / 17) * np.cos(c / 23)
    inside = ((r - row) * aspect) ** 2 + (c - column) ** 2 <= radius**2
    return np.where(inside, 255, film).astype(np.uint8)


def write_png(path: Path, pixels: NDArray[Any]) -> Path:
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def write_dicom(path: Path, pixels: NDArray[np.uint8], **tags: Any) -> Path:
    """A valid digital radiograph of 8 bits; tags by keyword are added, None takes one away."""
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = DIGITAL_X_RAY
    values: dict[str, Any] = {
        "SOPClassUID": DIGITAL_X_RAY,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "SeriesInstanceUID": generate_uid(),
        "PatientName": "PHANTOM^TEST",
        "PatientID": "T1",
        "PatientAge": "050Y",
        "Modality": "DX",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PresentationIntentType": "FOR PRESENTATION",
        "PatientOrientation": ["L", "F"],
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "PixelRepresentation": 0,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        **tags,
    }
    for keyword, value in values.items():
        if value is not None:
            setattr(file, keyword, value)
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID
    file.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)
    file.save_as(path, enforce_file_format=True)
    return path


def radiograph(path: Path) -> Radiograph:
    return open_radiograph(next(iter(find([path]))))
