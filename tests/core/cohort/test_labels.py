"""LABELS: a folder with one sub-folder a class, or a CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.cohort.labels import read_labels
from core.errors import RunRefused


def _table(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    place = folder / "labels.csv"
    place.write_bytes(text.encode(encoding))
    return place


def test_a_folder_per_class_gives_every_file_its_folders_name(tmp_path: Path) -> None:
    for name in ("normal/a.png", "normal/deep/b.dcm", "covid/c", "covid/.DS_Store", "covid/Thumbs.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    labels = read_labels(tmp_path)
    assert [(film.path.name, film.label) for film in labels.films] == [
        ("c", "covid"),
        ("a.png", "normal"),
        ("b.dcm", "normal"),
    ]
    assert labels.classes == ("covid", "normal")


def test_a_table_carries_patient_group_source_split_view_age_and_sex(tmp_path: Path) -> None:
    place = _table(
        tmp_path,
        "path,label,patient,near_duplicate_group,source,split,view,age,sex,note\n"
        "x/1.png,covid,p1,g1,north,val,PA,63,F,first wave\n",
    )
    (film,) = read_labels(place).films
    assert (film.path, film.patient, film.group, film.source) == (tmp_path / "x" / "1.png", "p1", "g1", "north")
    assert (film.split, film.view, film.age_years, film.sex) == ("validation", "PA", 63.0, "F")
    assert film.more == {"note": "first wave"}


def test_labels_that_the_bundle_does_not_name_are_counted_and_left_out(tmp_path: Path) -> None:
    place = _table(tmp_path, "path,label\na,Normal\nb,other:Mass\nc,COVID\nd,other:Mass\ne,\n")
    labels = read_labels(place, ("normal", "covid"))
    assert [film.label for film in labels.films] == ["normal", "covid"]
    assert labels.targets() == [0, 1]
    assert labels.left_out == {"other:Mass": 2, "(none)": 1}
    assert [film.path.name for film in labels.others] == ["b", "d", "e"]


def test_without_a_bundle_every_label_but_other_is_a_class(tmp_path: Path) -> None:
    place = _table(tmp_path, "path,label\na,tb\nb,other:Mass\nc,clear\n")
    assert read_labels(place).classes == ("clear", "tb")


@pytest.mark.parametrize("text", ["path;label\r\na;tb\r\n", "\ufeffPath,Label\na,tb\n", "path\tlabel\na\ttb\n"])
def test_tables_as_spreadsheets_of_any_country_write_them_are_read(tmp_path: Path, text: str) -> None:
    (film,) = read_labels(_table(tmp_path, text)).films
    assert (film.path, film.label) == (tmp_path / "a", "tb")


def test_paths_written_on_windows_are_found(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.png").write_bytes(b"x")
    (film,) = read_labels(_table(tmp_path, "path,label\nx\\a.png,tb\n")).films
    assert film.path.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("file,label\na,b\n", "no column path"),
        ("", "no column path"),
        ("path,label\na,b,c\n", "line 2 has 3 cells of 2"),
        ("path,label\na,b\na,c\n", "line 3 gives a film a second label"),
        ("path,label\n,b\n", "line 2 names no file"),
        ("path,label,split\na,b,holdout\n", "line 2 names the split holdout"),
        ('path,label\n"a,b\n', "unexpected end"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_the_line(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(RunRefused, match=why) as refused:
        read_labels(_table(tmp_path, text))
    assert refused.value.code == "labels-unreadable"


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match="UTF-8"):
        read_labels(_table(tmp_path, "path,label\nä,b\n", encoding="latin-1"))


def test_labels_without_any_known_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunRefused) as refused:
        read_labels(_table(tmp_path, "path,label\na,tb\n"), ("normal", "covid"))
    assert refused.value.code == "labels-empty"
    with pytest.raises(RunRefused) as refused:
        read_labels(tmp_path / "nothing.csv")
    assert refused.value.code == "labels-unreadable"


def test_ages_that_are_no_ages_are_unknown(tmp_path: Path) -> None:
    place = _table(tmp_path, "path,label,age\na,b,\nc,b,old\nd,b,nan\ne,b,-1\nf,b,0\n")
    assert [film.age_years for film in read_labels(place).films] == [None, None, None, None, 0.0]
