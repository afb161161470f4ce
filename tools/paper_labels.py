"""Write labelled lists for the five papers from the public films at hand, as near to the published mix as they allow.

    python tools/paper_labels.py --data ../shared/data -o LABELS

Gives a.csv, b.csv, c.csv, c-source.csv, d.csv, d-source.csv and e.csv. Which films is drawn by a hash of their names,
so that the lists are the same everywhere. Where a class has fewer films than the paper had, all are taken;
docs/reproduction.md has the counts side by side.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.files import write_whole
from core.places import made

Row = dict[str, str]
COLUMNS = ("path", "label", "patient", "group", "source", "view", "age", "sex")
# Paper D takes other diseases from NIH films of these findings, up to fifty of each.
_OTHERS = ("Atelectasis", "Cardiomegaly", "Infiltration", "Effusion", "Nodule", "Mass")
# Paper E's classes of NIH films. A film with several findings goes to the rarest: there are few enough of these.
_OF_NIH = ("Fibrosis", "Edema", "Emphysema", "Effusion")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="holds adult-cxr, adult-other, paediatric-pneumonia")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the folder for the lists")
    options = parser.parse_args()
    films = Films(options.data, made(options.out))
    lists = {"a": films.of_a, "b": films.of_b, "c": films.of_c, "c-source": films.of_c_source, "d": films.of_d,
             "d-source": films.of_d_source, "e": films.of_e}  # fmt: skip
    for name, make in lists.items():
        rows = make()
        films.write(name, rows)
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["label"]] = counts.get(row["label"], 0) + 1
        print(f"{name}.csv: {len(rows)} films; " + ", ".join(f"{label} {count}" for label, count in counts.items()))
    return 0


class Films:
    """All films of the three folders, and the lists that the papers' descriptions make of them."""

    def __init__(self, data: Path, out: Path) -> None:
        self._out = out
        self._adults = _read(data / "adult-cxr")
        self._others = _read(data / "adult-other")
        self._children = _read(data / "paediatric-pneumonia")

    def of_a(self) -> list[Row]:
        """Covid of web collections, pneumonia and normals of children."""
        return [
            *_named("covid19", _drawn(self._covid("cohen"), 224)),
            *_named("pneumonia", _drawn(self._of_children("bacterial", "viral"), 700)),
            *_named("normal", _drawn(self._of_children("normal"), 504)),
        ]

    def of_b(self) -> list[Row]:
        """One covid film to 6.7 normals of children, as published: both fewer."""
        normals = _drawn(self._of_children("normal"), 939)
        return [
            *_named("covid19", _drawn(self._covid("cohen"), round(len(normals) * 140 / 939))),
            *_named("normal", normals),
        ]

    def of_c(self) -> list[Row]:
        """Covid of the Cohen collection; children's normals and bacterial pneumonias in the published shares."""
        covid = self._covid("cohen")
        return [
            *_named("normal", _drawn(self._of_children("normal"), round(len(covid) * 544 / 456))),
            *_named("bacterial_pneumonia", _drawn(self._of_children("bacterial"), round(len(covid) * 500 / 456))),
            *_named("covid19", covid),
        ]

    def of_c_source(self) -> list[Row]:
        return [
            *_named("normal", self._of_children("normal")),
            *_named("bacterial_pneumonia", self._of_children("bacterial")),
            *_named("viral_pneumonia", self._of_children("viral")),
        ]

    def of_d(self) -> list[Row]:
        """NIH but for covid, which is from two web collections and one Spanish hospital, as published."""
        diseased = [row for finding in _OTHERS for row in _drawn(self._only(finding), 50)]
        covid = [*_drawn([*self._covid("cohen"), *self._covid("cxnet")], 225), *_drawn(self._covid("bimcv"), 80)]
        return [
            *_named("normal", _drawn(self._adult("normal", "nih"), 350)),
            *_named("pneumonia", _drawn(self._adult("pneumonia", "nih"), 322)),
            *_named("other_disease", diseased),
            *_named("covid19", covid),
        ]

    def of_d_source(self) -> list[Row]:
        """The NIH films left: nobody who is in D's target list, unlike the paper."""
        taken = {row["patient"] for row in self.of_d() if row["source"] == "nih"}
        rest = [row for row in self._others if row["patient"] not in taken]
        normal = [row for row in rest if row["label"] == "normal"]
        diseased = [row for row in rest if row["label"].startswith("other:") and "Pneumonia" not in row["label"]]
        return [*_named("normal", normal), *_named("diseased", diseased)]

    def of_e(self) -> list[Row]:
        rows = _named("covid19", _drawn([*self._covid("cohen"), *self._covid("cxnet")], 455))
        used: set[str] = set()
        for finding in _OF_NIH:
            found = [row for row in self._having(finding) if row["path"] not in used]
            used |= {row["path"] for row in found}
            rows += _named(finding.lower(), found)
        rows += _named("pneumonia", _drawn(self._of_children("bacterial", "viral"), 910))
        return rows + _named("normal", _drawn(self._of_children("normal"), 1341))

    def _covid(self, source: str) -> list[Row]:
        return self._adult("covid", source)

    def _adult(self, label: str, source: str) -> list[Row]:
        return [row for row in self._adults if row["label"] == label and row["source"] == source]

    def _of_children(self, *labels: str) -> list[Row]:
        return [row for row in self._children if row["label"] in labels]

    def _only(self, finding: str) -> list[Row]:
        return [row for row in self._others if row["label"] == f"other:{finding}"]

    def _having(self, finding: str) -> list[Row]:
        return [row for row in self._others if finding in row["label"].removeprefix("other:").split("|")]

    def write(self, name: str, rows: Iterable[Row]) -> None:
        text = io.StringIO()
        table = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        for row in rows:
            path = Path(os.path.relpath(row["path"], self._out)).as_posix()
            table.writerow({**row, "path": path})
        write_whole(self._out / f"{name}.csv", text.getvalue())


def _read(folder: Path) -> list[Row]:
    with open(folder / "images.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["path"] = str((folder / row["path"]).resolve())
        duplicates = row["near_duplicate_group"]
        row["group"] = f"{folder.name}-{duplicates}" if duplicates else ""
    return rows


def _named(label: str, rows: Iterable[Row]) -> list[Row]:
    return [{**row, "label": label} for row in rows]


def _drawn(rows: list[Row], count: int) -> list[Row]:
    """`count` of them, or all where there are fewer."""
    order: Callable[[Row], str] = lambda row: hashlib.sha256(row["id"].encode()).hexdigest()  # noqa: E731
    return sorted(rows, key=order)[:count]


if __name__ == "__main__":
    sys.exit(main())
