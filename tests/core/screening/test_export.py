"""Exports are complete, inert, stream from the journal, and name nobody unless asked."""

from __future__ import annotations

import csv
import html.parser
import io
import re
import sqlite3
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import files as core_files
from core.errors import RunRefused
from core.screening.export import Export, json_rows, write_csv, write_html
from core.screening.rows import reading
from tests import one_process
from tests.films import disc, write_dicom, write_png
from tests.one_process import make_films, screened


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return make_films(tmp_path / "films")


@pytest.fixture
def run(films: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    write_dicom(films / "i-clean.dcm", disc((160, 160), (80, 80), 50), BurnedInAnnotation="NO", PatientID="T9")
    write_png(films / "=HYPERLINK(1).png", disc((160, 160), (80, 80), 45))
    write_png(films / "<img src=x onerror=alert(1)>.png", disc((160, 160), (80, 80), 46))
    screened([films], tmp_path / "run", failing=["g-gone.png"])
    with reading(tmp_path / "run") as database:
        yield database


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


class Page(html.parser.HTMLParser):
    """The tags of a page, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attributes if name in ("src", "href", "data", "action")]


def test_the_table_has_a_row_for_every_film_most_suspicious_first(run: sqlite3.Connection, tmp_path: Path) -> None:
    write_csv(Export(run, identifiers=True), tmp_path / "films.csv")
    rows = read_csv(tmp_path / "films.csv")
    assert len(rows) == 11
    scores = [float(row["suspicion"]) for row in rows if row["suspicion"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 8
    assert [row["status"] for row in rows[8:]] == ["refused", "failed", "refused"]
    assert rows[9]["reasons"] == "unreachable"
    first = rows[0]
    assert first["finding"] in ("bright", "normal") and first["bundle"] == "stand-in" and first["precision"] == "f32"
    assert float(first["probability_bright"]) == float(first["suspicion"])


def test_a_spreadsheet_opens_it_and_runs_nothing(run: sqlite3.Connection, tmp_path: Path) -> None:
    write_csv(Export(run, identifiers=True), tmp_path / "films.csv")
    content = (tmp_path / "films.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfpath,frame,study,sha256,status,") and content.endswith(b"\r\n")
    names = [row["path"] for row in read_csv(tmp_path / "films.csv")]
    assert "'=HYPERLINK(1).png" in names
    assert not [
        cell for row in read_csv(tmp_path / "films.csv") for cell in row.values() if cell[:1] in "=+-@\t\r" and cell
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_a_program_could_run_are_made_inert(start: str) -> None:
    assert core_files.inert(f"{start}1+1") == f"'{start}1+1"
    assert core_files.inert(-0.5) == -0.5 and core_files.inert("a=b") == "a=b" and core_files.inert(None) is None


def test_without_identifiers_no_name_leaves(run: sqlite3.Connection, films: Path, tmp_path: Path) -> None:
    write_csv(Export(run), tmp_path / "films.csv")
    write_html(Export(run), tmp_path / "films.html")
    for exported in (tmp_path / "films.csv", tmp_path / "films.html"):
        text = exported.read_text("utf-8-sig")
        names = [path.name for path in films.iterdir()] + [str(films), "PHANTOM", "the share does not answer"]
        assert [name for name in names if name in text] == []
    paths = [row["path"] for row in read_csv(tmp_path / "films.csv")]
    assert all(re.fullmatch(r"\d+-[0-9a-f]{12}", path) for path in paths) and len(set(paths)) == 11


def test_pictures_that_may_have_text_burned_in_stay_out_unless_asked(run: sqlite3.Connection, tmp_path: Path) -> None:
    counts = []
    for identifiers in (False, True):
        write_html(Export(run, identifiers), tmp_path / "films.html")
        counts.append(Page((tmp_path / "films.html").read_text()).tags.count("img"))
    assert counts == [1, 8]


def test_the_page_stands_alone_and_runs_nothing_of_a_film(run: sqlite3.Connection, tmp_path: Path) -> None:
    write_html(Export(run, identifiers=True), tmp_path / "films.html")
    text = (tmp_path / "films.html").read_text()
    page = Page(text)
    assert all(load.startswith("data:image/jpeg;base64,") for load in page.loads) and len(page.loads) == 8
    assert page.tags.count("tr") == 12 and page.tags.count("script") == 1
    assert "<img src=x" not in text and "&lt;img src=x onerror=alert(1)&gt;.png" in text
    assert "For research use" in text and "stand-in" in text and "f32" in text


def test_an_unfinished_run_says_so_in_the_first_line_and_a_finished_one_does_not(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run", stop_after=2)
    with reading(tmp_path / "run") as database:
        write_csv(Export(database), tmp_path / "films.csv")
        write_html(Export(database), tmp_path / "films.html")
        done = len(list(json_rows(database)))
    first = (tmp_path / "films.csv").read_text("utf-8-sig").splitlines()[0]
    assert done == 2 and first.startswith(f"# Unfinished run: {done} films are done")
    assert "Unfinished run" in (tmp_path / "films.html").read_text().splitlines()[0]
    screened([films], tmp_path / "run")
    with reading(tmp_path / "run") as database:
        write_csv(Export(database), tmp_path / "films.csv")
        write_html(Export(database), tmp_path / "films.html")
    assert (tmp_path / "films.csv").read_text("utf-8-sig").startswith("path,frame,")
    assert (tmp_path / "films.html").read_text().startswith("<!DOCTYPE html>")
    assert "Unfinished" not in (tmp_path / "films.html").read_text()


def test_two_runs_over_the_same_films_export_the_same_but_for_seconds(films: Path, tmp_path: Path) -> None:
    tables = []
    for name in ("one", "two"):
        screened([films], tmp_path / name, stop_after=3 if name == "two" else None)
        screened([films], tmp_path / name)
        with reading(tmp_path / name) as database:
            write_csv(Export(database), tmp_path / "films.csv")
        rows = read_csv(tmp_path / "films.csv")
        tables.append([{key: value for key, value in row.items() if not key.startswith("seconds")} for row in rows])
    assert tables[0] == tables[1]


def test_json_rows_are_those_of_assess_in_the_order_of_finding(run: sqlite3.Connection) -> None:
    rows = list(json_rows(run))
    assert [row["path"] for row in rows][-2:] == ["h-short.png", "i-clean.dcm"]
    assert list(rows[0])[:6] == ["path", "frame", "study", "sha256", "status", "reasons"]
    assert rows[-2]["status"] == "refused" and rows[-2]["probabilities"] is None


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match="no journal"), reading(tmp_path):
        pass


def test_the_memory_of_an_export_does_not_grow_with_the_run(tmp_path: Path) -> None:
    peaks = []
    for count in (50, 500):
        films = tmp_path / str(count)
        films.mkdir()
        for number in range(count):
            (films / f"{number:03}.png").write_bytes(one_process.png(number))
        screened([films], tmp_path / f"run-{count}")
        with reading(tmp_path / f"run-{count}") as database:
            write_csv(Export(database), tmp_path / "warm.csv")
            write_html(Export(database, True), tmp_path / "warm.html")
            tracemalloc.start()
            write_csv(Export(database), tmp_path / "films.csv")
            write_html(Export(database, True), tmp_path / "films.html")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 100_000
