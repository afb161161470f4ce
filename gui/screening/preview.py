"""The chosen film: its small picture, what the ensemble found, and the reasons in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from core.screening.state import Brief
from gui import theme
from gui.reading import words
from gui.widgets.labels import mark, plain

_SIDE = 136
_ASIDE = 136  # what the panel leaves beside the picture


class Picture(QWidget):
    """A thumbnail on black, as large as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self.setFixedSize(_SIDE, _SIDE)
        self.setAccessibleName("Small picture of the film")

    @property
    def has_image(self) -> bool:
        return self._image is not None and not self._image.isNull()

    def show_image(self, image: QImage | None) -> None:
        self._image = image
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.tokens().canvas))
        if self._image is not None and self.has_image:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRectF((_SIDE - size.width()) / 2, (_SIDE - size.height()) / 2, size.width(), size.height())
            painter.drawImage(place, self._image)
        else:
            painter.setPen(QColor(theme.ON_FILM.quiet))
            painter.setFont(theme.font(theme.LABEL))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "no picture")
        painter.end()


class Bars(QWidget):
    """One line a class: title, bar, probability."""

    _LINE = 24

    def __init__(self, rows: Sequence[tuple[str, float, bool]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(", ".join(f"{name} {words.probability(value)}" for name, value, _top in rows))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, self._LINE * len(self._rows))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        t = theme.tokens()
        for line, (name, value, top) in enumerate(self._rows):
            area = QRectF(0, line * self._LINE, self.width(), self._LINE - 6)
            painter.setFont(theme.font(strong=top))
            painter.setPen(QColor(t.text))
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            number = words.probability(value)
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
            bar = QRectF(0, area.bottom() + 1, self.width(), 3)
            painter.fillRect(bar, QColor(t.line))
            painter.fillRect(
                QRectF(bar.left(), bar.top(), bar.width() * value, 3), QColor(t.accent if top else t.quiet)
            )
        painter.end()


class Preview(QWidget):
    """opened(): the reader wants the film on the reading page."""

    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = Picture()
        self._title = plain("", "label")
        self._sign = QHBoxLayout()
        self._outcome = plain("", "finding", wrap=True)
        self._facts = plain("", "quiet", wrap=True)
        self._open = QPushButton("Open")
        self._open.setAccessibleName("Open the film on the reading page")
        self._open.setToolTip("On the reading page, with the films around it (Enter)")
        self._open.clicked.connect(self.opened)
        self._body = QVBoxLayout()
        self._body.setSpacing(theme.SPACE[1])
        self._said = ""
        aside = QVBoxLayout()
        aside.setSpacing(theme.SPACE[0])
        self._sign.setSpacing(theme.SPACE[1])
        for part in (self._title, self._outcome, self._facts):
            aside.addWidget(part)
        aside.addLayout(self._sign)
        aside.addStretch(1)
        aside.addWidget(self._open, 0, Qt.AlignmentFlag.AlignLeft)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE[2])
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(aside, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE[3], theme.SPACE[3], theme.SPACE[3], theme.SPACE[2])
        column.setSpacing(theme.SPACE[2])
        column.addLayout(top)
        column.addLayout(self._body)
        column.addStretch(1)

    @property
    def sentences(self) -> str:
        """All that it says."""
        return self._said

    def show_row(
        self,
        row: Brief | None,
        name: str = "",
        sign: words.Mark | None = None,
        classes: Sequence[str] = (),
        titles: Mapping[str, str] | None = None,
    ) -> None:
        """Show a film; None: what will be shown here. name: how it may be called."""
        self.picture.setVisible(row is not None)
        self.picture.show_image(None)
        self._open.setVisible(row is not None)
        _empty(self._body)
        _empty(self._sign)
        if row is None or sign is None:
            self._title.setText("FILM")
            self._outcome.setText("")
            self._facts.setText("The film that is chosen in the table appears here.")
            self._said = self._facts.text()
            return
        titles = titles or {}
        # The end of a path tells films apart, and its beginning says where they come from.
        metrics = QFontMetrics(theme.font(theme.LABEL))
        self._title.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, _ASIDE))
        self._title.setToolTip(name)
        self._outcome.setText(words.title(row.finding, titles) if row.finding else "")
        self._outcome.setVisible(bool(row.finding))
        suspicion = f"suspicion {words.probability(row.suspicion)}" if row.suspicion is not None else "not assessed"
        self._facts.setText(" · ".join(part for part in (row.view or "", suspicion) if part))
        word = plain(sign.word, {"refer": "refer", "error": "error"}.get(sign.token, ""), wrap=True)
        self._sign.addWidget(mark(sign.icon, sign.token), 0, Qt.AlignmentFlag.AlignTop)
        self._sign.addWidget(word, 1)
        if row.probabilities is not None:
            pairs = sorted(zip(classes, row.probabilities, strict=True), key=lambda pair: -pair[1])
            bars = [(words.title(one, titles), value, one == row.finding) for one, value in pairs]
            self._body.addWidget(Bars(bars))
        for reason in row.reasons:
            self._body.addLayout(_line(reason.severity, reason.text))
        said = (name, sign.word, self._outcome.text(), self._facts.text(), *(reason.text for reason in row.reasons))
        self._said = "\n".join(part for part in said if part)


def _line(severity: str, text: str) -> QHBoxLayout:
    icon, token = ("refused", "error") if severity in ("refusal", "failure") else ("caution", "quiet")
    line = QHBoxLayout()
    line.setSpacing(theme.SPACE[1])
    line.addWidget(mark("about" if severity == "note" else icon, token), 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(plain(text, wrap=True), 1)
    return line


def _empty(layout: QHBoxLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        inner = item.layout()
        if isinstance(inner, QHBoxLayout):
            _empty(inner)
            inner.deleteLater()
        widget = item.widget()
        if isinstance(widget, QWidget):
            # Hidden at once: deleted later, it would stay in the picture until the event loop comes round.
            widget.hide()
            widget.deleteLater()
