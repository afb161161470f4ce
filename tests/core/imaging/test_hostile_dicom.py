"""Hostile DICOM files, as recipes over a small good film: each is refused, or opens with a caution, by its code."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.imaging.facts import Description
from core.imaging.limits import Limits
from core.imaging.reading import describe
from core.imaging.sources import ImageRef
from tests.dicom_bytes import (
    BIG_ENDIAN,
    COLUMNS,
    DEFLATED,
    EIGHT_BITS,
    IMPLICIT,
    J2K,
    JPEG,
    JPEG_LS,
    RLE,
    ROWS,
    UNDEFINED,
    element,
    encapsulated,
    film,
    item,
    jpeg,
    pixels,
    sequence,
)

Say = Callable[..., Description]
GOOD = film()
JPEG_BYTES = jpeg()


@pytest.fixture
def say(tmp_path: Path) -> Say:
    """Describe bytes as if they were a file."""

    def describe_bytes(content: bytes, limits: Limits | None = None, name: str = "film.dcm") -> Description:
        path = tmp_path / name
        path.write_bytes(content)
        return describe(ImageRef(str(path)), limits)

    return describe_bytes


def _deep(levels: int) -> bytes:
    start = item(b"")[:4] + struct.pack("<I", UNDEFINED) + struct.pack("<HH", 8, 0x1140) + b"SQ\0\0\xff\xff\xff\xff"
    return element(0x00081140, "SQ", start * levels, length=UNDEFINED)


def _spoilt_jpeg(place: bytes, at: int, new: bytes) -> bytes:
    spoilt = bytearray(JPEG_BYTES)
    start = spoilt.index(place) + at
    spoilt[start : start + len(new)] = new
    return film(JPEG, encapsulated(bytes(spoilt)), **EIGHT_BITS)


def _inserted(extra: bytes) -> bytes:
    """The film with elements written in front of its SOP Instance UID."""
    at = GOOD.index(struct.pack("<HH", 8, 0x18))
    return GOOD[:at] + extra + GOOD[at:]


REFUSED = {
    "nothing": (b"", "empty-file"),
    "words": (b"Once upon a time there was a film.\n" * 20, "not-an-image"),
    "cut in the file meta information": (GOOD[:150], "truncated-header"),
    "cut after the magic": (GOOD[:133], "truncated-header"),
    "cut in a name": (GOOD[: GOOD.index(b"Drawn") + 3], "truncated-header"),
    "cut in the pixels": (GOOD[:-700], "truncated-pixels"),
    "an element longer than the file, proper ones in it": (
        film(x00100020=None).replace(
            element(0x00100030, "DA", "19640301"), b"\x10\0\x20\0LO\x60\xeaAB" + element(0x00100030, "DA", "19640301")
        ),
        "corrupt-header",
    ),
    "an element of no kind": (_inserted(b"\x08\0\x17\0\x01\x02\x04\0ABCD"), "corrupt-header"),
    "a number of three bytes": (film(x00280101=("US", b"\x0c\0\0\0\0")), "corrupt-header"),
    "rows as words": (film(x00280010=("LO", "40")), "corrupt-header"),
    "an item longer than its sequence": (
        film(x00081140=("SQ", b"\xfe\xff\x00\xe0" + struct.pack("<I", 100) + b"\0" * 8)),
        "corrupt-header",
    ),
    "5,000 levels": (_inserted(_deep(5000)), "nested-too-deep"),
    "33 levels": (_inserted(_deep(33)), "nested-too-deep"),
    "no rows stated": (film(x00280010=None), "missing-required"),
    "no rows": (film(x00280010=("US", 0)), "no-pixels"),
    "60,000 × 60,000": (film(x00280010=("US", 60000), x00280011=("US", 60000)), "image-too-large"),
    "a billion frames": (film(x00280008=("IS", "1000000000")), "too-many-frames"),
    "minus four frames": (film(x00280008=("IS", "-4")), "bad-frame-count"),
    "many frames in words": (film(x00280008=("IS", "many")), "bad-frame-count"),
    "12 bits allocated": (film(x00280100=("US", 12)), "unsupported-bit-depth"),
    "32 bits allocated": (film(x00280100=("US", 32)), "unsupported-bit-depth"),
    "more bits stored than allocated": (film(x00280101=("US", 20)), "bad-bit-depth"),
    "high bit below the stored bits": (film(x00280102=("US", 3)), "bad-bit-depth"),
    "two samples": (film(x00280002=("US", 2)), "unsupported-colour-layout"),
    "an unheard-of photometric interpretation": (film(x00280004=("CS", "MONOCHROME7")), "unsupported-photometric"),
    "colours": (
        film(
            data=bytes(range(240)) * (ROWS * COLUMNS * 3 // 240),
            vr="OB",
            x00280002=("US", 3),
            x00280004=("CS", "RGB"),
            x00280006=("US", 0),
            **EIGHT_BITS,
        ),
        "colour-photograph",
    ),
    "an impossible colour layout": (
        film(x00280002=("US", 3), x00280004=("CS", "RGB"), x00280006=("US", 9)),
        "unsupported-colour-layout",
    ),
    "a CT": (film(x00080060=("CS", "CT")), "not-projection"),
    "a document": (film(data=b"", x00080060=("CS", "SR")), "no-pixel-data"),
    "video": (film("1.2.840.10008.1.2.4.102"), "unsupported-transfer-syntax"),
    "an unknown transfer syntax": (film("1.2.3"), "unsupported-transfer-syntax"),
    "a bomb in deflate": (film(DEFLATED, x00091010=("OB", b"\0" * 90_000_000)), "expands-too-much"),
    "plain pixels that are said to be JPEG-LS": (film(JPEG_LS), "corrupt-codestream"),
    "something else in fragments": (film(JPEG_LS, encapsulated(b"no codestream " * 20)), "corrupt-codestream"),
    "no fragments": (film(JPEG, encapsulated(), **EIGHT_BITS), "truncated-pixels"),
    "a fragment longer than the file": (
        film(JPEG, item(b"") + b"\xfe\xff\x00\xe0" + struct.pack("<I", 40000) + JPEG_BYTES, **EIGHT_BITS),
        "truncated-pixels",
    ),
    "half a JPEG": (film(JPEG, encapsulated(JPEG_BYTES[: len(JPEG_BYTES) // 2]), **EIGHT_BITS), "corrupt-codestream"),
    "a JPEG of another size": (_spoilt_jpeg(b"\xff\xc0", 5, b"\xff\xff\xff\xff"), "size-disagrees"),
    "a JPEG with impossible tables": (_spoilt_jpeg(b"\xff\xc4", 5, b"\xff" * 16), "corrupt-codestream"),
    "a JPEG 2000 of noise": (
        film(J2K, encapsulated(b"\xff\x4f\xff\x51\0\x29" + bytes(range(250)))),
        "corrupt-codestream",
    ),
    "RLE segments outside the frame": (
        film(RLE, encapsulated(struct.pack("<16I", 2, 64, 4_000_000_000, *[0] * 13) + b"\0" * 600)),
        "corrupt-codestream",
    ),
}

CAUTIONED = {
    "more pixels than stated": (film(data=pixels().tobytes() + b"\1\2" * 500), "excess-pixels"),
    "no sign stated": (film(x00280103=None), "assumed-unsigned"),
    "no polarity stated": (film(x00280004=None), "assumed-monochrome2"),
    "slope 0": (film(x00281053=("DS", "0"), x00281052=("DS", "0")), "bad-rescale"),
    "slope not a number": (film(x00281053=("DS", "NaN")), "bad-rescale"),
    "slope 1e300": (film(x00281053=("DS", "1e300")), "bad-rescale"),
    "two slopes": (film(x00281053=("DS", "1\\2")), "bad-rescale"),
    "an intercept in words": (film(x00281052=("DS", "abc")), "bad-rescale"),
    "a window of width 0": (film(x00281051=("DS", "0")), "bad-window"),
    "a window of width NaN": (film(x00281051=("DS", "NaN")), "bad-window"),
    "a window without width": (film(x00281051=("DS", "")), "bad-window"),
    "a window beside the pixels": (film(x00281050=("DS", "30000"), x00281051=("DS", "10")), "window-misses-pixels"),
    "a table that is too short": (
        film(x00283010=sequence({0x00283002: ("US", [4096, 0, 12]), 0x00283006: ("OW", b"\0\1" * 9)})),
        "bad-voi-lut",
    ),
    "a table of 3 bits": (
        film(x00283010=sequence({0x00283002: ("US", [8, 0, 3]), 0x00283006: ("OW", b"\0\1" * 8)})),
        "bad-voi-lut",
    ),
    "an empty modality table": (film(x00283000=sequence({})), "bad-modality-lut"),
    "a path as identifier": (film(x00080018=("UI", "../../etc/passwd")), "bad-uid"),
    "spacing 0": (film(x00181164=("DS", "0\\0")), "bad-spacing"),
    "raw detector data": (film(x00080068=("CS", "FOR PROCESSING")), "for-processing"),
    "text burned in": (film(x00280301=("CS", "YES")), "burned-in-annotation"),
    "a knee": (film(x00180015=("CS", "KNEE")), "not-a-chest-radiograph"),
    "no body part": (film(x00180015=None), "body-part-unknown"),
    "MONOCHROME2 with INVERSE": (film(x20500020=("CS", "INVERSE")), "polarity-contradiction"),
    "stored mirrored": (film(x00200020=("CS", "R\\F")), "mirrored"),
    "pixels twice as high as wide": (film(x00280034=("IS", "2\\1")), "non-square-pixels"),
}

OPENED = {
    "the good film": GOOD,
    "implicit": film(IMPLICIT),
    "big endian": film(BIG_ENDIAN),
    "deflated": film(DEFLATED),
    "without preamble": GOOD[GOOD.index(struct.pack("<HH", 8, 5)) :],
    "without preamble, implicit": film(IMPLICIT)[film(IMPLICIT).index(struct.pack("<HH", 8, 5)) :],
    "a name of HTML": film(x00100010=("PN", "<script>alert(1)</script>^<b>")),
    "a name of control characters": film(x00100010=("PN", "A\x1b[31m\x07\r\nB^C")),
    "an impossible date": film(x00080020=("DA", "20241399"), x00100030=("DA", "00000000")),
    "an unknown character set": film(x00080005=("CS", "ISO_IR 999"), x00100010=("PN", b"\xfc\xff\xe4")),
    "private elements": film(x00090010=("LO", "OURS"), x00091001=("UN", b"\xff" * 64), x00091002=("UT", "A" * 70001)),
    "width 1": film(x00281051=("DS", "1")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_trusted_is_refused_with_its_code(say: Say, name: str) -> None:
    content, code = REFUSED[name]
    found = say(content)
    assert (found.status, found.reasons[0].code) == ("refused", code)


@pytest.mark.parametrize("name", CAUTIONED)
def test_a_file_with_a_fault_that_can_be_lived_with_opens_and_says_so(say: Say, name: str) -> None:
    content, code = CAUTIONED[name]
    found = say(content)
    assert (found.status, [reason.code for reason in found.reasons]) == ("caution", [code])


@pytest.mark.parametrize("name", OPENED)
def test_a_good_film_opens_in_any_dress(say: Say, name: str) -> None:
    assert (found := say(OPENED[name])).status == "opened", found.reasons


def test_sentences_of_a_refusal_hold_the_numbers(say: Say) -> None:
    found = say(GOOD[:-700])
    assert found.reasons[0].text == (
        f"The file ends before the image does: {2 * ROWS * COLUMNS - 700:,} bytes of {2 * ROWS * COLUMNS:,} are there."
    )


def test_a_refused_film_still_says_whose_it_is(say: Say) -> None:
    found = say(GOOD[:-700])
    assert found.facts is not None and found.facts.patient_name == "Drawn^Film"


def test_names_lose_what_could_act_and_keep_what_can_be_read(say: Say) -> None:
    found = say(film(x00100010=("PN", "A\x1b[31m\x07\r\nB\u202e^C"), x00080080=("LO", "x")))
    assert found.facts is not None and found.facts.patient_name == "A[31mB^C"


def test_letters_of_an_unknown_set_become_replacement_marks(say: Say) -> None:
    found = say(OPENED["an unknown character set"])
    assert found.facts is not None and found.facts.patient_name == "\ufffd" * 3


def test_limits_can_be_raised_by_a_setting_and_not_by_the_file(say: Say) -> None:
    small = Limits(frame_pixels=ROWS * COLUMNS - 1)
    assert say(GOOD, small).reasons[0].code == "image-too-large"
    assert say(GOOD, Limits(file_bytes=1000)).reasons[0].code == "file-too-large"
    assert say(GOOD, Limits(elements=10)).reasons[0].code == "corrupt-header"
    assert say(_inserted(_deep(3)), Limits(nesting=2)).reasons[0].code == "nested-too-deep"


@pytest.mark.parametrize("share", np.linspace(0.01, 0.99, 25))
def test_a_film_cut_anywhere_is_refused_for_being_cut(say: Say, share: float) -> None:
    cut = say(GOOD[: max(200, int(len(GOOD) * share))])
    assert cut.status == "refused"
    assert cut.reasons[0].code in ("truncated-header", "truncated-pixels", "no-pixel-data")
