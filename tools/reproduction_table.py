"""The table of docs/reproduction.md, from the reports of `reproduce`; and their pages with the learning curves.

    python tools/reproduction_table.py a=RUN_A b=RUN_B c=RUN_C d=RUN_D e=RUN_E

Prints the table; writes docs/reproduction/KEY.md and KEY-curves.png. The other pictures stay in the run's folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image

from core.files import write_whole
from core.places import made

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    print("| paper | network or strategy | films | accuracy | macro AUROC | thumbnail SVM | HOG SVM | file facts |")
    print("|---|---|---|---|---|---|---|---|")
    for word in sys.argv[1:]:
        key, _, folder = word.partition("=")
        told = json.loads((Path(folder) / "report.json").read_text("utf-8"))
        page = (Path(folder) / "report.md").read_text("utf-8")
        place = made(ROOT / "docs" / "reproduction")
        write_whole(place / f"{key}.md", with_curves(page, key))
        # A drawing of few colours: a quarter of the bytes, and history keeps every one.
        curves = Image.open(Path(folder) / "figures" / "curves-by-group.png").convert("RGB")
        curves.quantize(64).save(place / f"{key}-curves.png", optimize=True)
        for run in told["runs"]:
            if run["done"] and not run["same_as"]:
                print(row(key, run))
    return 0


def with_curves(page: str, key: str) -> str:
    """The page with one picture, the learning curves."""
    before, heading, after = page.partition("\n## Pictures")
    if not heading:
        return page
    curves = f"\n## Learning curves\n\n![Learning curves, patients kept together]({key}-curves.png)\n"
    return before + curves + after[after.index("\nResearch use") :]


def row(key: str, run: dict[str, Any]) -> str:
    figures, baselines = run["figures"], run["baselines"]
    cells = [key.upper(), f"{run['called'] or run['recipe']} ({run['name']})", str(run["films"])]
    cells += [said(figures["accuracy"]), said(figures["auroc/macro"])]
    cells += [said(baselines[name]["accuracy"]) for name in ("thumbnail", "hog", "file-facts")]
    return f"| {' | '.join(cells)} |"


def said(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "–"
    return f"{figure['value']:.3f} ({figure['low']:.2f}–{figure['high']:.2f})"


if __name__ == "__main__":
    sys.exit(main())
