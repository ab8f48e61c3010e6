"""The user's own weight files of perceptual metrics: nothing is downloaded, a file that does not fit is refused."""

import hashlib
from pathlib import Path

from cvae.errors import Misplaced


def checked_file(path: str, key: str, how: str) -> Path:
    """Return the path of a weight file.

    Raises:
        Misplaced: there is no such file; says which key asked for it and how to make one.
    """
    file = Path(path)
    if not file.is_file():
        raise Misplaced(f"evaluation.{key}: {path} is not a file; nothing is downloaded: {how}, or set it to null")
    return file


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hex: which weights a number was made with."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
