"""A legacy Keras file becomes a bundle: what stands in it is shown, what does not is asked."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLineEdit, QPushButton, QRadioButton, QVBoxLayout, QWidget

from core.errors import Reason
from core.models.state import LegacyLook, LegacyTaken, LegacyWish
from gui import theme
from gui.models.naming import Naming
from gui.models.parts import Choice, Working, emptied
from gui.models.watch import Watch
from gui.widgets.labels import plain

_HINT = (
    "The file is read in a process of its own, and nothing in it is run. A network that Hilum has data for becomes a "
    "member; all others are refused. What it was trained to see is not in the file: it has to be stated here, as in "
    "the program that trained it, or its answers are worthless."
)
_VALUES = (
    ("0..1", "0 to 1 (divided by 255)"),
    ("-1..1", "-1 to 1 (MobileNet, Inception, Xception)"),
    ("0..255", "0 to 255, as stored"),
    ("caffe", "ImageNet's means subtracted (VGG, ResNet)"),
    ("torch", "ImageNet's mean and deviation (DenseNet)"),
)
_GREY = tuple(row for row in _VALUES if row[0] in ("0..1", "-1..1", "0..255"))
_FITS = (("stretch", "stretched to the input's size"), ("letterbox", "proportions kept, black bars"))
_FIELD = 200


class ImportPage(QWidget):
    """made(LegacyTaken): a new bundle. closed(): back to the shelf."""

    made = Signal(object)
    closed = Signal()

    def __init__(self, watch: Watch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self._look: LegacyLook | None = None
        self._title = plain("Import a Keras file", "title")
        self._facts = plain("", wrap=True)
        self.working = Working()
        self.working.stopped.connect(watch.stop_work)
        self._form = QWidget()
        self.names: list[QLineEdit] = []
        self.titles: list[QLineEdit] = []
        self.normals: list[QRadioButton] = []
        self._group = QButtonGroup(self)
        self._classes = QGridLayout()
        self._classes.setHorizontalSpacing(theme.SPACE[2])
        self.values = Choice("Range of its input", 320)
        self.fit = Choice("How films are brought to size", 320)
        self.population = QLineEdit()
        self.population.setAccessibleName("Whom it is meant for")
        self.population.setPlaceholderText("Adults with a frontal chest radiograph")
        self._wrong = plain("", "error", wrap=True)
        self.naming = Naming("Import as a bundle")
        self.naming.wanted.connect(self._take)
        self.back = QPushButton("Back to the bundles")
        self.back.setAccessibleName("Back to the bundles")
        self.back.clicked.connect(self.closed)
        self._lay_out()

    @property
    def facts(self) -> str:
        return self._facts.text()

    @property
    def wrong(self) -> str:
        return self._wrong.text() if not self._wrong.isHidden() else ""

    @property
    def asks(self) -> bool:
        """Whether the form is there to be filled in."""
        return not self._form.isHidden()

    def open_file(self, path: str) -> None:
        """Have a file read."""
        self._look = None
        self._form.hide()
        self._wrong.hide()
        self._facts.setText(Path(path).name)
        if self._watch.begin(("legacy-look", path), self._show, self._refuse):
            self.working.begin("The file is being read in a process of its own.")
        else:
            self._facts.setText("Something else is going on here; open the file again when it is done.")

    def _refuse(self, reason: Reason | None) -> None:
        self.working.hide()
        self._facts.setText(reason.text if reason is not None else "Stopped; the file was left alone.")

    def _show(self, look: LegacyLook) -> None:
        self._look = look
        self.working.hide()
        rows, columns, channels = look.sides
        ends = {"softmax": "a softmax", "sigmoid": "one sigmoid", "linear": "logits"}[look.ends]
        self._facts.setText(
            f"{Path(look.path).name}: {look.backbone}, {look.parameters / 1e6:.1f} million parameters, input "
            f"{rows} × {columns} × {channels}, {look.outputs} classes by {ends}. As a member it gives what Keras gives."
        )
        self._fill(look)
        self._form.show()

    def _fill(self, look: LegacyLook) -> None:
        emptied(self._classes)
        self.names, self.titles, self.normals = [], [], []
        for column, heading in enumerate(("output", "name in tables", "name for readers", "without suspicion")):
            self._classes.addWidget(plain(heading, "label"), 0, column)
        for number in range(look.outputs):
            name, title, normal = QLineEdit(), QLineEdit(), QRadioButton()
            for field, what in ((name, "Name"), (title, "Title")):
                field.setFixedWidth(_FIELD)
                field.setAccessibleName(f"{what} of output {number}")
            normal.setAccessibleName(f"Output {number} is the class without suspicion")
            normal.setChecked(number == 0)
            self._group.addButton(normal)
            self.names.append(name)
            self.titles.append(title)
            self.normals.append(normal)
            for column, widget in enumerate((plain(str(number)), name, title, normal)):
                self._classes.addWidget(widget, number + 1, column)
        self._classes.setColumnStretch(4, 1)
        self.values.show_choices(_VALUES if look.sides[2] == 3 else _GREY)
        self.fit.show_choices(_FITS)
        stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in Path(look.path).stem)
        self.naming.field.setText(stem.strip("-") or "imported")

    def _take(self, name: str) -> None:
        look = self._look
        if look is None:
            return
        names = [field.text().strip() for field in self.names]
        missing = [str(number) for number, one in enumerate(names) if not one]
        wrong = ""
        if missing:
            wrong = f"Output {', '.join(missing)} has no name yet; the order is the one that it was trained with."
        elif len(set(names)) != len(names):
            wrong = "Two outputs have one name."
        self._wrong.setText(wrong)
        self._wrong.setVisible(bool(wrong))
        if wrong:
            return
        classes = tuple((one, field.text().strip() or one) for one, field in zip(names, self.titles, strict=True))
        normal = next(one for one, button in zip(names, self.normals, strict=True) if button.isChecked())
        fit = "letterbox" if self.fit.value == "letterbox" else "stretch"
        wish = LegacyWish(name, name, classes, normal, self.values.value, fit, self.population.text())
        if self._watch.begin(("legacy-take", look.path, wish), self._done, self._not_taken):
            self.naming.begin()

    def _not_taken(self, reason: Reason | None) -> None:
        self.naming.end(reason.text if reason is not None else "Stopped; nothing was made.")

    def _done(self, taken: LegacyTaken) -> None:
        self.naming.end()
        self.made.emit(taken)

    def _lay_out(self) -> None:
        form = QVBoxLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(theme.SPACE[1])
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.SPACE[3])
        for line, (text, widget) in enumerate(
            (("Values of its input", self.values), ("Films are", self.fit), ("Meant for", self.population))
        ):
            grid.addWidget(plain(text), line, 0)
            grid.addWidget(widget, line, 1)
        grid.setColumnStretch(1, 1)
        form.addWidget(plain("Its classes, in the order of its outputs", "strong"))
        form.addLayout(self._classes)
        form.addSpacing(theme.SPACE[1])
        form.addWidget(plain("What it was trained to see", "strong"))
        form.addLayout(grid)
        form.addSpacing(theme.SPACE[1])
        form.addWidget(self._wrong)
        form.addWidget(self.naming)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[1])
        column.addWidget(self._title)
        column.addWidget(plain(_HINT, "quiet", wrap=True))
        column.addSpacing(theme.SPACE[1])
        for widget in (self._facts, self.working, self._form):
            column.addWidget(widget)
        column.addSpacing(theme.SPACE[2])
        column.addWidget(self.back)
        column.setAlignment(self.back, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self._form.hide()
