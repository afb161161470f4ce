"""Plots: what is drawn lies where the axes say, in the colours of the theme, and says in words what to see."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui import theme
from gui.widgets import plots
from gui.widgets.plots import Axis, Chart, Line, Plot, Plotted, Point

SHARE = Axis("share", low=0, high=1)


@pytest.fixture
def plot(qtbot: QtBot, qapp: QApplication) -> Plot:
    theme.apply(qapp, theme.DARK)
    made = Plot()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


def colour_at(picture: QImage, where: QPointF) -> str:
    return picture.pixelColor(round(where.x()), round(where.y())).name()


def has_line_at(picture: QImage, where: QPointF, token: str = "accent") -> bool:
    """Whether a line of that colour passes: smoothing may share it out between two rows of pixels."""
    wanted = theme.colour(token)
    near = [picture.pixelColor(round(where.x()), round(where.y()) + by) for by in (-1, 0, 1)]
    return any(abs(one.blue() - wanted.blue()) + abs(one.red() - wanted.red()) < 150 for one in near)


def test_a_point_of_a_line_lies_where_its_axes_say(plot: Plot) -> None:
    plot.show_chart(Chart("", SHARE, SHARE, (Line("", (0, 1), (0.5, 0.5)),)))
    picture = plot.grab().toImage()
    assert has_line_at(picture, plot.place(0.3, 0.5))
    assert not has_line_at(picture, plot.place(0.3, 0.55))
    assert plot.place(0, 0).y() > plot.place(0, 1).y()


def test_an_interval_is_a_band_around_its_line_and_nothing_beyond(plot: Plot) -> None:
    line = Line("", (0, 1), (0.5, 0.5), lows=(0.3, 0.3), highs=(0.7, 0.7))
    plot.show_chart(Chart("", SHARE, SHARE, (line,)))
    picture = plot.grab().toImage()
    inside, outside = (colour_at(picture, plot.place(0.53, y)) for y in (0.63, 0.85))
    assert inside not in (theme.DARK.ground, theme.DARK.accent)
    assert outside == theme.DARK.ground


def test_a_value_that_is_no_number_leaves_a_gap(plot: Plot) -> None:
    plot.show_chart(Chart("", SHARE, SHARE, (Line("", (0, 0.4, 0.5, 0.6, 1), (0.5, 0.5, math.nan, 0.5, 0.5)),)))
    picture = plot.grab().toImage()
    assert not has_line_at(picture, plot.place(0.47, 0.5))
    assert has_line_at(picture, plot.place(0.3, 0.5))


def test_the_colours_are_those_of_the_theme_in_use(plot: Plot, qapp: QApplication) -> None:
    plot.show_chart(Chart("", SHARE, SHARE, (Line("", (0, 1), (0.5, 0.5)),)))
    theme.apply(qapp, theme.LIGHT)
    assert has_line_at(plot.grab().toImage(), plot.place(0.3, 0.5))
    theme.apply(qapp, theme.DARK)


@pytest.mark.parametrize(
    ("low", "high", "whole", "said"),
    [
        (0, 1, False, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.031, 0.044, False, ["0.032", "0.034", "0.036", "0.038", "0.040", "0.042", "0.044"]),
        (1, 3, True, ["1", "2", "3"]),
        (0, 12000, False, ["0", "2000", "4000", "6000", "8000", "10000", "12000"]),
    ],
)
def test_the_numbers_on_an_axis_are_round(low: float, high: float, whole: bool, said: list[str]) -> None:
    assert [words for _tick, words in plots._ticks(low, high, whole)] == said


def test_one_value_alone_does_not_break_the_axes(plot: Plot) -> None:
    plot.show_chart(Chart("", Axis("epoch"), Axis("loss"), (Line("", (1,), (0.7,)),)))
    assert plot.ranges() == pytest.approx((0.9, 1.1, 0.63, 0.77))
    assert has_line_at(plot.grab().toImage(), plot.place(1, 0.7))


def test_before_there_is_anything_it_says_so(plot: Plot) -> None:
    plot.show_chart(Chart("", SHARE, SHARE, (Line("", (), ()),), empty="The first epoch is under way."))
    assert plot.grab().toImage() is not None


def test_pressing_a_place_tells_its_values(plot: Plot, qtbot: QtBot) -> None:
    plot.show_chart(Chart("", SHARE, SHARE, (Line("", (0, 1), (0, 1)),), points=(Point(0.2, 0.9, "here"),)))
    with qtbot.waitSignal(plot.picked) as told:
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=plot.place(0.25, 0.75).toPoint())
    assert told.args == pytest.approx([0.25, 0.75], abs=0.01)


def test_the_sentence_stands_under_the_plot_and_is_read_to_who_cannot_see_it(qtbot: QtBot) -> None:
    made = Plotted()
    qtbot.addWidget(made)
    made.show_chart(Chart("Loss", SHARE, SHARE, (Line("", (0, 1), (1, 0)),), sentence="Validation still falls."))
    assert made.sentence == "Validation still falls."
    assert made.plot.accessibleName() == "Loss"
    assert made.plot.accessibleDescription() == "Validation still falls."


def test_a_plot_of_shares_is_not_drawn_higher_than_wide_and_others_fill_their_place(qtbot: QtBot) -> None:
    made = Plotted()
    qtbot.addWidget(made)
    made.resize(300, 900)
    made.show()
    line = (Line("", (0, 1), (1, 0)),)
    made.show_chart(Chart("", SHARE, SHARE, line))
    qtbot.waitUntil(lambda: made.plot.height() == made.plot.width())
    made.show_chart(Chart("", Axis("epoch"), Axis("loss"), line))
    qtbot.waitUntil(lambda: made.plot.height() > 2 * made.plot.width())


def test_plots_side_by_side_stand_on_one_line_however_long_their_sentences(qtbot: QtBot) -> None:
    both = QWidget()
    qtbot.addWidget(both)
    row = QHBoxLayout(both)
    short, long = Plotted(), Plotted()
    for made, sentence in ((short, "Falls."), (long, "Falls, and falls again, as it should while there is to learn.")):
        row.addWidget(made, 1)
        made.show_chart(Chart("", Axis("epoch"), Axis("loss"), (Line("", (0, 1), (1, 0)),), sentence=sentence))
    both.resize(700, 400)
    both.show()
    qtbot.waitUntil(lambda: short.plot.height() == long.plot.height() > 200)
