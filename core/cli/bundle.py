"""`bundle`: the model shelf."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.markdown import Markdown
from rich.table import Table

from core.cli.output import words, write_json
from core.errors import UsageRefused
from core.inference import shelf
from core.inference.archive import packed

if TYPE_CHECKING:
    from core.inference.bundles import Bundle

HELP = """The model shelf: the bundles that came with the program and your own, and which of them is in use.

  list                 every bundle, and the one in use
  show B               its card and what it is meant for
  verify B             schema, hashes, and the self-proof on every engine of this PC
  import PATH          check a folder or .hilum file and copy it onto the shelf; or take a Keras file (.h5, .keras)
                       whose network Hilum has data for: it is read in a process of its own, and nothing in it is run
  export B -o FILE     write a bundle as one .hilum file
  promote B            put it into use, with your name and the time in the log
  rollback             put the one before back into use
  remove B             move one of your own into the shelf's trash

B is a name, "name version", the beginning of a digest, a folder or a .hilum file.

example:  python main.py bundle verify adult-covid
          python main.py bundle import old.h5 --classes normal,covid --values=-1..1"""
_KERAS = (".h5", ".hdf5", ".keras")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name in ("list", "show", "verify", "import", "export", "promote", "rollback", "remove"):
        action = actions.add_parser(name)
        if name == "import":
            action.add_argument("bundle", metavar="PATH")
        elif name in ("show", "verify", "export"):
            action.add_argument("bundle", metavar="B", nargs="?", help="the bundle in use when left out")
        elif name in ("promote", "remove"):
            action.add_argument("bundle", metavar="B")
        if name == "import":
            _add_keras(action)
        if name == "export":
            action.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
        if name in ("promote", "rollback"):
            action.add_argument("--who", metavar="NAME", help="your name for the log; the account's when left out")
        action.add_argument("--json", action="store_true", help="one JSON object on standard output")


def _add_keras(action: argparse.ArgumentParser) -> None:
    """What a Keras file does not say of itself."""
    keras = action.add_argument_group("of a Keras file")
    keras.add_argument("--classes", metavar="A,B,…", help="its classes, in the order of its outputs")
    keras.add_argument("--normal", metavar="A", help="the class without suspicion; the first when left out")
    keras.add_argument(
        "--values",
        choices=("0..1", "-1..1", "0..255", "caffe", "torch"),
        default="0..1",
        help="the range of its input, as it was trained; 0..1 when left out",
    )
    keras.add_argument(
        "--fit", choices=("stretch", "letterbox"), default="stretch", help="how films were brought to its size"
    )
    keras.add_argument("--name", help="the bundle's name; the file's when left out")


def run(options: argparse.Namespace) -> int:
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "show": _show,
        "verify": _verify,
        "import": _import,
        "export": _export,
        "promote": _promote,
        "rollback": _rollback,
        "remove": _remove,
    }
    return actions[options.action](options)


def _list(options: argparse.Namespace) -> int:
    rows = shelf.listed()
    if options.json:
        bundles = [
            {
                "folder": str(row.folder),
                "name": row.bundle.name if row.bundle else None,
                "version": row.bundle.version if row.bundle else None,
                "digest": row.bundle.digest if row.bundle else None,
                "shipped": row.shipped,
                "in_use": row.in_use,
                "problem": msgspec.to_builtins(row.problem) if row.problem else None,
            }
            for row in rows
        ]
        write_json({"bundles": bundles, "log": msgspec.to_builtins(shelf.log())})
        return 0
    drawn = Table("", "name", "version", "digest", "from", "")
    for row in rows:
        what = row.bundle.description.title if row.bundle else row.problem.text if row.problem else ""
        name, version, digest = _mark(row.bundle) if row.bundle else (row.folder.name, "", "")
        drawn.add_row("in use" if row.in_use else "", name, version, digest[:12], _origin(row.shipped), what)
    words().print(drawn)
    for line in shelf.log():
        words().print(f"{line.sequence}. {line.when}  {line.who}: {line.action} {line.name} {line.version}")
    return 0


def _show(options: argparse.Namespace) -> int:
    bundle = shelf.chosen(options.bundle)
    if options.json:
        write_json({**bundle.raw, "digest": bundle.digest, "card": bundle.card})
        return 0
    words().print(Markdown(bundle.card))
    words().print(f"{' '.join(_mark(bundle)[:2])}, digest {bundle.digest}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from core.inference.selfproof import verify

    report = verify(shelf.chosen(options.bundle))
    if options.json:
        write_json(asdict(report))
        return 0
    drawn = Table(
        "engine", "device", "precision", "films", "probability off by", "map off by", title="Self-proof holds"
    )
    for proof in report.proofs:
        off = f"{proof.probability:.1e}", f"{100 * proof.map:.3f} % of its scale"
        drawn.add_row(proof.engine, proof.device, proof.precision, str(proof.films), *off)
    words().print(drawn)
    for why in report.missing.values():
        words().print(f"Not tried: {why}")
    words().print(f"{report.name} {report.version}: description, files and results are as published.")
    return 0


def _import(options: argparse.Namespace) -> int:
    if options.bundle.lower().endswith(_KERAS):
        return _import_keras(options)
    return _told(options, shelf.imported(options.bundle), "is on the shelf; promote it to use it")


def _import_keras(options: argparse.Namespace) -> int:
    from core.models import apart
    from core.models.state import LegacyWish

    path = Path(options.bundle)
    names = [name.strip() for name in (options.classes or "").split(",") if name.strip()]
    if not names:
        found = apart.look(path)
        rows, columns, channels = found.sides
        what = f"{path.name} is {found.backbone} with an input of {rows} × {columns} × {channels}"
        raise UsageRefused("option-unusable", what=f"{what} and {found.outputs} outputs; name them with --classes.")
    name = options.name or path.stem
    wish = LegacyWish(
        name, name, tuple((one, one) for one in names), options.normal or names[0], options.values, options.fit, ""
    )
    taken = apart.take(path, wish)
    what = f"is on the shelf; its probabilities are Keras's within {taken.probability:.1e}"
    return _told(options, shelf.chosen(taken.digest), what)


def _export(options: argparse.Namespace) -> int:
    bundle = shelf.chosen(options.bundle)
    packed(bundle, options.output)
    return _told(options, bundle, f"is in {options.output}")


def _promote(options: argparse.Namespace) -> int:
    return _told(options, shelf.promote(options.bundle, options.who), "is in use")


def _rollback(options: argparse.Namespace) -> int:
    return _told(options, shelf.rollback(options.who), "is in use again")


def _remove(options: argparse.Namespace) -> int:
    place = shelf.remove(options.bundle)
    if options.json:
        write_json({"removed": options.bundle, "trash": str(place)})
    else:
        words().print(f"{options.bundle} is in the trash: {place}")
    return 0


def _told(options: argparse.Namespace, bundle: Bundle, what: str) -> int:
    name, version, digest = _mark(bundle)
    if options.json:
        write_json({"name": name, "version": version, "digest": digest})
    else:
        words().print(f"{name} {version} {what}.")
    return 0


def _mark(bundle: Bundle) -> tuple[str, str, str]:
    return bundle.name, bundle.version, bundle.digest


def _origin(shipped: bool) -> str:
    return "the program" if shipped else "this site"
