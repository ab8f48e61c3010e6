"""Split folders: `ROOT/train`, `ROOT/validate` and `ROOT/test`, as every file source lays them out."""

from pathlib import Path

from cvae.errors import InputError, Misplaced

SPLITS = ("train", "validate", "test")

#: What data sets call their splits.
SPLIT_WORDS = {"train": "train", "val": "validate", "valid": "validate", "validation": "validate", "test": "test"}

N_LISTED = 6  # names shown of a folder's content in an error


def require_root(root: Path) -> None:
    """Refuse a root that is not a folder or has none of the three split folders."""
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise Misplaced(f"{root}: the data folder {what}; set `data.root` to a folder with {_wanted()}")
    if not any((root / split).is_dir() for split in SPLITS):
        raise Misplaced(f"{root}: has none of the folders {_wanted()}; it holds {holds(root)}")


def _wanted() -> str:
    return "train/, validate/ or test/"


def listing(folder: Path) -> list[Path]:
    """The visible entries of a folder, unsorted; InputError where it cannot be listed."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise Misplaced(f"{folder}: cannot be listed ({error.strerror})") from error


def require_utf8(path: Path) -> None:
    """Refuse a name that is not UTF-8: it is written into records, tables and pictures that are."""
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{path}: its name is not UTF-8; rename it") from None


def holds(folder: Path) -> str:
    """What a folder holds, for an error message."""
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in listing(folder))
    if not names:
        return "nothing"
    shown = ", ".join(names[:N_LISTED])
    return shown if len(names) <= N_LISTED else f"{shown} and {len(names) - N_LISTED} more"


def explain_absence(root: Path, split: str, wanted: str) -> str:
    """The sentence for a split that is asked for and has no episodes: names the folder and what is there."""
    folder = root / split
    if folder.is_dir():
        return f"{folder}: the {split} split has no {wanted}; the folder holds {holds(folder)}"
    return f"{folder}: there is no {split} split; {root} holds {holds(root)}"
