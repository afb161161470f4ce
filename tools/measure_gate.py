"""How well the gate tells frontal chest films from other pictures: the figures of docs/gate.md.

    python tools/measure_gate.py [--bundle B] [--quick]
    python tools/measure_gate.py --lungs

Needs ../shared/data. The half of mixed-not-chest that tests/core/inference/gate_names.csv calls "judge" was not looked
at while the gate was tuned. Films of adult-cxr that the bundle was trained on are counted apart from the others when
the bundle's lineage knows them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from core.cohort.lineage import read_lineage  # noqa: E402
from core.errors import ImageFailed, ImageRefused  # noqa: E402
from core.evidence.intervals import wilson  # noqa: E402
from core.imaging.film import film_of  # noqa: E402
from core.imaging.prepare import Settled, settle  # noqa: E402
from core.imaging.reading import open_radiograph  # noqa: E402
from core.imaging.sources import ImageRef  # noqa: E402
from core.inference import gate  # noqa: E402
from core.inference.assessing import Assessor, unread  # noqa: E402
from core.inference.assessment import Assessment  # noqa: E402
from core.inference.lungs import LungFinder, shipped  # noqa: E402
from core.inference.shelf import chosen  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
NAMES = ROOT / "tests" / "core" / "inference" / "gate_names.csv"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", help="a bundle; the one in use when left out")
    parser.add_argument("--lungs", action="store_true", help="only what the lungs say, on every film at hand")
    parser.add_argument("--quick", action="store_true", help="every tenth film of adult-cxr only")
    options = parser.parse_args()
    if not DATA.is_dir():
        print("The folder ../shared/data is not here.")
        return 1
    if options.lungs:
        return _lungs(10 if options.quick else 1)
    assessor = Assessor(chosen(options.bundle), "openvino", "cpu")
    print(f"{assessor.bundle.name} {assessor.bundle.version}, digest {assessor.bundle.digest[:12]}\n")
    _others(assessor)
    _films(assessor, 10 if options.quick else 1)
    for folder in (ROOT / "resources" / "samples", DATA / "dicom" / "real"):
        _single(assessor, folder)
    return 0


def _lungs(step: int) -> int:
    """What the lungs alone say of films, of other pictures, and of films that were cut or turned."""
    bundle = shipped()
    if bundle is None:
        print("There is no lungs bundle.")
        return 1
    finder = LungFinder(bundle, "openvino", "cpu")
    print(f"{bundle.name} {bundle.version}, digest {bundle.digest[:12]}\n")
    found: dict[str, list[str]] = defaultdict(list)
    for folder in ("adult-cxr", "adult-other", "paediatric-pneumonia"):
        lines = csv.DictReader((DATA / folder / "images.csv").read_text("utf-8-sig").splitlines())
        for place, line in enumerate(list(lines)[::step]):
            settled = _settled(DATA / folder / line["path"])
            if settled is None:
                continue
            found[f"{folder}, {line.get('source', '')}"].append(_said(finder, settled))
            if place % 20 == 0:
                for name, own in _cut(settled).items():
                    found[f"cut: {name}"].append(_said(finder, own))
    for line in csv.DictReader(NAMES.read_text("utf-8").splitlines()):
        if (settled := _settled(DATA / "mixed-not-chest" / line["path"])) is not None:
            found[f"half that {line['half']}s: {line['kind']}"].append(_said(finder, settled))
    for path in sorted((ROOT / "resources" / "samples").glob("*.*")):
        if (settled := _settled(path)) is not None:
            found["our own simulated samples"].append(_said(finder, settled))
    for name, said in found.items():
        refused = [one.startswith("gate-") for one in said]
        counts = ", ".join(f"{code} {count}" for code, count in Counter(one for one in said if one).most_common())
        print(f"{name:48s} refused {_share(refused)}   {counts}")
    return 0


def _said(finder: LungFinder, settled: Settled) -> str:
    return ", ".join(reason.code for reason in gate.from_lungs(finder.find(settled)))


def _settled(path: Path) -> Settled | None:
    """None for what the reader refuses."""
    try:
        return settle(open_radiograph(ImageRef(str(path), None, 1, str(path.parent))))
    except (ImageRefused, ImageFailed):
        return None


def _cut(settled: Settled) -> dict[str, Settled]:
    """A film as somebody may have cut it, and mirrored, which must change nothing."""
    film = settled.pixels
    rows, columns = film.shape
    parts = {
        "left half": film[:, : columns // 2],
        "right half": film[:, columns // 2 :],
        "upper half": film[: rows // 2],
        "lower half": film[rows // 2 :],
        "middle": film[rows // 4 : 3 * rows // 4, columns // 4 : 3 * columns // 4],
        "left three quarters": film[:, : 3 * columns // 4],
        "upper three quarters": film[: 3 * rows // 4],
        "mirrored": film[:, ::-1],
    }
    return {name: Settled(np.ascontiguousarray(part), np.eye(3)) for name, part in parts.items()}


def _others(assessor: Assessor) -> None:
    """Pictures that are no frontal chest film: refused, by kind and half."""
    refused: dict[tuple[str, str], list[bool]] = defaultdict(list)
    codes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    passed = []
    for line in csv.DictReader(NAMES.read_text("utf-8").splitlines()):
        row = _row(assessor, DATA / "mixed-not-chest" / line["path"])
        refused[line["half"], line["kind"]].append(row.status == "refused")
        refused[line["half"], "all"].append(row.status == "refused")
        codes[line["half"], line["kind"]].update(_code(row))
        if row.status != "refused":
            passed.append(f"{line['path']} ({line['half']})")
    for half in ("judge", "tune"):
        print(f"mixed-not-chest, half that {half}s: refused")
        for kind in sorted(kind for one, kind in refused if one == half):
            reasons = ", ".join(f"{code} {count}" for code, count in codes[half, kind].most_common())
            print(f"  {kind:28s} {_share(refused[half, kind])}   {reasons}")
    print(f"  not refused: {', '.join(passed) or 'none'}\n")


def _films(assessor: Assessor, step: int) -> None:
    """Known frontal films: passed, by source, and whether training saw them."""
    lineage = read_lineage(assessor.bundle.path("lineage.npz"))
    passed: dict[tuple[str, str], list[bool]] = defaultdict(list)
    codes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for folder in ("adult-cxr", "adult-other"):
        lines = list(csv.DictReader((DATA / folder / "images.csv").read_text("utf-8").splitlines()))[::step]
        for line in lines:
            path = DATA / folder / line["path"]
            row, film = _row_and_film(assessor, path)
            seen = film is not None and lineage.seen(film.sha256, film.settled.pixels)
            for key in ((folder, line["source"]), (f"{folder}, not seen in training", line["source"])):
                if "not seen" in key[0] and seen:
                    continue
                passed[key].append(row.status in ("assessed", "abstained"))
                codes[key].update(_code(row))
    for key in sorted(passed):
        reasons = ", ".join(f"{code} {count}" for code, count in codes[key].most_common())
        print(f"{', '.join(key):45s} pass {_share(passed[key])}   {reasons}")
    print()


def _single(assessor: Assessor, folder: Path) -> None:
    """Each file of a folder by itself."""
    if not folder.is_dir():
        return
    print(folder.name)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        row = _row(assessor, path)
        if row.status == "failed" or any(reason.code in _NO_RADIOGRAPH for reason in row.reasons):
            continue
        print(f"  {path.relative_to(folder).as_posix():48s} {row.status:9s} {', '.join(_code(row))}")
    print()


_NO_RADIOGRAPH = {"not-an-image", "a-container", "no-pixel-data", "not-projection", "unsupported-format"}


def _row(assessor: Assessor, path: Path) -> Assessment:
    return _row_and_film(assessor, path)[0]


def _row_and_film(assessor: Assessor, path: Path):  # type: ignore[no-untyped-def]
    ref = ImageRef(str(path), None, 1, str(path.parent))
    try:
        film = film_of(open_radiograph(ref))
    except (ImageRefused, ImageFailed) as error:
        return unread(ref.name, error), None
    return assessor.assess(film, maps=False)[0], film


def _code(row: Assessment) -> Iterator[str]:
    yield from (reason.code for reason in row.reasons if reason.severity in ("refusal", "failure"))


def _share(hits: Iterable[bool]) -> str:
    hits = list(hits)
    low, high = wilson(sum(hits), len(hits))
    return f"{sum(hits):4d} of {len(hits):4d} = {sum(hits) / len(hits):6.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    sys.exit(main())
