"""The record keeper's process (core.jobs): what is kept of films, and what readers say of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import places, work_folders
from core.errors import HilumError
from core.records.keeper import Keeper
from core.records.labels import write_labels
from core.records.verdict import Kept, Known, Study, Verdict

Request = tuple[Any, ...]


def serve(folder: str | None = None) -> Callable[[Request], object]:
    """Open the records of a folder (None: the user's own) and give the function that answers

    ("trouble",) → a sentence to tell the reader once, or None;
    ("opened", paths), ("recent",), ("forget-recent",) → the paths opened last, newest first;
    ("known", marks) → {mark: Known}; ("read", Study), ("verdict", Verdict), ("withdraw", mark, reader) → Known;
    ("labels", path) → Exported;
    ("kept",), ("forget", mark), ("forget-names",), ("forget-thumbnails",), ("forget-work", path), ("forget-all",) →
    Kept; what the training wizard keeps is told and erased too, but nothing of a training that is going on.

    Where nothing can be kept, it knows nothing and refuses to write, each time with the reason; it goes on when the
    place can be written again.
    """
    return _Desk(Path(folder) if folder is not None else places.home() / "records")


class _Desk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keeper: Keeper | None = None
        self._trouble: str | None = None
        try:
            self._trouble = self._open().trouble
        except HilumError as error:
            self._trouble = f"{error.reason.text} Verdicts are not kept."

    def __call__(self, request: Request) -> object:
        if request == ("trouble",):
            told, self._trouble = self._trouble, None
            return told
        try:
            keeper = self._open()
        except HilumError as error:
            return self._without(request, error)
        try:
            return _answer(keeper, request)
        except sqlite3.Error as error:
            raise keeper.refusal_of(error) from error

    def _open(self) -> Keeper:
        if self._keeper is None:
            self._keeper = Keeper(self._folder)
        return self._keeper

    def _without(self, request: Request, error: HilumError) -> object:
        """The answers of a keeper that has nothing; for all else the error stands."""
        match request:
            case ("recent",):
                return ()
            case ("known", marks):
                return {mark: Known(False, None, mark) for mark in marks}
            case ("kept",):
                return Kept(0, 0, 0, 0, 0, str(self._folder), work=work_folders.listed())
        raise error


def _answer(keeper: Keeper, request: Request) -> object:
    match request:
        case ("opened", paths):
            keeper.opened(paths)
            return keeper.recent()
        case ("recent",):
            return keeper.recent()
        case ("forget-recent",):
            keeper.forget_recent()
            return keeper.recent()
        case ("known", marks):
            return keeper.known(marks)
        case ("read", Study() as study):
            return keeper.read(study)
        case ("verdict", Verdict() as verdict):
            return keeper.keep(verdict)
        case ("withdraw", mark):
            return keeper.withdraw(mark, "")
        case ("withdraw", mark, reader):
            return keeper.withdraw(mark, reader)
        case ("labels", path):
            return write_labels(keeper.records, Path(path))
        case ("kept",):
            pass
        case ("forget", mark):
            keeper.forget(mark)
        case ("forget-names",):
            keeper.forget_names()
        case ("forget-thumbnails",):
            keeper.forget_thumbnails()
        case ("forget-all",):
            keeper.forget_all()
            work_folders.forget_all()
        case ("forget-work", path):
            work_folders.forget(path)
        case _:
            raise ValueError(f"a record keeper does not know {request!r}")
    return replace(keeper.kept(), work=work_folders.listed())
