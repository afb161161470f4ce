"""The process of a site's films (core.jobs): one place at a time, read and checked on a thread of its own.

What the films look like to the window is a feed of numbers that only grows, as in core.screening.desk: a caller names
how far in it he has read and gets these films as they are now.
"""

from __future__ import annotations

import secrets
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from core.background import answering
from core.cohort.lineage import read_lineage
from core.errors import BundleRefused, HilumError, Reason, RunRefused, reason
from core.evidence.judging import LINEAGE
from core.files import write_whole
from core.imaging.prepare import needs_lungs
from core.imaging.sources import ImageRef
from core.inference import shelf
from core.inference.bundles import Bundle
from core.inference.lungs import LungFinder, finder_for
from core.progress import Progress, Stop
from core.site import dry_run, preview
from core.site.checks import Site, findings
from core.site.classes import class_of
from core.site.films import SiteFilms
from core.site.labels import write_labels
from core.site.plan import ClassChoice, SitePlan
from core.site.state import BATCH_FILMS, DryRun, Finding, Phase, Preview, SiteState
from core.training import recipes
from core.work_folders import CACHE

THUMBNAIL_SIDE = 160


def serve() -> Callable[[Any], object]:
    """Give the function that answers

    ("open", place) → None, place: a folder with one sub-folder a finding, or a CSV (also one that the record keeper
    wrote of its verdicts); ("look", version) → SiteState; ("stop",) → None, ends what is under way between two films;
    ("thumbnails", numbers) → {number: JPEG of at most 160 pixels}; ("picture", number) → JPEG of at most 512;
    ("refs", numbers) → {number: ImageRef};
    ("relabel", numbers, label), ("exclude", numbers, reason), ("include", numbers), ("choose", choices) → None;
    ("check",) → None: SiteState.findings has them; ("acknowledge", code, words), words may be empty → None;
    ("preview", recipe text, seed, count, start = "", number of the network = 0) → Preview;
    ("dry-run", recipe text, start) → None: SiteState.dry_run has it;
    ("labels", path) → number of films written; ("plan",) → SitePlan; ("note", values) → None, values: start, recipe,
    changes and seed of the plan; ("close",) → None, lets the place go, so that what is kept of it can be erased.

    Refuses "site-not-ready" while a question needs films that are still read, "labels-empty", what reading a recipe
    refuses, "disk-full", "place-unwritable". What ends the work on the thread is in the state.
    """
    desk = Desk()
    known: dict[str, Callable[..., object]] = {
        "open": desk.open,
        "look": desk.look,
        "stop": desk.stop,
        "thumbnails": desk.thumbnails,
        "picture": desk.picture,
        "refs": desk.refs,
        "relabel": desk.relabel,
        "exclude": desk.exclude,
        "include": desk.include,
        "choose": desk.choose,
        "check": desk.check,
        "acknowledge": desk.acknowledge,
        "preview": desk.preview,
        "dry-run": desk.dry_run,
        "labels": desk.labels,
        "plan": desk.plan,
        "note": desk.note,
        "close": desk.let_go,
    }
    return answering(known, desk.close)


class Desk:
    """The place that is open, and the one thing that is under way on it."""

    def __init__(self) -> None:
        self._films: SiteFilms | None = None
        self._place = ""
        self._epoch = ""
        self._phase: Phase = "empty"
        self._progress: Progress | None = None
        self._findings: tuple[Finding, ...] | None = None
        self._dry_run: DryRun | None = None
        self._error: Reason | None = None
        self._mistake: str | None = None
        self._stop = Stop()
        self._thread: threading.Thread | None = None
        self._complete = False
        self._bundle: Bundle | None = None
        self._lungs: LungFinder | None = None

    # --- the place ---

    def open(self, place: str) -> None:
        """Another place, or the same one again; what is under way ends."""
        self.close()
        self._place, self._epoch = place, secrets.token_hex(4)
        self._findings = self._dry_run = None
        self._complete = False
        try:
            self._bundle = shelf.in_use()
        except BundleRefused:
            self._bundle = None
        self._work("listing", self._read)

    def _read(self) -> None:
        films = SiteFilms(self._place, self._titles)
        self._films = films
        self._phase = "reading"
        self._complete = films.read(self._report, self._stop)

    def close(self, seconds: float | None = None) -> None:
        """End what is under way, and let the place go."""
        self._stop.ask()
        if self._thread is not None:
            self._thread.join(seconds)
        if self._films is not None:
            self._films.close()
            self._films = None
        if self._lungs is not None:
            self._lungs.close()
            self._lungs = None
        self._phase = "empty"

    def let_go(self) -> None:
        """No place is open any more."""
        self.close()
        self._place, self._epoch = "", secrets.token_hex(4)

    def stop(self) -> None:
        self._stop.ask()

    def look(self, version: tuple[str, int] | None) -> SiteState:
        """How things stand, and the films that are new or changed since a version; None: all."""
        if self._mistake is not None:
            told, self._mistake = self._mistake, None
            raise RuntimeError(f"a mistake of our own ended the work on the films:\n{told}")
        fresh = version is None or version[0] != self._epoch
        since = 0 if version is None or fresh else version[1]
        # The phase first: a place at rest has told everything.
        phase, films = self._phase, self._films
        common: dict[str, Any] = {
            "phase": phase,
            "place": self._place,
            "fresh": fresh,
            "progress": self._progress,
            "bundle_classes": self._titles,
            "bundle_title": self._bundle.description.title if self._bundle else "",
            "error": self._error,
        }
        if films is None:
            return SiteState(version=(self._epoch, 0), **common)
        feed = films.feed[since : since + BATCH_FILMS]
        classes, together = films.class_counts()
        return SiteState(
            version=(self._epoch, since + len(feed)),
            folder=str(films.folder),
            films=tuple(films.films[number] for number in dict.fromkeys(feed)),
            more=since + len(feed) < len(films.feed),
            total=len(films.films),
            labels=films.label_counts(),
            choices=films.choices,
            classes=classes,
            together=together,
            findings=self._findings,
            acknowledged=dict(films.plan.acknowledgements),
            dry_run=self._dry_run,
            **common,
        )

    # --- films ---

    def thumbnails(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Small pictures of those that were read."""
        return self._pictures(numbers, THUMBNAIL_SIDE)

    def picture(self, number: int) -> bytes | None:
        """The whole film as cached; None when it was not read."""
        return self._pictures([number], None).get(number)

    def _pictures(self, numbers: Sequence[int], side: int | None) -> dict[int, bytes]:
        films = self._open
        read = [number for number in numbers if number in films.known]
        return {number: preview.jpeg_of(film, side) for number, film in zip(read, films.pictures(read), strict=True)}

    def refs(self, numbers: Iterable[int]) -> dict[int, ImageRef]:
        """Where these films are, for the reading page."""
        films = self._open
        root = str(Path(self._place).resolve())
        return {number: ImageRef(films.films[number].path, root=root) for number in numbers}

    def relabel(self, numbers: Sequence[int], label: str) -> None:
        self._open.relabel(numbers, label.strip())
        self._changed()

    def exclude(self, numbers: Sequence[int], why: str) -> None:
        if not why.strip():
            raise ValueError("a film is left out for a reason")
        self._open.exclude(numbers, why.strip())
        self._changed()

    def include(self, numbers: Sequence[int]) -> None:
        self._open.exclude(numbers, "")
        self._changed()

    def choose(self, choices: Sequence[ClassChoice]) -> None:
        self._open.choose(choices)
        self._changed()

    def _changed(self) -> None:
        """What was found before may not hold any more. A check under way looks at films that are none any more."""
        self._findings = self._dry_run = None
        if self._phase in ("checking", "timing"):
            self._stop.ask()

    # --- checks ---

    def check(self) -> None:
        films = self._ready
        self._work("checking", lambda: self._check(films))

    def _check(self, films: SiteFilms) -> None:
        self._findings = None
        classes, together = films.class_counts()
        bundle = self._bundle
        lineage = bundle.path(LINEAGE) if bundle is not None else None
        site = Site(
            films=tuple(films.films),
            known=films.known,
            groups=films.groups,
            choices=films.choices,
            classes=classes,
            together=together,
            settled=films.settled,
            use=None if bundle is None else bundle.description.intended_use,
            seen=read_lineage(lineage) if lineage is not None and lineage.is_file() else None,
            lungs=self._finder(),
        )
        found = findings(site, self._report, self._stop)
        if found is None:
            return
        codes = {one.code for one in found}
        kept = {code: words for code, words in films.plan.acknowledgements.items() if code in codes}
        films.note(acknowledgements=kept)
        self._findings = found

    def acknowledge(self, code: str, words: str) -> None:
        films = self._open
        others = {known: said for known, said in films.plan.acknowledgements.items() if known != code}
        films.note(acknowledgements=others | ({code: words.strip()} if words.strip() else {}))

    def _finder(self) -> LungFinder | None:
        if self._lungs is None and self._bundle is not None:
            self._lungs = finder_for(self._bundle, use="folder")
        return self._lungs

    # --- what comes of it ---

    def preview(self, recipe: str, seed: int, count: int, start: str = "", member: int = 0) -> Preview:
        films = self._ready
        read = recipes.read(self._recipe(recipe))
        views = preview.views_of(read, start)
        member = min(member, len(views) - 1)
        _name, steps = views[member]
        lungs = self._finder() if needs_lungs(steps) else None
        of_classes = {name: numbers for name, numbers in films.of_classes().items() if numbers}
        cells = preview.grid(read, steps, of_classes, films.settled, seed=seed, count=count, lungs=lungs)
        return Preview(tuple(name for name, _steps in views), member, cells)

    def dry_run(self, recipe: str, start: str = "") -> None:
        place = self._recipe(recipe)
        self.labels(str(self._open.folder / "labels.csv"))
        self._work("timing", lambda: self._time(place, start))

    def _time(self, recipe: Path, start: str) -> None:
        films = self._open
        self._dry_run = None
        self._dry_run = dry_run.timed(
            recipe, films.folder / "labels.csv", films.folder / CACHE, start, report=self._report, stop=self._stop
        )

    def labels(self, path: str) -> int:
        films = self._ready
        return write_labels(films.films, class_of(films.choices), films.stated, Path(path))

    def plan(self) -> SitePlan:
        return self._open.plan

    def note(self, values: dict[str, Any]) -> None:
        self._open.note(**{name: values[name] for name in ("start", "recipe", "changes", "seed") if name in values})

    # --- inside ---

    @property
    def _titles(self) -> tuple[tuple[str, str], ...]:
        if self._bundle is None:
            return ()
        return tuple((one.name, one.title) for one in self._bundle.description.classes)

    @property
    def _open(self) -> SiteFilms:
        if self._films is None:
            raise RunRefused("site-not-ready", what="listed")
        return self._films

    @property
    def _ready(self) -> SiteFilms:
        if not self._complete or self._phase == "reading":
            raise RunRefused("site-not-ready", what="read")
        return self._open

    def _recipe(self, text: str) -> Path:
        """The recipe as a file: it may extend another one by its name."""
        path = self._open.folder / "recipe.toml"
        write_whole(path, text)
        return path

    def _report(self, progress: Progress) -> None:
        self._progress = progress

    def _work(self, phase: Phase, do: Callable[[], None]) -> None:
        """One thing at a time, on a thread that dies with the process."""
        if self._phase in ("listing", "reading"):
            raise RunRefused("site-not-ready", what="read")
        if self._thread is not None:
            # Another check or dry run is of no use any more.
            self._stop.ask()
            self._thread.join()
        self._stop, self._error, self._progress, self._phase = Stop(), None, None, phase

        def work() -> None:
            try:
                do()
            except HilumError as error:
                self._error = error.reason
            except Exception as mistake:
                self._error = reason("run-broken", what=f"{type(mistake).__name__}: {mistake}")
                self._mistake = traceback.format_exc()
            self._progress, self._phase = None, "ready" if self._complete else "failed"

        self._thread = threading.Thread(target=work, name="site", daemon=True)
        self._thread.start()
