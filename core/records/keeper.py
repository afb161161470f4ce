"""Keeps what readers say of films, and what is known of them; forgets it for good when told to."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import database
from core.errors import RunRefused
from core.records import schema
from core.records.presence import present
from core.records.verdict import FilmMark, Kept, Known, Study, Verdict

MOST_RECENT = 20
_COLUMNS = "finding, agrees, note, reader, at, bundle, bundle_name, ensemble_finding, probabilities"


class Keeper:
    """The open records of a folder. What a method wrote is on the disk when it returns.

    All of them raise RunRefused when the disk says no, and "records-damaged" when the file broke meanwhile: it is
    set aside then, and the next call begins a new one. trouble: a sentence about how they were found, or None.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records, self.trouble = schema.opened(folder)
        if self._fact("erase") is not None:
            # Told to forget, and killed before it was done.
            with contextlib.suppress(RunRefused):
                self._erase()

    def close(self) -> None:
        self._records.close()

    @property
    def records(self) -> sqlite3.Connection:
        """For reading (core.records.labels)."""
        return self._records

    # What was opened.

    def opened(self, paths: Sequence[str]) -> None:
        """Note paths as opened just now, the first of them last."""
        with self._together() as records:
            for path in reversed(paths):
                records.execute(
                    "INSERT OR REPLACE INTO recent VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM recent))",
                    (os.fsencode(path),),
                )
            records.execute(
                "DELETE FROM recent WHERE path NOT IN (SELECT path FROM recent ORDER BY seq DESC LIMIT ?)",
                (MOST_RECENT,),
            )

    def recent(self) -> tuple[str, ...]:
        """The paths opened last, newest first, without those that are gone or do not answer."""
        rows = self._records.execute("SELECT path FROM recent ORDER BY seq DESC").fetchall()
        return present([os.fsdecode(path) for (path,) in rows])

    def forget_recent(self) -> None:
        with self._forgetting() as records:
            records.execute("DELETE FROM recent")

    # Films and verdicts.

    def read(self, study: Study) -> Known:
        """Note that a film was read."""
        with self._together() as records:
            number = self._film(records, study.mark, study.path, study.member)
            records.execute(
                "UPDATE film SET is_read = 1, study = coalesce(?, study), patient = coalesce(?, patient),"
                " patient_name = coalesce(?, patient_name), study_date = coalesce(?, study_date),"
                " thumbnail = coalesce(?, thumbnail) WHERE number = ?",
                (
                    self._hashed(study.study_uid),
                    self._hashed(study.patient_id),
                    study.patient_name,
                    study.study_date,
                    study.thumbnail,
                    number,
                ),
            )
        return self.known([study.mark])[study.mark]

    def keep(self, verdict: Verdict) -> Known:
        """Keep a verdict; earlier ones stay as history."""
        with self._together() as records:
            number = self._film(records, verdict.mark, verdict.path)
            told = verdict.probabilities
            values = (
                number,
                verdict.finding,
                verdict.agrees,
                verdict.note,
                verdict.reader,
                verdict.at,
                verdict.bundle,
                verdict.bundle_name,
                verdict.ensemble_finding,
                None if told is None else json.dumps(dict(told)),
            )
            records.execute(f"INSERT INTO verdict (film, {_COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)
        return self.known([verdict.mark])[verdict.mark]

    def withdraw(self, mark: FilmMark, reader: str) -> Known:
        """Take back the verdict that counts; another reader's may count then."""
        with self._together() as records:
            records.execute(
                "UPDATE verdict SET withdrawn_by = ?, withdrawn_at = ? WHERE seq = (SELECT max(standing.seq)"
                " FROM standing JOIN film ON film.number = standing.film WHERE film.sha256 = ? AND film.frame = ?)",
                (reader, datetime.now(UTC).isoformat(timespec="seconds"), mark.sha256, mark.frame),
            )
        return self.known([mark])[mark]

    def known(self, marks: Iterable[FilmMark]) -> dict[FilmMark, Known]:
        """What is known of films; of those never seen: nothing."""
        return {mark: self._known(mark) for mark in marks}

    def kept(self) -> Kept:
        """How much is kept."""
        films, names, thumbnails = self._records.execute(
            "SELECT count(*), count(coalesce(patient_name, study_date)), count(thumbnail) FROM film"
        ).fetchone()
        verdicts = self._count("standing")
        damaged = tuple(str(path) for path in schema.damaged_files(self.folder))
        return Kept(films, verdicts, names, thumbnails, self._count("recent"), str(self.folder), damaged)

    # Forgetting.

    def forget(self, mark: FilmMark) -> None:
        """Erase everything of the study to which a film belongs."""
        found = self._records.execute(
            "SELECT number, path FROM film WHERE (sha256 = ?1 AND frame = ?2)"
            " OR study = (SELECT study FROM film WHERE sha256 = ?1 AND frame = ?2)",
            (mark.sha256, mark.frame),
        ).fetchall()
        with self._forgetting() as records:
            records.executemany("DELETE FROM film WHERE number = ?", [(number,) for number, _path in found])
            others = [Path(os.fsdecode(path)) for (path,) in records.execute("SELECT path FROM film")]
            films = [Path(os.fsdecode(path)) for _number, path in found]
            for (recent,) in records.execute("SELECT path FROM recent").fetchall():
                place = Path(os.fsdecode(recent))
                # A folder that holds nothing else that is known was this study's.
                if any(film.is_relative_to(place) for film in films) and not any(
                    other.is_relative_to(place) for other in others
                ):
                    records.execute("DELETE FROM recent WHERE path = ?", (recent,))

    def forget_names(self) -> None:
        with self._forgetting() as records:
            records.execute("UPDATE film SET patient_name = NULL, study_date = NULL")

    def forget_thumbnails(self) -> None:
        with self._forgetting() as records:
            records.execute("UPDATE film SET thumbnail = NULL")

    def forget_all(self) -> None:
        """Erase everything, what was set aside too. The hashes of before cannot be made again."""
        with self._forgetting(damaged=True) as records:
            for table in ("verdict", "film", "recent"):
                records.execute(f"DELETE FROM {table}")
            records.execute("UPDATE fact SET value = ? WHERE name = 'key'", (secrets.token_bytes(32),))

    @contextlib.contextmanager
    def _forgetting(self, *, damaged: bool = False) -> Iterator[sqlite3.Connection]:
        """What the block deletes is gone from the disk too, not only from the tables."""
        with self._together() as records:
            yield records
            # Whoever is killed from here on goes on at the next start.
            records.execute("INSERT OR REPLACE INTO fact VALUES ('erase', '')")
        try:
            schema.erase_copies(self.folder, damaged=damaged)
        except OSError as error:
            raise RunRefused("records-held") from error
        self._erase()

    def _erase(self) -> None:
        """Write the file anew without the free pages, and empty the log, which holds pages as they were."""
        try:
            schema.erase_copies(self.folder, damaged=False)
            self._records.execute("PRAGMA temp_store = MEMORY")
            self._records.execute("VACUUM")
            is_held = self._records.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except OSError as error:
            raise RunRefused("records-held") from error
        except sqlite3.Error as error:
            if database.is_held(error):
                raise RunRefused("records-held") from error
            raise database.refusal_of(error, self.folder) from error
        if is_held:
            raise RunRefused("records-held")
        with self._together() as records:
            records.execute("DELETE FROM fact WHERE name = 'erase'")

    # How it is written.

    @contextlib.contextmanager
    def _together(self) -> Iterator[sqlite3.Connection]:
        """What the block writes is there as a whole or not at all, and on the disk when the block has ended."""
        try:
            self._records.execute("BEGIN IMMEDIATE")
            try:
                yield self._records
                self._records.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._records.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self.refusal_of(error) from error

    def refusal_of(self, error: sqlite3.Error) -> RunRefused:
        """The sentence for what SQLite says; a file that broke is set aside first, and a new one begun."""
        if database.is_held(error):
            # Without a write-ahead log a reader keeps writers out.
            return RunRefused("records-busy")
        if not database.is_damage(error):
            return database.refusal_of(error, self.folder)
        self._records.close()
        kept = schema.set_aside(self.folder / schema.FILE_NAME)
        self._records, _trouble = schema.opened(self.folder)
        return RunRefused("records-damaged", what=kept)

    def _film(self, records: sqlite3.Connection, mark: FilmMark, path: str, member: str | None = None) -> int:
        """The number of a film, which has a row from now on."""
        records.execute(
            "INSERT INTO film (sha256, frame, path, member) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET path = excluded.path, member = coalesce(excluded.member, member)",
            (mark.sha256, mark.frame, os.fsencode(path), None if member is None else os.fsencode(member)),
        )
        found = records.execute("SELECT number FROM film WHERE sha256 = ? AND frame = ?", (mark.sha256, mark.frame))
        return int(found.fetchone()[0])

    def _known(self, mark: FilmMark) -> Known:
        film = self._records.execute(
            "SELECT number, path, is_read, patient_name, thumbnail FROM film WHERE sha256 = ? AND frame = ?",
            (mark.sha256, mark.frame),
        ).fetchone()
        if film is None:
            return Known(False, None, mark)
        number, path, is_read, name, thumbnail = film
        row = self._records.execute(
            f"SELECT {_COLUMNS} FROM standing WHERE film = ? ORDER BY seq DESC LIMIT 1", (number,)
        ).fetchone()
        verdict = None if row is None else _verdict(mark, os.fsdecode(path), row)
        return Known(bool(is_read), verdict, mark, name, thumbnail)

    def _hashed(self, value: str | None) -> str | None:
        """A number of a patient or study as nobody can read it back, the same for the same."""
        if not value:
            return None
        return hmac.new(bytes(self._fact("key")), value.encode(errors="replace"), hashlib.sha256).hexdigest()[:16]

    def _fact(self, name: str) -> Any:
        row = self._records.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _count(self, table: str) -> int:
        return int(self._records.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _verdict(mark: FilmMark, path: str, row: Sequence[Any]) -> Verdict:
    finding, agrees, note, reader, at, bundle, bundle_name, ensemble_finding, probabilities = row
    told = None if probabilities is None else json.loads(probabilities)
    agreed = None if agrees is None else bool(agrees)
    return Verdict(mark, path, finding, agreed, note, reader, at, bundle, bundle_name, ensemble_finding, told)
