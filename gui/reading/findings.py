"""The findings panel: what the ensemble says of the film that is shown, and how far to trust it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.errors import Reason
from gui import theme
from gui.commands import Actions
from gui.reading import words
from gui.reading.finding_row import FindingRow
from gui.reading.meaning import Meaning, of_attention
from gui.widgets.labels import mark, plain

if TYPE_CHECKING:
    from core.imaging.radiograph import Facts
    from core.inference.assessment import Assessment

WIDTH = 264


class FindingsPanel(QScrollArea):
    """One column of sections; made anew for every film, because most of it differs from film to film.

    chosen(str): a class was chosen for the heatmap. override(str): assess although refused, for this reason.
    """

    chosen = Signal(str)
    overridden = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._rows: dict[str, FindingRow] = {}
        self._asking: QWidget | None = None
        self._details: QWidget | None = None
        self._detailed = ""  # the class of which there is more to read
        self._waiting: tuple[QLabel, QLabel] | None = None
        self._column, self._page = QVBoxLayout(), QWidget()
        self._detail: Callable[[str], QWidget] | None = None
        self.redraw: Callable[[], None]
        self.setFixedWidth(WIDTH)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Findings")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.wait("What the ensemble finds in a film appears here.")

    def wait(self, sentence: str, hint: str = "") -> None:
        """Nothing to show yet, and why."""
        self.redraw = partial(self.wait, sentence, hint)
        if self._waiting is None:
            self._begin()
            waiting = plain("", "quiet", wrap=True), plain("", "quiet", wrap=True)
            for label in waiting:
                self._add(label)
            self._end()
            self._waiting = waiting
        for label, text in zip(self._waiting, (sentence, hint), strict=True):
            label.setText(text)
            label.setVisible(bool(text))

    def not_assessed(self, word: str, reason: Reason) -> None:
        """There is no answer: why, and that films can still be read."""
        self.redraw = partial(self.not_assessed, word, reason)
        self._begin()
        self._headline("failed", word, "error")
        self._add(plain(reason.text, wrap=True))
        self._add(plain("Films can be opened and read all the same.", "quiet", wrap=True))
        self._add(self._actions.push("findings.assess"))
        self._end()

    def show_assessment(
        self, assessment: Assessment, meaning: Meaning, facts: Facts | None, speaks: Collection[str] = ()
    ) -> None:
        """Everything that is known of one film. speaks: the classes that something in the film speaks for."""
        self.redraw = partial(self.show_assessment, assessment, meaning, facts, speaks)
        self._begin()
        found = words.mark_of(assessment)
        self._headline(found.icon, found.word, found.token)
        self._explain(assessment)
        if assessment.probabilities is not None:
            self._findings(assessment, meaning)
            self._detail = partial(_detail, assessment, meaning, speaks)
            self.choose(assessment.finding or next(iter(self._rows)))
        self._gate(assessment)
        self._reasons("Bear in mind", words.cautions(assessment.reasons))
        self._section("Film", [words.facts_line(facts)] if facts is not None else [])
        self._provenance(assessment)
        self._end()

    def choose(self, name: str) -> None:
        """Mark the class that the heatmap shows, and say what there is to say of it, without telling."""
        if name not in self._rows or self._detail is None:
            return
        self._rows[name].setChecked(True)
        if name == self._detailed:
            return
        self._detailed = name
        details = self._detail(name)
        if self._details is None:
            self._add(details)
        else:
            self._column.replaceWidget(self._details, details)
            self._details.setParent(None)
            self._details.deleteLater()
        self._details = details

    def ask_override(self) -> None:
        """Ask for the reason, right here, and give the keyboard to the question."""
        if self._asking is not None:
            self._asking.show()
            field = self._asking.findChild(QLineEdit)
            if field is not None:
                field.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self.ensureWidgetVisible(self._asking)

    @property
    def sentences(self) -> str:
        """All words of the panel, line by line."""
        return "\n".join(label.text() for label in self._page.findChildren(QLabel) if label.text())

    def _begin(self) -> None:
        self._rows, self._asking, self._details, self._detail, self._waiting = {}, None, None, None, None
        self._detailed = ""
        page = QWidget()
        page.setProperty("panel", True)
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(theme.SPACE[3], theme.SPACE[3], theme.SPACE[3], theme.SPACE[3])
        self._column.setSpacing(theme.SPACE[1])
        self._page = page
        self._add(plain("FINDINGS", "label"))

    def _end(self) -> None:
        self._column.addStretch(1)
        # setWidget would end the old page at once, perhaps in the middle of the key press that asked for the new one.
        old = self.takeWidget()
        if old is not None:
            old.deleteLater()
        self.setWidget(self._page)

    def _add(self, widget: QWidget) -> None:
        self._column.addWidget(widget)

    def _headline(self, icon: str, word: str, token: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE[1])
        row.addWidget(mark(icon, token, 20))
        row.addWidget(plain(word, token if token in ("refer", "error") else "strong"), 1)
        self._column.addLayout(row)

    def _explain(self, assessment: Assessment) -> None:
        if assessment.status == "abstained":
            for reason in words.doubts(assessment.reasons):
                self._add(plain(reason.text, wrap=True))
            self._add(plain("The ensemble abstains; the numbers are shown for what they are.", "quiet", wrap=True))
        elif assessment.status == "failed":
            for reason in assessment.reasons:
                if reason.severity == "failure":
                    self._add(plain(reason.text, wrap=True))
            self._add(self._actions.push("findings.assess"))

    def _findings(self, assessment: Assessment, meaning: Meaning) -> None:
        assert assessment.probabilities is not None
        self._column.addSpacing(theme.SPACE[0])
        rows = QVBoxLayout()
        rows.setSpacing(theme.SPACE[0])
        self._column.addLayout(rows)
        shown = meaning.shown(assessment.probabilities)
        members = [meaning.shown(member.probabilities) for member in assessment.members]
        most = max(shown, key=lambda one: shown[one])
        for name, value in sorted(shown.items(), key=lambda item: -item[1]):
            before = assessment.probabilities[name] if meaning.site is not None else None
            opinions = [member[name] for member in members if name in member]
            row = FindingRow(meaning.title(name), value, opinions, name == most, before=before)
            row.clicked.connect(lambda _checked=False, name=name: self.chosen.emit(name))
            self._rows[name] = row
            rows.addWidget(row)
        if meaning.of_site:
            self._add(plain(meaning.of_site, "quiet", wrap=True))
        self._column.addSpacing(theme.SPACE[0])
        if assessment.suspicion is not None:
            self._pair("Suspicion", words.probability(assessment.suspicion))
        if meaning.threshold is not None:
            self._pair(f"Operating point {meaning.point}".strip(), words.probability(meaning.threshold))
        if assessment.spread is not None:
            name = "Spread of the members" if meaning.site is None else "Spread, not re-weighted"
            self._pair(name, f"± {assessment.spread:.2f}")

    def _gate(self, assessment: Assessment) -> None:
        refusals = [reason for reason in assessment.reasons if reason.severity in ("refusal", "failure")]
        if assessment.status == "refused" or assessment.override is not None:
            self._reasons("Gate", refusals)
        if assessment.status == "refused" and words.of_gate(refusals):
            self._add(plain("A refused film gets no score. You may have it assessed all the same.", "quiet", wrap=True))
            self._add(self._actions.push("findings.override"))
            self._asking = self._question()
            self._asking.hide()
            self._add(self._asking)

    def _question(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE[0])
        field = QLineEdit()
        field.setMaxLength(200)
        field.setAcceptDrops(False)  # files dropped here are for the window
        field.setAccessibleName("Reason for assessing a refused film")
        label = plain("Why? The reason is stored with the result.", "label", wrap=True)
        label.setBuddy(field)
        go = QPushButton("Assess")
        go.setProperty("look", "primary")
        go.setEnabled(False)
        field.textChanged.connect(lambda text: go.setEnabled(bool(text.strip())))
        field.returnPressed.connect(go.click)
        go.clicked.connect(lambda: self.overridden.emit(field.text().strip()))
        for widget in (label, field, go):
            column.addWidget(widget)
        return box

    def _reasons(self, title: str, reasons: Iterable[Reason]) -> None:
        shown = tuple(reasons)
        if not shown:
            return
        self._section(title, [])
        for reason in shown:
            icon, token = ("refused", "error") if reason.severity in ("refusal", "failure") else ("caution", "quiet")
            icon = "about" if reason.severity == "note" else icon
            row = QHBoxLayout()
            row.setSpacing(theme.SPACE[1])
            row.addWidget(mark(icon, token), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(plain(reason.text, wrap=True), 1)
            self._column.addLayout(row)

    def _provenance(self, assessment: Assessment) -> None:
        if assessment.bundle is None:
            return
        self._section("How it was made", [])
        bundle = assessment.bundle
        self._pair("Bundle", f"{bundle.name} {bundle.version}", f"Digest {bundle.digest}")
        self._pair("Engine", " ".join(one for one in (assessment.engine, assessment.device) if one))
        self._pair("Precision", assessment.precision or "not stated")
        took = assessment.seconds
        for name, value in (("Read", took.read), ("Prepared", took.prepare), ("Inferred", took.infer)):
            if value:
                self._pair(name, words.seconds(value))

    def _section(self, title: str, lines: Iterable[str]) -> None:
        self._column.addSpacing(theme.SPACE[1])
        self._add(plain(title.upper(), "label"))
        for line in lines:
            self._add(plain(line, wrap=True))

    def _pair(self, name: str, value: str, tip: str = "") -> None:
        self._column.addLayout(_pair(name, value, tip))


def _detail(assessment: Assessment, meaning: Meaning, speaks: Collection[str], name: str) -> QWidget:
    """Of one class: its probability as a frequency, where the ensemble looked for it, what each member says."""
    assert assessment.probabilities is not None
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, theme.SPACE[1], 0, 0)
    column.setSpacing(theme.SPACE[1])
    title = meaning.title(name)
    column.addWidget(plain(title.upper(), "label"))
    attention, area = assessment.attention_in_lungs, assessment.area_in_lungs
    sentences = [meaning.frequency(name, meaning.shown(assessment.probabilities)[name])]
    if attention is not None and area is not None and name in speaks and name in attention:
        sentences.append(of_attention(title, attention[name], area))
    for sentence in sentences:
        if sentence:
            column.addWidget(plain(sentence, wrap=True))
    members = QVBoxLayout()
    members.setSpacing(theme.SPACE[0])
    for member in assessment.members:
        if name in member.probabilities:
            value = words.probability(meaning.shown(member.probabilities)[name])
            members.addLayout(_pair(f"Member {member.name}", value))
    column.addLayout(members)
    return box


def _pair(name: str, value: str, tip: str = "") -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    value_label = plain(value)
    value_label.setFont(theme.font())
    value_label.setToolTip(tip)
    grid.addWidget(plain(name, "quiet"), 0, 0)
    grid.addWidget(value_label, 0, 1, Qt.AlignmentFlag.AlignRight)
    return grid
