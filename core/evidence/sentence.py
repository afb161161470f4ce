"""What a paired comparison says, in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A loss of mean AUROC below this is taken for none.
MARGIN = 0.02


def sentence(compared: Mapping[str, Any], small: str | None, first: str, second: str) -> str:
    """What core.evidence.comparison.compared found of `second` against `first`, by mean AUROC.

    small: core.evidence.evaluate.small of the films: whoever has too few says nothing else. One of "better by …",
    "no worse than …", "worse by …", "too few images to tell".
    """
    if small or not compared["films"]:
        return f"Too few images to tell. {small or 'None is left to compare on.'}"
    difference = compared["difference"]["auroc/macro"]
    value, low, high = difference["value"], difference["low"], difference["high"]
    if value is None or low is None:
        return "Too few images to tell: the difference has no interval."
    interval = f"95 % interval {low:+.3f} to {high:+.3f}, over patients"
    films = f"{compared['films']} films of {compared['patients']} patients"
    if low > 0:
        return f"{second} is better by {value:.3f} mean AUROC than {first} on {films} ({interval})."
    if high < 0:
        return f"{second} is worse by {-value:.3f} mean AUROC than {first} on {films} ({interval})."
    if low > -MARGIN:
        return f"{second} is no worse than {first} on {films} (margin {MARGIN} AUROC; {value:+.3f}, {interval})."
    return f"Too few images to tell {second} from {first}: {value:+.3f} mean AUROC on {films} ({interval})."
