"""Failed attempts, and what follows from them by the policy, across any number of coordinators."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sweeps.attempt import Attempt
from sweeps.policy import Action, Breaker, Tries, backoff_s, decide


@dataclass(frozen=True)
class Death:
    """An attempt that left no result."""

    kind: str
    step: int
    message: str | None
    error_type: str
    exit_status: int | None

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {"kind": self.kind, "step": self.step, "exit_status": self.exit_status, "error": self.message}


def read_death(attempt: Attempt, state: Mapping[str, Any]) -> Death:
    """Return how an attempt ended, from what it left."""
    error = attempt.error(dict(state)) or {}
    exit_status = attempt.process.returncode if attempt.process else None
    kind, type_ = str(error.get("kind", "interruption")), str(error.get("type", "WorkerDied"))
    return Death(kind, int(state.get("step", 0)), error.get("message"), type_, exit_status)


class Failures:
    """Attempts in vain by run, and the breaker."""

    def __init__(self, backoff_first_s: float) -> None:
        self._backoff_first_s = backoff_first_s
        self._tries: dict[str, Tries] = {}
        self._breaker = Breaker()

    def learn(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Count the attempts in vain that a ledger tells of: a killed coordinator forgets none."""
        for event in events:
            place = str(event.get("run", ""))
            if event["event"] == "died" and event.get("kind") != "disk full":
                self._tries.setdefault(place, Tries()).add(int(event.get("step", 0)))
            elif event["event"] in ("ended", "reopened"):
                self._tries.pop(place, None)

    def judge(self, attempt: Attempt, death: Death) -> tuple[Action, float, str]:
        """Return what becomes of the run, the seconds to wait before it goes on, and its error in words."""
        fruitless = self._tries.setdefault(attempt.run.place, Tries()).add(death.step)
        action = decide(death.kind, fruitless, attempt.slots_then)
        words = death.message or f"its worker died {fruitless} times at step {death.step}; see {attempt.folder.log}"
        return action, backoff_s(fruitless, self._backoff_first_s), words

    def note_end(self, state: Mapping[str, Any], attempt: Attempt) -> str | None:
        """Take note of a run's end; return the report where the sweep must stop."""
        return self._breaker.note(str(state["status"]), state.get("error"), attempt.device)
