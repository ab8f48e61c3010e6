"""The disk below a sweep: full or not."""

from cvae.errors import InputError
from sweeps.experiment_folder.disk import is_disk_full


def test_a_full_disk_is_known_through_what_it_was_wrapped_in() -> None:
    wrapped = InputError("state.json: cannot be written")
    wrapped.__cause__ = OSError(28, "No space left on device")
    assert is_disk_full(wrapped)
    assert not is_disk_full(OSError(5, "Input/output error"))
