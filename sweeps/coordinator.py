"""The one process that opens the studies: it asks, launches workers, watches their folders, tells.

Everything it knows is on the disk. Killed at any instant and started again, it finds finished runs, adopts workers
that are still alive and gives dead ones their next attempt.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from cvae.errors import InputError
from cvae.record import FINAL_STATUSES, PREFIXES, RunFolder
from sweeps.dimension import Value
from sweeps.experiment import Experiment
from sweeps.launch import pin_to_machine, write_run
from sweeps.launcher import start_worker
from sweeps.plan import ExperimentFolder, PlannedRun, all_runs
from sweeps.study import open_studies

POLL_S = 0.2
#: A run whose worker dies this many times in a row without a new checkpoint has failed.
FRUITLESS_ATTEMPTS = 3


class Coordinator:
    """Brings an experiment to its end, some runs at a time."""

    def __init__(
        self,
        experiment: Experiment,
        root: ExperimentFolder,
        slots: int,
        threads: int,
        tracker: dict[str, Any],
        start: Callable[[RunFolder], subprocess.Popen[bytes]] = start_worker,
    ) -> None:
        self.experiment = experiment
        self.root = root
        self.slots = slots
        self.plan = all_runs(experiment)
        self.settled: dict[PlannedRun, str] = {}  # final status, or "unconfirmable"
        self.values: dict[PlannedRun, float] = {}  # metric at the end, of the runs that have one
        self.active: dict[PlannedRun, subprocess.Popen[bytes] | None] = {}  # None: adopted, not our child
        self._threads = threads
        self._tracker = tracker
        self._start = start
        self._fruitless: dict[PlannedRun, tuple[int, int]] = {}  # last step seen, attempts that did not pass it
        self._studies = open_studies(experiment, root.journal)

    def run(self) -> Iterator[str]:
        """Work until every planned run is settled, yielding a line for each thing that happens, or an empty one."""
        yield from self._take_up()
        while len(self.settled) < len(self.plan):
            yield from self._reap()
            yield from self._fill_slots()
            yield ""
            time.sleep(POLL_S)

    def _take_up(self) -> Iterator[str]:
        """Settle what was finished and adopt what is alive from before."""
        for run in self.plan:
            folder = run.folder(self.root)
            if not folder.path.exists():
                continue
            if folder.is_being_trained():
                self.active[run] = None
                yield self._record("adopted", run)
            elif folder.read_state()["status"] in FINAL_STATUSES:
                self._settle(run)
        if self.settled or self.active:
            yield f"going on: {len(self.settled)} of {len(self.plan)} runs done, {len(self.active)} alive"

    def _reap(self) -> Iterator[str]:
        for run, process in list(self.active.items()):
            folder = run.folder(self.root)
            if process.poll() is None if process else folder.is_being_trained():
                continue
            if process and folder.is_being_trained():  # a worker from before was faster to take the run
                self.active[run] = None
                continue
            del self.active[run]
            if folder.read_state()["status"] not in FINAL_STATUSES:
                yield from self._note_death(run, process)
            if folder.read_state()["status"] in FINAL_STATUSES:
                self._settle(run)
                yield self._record("ended", run, **self._outcome(run))

    def _note_death(self, run: PlannedRun, process: subprocess.Popen[bytes] | None) -> Iterator[str]:
        """A worker ended without an outcome: give it another attempt, unless attempts lead nowhere."""
        folder = run.folder(self.root)
        state = folder.read_state()
        step = int(state.get("step", 0))
        seen, attempts = self._fruitless.get(run, (step, 0))
        attempts = attempts + 1 if step <= seen else 1
        self._fruitless[run] = (step, attempts)
        yield self._record("died", run, step=step, exit_status=process.returncode if process else None)
        if attempts >= FRUITLESS_ATTEMPTS:
            message = f"its worker died {attempts} times at step {step}; see {folder.log}"
            folder.write_state(state | {"status": "failed", "error": {"type": "WorkerDied", "message": message}})

    def _fill_slots(self) -> Iterator[str]:
        for run in self.plan:
            if len(self.active) >= self.slots:
                return
            if run in self.settled or run in self.active or not self._may_start(run):
                continue
            folder = run.folder(self.root)
            if not folder.path.exists() and not self._create(run):
                self.settled[run] = "unconfirmable"
                yield self._record("unconfirmable", run)
                continue
            self.active[run] = self._start(folder)
            yield self._record("launched", run, attempt=int(folder.read_state().get("attempt", 0)) + 1)

    def _may_start(self, run: PlannedRun) -> bool:
        """A confirm run waits until every trial of its arm is settled."""
        if run.phase == "tune":
            return True
        return all(r in self.settled for r in self.plan if r.phase == "tune" and r.arm == run.arm)

    def _create(self, run: PlannedRun) -> bool:
        """Write a run's folder; False for a confirm run that has no configuration to confirm."""
        choice = self._choose(run)
        if choice is None:
            return False
        trial, params = choice
        split = "validate" if run.phase == "tune" else self.experiment.confirm.split
        config = self.experiment.config(run.arm, params, run.seed, split, full=run.phase == "confirm")
        write_run(run, self.root, pin_to_machine(config, self._threads), params, trial, self._tracker)
        return True

    def _choose(self, run: PlannedRun) -> tuple[int | None, dict[str, Value]] | None:
        """Return the trial and the parameters of a run; None where its arm has too few finished trials."""
        if self.experiment.tune is None:
            return None, {}
        study = self._studies[run.arm]
        if run.phase == "tune":
            return run.number, study.params_of(run.number)
        best = study.best(run.number + 1, self.experiment.tune.trials_per_arm)
        if len(best) <= run.number:
            return None
        return best[run.number].number, dict(best[run.number].params)

    def _settle(self, run: PlannedRun) -> None:
        """Take note of a final run; a trial is told, once."""
        folder = run.folder(self.root)
        state = folder.read_state()
        self.settled[run] = state["status"]
        value = (state.get("final") or {}).get(self._final_key(run))
        if value is not None:
            self.values[run] = value
        if run.phase == "tune":
            study = self._studies[run.arm]
            _check_params(study.params_of(run.number), folder)
            metric = self.experiment.metric.name
            curve = {line["step"]: line[metric] for line in folder.read_epochs() if metric in line}
            study.tell(run.number, value, curve)

    def _final_key(self, run: PlannedRun) -> str:
        """Return the metric's name in the final evaluation: confirm runs have another split than tune runs."""
        name = self.experiment.metric.name
        if run.phase == "tune":
            return name
        return f"{PREFIXES[self.experiment.confirm.split]}/{name.partition('/')[2]}"

    def _outcome(self, run: PlannedRun) -> dict[str, Any]:
        state = run.folder(self.root).read_state()
        message = (state.get("error") or {}).get("message")
        return {"status": state["status"], "value": self.values.get(run), "error": message}

    def _record(self, event: str, run: PlannedRun, **facts: Any) -> str:
        """Append an event to the ledger and return it as a line for people."""
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "event": event,
            "run": f"{run.arm}/{run.name}",
        }
        with self.root.ledger.open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(entry | facts) + "\n")
        said = {k: v for k, v in facts.items() if v is not None and not (event == "launched" and v == 1)}
        words = ", ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in said.items())
        return f"{run.arm}/{run.name} {event}" + (f": {words}" if words else "")

    def interrupt(self) -> None:
        """End every active worker; each run keeps its last checkpoint and goes on with the next start."""
        for run, process in self.active.items():
            pid = process.pid if process else run.folder(self.root).read_state().get("pid")
            if pid and (process or run.folder(self.root).is_being_trained()):
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
        for process in self.active.values():
            if process:
                process.wait()


def _check_params(params: dict[str, Value], folder: RunFolder) -> None:
    if params != folder.read_identity()["params"]:
        raise InputError(
            f"{folder.path}: its parameters are not those of its trial in the study; the study's storage and the "
            "run folders do not belong together"
        )
