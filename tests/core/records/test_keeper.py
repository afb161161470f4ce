"""What readers say is kept through every fault, and what is forgotten is gone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core import places
from core.errors import RunRefused
from core.records import desk, schema
from core.records.keeper import Keeper
from core.records.verdict import FilmMark, Known, Study, Verdict
from tests.faults import full_disk, python

ONE, TWO, OTHER = FilmMark("1" * 64, 1), FilmMark("2" * 64, 1), FilmMark("3" * 64, 1)
NAME, NOTE = "Willowherb^Teasel", "shadow behind the heart"


def verdict(mark: FilmMark = ONE, finding: str | None = "covid", reader: str = "AB", **more: object) -> Verdict:
    told = {"normal": 0.2, "covid": 0.8}
    made = Verdict(
        mark, f"/films/{mark.sha256[0]}.dcm", finding, True, "", reader, "2024-05-01T10:00:00+00:00", "d" * 64,
        "stand-in", "covid", told,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def study(mark: FilmMark = ONE, uid: str = "1.2.3", **more: object) -> Study:
    made = Study(mark, f"/films/{mark.sha256[0]}.dcm", uid, "PAT-4711", NAME, "20240501", b"picture" * 1000)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "records"


def everything_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_what_was_acknowledged_survives_kill_9(folder: Path) -> None:
    code = (
        "import os, signal, sys; from core.records import desk; from tests.core.records.test_keeper import verdict\n"
        "handle = desk.serve(sys.argv[1]); handle(('verdict', verdict())); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = python(code, str(folder), check=False)
    assert done.returncode == -9, done.stderr
    assert Keeper(folder).known([ONE])[ONE].verdict == verdict()


def test_the_newest_verdict_counts_and_the_earlier_ones_stay_as_history(folder: Path) -> None:
    keeper = Keeper(folder)
    keeper.keep(verdict(finding="normal", agrees=False))
    # A clock that was set back changes nothing about the order.
    later = verdict(finding="covid", note=NOTE, at="2020-01-01T10:00:00+00:00")
    assert keeper.keep(later).verdict == later
    rows = keeper.records.execute("SELECT finding, reader, at FROM verdict ORDER BY seq").fetchall()
    assert [row[0] for row in rows] == ["normal", "covid"]


def test_a_verdict_taken_back_stays_as_history_and_does_not_bring_back_the_one_before(folder: Path) -> None:
    keeper = Keeper(folder)
    keeper.keep(verdict(finding="normal"))
    keeper.keep(verdict(finding="covid"))
    assert keeper.withdraw(ONE, "CD").verdict is None
    rows = keeper.records.execute("SELECT finding, withdrawn_by FROM verdict ORDER BY seq").fetchall()
    assert rows == [("normal", None), ("covid", "CD")]


def test_when_one_reader_takes_back_the_other_readers_verdict_counts(folder: Path) -> None:
    keeper = Keeper(folder)
    keeper.keep(verdict(finding="normal", reader="AB"))
    keeper.keep(verdict(finding="covid", reader="CD"))
    back = keeper.withdraw(ONE, "CD").verdict
    assert back is not None and (back.finding, back.reader) == ("normal", "AB")


def test_frames_of_a_file_are_different_films(folder: Path) -> None:
    keeper = Keeper(folder)
    keeper.keep(verdict())
    second = FilmMark(ONE.sha256, 2)
    assert keeper.known([ONE, second])[second] == Known(False, None, second)


def test_a_film_that_was_read_is_known_and_nothing_of_the_patient_is_kept_unless_given(folder: Path) -> None:
    keeper = Keeper(folder)
    known = keeper.read(study(patient_name=None, study_date=None, thumbnail=None))
    assert known == Known(True, None, ONE)
    keeper.close()
    kept = everything_on_disk(folder)
    assert not any(secret in kept for secret in (b"PAT-4711", b"1.2.3", NAME.encode(), b"20240501"))


def test_names_and_pictures_are_kept_when_given(folder: Path) -> None:
    keeper = Keeper(folder)
    assert keeper.read(study()) == Known(True, None, ONE, NAME, b"picture" * 1000)
    kept = keeper.kept()
    assert (kept.films, kept.names, kept.thumbnails, kept.verdicts) == (1, 1, 1, 0)


@pytest.mark.parametrize("local", [True, False], ids=["write-ahead log", "rollback journal"])
def test_a_forgotten_study_is_gone_from_the_disk_with_all_its_films(
    folder: Path, local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "on_local_disk", lambda _folder: local)
    keeper = Keeper(folder)
    for mark, uid in ((ONE, "1.2.3"), (TWO, "1.2.3"), (OTHER, "9.9")):
        keeper.read(study(mark, uid, patient_name=NAME if uid == "1.2.3" else None))
        keeper.keep(verdict(mark, note=NOTE if uid == "1.2.3" else "kept"))
    assert NAME.encode() in everything_on_disk(folder) and NOTE.encode() in everything_on_disk(folder)
    keeper.forget(ONE)
    left = everything_on_disk(folder)
    assert not any(secret in left for secret in (NAME.encode(), NOTE.encode(), ONE.sha256.encode(), b"/films/2.dcm"))
    known = keeper.known([ONE, TWO, OTHER])
    assert (known[ONE].verdict, known[TWO].verdict) == (None, None)
    assert known[OTHER].verdict == verdict(OTHER, note="kept")


def test_a_film_of_no_known_study_is_forgotten_alone(folder: Path) -> None:
    keeper = Keeper(folder)
    for mark in (ONE, TWO):
        keeper.read(study(mark, "", study_uid=None))
    keeper.forget(ONE)
    assert [known.read for known in keeper.known([ONE, TWO]).values()] == [False, True]


def test_forgetting_everything_leaves_nothing_on_the_disk(folder: Path) -> None:
    keeper = Keeper(folder)
    for number in range(50):
        mark = FilmMark(f"{number:064}", 1)
        keeper.read(study(mark, f"1.{number}"))
        keeper.keep(verdict(mark, note=NOTE))
    keeper.opened(["/films/of Willowherb"])
    (folder / "records-damaged-1.sqlite").write_bytes(NAME.encode())
    (folder / "records-before-9.sqlite").write_bytes(NAME.encode())
    key = keeper.records.execute("SELECT value FROM fact WHERE name = 'key'").fetchone()
    keeper.forget_all()
    left = everything_on_disk(folder)
    assert not any(secret in left for secret in (NAME.encode(), NOTE.encode(), b"Willowherb", b"picture", b"/films/"))
    assert key[0] not in left
    kept = keeper.kept()
    assert (kept.films, kept.verdicts, kept.recent, kept.set_aside) == (0, 0, 0, ())


def test_names_and_pictures_can_be_forgotten_alone(folder: Path) -> None:
    keeper = Keeper(folder)
    keeper.read(study())
    keeper.keep(verdict())
    keeper.forget_names()
    assert NAME.encode() not in everything_on_disk(folder)
    keeper.forget_thumbnails()
    assert b"picture" not in everything_on_disk(folder)
    assert keeper.known([ONE])[ONE] == Known(True, verdict(), ONE)


@contextmanager
def read_by_another(keeper: Keeper) -> Iterator[None]:
    """Somebody else is in the middle of reading, and the keeper has little patience."""
    with closing(sqlite3.connect(keeper.folder / schema.FILE_NAME)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT patient_name FROM film").fetchall() == [(NAME,)]
        keeper.records.execute("PRAGMA busy_timeout = 50")
        yield


def test_while_another_process_reads_it_says_what_is_not_erased_and_does_it_at_the_next_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "on_local_disk", lambda _folder: True)
    keeper = Keeper(folder)
    keeper.read(study())
    with read_by_another(keeper):
        with pytest.raises(RunRefused, match="next start of Hilum") as refused:
            keeper.forget(ONE)
        assert refused.value.code == "records-held"
        assert not keeper.known([ONE])[ONE].read
    keeper.close()
    Keeper(folder).close()
    assert NAME.encode() not in everything_on_disk(folder)


def test_without_a_log_a_reader_keeps_us_out_and_nothing_is_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "on_local_disk", lambda _folder: False)
    keeper = Keeper(folder)
    keeper.read(study())
    with read_by_another(keeper):
        with pytest.raises(RunRefused, match="nothing was changed") as refused:
            keeper.forget(ONE)
        assert refused.value.code == "records-busy"
    assert keeper.known([ONE])[ONE].read
    keeper.forget(ONE)
    assert NAME.encode() not in everything_on_disk(folder)
    keeper.close()


def test_what_was_opened_comes_back_newest_first_without_what_is_gone(folder: Path, tmp_path: Path) -> None:
    keeper = Keeper(folder)
    paths = [tmp_path / f"film-{number}.png" for number in range(25)]
    for path in paths:
        path.touch()
        keeper.opened([str(path)])
    keeper.opened([str(paths[20])])
    paths[24].unlink()
    assert keeper.recent() == tuple(str(paths[number]) for number in (20, 23, 22, 21, *range(19, 4, -1)))
    keeper.forget_recent()
    assert keeper.recent() == ()


def test_forgetting_a_study_takes_the_folder_that_held_nothing_else_off_the_recent_ones(
    folder: Path, tmp_path: Path
) -> None:
    keeper = Keeper(folder)
    for name, mark, uid in (("mine", ONE, "1.2.3"), ("theirs", OTHER, "9.9")):
        (tmp_path / name).mkdir()
        keeper.read(study(mark, uid, path=str(tmp_path / name / "film.dcm")))
    keeper.opened([str(tmp_path / "mine"), str(tmp_path / "theirs"), str(tmp_path)])
    keeper.forget(ONE)
    assert keeper.recent() == (str(tmp_path / "theirs"), str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_path_that_is_no_text_is_kept(folder: Path, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.dcm")
    Path(path).touch()
    keeper = Keeper(folder)
    keeper.opened([path])
    keeper.keep(verdict(path=path))
    assert keeper.recent() == (path,)
    assert keeper.known([ONE])[ONE].verdict == verdict(path=path)


@pytest.mark.parametrize("harm", [b"no database at all" * 300, None], ids=["overwritten", "torn"])
def test_a_damaged_file_is_set_aside_and_a_fresh_one_begun(folder: Path, harm: bytes | None) -> None:
    keeper = Keeper(folder)
    for number in range(30):
        keeper.read(study(FilmMark(f"{number:064}", 1), f"1.{number}"))
    keeper.records.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    keeper.close()
    path = folder / schema.FILE_NAME
    whole = path.read_bytes()
    broken = harm if harm is not None else whole[: len(whole) // 2] + b"\xa5" * 8192
    path.write_bytes(broken)
    handle = desk.serve(str(folder))
    (aside,) = schema.damaged_files(folder)
    assert aside.read_bytes() == broken
    assert handle(("trouble",)) == f"The records were damaged; they are set aside as {aside}, and new ones begun."
    assert handle(("trouble",)) is None
    assert handle(("verdict", verdict())) == Known(False, verdict(), ONE)
    assert handle(("kept",)).set_aside == (str(aside),)  # type: ignore[attr-defined]


def test_a_newer_hilums_records_are_left_alone(folder: Path) -> None:
    Keeper(folder).close()
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as newer:
        newer.execute("PRAGMA user_version = 99")
    before = (folder / schema.FILE_NAME).read_bytes()
    handle = desk.serve(str(folder))
    assert str(handle(("trouble",))).startswith("A newer Hilum made the records in")
    with pytest.raises(RunRefused, match="newer Hilum"):
        handle(("verdict", verdict()))
    assert handle(("recent",)) == () and handle(("known", [ONE])) == {ONE: Known(False, None, ONE)}
    assert (folder / schema.FILE_NAME).read_bytes() == before


def test_older_records_are_brought_up_to_date_after_a_copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Keeper(folder).keep(verdict())
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, ("ALTER TABLE film ADD COLUMN site TEXT",)))
    keeper = Keeper(folder)
    assert keeper.records.execute("PRAGMA user_version").fetchone() == (2,)
    assert keeper.known([ONE])[ONE].verdict == verdict()
    with closing(sqlite3.connect(folder / "records-before-2.sqlite")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)
        assert copy.execute("SELECT reader FROM verdict").fetchall() == [("AB",)]
    keeper.forget(ONE)
    assert not (folder / "records-before-2.sqlite").exists()


def test_a_step_that_fails_leaves_the_records_as_they_were(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Keeper(folder).keep(verdict())
    steps = schema.STEPS
    monkeypatch.setattr(schema, "STEPS", (*steps, ("ALTER TABLE film ADD COLUMN site TEXT", "no SQL")))
    with pytest.raises(RunRefused):
        Keeper(folder)
    monkeypatch.setattr(schema, "STEPS", steps)
    assert Keeper(folder).known([ONE])[ONE].verdict == verdict()


def test_where_nothing_can_be_written_it_says_so_once_and_knows_nothing(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("a file where the folder should be")
    handle = desk.serve(str(tmp_path / "records"))
    assert str(handle(("trouble",))).endswith("Verdicts are not kept.")
    assert handle(("recent",)) == ()
    assert handle(("known", [ONE])) == {ONE: Known(False, None, ONE)}
    with pytest.raises(RunRefused) as refused:
        handle(("verdict", verdict()))
    assert refused.value.code == "place-unwritable"
    # The place comes back, and it goes on.
    (tmp_path / "records").unlink()
    assert handle(("verdict", verdict())) == Known(False, verdict(), ONE)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit for a file's size")
def test_on_a_full_disk_the_verdict_is_refused_in_one_sentence_and_the_earlier_ones_stay(folder: Path) -> None:
    code = (
        "from core.records import desk; from core.errors import RunRefused\n"
        "from tests.core.records.test_keeper import verdict\n"
        "handle = desk.serve(sys.argv[2])\n"
        "for number in range(100000):\n"
        "    try: handle(('verdict', verdict(note='x' * 500)))\n"
        "    except RunRefused as error: refused = error; break\n"
        "kept = handle(('kept',)).verdicts; print(refused.code, number > 0, kept)"
    )
    done = full_disk(200_000, code, [str(folder)])
    assert done.stdout.split() == ["place-unwritable", "True", "1"], done.stderr
    known = Keeper(folder).known([ONE])[ONE].verdict
    assert known is not None and known.note == "x" * 500


def test_another_process_can_read_while_it_is_open(folder: Path) -> None:
    keeper = Keeper(folder)
    keeper.keep(verdict())
    code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT reader FROM verdict').fetchall())"
    done: subprocess.CompletedProcess[str] = python(code, str(folder / schema.FILE_NAME))
    assert done.stdout.strip() == "[('AB',)]"
