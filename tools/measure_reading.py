"""Measure seconds and peak MiB of `describe` for every file of the corpus, each in a fresh process.

    python tools/measure_reading.py [--all] [CORPUS]

Prints a table of the rows that exceed what the corpus's manifest.csv allows (--all: of every row). Peak memory is
that of the largest process that took part, as the system counts it. A busy machine makes wall seconds long: the
processor's own seconds stand beside them. Not for Windows, which has no wait4.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

PROGRAM = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", type=Path, default=PROGRAM.parent / "shared" / "data" / "dicom")
    parser.add_argument("--all", action="store_true", help="print every row")
    options = parser.parse_args()
    with open(options.corpus / "manifest.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    above, slowest, largest = 0, 0.0, 0.0
    for row in rows:
        seconds, busy, mib = measured(options.corpus / row["path"])
        slowest, largest = max(slowest, seconds), max(largest, mib)
        exceeds = seconds > float(row["max_seconds"]) or mib > float(row["max_mib"])
        above += exceeds
        if exceeds or options.all:
            mark = "above" if exceeds else "     "
            figures = f"{seconds:6.2f} of {row['max_seconds']:>2} s {busy:6.2f} s {mib:6.0f} of {row['max_mib']:>3} MiB"
            print(f"{mark} {figures}  {row['path']}", flush=True)
    print(f"{len(rows)} files, {above} above their limits; slowest {slowest:.2f} s, largest {largest:.0f} MiB")
    return 1 if above else 0


def measured(path: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MiB of describing one file."""
    start = perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM / "main.py"), "describe", str(path), "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _pid, _status, usage = os.wait4(process.pid, 0)
    return perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
