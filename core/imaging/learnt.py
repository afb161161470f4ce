"""What has been learnt of a file so far; it is kept when the file is then refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import Reason, reason
from core.imaging.facts import Facts


@dataclass(slots=True)
class Learnt:
    """Filled while a file is read, so that a refused file still says whose film it is."""

    facts: Facts | None = None
    reasons: list[Reason] = field(default_factory=list)
    sha256: str | None = None

    def add(self, code: str, **facts: object) -> None:
        """Take down a caution or note, once for each code."""
        if all(known.code != code for known in self.reasons):
            self.reasons.append(reason(code, **facts))
