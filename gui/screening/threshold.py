"""Where the line between refer and not might be: a slider under a histogram of the run, and what it would mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from core.screening.state import About
from gui import theme
from gui.screening import words
from gui.widgets.labels import plain

STEPS = 100
_BINS = 50
_NONE = {False: "No film has been assessed yet.", True: "No film was assessed."}
_HANDLE = 6  # half of the slider's handle: its middle stands under what it means


class Histogram(QWidget):
    """How many films of the run have which suspicion; those at or above the threshold in another colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._films: NDArray[np.int64] = np.zeros(_BINS, np.int64)
        self._threshold = 0.5
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histogram of the suspicions of this run")

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(240, 112)

    def show_films(self, suspicions: NDArray[np.float64], threshold: float) -> None:
        films = np.histogram(suspicions, _BINS, (0.0, 1.0))[0]
        if threshold != self._threshold or not np.array_equal(films, self._films):
            self._films, self._threshold = films, threshold
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        t = theme.tokens()
        painter.setFont(theme.font(theme.LABEL))
        plot = QRectF(self.rect()).adjusted(_HANDLE, 12, -_HANDLE, -18)
        top = max(int(self._films.max()), 1)
        # Most films of a screening are far from suspicious: on an even scale the others could not be seen.
        scale = plot.height() / np.log1p(top)
        ticks = [10**power for power in range(7) if 10**power <= self._films.max()]
        for tick in ticks:
            y = plot.bottom() - scale * np.log1p(tick)
            painter.fillRect(QRectF(plot.left(), y, plot.width(), 1), QColor(t.raised))
            painter.setPen(QColor(t.quiet))
            here = QRectF(plot.left(), y - 13, plot.width(), 12)
            said = words.films(tick) if tick == ticks[-1] else words.count(tick)
            painter.drawText(here, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, said)
        width = plot.width() / _BINS
        edge = plot.left() + self._threshold * plot.width()
        for bin_, number in enumerate(self._films):
            if number:
                height = scale * float(np.log1p(number))
                left = plot.left() + bin_ * width
                bar = QRectF(left + 0.5, plot.bottom() - height, max(width - 1, 1), height)
                painter.fillRect(bar, QColor(t.refer if left + width / 2 >= edge else t.quiet))
        painter.fillRect(QRectF(plot.left(), plot.bottom(), plot.width(), 1), QColor(t.line))
        painter.fillRect(QRectF(edge - 0.75, plot.top() - 10, 1.5, plot.height() + 10), QColor(t.accent))
        painter.setPen(QColor(t.quiet))
        under = QRectF(plot.left(), plot.bottom() + 2, plot.width(), 14)
        for side, said in (
            (Qt.AlignmentFlag.AlignLeft, "0"),
            (Qt.AlignmentFlag.AlignHCenter, "suspicion"),
            (Qt.AlignmentFlag.AlignRight, "1"),
        ):
            painter.drawText(under, side, said)
        painter.end()


class ThresholdPanel(QWidget):
    """moved(float): another threshold is tried out. It changes what the table shows, and nothing in the run."""

    moved = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._about: About | None = None
        self._suspicions: NDArray[np.float64] = np.empty(0)
        self._finished = False
        self._own: float | None = None
        self.histogram = Histogram()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setValue(STEPS // 2)
        self.slider.setPageStep(5)
        self.slider.setAccessibleName("Threshold of suspicion")
        self.slider.valueChanged.connect(self._move)
        self._count = plain("", "strong", wrap=True)
        self._meaning = plain("", wrap=True)
        self._mix = plain("", "quiet", wrap=True)
        self.back = QPushButton()
        self.back.setAccessibleName("Back to the operating point of the run")
        self.back.clicked.connect(self.go_back)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE[3], theme.SPACE[2], theme.SPACE[3], theme.SPACE[3])
        column.setSpacing(theme.SPACE[1])
        column.addWidget(plain("THRESHOLD", "label"))
        column.addWidget(self.histogram)
        column.addWidget(self.slider)
        for widget in (self._count, self._meaning, self._mix):
            column.addWidget(widget)
        column.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        self._say()

    @property
    def threshold(self) -> float:
        """Where the slider stands. Points that the bundle has figures for are met exactly, not by the nearest step."""
        value = self.slider.value() / STEPS
        known = [point.threshold for point in self._about.points] if self._about is not None else []
        return next((point for point in known if abs(point - value) < 0.5 / STEPS), value)

    @property
    def sentences(self) -> str:
        """All that it says."""
        return "\n".join(label.text() for label in (self._count, self._meaning, self._mix) if label.text())

    def about(self, about: About | None) -> None:
        """Another run, or what is known of it now: the slider goes to the run's own operating point."""
        self._about = about
        own = about.points[0].threshold if about is not None and about.points else None
        if own is not None and own != self._own:
            self._own = own
            self.go_back()
        self._say()

    def show_films(self, suspicions: NDArray[np.float64], finished: bool) -> None:
        self._suspicions, self._finished = suspicions, finished
        self._say()

    def go_back(self) -> None:
        """To the run's own operating point."""
        if self._own is not None:
            self.slider.setValue(round(self._own * STEPS))

    def forget(self) -> None:
        """Another run: its own operating point is not known yet."""
        self._own = None

    def _move(self) -> None:
        self._say()
        self.moved.emit(self.threshold)

    def _say(self) -> None:
        threshold, films = self.threshold, len(self._suspicions)
        above = int((self._suspicions >= threshold).sum())
        self.histogram.show_films(self._suspicions, threshold)
        self._count.setText(words.referred(threshold, above, films) if films else _NONE[self._finished])
        said = words.meaning(self._about, threshold) if films else ()
        self._meaning.setText(said[0] if said else "")
        self._meaning.setVisible(bool(said))
        self._mix.setText(said[1] if len(said) > 1 else "")
        self._mix.setVisible(len(said) > 1)
        away = self._own is not None and threshold != self._own and self._about is not None
        self.back.setVisible(away)
        if away and self._about is not None:
            point = self._about.points[0]
            self.back.setText(f"Back to {point.threshold:.2f}, {point.name}")
            self.back.setToolTip("The operating point of this run; exports keep it.")
