"""The films of a place as the wizard holds them: listed, read, relabelled, left out; each change is remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from core import places
from core.cohort.cache import Films
from core.cohort.groups import group_names
from core.cohort.hashes import near_pairs
from core.cohort.labels import LabelledFilm
from core.errors import Reason
from core.progress import Progress, Stop
from core.site.classes import NO_LABEL, class_counts, class_name, class_of, first_choices, label_counts
from core.site.known import Known, Readings, stacked
from core.site.listing import NOT_LISTABLE, is_listable, listed, shown_name
from core.site.plan import Allowed, ClassChoice, SiteFilm, SitePlan, allowed_together, folder_name, read_plan
from core.site.state import ClassCount, LabelCount
from core.work_folders import CACHE

Bundle = Sequence[tuple[str, str]]


class SiteFilms:
    """films: in the order of the list. feed: numbers of films, each time one is new or changed. known: of those that
    were read. groups: number → whoever and whatever must stay together, once all were read. plan: kept on every change.

    Refuses what core.site.listing.listed, core.site.plan.read_plan and Readings refuse.
    """

    def __init__(self, place: str, bundle: Bundle) -> None:
        self.place, self.bundle = place, bundle
        labelled, kind = listed(Path(place))
        self.folder = places.made(places.sites() / folder_name(place))
        self.plan = read_plan(self.folder) or SitePlan(place=place, kind=kind)
        self.plan.write(self.folder)  # the folder says whose it is, before anything is decided
        self._labelled = labelled
        self._turn = threading.RLock()
        self.films = [self._first(number, film) for number, film in enumerate(labelled)]
        self.feed = list(range(len(self.films)))
        self.known: dict[int, Known] = {}
        self.groups: dict[int, str] = {}
        self.choices = self._all_choices(self.plan.choices)
        self.readings = Readings(self.folder / CACHE)

    def close(self) -> None:
        self.readings.close()

    # --- reading ---

    def read(self, report: Callable[[Progress], None], stop: Stop) -> bool:
        """Read all files, then group them; False when it was stopped."""

        def told(number: int, found: Known | Reason, progress: Progress) -> None:
            with self._turn:
                if isinstance(found, Known):
                    self.known[number] = found
                    self._put(number, **self._of_file(number, found))
                else:
                    self._put(number, problem=found.text)
            report(progress)

        self.readings.read([(film.number, Path(film.path)) for film in self.films if not film.problem], told, stop)
        if stop.asked:
            return False
        self.groups = self._grouped()
        return True

    def settled(self, number: int) -> NDArray[np.uint16]:
        """A film as the networks' ways begin with it: (rows, columns), read-only."""
        return self.pictures([number])[0]

    def pictures(self, numbers: Sequence[int]) -> Films:
        """The same for several that were read."""
        return self.readings.films([self.known[number].sha256 for number in numbers])

    # --- what the user says ---

    def relabel(self, numbers: Iterable[int], label: str) -> None:
        """Call these films otherwise; their own label takes the change back."""
        with self._turn:
            relabels = dict(self.plan.relabels)
            for number in numbers:
                film, own = self.films[number], self._labelled[number].label or NO_LABEL
                relabels.pop(film.path, None)
                if label != own:
                    relabels[film.path] = label
                self._put(number, label=label, relabelled=label != own)
            self._keep(relabels=relabels)
            self.choices = self._all_choices(self.choices)

    def exclude(self, numbers: Iterable[int], why: str) -> None:
        """Leave these films out, with a reason; an empty one takes them in again."""
        with self._turn:
            exclusions = dict(self.plan.exclusions)
            for number in numbers:
                exclusions.pop(self.films[number].path, None)
                if why:
                    exclusions[self.films[number].path] = why
                self._put(number, excluded=why)
            self._keep(exclusions=exclusions)

    def choose(self, choices: Sequence[ClassChoice]) -> None:
        """What labels become; those that are not named keep what they have."""
        with self._turn:
            names = {name for name, _title in self.bundle}
            fit = [one if one.to is None or one.to in names else replace(one, to=class_name(one.to)) for one in choices]
            self.choices = self._all_choices([*fit, *self.choices])
            self._keep(choices=self.choices)

    def note(self, **values: Any) -> None:
        """Keep something else in the plan."""
        with self._turn:
            self._keep(**values)

    # --- what there is ---

    def label_counts(self) -> tuple[LabelCount, ...]:
        with self._turn:
            return label_counts(self.films, self._people(), self.choices)

    def class_counts(self) -> tuple[tuple[ClassCount, ...], Allowed]:
        with self._turn:
            counts = class_counts(self.films, self._people(), self.choices, self.bundle)
        return counts, allowed_together({one.title: (one.films, one.patients) for one in counts})

    def of_classes(self) -> dict[str, list[int]]:
        """Class → numbers of the films that it would be trained on, in the order of the classes."""
        with self._turn:
            to = class_of(self.choices)
            made: dict[str, list[int]] = {name: [] for name in dict.fromkeys(to.values())}
            for film in self.films:
                if film.usable and film.label in to:
                    made[to[film.label]].append(film.number)
        return made

    @property
    def stated(self) -> dict[int, tuple[str, str]]:
        """Number → (group, split), as the site's table has them."""
        return {n: (film.group, film.split) for n, film in enumerate(self._labelled) if film.group or film.split}

    # --- inside ---

    def _first(self, number: int, film: LabelledFilm) -> SiteFilm:
        path, own = str(film.path.resolve()), film.label or NO_LABEL
        label = self.plan.relabels.get(path, own)
        return SiteFilm(
            number, path, shown_name(film, Path(self.place)), label, film.patient, film.source, film.view, film.sex,
            film.age_years, excluded=self.plan.exclusions.get(path, ""), relabelled=label != own,
            problem="" if is_listable(Path(path)) else NOT_LISTABLE,
        )  # fmt: skip

    def _of_file(self, number: int, known: Known) -> dict[str, Any]:
        """What the labels say goes before what the file says."""
        own, facts = self._labelled[number], known.facts
        return {
            "sha256": known.sha256,
            "patient": own.patient or facts.patient_id or "",
            "view": own.view or facts.view or "",
            "sex": own.sex or facts.sex or "",
            "age_years": own.age_years if own.age_years is not None else facts.age_years,
            "study_date": facts.study_date or "",
        }

    def _put(self, number: int, **values: Any) -> None:
        self.films[number] = replace(self.films[number], **values)
        self.feed.append(number)

    def _keep(self, **values: Any) -> None:
        self.plan = self.plan.changed(**values)
        self.plan.write(self.folder)

    def _all_choices(self, made: Sequence[ClassChoice]) -> tuple[ClassChoice, ...]:
        """A choice for every label that a film has; the first of a label counts."""
        labels = sorted({film.label for film in self.films}, key=lambda label: (label == NO_LABEL, label.casefold()))
        known: dict[str, ClassChoice] = {}
        for one in made:
            known.setdefault(one.label, one)
        return tuple(known.get(one.label, one) for one in first_choices(labels, self.bundle))

    def _people(self) -> dict[int, str]:
        """As far as they are known while films are still read: the patients."""
        return self.groups or {film.number: film.patient for film in self.films if film.patient}

    def _grouped(self) -> dict[int, str]:
        numbers = sorted(self.known)
        if not numbers:
            return {}
        hashes = stacked([self.known[one].perceptual for one in numbers])
        mirrored = stacked([self.known[one].mirrored for one in numbers])
        films = [
            LabelledFilm(Path(self.films[one].path), "", self.films[one].patient, self._labelled[one].group)
            for one in numbers
        ]
        return dict(zip(numbers, group_names(films, near_pairs(hashes, mirrored)), strict=True))
