"""What kind of disk a path lies on: whether locks and appends there are those of one machine."""

from pathlib import Path

#: File systems whose locks and appends are not those of a local disk.
NETWORK_TYPES = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "lustre",
    "gpfs",
    "beegfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.gcsfuse",
)


def network_type(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """Return the type of the network file system that a path lies on; None for a local disk, or where unknown."""
    try:
        lines = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return None
    here = path.resolve()
    points = [(Path(fields[1].replace("\\040", " ")), fields[2]) for fields in lines if len(fields) > 2]
    above = [(point, kind) for point, kind in points if here.is_relative_to(point)]
    if not above:
        return None
    # of two mounts on one point the later one is seen
    kind = max(enumerate(above), key=lambda mount: (len(mount[1][0].parts), mount[0]))[1][1]
    return kind if kind in NETWORK_TYPES else None
