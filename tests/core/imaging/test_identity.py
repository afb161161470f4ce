"""What only a second file can tell is said of both, and memory for it stays small."""

from __future__ import annotations

from dataclasses import replace

from core.imaging.facts import Description, Facts
from core.imaging.identity import Identities
from core.imaging.sources import ImageRef


def film(uid: str | None = None, pixels: str = "p", patient: str | None = None, name: str = "A^B") -> Description:
    facts = Facts("DICOM", sop_uid=uid, patient_id=patient, patient_name=name)
    return Description(ImageRef("/film"), "opened", (), facts, "s", pixels)


def watched(*films: Description, remembered: int = 100) -> list[tuple[int, str]]:
    identities: Identities[int] = Identities(remembered)
    return [
        (key, reason.code)
        for number, description in enumerate(films)
        for key, reason in identities.watch(number, description)
    ]


def test_one_identifier_on_two_pictures_marks_both_and_every_later_one() -> None:
    found = watched(film("1.2", "p"), film("1.2", "q"), film("1.2", "p"), film("1.3", "q"))
    assert found == [(0, "duplicate-uid"), (1, "duplicate-uid"), (2, "duplicate-uid")]


def test_the_same_film_twice_and_frames_of_one_file_contradict_nothing() -> None:
    second = replace(film("1.2", "q"), ref=ImageRef("/film", frame=2))
    assert watched(film("1.2", "p"), film("1.2", "p"), second) == []


def test_one_patient_number_with_two_names_marks_both() -> None:
    found = watched(film(patient="7", name="A^B"), film(patient="7", name="a^b^"), film(patient="7", name="C"))
    assert found == [(0, "patient-conflict"), (1, "patient-conflict"), (2, "patient-conflict")]


def test_files_that_were_not_opened_or_say_nothing_take_no_part() -> None:
    refused = Description(ImageRef("/x"), "refused", ())
    assert watched(refused, refused, film(None, "p"), film(None, "q")) == []


def test_the_oldest_identifiers_are_forgotten() -> None:
    assert watched(film("1", "p"), film("2", "p"), film("1", "q"), remembered=1) == []
