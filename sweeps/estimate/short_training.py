"""A job that trains for a moment where an engine puts it, and what its record says of the machine."""

from dataclasses import dataclass

from cvae.config import Config
from cvae.errors import unless_damaged
from cvae.record import RunState
from sweeps.estimate.probe import Cost, cost_of
from sweeps.launchers import Job, Phase, Seen

#: Seconds that a record is waited for once its job is over: a network disk shows it a moment later.
SETTLE_S = 5.0


class NotMeasured(Exception):
    """Nothing is known of what runs cost. The message says why, for people."""


@dataclass
class ShortTraining:
    """A job that stands for runs of a configuration; times are of this process's monotonic clock, seconds."""

    config: Config
    job: Job
    seen: Seen | None = None  # None before the engine's first word
    began: float | None = None
    ended: float | None = None
    n_stuck: int = 0  # looks of the engine in a row that said that it will never start
    _over: float | None = None

    def hear(self, seen: Seen, now: float) -> None:
        """Take note of what the engine says."""
        self.seen = seen
        is_stuck = seen.phase is Phase.QUEUED and seen.cause == "never_started"
        self.n_stuck = self.n_stuck + 1 if is_stuck else 0
        if seen.phase in (Phase.ENDED, Phase.GONE) and self._over is None:
            self._over = now
        if seen.phase is Phase.RUNNING and self.began is None:
            self.began = now

    def look(self, now: float) -> None:
        """Look at its record: a job's output is there from its first moment on."""
        state = self._state()
        if self.began is None and (self._over is not None or self.job.log.exists() or state.status != "pending"):
            self.began = now
        is_over = self._over is not None and now - self._over >= SETTLE_S
        if self.ended is None and (state.is_final or is_over):
            self.ended = now

    def cost(self) -> Cost:
        """Return what its record says.

        Raises:
            NotMeasured: too little.
        """
        where = (self.seen.where if self.seen is not None else "") or self._state().host
        where = f"{self.job.engine}'s {where or 'machine, whose name it does not say'}"
        wall_s = None if self.ended is None or self.began is None else self.ended - self.began
        if (cost := cost_of(self.job.folder, self.config, wall_s, where)) is not None:
            return cost
        words = [self.seen.said if self.seen is not None else "", self.job.last_words()]
        why = f" ({'; '.join(word for word in words if word)})" if any(words) else ""
        raise NotMeasured(f"a short training on {where} came to no result{why}")

    def _state(self) -> RunState:
        return unless_damaged(self.job.folder.read_state, RunState(), [])
