"""What reading a site's films told about each, kept beside the settled films so that nothing is decoded twice.

films.json in the cache's folder is the list of pixels (core.cohort.cache), facts.json is what the shortcut baselines
need, both as core.training.material has them: a training that gets this cache decodes nothing. known.json is ours.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from filelock import FileLock, Timeout
from msgspec import Struct

from core.cohort.cache import FilmCache, Films
from core.cohort.hashes import Hashes
from core.errors import Reason, RunRefused
from core.evidence.witness import Witness, witnesses
from core.files import sha256_of, write_whole
from core.imaging.facts import Facts
from core.imaging.looks import Looks
from core.imaging.prepare import SETTLE_VERSION
from core.places import made
from core.progress import Meter, Progress, Stop
from core.screening.pseudonyms import installation_key, pseudonym
from core.work_folders import SITE_LOCK

_FORMAT = 1
_SAVE_AFTER = 200


class Known(Struct, frozen=True):
    """facts: without names; the patient number is a pseudonym of this PC. perceptual, mirrored: core.cohort.hashes."""

    sha256: str
    facts: Facts
    looks: Looks
    file_bytes: int
    file_facts: tuple[float, ...]
    perceptual: bytes
    mirrored: bytes
    reasons: tuple[Reason, ...] = ()


class _File(Struct, frozen=True):
    format: int
    settle: int
    films: dict[str, Known]


Told = Callable[[int, Known | Reason, Progress], None]


class Readings:
    """Films that were read, by the hash of their files. One process at a time works on a folder ("run-in-use")."""

    def __init__(self, folder: Path) -> None:
        self.folder = made(folder)
        self._lock = FileLock(folder / SITE_LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise RunRefused("run-in-use", what=folder) from error
        self._cache = FilmCache(folder)
        # The thread that reads adds films while others are looked at.
        self._turn = threading.Lock()
        self._known = self._read()

    def close(self) -> None:
        with self._turn:
            self._cache.close()
        self._lock.release()

    def films(self, sha256s: Sequence[str]) -> Films:
        """The settled films of these files, in this order."""
        with self._turn:
            return self._cache.films(sha256s)

    def read(self, paths: Sequence[tuple[int, Path]], told: Told, stop: Stop) -> None:
        """Read the files with these numbers; `told` is called for each, in any order, with what it is or why not.

        Decoding runs in other processes under limits; a file whose bytes were read before is not decoded again.
        """
        meter = Meter(len(paths))
        waiting: list[tuple[int, Path]] = []
        for number, path in paths:
            if stop.asked:
                return
            known = self._known.get(_hash(path) or "")
            if known is not None and known.sha256 in self._cache:
                told(number, known, meter.add(note=path.name))
            else:
                waiting.append((number, path))
        unsaved = 0
        # Stopped, the decoders finish what they have in hand: nothing of it is lost.
        for number, path, answer in _answers(waiting, stop):
            if isinstance(answer, Witness):
                known = self._add(answer, path)
                told(number, known, meter.add(note=path.name))
                unsaved += 1
            else:
                told(number, answer, meter.add(note=path.name))
            if unsaved >= _SAVE_AFTER:
                self.save()
                unsaved = 0
        if waiting:
            self.save()

    def _add(self, witness: Witness, path: Path) -> Known:
        with self._turn:
            self._cache.add(witness.film.sha256, witness.film.settled.pixels)
            known = self._known[witness.film.sha256] = _known(witness, path)
            return known

    def save(self) -> None:
        """What is known first: pixels of films about which nothing is known would only be decoded again."""
        with self._turn:
            facts = {sha256: known.file_facts for sha256, known in self._known.items()}
            write_whole(self.folder / "known.json", msgspec.json.encode(_File(_FORMAT, SETTLE_VERSION, self._known)))
            write_whole(self.folder / "facts.json", json.dumps({"settle": SETTLE_VERSION, "facts": facts}))
            self._cache.save()

    def _read(self) -> dict[str, Known]:
        path = self.folder / "known.json"
        if not path.exists():
            return {}
        try:
            stored = msgspec.json.decode(path.read_bytes(), type=_File)
        except msgspec.MsgspecError:
            # Of an older or damaged kind: the films are read again, nothing is lost.
            return {}
        return stored.films if (stored.format, stored.settle) == (_FORMAT, SETTLE_VERSION) else {}


def _answers(waiting: Sequence[tuple[int, Path]], stop: Stop) -> Iterator[tuple[int, Path, Witness | Reason]]:
    for place, answer in witnesses([path for _number, path in waiting], stop) if waiting else ():
        number, path = waiting[place]
        if answer.error is not None:
            yield number, path, answer.error.reason
        else:
            assert isinstance(answer.value, Witness)
            yield number, path, answer.value


def _known(witness: Witness, path: Path) -> Known:
    film = witness.film
    facts = replace(
        film.facts,
        # No check asks for these, and each would lead to a person.
        patient_name=None,
        birth_date=None,
        accession=None,
        study_description=None,
        series_description=None,
        study_uid=None,
        series_uid=None,
        sop_uid=None,
        patient_id=pseudonym(installation_key(), film.facts.patient_id),
    )
    return Known(
        film.sha256, facts, film.looks, path.stat().st_size, tuple(float(one) for one in witness.file_facts),
        witness.perceptual.tobytes(), witness.mirrored.tobytes(), film.reasons,
    )  # fmt: skip


def stacked(hashes: Sequence[bytes]) -> Hashes:
    """Hashes as core.cohort.hashes compares them: (n, 32)."""
    return np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), -1)


def _hash(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except OSError:
        return None  # the decoder says why
