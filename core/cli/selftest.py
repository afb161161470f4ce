"""`selftest`: does this installation do here what it did where it was made?"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from rich.table import Table

from core import places
from core.cli.output import words, write_json
from core.errors import HilumError

HELP = """Check this installation: the decoders on drawn films, the places where data are kept, and the self-proof of
every bundle on every engine of this PC. Takes seconds; with Keras installed, half a minute.

example:  python main.py selftest"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(options: argparse.Namespace) -> int:
    checks = list(_checks())
    passed = all(check["passed"] for check in checks)
    if options.json:
        write_json({"passed": passed, "checks": checks})
    else:
        drawn = Table("check", "", "what was found")
        for check in checks:
            drawn.add_row(check["name"], "passed" if check["passed"] else "FAILED", check["found"])
        words().print(drawn)
    return 0 if passed else 1


def _checks() -> Iterator[dict[str, Any]]:
    yield _checked("data folder", _writable)
    yield _checked("decoders", _decoders)
    from core.inference import shelf

    bundles = shelf.listed()
    if not bundles:
        yield {"name": "bundles", "passed": False, "found": "There is no bundle on the shelf."}
    for row in bundles:
        name = f"bundle {row.bundle.name} {row.bundle.version}" if row.bundle else f"bundle {row.folder.name}"
        if row.bundle is None:
            yield {"name": name, "passed": False, "found": row.problem.text if row.problem else ""}
            continue
        yield _checked(name, partial(_proof, row.bundle))


def _checked(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "passed": True, "found": check()}
    except HilumError as error:
        return {"name": name, "passed": False, "found": str(error)}


def _writable() -> str:
    folder = places.made(places.home())
    probe = folder / ".hilum-selftest"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        from core.files import refusal_of

        raise refusal_of(error, folder) from error
    return str(folder)


def _decoders() -> str:
    """Every compressed syntax that a decoder of ours claims, there and back on a drawn film."""
    import imagecodecs
    import numpy as np

    film = (np.add.outer(np.arange(64), np.arange(80)) * 16).astype(np.uint16)
    names = ("jpeg2k", "jpegls", "ljpeg", "png")
    for name in names:
        encoded = getattr(imagecodecs, f"{name}_encode")(film, **({"level": 0} if name == "jpeg2k" else {}))
        if not np.array_equal(getattr(imagecodecs, f"{name}_decode")(encoded), film):
            raise HilumError("selftest-decoder", what=name)
    return f"{', '.join(names)} give back what went in"


def _proof(bundle: Any) -> str:
    from core.inference.selfproof import verify

    report = verify(bundle)
    held = "; ".join(
        f"{proof.engine} on {proof.device} in {proof.precision}: off by {proof.probability:.1e}"
        for proof in report.proofs
    )
    return f"{held}{'. Not tried: ' + ', '.join(report.missing) if report.missing else ''}"
