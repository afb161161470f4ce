"""The command line: finds the command, imports only its module, and turns errors into one sentence."""

from __future__ import annotations

import contextlib
import importlib
import sys
import traceback
from collections.abc import Sequence
from typing import Final

from core.errors import HilumError, UsageRefused

DONE, NOTHING_DONE, WRONG_USAGE, STOPPED = 0, 1, 2, 130

# A command's name is its module's name in core/cli; the line is what `--help` shows.
COMMANDS: Final[dict[str, str]] = {
    "demo": "do the main job on the bundled samples, with a picture and a table to look at",
    "describe": "facts of every image; never the pixels",
    "render": "one image as a PNG, as the file says it should look",
    "assess": "ask the ensemble about images, one row an image",
    "lungs": "where the lungs are, as a mask of each image",
    "screen": "assess a folder of any size into a run that survives interruption",
    "evaluate": "how good a bundle is on labelled images, beside the shortcuts",
    "train": "train a network on labelled images as a recipe says, into a bundle",
    "reproduce": "one of five published papers again, its table beside ours",
    "recipe": "trainings as files: list, show, check",
    "bundle": "the model shelf: list, show, verify, import, export, promote, rollback, remove",
    "phantom": "write simulated chest radiographs",
    "bench": "how fast this PC is, as ratios measured side by side",
    "selftest": "check this installation and its bundles",
    "about": "versions, engine, device, licence",
}
_USAGE = "python main.py [COMMAND] [PATH…]"


def run(window: str, arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; no command or paths only opens the window.

    window: "module:function" that is called with the paths, so that nothing here imports Qt.
    Exit codes: 0 done, 1 nothing could be done, 2 wrong usage, 130 stopped by the user.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _speak_utf8()
    if words and words[0] in ("-h", "--help"):
        sys.stdout.write(_help())
        return DONE
    if words and words[0] in COMMANDS:
        return _command(words[0], words[1:])
    if words and words[0].startswith("-"):
        sys.stderr.write(f"There is no option {words[0]}.\n{_help()}")
        return WRONG_USAGE
    module, _, function = window.partition(":")
    return int(getattr(importlib.import_module(module), function)(words))


def _command(name: str, words: Sequence[str]) -> int:
    import argparse  # not where only the window opens

    module = importlib.import_module(f"core.cli.{name}")
    parser = argparse.ArgumentParser(
        prog=f"python main.py {name}", description=module.HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show where an error came from")
    try:
        options = parser.parse_args(words)
    except SystemExit as ending:
        return int(ending.code or 0)
    try:
        return int(module.run(options))
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return STOPPED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is wrong, and nobody is there to be told.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return DONE
    except HilumError as error:
        return _tell(str(error), options.debug, WRONG_USAGE if isinstance(error, UsageRefused) else NOTHING_DONE)
    except Exception as error:
        return _tell(
            f"A fault in Hilum itself ({type(error).__name__}): {error}\nAdd --debug to see where.",
            options.debug,
            NOTHING_DONE,
        )


def _tell(sentence: str, debug: bool, code: int) -> int:
    if debug:
        traceback.print_exc()
    sys.stderr.write(sentence + "\n")
    return code


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        (
            f"usage: {_USAGE}",
            "",
            "Hilum reads chest radiographs with a local ensemble of networks and shows where it looked.",
            "Without a command it opens the window. For research use; not a medical device.",
            "",
            *lines,
            "",
            "Each command has --help with an example. A path that is named like a command: ./screen",
            "",
        )
    )


def _speak_utf8() -> None:
    # A Windows console or a C locale would end the program at the first name with an accent.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
