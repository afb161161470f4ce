"""Check that the ImageNet start weights name three known photographs, with all three networks.

    python tools/check_start.py FOLDER

FOLDER holds chelsea.png, coffee.png and rocket.jpg, which come with scikit-image (skimage/data). The cat and the
coffee are taken from their middle square; the rocket from the middle three fifths of it, because on the whole square
two of the networks hold the launch tower for a drilling platform.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.networks.members import build
from core.networks.start import imagenet_classifier, load_start

SIDES = {"efficientnet-lite0": 224, "efficientnet-lite1": 240, "efficientnet-lite2": 260}
# ImageNet's numbers: cats 281 to 285, espresso 967, missile 657, projectile 744.
PICTURES = {
    "chelsea.png": (1.0, {281, 282, 283, 284, 285}),
    "coffee.png": (1.0, {967}),
    "rocket.jpg": (0.6, {657, 744}),
}


def main(folder: Path) -> int:
    wrong = 0
    for backbone, side in SIDES.items():
        head = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": 1000}]
        member = build({"backbone": backbone, "input": [side, side, 3], "head": head})
        load_start(member, "imagenet")
        member.head[-1].set_weights(list(imagenet_classifier(backbone)))
        for name, (share, expected) in PICTURES.items():
            picture = cv2.imread(str(folder / name))
            if picture is None:
                print(f"{folder / name} cannot be read.", file=sys.stderr)
                return 2
            logits = member.model.predict_on_batch(_input(picture, share, side))[0]
            highest = [int(number) for number in np.argsort(-logits)[:3]]
            wrong += highest[0] not in expected
            print(f"{backbone} {name}: {highest} {'right' if highest[0] in expected else 'WRONG'}")
    return int(wrong > 0)


def _input(picture: np.ndarray, share: float, side: int) -> np.ndarray:
    """(1, side, side, 3) in -1…1, red first, from the middle square."""
    rows, columns = picture.shape[:2]
    length = int(min(rows, columns) * share)
    top, left = (rows - length) // 2, (columns - length) // 2
    square = cv2.resize(picture[top : top + length, left : left + length], (side, side), interpolation=cv2.INTER_AREA)
    return (square[None, :, :, ::-1].astype(np.float32) - 127) / 128


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
