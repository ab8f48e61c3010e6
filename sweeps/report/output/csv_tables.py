"""The numbers behind the page as CSV, unrounded."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sweeps.experiment import Metric
from sweeps.report.analysis import Analysis
from sweeps.report.comparison import PairResult, seeds_needed
from sweeps.report.figures import budget_rows, clip_rows, csv_bytes, per_frame_rows
from sweeps.report.reading import ExperimentRecord
from sweeps.report.rows import arm_table, pair_table, secondary_arm_table, secondary_pair_table
from sweeps.report.steadiness import one_run_each

_CURVES = ("train/loss", "train/mse", "train/kl", "train/beta", "train/tfr", "train/lr", "train/grad_norm")

#: Columns that come first in a table, and stand there without a row too.
_FIRST = {
    "pairs": ("a", "b", "n", "difference", "low", "high", "verdict"),
    "curves": ("arm", "run", "step"),
    "per_frame": ("arm", "frame", "kind", "value", "runs"),
    "clips": ("a", "b", "clip", "difference", "seeds"),
    "budget": ("arm", "trials", "value", "low", "high"),
    "seeds_needed": ("a", "b", "sd", "effect", "seeds"),
    "one_run_each": ("a", "b", "ways", "a_ahead", "b_ahead", "a_beyond", "b_beyond"),
    "secondary": ("metric", "direction", "a", "b", "n", "difference", "low", "high"),
}


def all_tables(analysis: Analysis) -> dict[str, bytes]:
    """Return file name -> CSV."""
    return {f"{name}.csv": csv_bytes(rows, _FIRST.get(name, ())) for name, rows in table_rows(analysis).items()}


def table_rows(analysis: Analysis) -> dict[str, Collection[dict[str, Any]]]:
    """Return table -> its rows, each name -> value; those of secondary metrics where the experiment declares any."""
    experiment, arms, pairs = analysis.experiment, analysis.arms, analysis.pairs
    secondary = analysis.secondary
    tables: dict[str, Collection[dict[str, Any]]] = {
        "arms": arm_table(experiment, arms).csv_rows(),
        "pairs": pair_table(experiment, pairs).csv_rows(),
        "runs": _run_rows(experiment),
        "curves": _CurveRows(experiment),
        "per_frame": per_frame_rows(experiment),
        "clips": clip_rows(pairs),
        "budget": budget_rows(experiment),
        "seeds_needed": _seeds_rows(experiment.plan.metric, pairs),
        "one_run_each": [asdict(row) for row in one_run_each(experiment, pairs)],
    }
    if secondary:
        tables["secondary"] = secondary_pair_table(experiment, secondary).csv_rows()
        tables["secondary_arms"] = secondary_arm_table(experiment, secondary).csv_rows()
    return tables


def _run_rows(experiment: ExperimentRecord) -> list[dict[str, Any]]:
    """Return one row per run, with a column for each parameter."""
    return [
        {
            "arm": run.arm,
            "run": run.name,
            "phase": run.phase,
            "number": run.number,
            "seed": run.seed,
            "trial": run.trial,
            "status": run.status,
            "attempt": run.state.attempt or None,
            "seconds": run.state.seconds,
            "score": experiment.score(run),
            "copy_last": run.final(experiment.plan.confirm_copy_key) if run.phase == "confirm" else None,
            "kl": run.final_kl(),
            "error": str(run.state.error or ""),
            **{f"params.{path}": "null" if value is None else value for path, value in run.params.items()},
        }
        for run in experiment.runs
    ]


@dataclass(frozen=True)
class _CurveRows(Collection[dict[str, Any]]):
    """One row per evaluation of every run, made as it is asked for: there can be millions."""

    experiment: ExperimentRecord

    def __len__(self) -> int:
        return sum(len(run.epochs) for run in self.experiment.runs)

    def __contains__(self, row: object) -> bool:
        return any(row == mine for mine in self)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        metric = self.experiment.plan.metric
        keys = (metric.name, metric.key("validate", "copy_last"), *_CURVES)
        for run in self.experiment.runs:
            for step, *values in run.epochs.rows(keys):
                yield {"arm": run.arm, "run": run.name, "step": step, **dict(zip(keys, values, strict=True))}


def _seeds_rows(metric: Metric, pairs: Sequence[PairResult]) -> list[dict[str, Any]]:
    """Return for each pair and effect how many seeds would find it; empty above 1000."""
    return [
        {"a": row.a, "b": row.b, "sd": row.sd, "effect": effect, "seeds": n}
        for row in seeds_needed(metric, pairs)
        for effect, n in row.effects
    ]
