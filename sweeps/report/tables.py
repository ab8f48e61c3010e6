"""The numbers behind the page as CSV, unrounded, and the verdict as JSON."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sweeps.report.figures import per_frame_rows
from sweeps.report.guards import Guard
from sweeps.report.results import ArmResult, PairResult
from sweeps.report.runs import Experiment, Run, finite
from sweeps.report.statistics import Interval, Mean

_CURVES = ("train/loss", "train/mse", "train/kl", "train/beta", "train/tfr", "train/lr", "train/grad_norm")


def csv_text(rows: Sequence[dict[str, Any]], columns: Iterable[str] = ()) -> str:
    """Return CSV with a header; `columns` names those of a table without rows."""
    header = list(dict.fromkeys([*columns, *(key for row in rows for key in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def arm_rows(arms: Sequence[ArmResult]) -> list[dict[str, Any]]:
    """Return one row per arm; KL in nats per sequence, the rest in the metric's unit."""
    return [
        {
            "arm": arm.name,
            **_ends("", arm.confirmed),
            "copy_last": arm.copy_last,
            **_ends("gain_", arm.gain),
            "tune_score": arm.tune_score,
            "shrinkage": arm.shrinkage,
            "kl": arm.kl,
            "n_collapsed": arm.n_collapsed,
        }
        for arm in arms
    ]


def _ends(prefix: str, mean: Mean) -> dict[str, Any]:
    low, high = mean.interval or (None, None)
    return {f"{prefix}n": mean.n, f"{prefix}mean": mean.mean, f"{prefix}low": low, f"{prefix}high": high}


def pair_rows(pairs: Sequence[PairResult]) -> list[dict[str, Any]]:
    """Return one row per pair of arms, differences a minus b."""
    rows = []
    for pair in pairs:
        values = _pair_values(pair)
        low, high = values.pop("interval") or (None, None)
        del values["with_lost"]
        rows.append({**values, "low": low, "high": high, "left_out": " | ".join(pair.left_out)})
    return rows


def _pair_values(pair: PairResult) -> dict[str, Any]:
    test = pair.test
    return {
        "a": pair.a,
        "b": pair.b,
        "n": test.n,
        "difference": test.difference,
        "interval": test.interval,
        "p": test.p,
        "p_holm": pair.p_holm,
        "sign_flip_p": test.sign_flip_p,
        "share_a_larger": test.share,
        "seed_correlation": test.correlation,
        "verdict": pair.verdict,
        "within_margin": pair.is_within_margin,
        "with_lost": vars(pair.with_lost) if pair.with_lost else None,
        "left_out": list(pair.left_out),
    }


def run_rows(experiment: Experiment) -> list[dict[str, Any]]:
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
            "attempt": run.state.get("attempt"),
            "seconds": run.state.get("seconds"),
            "score": experiment.score(run),
            "copy_last": run.final(experiment.plan.confirm_copy_key) if run.phase == "confirm" else None,
            "kl": run.final_kl(),
            "error": _error_text(run),
            **{f"params.{path}": value for path, value in run.params.items()},
        }
        for run in experiment.runs
    ]


def _error_text(run: Run) -> str:
    error = run.state.get("error")
    return f"{error.get('type', '')}: {error.get('message', '')}" if isinstance(error, dict) else ""


def curve_rows(experiment: Experiment) -> list[dict[str, Any]]:
    """Return one row per evaluation of every run."""
    metric = experiment.plan.metric
    keys = (metric.name, metric.name.replace(metric.short, f"copy_last_{metric.short}"), *_CURVES)
    return [
        {"arm": run.arm, "run": run.name, "step": epoch.get("step"), **{key: finite(epoch.get(key)) for key in keys}}
        for run in experiment.runs
        for epoch in run.epochs
    ]


def all_tables(experiment: Experiment, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> dict[str, str]:
    """Return file name -> CSV text."""
    return {
        "arms.csv": csv_text(arm_rows(arms)),
        "pairs.csv": csv_text(pair_rows(pairs), ["a", "b", "n", "difference", "low", "high", "verdict"]),
        "runs.csv": csv_text(run_rows(experiment)),
        "curves.csv": csv_text(curve_rows(experiment), ["arm", "run", "step"]),
        "per_frame.csv": csv_text(per_frame_rows(experiment), ["arm", "frame", "copy", "value", "runs"]),
    }


def verdict_json(
    experiment: Experiment,
    headline: str,
    arms: Sequence[ArmResult],
    pairs: Sequence[PairResult],
    guards: Sequence[Guard],
    is_void: bool,
) -> str:
    """Return the verdict for programs: strict JSON, numbers in the metric's unit."""
    metric = experiment.plan.metric
    value = {
        "experiment": experiment.plan.name,
        "headline": headline,
        "void": is_void,
        "metric": {
            "name": metric.name,
            "read_as": experiment.plan.confirm_key,
            "direction": metric.direction,
            "margin": metric.margin,
            "unit": metric.unit,
        },
        "arms": {arm.name: _arm_values(experiment, arm) for arm in arms},
        "pairs": [_pair_values(pair) for pair in pairs],
        "guards": [{"title": guard.title, "level": guard.level, "detail": guard.detail} for guard in guards],
    }
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _arm_values(experiment: Experiment, arm: ArmResult) -> dict[str, Any]:
    gain: Interval | None = arm.gain.interval
    return {
        "n": arm.confirmed.n,
        "n_planned": experiment.plan.n_seeds,
        "mean": arm.confirmed.mean,
        "interval": arm.confirmed.interval,
        "sd": arm.confirmed.sd,
        "copy_last": arm.copy_last,
        "gain": arm.gain.mean,
        "gain_interval": gain,
        "kl": arm.kl,
        "n_collapsed": arm.n_collapsed,
        "tune_score": arm.tune_score,
        "shrinkage": arm.shrinkage,
        "params": [dict(run.params) for run in arm.chosen],
    }
