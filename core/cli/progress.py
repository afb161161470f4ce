"""The progress line of long commands, and Ctrl-C that stops them cleanly."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from core.cli.output import words

if TYPE_CHECKING:
    from core.progress import Progress, Stop


@contextlib.contextmanager
def stopping(stop: Stop, sentence: str) -> Iterator[None]:
    """Ctrl-C asks for a stop between two items, and says so; a second one ends at once."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.ask()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        words().print(sentence)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def progress_line(
    title: str, *, unit: str = "", notes: bool = False, waiting: str = ""
) -> Iterator[Callable[[Progress], None]]:
    """A line with bar, count, rate in `unit` a second, and time left, on standard error while the block runs.

    notes: what the work says of itself stands in the line too; without a terminal, where nothing is redrawn, a line is
    then written whenever the note's beginning (up to its first comma) changes. waiting: said in place of the time left
    while that is unknown.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn(title),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
    )
    console = words()
    with Bar(*columns, console=console, transient=True, refresh_per_second=4, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, note="", rate="", left="")
        told = [""]

        def show(progress: Progress) -> None:
            rate = f"{progress.rate:.1f} {unit}/s" if progress.rate and unit else ""
            left = f"{duration(progress.remaining)} left" if progress.remaining is not None else waiting
            note = progress.note if notes else ""
            bar.update(task, completed=progress.done, total=progress.total, note=note, rate=rate, left=left)
            if note and not console.is_terminal and note.partition(",")[0] != told[0]:
                told[0] = note.partition(",")[0]
                console.print(f"{title}: {note} {left}".rstrip())

        yield show


def duration(seconds: float) -> str:
    """A time in its two largest units."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
