"""The verdict for programs: verdict.json, strict JSON, numbers in the metric's unit; docs/report.md has its schema."""

import json
from dataclasses import asdict
from typing import Any

from sweeps.experiment import Metric
from sweeps.report.analysis import Analysis
from sweeps.report.comparison import ArmResult, PairResult, pair_sentence

#: Raised whenever a key changes its meaning or goes.
SCHEMA = 2


def verdict_json(analysis: Analysis) -> str:
    """Return the verdict as JSON text."""
    experiment, metric = analysis.experiment, analysis.experiment.plan.metric
    value = {
        "schema": SCHEMA,
        "experiment": experiment.plan.name,
        "headline": analysis.headline,
        "void": analysis.is_void,
        "metric": {
            "name": metric.name,
            "read_as": experiment.plan.confirm_key,
            "direction": metric.direction,
            "margin": metric.margin,
            "unit": metric.unit,
            "earlier": list(experiment.earlier_metrics),
        },
        "arms": {arm.name: _arm_values(arm, experiment.plan.n_seeds) for arm in analysis.arms},
        "pairs": [pair_values(pair, metric) for pair in analysis.pairs],
        "variance": asdict(analysis.variance),
        "guards": [{"title": guard.title, "level": guard.level, "detail": guard.detail} for guard in analysis.guards],
    }
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _arm_values(arm: ArmResult, n_planned: int) -> dict[str, Any]:
    return {
        "n": arm.confirmed.n,
        "n_planned": n_planned,
        "mean": arm.confirmed.mean,
        "interval": arm.confirmed.interval,
        "sd": arm.confirmed.sd,
        "iqm": arm.iqm,
        "worst_tenth": arm.worst_tenth,
        "copy_last": arm.copy_last,
        "gain": arm.gain.mean,
        "gain_interval": arm.gain.interval,
        "kl": arm.kl,
        "n_runs": arm.n_runs,
        "n_lost": arm.n_lost,
        "n_diverged": arm.n_diverged,
        "n_collapsed": arm.n_collapsed,
        "tune_score": arm.tune_score,
        "on_tune_split": arm.on_tune_split,
        "shrinkage": arm.shrinkage,
        "params": [dict(run.params) for run in arm.chosen],
    }


def pair_values(pair: PairResult, metric: Metric) -> dict[str, Any]:
    """Return what is known of a pair, differences a minus b."""
    test, better, space, clips = pair.test, pair.improvement, pair.space, pair.clips
    return {
        "a": pair.a,
        "b": pair.b,
        "verdict": pair.verdict,
        "sentence": pair_sentence(pair, metric),
        "n": test.n,
        "difference": test.difference,
        "interval": test.interval,
        "bootstrap_interval": pair.bootstrap,
        "p": test.p,
        "p_holm": pair.p_holm,
        "sign_flip_p": pair.sign_flip_p,
        "improvement": better.probability if better else None,
        "improvement_interval": better.interval if better else None,
        "seed_correlation": test.correlation,
        "within_margin": pair.is_within_margin,
        "more_seeds": pair.more_seeds,
        "with_lost": vars(pair.with_lost) if pair.with_lost else None,
        "over_space": None
        if space is None
        else {"n": space.n, "difference": space.difference, "interval": space.interval, "n_lost": space.n_lost},
        "over_clips": None
        if clips is None
        else {
            "n": clips.n_clips,
            "n_seeds": clips.n_seeds,
            "difference": clips.difference,
            "interval": clips.interval,
            "two_way_interval": clips.two_way,
            "share": clips.share,
        },
        "left_out": list(pair.left_out),
    }
