"""Which runs are ended early, by Optuna's pruners and rules, fairly to schedules.

Three rules make it fair. What is compared is a run's best value so far, so that a dip costs nothing once it has passed.
It is compared at the same step only: steps may not be searched beside a pruner. And a run whose schedule restarts is
judged only where a cycle ends with its full weight back, never between a restart and the recovery from it.
"""

import bisect
import warnings
from collections.abc import Mapping
from itertools import count, takewhile
from statistics import median

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, PatientPruner
from optuna.trial import FrozenTrial, TrialState

from cvae.config import Config
from cvae.schedules import CyclicalKL, CyclicLR
from sweeps.experiment import PRUNERS, AshaOptions, HyperbandOptions, MedianOptions, PatientOptions, Tune

#: Part of a learning-rate cycle after which its restart is over; of a KL cycle it is the ramp, at most MOST.
LR_SETTLED = 0.5

MOST = 0.9

#: The attribute of a trial in which Optuna's pruners keep its value at a rung.
RUNG = "completed_rung_{}"


def cycles(config: Config) -> list[tuple[float, float]]:
    """Return the number of cycles of each schedule that restarts, and the part of a cycle after which it is settled."""
    restarting: list[tuple[float, float]] = []
    if isinstance(config.kl_anneal, CyclicalKL):
        restarting.append((config.kl_anneal.n_cycles, min(config.kl_anneal.ramp, MOST)))
    if isinstance(config.optim.schedule, CyclicLR):
        restarting.append((config.optim.schedule.n_cycles, LR_SETTLED))
    return [(n, settled) for n, settled in restarting if n > 1]


def _cycle_and_phase(config: Config, step: int, n_cycles: float) -> tuple[int, float]:
    """Return the cycle that the update before an evaluation lay in, and the part of it that had passed."""
    position = config.train.progress(max(step - 1, 0)) * n_cycles
    return int(position), position % 1.0


def may_be_judged(config: Config, step: int) -> bool:
    """Return whether an evaluation is one at which a run may be pruned: the last of a cycle, the restart long past."""
    if step >= config.train.steps:
        return False
    following = min(step + config.evaluation.every, config.train.steps)
    for n_cycles, settled in cycles(config):
        cycle, phase = _cycle_and_phase(config, step, n_cycles)
        if phase < settled or _cycle_and_phase(config, following, n_cycles)[0] == cycle:
            return False
    return True


def is_same_cycle(config: Config, a: int, b: int) -> bool:
    """Return whether no schedule restarted between two evaluations."""
    return all(_cycle_and_phase(config, a, n)[0] == _cycle_and_phase(config, b, n)[0] for n, _ in cycles(config))


class RunningMedianPruner(BasePruner):
    """Decides as Optuna's MedianPruner does where more is better, at a cost that does not grow with the trials.

    Optuna's looks through all trials for each value that is reported; this one is told of each trial once.
    """

    def __init__(self, n_startup_trials: int, n_warmup_steps: int) -> None:
        self._n_startup_trials, self._n_warmup_steps = n_startup_trials, n_warmup_steps
        self._n_trials = 0
        self._values: dict[int, list[float]] = {}  # of the trials, by step, sorted

    def note(self, values: Mapping[int, float]) -> None:
        """Take note of a trial that is complete, by its values at each step."""
        self._n_trials += 1
        for step, value in values.items():
            bisect.insort(self._values.setdefault(step, []), value)

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial's best value is below the median of the complete trials' at its last step."""
        step = trial.last_step
        if step is None or step < self._n_warmup_steps or self._n_trials < self._n_startup_trials:
            return False
        others = self._values.get(step)
        return others is not None and max(trial.intermediate_values.values()) < _median(others)


class RungPruner(BasePruner):
    """Decides as Optuna's SuccessiveHalvingPruner does where more is better, at the running median's cost.

    It is told once of each value with which a trial completes a rung; Optuna's looks through all trials for each.
    """

    def __init__(self, first_step: int, reduction_factor: int) -> None:
        self._first_step, self._factor = first_step, reduction_factor
        self._noted: set[tuple[int, int]] = set()  # trial, rung
        self._values: dict[tuple[int, int], list[float]] = {}  # of the trials, by bracket and rung, sorted

    def _bracket(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return 0

    def note(self, study: optuna.Study, trial: FrozenTrial, completed: Mapping[str, float]) -> None:
        """Take note of the rungs that a trial has completed, each once, among its attributes."""
        for rung in takewhile(lambda rung: RUNG.format(rung) in completed, count()):
            if (trial.number, rung) not in self._noted:
                self._noted.add((trial.number, rung))
                values = self._values.setdefault((self._bracket(study, trial), rung), [])
                bisect.insort(values, completed[RUNG.format(rung)])

    def judge(self, study: optuna.Study, trial: FrozenTrial) -> tuple[dict[str, float], bool]:
        """Return the rungs that a trial completes at its last step, and whether it is left behind at the last."""
        completed: dict[str, float] = {}
        bracket, step = self._bracket(study, trial), trial.last_step
        first = next(rung for rung in count() if RUNG.format(rung) not in trial.system_attrs)
        for rung in count(first):
            if step is None or step < self._first_step * self._factor ** (bracket + rung):
                break
            value = completed[RUNG.format(rung)] = trial.intermediate_values[step]
            others = self._values.get((bracket, rung), [])
            if len(others) - bisect.bisect_right(others, value) > max((len(others) + 1) // self._factor - 1, 0):
                return completed, True
        return completed, False

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial is left behind."""
        return self.judge(study, trial)[1]


class BracketPruner(RungPruner, HyperbandPruner):
    """Decides as Optuna's HyperbandPruner does; samplers see by the class that trials have brackets."""

    def __init__(self, first_step: int, last_step: int, reduction_factor: int) -> None:
        HyperbandPruner.__init__(self, first_step, last_step, reduction_factor)
        RungPruner.__init__(self, first_step, reduction_factor)

    def _bracket(self, study: optuna.Study, trial: FrozenTrial) -> int:
        if not self._pruners:
            self._try_initialization(study)
        return self._get_bracket_id(study, trial)


def _median(ordered: list[float]) -> float:
    """Return the median of sorted values, from the middle ones alone."""
    middle = len(ordered) // 2
    return median(ordered[middle - 1 + len(ordered) % 2 : middle + 1])


def make_pruner(tune: Tune, config: Config) -> BasePruner:
    """Return the pruner; options count evaluations, Optuna counts steps."""
    if tune.pruner == "patient":
        patient = PatientOptions.model_validate(tune.pruner_options)
        return _make(patient.then, {}, config)
    return _make(tune.pruner, tune.pruner_options, config)


def _make(name: str, given: dict[str, object], config: Config) -> BasePruner:
    options, every = PRUNERS[name].model_validate(given), config.evaluation.every
    if isinstance(options, MedianOptions):
        return RunningMedianPruner(options.n_startup_trials, options.n_warmup_evaluations * every)
    if isinstance(options, HyperbandOptions):
        first = options.min_evaluations * every
        return BracketPruner(first, max(config.train.steps, first), options.reduction_factor)
    if isinstance(options, AshaOptions):
        return RungPruner(options.min_evaluations * every, options.reduction_factor)
    return NopPruner()


def make_patience(tune: Tune) -> PatientPruner | None:
    """Return the part of a patient pruner that looks at one run alone; None for the other pruners."""
    if tune.pruner != "patient":
        return None
    options = PatientOptions.model_validate(tune.pruner_options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PatientPruner(None, options.patience, options.min_delta)


def has_lost_patience(
    patience: PatientPruner, study: optuna.Study, config: Config, values: dict[int, float], step: int
) -> bool:
    """Return whether a run got worse for too long within its present cycle; what it had before a restart is not read.

    Args:
        patience: the pruner.
        study: for its direction.
        config: the run's.
        values: step -> metric as evaluated, not the best so far.
        step: the last evaluation.
    """
    present = {s: v for s, v in values.items() if s <= step and is_same_cycle(config, s, step)}
    trial = optuna.trial.create_trial(state=TrialState.RUNNING, intermediate_values=present)
    return patience.prune(study, trial)
