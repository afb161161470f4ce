"""Films through decoders and engine into the journal, with a bounded number in hand.

The journal is the queue: films are listed into it and taken from it, so that memory does not grow with their number.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, cast

from core.imaging.prepare import Corrections
from core.imaging.sources import ImageRef
from core.inference.assessing import unread
from core.inference.assessment import Assessment, Seconds
from core.jobs import Answer
from core.progress import Meter, Progress, Stop
from core.screening.films import Decoded
from core.screening.journal import Found, Item, Journal, Result
from core.screening.judging import BATCH, Judge
from core.screening.pseudonyms import pseudonym

_LISTED_AT_ONCE = 64
_WAIT_SECONDS = 0.1


class Decoders(Protocol):
    """What core.jobs.Pool is."""

    @property
    def pending(self) -> int: ...
    def submit(self, key: Hashable, request: object) -> None: ...
    def results(self, timeout_seconds: float | None = None) -> list[tuple[Hashable, Answer]]: ...


@dataclass(slots=True)
class Pipeline:
    """One pass over a run. key: the run's, for pseudonyms. decoding: how many films the decoders hold at once."""

    journal: Journal
    decoders: Decoders
    judge: Judge
    key: bytes
    decoding: int
    on_progress: Callable[[Progress], None] = lambda _: None
    stop: Stop = field(default_factory=Stop)
    on_fault: Callable[[str], None] = lambda _: None
    _items: dict[Hashable, Item] = field(default_factory=dict)
    _decoded: dict[Hashable, Decoded] = field(default_factory=dict)
    # Films on the engine by their content, with the row numbers of their twins that came meanwhile.
    _twins: dict[str, list[int]] = field(default_factory=dict)
    _last: int = 0

    def run(self, refs: Iterable[ImageRef]) -> None:
        """List and assess until nothing waits, or until a stop is asked for; the journal is whole at any moment.

        refs: streamed. What lies in the run folder is none of its films, though the folder may lie among them.
        """
        own = str(self.journal.folder.resolve()) + os.sep
        listing: Iterator[ImageRef] | None = (ref for ref in refs if not ref.path.startswith(own))
        meter = Meter(done=self.journal.total() - self.journal.unfinished())
        while not self.stop.asked:
            if listing is not None and not self._list(listing):
                listing = None
                self.journal.listed()
                meter.total = self.journal.total()
            self._feed()
            for item in itertools.chain(self._take_decoded(), self._take_judged()):
                self.on_progress(meter.add(1, item.ref.name))
            if listing is None and not self._items and not self._feed():
                return

    def _list(self, listing: Iterator[ImageRef]) -> bool:
        """List some more films; whether there were any."""
        refs = list(itertools.islice(listing, _LISTED_AT_ONCE))
        if refs:
            self.journal.found([_stated(ref) for ref in refs])
        return bool(refs)

    def _feed(self) -> bool:
        """Give the decoders what they and the engine can hold; whether anything was given."""
        room = min(self.decoding - self.decoders.pending, self.decoding + 2 * BATCH - len(self._items))
        items = self.journal.waiting(self._last, room) if room > 0 else []
        for item in items:
            self._items[item.seq] = item
            self._last = item.seq
            self.decoders.submit(item.seq, ("settle", item.ref, Corrections()))
        return bool(items)

    def _take_decoded(self) -> Iterator[Item]:
        """Pass decoded films on to the engine; those that need none are finished here."""
        for number, answer in self.decoders.results(_WAIT_SECONDS if self.decoders.pending else 0):
            item = self._items[number]
            if answer.bug is not None:
                self.on_fault(answer.bug)
            if answer.error is not None:
                yield self._finish(item, Result(unread(item.ref.name, answer.error, frame=item.ref.frame)))
                continue
            film = cast(Decoded, answer.value)
            if item.earlier is not None and film.film.sha256 == item.earlier_sha256:
                self.journal.keep_earlier(item)
                yield self._items.pop(number)
                continue
            self._decoded[number] = film
            if film.content in self._twins:
                self._twins[film.content].append(item.seq)
            elif (twin := self.journal.twin(film.content)) is not None:
                yield self._finish(item, film.with_assessment(self._copied(film, twin)))
            else:
                self._twins[film.content] = []
                self.judge.submit(number, film.film)

    def _take_judged(self) -> Iterator[Item]:
        """Write what the engine has assessed, and the same for films of the same content."""
        for number, assessment in self.judge.results(0 if self.decoders.pending else _WAIT_SECONDS):
            film = self._decoded[number]
            twins = self._twins.pop(film.content)
            yield self._finish(self._items[number], film.with_assessment(assessment))
            for twin in twins:
                own = self._decoded[twin]
                if assessment.status == "failed":
                    self._twins.setdefault(own.content, [])
                    self.judge.submit(twin, own.film)
                else:
                    yield self._finish(self._items[twin], own.with_assessment(self._copied(own, assessment)))

    def _copied(self, film: Decoded, twin: Assessment) -> Assessment:
        """A twin's assessment as this film's own."""
        return replace(
            twin,
            path=film.film.path,
            frame=film.film.frame,
            sha256=film.film.sha256,
            study=pseudonym(self.key, film.film.facts.study_uid),
            seconds=Seconds(film.film.read_seconds, film.film.prepare_seconds),
        )

    def _finish(self, item: Item, result: Result) -> Item:
        self.journal.finish(item, result)
        self._decoded.pop(item.seq, None)
        return self._items.pop(item.seq)


def _stated(ref: ImageRef) -> Found:
    """A film with the size and time of its file; a file that is gone by now has none."""
    with suppress(OSError, ValueError):
        state = Path(ref.path).lstat()
        return Found(ref, state.st_size, state.st_mtime_ns)
    return Found(ref, None, None)
