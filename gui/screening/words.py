"""A run in a reader's words: how far it is, why it ended, what a threshold would mean. Nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.screening.state import About, Figure, State
from gui.reading.words import in_sentence, title

if TYPE_CHECKING:
    from core.records.verdict import Verdict

# A thin space groups thousands in every language, and is no decimal sign in any.
_THIN = "\N{NARROW NO-BREAK SPACE}"

# What now, by the code of what ended a run.
_WHAT_NOW = {
    "disk-full": "Make room there, then go on.",
    "place-unwritable": "When the place can be written again, go on.",
    "run-in-use": "Wait until the other program is done, or close it, then go on.",
    "run-differs": "What it found can be read and exported. Screen the folder again for a run of today.",
    "path-missing": "Connect the disk or the share, then try again.",
    "run-broken": "Going on may help; a report was kept.",
}


def count(number: int) -> str:
    """A number of things: 9 800."""
    return f"{number:,}".replace(",", _THIN)


def films(number: int) -> str:
    return f"{count(number)} film{'' if number == 1 else 's'}"


def lasting(seconds: float) -> str:
    """A time to wait, in the units that one waits in: 40 s, 1 min 20 s, 2 h 5 min."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        # Ten seconds are as much as the estimate is worth.
        minutes, rest = divmod(round(whole / 10) * 10, 60)
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def rate(a_second: float) -> str:
    if a_second >= 10:
        return f"{a_second:.0f} a second"
    return f"{a_second:.1f} a second" if a_second >= 1 else f"{max(1, round(a_second * 60))} a minute"


def headline(state: State) -> str:
    """What is going on, in one line."""
    done, total = _done(state), sum(state.counts.values())
    if state.phase == "empty":
        return ""
    if state.phase == "starting":
        return "The networks are getting ready"
    if state.phase == "stopping":
        parts = [f"Stopping after the films in hand: {_of(done, total, state)}"]
    elif state.phase == "running":
        parts = [_of(done, total, state) if state.listed else f"{films(done)} so far, still looking for more"]
        if state.progress is not None and state.progress.rate:
            parts.append(rate(state.progress.rate))
            if state.progress.remaining is not None:
                parts.append(f"{lasting(state.progress.remaining)} left")
    elif state.finished:
        parts = [f"{films(total)} screened" if total else "No films"]
    else:
        parts = [f"Stopped at {_of(done, total, state)}"]
    return " · ".join([*parts, *_unread(state.counts)])


def _of(done: int, total: int, state: State) -> str:
    if not state.listed:
        return f"{count(done)} of at least {films(total)}"
    return f"{count(done)} of {films(total)}"


def _unread(counts: Mapping[str, int]) -> list[str]:
    said = [f"{count(counts[name])} {name}" for name in ("refused", "failed") if counts.get(name)]
    return [", ".join(said)] if said else []


def _done(state: State) -> int:
    return sum(number for status, number in state.counts.items() if status != "found")


def origin(state: State) -> str:
    """Where the films lie, and with what they were judged."""
    about = state.about
    made = f"{about.bundle} {about.version} · {about.engine} {about.device} {about.precision}" if about else ""
    places = ", ".join(state.roots[:2]) + (" …" if len(state.roots) > 2 else "")
    run = f"run {Path(state.folder).name}" if state.folder else ""
    return "  ·  ".join(part for part in (places, run, made) if part)


def trouble(state: State) -> str:
    """Why the last pass ended before its end, and what to do; "" when it did not."""
    if state.error is not None:
        return f"{state.error.text} {_WHAT_NOW.get(state.error.code, '')}".strip()
    if state.faults:
        return f"{films(state.faults)} met a mistake of Hilum itself; faults.txt in the run's folder says where."
    return ""


def percent(share: float) -> str:
    return f"{share * 100:.0f}{_THIN}%"


def between(figure: Figure) -> str:
    """A share with its 95 % interval."""
    low, high = round(figure.low * 100), round(figure.high * 100)
    return f"{percent(figure.value)} (95{_THIN}% interval {low} to {high})"


def referred(threshold: float, above: int, assessed: int) -> str:
    return f"At {threshold:.2f}: {count(above)} of {count(assessed)} would be referred"


def meaning(about: About | None, threshold: float) -> tuple[str, ...]:
    """What a threshold would mean elsewhere, as far as the run's bundle knows; what it does not know is said too."""
    if about is None:
        return ()
    if not about.known:
        return (
            f"What a threshold means cannot be told: {about.bundle} {about.version}, with which this run was made, "
            "is not on this PC.",
        )
    test = {figure.name.removeprefix("referral "): figure for figure in about.test}
    sensitivity, specificity, at = test.get("sensitivity"), test.get("specificity"), about.test_threshold
    if sensitivity is None or specificity is None or at is None:
        return (_of_points(about, threshold),)
    if abs(threshold - at) < 1e-9:
        said = f"On the bundle's {specificity.source} it referred {between(sensitivity)} of the films with a finding "
        return (f"{said}and left {between(specificity)} of the normal ones.", _mix(about))
    if threshold < at:
        bound = (
            f"A lower one refers at least the {percent(sensitivity.value)} of films with a finding that were "
            f"referred there, and leaves at most {percent(specificity.value)} of the normal ones."
        )
    else:
        bound = (
            f"A higher one refers at most {percent(sensitivity.value)} of the films with a finding of that set, and "
            f"leaves at least {percent(specificity.value)} of the normal ones."
        )
    return (f"The bundle was tested at {at:.2f} only: no figures for this threshold. {bound}", _mix(about))


def _of_points(about: About, threshold: float) -> str:
    for point in about.points:
        if abs(point.threshold - threshold) < 1e-9 and point.figures:
            said = "; ".join(f"{figure.name} {between(figure)}" for figure in point.figures)
            return f"Not tested on a locked set. Picked for {point.picked_for}: {said} ({point.figures[0].source})."
    return "The bundle has no figures for this threshold: what it means for other films is not known."


def _mix(about: About) -> str:
    said = ", ".join(f"{count(number)} {in_sentence(title(name, about.titles))}" for name, number in about.mix.items())
    if not said:
        return "The bundle does not say what that set was made of."
    return f"That set: {films(sum(about.mix.values()))}, {said}."


def verdict(given: Verdict | None, titles: Mapping[str, str]) -> str:
    """The reader's word on a film, and who gave it."""
    if given is None:
        return ""
    if given.finding:
        said = title(given.finding, titles)
    else:
        said = "Agrees" if given.agrees else "Disagrees" if given.agrees is False else "Note"
    return f"{said} · {given.reader}" if given.reader else said


def all_refused(state: State, commonest: tuple[str, int] | None) -> str:
    """A run without any assessment, and the reason that came most often."""
    total = sum(state.counts.values())
    if not state.finished or not total or state.counts.get("assessed") or state.counts.get("abstained"):
        return ""
    fate = "refused" if not state.counts.get("failed") else "refused or failed"
    why = f" Most often: {commonest[0]} ({films(commonest[1])})" if commonest else ""
    return f"No film was assessed: all {count(total)} were {fate}.{why}"
