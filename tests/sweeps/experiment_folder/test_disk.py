"""The disk below a sweep: full or not, local or not."""

from pathlib import Path

from cvae.errors import InputError
from sweeps.experiment_folder.disk import is_disk_full, network_type


def test_a_full_disk_is_known_through_what_it_was_wrapped_in() -> None:
    wrapped = InputError("state.json: cannot be written")
    wrapped.__cause__ = OSError(28, "No space left on device")
    assert is_disk_full(wrapped)
    assert not is_disk_full(OSError(5, "Input/output error"))


def test_a_network_file_system_is_known_by_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    assert network_type(tmp_path / "runs", mounts) == "nfs4"
    mounts.write_text(mounts.read_text() + f"/dev/b {tmp_path}/runs ext4 rw 0 0\n")
    assert network_type(tmp_path / "runs" / "x", mounts) is None
    assert network_type(Path("/elsewhere"), mounts) is None
