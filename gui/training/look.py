"""One film, large: what the file says of it, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from core.site.plan import SiteFilm
from gui import theme
from gui.operation import Operation
from gui.training.site import images
from gui.training.steps import Wizard
from gui.training.thumbs import standing
from gui.widgets.labels import Shortened, plain


class Large(QWidget):
    """A picture on black, as large as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.words = ""
        self.setAccessibleName("The chosen film")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(160)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(280, 300)

    def show_image(self, image: QImage | None, words: str = "") -> None:
        """words: what stands there without an image."""
        self.image, self.words = image, words
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("canvas"))
        if self.image is not None and not self.image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
            painter.drawImage(QRectF(left, top, size.width(), size.height()), self.image)
        elif self.words:
            painter.setPen(theme.ON_FILM.quiet)
            painter.setFont(theme.font(theme.LABEL))
            inner = self.rect().adjusted(theme.SPACE[2], 0, -theme.SPACE[2], 0)
            painter.drawText(inner, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.words)
        painter.end()


class FilmLook(QWidget):
    """The chosen film with its facts. show_film(None): what belongs here."""

    def __init__(self, wizard: Wizard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wizard = wizard
        self.large = Large()
        self._name = Shortened("strong")
        self._facts = plain("", "quiet", wrap=True)
        self._standing = plain("", wrap=True)
        self._film: SiteFilm | None = None
        self._asked: Operation | None = None
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(theme.SPACE[0])
        self.column.addWidget(self.large, 1)
        for label in (self._name, self._facts, self._standing):
            self.column.addWidget(label)
        self.show_film(None)

    def show_film(self, film: SiteFilm | None, more: str = "") -> None:
        """more: how many others are chosen with it."""
        another = film is None or self._film is None or film.sha256 != self._film.sha256
        self._film = film
        if film is None:
            self._name.say("")
            self._facts.setText("")
            self._standing.setText("")
            self._drop()
            self.large.show_image(None, "Choose a film to see it large.")
            return
        self._name.say(film.name)
        age = "" if film.age_years is None else f"{film.age_years:.0f} years"
        patient = "patient known" if film.patient else "patient unknown"
        facts = (film.label, film.view, film.sex, age, film.source, patient, film.study_date)
        self._facts.setText(" · ".join(one for one in facts if one) + more)
        word, _token = standing(film)
        self._standing.setText(": ".join(one for one in (word, film.excluded or film.problem) if one))
        if another:
            self._drop()
            self.large.show_image(None, film.problem)
            if film.sha256:
                asked = Operation(self._wizard.site.process, ("picture", film.number), urgent=False)
                asked = asked.through(lambda content: None if content is None else images({0: content})[0])
                self._asked = asked.then(self.large.show_image).refused(lambda _error: None).run()

    def stop(self) -> None:
        self._drop()

    def _drop(self) -> None:
        if self._asked is not None:
            self._asked.drop()
            self._asked = None
