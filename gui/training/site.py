"""The site's films as the window knows them: one for the wizard, shared by its steps, fed by the site's process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from core.site.plan import SiteFilm
from core.site.state import SiteState
from gui.operation import Operation
from gui.training.steps import Wizard

BUSY: Final = frozenset({"listing", "reading"})
# As many as are on a large screen at once, several times.
_PICTURES_KEPT: Final = 3000
_PICTURES_AT_ONCE: Final = 48
_AROUND: Final = 100


class Site(QObject):
    """told(): the state or the films are others now. pictured(numbers): these have a picture now.

    state: the newest, None before the first. films: number → film. A place whose process died is opened again.
    """

    told = Signal()
    pictured = Signal(object)

    def __init__(self, wizard: Wizard) -> None:
        super().__init__(wizard)
        self._desk = wizard.site
        self.state: SiteState | None = None
        self.films: dict[int, SiteFilm] = {}
        self.pictures: dict[int, QImage] = {}
        self._wanted: dict[int, None] = {}
        self._asked: Operation | None = None
        self._place = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._ask_pictures)
        self._desk.told.connect(self._take)
        self._desk.lost.connect(self._open_again)

    @property
    def phase(self) -> str:
        return self.state.phase if self.state is not None else "empty"

    @property
    def complete(self) -> bool:
        """Whether there are films and all of them were read."""
        return bool(self.films) and self.phase not in BUSY and self.phase not in ("empty", "failed")

    def open(self, place: str) -> None:
        """Another place; what was there before is let go."""
        self._place = place
        self.films.clear()
        self.pictures.clear()
        self._wanted.clear()
        self._desk.forget()
        self._desk.ask(("open", place))

    def change(self, request: tuple[Any, ...]) -> None:
        """Ask for a change of the films; told() when it is made."""
        self._desk.ask(request)

    def around(self, front: int, numbers: Sequence[int], then: Callable[[object, int], None]) -> Operation:
        """Where this film and those beside it among the numbers are, for the reading page: then(refs, index)."""
        readable = [number for number in numbers if self.films[number].sha256]
        place = readable.index(front)
        start = max(0, place - _AROUND)
        near = tuple(readable[start : place + _AROUND])

        def found(refs: dict[int, Any]) -> None:
            then(tuple(refs[number] for number in near), place - start)

        return self._desk.ask(("refs", near), found, looks=False)

    def picture(self, number: int) -> QImage | None:
        """The small picture of a film; where it is not here yet it is asked for."""
        found = self.pictures.get(number)
        if found is None and number in self.films and self.films[number].sha256:
            self._wanted[number] = None
            if self._asked is None and not self._soon.isActive():
                self._soon.start(0)
        return found

    def stop(self) -> None:
        self._soon.stop()
        if self._asked is not None:
            self._asked.drop()

    def _take(self, state: SiteState) -> None:
        if state.fresh:
            self.films.clear()
            self.pictures.clear()
        self.state = state
        self.films.update((film.number, film) for film in state.films)
        if state.more:
            self._desk.look_soon(0)
        self.told.emit()

    def _open_again(self) -> None:
        if self._place:
            self._desk.ask(("open", self._place))

    def _ask_pictures(self) -> None:
        # The last wanted are those that are looked at now.
        numbers = tuple(self._wanted)[-_PICTURES_AT_ONCE:]
        self._wanted.clear()
        if not numbers:
            return
        request = Operation(self._desk.process, ("thumbnails", numbers), urgent=False).through(images)
        self._asked = request.then(self._keep).refused(lambda _error: self._keep({})).run()

    def _keep(self, found: dict[int, QImage]) -> None:
        self._asked = None
        self.pictures.update(found)
        for number in tuple(self.pictures)[: max(0, len(self.pictures) - _PICTURES_KEPT)]:
            del self.pictures[number]
        if self._wanted:
            self._soon.start(0)
        if found:
            self.pictured.emit(frozenset(found))


def site_of(wizard: Wizard) -> Site:
    """The wizard's films; made when a step first wants them."""
    for child in wizard.children():
        if isinstance(child, Site):
            return child
    return Site(wizard)


def images(pictures: dict[int, bytes]) -> dict[int, QImage]:
    """JPEGs as images; on the reader thread."""
    return {number: QImage.fromData(content, "JPG") for number, content in pictures.items()}


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 film, 12 films."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def usable(films: Iterable[SiteFilm]) -> list[SiteFilm]:
    return [film for film in films if film.usable]
