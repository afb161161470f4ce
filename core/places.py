"""Where Hilum keeps things: what platformdirs says, or under HILUM_HOME."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from core.errors import RunRefused

PROGRAM = Path(__file__).resolve().parent.parent
SHIPPED_BUNDLES = PROGRAM / "models"
RESOURCES = PROGRAM / "resources"
SAMPLES = RESOURCES / "samples"


@lru_cache
def version() -> str:
    """Hilum's own version."""
    import tomllib

    with open(PROGRAM / "pyproject.toml", "rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def home() -> Path:
    """The folder of the user's own data; it may not exist yet."""
    own = os.environ.get("HILUM_HOME")
    if own:
        return Path(own)
    import platformdirs

    return Path(platformdirs.user_data_dir("hilum", appauthor=False))


def own_bundles() -> Path:
    return home() / "bundles"


def trainings() -> Path:
    """The trainings of the wizard, a folder each."""
    return home() / "trainings"


def sites() -> Path:
    """What the wizard keeps of a site's films, a folder for each place."""
    return home() / "site"


def made(folder: Path) -> Path:
    """The folder, made if need be. Refuses "place-unwritable"."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunRefused("place-unwritable", what=folder, why=error.strerror or type(error).__name__) from error
    return folder


# Where SQLite's write-ahead log is safe: its shared memory needs one machine and honest locks (sqlite.org/wal.html).
_LOCAL = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs", "overlay", "tmpfs"}
_LOCAL |= {"apfs", "hfs", "hfsplus", "ufs", "ntfs", "ntfs3", "refs", "fuseblk", "exfat", "vfat", "fat32", "msdos"}


def on_local_disk(folder: Path) -> bool:
    """Whether a folder certainly lies on a disk of this PC; a network share or an unknown file system does not."""
    import psutil

    place = folder.resolve()
    if str(place).startswith("\\\\"):
        return False
    disks = [disk for disk in psutil.disk_partitions(all=True) if place.is_relative_to(disk.mountpoint)]
    # The deepest mount holds the folder, and of two on the same place the later one.
    here = max(enumerate(disks), key=lambda one: (len(Path(one[1].mountpoint).parts), one[0]), default=(0, None))[1]
    return here is not None and here.fstype.lower() in _LOCAL and "remote" not in here.opts.split(",")
