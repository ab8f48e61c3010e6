"""Runs and trials: what a run is to train, what its trial is told, whether it is pruned, which checkpoints stay."""

import bisect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage

from cvae.config import Config, build_config, load_yaml_mapping
from cvae.errors import InputError, unless_damaged
from cvae.record import RunFolder, RunState, finite
from sweeps.experiment import Experiment, PlannedRun, tuning_of
from sweeps.experiment_folder import ExperimentFolder, final_value
from sweeps.search_space import Params
from sweeps.study.arm_study import ArmStudy, open_studies
from sweeps.study.ownership import claim_studies
from sweeps.study.pruners import may_be_judged
from sweeps.study.storage import open_storage


class Trials:
    """The studies of an experiment, spoken to in runs."""

    def __init__(self, experiment: Experiment, root: ExperimentFolder, storage: BaseStorage | None) -> None:
        self._experiment = experiment
        self._root = root
        self._studies: dict[tuple[str, int], ArmStudy] = {}  # (arm, tuning)
        if storage is not None:
            claim_studies(experiment, root, storage)
            self._studies = open_studies(experiment, storage)
            claim_studies(experiment, root, storage)
        self._ranking: dict[tuple[str, int], list[tuple[float, int]]] = {}  # (arm, tuning) -> best trials first
        self._confirmed: dict[tuple[str, int], tuple[int | None, Params]] = {}
        self._curves: dict[PlannedRun, dict[int, float]] = {}
        self._unreported: dict[PlannedRun, list[dict[str, Any]]] = {}  # evaluations, in order
        self._configs: dict[PlannedRun, Config] = {}

    @property
    def prunes(self) -> bool:
        """Whether trials may be ended early."""
        return self._experiment.tune is not None and self._experiment.tune.pruner != "none"

    def known_params(self, run: PlannedRun) -> Params | None:
        """Return the parameters of a tune run's trial if its study has them."""
        return self._study(run).known_params(run.number) if run.phase == "tune" else None

    def choose(self, run: PlannedRun) -> tuple[int | None, Params] | None:
        """Return the trial and the parameters of a run; None where its arm has too few finished trials."""
        if self._experiment.tune is None:
            return None, {}
        if run.phase == "tune":
            return run.number, self._study(run).params_of(run.number)
        if (run.arm, run.number) not in self._confirmed:
            ranking, rank = self._ranked(run), 0 if self._experiment.n_tunings > 1 else run.number
            if len(ranking) <= rank:
                return None
            trial = ranking[rank][1]
            self._confirmed[run.arm, run.number] = trial, self._study(run).params_of(trial)
        return self._confirmed[run.arm, run.number]

    def _study(self, run: PlannedRun) -> ArmStudy:
        """Return the study of a run's tuning."""
        return self._studies[run.arm, tuning_of(self._experiment, run)]

    def _ranked(self, run: PlannedRun) -> list[tuple[float, int]]:
        """Return the finished trials of a run's tuning, best first."""
        return self._ranking.setdefault((run.arm, tuning_of(self._experiment, run)), [])

    def take_back(self, run: PlannedRun, folder: RunFolder) -> None:
        """Take note of a run that exists: its trial gets the folder's parameters where the storage lost them.

        Raises:
            InputError: the storage has other parameters.
        """
        if self._experiment.tune is None:
            return
        if (identity := folder.read_identity()) is None:
            raise InputError(f"{folder.path}: has no {folder.identity.name}, so nothing says what it trains")
        if run.phase == "confirm":  # what was chosen once stays chosen, for every seed
            self._confirmed[run.arm, run.number] = identity.trial, identity.params
        elif self._study(run).params_of(run.number, identity.params) != identity.params:
            raise InputError(
                f"{folder.identity}: its parameters are not those of its trial in the study; the study's storage and "
                "the run folders do not belong together"
            )

    def tell(self, run: PlannedRun, state: RunState) -> None:
        """Tell a tune run's outcome to its study, once, and thin the arm's checkpoints."""
        folder, metric = self._root.run(run), self._experiment.metric.name
        lines = unless_damaged(folder.read_epochs, list[dict[str, Any]](), [])
        values = ((line["step"], finite(line.get(metric))) for line in lines)
        curve = {step: number for step, number in values if number is not None}
        value = final_value(self._experiment, run, state)
        self._study(run).tell(run.number, state.status, value, so_far(curve) if self.prunes else curve)
        self._curves.pop(run, None)
        self._unreported.pop(run, None)
        self._configs.pop(run, None)
        entry, ranking = (-self._experiment.metric.sign * (value or 0.0), run.number), self._ranked(run)
        if state.status == "finished" and value is not None and entry not in ranking:  # where trouble came after it
            bisect.insort(ranking, entry)
        self._thin(run, state.status)

    def is_hopeless(self, run: PlannedRun, new_epochs: Callable[[], list[dict[str, Any]]]) -> bool:
        """Report what a run has newly recorded; return whether its study's pruner would end it.

        Args:
            run: one that is training.
            new_epochs: returns the evaluations recorded since its last call; asked only where runs are pruned.
        """
        metric = self._experiment.metric.name
        if not self.prunes or run.phase != "tune":
            return False
        curve, lines = self._curves.setdefault(run, {}), self._unreported.setdefault(run, [])
        lines += new_epochs()
        while lines:  # what a storage did not take, it gets with the next look
            step, number = int(lines[0]["step"]), finite(lines[0].get(metric))
            if number is not None and step not in curve:
                seen = curve | {step: number}
                self._study(run).report(run.number, step, max(seen.values()))
                is_judged = may_be_judged(self._config(run), step)
                if is_judged and self._study(run).should_prune(run.number, self._config(run), seen, step):
                    return True
                curve[step] = number
            del lines[0]
        return False

    def _config(self, run: PlannedRun) -> Config:
        if run not in self._configs:
            path = self._root.run(run).config
            self._configs[run] = build_config(load_yaml_mapping(path), str(path))
        return self._configs[run]

    def _thin(self, run: PlannedRun, status: str) -> None:
        """Remove checkpoints that nothing needs: of pruned trials, and of those not among their tuning's best.

        The best so far are as many as confirm takes; a trial that has dropped out of them never comes back.
        """
        tune = self._experiment.tune
        if tune is None or tune.checkpoints == "all":
            return
        if status == "pruned":
            _forget_weights(self._root.run(run))
        elif status == "finished":
            kept, ranking = self._experiment.confirm.configs_per_arm, self._ranked(run)
            for _, number in [*ranking[kept : kept + 1], (0.0, run.number)]:
                if all(number != best for _, best in ranking[:kept]):
                    out = PlannedRun(run.arm, "tune", number, self._experiment.tune_seed(number))
                    _forget_weights(self._root.run(out))


def _forget_weights(folder: RunFolder) -> None:
    for file in (folder.checkpoint, folder.best):
        file.unlink(missing_ok=True)


def open_trials(experiment: Experiment, root: ExperimentFolder, url: str | Path | None) -> tuple[Trials, Path | None]:
    """Return the trials of an experiment, in the storage of a URL or its own, and what was cut off a torn journal.

    Raises:
        InputError: the storage cannot be used, or is not the one of the launch.
    """
    storage, torn = open_storage(root, url) if experiment.tune else (None, None)
    return Trials(experiment, root, storage), torn


def so_far(curve: dict[int, float]) -> dict[int, float]:
    """Return the best value up to each step."""
    best, values = float("-inf"), {}
    for step in sorted(curve):
        best = max(best, curve[step])
        values[step] = best
    return values
