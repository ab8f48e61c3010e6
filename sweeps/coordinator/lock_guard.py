"""The coordinator's lock, while it works: somebody may remove the file, and then two would work side by side."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path

from cvae.files import held, holder_of

#: Seconds to wait for who only looks whether anybody is at work.
LOOK_S = 0.5


class LockGuard:
    """Sees to it that a lock file that this process holds stays the one that others find."""

    def __init__(self, path: Path) -> None:
        self.is_ours = True
        self._path = path
        self._again = ExitStack()
        holder = holder_of(path)
        self._inode = self._now() if holder is not None and holder.pid == os.getpid() else None  # None: not held

    def look(self) -> str | None:
        """Take the lock again where its file was removed; return what was found, in words; None where all is well."""
        if self._inode is None or self._inode == self._now() or not self._path.parent.exists():
            return None
        self.is_ours = self._again.enter_context(held(self._path, LOOK_S))
        self._inode = self._now() if self.is_ours else None
        if self.is_ours:
            return f"{self._path}: was removed while the sweep works; taken again"
        return f"{self._path}: was removed while the sweep works, and another coordinator has taken it"

    def _now(self) -> int | None:
        with suppress(OSError):
            return self._path.stat().st_ino
        return None
