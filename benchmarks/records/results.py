"""`benchmarks/results.json`: the last record of every benchmark, and which call of the command each is of."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cvae.files import write_atomically
from cvae.provenance import git_commit

RESULTS = Path(__file__).parents[1] / "results.json"


@dataclass(frozen=True)
class BenchRun:
    """One call of the command: rows that agree in it were measured by the same code, one after another."""

    started: str  # ISO time, which tells calls apart
    git_commit: str | None
    git_dirty: bool | None  # before the first record was written; None where there is no repository

    @classmethod
    def begin(cls) -> "BenchRun":
        """Return a call that begins now."""
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), *git_commit())

    @classmethod
    def parse(cls, text: str) -> "BenchRun":
        """Return the call that `written` says."""
        return cls(**json.loads(text))

    def written(self) -> str:
        """Return it as JSON, for the process of one benchmark."""
        return json.dumps(asdict(self))

    def clock(self) -> str:
        """Return the time since it began."""
        return elapsed((datetime.now(UTC) - datetime.fromisoformat(self.started)).total_seconds())


def elapsed(seconds: float) -> str:
    """Return a duration in minutes and seconds: `12:07`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def read_results() -> dict[str, Any]:
    """Return the last record of every benchmark."""
    return dict(json.loads(RESULTS.read_text())) if RESULTS.exists() else {}


def record(name: str, run: BenchRun, measured: dict[str, Any]) -> None:
    """Put one benchmark's record in place of its last, whole: a call that is cut off keeps those that have ended."""
    _write(read_results() | {name: {"run": asdict(run)} | measured})


def drop(*names: str) -> None:
    """Leave out the last record of some benchmarks, which are of another call than those beside them."""
    _write({name: kept for name, kept in read_results().items() if name not in names})


def runs_of(results: dict[str, Any]) -> set[str | None]:
    """Return the calls, as JSON, that some records are of; None for a record that does not say."""
    return {json.dumps(kept["run"], sort_keys=True) if kept.get("run") else None for kept in results.values()}


def _write(results: dict[str, Any]) -> None:
    write_atomically(RESULTS, (json.dumps(results, indent=2) + "\n").encode())
