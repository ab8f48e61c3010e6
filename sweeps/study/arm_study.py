"""Optuna's side of a sweep: one study per tuning of an arm in one storage that only the coordinator opens.

The only writer knows what it wrote: trials and outcomes are read once, at the start, and no later operation looks
through them all (a model-based sampler does, to propose).
"""

import warnings

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from cvae.config import Config
from sweeps.experiment import Experiment
from sweeps.search_space import Params, parameters
from sweeps.study.pruners import has_lost_patience, make_patience, make_pruner
from sweeps.study.samplers import PROPOSALS, WorstTold, make_sampler, to_distribution
from sweeps.study.trial_storage import TrialStorage, is_behind, note_trial

optuna.logging.set_verbosity(optuna.logging.WARNING)


class ArmStudy:
    """The study of one tuning of an arm. Trials are named by the number of their run."""

    def __init__(self, experiment: Experiment, arm: str, storage: BaseStorage, tuning: int = 0) -> None:
        assert experiment.tune is not None
        self._tune = experiment.tune
        self._seed = experiment.seed
        self._space = experiment.space(arm)
        self._study = optuna.create_study(
            study_name=study_name(experiment, arm, tuning),
            storage=storage,
            direction=experiment.metric.direction,
            sampler=make_sampler(self._tune, self._space, self._seed, 0),
            pruner=make_pruner(self._tune, experiment.config(arm, {}, 0, "validate")),
            load_if_exists=True,
        )
        self._trials = TrialStorage(self._study, storage)
        self._distributions = {p.name: to_distribution(p.dimension) for p in parameters(self._space)}
        self._patience = make_patience(self._tune)
        self._numbers: dict[int, int] = {}  # run -> number of its trial
        self._told: dict[int, str] = {}  # run -> status
        self._params: dict[int, Params] = {}
        self._seen: set[str] = set()
        self._worst = WorstTold(experiment.metric.direction)
        self._n_trials = 0
        self._is_in_doubt = True  # whether the storage may hold trials that are not counted yet
        self._catch_up()

    def _catch_up(self) -> None:
        for trial in self._study.get_trials(deepcopy=False)[self._n_trials :] if self._is_in_doubt else ():
            self._remember(trial)
        self._is_in_doubt = False

    def _remember(self, trial: FrozenTrial) -> None:
        run = int(trial.user_attrs.get("run", trial.number))
        self._n_trials += 1
        self._numbers[run] = trial.number
        self._told.pop(run, None)  # of two trials of one run the later counts
        note_trial(self._study, trial)
        if trial.state.is_finished():
            by_state = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}
            self._told[run] = trial.user_attrs.get("status", by_state.get(trial.state, "failed"))
            self._keep(run, dict(trial.params))
            if self._told[run] == "finished" and trial.value is not None:
                self._worst.note(trial.value)

    def _keep(self, run: int, params: Params) -> None:
        self._params[run] = params
        self._seen.add(repr(sorted(params.items())))

    def known_params(self, run: int) -> Params | None:
        """Return the parameters of a run's trial if it has them already."""
        return self._params.get(run)

    def params_of(self, run: int, known: Params | None = None) -> Params:
        """Return the parameters of a run's trial, asking for it if it does not exist yet.

        Args:
            run: number of the run.
            known: what the run's folder says: a trial that the storage lost, or has in part, gets these.
        """
        if run in self._params:
            return self._params[run]
        if run not in self._numbers:
            self._create(run)
        params = known if known is not None else self._propose(run)
        self._trials.add_params(self._numbers[run], params, self._distributions)
        self._keep(run, params)
        return params

    def _create(self, run: int) -> None:
        """Create a run's trial with its attributes in one operation, so that no kill leaves one that is nobody's."""
        self._catch_up()  # a storage that fell silent may have created it all the same
        if run not in self._numbers or run in self._told:
            self._is_in_doubt = True
            attributes = {} if run == self._n_trials else {"run": run}
            self._study.add_trial(create_trial(state=TrialState.RUNNING, user_attrs=attributes))
            self._is_in_doubt = False
            self._numbers[run] = self._n_trials  # nobody else adds any
            self._n_trials += 1

    def _propose(self, run: int) -> Params:
        """Return what the sampler proposes; one that looks at the trials is asked again while it repeats a trial."""
        params: Params = {}
        for again in range(4 * PROPOSALS):  # then a repetition is taken: the space may have no more
            self._study.sampler = make_sampler(self._tune, self._space, self._seed, run, again)
            params = self._trials.propose(self._numbers[run], self._space)
            if self._tune.sampler in ("qmc", "grid") or repr(sorted(params.items())) not in self._seen:
                break
        return params

    def report(self, run: int, step: int, value: float) -> None:
        """Report a value of a running trial, once for each step."""
        self._trials.add_values(self._numbers[run], {step: value})

    def should_prune(self, run: int, config: Config, values: dict[int, float], step: int) -> bool:
        """Return whether a run is to be ended, all its best values so far having been reported."""
        if self._patience is not None:
            if not has_lost_patience(self._patience, self._study, config, values, step):
                return False
            if self._tune.pruner_options.get("then", "none") == "none":
                return True
        number = self._numbers[run]
        return is_behind(
            self._study, self._trials.read(number), lambda rungs: self._trials.add_system_attributes(number, rungs)
        )

    def tell(self, run: int, status: str, value: float | None, curve: dict[int, float]) -> None:
        """Record the outcome of a run's trial, once.

        Args:
            run: number of the run.
            status: how it ended. A run that was opened again after it had been told gets a second trial, because
                Optuna's finished trials never change.
            value: the metric at the end; None where it has none.
            curve: step -> metric, to be stored beside it.
        """
        if self._told.get(run) == status:
            return
        if run in self._told:
            self._create(run)
            self._told.pop(run, None)  # should the disk be full from here on, the new trial is there to be told
        number = self._numbers[run]
        if not self._trials.read(number).state.is_finished():  # else it was told before the storage fell silent
            self._trials.add_params(number, self._params[run], self._distributions)
            self._trials.add_values(number, curve)
            if status not in ("finished", "pruned"):
                self._trials.set_status(number, status)
            self._finish(number, status, value, curve)
        note_trial(self._study, self._trials.read(number))
        if value is not None and status not in ("pruned", "diverged", "infeasible"):
            self._worst.note(value)
        self._told[run] = status

    def _finish(self, number: int, status: str, value: float | None, curve: dict[int, float]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the study's sampler is another trial's: it has nothing to do here
            if status == "pruned" and curve:
                self._study.tell(number, state=TrialState.PRUNED)
            elif status in ("diverged", "infeasible"):
                self._study.tell(number, self._worst.bad_value())
            elif value is None:
                self._study.tell(number, state=TrialState.FAIL)
            else:
                self._study.tell(number, value)


def study_name(experiment: Experiment, arm: str, tuning: int) -> str:
    """Return the name of a study: `kl/cyclical`; of several tunings of the arm `kl/cyclical/0`."""
    return f"{experiment.name}/{arm}" + (f"/{tuning}" if experiment.n_tunings > 1 else "")


def open_studies(experiment: Experiment, storage: BaseStorage) -> dict[tuple[str, int], ArmStudy]:
    """Return the study of every arm's every tuning, creating what does not exist."""
    return {
        (arm, tuning): ArmStudy(experiment, arm, storage, tuning)
        for tuning in range(experiment.n_tunings)
        for arm in experiment.arms
    }
