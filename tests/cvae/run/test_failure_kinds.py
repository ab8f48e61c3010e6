"""Which kind of failure an error is, whatever it was wrapped in."""

import errno

import pytest

from cvae.errors import Diverged, InputError, Misplaced
from cvae.run.failure_kinds import failure_kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Diverged("loss nan"), "diverged"),
        (MemoryError(), "memory"),
        (RuntimeError("CUDA error: out of memory"), "memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory"),
        (RuntimeError("std::bad_alloc"), "memory"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), "memory"),
        (OSError(28, "No space left on device"), "io"),
        (OSError(errno.EROFS, "Read-only file system"), "io"),
        (OSError(errno.EMFILE, "Too many open files"), "io"),
        (Misplaced("/data: does not exist"), "place"),
        (FileNotFoundError(2, "no such file"), "error"),
        (InputError("no such key"), "input"),
        (ZeroDivisionError(), "error"),
        (KeyboardInterrupt(), "interruption"),
    ],
)
def test_classes_of_errors(error: BaseException, kind: str) -> None:
    assert failure_kind(error) == kind


def test_an_error_is_known_through_what_it_was_wrapped_in() -> None:
    wrapped = InputError("state.json: cannot be written")
    wrapped.__cause__ = OSError(28, "No space left on device")
    assert failure_kind(wrapped) == "io"
