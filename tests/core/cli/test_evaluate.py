"""`evaluate` prints one object, counts every look, and does not pass over a shortcut in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.main import run
from core.inference.bundles import Bundle
from tests import labelled_films


def _evaluate(*words: object) -> int:
    return run("nowhere:nothing", ["evaluate", *map(str, words)])


def test_shortcuts_must_be_acknowledged_with_a_reason(
    small_bundle: Bundle,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The drawn films have no lungs to be found, and the gate would say so.
    monkeypatch.setattr("core.inference.assessing.finder_for", lambda *_: None)
    labelled = labelled_films.make(tmp_path)
    assert _evaluate(small_bundle.folder, labelled, "--json") == 1
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert len(told.out.splitlines()) == 1
    assert (found["films"], found["patients"]) == (18, 9)
    assert found["test_set"]["openings"] == 1
    codes = [finding["code"] for finding in found["findings"]]
    assert "shortcut-thumbnail" in codes
    assert '--acknowledge shortcut-thumbnail="reason"' in told.err.replace("\n", " ")

    reasons = [f"--acknowledge={code}=light and dark is what they show" for code in codes]
    assert _evaluate(small_bundle.folder, labelled, "--json", *reasons) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["acknowledged"] == dict.fromkeys(codes, "light and dark is what they show")
    assert again["test_set"]["openings"] == 2
    assert again["figures"] == found["figures"]


@pytest.mark.parametrize("given", ["shortcut-thumbnail", "shortcut-thumbnail=", "=why"])
def test_an_acknowledgement_without_code_or_reason_is_wrong_usage(given: str, tmp_path: Path) -> None:
    assert _evaluate(tmp_path, tmp_path, "--acknowledge", given) == 2


def test_labels_that_are_not_there_are_one_sentence(
    small_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _evaluate(small_bundle.folder, tmp_path / "none.csv") == 1
    assert "there is no such file or folder" in capsys.readouterr().err
