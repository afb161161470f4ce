"""Verdicts become labels that a training reads."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from core.cohort.labels import read_labels
from core.records import desk
from core.records.keeper import Keeper
from core.records.labels import write_labels
from core.records.verdict import Exported, FilmMark, Study, Verdict


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "records")


def say(keeper: Keeper, path: Path, finding: str | None, reader: str = "AB", **more: object) -> FilmMark:
    mark = FilmMark(path.name.rjust(64, "0"), int(str(more.pop("frame", 1))))
    member, patient = more.pop("member", None), more.pop("patient", path.name)
    keeper.read(Study(mark, str(path), f"1.{patient}", str(patient), member=member))  # type: ignore[arg-type]
    told = {"agrees": False, "note": "", "at": "2024-05-01T10:00:00+00:00", **more}
    keeper.keep(Verdict(mark, str(path), finding, reader=reader, **told))  # type: ignore[arg-type]
    return mark


def test_a_training_reads_what_was_exported(keeper: Keeper, tmp_path: Path) -> None:
    films = tmp_path / "films"
    for name, finding, patient in (("a.dcm", "covid", "P1"), ("b.dcm", "normal", "P1"), ("ü, c.dcm", "normal", "P2")):
        say(keeper, films / name, finding, patient=patient)
    assert write_labels(keeper.records, tmp_path / "labels.csv") == Exported(3, 0, 0, 0)
    read = read_labels(tmp_path / "labels.csv", ["normal", "covid"])
    assert [(film.path, film.label) for film in read.films] == [
        (films / "a.dcm", "covid"),
        (films / "b.dcm", "normal"),
        (films / "ü, c.dcm", "normal"),
    ]
    first, second, third = read.films
    assert first.patient == second.patient != third.patient
    assert "P1" not in (tmp_path / "labels.csv").read_text("utf-8")
    assert first.more == {"reader": "AB", "at": "2024-05-01T10:00:00+00:00"}


def test_films_elsewhere_are_named_in_full(keeper: Keeper, tmp_path: Path) -> None:
    say(keeper, tmp_path / "films" / "a.dcm", "covid")
    (tmp_path / "lists").mkdir()
    write_labels(keeper.records, tmp_path / "lists" / "labels.csv")
    assert read_labels(tmp_path / "lists" / "labels.csv").films[0].path == tmp_path / "films" / "a.dcm"


def test_where_readers_disagree_the_newest_wins_and_is_counted(keeper: Keeper, tmp_path: Path) -> None:
    film = tmp_path / "a.dcm"
    say(keeper, film, "covid", "AB")
    say(keeper, film, "normal", "CD")
    say(keeper, tmp_path / "b.dcm", "covid", "AB")
    say(keeper, tmp_path / "b.dcm", "covid", "CD")
    assert write_labels(keeper.records, tmp_path / "labels.csv") == Exported(2, 1, 0, 0)
    with open(tmp_path / "labels.csv", encoding="utf-8-sig", newline="") as file:
        assert [(row["path"], row["label"], row["reader"]) for row in csv.DictReader(file)] == [
            ("a.dcm", "normal", "CD"),
            ("b.dcm", "covid", "CD"),
        ]


def test_a_verdict_without_a_finding_is_left_out_and_counted_and_a_note_is_no_verdict(
    keeper: Keeper, tmp_path: Path
) -> None:
    say(keeper, tmp_path / "a.dcm", "covid")
    say(keeper, tmp_path / "b.dcm", None)
    say(keeper, tmp_path / "c.dcm", "normal", "AB")
    say(keeper, tmp_path / "c.dcm", None, "CD", agrees=None, note="look at the apex")
    assert write_labels(keeper.records, tmp_path / "labels.csv") == Exported(2, 0, 1, 0)


def test_what_a_list_of_files_cannot_name_is_left_out_and_counted(keeper: Keeper, tmp_path: Path) -> None:
    say(keeper, tmp_path / "a.dcm", "covid")
    say(keeper, tmp_path / "a.zip", "covid", member="b.dcm")
    say(keeper, tmp_path / "c.dcm", "covid", frame=2)
    assert write_labels(keeper.records, tmp_path / "labels.csv") == Exported(1, 0, 0, 2)


def test_a_verdict_taken_back_is_no_label_and_nothing_is_no_file(keeper: Keeper, tmp_path: Path) -> None:
    keeper.withdraw(say(keeper, tmp_path / "a.dcm", "covid"), "AB")
    assert write_labels(keeper.records, tmp_path / "labels.csv") == Exported(0, 0, 0, 0)
    assert not (tmp_path / "labels.csv").exists()


def test_no_cell_is_a_formula_and_every_name_is_still_found(keeper: Keeper, tmp_path: Path) -> None:
    say(keeper, tmp_path / "=HYPERLINK(1).dcm", "covid", "=CMD")
    write_labels(keeper.records, tmp_path / "labels.csv")
    with open(tmp_path / "labels.csv", encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["path"], row["reader"]) == ("./=HYPERLINK(1).dcm", "'=CMD")
    assert read_labels(tmp_path / "labels.csv").films[0].path == tmp_path / "=HYPERLINK(1).dcm"


def test_the_record_keeper_answers_to_labels(tmp_path: Path) -> None:
    handle = desk.serve(str(tmp_path / "records"))
    assert handle(("labels", str(tmp_path / "labels.csv"))) == Exported(0, 0, 0, 0)
