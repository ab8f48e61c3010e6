"""The one place that goes below `Study` and `Trial`, Optuna's public interface, and why.

Optuna's own loop asks for a trial and tells it within one process. A coordinator may be killed between any two
operations, and the next one goes on with the trials that are there. Hence, of Optuna's storage interface:

- A trial of an earlier process is had back by its id, which `Study` does not give for a number.
- `Trial.suggest_float` and its like store each value as it is proposed. Here a proposal may repeat an earlier trial and
  is then thrown away, and a trial whose parameters were lost gets those of its run folder, without being asked.
- `Trial.report` wants a `Trial`, and making one tells the sampler that a trial begins: it would begin anew each time.
- Samplers beside Hyperband look at the trials of one bracket. Optuna's `Trial` sees to it by a private function.

A test holds that nothing else in the project calls a storage's methods or takes a private name of Optuna's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from sweeps.search_space import Parameter, Params, Space, Value, sample_params
from sweeps.study.pruners import RungPruner, RunningMedianPruner
from sweeps.study.samplers import to_distribution


class TrialStorage:
    """The trials of one study, by number, in the storage that the study lies in."""

    def __init__(self, study: optuna.Study, storage: BaseStorage) -> None:
        self._study = study
        self._storage = storage
        self._study_id = storage.get_study_id_from_name(study.study_name)
        self._ids: dict[int, int] = {}  # by number

    def _id(self, number: int) -> int:
        if number not in self._ids:
            self._ids[number] = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return self._ids[number]

    def read(self, number: int) -> FrozenTrial:
        """Return a trial as it stands."""
        return self._storage.get_trial(self._id(number))

    def begin(self, number: int) -> optuna.Trial:
        """Return a trial for its sampler to propose parameters to; the sampler is told that it begins."""
        return optuna.Trial(self._study, self._id(number))

    def propose(self, number: int, space: Space) -> Params:
        """Return the parameters that the study's sampler proposes for a trial, without storing them.

        What a kill let be stored already is kept.
        """
        trial = self.begin(number)
        return sample_params(space, lambda parameter: self._pick(trial, parameter))

    def _pick(self, trial: optuna.Trial, parameter: Parameter) -> Value:
        name, distribution = parameter.name, to_distribution(parameter.dimension)
        if name in trial.params:
            return cast(Value, trial.params[name])
        relative = trial.relative_params
        if distribution.single():
            return parameter.dimension.examples()[0]
        if name in relative and _is_within(distribution, relative[name]):
            return cast(Value, relative[name])
        frozen = self.read(trial.number)
        study = optuna.pruners._filter_study(self._study, frozen)
        return cast(Value, self._study.sampler.sample_independent(study, frozen, name, distribution))

    def add_params(self, number: int, params: Params, distributions: Mapping[str, BaseDistribution]) -> None:
        """Store the parameters that a running trial lacks, in the order of their distributions."""
        stored = self.read(number).params
        for name, distribution in distributions.items():
            if name in params and name not in stored:
                value = distribution.to_internal_repr(params[name])
                self._storage.set_trial_param(self._id(number), name, value, distribution)

    def add_values(self, number: int, values: Mapping[int, float]) -> None:
        """Store the values (step -> value) that a running trial lacks."""
        stored = self.read(number).intermediate_values
        for step in sorted(values.keys() - stored.keys()):
            self._storage.set_trial_intermediate_value(self._id(number), step, values[step])

    def set_status(self, number: int, status: str) -> None:
        """Store how a running trial's run ended, where its state does not say it."""
        self._storage.set_trial_user_attr(self._id(number), "status", status)

    def add_system_attributes(self, number: int, attributes: Mapping[str, Any]) -> None:
        """Store attributes of a running trial that extensions of Optuna's look for, such as those of its pictures."""
        for key, value in attributes.items():
            self._storage.set_trial_system_attr(self._id(number), key, value)

    def finish(self, number: int, state: TrialState, values: Sequence[float] | None) -> None:
        """Store how a trial ended as another storage has it; `Study.tell` would work out a pruned one's value anew."""
        self._storage.set_trial_state_values(self._id(number), state, values)


def _is_within(distribution: BaseDistribution, value: Any) -> bool:
    """Return whether a sampler kept to the space: its model may have been fitted to another one's trials."""
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return bool(distribution.low <= value <= distribution.high)


def note_trial(study: optuna.Study, trial: FrozenTrial) -> None:
    """Tell a study's pruner of a trial, if it keeps account of such."""
    if isinstance(study.pruner, RungPruner):
        study.pruner.note(study, trial, trial.system_attrs)
    elif isinstance(study.pruner, RunningMedianPruner) and trial.state == TrialState.COMPLETE:
        study.pruner.note(trial.intermediate_values)


def is_behind(study: optuna.Study, trial: FrozenTrial, store: Callable[[dict[str, float]], None]) -> bool:
    """Return whether a study's pruner would end a trial; what it completes for that is stored, and then noted."""
    if not isinstance(study.pruner, RungPruner):
        return study.pruner.prune(study, trial)
    note_trial(study, trial)  # a storage that fell silent may have taken it all the same
    completed, is_left = study.pruner.judge(study, trial)
    store(completed)
    study.pruner.note(study, trial, trial.system_attrs | completed)
    return is_left
