"""Values on their way between two processes: small ones in the message, large ones in shared memory.

A parcel's sender keeps the shared block open until it hears that the other side has it (on Windows a block
is gone with its last handle); the receiver copies it out and unlinks it. The names of blocks are agreed
beforehand, so that what a dead process left behind can be thrown away without having been told of it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Iterable
from multiprocessing.shared_memory import SharedMemory

_SHARE_FROM_BYTES = 8 * 1024

# Name of the shared block or None, lengths of the parts, and the parts themselves where there is no block.
Parcel = tuple[str | None, tuple[int, ...], bytes]


def pack(value: object, name: str) -> tuple[Parcel, SharedMemory | None]:
    """Pickle a value; the parts go into a shared block called `name` when they are large.

    Gives the parcel to send, and the block to keep open until it has arrived.
    """
    buffers: list[pickle.PickleBuffer] = []
    content = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(content), *(buffer.raw() for buffer in buffers)]
    sizes = tuple(part.nbytes for part in parts)
    block = _block(name, sum(sizes))
    if block is None:
        return (None, sizes, b"".join(parts)), None
    room = memoryview(block.buf or b"")
    place = 0
    for part in parts:
        room[place : place + part.nbytes] = part
        place += part.nbytes
    room.release()
    return (name, sizes, b""), block


def unpack(parcel: Parcel) -> object:
    """The value again; frees the shared block. Arrays in it are read-only."""
    name, sizes, inline = parcel
    if name is None:
        return _value(memoryview(inline), sizes)
    block = SharedMemory(name=name)
    try:
        # Copied, not mapped: an array that outlives its worker must not hold a block that nobody counts.
        return _value(memoryview(bytes((block.buf or b"")[: sum(sizes)])), sizes)
    finally:
        block.close()
        block.unlink()


def let_go(blocks: dict[int, SharedMemory], arrived: int) -> None:
    """Close the blocks up to this number: the other side has them by now."""
    # list() first: another thread may be sending while this one receives.
    for number in [number for number in list(blocks) if number <= arrived]:
        blocks.pop(number).close()


def throw_away(names: Iterable[str]) -> None:
    """Free the blocks of these names that exist: their sender or receiver has died."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            block = SharedMemory(name=name)
            block.close()
            block.unlink()


def _value(content: memoryview, sizes: tuple[int, ...]) -> object:
    parts, place = [], 0
    for size in sizes:
        parts.append(content[place : place + size])
        place += size
    return pickle.loads(parts[0], buffers=parts[1:])


def _block(name: str, size: int) -> SharedMemory | None:
    """A shared block, or None when the value is small or there is no room for it: then the pipe carries it."""
    if size < _SHARE_FROM_BYTES:
        return None
    try:
        block = SharedMemory(name, create=True, size=size)
    except OSError:
        return None
    try:
        # Without this a full /dev/shm (64 MB in many containers) shows as SIGBUS at the first touch.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(vars(block)["_fd"], 0, size)
    except OSError:
        block.close()
        block.unlink()
        return None
    return block
