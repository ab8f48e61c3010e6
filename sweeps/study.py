"""Optuna's side of a sweep: one study per arm in one storage that only the coordinator opens."""

import warnings
from pathlib import Path
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from sweeps.dimension import Alternatives, Choice, Dimension, FloatRange, Value
from sweeps.experiment import Experiment
from sweeps.points import qmc_params
from sweeps.space import Parameter, Space, draw, parameters

optuna.logging.set_verbosity(optuna.logging.WARNING)


def to_distribution(dimension: Dimension) -> BaseDistribution:
    """Return Optuna's form of a dimension."""
    if isinstance(dimension, Choice | Alternatives):
        return CategoricalDistribution(dimension.examples())
    low, high = dimension.bounds
    if isinstance(dimension, FloatRange):
        return FloatDistribution(low, high, log=dimension.log)
    return IntDistribution(int(low), int(high), log=dimension.log)


class SharedPointsSampler(BaseSampler):
    """Quasi-Monte Carlo whose points depend on (seed, parameter, trial number) alone.

    Optuna's QMCSampler orders its dimensions by the whole space, so an arm with one more parameter would get other
    values for all of them, and draws its first trial independently.
    """

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the whole space: every parameter comes from the trial's point."""
        return {parameter.name: to_distribution(parameter.dimension) for parameter in parameters(self._space)}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Return the values at the trial's point."""
        return dict(qmc_params(self._space, self._seed, trial.number))

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Refuse: a parameter outside the space would not be shared."""
        raise LookupError(f"{param_name} is not in the search space")


def make_sampler(kind: str, space: Space, seed: int, trial: int) -> BaseSampler:
    """Return the sampler for one trial.

    It is made anew for every trial and seeded by the trial's number: what it proposes follows from the seed and the
    trials before it, however often the sweep was restarted (a sampler re-created with one seed repeats itself).
    """
    if kind == "qmc":
        return SharedPointsSampler(space, seed)
    trial_seed = (seed * 1_000_003 + trial) % 2**32
    if kind == "random":
        return RandomSampler(seed=trial_seed)
    return TPESampler(seed=trial_seed)


def repair_journal(path: Path) -> None:
    """Cut a last line that a kill tore, and drop a lock that a killed coordinator left behind.

    Optuna can read neither past. The caller holds the experiment's own lock, so nobody else writes here; the
    torn line is an operation that was never acknowledged, and the coordinator does it again.
    """
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))


class ArmStudy:
    """One arm's study."""

    def __init__(self, experiment: Experiment, arm: str, storage: optuna.storages.BaseStorage) -> None:
        assert experiment.tune is not None
        self._experiment = experiment
        self._kind = experiment.tune.sampler
        self._space = experiment.space(arm)
        self._study = optuna.create_study(
            study_name=f"{experiment.name}/{arm}",
            storage=storage,
            direction=experiment.metric.direction,
            sampler=make_sampler(self._kind, self._space, experiment.seed, 0),
            load_if_exists=True,
        )

    def params_of(self, number: int) -> dict[str, Value]:
        """Return the parameters of a trial, asking for it if it does not exist yet.

        A trial that a killed coordinator left without all its parameters gets the missing ones now.
        """
        trials = self._study.get_trials(deepcopy=False)
        self._study.sampler = make_sampler(self._kind, self._space, self._experiment.seed, number)
        if number < len(trials) and trials[number].state.is_finished():
            return dict(trials[number].params)
        trial = optuna.Trial(self._study, trials[number]._trial_id) if number < len(trials) else self._study.ask()
        if trial.number != number:
            raise LookupError(f"study {self._study.study_name}: asked for trial {number}, got {trial.number}")
        return draw(self._space, lambda parameter: self._suggest(trial, parameter))

    @staticmethod
    def _suggest(trial: optuna.Trial, parameter: Parameter) -> Value:
        name, dimension = parameter.name, parameter.dimension
        if isinstance(dimension, Choice | Alternatives):
            return cast(Value, trial.suggest_categorical(name, dimension.examples()))
        low, high = dimension.bounds
        if isinstance(dimension, FloatRange):
            return trial.suggest_float(name, low, high, log=dimension.log)
        return trial.suggest_int(name, int(low), int(high), log=dimension.log)

    def is_told(self, number: int) -> bool:
        """Return whether the outcome of a trial is recorded."""
        trials = self._study.get_trials(deepcopy=False)
        return number < len(trials) and trials[number].state.is_finished()

    def tell(self, number: int, value: float | None, curve: dict[int, float]) -> None:
        """Record the outcome of a trial, once.

        Args:
            number: the trial.
            value: the metric at the end; None where the run failed.
            curve: step -> metric, every evaluation of the run.
        """
        frozen = self._study.get_trials(deepcopy=False)[number]
        if frozen.state.is_finished():
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # optuna warns of every value reported before an interruption
            trial = optuna.Trial(self._study, frozen._trial_id)
            for step in sorted(set(curve) - set(frozen.intermediate_values)):
                trial.report(curve[step], step)
        if value is None:
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, value)

    def best(self, n: int, trials: int) -> list[FrozenTrial]:
        """Return the n best of the first `trials` trials, best first; fewer where fewer finished."""
        complete = [
            trial
            for trial in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if trial.number < trials and trial.value is not None
        ]
        sign = -1.0 if self._experiment.metric.direction == "maximize" else 1.0
        return sorted(complete, key=lambda trial: (sign * float(trial.value or 0.0), trial.number))[:n]


def open_studies(experiment: Experiment, journal: Path) -> dict[str, ArmStudy]:
    """Return every arm's study, creating what does not exist; empty without a tune phase."""
    if experiment.tune is None:
        return {}
    repair_journal(journal)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    return {arm: ArmStudy(experiment, arm, storage) for arm in experiment.arms}
