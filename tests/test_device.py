"""Where the arithmetic runs: what a process frees stays its own."""

import platform
import subprocess
import sys

import pytest

#: Where 3 GB come from, and whether they go back to the system once they are freed: what is mapped, and what is kept.
TAKEN = """
import ctypes
from cvae.device import keep_freed_memory

NAMES = "arena ordblks smblks hblks hblkhd rest1 rest2 rest3 rest4 rest5".split()

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Mallinfo2
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
asked = {keep}
before = libc.mallinfo2()
block = libc.malloc(3_000_000_000)
mapped = libc.mallinfo2().hblks - before.hblks
libc.free(block)
print(int(asked), mapped, int(libc.mallinfo2().arena - before.arena > 2_900_000_000))
"""


def taken(keep: str) -> tuple[bool, int, bool]:
    """Return whether the library was asked, how many mappings 3 GB took, and whether they are kept once freed."""
    command = [sys.executable, "-c", TAKEN.format(keep=keep)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    asked, mapped, kept = done.stdout.split()
    return asked == "1", int(mapped), kept == "1"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_process_keeps_what_it_frees() -> None:
    assert taken("keep_freed_memory()") == (True, 0, True)
    assert taken("False") == (False, 1, False)
