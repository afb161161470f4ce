#!/bin/sh
# Install everything Hilum needs on Debian 12 (or a relative with Python 3.11 to 3.13), then do the main job on the samples.
#   tools/setup.sh                      system packages, .venv, demo
#   tools/setup.sh --no-demo            without the demo
#   tools/setup.sh --without-training   without TensorFlow: reading, assessing and screening only (saves 1.5 GB)
set -eu
cd "$(dirname "$0")/.."

demo=yes
training=yes
for word in "$@"; do
    case $word in
        --no-demo) demo=no ;;
        --without-training) training=no ;;
        *) echo "There is no option $word; see the first lines of tools/setup.sh." >&2; exit 2 ;;
    esac
done

# What Qt's platform plugins load at run time, a font, and what makes a virtual environment.
packages="python3 python3-venv ca-certificates fonts-dejavu-core libdbus-1-3 libegl1 libfontconfig1 libgl1 libglib2.0-0
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
    libxcb-xfixes0 libxcb-xkb1 libxkbcommon-x11-0 libxkbcommon0 libwayland-client0 libwayland-cursor0 libwayland-egl1"

command -v python >/dev/null || packages="$packages python-is-python3"

is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

if command -v apt-get >/dev/null; then
    missing=""
    for package in $packages; do
        is_installed "$package" || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        echo "Installing system packages:$missing"
        if [ "$(id -u)" = 0 ]; then as_root=""; elif command -v sudo >/dev/null; then as_root=sudo; else
            echo "These packages are missing and can only be installed by root:$missing" >&2; exit 1
        fi
        $as_root apt-get update -qq
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi
else
    echo "This is not a Debian: install the relatives of these packages yourself: $packages" >&2
fi

python=""
for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Hilum needs Python 3.11, 3.12 or 3.13 with its venv module; none was found." >&2
    exit 1
fi

lock=requirements.lock
stamp=.venv/installed-from
wanted="$training $(sha256sum $lock | cut -d' ' -f1)"
if [ "$(cat $stamp 2>/dev/null)" != "$wanted" ]; then
    echo "Installing the libraries of $lock into .venv (some minutes)"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    if [ $training = no ]; then
        lock=.venv/without-training.lock
        .venv/bin/python tools/lock_without_training.py >$lock
    fi
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $lock
    echo "$wanted" >$stamp
fi
# Hilum's own modules as byte code, so that no start pays for translating them, not even where nothing may be written.
.venv/bin/python -m compileall -q core gui
echo "Hilum is installed. 'python main.py' opens the window."

[ $demo = no ] || .venv/bin/python main.py demo
