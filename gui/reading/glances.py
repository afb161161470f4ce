"""Looks at the files on the list when nothing else is asked: those in sight first, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from core.errors import HilumError
from gui.operation import Operation
from gui.process import Process
from gui.reading.studies import Entry

# Asked for at twice the size of the list: some screens have two device pixels a pixel.
SIDE = 96
# Small pictures that are kept: about 9 kB each.
MOST_PICTURES = 400


class Glances(QObject):
    """One film after another. looked(Entry, Description): what it is; its picture, if any, is in the entry already.
    refused(Entry, HilumError): the decoder could not even say.

    Nothing queues up in the decoder, so a film that the reader wants waits for one glance at most, and rows that were
    scrolled away are not looked at for their pictures.
    """

    looked = Signal(object, object)
    refused = Signal(object, object)

    def __init__(
        self,
        decoder: Process,
        all_films: Callable[[], Sequence[Entry]],
        in_sight: Callable[[], Sequence[Entry]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._decoder, self._all, self._in_sight = decoder, all_films, in_sight
        self._now: Operation | None = None
        self._held = self._unusable = False
        self._pictures: dict[Entry, None] = {}
        decoder.ready.connect(self._can_again)
        decoder.unusable.connect(self._cannot)

    def hold(self) -> None:
        """The reader waits for a film: the decoder is for that."""
        self._held = True

    def go_on(self) -> None:
        """The reader has the film."""
        self._held = False
        self.look()

    def look(self) -> None:
        """Look at the next film, if any is left and nobody waits for another."""
        if self._now is not None or self._held or self._unusable:
            return
        entry = next((film for film in self._in_sight() if not film.looked), None) or next(
            (film for film in self._all() if not film.looked and film.facts is None and film.reason is None), None
        )
        if entry is not None:
            asked = Operation(self._decoder, ("thumbnail", entry.ref, SIDE), key=entry.ref, urgent=False)
            self._now = asked.then(partial(self._take, entry)).refused(partial(self._refuse, entry)).run()

    def let_go(self, entries: Iterable[Entry]) -> None:
        """These are no longer on the list."""
        for entry in entries:
            self._pictures.pop(entry, None)

    def _take(self, entry: Entry, answer: Any) -> None:
        self._now = None
        description, picture = answer
        entry.looked = True
        if picture is not None:
            self._keep(entry, picture)
        self.looked.emit(entry, description)
        self.look()

    def _refuse(self, entry: Entry, error: HilumError) -> None:
        self._now = None
        if self._unusable:
            return
        entry.looked = True
        self.refused.emit(entry, error)
        self.look()

    def _keep(self, entry: Entry, picture: Any) -> None:
        rows, columns = picture.shape
        # A copy: the picture lies in memory that it shares with the decoder.
        entry.small = QImage(picture.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
        self._pictures.pop(entry, None)
        self._pictures[entry] = None
        if len(self._pictures) > MOST_PICTURES:
            seen = set(self._in_sight())
            oldest = next((one for one in self._pictures if one not in seen), entry)
            del self._pictures[oldest]
            # It is looked at again when it comes into sight.
            oldest.small, oldest.looked = None, False

    def _cannot(self, _error: HilumError) -> None:
        self._unusable = True

    def _can_again(self) -> None:
        self._unusable = False
        self.look()
