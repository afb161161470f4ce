"""The shelf: what is in use is always a whole bundle, and who put it there is known."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core import places
from core.errors import BundleRefused
from core.inference import shelf
from core.inference.bundles import Bundle, load
from core.training.bundling import remade


@pytest.fixture(scope="module")
def second(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same members as another version."""
    return remade(small_bundle, tmp_path_factory.mktemp("second") / "bundle", version="2.0.0")


@pytest.fixture(scope="module")
def third(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return remade(small_bundle, tmp_path_factory.mktemp("third") / "bundle", version="3.0.0")


@pytest.fixture(autouse=True)
def shipped(small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_home: Path) -> Path:
    """A program that comes with the small bundle as its default."""
    folder = tmp_path / "models"
    shutil.copytree(small_bundle.folder, folder / shelf.DEFAULT)
    monkeypatch.setattr(places, "SHIPPED_BUNDLES", folder)
    return folder / shelf.DEFAULT


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(BundleRefused) as caught:
        act()
    return caught.value.code


def versions() -> list[tuple[str, bool]]:
    return [(row.bundle.version, row.in_use) for row in shelf.listed() if row.bundle]


def test_as_shipped_the_default_is_in_use(small_bundle: Bundle) -> None:
    assert shelf.in_use().digest == small_bundle.digest
    assert versions() == [("1.0.0", True)]
    assert shelf.log() == ()


def test_an_imported_bundle_is_used_after_it_was_promoted(second: Bundle) -> None:
    shelf.imported(second.folder)
    assert versions() == [("1.0.0", True), ("2.0.0", False)]
    shelf.promote("small 2.0.0", who="A. Reader")
    assert versions() == [("1.0.0", False), ("2.0.0", True)]
    (line,) = shelf.log()
    assert (line.sequence, line.who, line.action, line.digest) == (1, "A. Reader", "promote", second.digest)
    assert line.when.endswith("+00:00")


def test_own_bundles_live_in_the_users_data(second: Bundle, own_home: Path, shipped: Path) -> None:
    before = sorted(shipped.parent.rglob("*"))
    assert shelf.imported(second.folder).folder.is_relative_to(own_home)
    assert sorted(shipped.parent.rglob("*")) == before


def test_a_file_is_imported_and_exported_as_the_same_bundle(second: Bundle, tmp_path: Path) -> None:
    shelf.imported(second.folder)
    shelf.exported("small 2.0.0", tmp_path / "two.hilum")
    shelf.remove("small 2.0.0")
    assert shelf.imported(tmp_path / "two.hilum").digest == second.digest


def test_the_same_bundle_twice_is_one_and_another_of_its_name_and_version_is_refused(
    second: Bundle, tmp_path: Path
) -> None:
    shelf.imported(second.folder)
    shelf.imported(second.folder)
    assert len(versions()) == 2
    other = remade(second, tmp_path / "other", title="Another")
    assert code_of(lambda: shelf.imported(other.folder)) == "bundle-exists"


def test_rollback_takes_back_one_promotion_after_the_other(second: Bundle, third: Bundle) -> None:
    shelf.promote(second.folder)
    shelf.promote(third.folder)
    assert shelf.rollback().version == "2.0.0"
    assert shelf.in_use().version == "2.0.0"
    assert shelf.rollback().version == "1.0.0"
    assert shelf.in_use().version == "1.0.0"
    assert code_of(shelf.rollback) == "no-earlier-bundle"
    assert [line.action for line in shelf.log()] == ["promote", "promote", "rollback", "rollback"]
    shelf.promote(third.folder)
    assert shelf.rollback().version == "1.0.0"


def test_without_a_promotion_there_is_nothing_to_roll_back() -> None:
    assert code_of(shelf.rollback) == "no-earlier-bundle"


def test_a_bundle_in_use_that_is_spoiled_gives_way_to_the_last_good_one(second: Bundle, third: Bundle) -> None:
    shelf.promote(second.folder)
    folder = shelf.chosen(shelf.promote(third.folder).digest).folder
    card = folder / "card.md"
    card.write_bytes(card.read_bytes() + b"x")
    assert shelf.in_use().version == "2.0.0"
    spoiled = [row for row in shelf.listed() if row.bundle is None]
    assert [row.problem.code for row in spoiled if row.problem] == ["bundle-file-changed"]


def test_what_does_not_prove_itself_is_never_promoted(second: Bundle, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(second.folder, tmp_path / "broken"))
    (broken / "members/random.bin").write_bytes(b"")
    assert code_of(lambda: shelf.promote(broken)) == "bundle-file-changed"
    assert shelf.in_use().version == "1.0.0"
    assert shelf.log() == ()


def test_removed_bundles_go_to_the_trash_and_those_that_are_needed_stay(second: Bundle) -> None:
    shelf.imported(second.folder)
    place = shelf.remove("small 2.0.0")
    assert load(place).digest == second.digest
    assert versions() == [("1.0.0", True)]
    shelf.promote(second.folder)
    assert code_of(lambda: shelf.remove("small 2.0.0")) == "bundle-in-use"
    assert code_of(lambda: shelf.remove(shelf.DEFAULT)) == "bundle-shipped"
    assert code_of(lambda: shelf.remove("nothing")) == "bundle-missing"


def test_a_name_means_the_newest_of_its_versions(second: Bundle, small_bundle: Bundle) -> None:
    shelf.imported(second.folder)
    assert shelf.chosen("small").version == "2.0.0"
    assert shelf.chosen("small 1.0.0").version == "1.0.0"
    assert shelf.chosen(small_bundle.digest[:10]).version == "1.0.0"
    assert shelf.chosen(None).version == "1.0.0"
    assert code_of(lambda: shelf.chosen("no such name")) == "bundle-missing"


def test_a_damaged_log_is_said_so_and_not_overwritten(own_home: Path, second: Bundle) -> None:
    shelf.promote(second.folder)
    log = places.own_bundles() / "promotions.json"
    log.write_text("[{]", "utf-8")
    assert code_of(lambda: shelf.promote(second.folder)) == "bundle-unreadable"
    assert log.read_text("utf-8") == "[{]"


def test_a_program_without_any_bundle_says_where_it_looked(shipped: Path) -> None:
    shutil.rmtree(shipped)
    assert code_of(shelf.in_use) == "bundle-missing"
    assert shelf.listed() == ()
