"""From stored values to grey, by the formulas of PS3.3 C.11.2.1.2 and the rules about polarity and padding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.imaging.grayscale import FullRange, ModalityTable, Rescale, VoiTable, Window, every_value, histogram, misses
from core.imaging.radiograph import Radiograph
from core.imaging.reading import open_radiograph
from core.imaging.sources import ImageRef
from tests.dicom_bytes import BIG_ENDIAN, COLUMNS, EXPLICIT, ROWS, element, film, item, pixels, sequence


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    def open_bytes(content: bytes, frame: int = 1) -> Radiograph:
        path = tmp_path / "film.dcm"
        path.write_bytes(content)
        return open_radiograph(ImageRef(str(path), frame=frame))

    return open_bytes


def grey(window: Any, *values: float) -> list[float]:
    return [round(float(one), 6) for one in window.grey(np.array(values, float))]


def test_a_linear_window_has_its_half_pixel_and_its_edges() -> None:
    window = Window(2048, 4096)
    assert grey(window, -1, 0, 4095, 4096) == [0, 0, 255, 255]
    assert grey(window, 2047.5) == [127.5]
    assert grey(Window(100, 1), 99, 99.5, 99.6, 100) == [0, 0, 255, 255]


def test_an_exact_window_has_no_half_pixel() -> None:
    window = Window(100, 50, function="LINEAR_EXACT")
    assert grey(window, 75, 100, 125, 125.1) == [0, 127.5, 255, 255]


def test_a_sigmoid_window_never_overflows() -> None:
    window = Window(100, 1e-3, function="SIGMOID")
    assert grey(window, -1e9, 100, 1e9) == [0, 127.5, 255]


def test_windows_that_cannot_be_used_are_known() -> None:
    unusable = [Window(0, 0), Window(0, -4), Window(0, 0.5), Window(1e10, 5), Window(float("nan"), 5), Window(0, 1e30)]
    assert not any(window.is_usable for window in unusable)
    assert Window(0, 0.5, function="LINEAR_EXACT").is_usable


def test_a_table_repeats_its_ends() -> None:
    table = VoiTable(10, np.array([0, 512, 1023], np.uint16), 10)
    assert grey(table, -5, 10, 11, 12, 900) == [0, 0, round(512 * 255 / 1023, 6), 255, 255]


def test_the_full_range_of_a_constant_is_no_error() -> None:
    assert grey(FullRange(7, 7), 7) == [0]


def test_values_of_every_kind_of_integer_are_found_by_their_bits() -> None:
    for kind in (np.uint8, np.int8, np.uint16, np.int16):
        stored = np.array([[np.iinfo(kind).min, 0, 1, np.iinfo(kind).max]], kind)
        counts = histogram(stored)
        assert sorted(every_value(stored.dtype)[counts > 0]) == sorted(set(stored.ravel().tolist()))


def test_a_window_that_shows_one_end_only_is_missed() -> None:
    counts = histogram(np.arange(1000, dtype=np.uint16).reshape(1, -1) + 30000)
    assert misses(Window(100, 50), Rescale(), counts, np.dtype(np.uint16))
    assert not misses(Window(30500, 1000), Rescale(), counts, np.dtype(np.uint16))
    assert not misses(Window(100, 50), Rescale(), histogram(np.full((9, 9), 7, np.uint16)), np.dtype(np.uint16))


def test_low_values_are_light_in_monochrome1_exactly_once(opened: Any) -> None:
    dark = opened(film(x00280004=("CS", "MONOCHROME2"))).display()
    light = opened(film(x00280004=("CS", "MONOCHROME1"), x20500020=("CS", "INVERSE"))).display()
    assert np.abs(dark.astype(int) + light - 255).max() <= 1


def test_padding_is_black_in_either_polarity_and_left_out_of_the_range(opened: Any) -> None:
    stored = pixels()
    for polarity in ("MONOCHROME1", "MONOCHROME2"):
        radiograph = opened(
            film(
                x00280004=("CS", polarity),
                x00280120=("US", 4095),
                x00280121=("US", 4000),
                x00281050=None,
                x00281051=None,
            )
        )
        padded = (stored >= 4000) & (stored <= 4095)
        assert radiograph.padding is not None and np.array_equal(radiograph.padding, padded)
        assert not radiograph.display()[padded].any() and not radiograph.display_float()[padded].any()
        assert radiograph.voi[0] == FullRange(float(stored[~padded].min()), float(stored[~padded].max()))


def test_negative_values_in_unfilled_words_keep_their_sign(opened: Any) -> None:
    values = pixels().astype(np.int32) - 2048
    words = (values & 0x0FFF).astype("<u2").tobytes()
    assert np.array_equal(opened(film(data=words, x00280103=("US", 1))).stored, values)


def test_left_justified_pixels_and_rubbish_in_spare_bits_do_not_matter(opened: Any) -> None:
    shifted = (pixels() << 4 | 0x7).astype("<u2").tobytes()
    assert np.array_equal(opened(film(data=shifted, x00280102=("US", 15))).stored, pixels())
    soiled = (pixels() | 0xA000).astype("<u2").tobytes()
    assert np.array_equal(opened(film(data=soiled)).stored, pixels())


def test_big_endian_words_are_the_same_values(opened: Any) -> None:
    assert np.array_equal(opened(film(BIG_ENDIAN)).stored, opened(film(EXPLICIT)).stored)


def test_rescale_comes_before_the_window(opened: Any) -> None:
    plain = opened(film())
    halved = opened(
        film(x00281052=("DS", "-100"), x00281053=("DS", "0.5"), x00281050=("DS", "923.75"), x00281051=("DS", "2048.5"))
    )
    assert np.allclose(halved.modality_values, plain.stored * 0.5 - 100)
    assert np.abs(halved.display().astype(int) - plain.display()).max() <= 1


def test_a_modality_table_replaces_slope_and_intercept(opened: Any) -> None:
    entries = np.arange(4096, dtype="<u2")[::-1].tobytes()
    table = sequence({0x00283002: ("US", [4096, 0, 16]), 0x00283006: ("OW", entries)})
    radiograph = opened(film(x00283000=table, x00281053=("DS", "7")))
    assert isinstance(radiograph.modality, ModalityTable)
    assert np.array_equal(radiograph.modality_values, 4095 - radiograph.stored.astype(np.float32))


def test_windows_come_first_then_tables_then_the_full_range(opened: Any) -> None:
    table = sequence(
        {0x00283002: ("US", [256, 0, 8]), 0x00283003: ("LO", "SOFT"), 0x00283006: ("OW", bytes(range(256)))}
    )
    radiograph = opened(
        film(
            x00281050=("DS", "2000\\1000"),
            x00281051=("DS", "4000\\500"),
            x00281055=("LO", "LUNG\\BONE"),
            x00283010=table,
        )
    )
    assert [voi.name for voi in radiograph.voi] == ["LUNG", "BONE", "SOFT", "Full range"]
    assert not np.array_equal(radiograph.display(radiograph.voi[1]), radiograph.display())


def test_raw_detector_data_are_shown_over_their_full_range(opened: Any) -> None:
    assert isinstance(opened(film(x00080068=("CS", "FOR PROCESSING"))).voi[0], FullRange)


def test_each_frame_has_its_own_window_and_only_it_is_decoded(opened: Any) -> None:
    frames = np.stack([pixels(), pixels()[::-1]])
    groups = b"".join(
        item(element(0x00289132, "SQ", item(element(0x00281050, "DS", c) + element(0x00281051, "DS", "100"))))
        for c in ("500", "900")
    )
    content = film(data=frames.astype("<u2").tobytes(), x00280008=("IS", "2"), x52009230=("SQ", groups))
    first, second = opened(content, 1), opened(content, 2)
    assert (first.voi[0], second.voi[0]) == (Window(500, 100, "Window 1"), Window(900, 100, "Window 1"))
    assert np.array_equal(second.stored, pixels()[::-1]) and second.frames == 2


def test_a_radiograph_cannot_be_changed_and_survives_pickling(opened: Any) -> None:
    import pickle

    radiograph = opened(film(x00280120=("US", 4095)))
    again = pickle.loads(pickle.dumps(radiograph))
    assert np.array_equal(again.display(), radiograph.display()) and again.facts == radiograph.facts
    for one in (radiograph, again):
        with pytest.raises(ValueError, match="read-only"):
            one.stored[0, 0] = 1
        with pytest.raises(AttributeError):
            one.frame = 2


def test_as_read_is_upright_with_square_pixels_and_leads_back_to_the_stored_pixel(opened: Any) -> None:
    radiograph = opened(film(x00200020=("CS", "R\\H"), x00280034=("IS", "2\\1")))
    picture = radiograph.as_read()
    assert picture.shape == (2 * ROWS, COLUMNS)
    bright = np.array([[2 * ROWS - 1.0, COLUMNS - 0.5, 1.0]]).T
    row, column, _one = (radiograph.read_to_stored @ bright).ravel()
    assert (row, column) == (0.5, 0.5)
    assert picture[-1, -1] == radiograph.display()[0, 0] == 255


def test_a_shutter_hides_what_lies_outside_on_the_canvas_only(opened: Any) -> None:
    edges = {"x00181600": ("CS", "RECTANGULAR\\CIRCULAR"), "x00181602": ("IS", "5"), "x00181604": ("IS", "40")}
    edges |= {"x00181606": ("IS", "3"), "x00181608": ("IS", "30")}
    edges |= {"x00181610": ("IS", "20\\24"), "x00181612": ("IS", "10")}
    radiograph = opened(film(**edges))
    assert radiograph.shutter is not None and radiograph.masked is radiograph.shutter
    assert not radiograph.shutter[19, 23] and radiograph.shutter[2, 20] and radiograph.shutter[19, 40]
    assert radiograph.display()[0, 0] == 255 and radiograph.as_read()[0, 0] == 0


def test_overlays_are_kept_apart_and_cut_at_the_edge(opened: Any) -> None:
    bits = np.zeros((8, 8), np.uint8)
    bits[1, 2] = bits[7, 7] = 1
    packed = np.packbits(bits, bitorder="little").tobytes()
    overlay = {
        "x60000010": ("US", 8),
        "x60000011": ("US", 8),
        "x60000050": ("SS", [ROWS - 3, 1]),
        "x60003000": ("OW", packed),
    }
    radiograph = opened(film(**overlay))
    mask = radiograph.overlays[0].mask(radiograph.shape)
    assert np.argwhere(mask).tolist() == [[ROWS - 4 + 1, 2]]
    assert np.array_equal(radiograph.display(), opened(film()).display())


def test_an_overlay_in_spare_bits_of_the_pixels_is_found(opened: Any) -> None:
    words = pixels() | np.where(np.eye(ROWS, COLUMNS, dtype=bool), 0x4000, 0).astype(np.uint16)
    overlay = {
        "x60000010": ("US", ROWS),
        "x60000011": ("US", COLUMNS),
        "x60000100": ("US", 16),
        "x60000102": ("US", 14),
    }
    radiograph = opened(film(data=words.astype("<u2").tobytes(), **overlay))
    assert np.array_equal(radiograph.stored, pixels())
    assert np.array_equal(radiograph.overlays[0].bits, np.eye(ROWS, COLUMNS, dtype=bool))
