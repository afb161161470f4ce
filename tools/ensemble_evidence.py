"""What a finished ensemble is worth: figures for its card, from the films that did not train it.

    python tools/ensemble_evidence.py --bundle DIR --data ../shared/data --out RUN [--which paediatric-pneumonia]

Judges the bundle on its validation films and writes RUN/evidence.json (all figures) and RUN/sections.md (the same in
words). A second call goes on where the first was ended; a part is measured again after --again PART. The locked test
is opened with --open-test only, and RUN/openings.json counts that. --apart names the .npz with logits of networks that
saw nothing of a film's group, or of its source (core/evidence/unseen.py); without it nothing is said of new hospitals.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from rich.console import Console  # noqa: E402

from core.evidence.asking import Answers, Asker, frames_of  # noqa: E402
from core.evidence.best_member import against_best  # noqa: E402
from core.evidence.evaluate import report  # noqa: E402
from core.evidence.map_checks import (  # noqa: E402
    change_by_shuffling,
    lung_attention,
    map_agreement,
    probability_agreement,
)
from core.evidence.nuisance import nuisances  # noqa: E402
from core.evidence.occlusion import occluded  # noqa: E402
from core.evidence.risk_coverage import risk_coverage  # noqa: E402
from core.evidence.source_probe import probed  # noqa: E402
from core.evidence.unseen import (  # noqa: E402
    carried_point,
    flagged_when_left_out,
    read_apart,
    unseen_pairs,
    unseen_together,
    within,
)
from core.files import write_whole  # noqa: E402
from core.inference.bundles import Bundle, load  # noqa: E402
from core.inference.engines.choose import opened  # noqa: E402
from core.inference.lungs import finder_for  # noqa: E402
from core.places import SHIPPED_BUNDLES, made  # noqa: E402
from core.training.evidence_summary import sections  # noqa: E402
from tools.evidence_films import QUESTIONS, JudgedFilms, Question, films_of, others_of  # noqa: E402
from tools.evidence_networks import ShuffledHeads, start_features  # noqa: E402

SAY = Console(stderr=True, highlight=False)
PARTS = ("validation", "apart", "nuisance", "occlusion", "maps", "novelty", "source_probe")
SHUFFLINGS, SHUFFLED_FILMS = 3, 60


def main() -> int:
    options = _options()
    run = made(options.out)
    bundle = load(options.bundle)
    question = QUESTIONS[options.which]
    films = films_of(
        question, bundle.classes, data=options.data, splits=options.splits or _splits(options), run=run, say=SAY.print
    )
    asker = Asker(bundle, opened(bundle, device="cpu", use="folder"), finder_for(bundle, "folder"))
    bench = _Bench(bundle, asker, films, question, options)
    found = _before(run, bundle, options)
    for part in PARTS:
        if part in found and part not in options.again:
            continue
        if options.only and part not in options.only:
            continue
        SAY.print(f"[bold]{part}[/bold]")
        if (value := getattr(bench, part)()) is not None:
            found[part] = value
            _write(run, found)
    if options.open_test:
        found["test"] = bench.test(_opened(run))
    _write(run, found)
    text = [f"## {one.title}\n\n" + "\n".join(one.lines) for one in sections(found, question.aims)]
    write_whole(run / "sections.md", "\n\n".join(text) + "\n")
    SAY.print(f"{run / 'evidence.json'}, {run / 'sections.md'}")
    return 0


class _Bench:
    """The bundle, the films, and what was asked of them already."""

    def __init__(
        self, bundle: Bundle, asker: Asker, films: JudgedFilms, question: Question, options: argparse.Namespace
    ) -> None:
        self.bundle, self.asker, self.question, self.options = bundle, asker, question, options
        self.all = films
        self.films = films.chosen((films.splits == "validation") & (films.truth >= 0)).first(options.limit)
        self.point = bundle.description.operating_points[0]
        self._heard: dict[str, Any] = {}

    @property
    def lungs(self) -> Any:
        """Of the validation films, found once."""
        if "lungs" not in self._heard:
            self._heard["lungs"] = self.asker.lungs(self.films.pixels)
        return self._heard["lungs"]

    @property
    def answers(self) -> Answers:
        """Of the validation films, asked once."""
        if "answers" not in self._heard:
            self._heard["answers"] = self.asker.ask(self.films.pixels, frames_of(self.lungs))
        answers: Answers = self._heard["answers"]
        return answers

    def validation(self) -> dict[str, Any]:
        return self._judged(self.films, self.answers, None)

    def test(self, openings: int) -> dict[str, Any]:
        SAY.print(f"the locked test is opened, time {openings}")
        films = self.all.chosen((self.all.splits == "test") & (self.all.truth >= 0))
        answers = self.asker.ask(films.pixels, self.asker.boxes(films.pixels))
        best = against_best(self._table(self.films, self.answers), self.asker.of_members(self.answers))["best"]
        return {"openings": openings, **self._judged(films, answers, best)}

    def _table(self, films: JudgedFilms, answers: Answers) -> Any:
        shares = self.asker.probabilities(answers)
        return films.table(shares, self.bundle.classes, self.bundle.description.suspicion, self.point.threshold)

    def _judged(self, films: JudgedFilms, answers: Answers, best: str | None) -> dict[str, Any]:
        table = self._table(films, answers)
        return {
            "report": report(table),
            "members": against_best(table, self.asker.of_members(answers), best=best),
            "abstention": risk_coverage(
                table.truth, table.probabilities, self.asker.spread(answers), table.groups,
                max_spread=self.bundle.description.abstention.max_spread, abnormal=table.abnormal,
                suspicion=table.suspicion, threshold=self.point.threshold,
            ),
        }  # fmt: skip

    def apart(self) -> dict[str, Any] | None:
        if self.options.apart is None:
            return None
        known = self.all.chosen((self.all.truth >= 0) & np.isin(self.all.splits, ("train", "validation")))
        films = known.as_films(self.bundle.classes)
        folds, left_out = read_apart(self.options.apart, known.sha256s.tolist())
        ask = self.question
        found: dict[str, Any] = {"within": []}
        if folds is not None:
            found["within"] = [row for pair in ask.within if (row := within(films, folds, *pair))]
        if left_out:
            picking = (known.splits == "validation") & known.numbered & np.isin(known.sources, ask.picking)
            found["pairs"] = [row for pair in ask.unseen for row in unseen_pairs(films, left_out, *pair)]
            suspicious = self.bundle.description.suspicion
            both = "against normal, both unseen"
            together = [
                *(unseen_together(films, left_out, [ill], by="pair", name=f"{ill} {both}") for ill in suspicious),
                *(
                    unseen_together(films, left_out, [ill], by="rest", name=f"{ill}, as anything abnormal, {both}")
                    for ill in suspicious
                ),
                unseen_together(films, left_out, suspicious, by="rest", name=f"all abnormal {both}"),
            ]
            found["together"] = [row for row in together if row]
            found["point"] = carried_point(films, left_out, picking, suspicious=suspicious)
        return found

    def nuisance(self) -> dict[str, Any]:
        return nuisances(self.films.pixels, self.asker.assess, self.films.groups.tolist())

    def occlusion(self) -> dict[str, Any]:
        films, classes = self.films, self.bundle.classes
        pairs = [(source, classes.index(one), classes.index(other)) for source, one, other in self.question.within]
        return occluded(
            films.pixels, self.lungs, self.asker.framed, films.truth, groups=films.groups.tolist(), classes=classes,
            sources=films.sources.tolist(), pairs=pairs,
        )  # fmt: skip

    def maps(self) -> dict[str, Any]:
        groups = self.films.groups.tolist()
        finding = self.asker.probabilities(self.answers).argmax(axis=1)
        looked = self.asker.looked(self.films.pixels, self.lungs)
        # Every nth film, so that all sources and classes are among them.
        some = np.arange(0, len(self.films), max(1, len(self.films) // SHUFFLED_FILMS))[:SHUFFLED_FILMS]
        pixels, lungs = [self.films.pixels[number] for number in some], [self.lungs[number] for number in some]
        mixed = [
            Asker(self.bundle, ShuffledHeads(self.bundle, seed), self.asker.finder).looked(pixels, lungs).ensemble
            for seed in range(SHUFFLINGS)
        ]
        insides, whole = ([values[number] for number in some] for values in (looked.insides, looked.ensemble))
        suspicious = self.asker.suspicious
        return {
            "attention": lung_attention(
                looked.ensemble, looked.insides, finding, groups, self.bundle.classes, suspicious=suspicious
            ),
            "shuffled": change_by_shuffling(whole, mixed, insides, finding[some], [groups[number] for number in some]),
            "agreement": map_agreement(looked.members, looked.insides, finding, groups),
            "probabilities": probability_agreement(self.asker.of_members(self.answers), groups, suspicious=suspicious),
        }

    def novelty(self) -> dict[str, Any] | None:
        known, features = self._known()
        pictures = others_of(known.pixels, self.options.data)
        others = self.asker.ask(pictures, self.asker.boxes(pictures)).features
        if len(set(known.sources.tolist())) < 2:
            return None
        entry = self.bundle.description.novelty
        limit = 1.0 if entry is None else entry.threshold
        return flagged_when_left_out(features, others, known.sources.tolist(), known.groups.tolist(), limit)

    def source_probe(self) -> list[dict[str, Any]] | None:
        known, features = self._known()
        if len(set(known.sources.tolist())) < 2:
            return None
        before = start_features(self.bundle, known.pixels)
        states = {
            name: ({"before": before[name]} if name in before else {}) | {"after": values}
            for name, values in features.items()
        }
        labels = [self.bundle.classes[number] if number >= 0 else "" for number in known.truth]
        return probed(states, known.sources.tolist(), labels, known.groups.tolist())

    def _known(self) -> tuple[JudgedFilms, Any]:
        """Training and validation films, and the members' features of them."""
        if "known" not in self._heard:
            known = self.all.chosen(np.isin(self.all.splits, ("train", "validation"))).first(self.options.limit)
            self._heard["known"] = known, self.asker.ask(known.pixels, self.asker.boxes(known.pixels)).features
        return self._heard["known"]  # type: ignore[no-any-return]


def _before(run: Path, bundle: Bundle, options: argparse.Namespace) -> dict[str, Any]:
    """What an earlier call found for the same bundle and the same films."""
    path = run / "evidence.json"
    mark = {"bundle": f"{bundle.name} {bundle.version}", "digest": bundle.digest, "limit": options.limit}
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if all(found.get(name) == value for name, value in mark.items()):
            return found
    return dict(mark)


def _write(run: Path, found: dict[str, Any]) -> None:
    write_whole(run / "evidence.json", json.dumps(found, indent=1, allow_nan=False))


def _opened(run: Path) -> int:
    path = run / "openings.json"
    count = int(json.loads(path.read_text("utf-8"))["test"]) + 1 if path.exists() else 1
    write_whole(path, json.dumps({"test": count}))
    return count


def _splits(options: argparse.Namespace) -> Path:
    own = options.bundle / "splits.csv"
    return own if own.exists() else SHIPPED_BUNDLES / options.which / "splits.csv"


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="the folder of a finished bundle")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds adult-cxr and the others")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder; the same one goes on")
    parser.add_argument("--which", choices=sorted(QUESTIONS), default="adult-covid")
    parser.add_argument("--splits", type=Path, help="splits.csv; the bundle's own when left out")
    parser.add_argument("--apart", type=Path, help="logits of films whose group or source was left out, .npz")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[], help="these parts, not all")
    parser.add_argument("--again", nargs="+", choices=PARTS, default=[], help="measure these parts again")
    parser.add_argument("--limit", type=int, help="at most so many films of a part; to try it")
    parser.add_argument("--open-test", action="store_true", help="judge the locked test too, and count that")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
