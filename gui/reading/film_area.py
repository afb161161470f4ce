"""Where films are shown: the pair of canvases, or the placard that says why there is no film."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from gui.commands import Actions
from gui.preferences import Preferences
from gui.widgets.placard import Placard
from gui.widgets.stack import Stack

# The pair draws in numpy and all that paints films: not part of the first paint's price.
if TYPE_CHECKING:
    from core.imaging.prepare import Corrections
    from core.imaging.radiograph import Radiograph
    from core.inference.assessment import Maps
    from gui.reading.film_pair import FilmPair
    from gui.widgets.film import Film

_PATIENCE_MS = 150


class FilmArea(Stack):
    """The placard, and over it the pair as soon as there is a film. finding(str): the class on the heatmap changed."""

    finding = Signal(str)

    def __init__(self, actions: Actions, preferences: Preferences | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions, self._preferences = actions, preferences
        self._pair: FilmPair | None = None
        self.placard = Placard()
        self.addWidget(self.placard)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._uncover)

    @property
    def pair(self) -> FilmPair:
        """The canvases and all that belongs to them; made when they are first wanted."""
        if self._pair is None:
            from gui.reading.film_pair import FilmPair

            self._pair = pair = FilmPair(self._actions, self._preferences, self)
            pair.heatmap.finding.connect(self.finding)
            self.addWidget(pair)
            self.setFocusProxy(pair.film_canvas)
        return self._pair

    @property
    def film(self) -> Film | None:
        """The film that is shown."""
        return None if self._pair is None else self._pair.view.film

    def show_film(self, film: Film) -> None:
        """A film as its file says, fitted, without a map."""
        self._later.stop()
        self.pair.show_film(film)
        self.setCurrentWidget(self.pair)

    def correct(self, corrections: Corrections) -> None:
        """Show the film as the reader declared it to be."""
        from core.imaging.geometry import MIRROR, UPRIGHT, clockwise

        turn = clockwise(corrections.turned).then(MIRROR if corrections.mirrored else UPRIGHT)
        self.pair.view.corrected(turn)
        self.pair.view.invert(corrections.negative)

    def show_placard(self, *, patient: bool = False) -> Placard:
        """No film; the caller says why on the placard. patient: where a film was, nothing is shown for a moment first:
        the next one mostly comes before anybody could read why there is none."""
        if self._pair is not None:
            self._pair.show_nothing()
        if patient and self.currentWidget() is self._pair:
            self._later.start(_PATIENCE_MS)
        else:
            self._uncover()
        return self.placard

    def _uncover(self) -> None:
        self._later.stop()
        self.setCurrentWidget(self.placard)

    def remark(self, sentence: str) -> None:
        """A line at the foot of the film under the heatmap."""
        if self._pair is not None:
            self._pair.remark(sentence)

    def put_maps(self, maps: Maps | None, finding: str, titles: Callable[[str], str]) -> None:
        """The class maps of the film that is shown, and which class to begin with."""
        if self._pair is not None:
            self._pair.put_maps(maps, finding, titles)

    def choose(self, name: str) -> None:
        """Show another class on the heatmap."""
        if self._pair is not None:
            self._pair.heatmap.choose(name)

    @property
    def chosen(self) -> str:
        """The class on the heatmap."""
        return "" if self._pair is None else self._pair.heatmap.chosen


def laid_down(radiograph: Radiograph) -> Film:
    """A radiograph made ready for drawing; on the reader thread, where the import belongs too."""
    from gui.widgets.film import film

    return film(radiograph)


def warm_up() -> None:
    """Import what draws films, on a thread that has nothing else to do."""
    from gui.reading import film_pair  # noqa: F401
    from gui.widgets.film import warm_up

    warm_up()
