"""`train`: a recipe carried out on labelled films, in a run folder that survives interruption and ends in a bundle."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.output import words, write_json
from core.cli.progress import progress_line, stopping
from core.errors import UsageRefused

if TYPE_CHECKING:
    from core.inference.bundles import Bundle
    from core.training.recipe import Recipe

HELP = """Train a network on labelled films as a recipe says (`recipe list`), judge it on films that it has not seen,
and leave a bundle in RUN/bundle that assess, screen and the window open. A recipe that starts from a bundle, as
site-fine-tune does, tunes every member of it.

LABELS is a folder with one sub-folder a class, or a CSV with at least path,label (optional patient, group, source,
split, view, age, sex). Films of one patient stay on one side of every split. What is interrupted, by Ctrl-C or by a
power cut, goes on with --resume.

examples:
  python main.py train site-fine-tune --data ~/films/labels.csv -o run
  python main.py train c-model-1 --data c.csv -o run --set protocol.kind=k-fold --set phases.1.epochs=20
  python main.py train c-model-2 --data c.csv -o run2 --start run
"""


_MOST_TOLD = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe's name or its TOML file")
    parser.add_argument("--data", metavar="LABELS", type=Path, required=True, help="labelled films")
    parser.add_argument("-o", "--output", metavar="RUN", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run, or begin it")
    parser.add_argument("--start", metavar="BUNDLE|RUN", help="whose weights to begin from, instead of the recipe's")
    parser.add_argument("--weights", metavar="DIR", type=Path, help="folder of Keras' published ImageNet weight files")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], dest="changes",
        help="change a setting, as `recipe show` names it (phases.1.epochs=3); may be repeated",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object, the report, at the end")


def run(options: argparse.Namespace) -> int:
    """0 with a bundle; 130 when stopped. Refuses what core.training.train refuses."""
    from core.inference import shelf
    from core.progress import Stop
    from core.training import recipes
    from core.training.material import labels_for
    from core.training.train import train

    recipe = changed(recipes.read(options.recipe), options.changes)
    out = words()
    for warning in recipes.warnings(recipe):
        out.print(f"Note: {warning}")
    labels = labels_for(recipe, options.data)
    start: Path | Bundle | None = None
    if options.start is not None:
        start = Path(options.start) if Path(options.start).exists() else shelf.chosen(options.start)
    stop = Stop()
    with stopping(stop, "Stopping: what is done is kept for --resume."), progress_line("Training", notes=True) as show:
        bundle = train(
            recipe, labels, options.output, start=start, weights=options.weights, resume=options.resume,
            report=show, stop=stop,
        )  # fmt: skip
    if bundle is None:
        out.print(f"Stopped; what is done is kept. Go on with: train {options.recipe} … -o {options.output} --resume")
        return 130
    _tell(options, bundle)
    return 0


def changed(recipe: Recipe, changes: list[str]) -> Recipe:
    """The recipe with settings changed, checked as a whole. Phases and classes are numbered from 1.

    Refuses "option-unusable" (UsageRefused) for a key that is not there, and what core.training.recipes.checked does.
    """
    if not changes:
        return recipe
    import msgspec

    from core.training import recipes

    data: dict[str, Any] = msgspec.to_builtins(recipe)
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key.strip():
            raise UsageRefused("option-unusable", what=f"--set is KEY=VALUE, got {change}.")
        _put(data, key.strip(), _value(text.strip()))
    return recipes.checked(data)


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    *way, last = key.split(".")
    place: Any = data
    for part in way:
        if isinstance(place, list | tuple) and part.isdigit() and 1 <= int(part) <= len(place):
            place = place[int(part) - 1]
        elif isinstance(place, dict) and part in place:
            place = place[part]
        else:
            raise UsageRefused("option-unusable", what=f"--set: the recipe has no {key}.")
    if isinstance(place, list) and last.isdigit() and 1 <= int(last) <= len(place):
        place[int(last) - 1] = value
    elif isinstance(place, dict):
        place[last] = value  # a key that does not exist is told by the recipe's own check
    else:
        raise UsageRefused("option-unusable", what=f"--set: the recipe has no {key}.")


def _value(text: str) -> Any:
    """As TOML reads it; what is no TOML value is a word."""
    if text in ("", "none", "None"):
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _tell(options: argparse.Namespace, bundle: Bundle) -> None:
    import json

    from core.training.train import TWIN

    folder: Path = options.output / TWIN if (options.output / TWIN).is_dir() else options.output
    found: Mapping[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    if options.json:
        write_json({**found, "bundle": {"name": bundle.name, "version": bundle.version, "digest": bundle.digest,
                                        "path": str(bundle.folder)}})  # fmt: skip
        return
    from core.training.telling import figure

    out = words()
    for one in found["warnings"]:
        out.print(f"- {one}")
    for one in found["unread"][:_MOST_TOLD]:
        out.print(f"left out: {one['path']}: {one['text']}")
    if len(found["unread"]) > _MOST_TOLD:
        out.print(f"left out: {len(found['unread']) - _MOST_TOLD} more files; report.json names them")
    majority = found["baselines"]["majority"]
    out.print(f"accuracy {figure(found['figures']['accuracy'])}; always {majority['class']}: "
              f"{figure(majority['accuracy'])}; macro AUROC {figure(found['figures']['auroc/macro'])}")  # fmt: skip
    out.print(f"{folder / 'report.md'} has the rest. The bundle: {bundle.folder}")
    out.print("For research use; not a medical device.")
