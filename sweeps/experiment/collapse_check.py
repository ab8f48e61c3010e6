"""The weights that an experiment may train with, beside the weight above which no latent can live in its data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvae.config import Config
from cvae.data import CollapseThreshold, store_threshold
from cvae.data.store import open_store
from cvae.schedules import Weight
from sweeps.experiment.experiment import Experiment
from sweeps.search_space import corners


@dataclass(frozen=True)
class ArmWeights:
    """The smallest and the largest top of an arm's schedules, in the mean convention, and its data's threshold.

    `low` and `high` are None where the weight is set by the training itself.
    """

    low: float | None
    high: float | None
    image_size: int
    threshold: CollapseThreshold | None


def measure_arms(experiment: Experiment) -> dict[str, ArmWeights]:
    """Return each arm's weights and threshold; data that arms share is looked at once."""
    known: dict[tuple[str, int], CollapseThreshold | None] = {}
    by_arm = {}
    for arm in experiment.arms:
        config = experiment.config(arm, {}, experiment.seed, experiment.confirm.split)
        store = open_store(config.data, config.image_size, Path(config.store))
        key = (store.fingerprint, config.n_past + config.n_future)
        if key not in known:
            known[key] = store_threshold(store, key[1])
        tops = [top for config in _possible(experiment, arm) if (top := config.top_beta) is not None]
        by_arm[arm] = ArmWeights(min(tops, default=None), max(tops, default=None), config.image_size, known[key])
    return by_arm


def _possible(experiment: Experiment, arm: str) -> list[Config]:
    """Return the arm's configurations at the bounds of its search; the arm as written where nothing is searched."""
    seed, split = experiment.seed, experiment.confirm.split
    points = list(corners(experiment.space(arm))) or [{}]
    settled = [point for point in points if _settles_beta(experiment, arm, point)] or points
    return [experiment.config(arm, point, seed, split) for point in settled]


def _settles_beta(experiment: Experiment, arm: str, point: Mapping[str, Any]) -> bool:
    """Whether a point says what is searched of beta and its schedule, so that neither is a default that no run has."""
    return all(key in point for key in ("beta", "kl_anneal") if key in experiment.space(arm))


def weight_lines(weights: Mapping[str, ArmWeights]) -> list[str]:
    """Return what a person should know of the weights before launch: one line for the arms that agree, and warnings."""
    same: dict[str, list[str]] = {}
    for arm, of_arm in weights.items():
        same.setdefault(_format_weights(of_arm), []).append(arm)
    return [f"beta:  {top} ({', '.join(arms)})" for top, arms in same.items()]


def _format_weights(weights: ArmWeights) -> str:
    if weights.low is None or weights.high is None:
        top = "set by the training"
    else:
        tops = sorted({weights.low, weights.high})
        in_sums = [Weight(beta, weights.image_size) for beta in tops]
        sums = " to ".join(f"{weight.beta_sum:.3g}" for weight in in_sums)
        sigmas = " to ".join(f"{weight.sigma:.3g}" for weight in in_sums)
        top = f"{' to '.join(f'{beta:.3g}' for beta in tops)}, beta_sum {sums}, sigma {sigmas}"
    if weights.threshold is None:
        return top
    return f"{top}; {weights.threshold.format(weights.high, weights.low)}"
