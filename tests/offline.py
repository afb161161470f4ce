"""Run a command in which the kernel gives no process an internet socket.

    python tests/offline.py end COMMAND…       whoever so much as tries is killed by SIGSYS
    python tests/offline.py refuse COMMAND…    whoever tries gets "permission denied"

Linux only: a seccomp filter (seccomp(2)) on socket(2) for AF_INET and AF_INET6, inherited by all children.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

_SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW = 0x7FFF0000
_DENY = {"end": 0x80000000, "refuse": 0x00050000 | errno.EACCES}


def is_possible() -> bool:
    return sys.platform == "linux" and platform.machine() in _SOCKET_CALL


def deny_internet(how: str) -> None:
    """From here on socket(AF_INET or AF_INET6) ends this process and its children, or is refused."""
    # Each instruction is (code, jump if true, jump if false, value); offsets are in struct seccomp_data.
    program = [
        (_LOAD_WORD, 0, 0, 0),  # number of the call
        (_JUMP_IF_EQUAL, 0, 3, _SOCKET_CALL[platform.machine()]),
        (_LOAD_WORD, 0, 0, 16),  # its first argument, the family (low word, little-endian)
        (_JUMP_IF_EQUAL, 2, 0, socket.AF_INET),
        (_JUMP_IF_EQUAL, 1, 0, socket.AF_INET6),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY[how]),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
    filter_program = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, filter_program, 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


if __name__ == "__main__":
    deny_internet(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
