"""The two ensembles that ship: their classes, films, members, and what is left out of training to judge them.

A plan says everything that tools/make_ensemble.py needs to know; docs/ensemble.md tells why it is so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cohort.labels import LabelledFilm, read_labels
from core.cohort.splits import SHARES, SHARES_WITHOUT_TEST, split_of
from core.inference.description import ClassEntry, IntendedUse
from core.training.recipe import Augmentation, Phase

_CHILDREN = "paediatric-pneumonia 1"
# Strong enough that a thumbnail loses, mild enough that pneumonia within one hospital is still seen. No mirroring:
# the heart lies on the left, and a bundle must notice a film that was turned over.
CHANGES = Augmentation(
    least_crop=0.82, shift=0.03, rotation=8.0, fill="either", gamma=0.35, contrast=0.3, brightness=25.0, noise=6.0,
    softest=96, softening_chance=0.6, marks_chance=0.6, jpeg=30, jpeg_chance=0.6, views=5,
)  # fmt: skip
# All layers from stride 16 on but the normalisations, from a linear probe on, at a low rate that falls along a cosine.
TUNED = Phase(
    optimiser="adamw", rate=5e-4, schedule="cosine", warm_up=0.25, floor=0.01, decay=1e-4, smoothing=0.05, clip=1.0,
    batch=32, epochs=5, norms="frozen", trainable="cutoff", attention=2.5,
)  # fmt: skip


@dataclass(frozen=True)
class MemberPlan:
    """A member. after: the last layer that keeps its start weights. margin: of its lung frame.
    finest: pixels a side through which every film passes, so that resolution tells nothing."""

    name: str
    backbone: str
    after: str
    side: int
    finest: int
    margin: float

    def architecture(self, classes: int) -> dict[str, Any]:
        # Cut at stride 16: as good as the whole network elsewhere, a tenth of the size, maps twice as fine.
        head = [{"layer": "global-average-pooling"}, {"layer": "dense", "units": classes}]
        return {"backbone": self.backbone, "cut": "stage5", "input": [self.side, self.side, 3], "head": head}

    @property
    def steps(self) -> tuple[dict[str, Any], ...]:
        frame = {"name": "lung-frame", "version": 1, "margin": self.margin}
        return (
            frame,
            {"name": "levels", "version": 1, "low": 1, "high": 99},
            {"name": "stretch", "version": 1, "rows": self.finest, "columns": self.finest},
            {"name": "stretch", "version": 1, "rows": self.side, "columns": self.side},
            {"name": "scale", "version": 1, "offset": 127, "divisor": 128, "channels": 3},
        )


# Three networks and three frames of different width: what each sees differs, and none sees far beyond the lungs.
_MEMBERS = (
    MemberPlan("lungs", "efficientnet-lite0", "stage3_block2_add", 192, 80, 0.03),
    MemberPlan("wide", "efficientnet-lite2", "stage4_block4_add", 192, 88, 0.08),
    MemberPlan("chest", "efficientnet-lite1", "stage4_block4_add", 192, 96, 0.16),
)


@dataclass(frozen=True)
class Plan:
    """films: the labelled films below the data folder. left_out: sets of sources that a training of its own never sees.
    judges: whether a film may choose anything in validation. prior: core.training.recipe.Balance.source_prior.
    hospital: the source whose normals set the operating point. share: how far from the probe to the fine-tuned
    weights what ships lies. opened_before: how often earlier versions opened the same locked test."""

    name: str
    version: str
    key: str
    title: str
    classes: tuple[ClassEntry, ...]
    suspicion: tuple[str, ...]
    use: IntendedUse
    licence: str
    members: tuple[MemberPlan, ...]
    films: Callable[[Path], list[LabelledFilm]]
    split_for: Callable[[LabelledFilm, str], str]
    judges: Callable[[LabelledFilm], bool]
    left_out: tuple[tuple[str, ...], ...]
    hospital: str
    prior: float
    share: float = 0.75
    opened_before: int = 0
    about_splits: str = ""
    seeds: int = 1
    folds: int = 5

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.classes)


def _adult_films(data: Path) -> list[LabelledFilm]:
    """adult-cxr and the normals of adult-other, split together by patient; their other films belong to no class."""
    films: list[LabelledFilm] = []
    for folder in ("adult-cxr", "adult-other"):
        labels = read_labels(data / folder / "images.csv", ("normal", "pneumonia", "covid"))
        films += [*labels.films, *labels.others]
    return films


def has_number(film: LabelledFilm) -> bool:
    """Whether the source knows its patients. Elsewhere the labels name each patient after its near-duplicate group."""
    return bool(film.patient) and film.patient != f"{film.source}-{film.group}"


def _adult_split(film: LabelledFilm, group: str) -> str:
    # Without numbers one patient can hide behind several films: such films never judge (locked test).
    return split_of(group, "adult-covid 1", SHARES if has_number(film) else SHARES_WITHOUT_TEST)


ADULT_COVID = Plan(
    name="adult-covid",
    version="3",
    key="adult-covid 1",  # the splits of version 1 never move
    title="Normal, pneumonia or COVID-19 on adult frontal chest radiographs",
    classes=(
        ClassEntry("normal", "Normal", "Nothing that the networks take for pneumonia or COVID-19.", "17621005"),
        ClassEntry("pneumonia", "Pneumonia", "Signs of a pneumonia of another cause than COVID-19.", "233604007"),
        ClassEntry("covid", "COVID-19", "Signs as in films of patients with proven COVID-19.", "840539006"),
    ),
    suspicion=("pneumonia", "covid"),
    use=IntendedUse(
        (16.0, 120.0), ("PA", "AP"), ("FOR PRESENTATION",),
        "Adults (16 years and older) with a frontal chest radiograph. Research use only; not for diagnosis.",
    ),
    licence=(
        "Research use only. Trained on films under non-commercial and unstated terms (cohen: mostly CC BY-NC-SA, some "
        "CC BY-NC-ND, about 200 unstated; cxnet: unclear; rsna: challenge terms; bimcv: unstated; nih: attribution to "
        "the NIH Clinical Center). Start weights: EfficientNet-Lite, ImageNet, Apache-2.0."
    ),
    members=_MEMBERS,
    films=_adult_films,
    split_for=_adult_split,
    judges=has_number,
    # With rsna: then a film's source says nothing, because neither class's source was seen.
    left_out=(("cohen", "rsna"), ("cxnet", "rsna"), ("bimcv", "rsna")),
    hospital="nih",
    prior=0.3,
    opened_before=3,
    about_splits=(
        "rsna, bimcv and 64 films of cxnet have no patient numbers: one patient can stand behind several films. None "
        "of them is in the locked test, nor do they choose temperature, offsets or threshold. rsna comes from the same "
        "hospital as nih: a normal film of rsna in training may show a patient of nih in the test, unrecognised; no "
        "two films are the same. adult-other's normals are split together with adult-cxr: 74 patients of nih are in "
        "both. Version 1 was tried on the same locked test three times."
    ),
)  # fmt: skip


def _children(data: Path) -> list[LabelledFilm]:
    labels = read_labels(data / "paediatric-pneumonia" / "images.csv", ("normal", "bacterial", "viral"))
    return [*labels.films, *labels.others]


PAEDIATRIC = Plan(
    name="paediatric-pneumonia",
    version="1",
    key=_CHILDREN,
    title="Normal, bacterial or viral pneumonia on frontal chest radiographs of small children",
    classes=(
        ClassEntry("normal", "Normal", "Nothing that the networks take for pneumonia.", "17621005"),
        ClassEntry(
            "bacterial", "Bacterial pneumonia", "Signs as in films that physicians called bacterial.", "53084003"
        ),
        ClassEntry("viral", "Viral pneumonia", "Signs as in films that physicians called viral.", "75570004"),
    ),
    suspicion=("bacterial", "viral"),
    use=IntendedUse(
        (1.0, 6.0), ("PA", "AP"), ("FOR PRESENTATION",),
        "Children of one to five years with a frontal chest radiograph, as in one hospital in Guangzhou. Research use "
        "only; not for diagnosis. No picture proves which germ it was: normal or pneumonia is the main question.",
    ),
    licence=(
        "Research use only. Trained on films of Kermany, Zhang and Goldbaum (2018), CC BY 4.0, made grey and smaller. "
        "Start weights: EfficientNet-Lite, ImageNet, Apache-2.0."
    ),
    members=_MEMBERS,
    films=_children,
    split_for=lambda film, group: split_of(group, _CHILDREN),
    judges=lambda film: True,
    left_out=(),
    hospital="kermany",
    prior=0.0,
    folds=3,
)  # fmt: skip

PLANS = {plan.name: plan for plan in (ADULT_COVID, PAEDIATRIC)}
