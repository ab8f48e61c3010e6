"""What of a run's record was damaged between two starts: made again from what is left, or put aside with its run.

One damaged file costs one run at most. What is put aside is kept under `damaged/`.
"""

import os
from collections.abc import Iterator
from dataclasses import replace

from cvae.config import build_config, load_yaml_mapping
from cvae.errors import InputError, fault_of, unless_damaged
from cvae.record import RunFolder, RunIdentity, RunState
from sweeps.coordinator.creation import config_of_run
from sweeps.coordinator.event_log import EventLog
from sweeps.experiment import Experiment, PlannedRun
from sweeps.experiment_folder import ExperimentFolder, config_hash, write_config
from sweeps.search_space import Params
from sweeps.study.trials import Trials


class Mending:
    """Looks at the folders of runs before anybody goes on with them."""

    def __init__(
        self, experiment: Experiment, root: ExperimentFolder, trials: Trials, log: EventLog, threads: int
    ) -> None:
        self._experiment = experiment
        self._root = root
        self._trials = trials
        self._log = log
        self._threads = threads
        self._created = {str(e.get("run")): e for e in log.past() if e["event"] == "created"}

    def state(self, run: PlannedRun) -> Iterator[str]:
        """Put aside a state that cannot be read: the run goes on from its checkpoint, to the same end."""
        folder = self._root.run(run)
        if (fault := fault_of(folder.read_state)) is not None:
            kept = self._root.put_aside(folder.state)
            yield self._note(run, f"{fault}: put aside as {kept}; the run goes on from its checkpoint")

    def before_launch(self, run: PlannedRun) -> Iterator[str]:
        """Look at the folder of a run that goes on: it may have been damaged while it waited for its turn."""
        folder = self._root.run(run)
        if os.path.lexists(folder.path):
            yield from self.folder(run)
        yield from self.state(run)
        if (fault := fault_of(folder.read_epochs)) is not None:
            kept = self._root.put_aside(folder.epochs)
            yield self._note(run, f"{fault}: put aside as {kept}; what it held is trained again")

    def folder(self, run: PlannedRun) -> Iterator[str]:
        """Make again what says what a run is and trains; put the whole folder aside where nothing else tells."""
        folder = self._root.run(run)
        if not folder.path.is_dir():
            yield self._note(run, f"{folder.path}: is no folder: put aside as {self._root.put_aside(folder.path)}")
            return
        for line in self._root.put_aside_unfit(folder):
            yield self._note(run, line)
        identity, fault = None, fault_of(lambda: self._identity(run))
        if fault is None:
            identity = self._identity(run)
        if identity is not None and not _is_of(identity, run):
            kept = self._root.put_aside(folder.path)
            named = f"{identity.arm} {identity.phase} {identity.number}, seed {identity.seed}"
            yield self._note(run, f"{folder.identity}: is that of another run ({named}): put aside as {kept}")
            return
        if identity is None:
            why = fault or f"{folder.identity}: is missing"
            identity = self._identity_again(run)
            if identity is None:
                kept = self._root.put_aside(folder.path)
                yield self._note(run, f"{why}, and nothing else says what it trained: put aside as {kept}; made anew")
                return
            folder.write_identity(identity)
            yield self._note(run, f"{why}: made again")
        elif (created := self._by_ledger(run)) is not None and self._is_right(created, identity, run):
            identity = replace(identity, trial=created.trial, params=created.params)
            folder.write_identity(identity)
            yield self._note(run, f"{folder.identity}: says other parameters than the run was created with: made again")
        yield from self._config(run, folder, identity)

    def _identity(self, run: PlannedRun) -> RunIdentity | None:
        folder = self._root.run(run)
        identity = folder.read_identity()
        if identity is not None and _is_of(identity, run) and self._trains(run, identity.params) is None:
            raise InputError(f"{folder.identity}: is damaged (its parameters are none of the search space)")
        return identity

    def _identity_again(self, run: PlannedRun) -> RunIdentity | None:
        """Return what a run is by the ledger, or by its study; None where neither says."""
        if (created := self._by_ledger(run)) is not None:
            return created
        identity = RunIdentity(self._root.path.name, run.arm, run.phase, run.number, run.seed)
        if self._experiment.tune is None:
            return identity
        params = self._trials.known_params(run)
        return None if params is None else replace(identity, trial=run.number, params=params)

    def _by_ledger(self, run: PlannedRun) -> RunIdentity | None:
        event = self._created.get(run.path, {})
        if not isinstance(event.get("params"), dict) or "trial" not in event:
            return None
        if self._trains(run, event["params"]) is None:
            return None
        identity = RunIdentity(self._root.path.name, run.arm, run.phase, run.number, run.seed)
        return replace(identity, trial=event["trial"], params=event["params"])

    def _is_right(self, created: RunIdentity, identity: RunIdentity, run: PlannedRun) -> bool:
        """Return whether the ledger has a run's parameters and its record others: its configuration decides."""
        if created.params == identity.params:
            return False
        folder = self._root.run(run)
        if fault_of(lambda: load_yaml_mapping(folder.config)) is not None:
            return False
        return self._trains(run, created.params) == config_hash(load_yaml_mapping(folder.config))

    def _trains(self, run: PlannedRun, params: Params) -> str | None:
        """Return what stands for the configuration that some parameters make; None where they make none."""
        try:
            config = config_of_run(run, self._experiment, params, self._threads)
        except (InputError, LookupError):
            return None
        return config_hash(config.model_dump(mode="json"))

    def _config(self, run: PlannedRun, folder: RunFolder, identity: RunIdentity) -> Iterator[str]:
        fault = fault_of(lambda: build_config(load_yaml_mapping(folder.config), str(folder.config)))
        created = self._created.get(run.path, {}).get("trains")
        if fault is None and created not in (None, config_hash(load_yaml_mapping(folder.config))):
            fault = f"{folder.config}: is not what the run was created with"
            is_over = unless_damaged(folder.read_state, RunState(), []).is_final
            if is_over or self._trains(run, identity.params) != created:
                yield f"warning: {fault}; analyze.py says so too"
                return
        if fault is not None:
            if folder.config.exists():
                self._root.put_aside(folder.config)
            write_config(folder, config_of_run(run, self._experiment, identity.params, self._threads))
            yield self._note(run, f"{fault}: made again")

    def _note(self, run: PlannedRun, what: str) -> str:
        self._log.note("mended", run=run.path, what=what)
        return f"warning: {what}"


def _is_of(identity: RunIdentity, run: PlannedRun) -> bool:
    named = (identity.arm, identity.phase, identity.number, identity.seed)
    return named == (run.arm, run.phase, run.number, run.seed)
