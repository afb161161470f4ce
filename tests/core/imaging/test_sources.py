"""Which images lie where: every file is a row, nothing is followed, nothing is unpacked, nothing holds us up."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.errors import ImageFailed, ImageRefused
from core.imaging.dicom.directory import DIRECTORY_CLASS
from core.imaging.limits import Limits
from core.imaging.reading import describe, open_radiograph
from core.imaging.sources import ImageRef, find
from tests.dicom_bytes import EXPLICIT, element, film, pixels, sequence

PROGRAM = Path(__file__).resolve().parents[3]
GOOD = film()


def archive(path: Path, *members: tuple[Any, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def names(*paths: Path, **options: Any) -> list[str]:
    return [ref.name for ref in find(paths, **options)]


def refusal(ref: ImageRef, limits: Limits | None = None) -> str:
    with pytest.raises((ImageRefused, ImageFailed)) as caught:
        open_radiograph(ref, limits)
    return caught.value.code


def test_a_folder_is_walked_in_order_and_every_file_is_a_row(tmp_path: Path) -> None:
    for name in ("b/2.dcm", "b/10.dcm", "a.dcm", "c/notes.txt", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(GOOD)
    assert names(tmp_path) == [".hidden", "a.dcm", "b/10.dcm", "b/2.dcm", "c/notes.txt"]


def test_a_folder_of_many_files_is_streamed_in_its_own_order(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}").write_bytes(b"x")
    stream = find([tmp_path], limits=Limits(sorted_entries=5))
    assert sorted(ref.name for ref in stream) == [f"{number:02}" for number in range(12)]


def test_a_file_named_by_the_user_is_shown_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "film.dcm").write_bytes(GOOD)
    (ref,) = find([tmp_path / "film.dcm"])
    assert (ref.name, ref.path) == ("film.dcm", str(tmp_path / "film.dcm"))


def test_what_is_not_there_is_a_row_too(tmp_path: Path) -> None:
    (ref,) = find([tmp_path / "gone.dcm"])
    assert describe(ref).status == "failed" and refusal(ref) == "unreachable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_links_pipes_and_folders_in_a_circle_are_rows_and_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.dcm"
    outside.write_bytes(GOOD)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "up").symlink_to(tmp_path)
    (folder / "film.dcm").symlink_to(outside)
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe.dcm")
    found = {ref.name: refusal(ref) for ref in find([folder])}
    assert found == dict.fromkeys(("up", "film.dcm", "loop", "pipe.dcm"), "not-a-file")


def test_odd_names_open(tmp_path: Path) -> None:
    odd = ["new\nline.dcm", "-rf.dcm", " lead.dcm ", "%2e%2e%2f.dcm", "\u202efdp.mcd", "x" * 240 + ".dcm"]
    for name in odd:
        (tmp_path / name).write_bytes(GOOD)
    assert {ref.name: describe(ref).status for ref in find([tmp_path])} == dict.fromkeys(odd, "opened")


def test_folders_deeper_than_the_limit_are_one_row(tmp_path: Path) -> None:
    deep = tmp_path / "1" / "2" / "3" / "4"
    deep.mkdir(parents=True)
    (deep / "film.dcm").write_bytes(GOOD)
    limits = Limits(folder_depth=2)
    refs = list(find([tmp_path], limits=limits))
    assert [ref.name for ref in refs] == ["1/2/3"] and refusal(refs[0], limits) == "folder-too-deep"
    assert names(tmp_path) == ["1/2/3/4/film.dcm"]


def test_a_file_that_changes_while_it_is_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(GOOD)
    from core.imaging import reading

    def grow(*arguments: Any) -> Any:
        radiograph = by_kind(*arguments)
        path.write_bytes(GOOD + b"more")
        return radiograph

    by_kind = reading._by_kind
    monkeypatch.setattr(reading, "_by_kind", grow)
    assert refusal(ImageRef(str(path))) == "changed-while-reading"


# Archives.


def test_an_archive_is_a_row_and_so_is_each_of_its_files(tmp_path: Path) -> None:
    path = archive(tmp_path / "study.zip", ("films/a.dcm", GOOD), ("notes.txt", b"words"), ("empty.dcm", b""))
    refs = list(find([path]))
    assert [ref.name for ref in refs] == [
        "study.zip",
        *(f"study.zip!{m}" for m in ("films/a.dcm", "notes.txt", "empty.dcm")),
    ]
    rows = [describe(ref) for ref in refs]
    assert [row.status for row in rows] == ["opened", "opened", "refused", "refused"]
    assert [row.reasons[0].code for row in rows if row.reasons] == ["archive-listed", "not-an-image", "empty-file"]
    assert refusal(refs[0]) == "a-container"
    assert names(path, containers=False) == names(path)[1:]
    assert sorted(tmp_path.iterdir()) == [path]


def _link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


UNSAFE = {
    "a path upwards": [("../../escape.dcm", GOOD)],
    "an absolute path": [("/tmp/absolute.dcm", GOOD)],
    "a drive": [("C:\\film.dcm", GOOD)],
    "a path upwards with backslashes": [("..\\escape.dcm", GOOD)],
    "a link": [(_link("link.dcm"), b"/etc/passwd")],
    "an archive": [("inner.zip", b"PK\x05\x06" + b"\0" * 18)],
    "names that clash by case": [("a.dcm", GOOD), ("A.DCM", GOOD)],
    "a file that is also a folder": [("a.dcm", GOOD), ("a.dcm/b.dcm", GOOD)],
    "a bomb": [("bomb.dcm", b"\0" * 80_000_000)],
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_an_unsafe_archive_is_one_refused_row(tmp_path: Path, kind: str) -> None:
    (ref,) = find([archive(tmp_path / "study.zip", *UNSAFE[kind])])
    assert refusal(ref) == "unsafe-archive"


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "study.zip", *((f"{number}.dcm", b"x") for number in range(6)))
    (ref,) = find([path], limits=Limits(archive_members=5))
    assert refusal(ref, Limits(archive_members=5)) == "unsafe-archive"


def test_a_member_whose_size_is_a_lie_or_whose_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "study.zip", ("a.dcm", GOOD))
    whole = bytearray(path.read_bytes())
    central = whole.rindex(b"PK\x01\x02")
    lying = bytearray(whole)
    lying[central + 24 : central + 28] = (10).to_bytes(4, "little")
    spoilt = bytearray(whole)
    spoilt[60:80] = b"\xff" * 20
    for content in (lying, spoilt):
        path.write_bytes(content)
        assert refusal(ImageRef(str(path), "a.dcm")) == "corrupt-archive"
    path.write_bytes(whole[:-30])
    (ref,) = find([path])
    assert refusal(ref) == "corrupt-archive"


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "study.zip", ("a.dcm", GOOD))
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    (ref,) = find([path])
    assert refusal(ref) == "encrypted-archive"


def test_a_film_in_an_archive_is_the_film(tmp_path: Path) -> None:
    path = archive(tmp_path / "study.zip", ("a.dcm", GOOD))
    (tmp_path / "a.dcm").write_bytes(GOOD)
    packed, plain = open_radiograph(ImageRef(str(path), "a.dcm")), open_radiograph(ImageRef(str(tmp_path / "a.dcm")))
    assert packed.sha256 == plain.sha256 and (packed.display() == plain.display()).all()


# DICOMDIR and frames.


def dicomdir(*files: str) -> bytes:
    records = [{0x00041430: ("CS", "IMAGE"), 0x00041500: ("CS", name)} for name in files]
    meta = element(0x00020002, "UI", DIRECTORY_CLASS) + element(0x00020010, "UI", EXPLICIT)
    head = b"\0" * 128 + b"DICM" + element(0x00020000, "UL", len(meta)) + meta
    return head + element(0x00041130, "CS", "SET") + element(0x00041220, *sequence(*records))


def test_a_dicomdir_names_files_inside_its_folder_only(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(GOOD)
    folder = tmp_path / "disc"
    (folder / "CR1").mkdir(parents=True)
    (folder / "CR1" / "6154").write_bytes(GOOD)
    (folder / "cr2").write_bytes(GOOD)
    listing = folder / "DICOMDIR"
    listing.write_bytes(dicomdir("CR1\\6154", "CR2", "GONE", "..\\outside", "/etc\\passwd"))
    refs = list(find([listing]))
    assert [ref.name for ref in refs] == ["DICOMDIR", "CR1/6154", "cr2"]
    first, *others = (describe(ref) for ref in refs)
    assert first.status == "opened" and first.reasons[0].text == (
        "A DICOMDIR that names 5 images, of which 3 are missing."
    )
    assert [one.status for one in others] == ["opened", "opened"] and refusal(refs[0]) == "a-container"
    assert names(folder) == ["CR1/6154", "DICOMDIR", "cr2"]


def test_a_dicomdir_in_an_archive_names_members(tmp_path: Path) -> None:
    path = archive(tmp_path / "disc.zip", ("disc/DICOMDIR", dicomdir("CR1\\6154", "GONE")), ("disc/cr1/6154", GOOD))
    found = describe(ImageRef(str(path), "disc/DICOMDIR"))
    assert found.reasons[0].text == "A DICOMDIR that names 2 images, of which 1 are missing."


def test_all_frames_are_rows_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "two.dcm"
    path.write_bytes(film(data=pixels().tobytes() * 2, x00280008=("IS", "2")))
    assert [ref.frame for ref in find([path])] == [1]
    assert [ref.frame for ref in find([path], frames="all")] == [1, 2]
    assert describe(ImageRef(str(path))).reasons[0].text == "The file has 2 frames; this is frame 1."
    assert refusal(ImageRef(str(path), frame=3)) == "bad-frame-count"


# Who may read.

_AS_NOBODY = """
import os, sys
from core.imaging import archives
from core.imaging.dicom import directory
from core.imaging.reading import describe
from core.imaging.sources import find
os.setgid(65534), os.setuid(65534)
for ref in find([sys.argv[1]]):
    print(ref.name, describe(ref).reasons[0].code)
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_is_told_what_this_account_may_not_read() -> None:
    # Not pytest's own folders: they are kept to their owner, and another user must be able to come this far.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "film.dcm").write_bytes(GOOD)
        (folder / "film.dcm").chmod(0)
        (folder / "shut").mkdir(mode=0o700)
        (folder / "shut" / "film.dcm").write_bytes(GOOD)
        command = [sys.executable, "-c", _AS_NOBODY, name]
        done = subprocess.run(command, cwd=PROGRAM, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["film.dcm no-permission", "shut no-permission"], done.stderr
