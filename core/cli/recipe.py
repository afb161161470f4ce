"""`recipe list|show|check`: what trainings there are, what they set, and whether a file of one's own is right."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from core.cli.output import words, write_json
from core.errors import RunRefused
from core.training import fields, recipes

if TYPE_CHECKING:
    from core.training.recipe import Recipe

_TOLD_ALREADY = ("format", "title", "summary", "unspecified")

HELP = """Trainings as files: docs/recipes.md tells how to write one.

list    the recipes that come with Hilum
show    every setting of one: value, unit, range, what the paper says, and why where it says nothing
check   whether files can be used; everything that is wrong with them, with the nearest word that exists

examples:
  python main.py recipe list
  python main.py recipe show a-vgg19
  python main.py recipe check my-recipe.toml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the recipes that come with Hilum")
    listing.add_argument("--paper", choices=("a", "b", "c", "d", "e"), help="those of one paper")
    showing = actions.add_parser("show", help="every setting of one recipe")
    showing.add_argument("recipe", metavar="RECIPE", help="a name from the list, or a TOML file")
    checking = actions.add_parser("check", help="whether files can be used")
    checking.add_argument("files", metavar="FILE", nargs="+", help="TOML files, or names from the list")
    for action in (listing, showing, checking):
        action.add_argument("--json", action="store_true", help="JSON lines on standard output")


def run(options: argparse.Namespace) -> int:
    """0; 1 when a checked file cannot be used. Refuses "recipe-missing" and "recipe-unusable"."""
    if options.action == "list":
        return _list([each for each in recipes.shipped() if options.paper in (None, each.paper)], options.json)
    if options.action == "show":
        return _show(recipes.read(options.recipe), options.json)
    good = [_check(file, options.json) for file in options.files]
    return 0 if all(good) else 1


def _list(found: list[Recipe], as_json: bool) -> int:
    if as_json:
        for recipe in found:
            write_json(_summary(recipe))
        return 0
    from rich.table import Column, Table

    table = Table(Column("name", no_wrap=True), "what it is", "starts from", "judged by")
    for recipe in found:
        table.add_row(recipe.name, recipe.title, recipe.network.start, _protocol(recipe))
    words().print(table)
    return 0


def _summary(recipe: Recipe) -> dict[str, Any]:
    network = recipe.network
    return {
        "name": recipe.name,
        "title": recipe.title,
        "paper": recipe.paper,
        "called": recipe.called,
        "summary": recipe.summary,
        "classes": [each.name for each in recipe.classes],
        "backbone": network.backbone,
        "start": network.start,
        "input": [recipe.input.rows, recipe.input.columns, recipe.input.channels],
        "phases": [phase.name for phase in recipe.phases],
        "protocol": _protocol(recipe),
        "unspecified": len(recipe.unspecified),
        "warnings": list(recipes.warnings(recipe)),
    }


def _protocol(recipe: Recipe) -> str:
    protocol = recipe.protocol
    how = f"{protocol.folds} folds" if protocol.kind == "k-fold" else protocol.kind.replace("-", " ")
    return f"{how}, by {protocol.unit}"


def _show(recipe: Recipe, as_json: bool) -> int:
    rows, warnings = recipes.rows(recipe), recipes.warnings(recipe)
    if as_json:
        named = [
            {
                "key": row.key,
                "title": row.title,
                "value": _plain(row.value),
                "unit": row.unit,
                "range": row.range,
                "help": row.help,
                "published": row.published,
                "unspecified": row.unspecified,
                "applies": row.applies,
            }
            for row in rows
        ]
        steps = list(recipes.steps(recipe))
        write_json({"name": recipe.name, "title": recipe.title, "rows": named, "steps": steps, "warnings": [*warnings]})
        return 0
    from rich.table import Column, Table

    table = Table(Column("setting", no_wrap=True), "value", "may be", "in the paper", title=recipe.title)
    unused = []
    for row in rows:
        if not row.applies or row.key in _TOLD_ALREADY:
            continue
        if row.off and row.unspecified is None:
            unused.append(row.key)
            continue
        value = " ".join((fields.said(row.value), row.unit if row.value is not None else "")).strip()
        table.add_row(f"{row.title}\n  {row.key}", value, row.range, row.unspecified or row.published or "")
    out = words()
    out.print(recipe.summary.strip(), markup=False)
    out.print(table)
    out.print(f"Not used: {', '.join(unused)}.", markup=False)
    for warning in warnings:
        out.print(warning, markup=False)
    return 0


def _check(file: str, as_json: bool) -> bool:
    try:
        recipe = recipes.read(file)
    except RunRefused as error:
        errors = error.facts.get("errors") or (str(error),)
        sentences = [str(each) for each in errors] if isinstance(errors, tuple) else [str(errors)]
        if as_json:
            write_json({"file": file, "ok": False, "errors": sentences, "warnings": []})
        for sentence in () if as_json else sentences:
            words().print(f"{file}: {sentence}", markup=False)
        return False
    warnings = recipes.warnings(recipe)
    if as_json:
        write_json({"file": file, "ok": True, "name": recipe.name, "errors": [], "warnings": list(warnings)})
    else:
        words().print(f"{file}: ok")
        for warning in warnings:
            words().print(f"  {warning}", markup=False)
    return True


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
