"""A sweep seen from another terminal."""

from pathlib import Path

from cvae.record import RunState
from sweeps.commands.status import SweepStatus
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.made_runs import begin
from tests.sweeps.stepping_sweep import TOY, Sweep


def test_the_status_tells_the_best_trial_and_the_time_left(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, slots=1)
    for _ in sweep.coordinator.run():
        if len(sweep.coordinator.counts.settled) == 5:
            break
    text = sweep.seen()
    best = max((v, k) for k, (_, v) in enumerate(sweep.told()) if v is not None)
    assert "5 of 6 runs done" in text
    assert f"{best[0]:.2f}  tune-{best[1]:03d}" in text
    assert "nobody works on it" in text


def test_of_a_run_half_done_half_is_left(tmp_path: Path) -> None:
    # six runs of 100 s, of one of them half, and of another all but its end: 4.5 x 100 s
    experiment, root = build_experiment(TOY, "t"), ExperimentFolder(tmp_path / "toy")
    lay_out(experiment, root)
    for name in ("x", "y"):
        Ledger(root.ledger).append("ended", f"a/{name}", status="finished", wall_s=100.0)
    for run, step in zip(all_runs(experiment), (20, 40), strict=False):
        folder = begin(root.path, run.arm, run.name)
        folder.write_state(RunState("interrupted", attempt=1, step=step, total_steps=40))
    assert "0 of 6 runs done" in SweepStatus(experiment, root).headline()
    assert "about 7 min 30 s left at 1 slots" in SweepStatus(experiment, root).headline()
