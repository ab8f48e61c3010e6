"""What `squeue` said last: of a job whose rows and record are as they were, nothing is made anew."""

from collections.abc import Collection

from sweeps.launchers.job_record import Job
from sweeps.launchers.launcher import Seen
from sweeps.launchers.slurm.squeue import QueueRow, parse_rows, seen_of


class QueueMemory:
    """Reads an answer against the one before it.

    A queue of thousands says nearly the same at each look. An answer that is the same to the byte costs no more than to
    compare it; of one that differs, the lines that differ are read.
    """

    def __init__(self) -> None:
        self._printed = ""
        self._lines: set[str] = set()
        self._rows: dict[str, dict[str, QueueRow]] = {}  # name -> id -> row
        self._jobs: Collection[Job] = ()
        self._read: dict[str, Job] = {}  # by token: as it was when what is known of it was made
        self._seen: dict[str, Seen] = {}

    def read(self, jobs: Collection[Job], printed: str) -> dict[str, Seen]:
        """Return token -> how it stands, of every job asked for; the last answer itself where all is as it was.

        Args:
            jobs: the jobs; a tuple that is the last one is known by that.
            printed: rows of all the user's jobs.
        """
        touched = set() if printed == self._printed else self._take(printed)
        if not touched and jobs is self._jobs and isinstance(jobs, tuple):
            return self._seen
        seen = {}
        for job in jobs:
            if self._read.get(job.token) is job and job.token not in touched:
                seen[job.token] = self._seen[job.token]
            else:
                seen[job.token] = seen_of(job, self._rows.get(job.token, {}))
        self._jobs, self._seen, self._read = jobs, seen, {job.token: job for job in jobs}
        return seen

    def _take(self, printed: str) -> set[str]:
        """Take note of the lines that are new or gone; return the names of their jobs."""
        lines = printed.splitlines()
        now, touched = set(lines), set()
        for row in parse_rows("\n".join(line for line in lines if line not in self._lines)):
            self._rows.setdefault(row.name, {})[row.id] = row
            touched.add(row.name)
        for row in parse_rows("\n".join(self._lines - now)):
            touched.add(row.name)
            rows = self._rows.get(row.name, {})
            if rows.get(row.id) == row:  # no new line took its place
                del rows[row.id]
            if not rows:
                self._rows.pop(row.name, None)  # two lines of one job may go at once
        self._printed, self._lines = printed, now
        return touched
