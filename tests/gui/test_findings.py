"""The findings panel: what a probability stands for, where the ensemble looked, and whose numbers they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gui.reading.finding_row import FindingRow
from gui.reading.meaning import Meaning, meaning_of, of_attention
from gui.window import Window
from tests.gui.conftest import MakeFilm, OpenWindow
from tests.gui.standins import CLASSES, MIX, POINTS, TITLES


def about(**changes: object) -> Mapping[str, object]:
    point = {"name": "balanced", "threshold": 0.35}
    return {
        "name": "stand-in",
        "titles": TITLES,
        "suspicion": ["pneumonia", "covid"],
        "class_mix": MIX,
        "operating_point": point,
        **changes,
    }


def plain_spaces(text: str) -> str:
    """A number and its unit stay on one line in the panel; here an ordinary space is easier to read."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def said(window: Window) -> str:
    return plain_spaces(window.page.findings.sentences)


def numbers(window: Window) -> list[str]:
    return [row.accessibleName() for row in window.page.findings.widget().findChildren(FindingRow)]


def test_a_probability_is_said_as_a_frequency_with_the_mix_that_it_holds_for(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: "Refer" in said(window))
    assert "Of 100 such films in the test set, about 71 had it; 35 % of that set were COVID-19." in said(window)
    assert "Operating point balanced\n0.35" in said(window)


def test_another_finding_brings_its_own_frequency_and_members(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: "Refer" in said(window))
    assert "Member lite2\n0.64" in said(window)
    window.actions_["findings.next"].trigger()
    window.actions_["findings.next"].trigger()
    assert window.page.area.chosen == "pneumonia"
    assert "about 21 had it; 22 % of that set were pneumonia." in said(window)
    assert "Member lite2\n0.28" in said(window)
    assert "COVID-19." not in said(window)
    window.page.area.choose("normal")
    assert "about 8 were normal; 44 % of that set were normal." in said(window)


def test_attention_in_the_lungs_stands_beside_their_share_of_the_picture(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer-lungs"))])
    wait(lambda: "Refer" in said(window))
    assert "31 % of what speaks for COVID-19 lies inside the lungs, which are 28 % of the picture: " in said(window)
    assert "little more than chance." in said(window)
    window.page.area.choose("pneumonia")
    assert "62 % of what speaks for pneumonia lies inside" in said(window)
    window.page.area.choose("normal")
    assert "lies inside the lungs" not in said(window)


def test_without_lungs_nothing_is_said_of_them(open_window: OpenWindow, make_film: MakeFilm, wait: Callable) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: "Refer" in said(window))
    assert "lungs" not in said(window)


@pytest.mark.parametrize(
    ("share", "judged"),
    [
        (0.10, "less than chance would put there"),
        (0.28, "what chance would put there"),
        (0.31, "little more than chance"),
        (0.56, "2.0 times what chance would put there"),
    ],
)
def test_attention_is_judged_against_chance(share: float, judged: str) -> None:
    assert of_attention("Pneumonia", share, 0.28).endswith(f"of the picture: {judged}.")


def test_a_sites_prevalence_reweights_the_numbers_and_says_so(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("refer"))])
    wait(lambda: "Refer" in said(window))
    site = {"normal": 0.9, "pneumonia": 0.08, "covid": 0.02}
    window.preferences.put("prevalence/stand-in", site)
    # By hand: (0.0833, 0.21, 0.7067) · site / (0.5, 0.25, 0.25), and the sum made 1.
    assert numbers(window) == [
        "Normal, probability 0.55 at this site, 0.08 before re-weighting",
        "Pneumonia, probability 0.25 at this site, 0.21 before re-weighting",
        "COVID-19, probability 0.21 at this site, 0.71 before re-weighting",
    ]
    assert "Re-weighted to this site: 90 % normal, 8 % pneumonia, 2 % COVID-19." in said(window)
    assert "The operating point stays on the suspicion before that." in said(window)
    assert "Suspicion\n0.92" in said(window)
    assert "Of 100 such films at a site of this mix, about 21 would have it" in said(window)
    assert window.page.studies.entries[0].outcome == "Refer Normal 0.55"
    window.preferences.put("prevalence/stand-in", None)
    assert numbers(window)[0] == "COVID-19, probability 0.71"
    assert window.page.studies.entries[0].outcome == "Refer COVID-19 0.71"


@pytest.mark.parametrize(
    "site",
    [
        "a word",
        {"normal": 1.0},
        {"normal": -1, "pneumonia": 1, "covid": 1},
        {"normal": 0, "pneumonia": 0, "covid": 0},
        {"normal": "x", "pneumonia": 1, "covid": 1},
    ],
)
def test_a_damaged_prevalence_is_none(site: object) -> None:
    assert meaning_of(about()).at_site(site).site is None


def test_a_bundle_without_a_mix_says_no_frequency_and_is_not_reweighted() -> None:
    meaning = meaning_of(about(class_mix={}))
    assert meaning.frequency("covid", 0.7) == ""
    assert meaning.at_site(dict.fromkeys(CLASSES, 1 / 3)).site is None


def test_a_certainty_that_was_not_there_is_not_said() -> None:
    meaning = Meaning(titles=TITLES, mix={"covid": 0.001}, mix_of="test set", suspicious=frozenset(["covid"]))
    assert "fewer than 1 had it; under 1 % of" in plain_spaces(meaning.frequency("covid", 0.001))
    assert "more than 99 had it" in meaning.frequency("covid", 0.999)


def test_under_another_operating_point_the_film_is_asked_about_again(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("a-refer")), str(make_film("b-refer"))])
    wait(lambda: "Refer" in said(window))
    window.actions_["film.next"].trigger()
    wait(lambda: "Refer" in said(window))
    window.preferences.put("point/stand-in", "cautious")
    window.assessor.renew({"operating_point": "cautious"})
    wait(lambda: "Below the operating point" in said(window))
    assert f"Operating point cautious\n{POINTS['cautious']}" in said(window)
    # What was answered under the other point is no longer true of the other film.
    assert window.page.studies.entries[0].assessment is None
