"""What kind of file it is, by its first bytes; the name's ending only adds a caution."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["DICOM", "headerless DICOM", "PNG", "JPEG", "TIFF", "ZIP"]

FIRST_BYTES = 132 + 4
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
)
_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (8, b"WEBP", "WebP"),
    (0, b"II+\0", "BigTIFF"),
    (0, b"MM\0+", "BigTIFF"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftyp", "video"),
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"DDS ", "DDS"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (0, b"Rar!", "RAR"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x89HDF\r\n", "HDF5"),
    (0, b"NRRD0", "NRRD"),
    (0, b"P5\n", "PGM"),
    (0, b"P6\n", "PPM"),
)
_ENDINGS: dict[str, Kind] = {
    ".dcm": "DICOM",
    ".dicom": "DICOM",
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".zip": "ZIP",
}


def kind_of(first: bytes) -> Kind | None:
    """The kind of a file from its first 136 bytes; None when it is none of ours."""
    if first[128:132] == b"DICM":
        return "DICOM"
    return next((kind for magic, kind in _MAGIC if first.startswith(magic)), None) or (
        "headerless DICOM" if _starts_like_dicom(first) else None
    )


def foreign_kind(first: bytes) -> str | None:
    """The name of a kind that is known but not read here."""
    return next((name for place, magic, name in _FOREIGN if first[place:].startswith(magic)), None)


def contradicted_ending(name: str, kind: Kind) -> str | None:
    """The ending of a name that promises another kind of file; None when it does not."""
    ending = PurePosixPath(name).suffix.lower()
    promised = _ENDINGS.get(ending)
    return ending if promised is not None and promised != kind.removeprefix("headerless ") else None


def _starts_like_dicom(first: bytes) -> bool:
    """Whether a file without preamble begins with an element of group 0002 or 0008, in any of the three codings."""
    group, element = first[:2], first[2:4]
    if len(first) < 16 or group not in (b"\x02\0", b"\x08\0", b"\0\x08"):
        return False
    order: Literal["big", "little"] = "big" if group == b"\0\x08" else "little"
    if int.from_bytes(element, order) > 0x2228:
        return False
    explicit = first[4:6].isalpha() and first[4:6].isupper()
    length = int.from_bytes(first[6:8] if explicit else first[4:8], order)
    return length <= 1024
