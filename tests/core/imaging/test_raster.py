"""PNG, JPEG and TIFF files: grey values as stored, and what is not a radiograph is refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.imaging.facts import Description
from core.imaging.limits import Limits
from core.imaging.radiograph import Radiograph
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef
from tests.dicom_bytes import film, pixels

GREY8 = (pixels() >> 4).astype(np.uint8)
GREY16 = pixels() << 4


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def tiff(
    data: bytes, bits: int = 8, *, photometric: int = 1, rows: int = 40, columns: int = 48, following: int = 0
) -> bytes:
    """One page, uncompressed; `following` is where the next directory is said to be."""
    tags = [(256, 4, columns), (257, 4, rows), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (273, 4, 0)]
    tags += [(277, 3, 1), (278, 4, rows), (279, 4, len(data))]
    start = 8 + 2 + 12 * len(tags) + 4
    body = b"".join(struct.pack("<HHII", tag, kind, 1, start if tag == 273 else value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + body + struct.pack("<I", following) + data


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    def open_bytes(content: bytes, name: str = "film") -> Radiograph:
        (tmp_path / name).write_bytes(content)
        return open_radiograph(ImageRef(str(tmp_path / name)))

    return open_bytes


@pytest.fixture
def say(tmp_path: Path) -> Any:
    def describe_bytes(content: bytes, name: str = "film", limits: Limits | None = None) -> Description:
        (tmp_path / name).write_bytes(content)
        return describe(ImageRef(str(tmp_path / name)), limits)

    return describe_bytes


def codes(found: Description) -> list[str]:
    return [reason.code for reason in found.reasons]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_eight_bits_are_shown_as_they_are(opened: Any, kind: str) -> None:
    radiograph = opened(saved(Image.fromarray(GREY8), kind))
    assert np.array_equal(radiograph.stored, GREY8) and np.array_equal(radiograph.display(), GREY8)
    assert radiograph.facts.format == kind and radiograph.facts.modality is None


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_kept_and_never_clipped(opened: Any, kind: str) -> None:
    radiograph = opened(saved(Image.fromarray(GREY16), kind))
    assert np.array_equal(radiograph.stored, GREY16)
    assert np.abs(radiograph.display().astype(float) - GREY16 / 257).max() <= 0.5


def test_twelve_bits_in_sixteen_are_not_shown_black(opened: Any) -> None:
    assert opened(saved(Image.fromarray(pixels()), "PNG")).display().max() == 255


def test_colour_modes_that_are_grey_in_truth_open(opened: Any) -> None:
    picture = Image.fromarray(GREY8)
    for mode in ("RGB", "RGBA", "P", "LA"):
        assert np.array_equal(opened(saved(picture.convert(mode), "PNG")).stored, GREY8), mode


def test_sixteen_bits_with_transparency_or_colour_keep_their_bits(opened: Any) -> None:
    for colour_type, samples in ((4, (GREY16, np.full_like(GREY16, 65535))), (2, (GREY16, GREY16, GREY16))):
        lines = np.dstack(samples).astype(">u2").tobytes()
        width = len(lines) // GREY16.shape[0]
        body = b"".join(b"\0" + lines[at : at + width] for at in range(0, len(lines), width))
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", *GREY16.shape[::-1], 16, colour_type, 0, 0, 0))
        content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
        assert np.array_equal(opened(content).stored, GREY16)


def test_a_palette_is_looked_up(opened: Any) -> None:
    picture = Image.fromarray(255 - GREY8).convert("P")
    picture.putpalette([255 - index for index in range(256) for _ in range(3)])
    assert np.array_equal(opened(saved(picture, "PNG")).stored, GREY8)


def test_colours_are_refused(say: Any) -> None:
    colours = np.dstack([GREY8, GREY8[::-1], np.full_like(GREY8, 90)])
    for kind in ("PNG", "JPEG", "TIFF"):
        assert codes(say(saved(Image.fromarray(colours), kind))) == ["colour-photograph"]
    assert codes(say(saved(Image.fromarray(GREY8).convert("CMYK"), "JPEG"))) == ["colour-photograph"]


def test_white_is_zero_is_shown_the_right_way_round_in_every_depth(opened: Any) -> None:
    eight = opened(tiff((255 - GREY8).tobytes(), photometric=0))
    sixteen = opened(tiff((65535 - GREY16).astype("<u2").tobytes(), 16, photometric=0))
    assert np.array_equal(eight.display(), GREY8)
    assert np.abs(sixteen.display().astype(float) - GREY16 / 257).max() <= 0.5


def test_an_exif_turn_is_applied_and_said(opened: Any) -> None:
    note = Image.Exif()
    note[0x0112] = 6
    radiograph = opened(saved(Image.fromarray(GREY8), "PNG", exif=note))
    assert "exif-rotated" in [reason.code for reason in radiograph.reasons]
    assert np.array_equal(radiograph.stored, np.rot90(GREY8, -1))


def test_transparency_is_ignored_and_said_only_where_there_is_some(say: Any) -> None:
    picture = Image.fromarray(GREY8).convert("LA")
    assert codes(say(saved(picture, "PNG"))) == []
    picture.putalpha(Image.fromarray(GREY8))
    assert codes(say(saved(picture, "PNG"))) == ["alpha-ignored"]


def test_a_jpeg_says_that_it_lost_something(say: Any) -> None:
    assert codes(say(saved(Image.fromarray(GREY8), "JPEG"))) == ["lossy-compressed"]


def test_several_pages_and_pages_in_a_circle_open_at_the_first(say: Any) -> None:
    picture = Image.fromarray(GREY8)
    several = saved(picture, "TIFF", save_all=True, append_images=[picture, picture])
    assert "3 pages" in say(several).reasons[0].text
    assert codes(say(tiff(GREY8.tobytes(), following=8))) == ["several-pages"]


def test_depths_without_greys_or_without_end_are_refused(say: Any) -> None:
    assert codes(say(saved(Image.fromarray(GREY8).convert("1"), "PNG"))) == ["unsupported-bit-depth"]
    assert codes(say(saved(Image.fromarray(GREY8).convert("1"), "TIFF"))) == ["unsupported-bit-depth"]
    assert codes(say(saved(Image.fromarray(GREY8.astype(np.float32)), "TIFF"))) == ["unsupported-bit-depth"]


def test_sizes_are_judged_before_anything_is_decoded(say: Any) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50000, 50000, 16, 0, 0, 0, 0))
    huge_png = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    assert codes(say(huge_png)) == ["image-too-large"]
    assert codes(say(tiff(b"\0" * 99, rows=2**31, columns=2**31))) == ["image-too-large"]
    assert codes(say(saved(Image.fromarray(GREY8), "JPEG"), limits=Limits(frame_pixels=1000))) == ["image-too-large"]


def test_text_that_expands_is_refused(say: Any) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("Comment", "A" * 3_000_000, zip=True)
    assert codes(say(saved(Image.fromarray(GREY8), "PNG", pnginfo=notes))) == ["expands-too-much"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("share", [0.4, 0.7, 0.9])
def test_a_picture_that_was_cut_is_refused(say: Any, kind: str, share: float) -> None:
    whole = saved(Image.fromarray(GREY8), kind)
    found = say(whole[: int(len(whole) * share)])
    assert found.status == "refused"
    assert found.reasons[0].code in ("truncated-pixels", "truncated-header", "corrupt-codestream")


def test_other_kinds_are_named(say: Any) -> None:
    found = say(saved(Image.fromarray(GREY8), "GIF"))
    assert found.reasons[0].text == "Files of the kind GIF are not supported."
    assert codes(say(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "film.png")) == ["not-an-image"]


def test_a_name_that_promises_another_kind_is_said(say: Any) -> None:
    assert codes(say(saved(Image.fromarray(GREY8), "PNG"), "film.dcm")) == ["wrong-extension"]
    assert codes(say(film(), "film.png")) == ["wrong-extension"]
    assert codes(say(film(), "film")) == []


def test_real_films_open(shared_data: Path) -> None:
    folder = shared_data / "adult-cxr-fullres"
    found = {
        path.name: describe(ImageRef(str(path))) for path in sorted(folder.iterdir()) if path.suffix[1:] in _SUFFIXES
    }
    # One of them is a photograph of a purple screen.
    assert {name for name, one in found.items() if one.status == "refused"} <= {"cohen-tpmd200203f2-c.png"}
    assert len(found) == 24


_SUFFIXES = ("png", "jpg", "jpeg")
