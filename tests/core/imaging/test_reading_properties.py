"""Whatever bytes come: a description comes back, or ImageRefused or ImageFailed, and nothing else."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SENTENCES, ImageFailed, ImageRefused
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef, find
from tests.core.imaging.test_raster import GREY8, Image, saved, tiff
from tests.core.imaging.test_sources import archive, dicomdir
from tests.dicom_bytes import DEFLATED, EIGHT_BITS, IMPLICIT, J2K, JPEG, RLE, encapsulated, film, jpeg, sequence

PATIENT = settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))


def _zip() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return archive(Path(folder) / "a.zip", ("a.dcm", film()), ("b/c.png", b"x")).read_bytes()


GREY = Image.fromarray(GREY8)
TABLE = sequence({0x00283002: ("US", [256, 0, 8]), 0x00283003: ("LO", "SOFT"), 0x00283006: ("OW", bytes(range(256)))})
SEEDS = (
    film(),
    film(IMPLICIT, x00283010=TABLE),
    film(DEFLATED),
    film(
        x00283010=TABLE, x00283000=TABLE, x00181600=("CS", "CIRCULAR"), x00181610=("IS", "5\\5"), x00181612=("IS", "3")
    ),
    film(x60000010=("US", 8), x60000011=("US", 8), x60000050=("SS", [1, 1]), x60003000=("OW", b"\1" * 8)),
    film(JPEG, encapsulated(jpeg()), **EIGHT_BITS),
    film(J2K, encapsulated(b"\xff\x4f\xff\x51" + bytes(80) + b"\xff\xd9")),
    film(RLE, encapsulated(b"\2\0\0\0\x40\0\0\0\x80\0\0\0" + bytes(200))),
    dicomdir("CR1\\6154", "CR2"),
    saved(GREY, "PNG"),
    saved(GREY.convert("P"), "PNG", transparency=bytes(range(256))),
    saved(GREY, "JPEG"),
    saved(GREY, "TIFF", compression="tiff_lzw"),
    tiff(GREY8.tobytes(), following=8),
    _zip(),
)


def _open(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film"
        path.write_bytes(content)
        for ref in find([path], frames="all"):
            with contextlib.suppress(ImageRefused, ImageFailed):
                radiograph = open_radiograph(ref)
                assert (
                    radiograph.display().shape == radiograph.as_read().shape
                    or radiograph.upright
                    or (radiograph.pixel_aspect != 1)
                )
            found = describe(ref)
            for reason in found.reasons:
                assert not any(f"{{{name}}}" in reason.text for name in SENTENCES[reason.code].placeholders)
            break
        assert [one.name for one in Path(folder).iterdir()] == ["film"]


@PATIENT
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_and_harm_nothing(content: bytes) -> None:
    _open(content)


@PATIENT
@given(st.binary(max_size=300))
def test_arbitrary_bytes_behind_the_magic_are_refused_and_harm_nothing(content: bytes) -> None:
    for magic in (b"\0" * 128 + b"DICM", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0\x08\0\0\0", b"PK\x03\x04"):
        _open(magic + content)


@settings(PATIENT, max_examples=400)
@given(st.sampled_from(SEEDS), st.data())
def test_a_file_with_bytes_changed_anywhere_harms_nothing(seed: bytes, data: st.DataObject) -> None:
    content = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(len(content) - 1, 2500)))
        content[at] = data.draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFE, 0xFF)) | st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(content)))
    _open(bytes(content[:cut]))


@settings(PATIENT, max_examples=200)
@given(
    st.sampled_from(
        (
            "x00080005",
            "x00080016",
            "x00080018",
            "x00080060",
            "x00100010",
            "x00101010",
            "x00180015",
            "x00181164",
            "x00200020",
            "x00280002",
            "x00280004",
            "x00280006",
            "x00280008",
            "x00280010",
            "x00280030",
            "x00280034",
            "x00280100",
            "x00280101",
            "x00280102",
            "x00280103",
            "x00280120",
            "x00281050",
            "x00281052",
            "x00281053",
            "x00281056",
            "x00283010",
            "x00283000",
            "x52009230",
            "x60000010",
            "x60003000",
            "x00181600",
            "x00181620",
        )
    ),
    st.sampled_from(("US", "SS", "UL", "DS", "IS", "LO", "CS", "OB", "OW", "UN", "SQ", "PN", "UI")),
    st.binary(max_size=24),
)
def test_any_value_in_any_element_harms_nothing(tag: str, vr: str, value: bytes) -> None:
    _open(film(**{tag: (vr, value)}))


def test_a_ref_with_an_impossible_name_fails_in_one_sentence() -> None:
    assert describe(ImageRef("/tmp/\0film")).status == "failed"
