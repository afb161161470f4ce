"""Made-up films between neighbours of a rare class (SMOTE, Chawla et al. 2002), by imbalanced-learn.

Only a feed of training films calls this, on the films that it holds: what is held out can neither be a neighbour nor
be enlarged (paper B's trap: SMOTE before the split leaks films of one patient to both sides).
"""

from __future__ import annotations

import numpy as np
import psutil
from numpy.typing import NDArray

from core.errors import RunRefused

Floats = NDArray[np.float32]
_SHARE_OF_FREE = 0.5
# imbalanced-learn holds the films, the synthetic ones before and after they are joined, and the joined whole.
_COPIES = 3


def enough_memory(classes: NDArray[np.intp], numbers_a_film: int) -> None:
    """Refuse "smote-memory" (RunRefused) before anything is gathered."""
    size = np.bincount(classes)
    films = int(size.max()) * int(np.count_nonzero(size))
    needed = films * numbers_a_film * 4 * _COPIES
    free = psutil.virtual_memory().available
    if needed > _SHARE_OF_FREE * free:
        raise RunRefused("smote-memory", needed=_gib(needed), free=_gib(free))


def synthetic(rows: Floats, classes: NDArray[np.intp], neighbours: int, seed: int) -> tuple[Floats, NDArray[np.intp]]:
    """Rows to add (m, k) and their classes (m,), so that every class has as many as the largest.

    rows: (n, k), one a film. neighbours: among how many of its class a partner is drawn; fewer where a class has
    fewer films. A class of a single film has no neighbours: its film is repeated.
    """
    from imblearn.over_sampling import SMOTE

    size = np.bincount(classes)
    most = int(size.max())
    added: list[Floats] = []
    names: list[NDArray[np.intp]] = []
    for number in np.flatnonzero((size > 0) & (size < most)):
        alone = size[number] == 1
        own = np.flatnonzero(classes == number)
        if alone:
            made = np.repeat(rows[own], most - 1, axis=0)
        else:
            chosen = np.concatenate([own, np.flatnonzero(classes == size.argmax())])
            smote = SMOTE(
                sampling_strategy={int(number): most},
                k_neighbors=min(neighbours, int(size[number]) - 1),
                random_state=seed + int(number),
            )
            joined, _classes = smote.fit_resample(rows[chosen], classes[chosen])
            made = np.asarray(joined[len(chosen) :], np.float32)
        added.append(made)
        names.append(np.full(len(made), number, np.intp))
    if not added:
        return np.empty((0, rows.shape[1]), np.float32), np.empty(0, np.intp)
    return np.concatenate(added), np.concatenate(names)


def _gib(number: int) -> str:
    return f"{number / 2**30:.1f} GiB"
