"""Trouble on order: the Nth write fails, the disk is full, the process is killed at the Nth write of a journal."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent


class FailAt:
    """Counts calls to the operations that it wraps, and lets the Nth one fail (0: none, to count them)."""

    def __init__(self, number: int, error: int = errno.ENOSPC) -> None:
        self.number = number
        self.error = error
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.number:
            raise OSError(self.error, os.strerror(self.error))

    def around(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        """The operation, which now may fail."""

        def failing(*arguments: Any, **options: Any) -> Any:
            self()
            return operation(*arguments, **options)

        return failing

    def file(self, file: IO[bytes]) -> FailingFile:
        return FailingFile(file, self)


class FailingFile:
    """A binary file whose writing, flushing and closing count."""

    def __init__(self, file: IO[bytes], fault: FailAt) -> None:
        self._file = file
        self._fault = fault

    def __enter__(self) -> FailingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._fault()

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._file, name)
        return self._fault.around(operation) if name in ("write", "flush") else operation


def python(
    code: str, *arguments: str, check: bool = True, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, with Hilum to import."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | ({"HILUM_HOME": str(home)} if home else {})
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=120,
        check=check,
    )


LIMIT_FILE_SIZE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
"""


def full_disk(limit_bytes: int, code: str, arguments: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process that may write no file longer than this; arguments begin at sys.argv[2]."""
    return python(LIMIT_FILE_SIZE + code, str(limit_bytes), *arguments, check=False)
