"""What becomes of a run whose worker ended without a result, by class of failure.

| class | worker leaves | then |
| --- | --- | --- |
| interruption | nothing, or `interrupted` | next attempt from the checkpoint, with back-off; `failed` after 5 in vain |
| io | `interrupted`, an I/O error | the same; a full disk pauses the sweep and counts for nothing |
| place | `interrupted`: data or weight files are not where they should be | the sweep stops; no run is lost |
| memory | `interrupted`, out of memory | the device's slots are halved; alone on its device: `infeasible` |
| diverged | `diverged` | final; the sampler is told a finite bad value, as for `infeasible` |
| input, error | `failed` | final; `--retry failed` opens it again |

The same error in three runs, or three failures in a row on one device, or on one machine of an engine, stop the sweep.
What an engine says of the end of its job is `sweeps/workers/engine_events.py`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cvae.record import RunError, RunState
from sweeps.launchers import Phase, Seen
from sweeps.workers import Attempt, UncountedEnd, failure_class

#: Exit statuses of a worker that SIGKILL ended, by itself and as a shell says it.
KILLED = (-9, 137)

Action = Literal["retry", "halve", "infeasible", "failed"]

#: Attempts in a row that may end without a new checkpoint before a run has failed.
FRUITLESS_ATTEMPTS = 5

#: Looks at the engine until a run is submitted again that found another at work or was not started, at most.
MOST_LOOKS = 60

#: FailurePolicy that stop the sweep: of one kind in different runs, or in a row on one device.
BREAKER_RUNS = 3


@dataclass
class Tries:
    """Attempts of one run that ended without a result, since its last new checkpoint."""

    step: int = -1
    n: int = 0

    def add(self, step: int) -> int:
        """Count an attempt that ended at a step; return how many in a row did not get further."""
        self.n = self.n + 1 if step <= self.step else 1
        self.step = max(self.step, step)
        return self.n


def decide_action(kind: str, fruitless: int, slots_at_launch: int) -> Action:
    """Return what to do with a run that has no result.

    Args:
        kind: class of failure, `interruption`, `io`, `memory` or one of an engine's.
        fruitless: attempts in a row without a new checkpoint, this one counted.
        slots_at_launch: runs that its device was allowed when it was started; 1: it had the device for itself.
    """
    if kind == "memory":
        return "halve" if slots_at_launch > 1 else "infeasible"
    return "failed" if fruitless >= FRUITLESS_ATTEMPTS else "retry"


@dataclass
class Breaker:
    """Stops a sweep that fails for one reason: burning the budget would teach nothing."""

    by_error: Counter[str] = field(default_factory=Counter)
    in_a_row: Counter[str] = field(default_factory=Counter)

    def note(self, status: str, error: RunError | None, device: str) -> str | None:
        """Take note of how a run ended; return the report where the sweep must stop."""
        if status != "failed":
            self.in_a_row[device] = 0
            return None
        what = signature(error)
        self.by_error[what] += 1
        self.in_a_row[device] += 1
        message = error.message if error else "no error recorded"
        if self.by_error[what] >= BREAKER_RUNS:
            return f"the same error in {self.by_error[what]} runs: {message}"
        if self.in_a_row[device] >= BREAKER_RUNS:
            return f"{self.in_a_row[device]} failures in a row on {device}, the last: {message}"
        return None


@dataclass(frozen=True)
class Death:
    """An attempt that left no result."""

    kind: str
    step: int
    message: str | None
    error_type: str
    exit_status: int | None
    where: str = ""  # the machine, where an engine chose it

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        facts = {"kind": self.kind, "step": self.step, "exit_status": self.exit_status, "error": self.message}
        return facts | ({"where": self.where} if self.where else {})

    def describe(self, times: int) -> str:
        """Return why so many attempts in a row came to nothing, for a run whose record does not say it."""
        if self.kind == "time limit":
            return f"the engine's time limit ended {times} attempts at step {self.step}: too short for an evaluation"
        if self.kind == "memory":
            return f"it ran out of memory at step {self.step}"
        why = "; perhaps it ran out of memory" if self.exit_status in KILLED else ""
        return f"its worker died {times} times at step {self.step}{why}"


def read_death(attempt: Attempt, state: RunState) -> Death:
    """Return how an attempt ended, from what it left."""
    seen, error = attempt.seen or Seen(Phase.ENDED), attempt.error(state)
    if error is None:
        return Death(failure_class(seen), state.step, None, "WorkerDied", seen.exit_status, seen.where)
    return Death(error.kind, state.step, error.message, error.type, seen.exit_status, seen.where)


class FailurePolicy:
    """Attempts in vain by run, and the breaker."""

    def __init__(self, backoff_first_s: float) -> None:
        self._backoff_first_s = backoff_first_s
        self._tries: dict[str, Tries] = {}
        self._came_back: Counter[str] = Counter()  # run -> submissions in a row that came to nothing, nobody's fault
        self._breaker = Breaker()

    def learn(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Count the attempts in vain that a ledger tells of: a killed coordinator forgets none."""
        for event in events:
            path = str(event.get("run", ""))
            if event["event"] == "resubmitted":
                self._came_back[path] += 1
            elif event["event"] in ("died", "preempted", "ended", "reopened"):
                del self._came_back[path]
            if event["event"] == "died" and event.get("kind") != "disk full":
                self._tries.setdefault(path, Tries()).add(int(event.get("step", 0)))
            elif event["event"] in ("ended", "reopened"):
                self._tries.pop(path, None)

    def judge(self, attempt: Attempt, death: Death) -> tuple[Action, float, str]:
        """Return what becomes of the run, the seconds to wait before it goes on, and its error as a sentence."""
        del self._came_back[attempt.run.path]
        fruitless = self._tries.setdefault(attempt.run.path, Tries()).add(death.step)
        action = decide_action(death.kind, fruitless, attempt.job.slots_then)
        message = death.message or f"{death.describe(fruitless)}; see {attempt.folder.log}"
        return action, backoff_s(fruitless, self._backoff_first_s), message

    def looks_to_wait(self, attempt: Attempt, end: UncountedEnd) -> int:
        """Return at how many looks a run is submitted again whose submission came to nothing: each time later."""
        n = self._came_back[attempt.run.path]
        self._came_back[attempt.run.path] = n + 1 if end.looks else 0
        return min(MOST_LOOKS, end.looks << min(n, 10))

    def note_end(self, state: RunState, attempt: Attempt) -> str | None:
        """Take note of a run's end; return the report where the sweep must stop."""
        where = f"device {attempt.device}" if attempt.place == attempt.device else attempt.place
        return self._breaker.note(state.status, state.error, where)


def backoff_s(fruitless: int, first_s: float = 1.0, most_s: float = 60.0) -> float:
    """Return the seconds to wait before the next attempt: none after the first death, then 1, 2, 4, ... 60."""
    return 0.0 if fruitless <= 1 else min(most_s, first_s * 2.0 ** (fruitless - 2))


def signature(error: RunError | None) -> str:
    """Return what makes two errors the same: type and message, numbers and paths aside."""
    if error is None:
        return "no error recorded"
    message = re.sub(r"\S*/\S*", "PATH", error.message)
    return f"{error.type}: {re.sub(r'[0-9]+', 'N', message)}"[:200]
