"""Local disks, and those that several machines share."""

from pathlib import Path

from cvae.files import network_type


def test_a_network_file_system_is_known_by_the_innermost_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    assert network_type(tmp_path / "runs", mounts) == "nfs4"
    mounts.write_text(mounts.read_text() + f"/dev/b {tmp_path}/runs ext4 rw 0 0\n")
    assert network_type(tmp_path / "runs" / "x", mounts) is None
    assert network_type(Path("/elsewhere"), mounts) is None
