"""The peak counts children, and what they held for a moment."""

from __future__ import annotations

import os
import subprocess
import sys

from core.bench.memory import Peak

# Holds 320 MiB, far more than this process gives back meanwhile, until it is told to end; the byte says that it has it.
_HOLDER = "import sys; held = bytearray(320 * 2**20); sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"


def test_what_a_child_holds_is_part_of_the_peak():
    with Peak(os.getpid()) as before:
        before.looked.wait(10)
    with Peak(os.getpid()) as peak:
        child = subprocess.Popen([sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdout.read(1)
        peak.looked.clear()
        peak.looked.wait(10)
        child.communicate()
    assert peak.bytes - before.bytes > 250 * 2**20


def test_a_process_that_is_gone_holds_nothing():
    child = subprocess.Popen([sys.executable, "-c", ""])
    pid = child.pid
    with Peak(pid) as peak:
        child.wait()
        peak.looked.clear()
        peak.looked.wait(10)
    assert peak.bytes >= 0
