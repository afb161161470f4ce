"""A bundle goes onto the shelf or into use on a thread of its own: proving it takes longer than a look may wait."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from core.errors import BundleRefused, HilumError, reason
from core.training.state import Shelving, Step


class Shelf:
    """One thing at a time. state: of the last; None before the first."""

    def __init__(self) -> None:
        self.state: Shelving | None = None
        self.mistake: str | None = None
        self._thread: threading.Thread | None = None

    def begin(self, step: Step, act: Callable[[], str]) -> int:
        """Start it and give its number. act: gives the digest that came of it. Refuses "models-busy"."""
        before = self.state
        if before is not None and before.busy:
            raise BundleRefused("models-busy", what="a bundle is being proved")
        number = 1 if before is None else before.number + 1
        self.state = Shelving(number, step, busy=True)
        self._thread = threading.Thread(target=self._carry_out, args=(number, step, act), name="shelf", daemon=True)
        self._thread.start()
        return number

    def wait(self, seconds: float) -> None:
        """Until it is done, not longer than this."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _carry_out(self, number: int, step: Step, act: Callable[[], str]) -> None:
        try:
            self.state = Shelving(number, step, digest=act())
        except HilumError as error:
            self.state = Shelving(number, step, error=error.reason)
        except Exception as mistake:
            self.mistake = traceback.format_exc()
            what = f"{type(mistake).__name__}: {mistake}"
            self.state = Shelving(number, step, error=reason("models-broken", what=what))
