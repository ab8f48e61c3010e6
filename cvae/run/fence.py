"""Who may write into a run's folder, on any file system and with or without locks: the job that its record names.

A job is claimed once, by a hard link: of two workers that an engine started for one job the second loses. And a worker
that an engine took for dead, and that comes back, finds another job's token in the record and leaves.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from cvae.errors import AlreadyTraining, InputError, NoLocks
from cvae.files import claim_once, held, read_json
from cvae.record import RunFolder


@dataclass(frozen=True)
class Fence:
    """The right of one job to write into a run's folder; without a token, that of whoever holds the lock."""

    folder: RunFolder
    token: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether the run's record names this job; one that cannot be read names no other."""
        return not self.token or _recorded_token(self.folder) in (None, self.token)

    def check(self) -> None:
        """Let nobody write whose run is another's by now.

        Raises:
            AlreadyTraining: the record names another job.
        """
        if not self.is_ours:
            raise AlreadyTraining(f"{self.folder.path}: another job trains this run by now, so this one leaves it")

    def claim(self) -> None:
        """Take the job for this process.

        Raises:
            AlreadyTraining: another process has taken it, or the record names another job.
            InputError: the token is none.
        """
        if not self.token:
            return
        if not re.fullmatch(r"[\w-]+", self.token):
            raise InputError(f"the token '{self.token}' is none: expected letters, digits and '-'")
        self.check()
        if not claim_once(self.folder.path / f"claim-{self.token}"):
            raise AlreadyTraining(f"{self.folder.path}: another process has taken the job {self.token}")
        for old in self.folder.path.glob("claim-*"):  # of jobs that may write no more
            if old.name != f"claim-{self.token}":
                with suppress(OSError):
                    old.unlink()


def _recorded_token(folder: RunFolder) -> str | None:
    """Return the token of the job that may write into a run's folder; None where no record of one can be read."""
    with suppress(OSError, ValueError):
        values = read_json(folder.job)
        token = values.get("token") if isinstance(values, dict) else None
        return token if isinstance(token, str) else None
    return None


@contextmanager
def taken(fence: Fence) -> Iterator[None]:
    """Hold a run for the block: by its lock where the file system has locks, and by the claim of its job.

    Raises:
        AlreadyTraining: another process holds it.
        NoLocks: the file system has none, and there is no job to claim.
    """
    with ExitStack() as stack:
        is_free = True
        try:
            # Whoever looks whether a run is alive holds its lock for an instant: that is no reason to give up.
            is_free = stack.enter_context(held(fence.folder.lock, wait_s=1.0))
        except NoLocks:
            if not fence.token:
                raise
        if not is_free:
            raise AlreadyTraining(f"{fence.folder.path}: another process is training this run")
        yield
