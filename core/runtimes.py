"""OpenVINO, imported the one way: it must not phone home.

`import openvino` by itself sends an event to Google Analytics through the package openvino-telemetry, which
is installed with it (openvino/tools/ovc/__init__.py); a conversion sends more. OpenVINO carries an inert
stand-in for PCs without that package, so the package is made to look missing before the first import.
"""

from __future__ import annotations

import sys
from typing import Any

_TELEMETRY = "openvino_telemetry"


def openvino() -> Any:
    """The openvino module, with its telemetry out of reach. Nothing else in Hilum imports it.

    Raises ImportError where OpenVINO is not installed, and RuntimeError when something in this process
    imported the telemetry before us: that is a mistake of ours, and going on would open a connection.
    """
    if sys.modules.get(_TELEMETRY) is not None:
        raise RuntimeError("openvino was imported with its telemetry; import it through core.runtimes only")
    # The None makes every later `import openvino_telemetry` raise ImportError, for which OpenVINO is prepared.
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    import openvino as module

    return module
