"""How the runs of an experiment stand: the one reading of it, for every screen and for the coordinator."""

from dataclasses import dataclass, replace

from cvae.errors import unless_damaged
from cvae.record import RunIdentity, RunState, finite
from sweeps.experiment import Experiment, PlannedRun, all_runs
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.look_records import read_looks, spared_runs
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.launchers import Job, read_job


@dataclass(frozen=True)
class RunStanding:
    """How one planned run stands."""

    state: RunState  # as recorded, and `interrupted` where it is recorded as running and nobody trains it
    steps: int  # updates done, whether a checkpoint stands behind them or not
    damage: tuple[str, ...] = ()  # what of its record cannot be read, a sentence each
    job: Job | None = None  # an engine's, queued or running as far as the coordinator saw
    identity: RunIdentity | None = None  # None before it has a folder, and where that cannot be read

    @property
    def part(self) -> float:
        """The part of the run that is done: 1 once it is final, 0 before a worker has begun."""
        if self.state.is_final:
            return 1.0
        return min(self.steps / self.state.total_steps, 1.0) if self.state.total_steps else 0.0

    @property
    def seconds_for_all(self) -> float | None:
        """The seconds that the whole training takes at its pace so far; None before a checkpoint says them."""
        state = self.state
        if not (state.seconds and state.step and state.total_steps):
            return None
        return state.seconds * state.total_steps / state.step


def read_standing(run: PlannedRun, root: ExperimentFolder) -> RunStanding:
    """Return how a run stands; `pending` before it has a folder.

    Nothing more comes of a run that is over: neither its job nor its heartbeat is asked for, and of its evaluations, of
    which thousands of runs have gigabytes, the first and the last are looked at. Reports read all of them.
    """
    folder, damage = root.run(run), list[str]()
    state = unless_damaged(folder.read_state, RunState(), damage)
    job = None if state.is_final else read_job(folder)
    is_elsewhere = job is not None and job.is_elsewhere
    if damage or (state.status == "running" and not is_elsewhere and not folder.is_being_trained()):
        state = replace(state, status="interrupted")  # a damaged state too: the next start goes on from the checkpoint
    identity = unless_damaged(folder.read_identity, None, damage)
    damage += [line for line in (folder.epochs_damage(only_ends=state.is_final),) if line is not None]
    steps = state.step if state.is_final else max(folder.read_heartbeat(), state.step)
    return RunStanding(state, steps, tuple(damage), job if is_elsewhere else None, identity)


def final_value(experiment: Experiment, run: PlannedRun, state: RunState) -> float | None:
    """Return the metric at the end of a run, on the split of its phase; None where it has none."""
    return finite(state.scores.get(experiment.score_key(run.phase)))


def runs_left(experiment: Experiment, root: ExperimentFolder) -> list[PlannedRun]:
    """Return the runs that are still to be made, or to be finished, without those that nobody asks for any more."""
    plan = all_runs(experiment)
    if not root.path.exists():
        return plan
    spared = spared_runs(experiment, root, read_looks(Ledger(root.ledger).read()))
    left = [run for run in plan if run not in spared]
    return [run for run in left if not unless_damaged(root.run(run).read_state, RunState(), []).is_final]
