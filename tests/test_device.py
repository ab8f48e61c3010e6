"""Where the arithmetic runs: what a process frees stays its own."""

import platform
import subprocess
import sys

import pytest

#: Whether the C library maps 30 MB of their own, which go back to the system once they are freed, or takes them from
#: what it keeps.
MAPPED = """
import ctypes
from cvae.device import keep_freed_memory

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd rest1 rest2 rest3 rest4 rest5".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Mallinfo2
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
kept = {keep}
before = libc.mallinfo2().hblks
libc.malloc(30_000_000)
print(int(kept), libc.mallinfo2().hblks - before)
"""  # noqa: E501


def mapped(keep: str) -> tuple[bool, int]:
    """Return whether the library was asked, and how many mappings the 30 MB took."""
    command = [sys.executable, "-c", MAPPED.format(keep=keep)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    kept, n = done.stdout.split()
    return kept == "1", int(n)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_process_keeps_what_it_frees() -> None:
    assert mapped("keep_freed_memory()") == (True, 0)
    assert mapped("False") == (False, 1)
