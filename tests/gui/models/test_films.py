"""What labelled films tell: of other weights, of another bundle, of probabilities."""

from __future__ import annotations

from pathlib import Path

from gui.models.films import FilmsChooser
from gui.models.page import ModelsPage
from tests.gui.models.conftest import Wait
from tests.stand_in_models import OWN


def judge(page: ModelsPage, chooser: FilmsChooser, place: str, wait: Wait) -> None:
    chooser.look_at(place)
    wait(lambda: chooser.choices)
    chooser.begin()
    assert page.watch.working
    wait(lambda: not page.watch.working)


def test_labels_are_joined_to_classes_before_anything_is_judged(page: ModelsPage, wait: Wait) -> None:
    page.choose(OWN.key)
    page.detail.go_to("compare")
    chooser = page.detail.compare.chooser
    assert not chooser.judge.isVisible()
    chooser.look_at("/films")
    wait(lambda: chooser.choices)
    assert chooser.aliases == {"covid-19": "", "normal": "normal", "pneumonia": "pneumonia"}
    chooser.choices["covid-19"].choose("covid")
    assert chooser.aliases["covid-19"] == "covid"
    assert chooser.judge.isEnabled()
    for choice in chooser.choices.values():
        choice.choose("")
    assert not chooser.judge.isEnabled()
    chooser.look_at("/none")
    # From now on there is nothing to judge: what is shown is another place.
    assert not chooser.place
    wait(lambda: chooser.sentence == "There is no bundle at /none.")


def test_weights_that_are_dragged_show_their_score_and_become_a_bundle(page: ModelsPage, wait: Wait) -> None:
    page.detail.go_to("weights")
    tab = page.detail.weights
    assert [round(weight, 2) for weight in tab.weights] == [0.4, 0.4, 0.2]
    judge(page, tab.chooser, "/films", wait)
    assert tab.sentence == (
        "312 films of 290 patients: 104 Normal, 104 Pneumonia, 104 COVID-19. Left out: 12 seen in training or "
        "validation, 1 cannot be read."
    )
    wait(lambda: tab.figures["auroc"].text().startswith("0.840"))
    for slider, value in zip(tab.sliders, (100, 0, 0), strict=True):
        slider.setValue(value)
    assert tab.weights == (1, 0, 0)
    wait(lambda: tab.figures["auroc"].text() == "0.900 (0.85 to 0.95)")
    assert tab.figures["better_by"].text() == "+0.060 (+0.040 to +0.080)"
    tab.equal.click()
    assert len({round(weight, 6) for weight in tab.weights}) == 1
    tab.own.click()
    assert [round(weight, 2) for weight in tab.weights] == [0.4, 0.4, 0.2]
    tab.naming.field.setText("mine")
    tab.naming.button.click()
    wait(lambda: page.detail.row is not None and page.detail.row.name == "mine")
    assert page.detail.sentence == "It is on the shelf, and not in use yet."


def test_a_comparison_is_one_sentence_first(page: ModelsPage, wait: Wait) -> None:
    page.choose(OWN.key)
    page.detail.go_to("compare")
    tab = page.detail.compare
    # What is in use is what a new bundle has to be better than.
    assert tab.other.value == "a" * 64
    judge(page, tab.chooser, "/films", wait)
    assert tab.sentence == "site 2 is better by 0.030 mean AUROC than adult-covid 1."
    assert tab.table.texts()[0] == [
        "Mean AUROC",
        "0.840 (0.80 to 0.88)",
        "0.870 (0.84 to 0.90)",
        "+0.030 (+0.010 to +0.050)",
    ]
    assert tab.table.texts()[3][0] == "AUROC, covid"
    judge(page, tab.chooser, "/few", wait)
    assert tab.sentence == "Too few images to tell."


def test_calibration_goes_from_films_to_reliability_to_a_bundle(page: ModelsPage, wait: Wait) -> None:
    page.choose(OWN.key)
    page.detail.go_to("calibrate")
    tab = page.detail.calibrate
    assert [button.isEnabled() for button in tab.steps] == [True, False, False]
    judge(page, tab.chooser, "/films", wait)
    assert tab.step == 1
    assert tab.before.plot.chart.diagonal
    assert tab.before.plot.chart.lines[0].ys != tab.after.plot.chart.lines[0].ys
    tab.of.choose("covid")
    assert tab.after.plot.chart.x.title == "said: COVID-19"
    tab.go_to(2)
    assert tab.why_not == ""
    wait(lambda: "Refer from a suspicion of 0.490" in tab.sentences)
    tab.wanted.setValue(80)
    wait(lambda: "Refer from a suspicion of 0.480" in tab.sentences)
    tab.naming.button.click()
    wait(lambda: page.detail.row is not None and page.detail.row.name == "site-calibrated")


def test_too_few_films_adopt_nothing_and_say_why(page: ModelsPage, wait: Wait) -> None:
    page.detail.go_to("calibrate")
    tab = page.detail.calibrate
    judge(page, tab.chooser, "/few", wait)
    tab.go_to(2)
    assert tab.why_not.startswith("Fewer than 100 films and 30 patients in a class")
    assert not tab.naming.button.isVisible()


def test_long_work_tells_how_far_it_is_and_stops(page: ModelsPage, wait: Wait, tmp_path: Path) -> None:
    page.detail.go_to("compare")
    chooser = page.detail.compare.chooser
    chooser.look_at(str(tmp_path / "slow"))
    wait(lambda: chooser.choices)
    chooser.begin()
    wait(lambda: chooser.working.bar.maximum() == 312)
    assert chooser.working.sentence == "120 of 312 films · 19 s left"
    assert not page.detail.check.isEnabled()
    # The other tabs say nothing of it, and begin nothing beside it.
    assert not page.detail.weights.chooser.working.isVisible()
    assert not page.detail.weights.chooser.judge.isEnabled()
    chooser.working.button.click()
    wait(lambda: not page.watch.working)
    assert page.detail.compare.films == "Stopped; nothing came of it."
    assert page.detail.check.isEnabled()
