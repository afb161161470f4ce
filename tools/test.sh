#!/bin/sh
# Everything that must hold: style, types, import contracts, tests. Installs what it needs itself.
# Words after the command go to pytest: tools/test.sh tests/core -k window
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh --no-demo
export QT_QPA_PLATFORM=offscreen
.venv/bin/ruff check .
.venv/bin/ruff format --check -q .
.venv/bin/mypy
.venv/bin/lint-imports
exec .venv/bin/python -m pytest -n 2 "$@"
