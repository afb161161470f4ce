"""The form is the recipe's declaration: help, range, published values, and one sentence for what is wrong."""

from __future__ import annotations

import tomllib

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from core.training import recipes
from gui.training.form import RecipeForm
from tests.gui.conftest import LONG


@pytest.fixture
def form(qtbot: QtBot) -> RecipeForm:
    made = RecipeForm()
    qtbot.addWidget(made)
    made.resize(560, 500)
    made.show()
    return made


def said(form: RecipeForm) -> str:
    return "\n".join(label.text() for label in form.findChildren(QLabel))


@pytest.mark.parametrize("name", [recipe.name for recipe in recipes.shipped()])
def test_every_shipped_recipe_fills_the_form_and_comes_out_as_itself(form: RecipeForm, name: str) -> None:
    recipe = recipes.read(name)
    form.show_recipe(name, from_bundle=False, start=recipe.network.start)
    assert form.recipe == recipe
    assert recipes.checked(tomllib.loads(form.text)) == recipe
    assert form.changes == {}
    for section in form.sections:
        form.show_section(section)
        assert form.editors


def test_a_setting_shows_its_help_and_range_and_what_the_paper_says_or_leaves_open(form: RecipeForm) -> None:
    form.show_recipe("a-vgg19", from_bundle=False, start="imagenet")
    words = said(form)
    assert "A number, above 0, at most 1." in words
    assert "Published: 64" in words
    assert "Unspecified in the paper: Not said; the usual one of Adam in Keras." in words


def test_a_bundle_brings_its_networks_so_that_nobody_is_asked_for_them(form: RecipeForm) -> None:
    form.show_recipe("site-fine-tune", from_bundle=True, start="bundle")
    assert form.sections == ("phases.1", "phases.2", "augmentation", "balance", "protocol")
    form.show_recipe("site-fine-tune", from_bundle=False, start="imagenet")
    assert {"input", "network"} <= set(form.sections)


def test_what_is_typed_is_in_the_recipe_and_counts_as_changed(form: RecipeForm) -> None:
    form.show_recipe("site-fine-tune", from_bundle=True, start="bundle")
    rate = form.editors["phases.1.rate"]
    assert isinstance(rate, QLineEdit)
    rate.setText("0.001")
    rate.editingFinished.emit()
    assert form.changes == {"phases.1.rate": 0.001}
    assert tomllib.loads(form.text)["phases"][0]["rate"] == 0.001


def test_a_value_out_of_range_is_said_in_a_sentence_and_no_recipe_comes_out(form: RecipeForm) -> None:
    form.show_recipe("site-fine-tune", from_bundle=True, start="bundle")
    form.put("phases.1.rate", 7.0)
    assert "phases.1.rate" in form.problem
    assert "at most 1" in form.problem
    assert form.text == ""
    form.put("phases.1.rate", 0.5)
    assert (form.problem, form.changes) == ("", {"phases.1.rate": 0.5})


def test_what_has_no_meaning_beside_another_setting_goes_when_that_is_chosen(form: RecipeForm, qtbot: QtBot) -> None:
    form.show_recipe("site-fine-tune", from_bundle=True, start="bundle")
    assert "phases.1.floor" in form.editors
    form.put("phases.1.schedule", "constant")
    qtbot.waitUntil(lambda: "phases.1.floor" not in form.editors, timeout=LONG)


def test_what_lost_its_meaning_stands_in_nobodys_way(form: RecipeForm) -> None:
    form.show_recipe("site-fine-tune", from_bundle=True, start="bundle")
    form.put("phases.1.trainable", "all")
    assert form.problem == ""
    assert form.changes == {"phases.1.trainable": "all", "phases.1.count": None}
