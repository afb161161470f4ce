"""docs/recipes.md, from the declaration and the shipped files: never typed twice (tools/write_recipe_page.py)."""

from __future__ import annotations

from collections.abc import Iterator

from core.training import fields, recipes
from core.training.papers.scaled import Scale
from core.training.recipe import Recipe

_BEGINNING = """# Recipes

A recipe is a TOML file that says everything about a training: input, network, augmentation, balance, phases, protocol.
`python main.py recipe list` lists those that come with Hilum, `recipe show NAME` tells every setting of one, with the
value of the paper that it repeats and the reason wherever the paper is silent, and `recipe check FILE` tells what is
wrong with one of your own, all at once. `python main.py train NAME --data LABELS -o RUN` carries one out.

This page is written by `python tools/write_recipe_page.py` from the program's own declaration; a test keeps it current.

## One of your own

    extends = "site-fine-tune"      # all that is not said here is as there
    name = "our-own"
    title = "Fine-tune on our films, from ImageNet"

    [network]
    start = "imagenet"

Tables are joined with those of the recipe that is extended, key by key; lists (classes, phases, the head) replace its
lists as a whole. `start` is `random`, `imagenet`, `bundle` (given with `--start`, else the one in use) or
`recipe:NAME`. A cut-off is a number and the name of the last frozen layer, because numbers alone shift between versions
of Keras. What is frozen with random weights is refused. Anything that needs a validation part (plateau, early stop,
best weights) is refused without one. Mirroring, a range that the start weights were not trained on, and films split by
image are warned of.

A layer of the head is a table such as `{ layer = "dense", units = 128, activation = "relu" }`; there are `dense`
(units, activation, activity_l1, activity_l2), `dropout` (rate), `batch-normalisation`, and one of
`global-average-pooling`, `global-max-pooling` and `flatten`. The dense layer of the classes is added at the end.

`[unspecified]` tells, for a recipe that repeats a paper, where the paper is silent and why this value was taken: the
key is that of the setting (`"phases.rate"` for all phases, `"phases.2.rate"` for one) or of a whole section.
"""


_CUT_OFFS = """
Cut-offs move to the comparable place: the last blocks of a mobile network keep their number, in other networks the same
share of the blocks learns (at least one, and where anything was frozen the first stays so), and what was frozen as a
whole stays frozen. Networks that start from nothing keep their architecture; {skipped} are left out unless they are
named, because they are beyond the time on a PC without a GPU."""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _BEGINNING
    yield from (
        "## Shipped recipes",
        "",
        "| name | what it is | network | starts from | judged by |",
        "|---|---|---|---|---|",
    )
    for recipe in recipes.shipped():
        protocol = recipe.protocol
        how = f"{protocol.folds} folds" if protocol.kind == "k-fold" else protocol.kind.replace("-", " ")
        cells = (recipe.name, recipe.title, recipe.network.backbone, recipe.network.start, f"{how}, by {protocol.unit}")
        yield f"| {' | '.join(cells)} |"
    yield from ("", "## The smaller protocol", "", Scale().sentence)
    yield _CUT_OFFS.format(skipped=" and ".join(Scale().skips))
    for field in fields.fields(Recipe):
        if field.inside is not None:
            many = " (a list)" if field.many else ""
            yield from ("", f"## {field.title}: [{field.name}]{many}", "")
            if field.help:
                yield from (field.help, "")
            yield from _table(fields.fields(field.inside, f"{field.key}."))
    yield from ("", "## At the top of the file", "")
    yield from _table(field for field in fields.fields(Recipe) if field.inside is None)


def _table(rows: Iterator[fields.Field] | tuple[fields.Field, ...]) -> Iterator[str]:
    yield from ("| key | what it is | may be | unit | without it |", "|---|---|---|---|---|")
    for field in rows:
        default = "must be given" if field.required else fields.said(field.default)
        cells = (f"`{field.name}`", f"{field.title}. {field.help}", field.limits, field.unit, default)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
