"""Reading when a process dies, fails, has no bundle or is not ready: it is said in words, and the films stay."""

from __future__ import annotations

from collections.abc import Callable

from tests.gui.conftest import MakeFilm, OpenWindow, assessed


def test_a_decoder_that_dies_once_is_replaced_and_the_film_opens(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("kills-once"))])
    wait(lambda: window.page.area.film is not None)
    assert window.notice.sentence == "The decoder ended unexpectedly; it was started again and tries once more."


def test_a_film_that_kills_the_decoder_is_tried_twice_and_never_again(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    film = make_film("kills")
    window.open_paths([str(film)])
    wait(lambda: "Failed" in window.page.area.placard.words)
    assert "The decoder ended unexpectedly on this file." in window.page.area.placard.words
    assert window.notice.sentence == "The decoder ended twice on the same file, which is not tried again."
    assert "is not tried again" in window.page.area.placard.words
    window.actions_["findings.assess"].trigger()
    wait(lambda: "Failed" in window.page.area.placard.words)
    assert film.with_suffix(".tries").read_text() == "xx"


def test_the_others_open_after_a_film_that_killed_the_decoder(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("a-kills")), str(make_film("b-refer"))])
    wait(lambda: "Failed" in window.page.area.placard.words)
    window.actions_["film.next"].trigger()
    wait(lambda: assessed(window))


def test_an_engine_that_dies_is_named_and_the_film_stays(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("ends-networks")), str(make_film("refer"))])
    wait(lambda: "twice on the same file" in window.notice.sentence)
    assert window.page.area.film is not None
    window.actions_["film.next"].trigger()
    wait(lambda: assessed(window))


def test_an_engine_that_fails_on_a_film_says_so_and_is_not_called_missing(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window()
    window.open_paths([str(make_film("fails"))])
    wait(lambda: "Not assessed" in window.page.findings.sentences)
    assert "The engine failed on this image: out of memory." in window.page.findings.sentences


def test_without_a_bundle_films_can_be_read_and_the_window_says_why_there_is_no_finding(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window(assessor="tests.gui.standins:no_bundle")
    window.open_paths([str(make_film("refer"))])
    wait(lambda: window.page.area.film is not None)
    wait(lambda: "There is no bundle at models/adult-covid." in window.page.findings.sentences)
    assert window.state == "No networks; films can be read"


def test_a_film_can_be_read_while_the_networks_get_ready(
    open_window: OpenWindow, make_film: MakeFilm, wait: Callable
) -> None:
    window = open_window(assessor="tests.gui.standins:slow_assessor")
    window.open_paths([str(make_film("refer"))])
    wait(lambda: window.page.area.film is not None)
    assert "The networks are getting ready." in window.page.findings.sentences
