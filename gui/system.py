"""What Qt needs of this PC, asked before Qt is imported, so that a lack is one sentence and not a crash.

Nothing here imports Qt at the top. Qt itself ends the whole process ("aborted") when its screen plugin
cannot be loaded or the screen cannot be reached: both are tried here first.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

# Library → Debian and Ubuntu package. What PySide6-Essentials 6.12 and its xcb plugin ask for.
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libzstd.so.1": "libzstd1",
}
_PLENTY = sys.maxsize // 4
_MISSING = re.compile(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file")


def trouble() -> str | None:
    """Why no window can be opened on this PC, in one sentence that says what to do; None when one can."""
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        return _import_sentence(str(error))
    if not sys.platform.startswith("linux"):
        return None
    return _screen_trouble(os.environ)


def keep_constants_alive() -> None:
    """Give None, True, False and NotImplemented more references than Qt can lose.

    PySide6-Essentials 6.12.0 is built with the headers of Python 3.12, where these four are immortal and
    Py_RETURN_NONE takes no reference. On 3.11 every call that returns None then loses one; after a few thousand
    the interpreter ends with "none_dealloc: deallocating None". From 3.12 on there is nothing to do.
    """
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for constant in (None, True, False, NotImplemented):
        # The count is the first field of every object (PEP 683 describes the layout before and after).
        count = ctypes.c_ssize_t.from_address(id(constant))
        if count.value < _PLENTY:
            count.value += _PLENTY


def _import_sentence(error: str) -> str:
    found = _MISSING.search(error)
    if found:
        return missing_sentence([found[1], *(name for name in _not_loadable() if name != found[1])])
    return f"The window needs PySide6, which cannot be imported here ({error}): install what requirements.lock names."


def missing_sentence(libraries: list[str]) -> str:
    """One sentence for system libraries that are not there, with the packages that hold them."""
    known = list(dict.fromkeys(PACKAGES[name] for name in libraries if name in PACKAGES))
    several = len(libraries) > 1
    sentence = f"Qt needs the system {'libraries' if several else 'library'} {_joined(libraries)}"
    if not known:
        return sentence + ": install the package that holds it."
    return sentence + f": install the package{'s' if len(known) > 1 else ''} {_joined(known)}."


def _screen_trouble(environment: Mapping[str, str]) -> str | None:
    platform = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform and platform != "xcb":
        return None
    display = environment.get("DISPLAY")
    if environment.get("WAYLAND_DISPLAY") and not platform:
        return None
    if not display:
        return (
            "There is no screen here (DISPLAY is not set): start Hilum on a desktop, "
            "or use its commands, which need none (python main.py --help)."
        )
    plugin = _xcb_plugin()
    if plugin.exists():
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            missing = _not_loadable()
            found = _MISSING.search(str(error))
            if found and found[1] not in missing:
                missing.insert(0, found[1])
            return missing_sentence(missing) if missing else f"Qt's screen plugin cannot be loaded: {error}."
    return (
        None if _reachable(display) else f"The screen {display} cannot be reached: is it running, and may you use it?"
    )


def _xcb_plugin() -> Path:
    import PySide6

    return Path(PySide6.__path__[0]) / "Qt" / "plugins" / "platforms" / "libqxcb.so"


def _not_loadable() -> list[str]:
    # The loader names one library at a time; a reader should not have to install them one by one.
    missing = []
    for name in PACKAGES:
        try:
            ctypes.CDLL(name)
        except OSError:
            missing.append(name)
    return missing


def _reachable(display: str) -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
