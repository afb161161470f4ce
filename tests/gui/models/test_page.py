"""The models page: what is on the shelf, what may be done with it, and by whom it was done."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextTable
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QLineEdit
from pytestqt.qtbot import QtBot

from gui.models.page import ModelsPage
from tests.gui.models.conftest import LONG, Wait
from tests.stand_in_models import OWN, SHIPPED, SPOILED


def test_the_bundle_in_use_is_shown_first_with_its_card_as_a_page_to_read(page: ModelsPage) -> None:
    assert [line.accessibleName() for line in page.panel.lines.values()] == [
        "adult-covid 1, in use, comes with the program",
        "site 2, of this site",
        "older-1, cannot be used",
    ]
    assert page.detail.row == SHIPPED
    text = page.detail.card.toPlainText()
    assert "Intended use" in text
    assert "##" not in text
    assert any(isinstance(frame, QTextTable) for frame in page.detail.card.document().rootFrame().childFrames())
    assert not page.detail.use.isEnabled()
    assert not page.detail.delete.isVisible()


def test_every_control_of_the_page_has_an_accessible_name(page: ModelsPage, wait: Wait) -> None:
    page.detail.compare.chooser.look_at("/films")
    wait(lambda: page.detail.compare.chooser.choices)
    page.import_keras("/data/old-net.h5")
    wait(lambda: page.importing.asks)
    controls = [one for kind in (QAbstractButton, QAbstractSlider, QLineEdit) for one in page.findChildren(kind)]
    nameless = [one for one in controls if not one.accessibleName() and not one.objectName().startswith("qt_")]
    assert [one for one in nameless if "ScrollBar" not in repr(one)] == []


def test_a_card_loads_nothing_that_it_names(page: ModelsPage, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"")
    assert page.detail.card.loadResource(2, QUrl.fromLocalFile(str(picture))) is None
    assert not page.detail.card.openLinks()


def test_a_spoiled_bundle_says_why_and_can_only_be_deleted(page: ModelsPage) -> None:
    page.choose(SPOILED.key)
    assert page.detail.sentence == "The bundle's file card.md is not the one it was published with."
    assert not page.detail.use.isVisible()
    assert not page.detail.check.isVisible()
    assert page.detail.delete.isEnabled()


def test_promotion_and_rollback_are_signed_and_start_the_networks_again(
    page: ModelsPage, qtbot: QtBot, wait: Wait
) -> None:
    page.choose(OWN.key)
    with qtbot.waitSignal(page.put_into_use, timeout=LONG), qtbot.waitSignal(page.notice, timeout=LONG) as said:
        page.detail.use.click()
    assert said.args == ["site 2 is in use now; the networks start again with it."]
    assert page.panel.log[0].endswith("AR: site 2 put into use")
    assert page.detail.row is not None
    assert page.detail.row.in_use
    assert not page.detail.use.isEnabled()
    with qtbot.waitSignal(page.put_into_use, timeout=LONG):
        page.panel.buttons["back"].click()
    assert page.panel.log[0].endswith("AR: adult-covid 1 put back into use")


def test_what_was_deleted_can_be_taken_back(page: ModelsPage, wait: Wait) -> None:
    page.choose(OWN.key)
    page.detail.delete.click()
    wait(lambda: OWN.key not in page.panel.lines)
    assert page.detail.row == SHIPPED
    assert page.panel.buttons["undo"].isVisible()
    page.panel.buttons["undo"].click()
    wait(lambda: OWN.key in page.panel.lines)
    assert not page.panel.buttons["undo"].isVisible()


def test_a_bundle_is_verified_and_the_figures_are_said(page: ModelsPage, wait: Wait) -> None:
    page.detail.check.click()
    wait(lambda: page.detail.sentence.startswith("Verified"))
    assert "openvino on CPU in f32, probabilities within 2.0e-06" in page.detail.sentence
    assert page.detail.sentence.endswith("Not tried: Keras is not installed.")


def test_a_bundle_is_written_as_one_file(page: ModelsPage, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(page.notice, timeout=LONG):
        page.export(str(tmp_path / "out.hilum"))
    assert (tmp_path / "out.hilum").is_file()


def test_files_of_networks_are_taken_here_and_films_are_not(page: ModelsPage, wait: Wait) -> None:
    assert not page.take(["/films/a.dcm"])
    assert not page.take(["/a.hilum", "/b.hilum"])
    assert page.take(["/data/new.hilum"])
    wait(lambda: page.detail.row is not None and page.detail.row.key == "c" * 64)
    assert page.detail.sentence == "It is on the shelf, and not in use yet."


def test_next_and_previous_go_through_the_shelf(page: ModelsPage) -> None:
    page.step(1)
    assert page.detail.row == OWN
    page.step(-1)
    page.step(-1)
    assert page.detail.row == SHIPPED


def test_a_keras_file_is_asked_about_and_becomes_a_bundle(page: ModelsPage, wait: Wait) -> None:
    page.import_keras("/data/old-net.h5")
    form = page.importing
    wait(lambda: form.asks)
    assert "keras-mobilenetv2, 2.3 million parameters, input 224 × 224 × 3, 2 classes by one sigmoid" in form.facts
    assert form.naming.field.text() == "old-net"
    form.naming.button.click()
    assert form.wrong.startswith("Output 0, 1 has no name yet")
    for field, name in zip(form.names, ("normal", "covid"), strict=True):
        field.setText(name)
    form.naming.button.click()
    wait(lambda: page.detail.row is not None and page.detail.row.key == "c" * 64)
    assert "within 3.0e-07 on 8 simulated films" in page.detail.sentence


def test_a_keras_file_that_is_refused_says_why(page: ModelsPage, wait: Wait) -> None:
    page.import_keras("/data/refuse.h5")
    wait(lambda: not page.watch.working)
    assert page.importing.facts == "net.h5 would run code of its own (a Lambda); nothing of it was opened."
    assert not page.importing.asks
    page.importing.back.click()
    assert page.detail.isVisible()
