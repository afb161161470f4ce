"""The ruler: every network in every phase as a bar of its layers, with what lies on both sides of the cut."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.training.offered import Ruler, Side
from gui import theme

_BAR: Final = 14
_GAP: Final = 10


class RulerView(QWidget):
    """One bar a network and phase: frozen layers hollow, learning ones filled, a stroke for a batch normalisation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rulers: tuple[Ruler, ...] = ()
        self._waiting = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What learns")

    @property
    def rulers(self) -> tuple[Ruler, ...]:
        return self._rulers

    @property
    def titles(self) -> list[str]:
        """What stands above each bar: the network, and the phase where there are several."""
        several = len({one.phase for one in self._rulers}) > 1
        return [f"{one.member}, “{one.phase}”" if several else one.member for one in self._rulers]

    @property
    def words(self) -> str:
        """All of it in sentences, for who cannot see it and for tests."""
        return self._waiting or "\n".join(
            f"{title}: {learns(one)} · {keeps(one)}" for title, one in zip(self.titles, self._rulers, strict=True)
        )

    def wait(self, sentence: str) -> None:
        """There is no ruler: it is being computed, or why not."""
        self._waiting = sentence
        self._settle()

    def show_rulers(self, rulers: tuple[Ruler, ...]) -> None:
        """rulers: of every phase, those of a network together."""
        self._rulers, self._waiting = rulers, ""
        self._settle()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(320, max(1, len(self._rulers)) * self._row_height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setFont(theme.font(theme.LABEL))
        if self._waiting:
            painter.setPen(theme.colour("quiet"))
            painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap, self._waiting)
        drawn = [] if self._waiting else list(zip(self.titles, self._rulers, strict=True))
        for line, (title, ruler) in enumerate(drawn):
            self._draw(painter, title, ruler, line * self._row_height())
        painter.end()

    def _draw(self, painter: QPainter, title: str, ruler: Ruler, top: float) -> None:
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(0, top, self.width(), line), Qt.AlignmentFlag.AlignLeft, title)
        bar = QRectF(0, top + line + 3, self.width() - 1, _BAR)
        each = bar.width() / max(1, len(ruler.sizes))
        cut = bar.left() + ruler.cut * each
        painter.fillRect(bar, theme.colour("raised"))
        painter.fillRect(QRectF(cut, bar.top(), bar.right() - cut, bar.height()), theme.colour("accent"))
        for number in ruler.norms:
            stroke = theme.colour("ground") if number >= ruler.cut else theme.colour("quiet")
            painter.fillRect(QRectF(bar.left() + (number + 0.5) * each, bar.bottom() - 5, 1, 5), stroke)
        painter.fillRect(QRectF(cut - 1, bar.top() - 2, 2, bar.height() + 4), theme.colour("text"))
        painter.setPen(theme.colour("quiet"))
        for number, told in enumerate((learns(ruler), keeps(ruler))):
            here = QRectF(0, bar.bottom() + 3 + number * line, self.width(), line)
            said = metrics.elidedText(told, Qt.TextElideMode.ElideRight, here.width())
            painter.drawText(here, Qt.AlignmentFlag.AlignLeft, said)

    def _row_height(self) -> int:
        return int(_BAR + 3 * QFontMetricsF(theme.font(theme.LABEL)).height() + 6 + _GAP)

    def _settle(self) -> None:
        self.setAccessibleDescription(self.words)
        self.setToolTip(self.words)
        self.updateGeometry()
        self.update()


def learns(ruler: Ruler) -> str:
    """The side of the cut that learns: "learns from block_12 on: 40 layers, 2.1 million parameters, …"."""
    told = _side(ruler.learns)
    if ruler.still:
        told += f" ({'all' if ruler.still == ruler.learns.norms else ruler.still} kept)"
    where = f"learns from {ruler.first} on" if ruler.cut and ruler.first else "learns"
    return f"{where}: {told}"


def keeps(ruler: Ruler) -> str:
    """The other side."""
    return f"keeps: {_side(ruler.frozen)}"


def _side(side: Side) -> str:
    if not side.layers:
        return "nothing"
    norms = "1 batch norm" if side.norms == 1 else f"{side.norms} batch norms"
    layers = "1 layer" if side.layers == 1 else f"{side.layers} layers"
    return f"{layers}, {_numbers(side.parameters)} parameters, {norms}"


def _numbers(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1e6:.1f} million"
    return f"{count / 1e3:.0f} thousand" if count >= 10_000 else f"{count}"
