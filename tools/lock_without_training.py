"""Print requirements.lock without what only training needs: the same versions and hashes, fewer packages.

A package stays when pyproject.toml asks for it outside the extra `train`, or when one that stays needs it
(the lock says who needs whom in its "# via" lines).
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9_.-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    kept = {name_of(requirement) for requirement in asked}

    blocks = re.split(r"^(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    needed_by = {
        name_of(block): set(re.findall(r"^    #(?: via)?\s+([a-z0-9-]+)$", block, flags=re.MULTILINE))
        for block in blocks
        if block
    }
    while grown := {name for name, parents in needed_by.items() if name not in kept and parents & kept}:
        kept |= grown
    sys.stdout.write("".join(block for block in blocks if block and name_of(block) in kept))


if __name__ == "__main__":
    main()
