"""What an engine says of the active runs that it did not say before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sweeps.launchers import Job, Launcher, Seen, Unreachable
from sweeps.workers.attempt import Attempt
from sweeps.workers.submissions import Submissions


@dataclass(frozen=True)
class News:
    """What one look at an engine brought."""

    n_jobs: int  # that it was asked for
    changed: Mapping[Attempt, Seen]
    refused: Collection[Attempt]  # of those that were submitted again


class EngineNews:
    """Asks an engine for all runs at once; where it says what it said last, nothing is done for any of them."""

    def __init__(self, launcher: Launcher, submissions: Submissions) -> None:
        self._launcher, self._submissions = launcher, submissions
        self._jobs: tuple[Job, ...] | None = None  # None where one is another since the last look
        self._seen: Mapping[str, Seen] = {}

    def expect_other_jobs(self) -> None:
        """Take note that a run came, or went, or has another job."""
        self._jobs = None

    def ask(self, attempts: Collection[Attempt], now: float) -> News | None:
        """Return what is new; None where nothing is. One call, and one more where a submission is in doubt.

        Args:
            attempts: the active runs'.
            now: monotonic clock, seconds.

        Raises:
            Unreachable: it does not answer. Nothing is concluded, and the time does not count.
        """
        jobs, refused = self._jobs, list[Attempt]()
        try:
            if jobs is None:
                refused = self._submissions.settle_doubts(attempts, now)
                jobs = tuple(attempt.job for attempt in attempts if attempt.job.id is not None)
            seen = self._launcher.look(jobs) if jobs else {}
        except Unreachable as error:
            for attempt in attempts:
                attempt.skip(now)
            raise Unreachable(f"{self._launcher.name} does not answer ({error})") from error
        if self._jobs is not None and seen is self._seen:
            return None
        self._jobs, self._seen = jobs if len(jobs) == len(attempts) else None, seen
        changed = {each: seen[each.job.token] for each in attempts if seen.get(each.job.token, each.seen) != each.seen}
        return News(len(jobs), changed, refused)
