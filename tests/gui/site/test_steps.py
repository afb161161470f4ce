from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from core.cohort.labels import read_labels
from core.site.state import DryRun, Preview, SiteState
from gui.training.check import CheckStep
from gui.training.classes import ClassesStep
from gui.training.data import DataStep
from gui.training.preview import PreviewStep, _duration
from gui.training.steps import StepPage, Wizard
from tests.small_training import write_recipe

Until = Callable[[Callable[[], object]], None]


def shown(qtbot: QtBot, page: StepPage) -> StepPage:
    qtbot.addWidget(page)
    page.resize(1100, 640)
    page.show()
    page.enter()
    return page


def test_a_folder_becomes_pictures_that_can_be_relabelled_and_left_out(
    qtbot: QtBot, wizard: Wizard, place: Path, until: Until
) -> None:
    page = DataStep(wizard)
    shown(qtbot, page)
    assert page.may_leave() == "Open a folder or a table with labelled films."
    assert page.take([str(place)])
    until(lambda: page.may_leave() is None)
    assert page.progress_words.text() == "12 films, no patient known, 1 not used"
    assert [page.labels.item(n).text() for n in range(page.labels.count())] == [
        "All films   13", "bright   6", "dark   7", "Cannot be read   1",
    ]  # fmt: skip
    until(lambda: len(page.site.pictures) == 12)

    page.thumbs.choose([0, 1])
    until(lambda: page.look.large.image is not None)
    page._relabel("dark")
    until(lambda: page.site.films[0].relabelled and page.site.films[1].label == "dark")
    page._exclude("poor quality")
    until(lambda: page.site.films[1].excluded)
    page.labels.setCurrentRow(page.labels.count() - 2)
    assert page.thumbs.numbers == [0, 1] and page.take_in.isEnabled()
    page.thumbs.choose([0, 1])
    page.take_in.click()
    until(lambda: not page.site.films[0].excluded)


def test_a_film_opens_on_the_reading_page_with_those_around_it(
    qtbot: QtBot, wizard: Wizard, place: Path, until: Until
) -> None:
    page = DataStep(wizard)
    shown(qtbot, page)
    page.open(str(place))
    until(lambda: page.may_leave() is None)
    page.thumbs.choose([2])
    with qtbot.waitSignal(page.opened, timeout=30_000) as told:
        page.read.click()
    refs, index = told.args
    assert len(refs) == 12 and refs[index].name == "bright/04.png"


def test_a_place_without_films_says_what_belongs_there(
    qtbot: QtBot, wizard: Wizard, tmp_path: Path, until: Until
) -> None:
    page = DataStep(wizard)
    shown(qtbot, page)
    page.open(str(tmp_path / "nowhere"))
    until(lambda: page.site.phase == "failed")
    assert "there is no such file or folder" in page.progress_words.text() and page.may_leave() is not None


def test_without_verdicts_the_page_says_where_to_give_them(qtbot: QtBot, wizard: Wizard, until: Until) -> None:
    page = DataStep(wizard)
    shown(qtbot, page)
    with qtbot.waitSignal(page.notice, timeout=30_000) as told:
        page.verdicts.click()
    assert told.args == ["There are no verdicts with a finding yet; give some on the reading page first."]


def test_each_label_gets_a_class_and_the_counts_say_what_they_allow(
    qtbot: QtBot, wizard: Wizard, place: Path, until: Until
) -> None:
    data, page = DataStep(wizard), ClassesStep(wizard)
    shown(qtbot, data)
    data.open(str(place))
    until(lambda: data.may_leave() is None)
    shown(qtbot, page)
    assert "dark (new)" in page.words() and "6 films: too few to train" in page.words()
    assert page.may_leave() is not None and "bright" in str(page.may_leave())
    menu = QMenu()
    qtbot.addWidget(menu)
    page._offer(page.site.state.choices[0], menu)  # type: ignore[union-attr]
    titles = [action.text() for action in menu.actions() if action.text()]
    assert "COVID-19" in titles and titles[-2:] == ["Left out", "A new class…"]
    page.choose("bright", "normal", "Normal")
    until(lambda: page.buttons["bright"].text() == "Normal")
    page.choose("dark", None)
    until(lambda: page.buttons["dark"].text() == "Left out")
    assert "at least two" in str(page.may_leave())


def test_a_blocker_is_solved_or_acknowledged_and_then_the_list_of_films_is_written(
    qtbot: QtBot, wizard: Wizard, place: Path, until: Until
) -> None:
    for number in range(12, 24):
        name = ("bright", "dark")[number % 2]
        for source in sorted((place / name).glob("[0-9]*.png"))[:1]:
            shutil.copy(source, place / name / f"copy-{number}.png")
    shutil.copy(place / "bright" / "00.png", place / "dark" / "torn.png")
    data, page = DataStep(wizard), CheckStep(wizard)
    shown(qtbot, data)
    data.open(str(place))
    until(lambda: data.may_leave() is None)
    shown(qtbot, page)
    until(lambda: page.site.state is not None and page.site.state.findings is not None)
    codes = [one.code for one in page.site.state.findings or ()]  # type: ignore[union-attr]
    assert codes[0] in ("copies-in-two-classes", "not-radiographs") and "unreadable" in codes
    while (why := page.may_leave()) is not None and "Solve it" in why:
        finding = next(
            one for one in page.site.state.findings or ()  # type: ignore[union-attr]
            if one.severity == "blocker" and one.code not in page.site.state.acknowledged  # type: ignore[union-attr]
        )  # fmt: skip
        page.list.setCurrentRow(codes.index(finding.code))
        assert page.thumbs.numbers == list(finding.numbers) and not page.acknowledge.isEnabled()
        page.words.setText("drawn for a test")
        page.acknowledge.click()
        until(lambda code=finding.code: code in wizard.choices.acknowledged)
    until(lambda: page.may_leave() is None)
    assert wizard.choices.acknowledged["copies-in-two-classes"] == "drawn for a test"
    assert len(read_labels(wizard.choices.labels).films) == 25

    page.list.setCurrentRow(codes.index("copies-in-two-classes"))
    page.thumbs.choose([page.thumbs.numbers[-1]])
    page.leave_out.click()
    until(lambda: wizard.choices.labels == "")
    until(lambda: page.may_leave() is None or "Solve it" in str(page.may_leave()))


def test_the_preview_shows_what_networks_see_and_times_real_steps(
    qtbot: QtBot, wizard: Wizard, place: Path, tmp_path: Path, until: Until
) -> None:
    for number in range(12, 24):
        label = ("bright", "dark")[number % 2]
        shutil.copy(place / label / f"{number % 12:02d}.png", place / label / f"{number}.png")
    data, page = DataStep(wizard), PreviewStep(wizard)
    shown(qtbot, data)
    data.open(str(place))
    until(lambda: data.may_leave() is None)
    wizard.choices.recipe = write_recipe(tmp_path).read_text("utf-8")
    wizard.choices.start = "random"
    shown(qtbot, page)
    until(lambda: page.grid.cells)
    assert len(page.grid.cells) == 36 and "first picture of each row" in page.sentence.text()
    first = page.grid.cells
    until(lambda: "real steps took" in page.time_words.text())
    assert "at most" in page.next_words()
    page.again.click()
    until(lambda: page.grid.cells and page.grid.cells != first)
    page.leave()


def test_what_every_network_of_a_bundle_sees_can_be_chosen(
    qtbot: QtBot, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PreviewStep(wizard)
    qtbot.addWidget(page)
    asked: list[int] = []
    monkeypatch.setattr(page, "_ask_grid", lambda: asked.append(page._member))
    page._show_grid((Preview(("lite0", "mobile"), 0, ()), ()))
    assert not page.members.isHidden() and page.members.text() == "lite0 (1 of 2)"
    menu = page.members.menu()
    menu.aboutToShow.emit()
    assert [(one.text(), one.isChecked()) for one in menu.actions()] == [("lite0", True), ("mobile", False)]
    menu.actions()[1].trigger()
    assert asked == [1]
    page._show_grid((Preview(("small-cnn",), 0, ()), ()))
    assert page.members.isHidden()


def test_the_time_is_told_for_all_networks_and_for_each(qtbot: QtBot, wizard: Wizard) -> None:
    page = PreviewStep(wizard)
    qtbot.addWidget(page)
    each = (("lite0", 0.6, 1200.0), ("mobile", 0.4, 900.0))
    page._timed_for = page._asked_for
    trial = DryRun(24, 0.5, 2**31, 2100.0, 2, "CPU", each)
    page.site.state = SiteState(("site", 1), False, "ready", dry_run=trial)
    page._here = True
    page._show()
    assert "The training of all 2 networks takes at most 35 min" in page.time_words.text()
    assert "(lite0: 0.6 s a step, 20 min; mobile: 0.4 s a step, 15 min)" in page.time_words.text()


def test_a_process_that_dies_reads_the_same_place_again(
    qtbot: QtBot, wizard: Wizard, place: Path, until: Until
) -> None:
    import psutil

    page = DataStep(wizard)
    shown(qtbot, page)
    page.open(str(place))
    until(lambda: page.may_leave() is None)
    page._exclude("nothing is chosen, so nothing happens")
    psutil.Process(wizard.site.process.pid).kill()
    until(lambda: page.site.phase in ("listing", "reading"))
    until(lambda: page.may_leave() is None)
    assert len(page.site.films) == 13


def test_times_are_told_in_words() -> None:
    assert [_duration(one) for one in (3, 44, 200, 5400, 86400 * 3)] == ["10 s", "40 s", "3 min", "1.5 h", "3.0 days"]
