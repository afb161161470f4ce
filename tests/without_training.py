"""Run a command of Hilum as on a PC where only the lock without training is installed.

python tests/without_training.py assess film.dcm
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRAINING = ("tensorflow", "keras", "torch", "jax")


class Missing:
    """Answers for the packages of the extra `train`: they are not here."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in TRAINING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    sys.meta_path.insert(0, Missing())
    from core.cli import main

    sys.exit(main.run("no:window", sys.argv[1:]))
