"""Every word colour can be read on every ground."""

from __future__ import annotations

from itertools import product

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from gui import theme

WORDS = ("text", "quiet", "accent", "refer", "error", "focus")
GROUNDS = ("ground", "panel", "raised")


@pytest.mark.parametrize(("tokens", "word", "ground"), list(product(theme.THEMES.values(), WORDS, GROUNDS)))
def test_every_word_stands_out_from_every_ground(tokens: theme.Tokens, word: str, ground: str) -> None:
    assert theme.contrast(getattr(tokens, word), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("word", WORDS)
def test_words_on_the_film_stand_out_from_black(word: str) -> None:
    assert theme.contrast(getattr(theme.ON_FILM, word), theme.DARK.canvas) >= 4.5


@pytest.mark.parametrize("tokens", theme.THEMES.values())
def test_the_word_on_the_one_thing_to_press_stands_out(tokens: theme.Tokens) -> None:
    assert theme.contrast(tokens.ground, tokens.accent) >= 4.5


def test_the_ratio_is_that_of_wcag() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_canvas_is_black_in_every_theme() -> None:
    assert {tokens.canvas for tokens in theme.THEMES.values()} == {"#000000"}


def test_an_icon_is_drawn_in_the_colour_it_is_asked_for(qapp: QApplication) -> None:
    image = theme.drawn("open", QColor("#ff0000"), 64)
    inked = [image.pixelColor(x, y) for x in range(64) for y in range(64) if image.pixelColor(x, y).alpha() == 255]
    assert inked
    assert {colour.name() for colour in inked} == {"#ff0000"}
