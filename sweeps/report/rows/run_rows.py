"""What was run and on what, as text; and what the plan holds and the folder does not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cvae.record import LOST, finite
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.report.wording import DASH, format_number
from sweeps.search_space import format_params


@dataclass(frozen=True)
class RunRow:
    """One run as text."""

    arm: str
    name: str
    phase: str
    seed: str
    params: str
    status: str
    is_lost: bool
    attempt: str
    seconds: str
    score: str
    error: str


def run_rows(experiment: ExperimentRecord) -> list[RunRow]:
    """Return every run's row."""
    return [_run_row(experiment, run) for run in experiment.runs]


def _run_row(experiment: ExperimentRecord, run: RunRecord) -> RunRow:
    return RunRow(
        arm=run.arm,
        name=run.name,
        phase=run.phase,
        seed=DASH if run.seed is None else str(run.seed),
        params=format_params(run.params),
        status=run.status,
        is_lost=run.status in LOST,
        attempt=str(run.state.attempt or DASH),
        seconds=format_number(finite(run.state.seconds), 0),
        score=format_number(experiment.score(run), 3),
        error=str(run.state.error or ""),
    )


_CONDITIONS = {
    "git_commit": "git commit",
    "git_dirty": "uncommitted changes",
    "data_fingerprint": "data fingerprint",
    "device": "device",
    "precision": "precision",
    "threads": "threads",
    "n_parameters": "parameters of the model",
}


def conditions(experiment: ExperimentRecord) -> list[tuple[str, str]]:
    """Return what the runs ran on: every distinct value with the number of runs that had it."""
    rows = [
        (title, _counted([getattr(run.state, key) for run in experiment.runs])) for key, title in _CONDITIONS.items()
    ]
    libraries = sorted({name for run in experiment.runs for name in run.state.versions})
    for library in libraries:
        versions = [run.state.versions.get(library) for run in experiment.runs]
        rows.append((f"{library} version", _counted(versions)))
    return [(key, text) for key, text in rows if text]


def _counted(values: Sequence[object]) -> str:
    counts = Counter(_format_condition(value) for value in values if value is not None)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{value} ({n} runs)" for value, n in sorted(counts.items()))


def _format_condition(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def missing(experiment: ExperimentRecord, is_over: bool) -> list[str]:
    """Return what the plan holds and the folder does not: a phrase per arm with runs lost or, unless over, to come."""
    plan, planned = experiment.plan, experiment.plan.n_configs * experiment.plan.n_seeds
    phrases = []
    for arm in plan.arms:
        runs = experiment.of(arm, "confirm")
        others = Counter(run.status for run in runs if not run.is_finished)
        if (absent := planned - len(runs)) > 0 and not is_over:
            others["not started"] = absent
        if others:
            parts = ", ".join(f"{n} {status}" for status, n in others.items())
            phrases.append(f"{arm} {parts}")
    return phrases
