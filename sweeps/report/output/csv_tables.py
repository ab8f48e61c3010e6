"""The numbers behind the page as CSV, unrounded."""

from collections.abc import Sequence
from typing import Any

from sweeps.experiment import Metric
from sweeps.report.analysis import Analysis
from sweeps.report.comparison import ArmResult, PairResult, seeds_needed
from sweeps.report.figures import budget_rows, clip_rows, csv_text, per_frame_rows
from sweeps.report.output.verdict_json import pair_values
from sweeps.report.reading import ExperimentRecord
from sweeps.report.statistics import Mean

_CURVES = ("train/loss", "train/mse", "train/kl", "train/beta", "train/tfr", "train/lr", "train/grad_norm")


def arm_rows(arms: Sequence[ArmResult]) -> list[dict[str, Any]]:
    """Return one row per arm; KL in nats per sequence, the rest in the metric's unit."""
    return [
        {
            "arm": arm.name,
            **_ends("", arm.confirmed),
            "iqm": arm.iqm,
            "worst_tenth": arm.worst_tenth,
            "copy_last": arm.copy_last,
            **_ends("gain_", arm.gain),
            "tune_score": arm.tune_score,
            "on_tune_split": arm.on_tune_split,
            "shrinkage": arm.shrinkage,
            "kl": arm.kl,
            "n_runs": arm.n_runs,
            "n_lost": arm.n_lost,
            "n_diverged": arm.n_diverged,
            "n_collapsed": arm.n_collapsed,
        }
        for arm in arms
    ]


def _ends(prefix: str, mean: Mean) -> dict[str, Any]:
    low, high = mean.interval or (None, None)
    return {f"{prefix}n": mean.n, f"{prefix}mean": mean.mean, f"{prefix}low": low, f"{prefix}high": high}


def pair_rows(metric: Metric, pairs: Sequence[PairResult]) -> list[dict[str, Any]]:
    """Return one row per pair of arms, differences a minus b; ends of an interval in columns of their own."""
    rows = []
    for pair in pairs:
        values = pair_values(pair, metric)
        del values["with_lost"], values["sentence"]
        flat: dict[str, Any] = {}
        for key, value in values.items():
            flat |= _flat(key, value)
        rows.append({**flat, "left_out": " | ".join(pair.left_out)})
    return rows


def _flat(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {name: v for k, inner in value.items() for name, v in _flat(f"{key}_{k}", inner).items()}
    if key.endswith("interval"):
        low, high = value or (None, None)
        prefix = key.removesuffix("interval")
        return {f"{prefix}low": low, f"{prefix}high": high}
    return {key: value}


def run_rows(experiment: ExperimentRecord) -> list[dict[str, Any]]:
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
            **{f"params.{path}": value for path, value in run.params.items()},
        }
        for run in experiment.runs
    ]


def curve_rows(experiment: ExperimentRecord) -> list[dict[str, Any]]:
    """Return one row per evaluation of every run."""
    metric = experiment.plan.metric
    keys = (metric.name, metric.name.replace(metric.short, f"copy_last_{metric.short}"), *_CURVES)
    return [
        {"arm": run.arm, "run": run.name, "step": step, **dict(zip(keys, values, strict=True))}
        for run in experiment.runs
        for step, *values in run.epochs.rows(keys)
    ]


def seeds_rows(metric: Metric, pairs: Sequence[PairResult]) -> list[dict[str, Any]]:
    """Return for each pair and effect how many seeds would find it; empty above 1000."""
    return [
        {"a": row.a, "b": row.b, "sd": row.sd, "effect": effect, "seeds": n}
        for row in seeds_needed(metric, pairs)
        for effect, n in row.effects
    ]


def all_tables(analysis: Analysis) -> dict[str, str]:
    """Return file name -> CSV text."""
    experiment, arms, pairs = analysis.experiment, analysis.arms, analysis.pairs
    return {
        "arms.csv": csv_text(arm_rows(arms)),
        "pairs.csv": csv_text(
            pair_rows(experiment.plan.metric, pairs), ["a", "b", "n", "difference", "low", "high", "verdict"]
        ),
        "runs.csv": csv_text(run_rows(experiment)),
        "curves.csv": csv_text(curve_rows(experiment), ["arm", "run", "step"]),
        "per_frame.csv": csv_text(per_frame_rows(experiment), ["arm", "frame", "kind", "value", "runs"]),
        "clips.csv": csv_text(clip_rows(pairs), ["a", "b", "clip", "difference", "seeds"]),
        "budget.csv": csv_text(budget_rows(experiment), ["arm", "trials", "value", "low", "high"]),
        "seeds_needed.csv": csv_text(seeds_rows(experiment.plan.metric, pairs), ["a", "b", "sd", "effect", "seeds"]),
    }
