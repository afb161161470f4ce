from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_openvino_is_imported_in_one_place_only():
    importing = []
    for folder in ("core", "gui", "tools"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level:
                    names.append(node.module or "")
                if any(name.split(".")[0] == "openvino" for name in names):
                    importing.append(path.relative_to(ROOT).as_posix())
    assert importing == ["core/runtimes.py"]


def run(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=120)


def test_openvino_comes_without_its_telemetry():
    program = (
        "import sys; from core.runtimes import openvino; openvino(); openvino()\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry.')]\n"
    )
    assert run(program).returncode == 0


def test_an_openvino_that_already_brought_its_telemetry_is_not_used():
    program = (
        "import sys, types; sys.modules['openvino_telemetry'] = types.ModuleType('openvino_telemetry')\n"
        "from core.runtimes import openvino; openvino()\n"
    )
    done = run(program)
    assert done.returncode == 1
    assert "core.runtimes only" in done.stderr
    assert "openvino" in done.stderr
