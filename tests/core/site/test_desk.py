from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from core import work_folders
from core.cohort.labels import read_labels
from core.errors import RunRefused
from core.inference.bundles import Bundle
from core.site.desk import Desk
from core.site.plan import ClassChoice
from core.site.state import SiteState
from tests.core.site.conftest import opened, rested
from tests.films import write_png
from tests.labelled_films import drawn
from tests.small_training import write_recipe

MakeFilms = Callable[..., Path]


def choose(desk: Desk, **classes: str | None) -> SiteState:
    desk.choose(tuple(ClassChoice(label, to, label) for label, to in classes.items()))
    return desk.look(None)


def test_a_folder_per_finding_becomes_films_with_labels_and_counts(films: MakeFilms, desk: Desk) -> None:
    state = opened(desk, films({"bright": 4, "No finding": 3}))
    assert [film.name for film in state.films][:2] == ["No finding/00.png", "No finding/01.png"]
    assert {(one.label, one.films) for one in state.labels} == {("bright", 4), ("No finding", 3)}
    assert state.total == 7 and all(film.usable for film in state.films)


def test_a_label_of_the_bundle_in_use_is_found_under_other_words(films: MakeFilms, desk: Desk) -> None:
    state = opened(desk, films({"No finding": 1, "COVID-19": 1, "Fibrosis": 1, "other": 1}))
    assert {one.label: one.to for one in state.choices} == {
        "No finding": "normal", "COVID-19": "covid", "Fibrosis": "fibrosis", "other": None,
    }  # fmt: skip


def test_patients_are_recognised_from_dicom_and_never_by_their_number(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 4, "dark": 4}, dicom=True)
    state = opened(desk, place)
    patients = {film.patient for film in state.films}
    assert len(patients) == 4 and all(len(patient) == 24 for patient in patients)
    assert {one.label: one.patients for one in state.labels} == {"bright": 2, "dark": 2}
    kept = "".join(file.read_text("utf-8", "replace") for file in Path(state.folder).rglob("*.json"))
    assert not [word for word in ("P0-bright", "PHANTOM", "1.2.826.0.1.3680043") if word in kept]
    assert (state.films[0].sex, state.films[0].view, state.films[0].age_years) == ("", "PA", 50.0)


def test_a_folder_without_findings_is_refused_in_words(tmp_path: Path, desk: Desk) -> None:
    write_png(tmp_path / "one.png", drawn(1, "normal"))
    state = opened(desk, tmp_path)
    assert state.phase == "failed" and state.error is not None and state.error.code == "site-no-findings"


def test_what_cannot_be_read_says_why_and_the_others_go_on(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 2, "dark": 2})
    (place / "dark" / "words.png").write_text("no picture")
    state = opened(desk, place)
    [broken] = [film for film in state.films if not film.usable]
    assert broken.name == "dark/words.png" and broken.problem == "This is not an image file."
    assert {one.label: (one.films, one.problems) for one in state.labels} == {"bright": (2, 0), "dark": (2, 1)}


def test_relabelling_and_leaving_out_are_remembered_for_the_same_folder(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 3, "dark": 3})
    opened(desk, place)
    desk.relabel([0], "dark")
    desk.exclude([5], "a hand")
    again = Desk()
    desk.close()
    try:
        state = opened(again, place)
        assert (state.films[0].label, state.films[0].relabelled) == ("dark", True)
        assert state.films[5].excluded == "a hand"
        again.relabel([0], "bright")
        again.include([5])
        state = again.look(None)
        assert not state.films[0].relabelled and state.films[5].usable
    finally:
        again.close()


def test_films_that_were_read_once_are_not_decoded_again(
    films: MakeFilms, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = films({"bright": 2, "dark": 2})
    opened(desk, place)

    def none_may_be(*_: object) -> object:
        raise AssertionError("it was decoded again")

    monkeypatch.setattr("core.site.known.witnesses", none_may_be)
    state = opened(desk, place)
    assert state.error is None and all(film.usable for film in state.films)


def test_a_look_tells_only_what_is_new(films: MakeFilms, desk: Desk) -> None:
    state = opened(desk, films({"bright": 2, "dark": 2}))
    assert desk.look(state.version).films == ()
    desk.exclude([1], "twice")
    later = desk.look(state.version)
    assert [film.number for film in later.films] == [1] and not later.fresh


def test_the_labels_hold_what_was_chosen_and_nothing_that_was_left_out(
    films: MakeFilms, desk: Desk, tmp_path: Path
) -> None:
    opened(desk, films({"bright": 3, "dark": 3, "maybe": 2}, dicom=True))
    choose(desk, bright="covid", dark="normal", maybe=None)
    desk.exclude([0], "a hand")
    path = tmp_path / "labels.csv"
    assert desk.labels(str(path)) == 5
    labels = read_labels(path)
    assert labels.classes == ("covid", "normal") and len(labels.films) == 5
    with open(path, encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert Path(row["path"]).is_file() and row["patient"] and row["view"] == "PA" and row["age"] == "50"


def test_a_table_of_labels_keeps_its_patients_groups_and_splits(films: MakeFilms, desk: Desk, tmp_path: Path) -> None:
    place = films({"bright": 1, "dark": 1})
    table = place / "own.csv"
    table.write_text(
        "path;label;patient;group;source;split\nbright/00.png;up;a;g;here;test\ndark/00.png;down;b;;there;train\n"
    )
    state = opened(desk, table)
    assert [(film.label, film.patient, film.source) for film in state.films] == [
        ("up", "a", "here"), ("down", "b", "there"),
    ]  # fmt: skip
    desk.labels(str(tmp_path / "out.csv"))
    assert [(film.group, film.split) for film in read_labels(tmp_path / "out.csv").films] == [
        ("g", "test"), ("", "train"),
    ]  # fmt: skip


def test_the_counts_say_what_they_allow_before_anything_starts(films: MakeFilms, desk: Desk) -> None:
    opened(desk, films({"bright": 12, "dark": 4}))
    state = choose(desk, bright="bright", dark="dark")
    assert [(one.name, one.films, one.allowed.trains) for one in state.classes] == [
        ("bright", 12, True), ("dark", 4, False),
    ]  # fmt: skip
    assert state.together is not None and not state.together.trains and "dark" in state.together.words


def test_pictures_are_there_for_what_was_read(films: MakeFilms, desk: Desk) -> None:
    place = films({"bright": 1, "dark": 1})
    (place / "dark" / "words.png").write_text("no picture")
    opened(desk, place)
    small = desk.thumbnails([0, 1, 2])
    assert set(small) == {0, 1} and small[0].startswith(b"\xff\xd8")
    picture = desk.picture(0)
    assert picture is not None and len(picture) >= len(small[0]) and desk.picture(2) is None
    assert desk.refs([1])[1].name == "dark/00.png"


def test_the_preview_shows_each_film_as_it_is_and_drawn_and_the_seed_repeats_it(
    films: MakeFilms, desk: Desk, tmp_path: Path
) -> None:
    opened(desk, films({"bright": 2, "dark": 2}))
    recipe = write_recipe(tmp_path).read_text("utf-8")
    shown = desk.preview(recipe, 4, 12)
    cells = shown.cells
    assert (shown.members, shown.member) == (("small-cnn",), 0)
    assert [cell.draw for cell in cells] == [0, 1, 2, 3, 4, 5] * 2
    assert {cell.label for cell in cells} == {"bright", "dark"}
    assert len({cell.picture for cell in cells[:6]}) == 6
    assert desk.preview(recipe, 4, 12) == shown and desk.preview(recipe, 5, 12).cells != cells


def test_the_preview_shows_what_every_network_of_a_bundle_sees(
    films: MakeFilms, desk: Desk, tmp_path: Path, small_bundle: Bundle
) -> None:
    opened(desk, films({"bright": 2, "dark": 2}))
    recipe, start = write_recipe(tmp_path).read_text("utf-8"), str(small_bundle.folder)
    shown = [desk.preview(recipe, 4, 12, start, number) for number in range(3)]
    assert {one.members for one in shown} == {("stretched", "boxed", "random")}
    assert [one.member for one in shown] == [0, 1, 2]
    assert shown[0].cells[0].picture != shown[1].cells[0].picture
    assert desk.preview(recipe, 4, 12, start) == shown[0]


def test_nothing_is_asked_of_films_that_are_not_there(desk: Desk) -> None:
    for ask in (desk.plan, desk.check, lambda: desk.labels("x.csv"), lambda: desk.thumbnails([0])):
        with pytest.raises(RunRefused, match="still being"):
            ask()


def test_what_is_kept_of_a_place_can_be_erased_once_it_is_let_go(films: MakeFilms, desk: Desk) -> None:
    state = opened(desk, films({"bright": 1, "dark": 1}))
    [kept] = work_folders.listed()
    assert (kept.path, kept.kind, kept.title, kept.use) == (state.folder, "films", state.place, "open")
    assert kept.size_bytes > 10_000
    work_folders.forget_all()
    assert Path(state.folder).is_dir()
    desk.let_go()
    told = desk.look(state.version)
    assert (told.phase, told.fresh) == ("empty", True)
    work_folders.forget_all()
    assert not Path(state.folder).exists() and Path(state.films[0].path).is_file()


def test_real_steps_tell_time_and_memory_before_a_training_starts(films: MakeFilms, desk: Desk, tmp_path: Path) -> None:
    pytest.importorskip("keras", reason="the dry run needs Keras, which is not installed")
    opened(desk, films({"bright": 12, "dark": 12}))
    desk.dry_run(write_recipe(tmp_path).read_text("utf-8"), "random")
    state = rested(desk)
    assert state.error is None and state.dry_run is not None
    found = state.dry_run
    assert [name for name, _step, _whole in found.each] == ["small-cnn"]
    assert found.steps >= 20 and found.members == 1 and found.device == "CPU"
    assert found.seconds_a_step > 0 and found.seconds_for_all > 0 and found.memory_bytes > 50_000_000
