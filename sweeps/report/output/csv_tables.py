"""The numbers behind the page as CSV, unrounded."""

from collections.abc import Sequence
from typing import Any

from sweeps.experiment import Metric
from sweeps.report.analysis import Analysis
from sweeps.report.comparison import PairResult, seeds_needed
from sweeps.report.figures import budget_rows, clip_rows, csv_text, per_frame_rows
from sweeps.report.reading import ExperimentRecord
from sweeps.report.rows import arm_table, pair_table, secondary_arm_table, secondary_pair_table

_CURVES = ("train/loss", "train/mse", "train/kl", "train/beta", "train/tfr", "train/lr", "train/grad_norm")

#: Columns of pairs.csv that come first, and stand there without a pair too.
_OF_EVERY_PAIR = ("a", "b", "n", "difference", "low", "high", "verdict")

#: The same of secondary.csv.
_OF_EVERY_SECONDARY = ("metric", "direction", "a", "b", "n", "difference", "low", "high")


def all_tables(analysis: Analysis) -> dict[str, str]:
    """Return file name -> CSV text."""
    experiment, arms, pairs = analysis.experiment, analysis.arms, analysis.pairs
    metric = experiment.plan.metric
    return {
        "arms.csv": csv_text(arm_table(experiment, arms).csv_rows()),
        "pairs.csv": csv_text(pair_table(experiment, pairs).csv_rows(), _OF_EVERY_PAIR),
        "runs.csv": csv_text(_run_rows(experiment)),
        "curves.csv": csv_text(_curve_rows(experiment), ["arm", "run", "step"]),
        "per_frame.csv": csv_text(per_frame_rows(experiment), ["arm", "frame", "kind", "value", "runs"]),
        "clips.csv": csv_text(clip_rows(pairs), ["a", "b", "clip", "difference", "seeds"]),
        "budget.csv": csv_text(budget_rows(experiment), ["arm", "trials", "value", "low", "high"]),
        "seeds_needed.csv": csv_text(_seeds_rows(metric, pairs), ["a", "b", "sd", "effect", "seeds"]),
        **_secondary_tables(analysis),
    }


def _secondary_tables(analysis: Analysis) -> dict[str, str]:
    """Return the tables of the metrics that decide nothing; none where the experiment declares none."""
    experiment, secondary = analysis.experiment, analysis.secondary
    if not secondary:
        return {}
    pairs = secondary_pair_table(experiment, secondary).csv_rows()
    return {
        "secondary.csv": csv_text(pairs, _OF_EVERY_SECONDARY),
        "secondary_arms.csv": csv_text(secondary_arm_table(experiment, secondary).csv_rows()),
    }


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


def _curve_rows(experiment: ExperimentRecord) -> list[dict[str, Any]]:
    """Return one row per evaluation of every run."""
    metric = experiment.plan.metric
    keys = (metric.name, metric.key("validate", "copy_last"), *_CURVES)
    return [
        {"arm": run.arm, "run": run.name, "step": step, **dict(zip(keys, values, strict=True))}
        for run in experiment.runs
        for step, *values in run.epochs.rows(keys)
    ]


def _seeds_rows(metric: Metric, pairs: Sequence[PairResult]) -> list[dict[str, Any]]:
    """Return for each pair and effect how many seeds would find it; empty above 1000."""
    return [
        {"a": row.a, "b": row.b, "sd": row.sd, "effect": effect, "seeds": n}
        for row in seeds_needed(metric, pairs)
        for effect, n in row.effects
    ]
