"""Put the evidence on a bundle's card: the last step before it ships.

    python tools/ensemble_card.py PLAN --bundle RUN/bundle --evidence RUN/evidence.json --out models/PLAN

The members stay as they are; card, figures and the count of the locked test's openings change, and with them the
bundle's digest. The self-proof is made and checked again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec
from rich.console import Console

from core.inference.bundles import load
from core.inference.description import Figure
from core.networks.members import build
from core.training.bundling import remade
from core.training.evidence_summary import sections
from core.training.report import Section, card, figures_of
from tools.ensemble_bundle import members_words
from tools.ensemble_plans import PLANS, Plan
from tools.evidence_films import QUESTIONS

SAY = Console(stderr=True, highlight=False)


def main() -> int:
    options = _options()
    plan, bundle = PLANS[options.plan], load(options.bundle)
    found: dict[str, Any] = json.loads(options.evidence.read_text("utf-8"))
    if found["digest"] != bundle.digest:
        raise SystemExit(f"The evidence is of {found['digest'][:12]}, the bundle is {bundle.digest[:12]}.")
    figures = figures_of_evidence(found, plan)
    mixes = bundle.raw["class_mix"]
    members = {own.name: build(own.architecture(len(plan.names))) for own in plan.members}
    told = [
        *sections(found, QUESTIONS[plan.name].aims),
        Section("Members", members_words(plan, members)),
        _splits(plan, found),
    ]
    text = card(plan.name, plan.use, plan.licence, mixes=mixes, figures=figures, sections=told)
    before = options.out / "splits.csv"
    splits = options.bundle / "splits.csv"
    kept = before.read_bytes() if before.exists() and not splits.exists() else splits.read_bytes()
    shutil.rmtree(options.out, ignore_errors=True)
    openings = int((found.get("test") or {}).get("openings", 0))
    shipped = remade(
        bundle, options.out, card=text, figures=[msgspec.to_builtins(one) for one in figures],
        test_openings=openings + plan.opened_before,
    )  # fmt: skip
    (options.out / "splits.csv").write_bytes(kept)
    size = sum(file.stat().st_size for file in options.out.rglob("*") if file.is_file())
    SAY.print(f"{options.out}: {size / 1e6:.1f} MB, digest {shipped.digest[:12]}")
    return 0


def figures_of_evidence(found: dict[str, Any], plan: Plan) -> list[Figure]:
    """What stands in bundle.json: the locked test first, then what holds in hospitals that were left out."""
    figures: list[Figure] = []
    for part, where in (("test", "locked test"), ("validation", "validation")):
        if part in found:
            figures += figures_of(found[part]["report"], where)
            break
    apart = found.get("apart") or {}
    for row in (*apart.get("within", ()), *apart.get("together", ())):
        one = row["auroc"]
        where = f"out of {plan.folds} folds by patient" if "within" in row["name"] else "sources left out in turn"
        figures.append(Figure(f"auroc {row['name']}", one["value"], one["low"], one["high"], where, row["films"]))
    return [one for one in figures if one.low is not None and one.high is not None]


def _splits(plan: Plan, found: dict[str, Any]) -> Section:
    lines = [
        "Films are split by patient together with near-duplicate films, by a keyed hash of the group (70 % training, "
        "15 % validation, 15 % locked test). Temperature, offsets and operating point come from training and "
        f"validation films judged out of {plan.folds} folds; the locked test chose nothing.",
        *(("", plan.about_splits) if plan.about_splits else ()),
        *(() if "test" in found else ("", "**Missing:** the locked test was not opened for this version.")),
        *(() if (found.get("apart") or {}).get("pairs") or not plan.left_out else (
            "", "**Missing:** this version was not trained without each source in turn, so nothing here says how it "
            "does in a hospital that it never saw. Networks of its kind were (docs/ensemble.md).",
        )),
    ]  # fmt: skip
    return Section("Splits", lines)


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", choices=sorted(PLANS))
    parser.add_argument("--bundle", type=Path, required=True, help="the folder that tools/make_ensemble.py left")
    parser.add_argument("--evidence", type=Path, required=True, help="evidence.json of tools/ensemble_evidence.py")
    parser.add_argument("--out", type=Path, required=True, help="where the bundle shall stand; replaced when there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
