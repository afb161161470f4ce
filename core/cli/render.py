"""`render PATH -o OUT.png`: one image as the file says it should look."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import cast

from core.errors import UsageRefused
from core.files import write_whole
from core.imaging.describing import DECODERS
from core.imaging.limits import Limits
from core.imaging.rendering import Rendering
from core.imaging.sources import ImageRef, find
from core.jobs import Pool

HELP = """Write one image as a PNG of 8 bits.

Stored size and orientation, before overlays and shutters. With --as-read as the canvas shows it: put right by the
file's own statement, with square pixels, behind its shutter.

examples:
  python main.py render chest.dcm -o chest.png
  python main.py render chest.dcm -o soft.png --window 2000 1500 --size 1024 --as-read
  python main.py render study.zip!films/chest.dcm -o chest.png
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="an image file; ARCHIVE.zip!MEMBER for one in an archive")
    parser.add_argument("-o", "--output", metavar="OUT.png", required=True, type=Path)
    looks = parser.add_mutually_exclusive_group()
    looks.add_argument("--window", nargs=2, type=float, metavar=("CENTER", "WIDTH"), help="in modality values")
    looks.add_argument("--preset", metavar="NAME", help="one of the file's own windows or tables, by its name")
    parser.add_argument("--frame", type=int, default=1, metavar="N", help="from 1")
    parser.add_argument("--size", type=int, metavar="N", help="the longest side in pixels, 1 to 20000")
    parser.add_argument("--as-read", action="store_true", help="upright, square pixels, shutter")


def run(options: argparse.Namespace) -> int:
    if options.size is not None and not 1 <= options.size <= 20_000:
        raise UsageRefused("option-unusable", what="--size is from 1 to 20000 pixels.")
    window = tuple(options.window) if options.window else None
    rendering = Rendering(window, options.preset, options.size, options.as_read)
    limits = Limits()
    with Pool(
        DECODERS, {"limits": limits}, count=1, seconds=limits.decode_seconds, memory_bytes=limits.memory_bytes
    ) as pool:
        pool.submit(1, ("render", _ref(options.path, options.frame, limits), rendering))
        [(_, answer)] = pool.results()
    if answer.error is not None:
        raise answer.error
    write_whole(options.output, cast(bytes, answer.value))
    return 0


def _ref(path: str, frame: int, limits: Limits) -> ImageRef:
    archive, mark, member = path.partition("!")
    if mark and not Path(path).exists() and Path(archive).is_file():
        return replace(next(find([archive], limits=limits)), member=member, frame=frame)
    return replace(next(find([path], limits=limits)), frame=frame)
