"""Where trials come from: the samplers of an experiment file as Optuna's."""

import warnings
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from sweeps.experiment import GridOptions, Tune
from sweeps.search_space import (
    Choice,
    ConditionalChoice,
    Dimension,
    FloatRange,
    Params,
    Space,
    grid,
    parameters,
    qmc_params,
)

#: Proposals of one trial that may repeat an earlier configuration before random ones are taken.
PROPOSALS = 10

#: Told for a diverged or an infeasible run: this much worse than the worst told so far, ...
BAD_BY_DB = 1.0

#: ... or this where nothing was told: frames in [0, 1] that are wrong everywhere, as PSNR and as an error.
FLOOR_DB, LARGEST_ERROR = 0.0, 1.0


class WorstTold:
    """The worst value that a study was told, and what follows from it for runs without a model."""

    def __init__(self, direction: str) -> None:
        self._is_error = direction == "minimize"
        self._value: float | None = None

    def note(self, value: float) -> None:
        """Take note of a value that was told."""
        worse = max if self._is_error else min
        self._value = value if self._value is None else worse(self._value, value)

    def bad_value(self) -> float:
        """Return what is told for a run without a model: finite, or samplers would propose its region again."""
        if self._is_error:  # of intensities in [0, 1]
            return LARGEST_ERROR if self._value is None else 2 * self._value
        return FLOOR_DB if self._value is None else self._value - BAD_BY_DB


def to_distribution(dimension: Dimension) -> BaseDistribution:
    """Return Optuna's form of a dimension."""
    if isinstance(dimension, Choice | ConditionalChoice):
        return CategoricalDistribution(dimension.examples())
    low, high = dimension.bounds
    if isinstance(dimension, FloatRange):
        return FloatDistribution(low, high, log=dimension.log)
    return IntDistribution(int(low), int(high), log=dimension.log)


class FixedPointSampler(BaseSampler):
    """One trial's parameters, known beforehand: of a quasi-random sequence, or of a grid.

    Optuna's QMCSampler orders its dimensions by the whole space, so an arm with one more parameter would get other
    values for all of them, and draws its first trial independently; its GridSampler repeats a combination for each
    value of what a variant that was not chosen would have searched.
    """

    def __init__(self, space: Space, params: Params) -> None:
        self._space = space
        self._params = params

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the whole space: every parameter comes from the trial's point."""
        return {parameter.name: to_distribution(parameter.dimension) for parameter in parameters(self._space)}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the values at the trial's point."""
        return dict(self._params)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Refuse: a parameter outside the space would not be shared."""
        raise LookupError(f"{param_name} is not in the search space")


def make_sampler(tune: Tune, space: Space, seed: int, trial: int, again: int = 0) -> BaseSampler:
    """Return the sampler for one trial.

    It is made anew for every trial and seeded by the trial's number: what it proposes follows from the seed and the
    trials before it, however often the sweep was restarted (a sampler re-created with one seed repeats itself).

    Args:
        tune: names the sampler and its options.
        space: the arm's.
        seed: the experiment's.
        trial: the trial's number.
        again: how often the trial's proposal was one that the study has already.
    """
    if tune.sampler == "qmc":
        return FixedPointSampler(space, qmc_params(space, seed, trial))
    if tune.sampler == "grid":
        points = GridOptions.model_validate(tune.sampler_options).points
        return FixedPointSampler(space, grid(space, points, seed)[trial])
    trial_seed = (seed * 1_000_003 + trial + 7_919_993 * again) % 2**32
    if again >= PROPOSALS:  # a model that sees one answer only
        return RandomSampler(seed=trial_seed)
    options = dict(tune.sampler_options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        if tune.sampler == "tpe":
            return TPESampler(seed=trial_seed, **options)
        if tune.sampler == "gp":
            return GPSampler(seed=trial_seed, warn_independent_sampling=False, **options)
        if tune.sampler == "cmaes":
            return CmaEsSampler(seed=trial_seed, warn_independent_sampling=False, **options)
    return RandomSampler(seed=trial_seed)
