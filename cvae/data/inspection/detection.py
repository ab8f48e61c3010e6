"""Which source a path holds, found by looking."""

from pathlib import Path

from cvae.data.sources import (
    DOWNLOAD,
    SPLITS,
    Bair,
    LeRobotEpisodes,
    NpzEpisodes,
    PushingWorld,
    RldsEpisodes,
    Source,
    holds,
    listing,
    require_root,
)
from cvae.errors import InputError

BAIR_LAYOUT = "SPLIT/traj_*.tfrecords, files or folders of N/{0.png, ..., actions.csv, endeffector_positions.csv}"

EPISODES_LAYOUT = "SPLIT/*.npz"


def detect(path: str, n_frames: int = 30) -> Source:
    """The source that a path holds by its layout, or the embedded world for the word `pushing`."""
    if path == "pushing":
        return PushingWorld()
    root = Path(path)
    if (root / DOWNLOAD).is_dir():
        return Bair(root=root, n_frames=n_frames)
    if (root / "meta" / "info.json").is_file():
        return LeRobotEpisodes(root=root)
    if root.is_dir() and any(".tfrecord-" in entry.name for entry in listing(root)):
        return RldsEpisodes(root=root)
    require_root(root)
    entries = [entry for split in SPLITS if (root / split).is_dir() for entry in listing(root / split)]
    has_npz = any(entry.suffix == ".npz" for entry in entries)
    has_sequences = any(entry.name.startswith("traj_") for entry in entries)
    if has_npz == has_sequences:
        layout = "both layouts" if has_npz else f"neither layout ({_holdings(root)})"
        raise InputError(f"{root}: has {layout}; expected either {BAIR_LAYOUT} or {EPISODES_LAYOUT}")
    return NpzEpisodes(root=root) if has_npz else Bair(root=root, n_frames=n_frames)


def _holdings(root: Path) -> str:
    return "; ".join(f"{split}/ holds {holds(root / split)}" for split in SPLITS if (root / split).is_dir())
