"""What one of several processes takes, once and for good, on any file system and without a lock."""

import os
import socket
import uuid
from pathlib import Path


def claim_once(goal: Path) -> bool:
    """Create a file that says who has claimed it; return whether it was this process that did.

    Of several processes one wins, on other machines too: a hard link is made once, or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    mine = goal.with_name(f".claim-{uuid.uuid4().hex}.tmp")
    try:
        mine.write_text(f"{socket.gethostname()} {os.getpid()}\n", encoding="utf-8")
        try:
            os.link(mine, goal)
        except FileExistsError:
            return mine.stat().st_nlink == 2  # a network disk: the link was made, and its answer lost
        except OSError:  # a file system without hard links
            try:
                os.close(os.open(goal, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            except FileExistsError:
                return False
        return True
    finally:
        mine.unlink(missing_ok=True)
