"""What only a second file can tell: one identifier on two pictures, one patient number with two names."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import Reason, reason
from core.imaging.facts import Description

_REMEMBERED = 100_000
Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Seen(Generic[Key]):
    """What stood under an identifier first, who carried it, and whether it was contradicted."""

    what: bytes
    carriers: list[Key] = field(default_factory=list)
    is_contradicted: bool = False


class Identities(Generic[Key]):
    """Watches descriptions go by and says which files contradict each other.

    It keeps digests, no names and no pixels, and forgets the oldest after 100,000 identifiers, so that its memory
    does not grow with the folder. Key: what the caller knows a file by.
    """

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._seen: dict[str, OrderedDict[bytes, _Seen[Key]]] = {
            "duplicate-uid": OrderedDict(),
            "patient-conflict": OrderedDict(),
        }

    def watch(self, key: Key, description: Description) -> list[tuple[Key, Reason]]:
        """Take in one file; gives the cautions that it brings to itself and to files that went by before."""
        facts = description.facts
        if facts is None:
            return []
        found: list[tuple[Key, Reason]] = []
        if facts.sop_uid and description.pixels_sha256:
            # Frames of one file share its identifier.
            identifier = f"{facts.sop_uid} {description.ref.frame}"
            found += self._compare("duplicate-uid", identifier, description.pixels_sha256, key)
        if facts.patient_id and facts.patient_name:
            # Case and empty parts of a name are spelling, not another person (PS3.5 6.2.1).
            name = facts.patient_name.casefold().strip("^ ")
            found += self._compare("patient-conflict", facts.patient_id, name, key)
        return found

    def _compare(self, code: str, identifier: str, what: str, key: Key) -> list[tuple[Key, Reason]]:
        seen, digest = self._seen[code], _digest(what)
        known = seen.setdefault(_digest(identifier), _Seen(digest))
        known.carriers.append(key)
        if len(seen) > self._remembered:
            seen.popitem(last=False)
        if known.is_contradicted:
            known.carriers.clear()
            return [(key, reason(code))]
        if known.what == digest:
            # A study has many files of one patient: the first few are enough to be told of a contradiction.
            del known.carriers[_CARRIERS:]
            return []
        known.is_contradicted = True
        carriers, known.carriers = known.carriers, []
        return [(carrier, reason(code)) for carrier in carriers]


_CARRIERS = 1000


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
