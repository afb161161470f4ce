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
# The files in the order of tests/conftest.py: the long ones first.
if [ $# != 0 ]; then
    exec .venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
fi
.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# The networks on another backend of Keras: some of their tests, quick ones. What it adds has a lock of its own.
wanted=$(sha256sum tools/requirements-jax.lock | cut -d' ' -f1)
if [ "$(cat .venv/jax-installed-from 2>/dev/null)" != "$wanted" ]; then
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r tools/requirements-jax.lock
    echo "$wanted" >.venv/jax-installed-from
fi
export KERAS_BACKEND=jax
exec .venv/bin/python -m pytest -n 0 -q tests/core/networks \
    -k "(differentiation and paper) or normalisations_stay or regularisers_are or all_but_the_last"
