from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from core.site.associations import by_amount, by_kind
from core.site.desk import Desk
from core.site.plan import ClassChoice
from core.site.state import Finding
from tests.core.site.conftest import opened, rested
from tests.films import write_dicom, write_png
from tests.labelled_films import drawn

MakeFilms = Callable[..., Path]


def checked(desk: Desk, place: Path, *labels: str) -> dict[str, Finding]:
    """The findings of the place by their codes; its labels are classes of their own."""
    opened(desk, place)
    desk.choose(tuple(ClassChoice(label, label, label.title()) for label in labels))
    desk._bundle = None  # no bundle: the drawn films have no lungs
    desk.check()
    state = rested(desk)
    assert state.error is None and state.findings is not None
    return {one.code: one for one in state.findings}


def test_too_few_films_is_a_blocker_that_no_words_remove(films: MakeFilms, desk: Desk) -> None:
    found = checked(desk, films({"bright": 12, "dark": 3}), "bright", "dark")
    assert found["too-few-films"].severity == "blocker" and not found["too-few-films"].may_acknowledge
    assert "Dark" in found["too-few-films"].meaning


def test_unreadable_files_are_named_with_their_reason(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 2, "dark": 2})
    (place / "dark" / "words.png").write_text("no picture")
    found = checked(desk, place, "bright", "dark")["unreadable"]
    assert found.table == (("File", "Why"), ("dark/words.png", "This is not an image file."))
    assert len(found.numbers) == 1


def test_pictures_that_are_no_films_block_until_they_are_left_out(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 2, "dark": 2})
    write_png(place / "dark" / "noise.png", np.random.default_rng(1).integers(0, 255, (200, 180)).astype(np.uint8))
    found = checked(desk, place, "bright", "dark")["not-radiographs"]
    assert found.severity == "blocker" and found.may_acknowledge and len(found.numbers) == 1
    desk.exclude(found.numbers, "noise")
    assert desk.look(None).findings is None  # what was found before holds no more
    desk.check()
    assert "not-radiographs" not in {one.code for one in rested(desk).findings or ()}


def test_one_picture_in_two_classes_is_a_contradiction(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 3, "dark": 3})
    shutil.copy(place / "bright" / "00.png", place / "dark" / "copy.png")
    found = checked(desk, place, "bright", "dark")
    assert found["copies-in-two-classes"].severity == "blocker" and len(found["copies-in-two-classes"].numbers) == 2
    assert "copies" not in found


def test_a_film_saved_again_or_mirrored_is_known_as_the_same(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 3, "dark": 3})
    picture = cv2.imread(str(place / "bright" / "00.png"), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    write_png(place / "bright" / "small.png", cv2.resize(picture, (130, 142), interpolation=cv2.INTER_AREA))
    write_png(place / "dark" / "mirrored.png", np.ascontiguousarray(picture[:, ::-1]))
    found = checked(desk, place, "bright", "dark")["near-copies-in-two-classes"]
    names = {desk.look(None).films[number].name for number in found.numbers}
    assert names == {"bright/00.png", "bright/small.png", "dark/mirrored.png"}


def test_patients_in_several_classes_and_unknown_ones_are_told(tmp_path: Path, desk: Desk) -> None:
    for number, label in enumerate(("bright", "dark", "bright")):
        (tmp_path / label).mkdir(exist_ok=True)
        write_dicom(tmp_path / label / f"{number}.dcm", drawn(number, label), PatientID="P1")
    write_png(tmp_path / "dark" / "3.png", drawn(3, "dark"))
    found = checked(desk, tmp_path, "bright", "dark")
    assert len(found["patients-in-several-classes"].numbers) == 3
    assert len(found["patients-unknown"].numbers) == 1


def test_a_class_that_only_one_source_supplies_blocks_and_has_its_table(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 3, "dark": 3})
    rows = [f"bright/0{n}.png,bright,here" for n in range(3)]
    rows += [f"dark/0{n}.png,dark,{source}" for n, source in enumerate(("here", "there", "there"))]
    (place / "labels.csv").write_text("path,label,source\n" + "\n".join(rows) + "\n")
    found = checked(desk, place / "labels.csv", "bright", "dark")["class-of-one-source"]
    assert found.severity == "blocker" and len(found.numbers) == 3 and "Bright" in found.title
    assert found.table == (("Source", "Bright", "Dark"), ("here", "3", "1"), ("there", "0", "2"))


def test_a_kind_of_file_that_goes_with_the_class_is_warned_of(tmp_path: Path, desk: Desk) -> None:
    for number in range(6):
        for label in ("bright", "dark"):
            (tmp_path / label).mkdir(exist_ok=True)
        write_dicom(tmp_path / "bright" / f"{number}.dcm", drawn(number, "bright"), PatientID=f"P{number}")
        write_png(tmp_path / "dark" / f"{number}.png", drawn(10 + number, "dark"))
    found = checked(desk, tmp_path, "bright", "dark")["class-by-format"]
    assert found.severity == "warning" and "100%" in found.meaning and len(found.numbers) == 6


def test_what_was_acknowledged_stays_until_it_is_no_longer_found(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 3, "dark": 3})
    shutil.copy(place / "bright" / "00.png", place / "dark" / "copy.png")
    found = checked(desk, place, "bright", "dark")["copies-in-two-classes"]
    desk.acknowledge(found.code, "both are right")
    assert desk.look(None).acknowledged == {found.code: "both are right"}
    desk.exclude(found.numbers[1:], "a copy")
    desk.check()
    assert rested(desk).acknowledged == {}


def test_associations_by_chance_are_not_strong() -> None:
    draw = np.random.default_rng(5)
    classes = ["a", "b"] * 15
    loud = 0
    for _time in range(50):
        kinds = by_kind([str(one) for one in draw.choice(["F", "M"], 30)], classes)
        amounts = by_amount(draw.normal(60, 10, 30).tolist(), classes)
        loud += (kinds is not None and kinds.strong) + (amounts is not None and amounts.strong)
    assert loud <= 3


def test_an_age_that_goes_with_the_class_is_strong_and_says_how_much() -> None:
    ages = [float(30 + n % 10) for n in range(20)] + [float(60 + n % 10) for n in range(20)]
    found = by_amount(ages, ["young"] * 20 + ["old"] * 20)
    assert found is not None and found.strong and "100%" in found.words and "one of old" in found.words
    assert set(found.places) == set(range(20, 40))
