"""What the training wizard keeps is found, measured and erased, and nothing that is used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filelock import FileLock

from core import places, work_folders
from core.errors import RunRefused
from core.records.desk import serve
from core.records.verdict import Kept


def films_of(place: str, size: int = 1000) -> Path:
    folder = places.sites() / place.strip("/").replace("/", "-")
    (folder / "cache").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"format": 1, "place": place, "kind": "folder"}))
    (folder / "cache" / "films.u16").write_bytes(bytes(size))
    return folder


def training(name: str, films: Path) -> Path:
    folder = places.trainings() / f"2026-{name}"
    folder.mkdir(parents=True)
    (folder / "asked.json").write_text(json.dumps({"labels": str(films / "labels.csv"), "start": "", "name": name}))
    return folder


def told() -> list[tuple[str, str, str]]:
    return [(one.kind, one.title, one.use) for one in work_folders.listed()]


def test_every_training_and_every_place_is_told_with_its_size(own_home: Path) -> None:
    assert work_folders.listed() == ()
    films = films_of("/data/ward", 5000)
    training("ours", films)
    (places.trainings() / "2026-damaged").mkdir()
    (places.trainings() / "2026-damaged" / "asked.json").write_text("{")
    assert told() == [("training", "ours", ""), ("training", "2026-damaged", ""), ("films", "/data/ward", "")]
    assert 5000 < work_folders.listed()[-1].size_bytes < 6000


@pytest.mark.parametrize("lock", ["trainer.lock", "run.lock"])
def test_a_training_that_goes_on_stays_whole_with_the_films_that_it_reads(own_home: Path, lock: str) -> None:
    films, others = films_of("/data/ward"), films_of("/data/clinic")
    running, resting = training("running", films), training("resting", films)
    (places.sites() / "verdicts.csv").write_text("path,label\n")
    with FileLock(running / lock):
        assert sorted(told()) == [
            ("films", "/data/clinic", ""), ("films", "/data/ward", "needed"), ("training", "resting", ""),
            ("training", "running", "running"),
        ]  # fmt: skip
        for used in (running, films):
            with pytest.raises(RunRefused, match="is in use now and was not forgotten"):
                work_folders.forget(str(used))
        work_folders.forget_all()
        assert (running / "asked.json").is_file() and (films / "plan.json").is_file()
        assert not resting.exists() and not others.exists()
    work_folders.forget_all()
    assert work_folders.listed() == () and not places.sites().exists()


def test_nothing_but_what_the_wizard_made_can_be_erased(own_home: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.dcm"
    film.write_bytes(b"film")
    places.made(places.trainings())
    (places.trainings() / "link").symlink_to(tmp_path, target_is_directory=True)
    for place in (str(tmp_path), str(own_home), str(places.trainings() / "..")):
        work_folders.forget(place)
    work_folders.forget_all()
    assert film.is_file()


def test_who_forgets_everything_forgets_it_too(own_home: Path) -> None:
    films = films_of("/data/ward")
    training("ours", films)
    answer = serve()
    kept = answer(("kept",))
    assert isinstance(kept, Kept) and [one.title for one in kept.work] == ["ours", "/data/ward"]
    kept = answer(("forget-work", kept.work[0].path))
    assert isinstance(kept, Kept) and [one.title for one in kept.work] == ["/data/ward"]
    kept = answer(("forget-all",))
    assert isinstance(kept, Kept) and kept.work == () and not films.exists()
