"""Descriptions of many files, in order, from decoder processes under limits."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import cast

from core.errors import HilumError, ImageFailed, Reason
from core.imaging.facts import Description, status_of
from core.imaging.identity import Identities
from core.imaging.limits import Limits
from core.imaging.sources import ImageRef
from core.jobs import Pool

DECODERS = "core.imaging.worker:serve"
_AHEAD = 8
_HELD_BACK = 2_000


def descriptions(refs: Iterable[ImageRef], limits: Limits) -> Iterator[Description]:
    """One description a ref, in their order, with the cautions that only other files bring.

    Rows are held back while the next 2,000 files are looked at, because a later file may contradict an earlier one.
    """
    held: deque[_Held] = deque()
    rows: dict[int, _Held] = {}
    identities: Identities[int] = Identities()
    for number, description in enumerate(_described(refs, limits)):
        rows[number] = _Held(number, description)
        held.append(rows[number])
        for other, reason in identities.watch(number, description):
            if other in rows:
                rows[other].reasons.append(reason)
        if len(held) > _HELD_BACK:
            yield _let_go(held, rows)
    while held:
        yield _let_go(held, rows)


@dataclass(slots=True)
class _Held:
    number: int
    description: Description
    reasons: list[Reason] = field(default_factory=list)


def _let_go(held: deque[_Held], rows: dict[int, _Held]) -> Description:
    row = held.popleft()
    del rows[row.number]
    if not row.reasons:
        return row.description
    reasons = (*row.description.reasons, *row.reasons)
    return replace(row.description, reasons=reasons, status=status_of(reasons))


def _described(refs: Iterable[ImageRef], limits: Limits) -> Iterator[Description]:
    """Descriptions in the order of the refs, some files ahead of the one that is wanted."""
    stream = iter(refs)
    first = list(itertools.islice(stream, 2))
    if not first:
        return
    waiting: deque[tuple[int, ImageRef]] = deque()
    done: dict[int, Description] = {}
    numbered = enumerate(itertools.chain(first, stream))
    # A second process is worth its start for a folder, not for one film.
    count = min(2, os.cpu_count() or 1, len(first))
    with Pool(
        DECODERS, {"limits": limits}, count=count, seconds=limits.decode_seconds, memory_bytes=limits.memory_bytes
    ) as pool:
        while True:
            for number, ref in itertools.islice(numbered, _AHEAD * count - len(waiting)):
                pool.submit(number, ("describe", ref))
                waiting.append((number, ref))
            if not waiting:
                return
            number, ref = waiting[0]
            if number in done:
                waiting.popleft()
                yield done.pop(number)
                continue
            known = dict(waiting)
            for key, answer in pool.results():
                place = cast(int, key)
                value = answer.value if answer.error is None else _failed(known[place], answer.error)
                done[place] = cast(Description, value)


def _failed(ref: ImageRef, error: HilumError) -> Description:
    """A file that ended its decoder, or exceeded its limits."""
    return Description(ref, "failed" if isinstance(error, ImageFailed) else "refused", (error.reason,))
