"""Films to measure with are many and different, and open as ordinary films."""

from __future__ import annotations

from pathlib import Path

from core.bench import films
from core.imaging.reading import open_radiograph


def test_every_film_has_its_own_pixels_and_opens(tmp_path: Path) -> None:
    paths = films.written(tmp_path / "films", films.people(96, 80, 1), 4)
    opened = [open_radiograph(films.ref(path)) for path in paths]
    assert len({film.stored.tobytes() for film in opened}) == 4
    assert {film.shape for film in opened} == {(96, 80)}
    assert [film.inverted for film in opened] == [False, False, False, True]
    syntaxes = {film.facts.transfer_syntax for film in opened}
    assert len(syntaxes) == 2  # plain, and JPEG 2000
    assert films.settled(paths[0]).pixels.shape == (96, 80)
