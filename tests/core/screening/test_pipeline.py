"""Films stream through a run: nothing is asked twice, nothing piles up, and a stop leaves the journal whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.imaging.sources import ImageRef, find
from core.screening.judging import BATCH, Judge
from core.screening.rows import is_finished, reading, rows
from tests import one_process
from tests.films import disc, write_dicom, write_png
from tests.one_process import make_films, screened, table


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return make_films(tmp_path / "films")


def codes(folder: Path) -> dict[str, set[str]]:
    with reading(folder) as database:
        return {row.name: {one.code for one in row.assessment.reasons} for row in rows(database) if row.assessment}


def test_the_same_film_in_two_places_is_assessed_once_and_has_both_rows(films: Path, tmp_path: Path) -> None:
    run = screened([films], tmp_path / "run")
    assert run.assess.asked["a-bright.png"] == 1 and "c-copy.png" not in run.assess.asked
    rows = table(tmp_path / "run", "path, status, suspicion, sha256, content")
    one, other = ([row[1:] for row in rows if row[0] == name] for name in (b"a-bright.png", b"c-copy.png"))
    assert one == other


def test_a_copy_that_comes_with_a_later_resume_is_not_assessed_again(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run")
    (films / "z.png").write_bytes((films / "b-dark.png").read_bytes())
    run = screened([films], tmp_path / "run")
    assert not run.assess.asked and len(run.told) == 1


def test_the_same_pixels_under_another_header_that_matters_are_judged_for_themselves(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    film = disc((160, 160), (80, 80), 30)
    write_dicom(tmp_path / "films" / "a.dcm", film)
    write_dicom(tmp_path / "films" / "b.dcm", film, PatientName="PHANTOM^OTHER", PatientID="T2")
    write_dicom(tmp_path / "films" / "c.dcm", film, PatientAge="003Y")
    run = screened([tmp_path / "films"], tmp_path / "run")
    assert set(run.assess.asked) == {"a.dcm", "c.dcm"}


def test_contradictions_between_files_are_cautions_on_both(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run")
    found = codes(tmp_path / "run")
    assert {"duplicate-uid", "patient-conflict"} <= found["d.dcm"] & found["e.dcm"]
    assert not {"duplicate-uid", "patient-conflict"} & found["a-bright.png"]


def test_frames_of_one_file_and_one_patient_are_no_contradiction(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for number in range(2):
        write_dicom(
            tmp_path / "films" / f"{number}.dcm",
            disc((160, 160), (80, 80), 30 + 9 * number),
            SOPInstanceUID=f"1.2.{number}",
            PatientName=("PHANTOM^SAME", "phantom^same^")[number],
        )
    screened([tmp_path / "films"], tmp_path / "run")
    assert not any({"duplicate-uid", "patient-conflict"} & found for found in codes(tmp_path / "run").values())


def test_the_first_row_comes_before_the_folder_is_listed_and_nothing_piles_up(tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{number:03}.png").write_bytes(one_process.png(number))
    listed = 0

    def counted() -> Iterator[ImageRef]:
        nonlocal listed
        for ref in find([tmp_path]):
            listed += 1
            yield ref

    run = screened([tmp_path], tmp_path / "run", refs=counted(), stop_after=1)
    assert listed < 200 and len(run.told) < 10
    assert run.told[0].total is None and run.told[0].remaining is None

    run = screened([tmp_path], tmp_path / "run")
    assert run.decoders.most <= 4
    assert (run.told[-1].done, run.told[-1].total) == (600, 600)
    assert len(table(tmp_path / "run")) == 600  # the run's own files, which lie among them, are none of its films


def test_a_stop_leaves_a_journal_that_goes_on(films: Path, tmp_path: Path) -> None:
    screened([films], tmp_path / "run", stop_after=3)
    with reading(tmp_path / "run") as database:
        assert not is_finished(database)
    run = screened([films], tmp_path / "run")
    with reading(tmp_path / "run") as database:
        assert is_finished(database)
    assert run.told[-1].done == run.told[-1].total == 8


def test_rows_can_be_read_while_a_run_writes(films: Path, tmp_path: Path) -> None:
    from core.screening.journal import open_journal

    screened([films], tmp_path / "run")
    with open_journal(tmp_path / "run", resume=True), reading(tmp_path / "run") as database:
        assert len(list(rows(database))) == 8


def test_a_mistake_in_the_engine_thread_is_raised_where_the_run_is(films: Path, tmp_path: Path) -> None:
    def mistaken(_films: object) -> list[object]:
        raise ZeroDivisionError("a mistake of ours")

    judge = Judge(mistaken)  # type: ignore[arg-type]
    judge.submit(1, None)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        judge.results(30)
    judge.stop()


def test_the_engine_gets_films_in_order_and_in_batches() -> None:
    batches: list[list[object]] = []

    def kept(films: list[object]) -> list[object]:
        batches.append(films)
        return films

    judge = Judge(kept)  # type: ignore[arg-type]
    for number in range(100):
        judge.submit(number, number)  # type: ignore[arg-type]
    found: list[object] = []
    while judge.pending:
        found.extend(key for key, _row in judge.results(30))
    judge.stop()
    assert found == list(range(100))
    assert max(map(len, batches)) <= BATCH


def test_a_film_that_vanished_after_it_was_listed_is_a_failed_row(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    write_png(films / "a.png", disc((180, 160), (90, 80), 40))
    gone = ImageRef(str(films / "gone.png"), root=str(films))
    screened([films], tmp_path / "run", refs=[*find([films]), gone])
    assert table(tmp_path / "run", "path, status") == [(b"a.png", "assessed"), (b"gone.png", "failed")]
