"""One row for each film: refused ones without a score, assessed ones with everything, whatever happens."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import ImageFailed, ImageRefused
from core.imaging.film import Film, film_of
from core.imaging.phantom import simulate
from core.imaging.prepare import Corrections
from core.inference.assessing import Assessor, unread
from core.inference.assessment import Assessment
from core.inference.bundles import Bundle
from core.inference.engines.base import Output
from core.inference.novelty import learnt
from core.inference.worker import serve
from core.training.bundling import remade
from tests import offline
from tests.films import radiograph, write_dicom, write_png

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def assessor(small_bundle: Bundle) -> Assessor:
    return Assessor(small_bundle, "openvino", "cpu", key=b"a key of this run")


@pytest.fixture(scope="module")
def film_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pixels = (simulate(11, "consolidation", rows=320).pixels >> 4).astype(np.uint8)
    return write_dicom(tmp_path_factory.mktemp("films") / "film.dcm", pixels)


@pytest.fixture
def film(film_path: Path) -> Film:
    return film_of(radiograph(film_path))


def as_stored(film: Film, **facts: object) -> Film:
    return replace(film, facts=replace(film.facts, **facts))


def without_seconds(row: Assessment) -> Assessment:
    return replace(row, seconds=type(row.seconds)())


def test_an_assessed_film_has_a_whole_row(assessor: Assessor, film: Film, small_bundle: Bundle) -> None:
    row, maps = assessor.assess(film)
    assert row.status == "assessed"
    assert row.probabilities is not None
    assert sum(row.probabilities.values()) == pytest.approx(1)
    assert row.finding == max(row.probabilities, key=lambda name: row.probabilities[name])
    assert row.suspicion == pytest.approx(row.probabilities["bright"] + row.probabilities["dark"])
    assert row.refer is (row.suspicion >= 0.5)
    assert [member.name for member in row.members] == ["stretched", "boxed", "random"]
    assert row.bundle is not None
    assert row.bundle.digest == small_bundle.digest
    assert (row.engine, row.device, row.precision) == ("openvino", "CPU", "f32")
    assert row.attention_in_lungs is not None
    assert set(row.attention_in_lungs) == set(row.probabilities)
    assert row.view == "PA"
    assert row.seconds.infer > 0
    assert maps is not None
    assert maps.values.shape == (3, 64, 64)
    assert maps.classes == ("normal", "bright", "dark")


def test_a_row_survives_json(assessor: Assessor, film: Film) -> None:
    for override, one in ((None, film), ("asked", as_stored(film, view="LL")), (None, as_stored(film, view="LL"))):
        row, _maps = assessor.assess(one, override)
        text = json.dumps(row.as_json(), allow_nan=False)
        assert Assessment.from_json(json.loads(text)) == row
        assert Assessment.from_json({**json.loads(text), "later": 1}) == row


def test_the_keys_of_a_row_are_those_that_are_promised(assessor: Assessor, film: Film) -> None:
    promised = (
        "path, frame, study, sha256, status, reasons, view, corrections, probabilities, finding, refer, override, "
        "suspicion, spread, members, attention_in_lungs, area_in_lungs, bundle, engine, device, precision, seconds"
    )
    assert list(assessor.assess(film)[0].as_json()) == promised.split(", ")


def test_a_refused_film_gets_no_score(assessor: Assessor, film: Film) -> None:
    row, maps = assessor.assess(as_stored(film, view="LL"))
    assert (row.status, maps) == ("refused", None)
    assert [reason.code for reason in row.reasons] == ["gate-not-frontal"]
    assert (row.probabilities, row.finding, row.refer, row.suspicion, row.spread, row.members) == (None,) * 5 + ((),)


def test_an_overridden_film_is_assessed_and_says_why(assessor: Assessor, film: Film) -> None:
    row, maps = assessor.assess(as_stored(film, view="LL"), override="the tag is wrong")
    assert row.status == "assessed"
    assert row.override == "the tag is wrong"
    assert [reason.code for reason in row.reasons] == ["gate-not-frontal", "overridden"]
    assert row.refer is not None
    assert row.probabilities is not None
    assert maps is not None


def test_an_override_that_was_not_needed_is_not_kept(assessor: Assessor, film: Film) -> None:
    row, _maps = assessor.assess(film, override="just in case")
    assert row.override is None
    assert row.reasons == ()


def test_declared_corrections_are_in_the_row(assessor: Assessor, film_path: Path) -> None:
    declared = Corrections(negative=True, turned=180, mirrored=True)
    row, _maps = assessor.assess(film_of(radiograph(film_path), declared), override="a test")
    assert row.corrections == declared
    codes = [reason.code for reason in row.reasons]
    assert codes[:3] == ["declared-negative", "declared-turned", "declared-mirrored"]


def test_a_declared_negative_of_a_negative_is_the_film(assessor: Assessor, film_path: Path, tmp_path: Path) -> None:
    plain = radiograph(film_path)
    negative = radiograph(write_dicom(tmp_path / "negative.dcm", 255 - plain.stored))
    row, _maps = assessor.assess(film_of(negative, Corrections(negative=True)))
    assert row.probabilities == pytest.approx(assessor.assess(plain)[0].probabilities, abs=1e-4)


def test_films_of_one_study_are_joined_by_a_hash_that_cannot_be_looked_up(
    assessor: Assessor, film: Film, small_bundle: Bundle
) -> None:
    row = assessor.assess(film)[0]
    assert row.study == assessor.assess(as_stored(film, view="AP"))[0].study
    assert film.facts.study_uid is not None
    assert film.facts.study_uid not in json.dumps(row.as_json())
    assert row.study != Assessor(small_bundle, "openvino", "cpu", key=b"another run").assess(film)[0].study
    assert assessor.assess(as_stored(film, study_uid=None))[0].study is None


def test_a_film_alone_and_among_others_gives_the_same_bits(assessor: Assessor, film: Film) -> None:
    films = [film, as_stored(film, view="LL"), replace(film, corrections=Corrections(mirrored=True)), film]
    films[2] = replace(films[2], settled=replace(film.settled, pixels=film.settled.pixels[:, ::-1].copy()))
    alone = [assessor.assess(one, maps=False)[0] for one in films]
    together = [row for row, _maps in assessor.assess_many(films)]
    assert [without_seconds(row) for row in together] == [without_seconds(row) for row in alone]
    assert [row.status for row in together] == ["assessed", "refused", "assessed", "assessed"]


class Broken:
    """An engine whose device gives up on some films: it answers NaN for the films that are told."""

    name, device, precision, note = "openvino", "GPU", "f32", None

    def __init__(self, engine, bad: float) -> None:
        self.engine, self.bad = engine, bad

    def run(self, member: str, pixels: np.ndarray) -> Output:
        output = self.engine.run(member, pixels)
        if member == "boxed" and (np.abs(pixels.mean(axis=(1, 2, 3)) - self.bad) < 1e-6).any():
            raise ImageFailed("not-finite")
        return output

    def close(self) -> None: ...


def test_a_member_that_gives_no_number_fails_its_film_and_no_other(
    assessor: Assessor, film: Film, small_bundle: Bundle
) -> None:
    from core.imaging.prepare import fit

    other = replace(film, settled=replace(film.settled, pixels=film.settled.pixels // 2 + 9000))
    boxed = small_bundle.input(small_bundle.members[1])
    broken = Assessor(small_bundle, Broken(assessor.engine, float(fit(other.settled, boxed.steps).pixels.mean())))
    rows = [row for row, _maps in broken.assess_many([film, other, film])]
    assert [row.status for row in rows] == ["assessed", "failed", "assessed"]
    assert [reason.code for reason in rows[1].reasons] == ["not-finite"]
    assert rows[1].probabilities is None
    assert rows[0].probabilities == assessor.assess(film)[0].probabilities


def test_a_film_unlike_the_known_ones_is_refused_without_a_score(
    assessor: Assessor, film: Film, small_bundle: Bundle, tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    run = assessor._run([film])[0]
    own = {name: output.features for name, output in run.outputs.items()}
    near = {name: v + 0.05 * rng.normal(size=(200, v.shape[1])).astype(np.float32) for name, v in own.items()}
    far = {name: v + 3 + rng.normal(size=(30, v.shape[1])).astype(np.float32) for name, v in own.items()}
    strict = Assessor(remade(small_bundle, tmp_path / "near", novelty=learnt(near, far)), "openvino", "cpu")
    assert strict.assess(film)[0].status == "assessed"
    # All light: the first channel of the members that are set by hand answers with its full 5 everywhere.
    light = np.full_like(film.settled.pixels, 65535)
    strange = replace(film, settled=replace(film.settled, pixels=light))
    row, maps = strict.assess(strange)
    assert (row.status, row.probabilities, maps) == ("refused", None, None)
    assert row.reasons[-1].code == "gate-novel"
    row, _maps = strict.assess(strange, override="a phantom")
    assert (row.override, row.probabilities is not None) == ("a phantom", True)


def test_an_ensemble_that_abstains_still_says_what_it_would_refer(
    small_bundle: Bundle, film: Film, tmp_path: Path
) -> None:
    rule = {"words": "It abstains near the threshold.", "max_spread": None, "margin": 1.0}
    row, maps = Assessor(remade(small_bundle, tmp_path / "b", abstention=rule), "openvino", "cpu").assess(film)
    assert row.status == "abstained"
    assert [reason.code for reason in row.reasons] == ["near-the-threshold"]
    assert row.refer is not None
    assert row.probabilities is not None
    assert maps is not None


def test_what_cannot_be_opened_has_a_row_too() -> None:
    refused = unread("a.txt", ImageRefused("not-an-image"))
    failed = unread("b.dcm", ImageFailed("no-permission"), frame=3)
    assert (refused.status, refused.reasons[0].code) == ("refused", "not-an-image")
    assert (failed.status, failed.frame) == ("failed", 3)


def test_the_worker_answers_what_the_assessor_says(assessor: Assessor, film: Film, small_bundle: Bundle) -> None:
    handle = serve(bundle=str(small_bundle.folder), engine="openvino", device="cpu", key=b"a key of this run")
    row, maps = handle(("assess", film, None))
    wanted, drawn = assessor.assess(film)
    assert without_seconds(row) == without_seconds(wanted)
    assert np.array_equal(maps.values, drawn.values)
    assert handle(("assess", film, None, False))[1] is None
    assert [without_seconds(one) for one, _maps in handle(("assess-many", [film], None))] == [without_seconds(wanted)]
    about = handle(("about",))
    assert json.loads(json.dumps(about))["titles"] == {"normal": "Normal", "bright": "Bright", "dark": "Dark"}
    with pytest.raises(ValueError, match="knows"):
        handle(("sing",))


def assessed_apart(prefix: list[str], bundle: Bundle, film: Path) -> tuple[dict, str]:
    command = [
        *prefix,
        sys.executable,
        "tests/without_training.py",
        "assess",
        str(film),
        "--json",
        "--bundle",
        str(bundle.folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_assessing_needs_no_tensorflow(small_bundle: Bundle, film_path: Path, assessor: Assessor, film: Film) -> None:
    row, _words = assessed_apart([], small_bundle, film_path)
    wanted = assessor.assess(film)[0]
    assert row["engine"] == "openvino"
    assert row["probabilities"] == wanted.probabilities, "bit for bit, through JSON"


@pytest.mark.skipif(not offline.is_possible(), reason="the filter is for Linux")
def test_assessing_works_where_the_internet_is_denied(small_bundle: Bundle, film_path: Path) -> None:
    row, _words = assessed_apart([sys.executable, "tests/offline.py", "end"], small_bundle, film_path)
    assert row["status"] == "assessed"


def test_all_numbers_of_a_row_are_finite(assessor: Assessor, tmp_path: Path) -> None:
    for name, pixels in {
        "black": np.zeros((300, 300), np.uint8),
        "white": np.full((300, 300), 255, np.uint8),
        "noise": np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8),
    }.items():
        row, maps = assessor.assess(radiograph(write_png(tmp_path / f"{name}.png", pixels)), override="a test")
        assert row.probabilities is not None
        assert row.spread is not None
        assert all(math.isfinite(value) for value in (*row.probabilities.values(), row.spread))
        assert maps is not None
        assert np.isfinite(maps.values).all()
