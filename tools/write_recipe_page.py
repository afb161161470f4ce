"""Write docs/recipes.md from the declaration of a recipe and the shipped files.

python tools/write_recipe_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.files import write_whole
from core.places import PROGRAM
from core.training.recipe_page import page


def main() -> int:
    write_whole(PROGRAM / "docs" / "recipes.md", page())
    print(f"written: {PROGRAM / 'docs' / 'recipes.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
