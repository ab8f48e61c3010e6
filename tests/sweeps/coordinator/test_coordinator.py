"""The coordinator against workers that work, die, diverge and outlive it; it is killed itself."""

import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from cvae.config.yaml_file import load_yaml_mapping
from cvae.files import held
from cvae.record.run_folder import RunFolder
from sweeps.experiment.experiment import load_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.study.journal import repair_journal
from tests.sweeps.stub_sweep import sweep

EXPERIMENT = """
name: toy
base: {n_future: 4, n_eval: 4, image_size: 32}
arms:
  constant: {kl_anneal: {mode: constant}}
  cyclical: {kl_anneal: {mode: cyclical}, search: {kl_anneal.n_cycles: {int: [2, 8]}}}
search:
  optim.lr: {float: [1e-4, 1e-1], log: true}
tune: {trials_per_arm: 4, sampler: SAMPLER}
confirm: {seeds: 3}
"""


@pytest.fixture
def experiment_file(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(EXPERIMENT.replace("SAMPLER", "qmc"))
    return path


def trials_of(runs: Path) -> dict[str, list[tuple[int, str, float | None, dict[str, Any]]]]:
    storage = JournalStorage(JournalFileBackend(str(runs / "toy" / "study.journal")))
    return {
        study.study_name: [(t.number, t.state.name, t.value, t.params) for t in study.get_trials()]
        for study in (optuna.load_study(study_name=n, storage=storage) for n in optuna.get_all_study_names(storage))
    }


def results_of(runs: Path) -> dict[str, Any]:
    """Every run's parameters, evaluations and outcome, by its place."""
    found = {}
    for path in sorted((runs / "toy").glob("*/*/run.json")):
        folder = RunFolder(path.parent)
        identity, state = folder.read_identity(), folder.read_state()
        found[f"{identity.arm}/{path.parent.name}"] = (identity.params, folder.read_epochs(), state.final)
    return found


def test_every_planned_run_is_made_and_told_once(experiment_file: Path, tmp_path: Path) -> None:
    sweep(experiment_file, tmp_path)
    planned = {f"{run.arm}/{run.name}" for run in all_runs(load_experiment(experiment_file))}
    assert len(planned) == 2 * (4 + 3)
    assert set(results_of(tmp_path)) == planned
    for name, trials in trials_of(tmp_path).items():
        assert [t[0] for t in trials] == [0, 1, 2, 3]
        assert all(t[1] == "COMPLETE" for t in trials)
        arm = name.removeprefix("toy/")
        for number, _, value, params in trials:
            run = results_of(tmp_path)[f"{arm}/tune-{number:03d}"]
            assert (run[0], run[2]) == (params, {"val/psnr": value})


def test_shared_parameters_and_seeds_are_the_same_in_every_arm(experiment_file: Path, tmp_path: Path) -> None:
    sweep(experiment_file, tmp_path)
    results = results_of(tmp_path)
    for k in range(4):
        plain, more = results[f"constant/tune-{k:03d}"][0], results[f"cyclical/tune-{k:03d}"][0]
        assert set(plain) == {"optim.lr"}
        assert set(more) == {"optim.lr", "kl_anneal.n_cycles"}
        assert plain["optim.lr"] == more["optim.lr"]


def test_confirm_takes_the_best_trial_and_the_test_split(experiment_file: Path, tmp_path: Path) -> None:
    sweep(experiment_file, tmp_path)
    for arm in ("constant", "cyclical"):
        best = max(trials_of(tmp_path)[f"toy/{arm}"], key=lambda t: t[2] or 0.0)
        for seed in (1000, 1001, 1002):
            folder = RunFolder(tmp_path / "toy" / arm / f"confirm-0-s{seed}")
            assert folder.read_identity().params == best[3]
            assert folder.read_identity().trial == best[0]
            assert set(folder.read_state().final) == {"test/psnr"}


def test_started_again_nothing_happens(experiment_file: Path, tmp_path: Path) -> None:
    sweep(experiment_file, tmp_path)
    before = (tmp_path / "toy" / "study.journal").read_bytes(), (tmp_path / "toy" / "ledger.jsonl").read_bytes()
    sweep(experiment_file, tmp_path)
    trials = trials_of(tmp_path)
    assert all(len(t) == 4 for t in trials.values())
    assert (tmp_path / "toy" / "ledger.jsonl").read_bytes() == before[1]


@pytest.mark.parametrize("sampler", ["qmc", pytest.param("random", marks=pytest.mark.slow), "tpe"])
def test_totals_not_additions(sampler: str, tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(EXPERIMENT.replace("SAMPLER", sampler).replace("seeds: 3", "seeds: 1"))
    sweep(path, tmp_path / "grown", slots=1)
    small = path.read_text()
    path.write_text(small.replace("seeds: 1", "seeds: 2"))
    sweep(path, tmp_path / "grown", slots=1)
    sweep(path, tmp_path / "straight", slots=1)
    assert results_of(tmp_path / "grown") == results_of(tmp_path / "straight")
    assert len(results_of(tmp_path / "grown")) == 2 * (4 + 2)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_restarted_sampler_does_not_repeat_itself(sampler: str, tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(EXPERIMENT.replace("SAMPLER", sampler))
    sweep(path, tmp_path)
    for trials in trials_of(tmp_path).values():
        assert len({t[3]["optim.lr"] for t in trials}) == 4


def test_a_worker_that_always_dies_fails_its_run_and_soon_the_sweep(experiment_file: Path, tmp_path: Path) -> None:
    coordinator = sweep(experiment_file, tmp_path, how="dies")
    assert coordinator is not None
    assert coordinator.standing.is_broken
    assert set(coordinator.counts.settled.values()) == {"failed"}
    state = RunFolder(tmp_path / "toy" / "constant" / "tune-000").read_state()
    assert "died 5 times at step 0" in state.error.message


def test_diverged_runs_are_told_as_failed(experiment_file: Path, tmp_path: Path) -> None:
    coordinator = sweep(experiment_file, tmp_path, how="diverges")
    assert coordinator is not None
    assert {s for run, s in coordinator.counts.settled.items() if run.phase == "tune"} == {"diverged"}


def test_a_second_coordinator_is_refused(experiment_file: Path, tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    with held(root.lock):
        assert sweep(experiment_file, tmp_path) is None


@pytest.mark.parametrize("tail", [b'{"op_code": 4, "wor', b'{"op_code": 4}'])
def test_a_torn_last_line_of_the_journal_is_cut(experiment_file: Path, tmp_path: Path, tail: bytes) -> None:
    sweep(experiment_file, tmp_path)
    journal = tmp_path / "toy" / "study.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + tail)
    (tmp_path / "toy" / "study.journal.lock").symlink_to(journal)
    repair_journal(journal)
    assert journal.read_bytes() == whole
    assert not (tmp_path / "toy" / "study.journal.lock").is_symlink()
    assert len(trials_of(tmp_path)) == 2


def test_the_ledger_tells_the_story(experiment_file: Path, tmp_path: Path) -> None:
    sweep(experiment_file, tmp_path)
    events = [json.loads(line) for line in (tmp_path / "toy" / "ledger.jsonl").read_text().splitlines()]
    for kind in ("launched", "ended"):
        assert len({e["run"] for e in events if e["event"] == kind}) == 14


CONDITIONAL = """
name: toy
base: {n_future: 4, n_eval: 4, image_size: 32}
arms: {all: {}}
search:
  kl_anneal:
    choice:
      constant: {mode: constant}
      cyclical: {mode: cyclical, search: {n_cycles: {int: [2, 8]}}}
  optim.lr: {float: [1e-4, 1e-1], log: true}
tune: {trials_per_arm: 6, sampler: SAMPLER}
confirm: {seeds: 2}
"""


@pytest.mark.parametrize("sampler", ["qmc", "tpe"])
def test_a_choice_brings_its_own_parameters_to_confirm(sampler: str, tmp_path: Path) -> None:
    # run.json holds what was chosen, config.yaml what follows from it, in tune and in confirm
    path = tmp_path / "toy.yaml"
    path.write_text(CONDITIONAL.replace("SAMPLER", sampler))
    sweep(path, tmp_path)
    modes = set()
    for file in (tmp_path / "toy").glob("*/*/run.json"):
        folder = RunFolder(file.parent)
        params, kl = folder.read_identity().params, load_yaml_mapping(folder.config)["kl_anneal"]
        assert kl["mode"] == params["kl_anneal"]
        assert kl.get("n_cycles") == params.get("kl_anneal.cyclical.n_cycles")
        modes.add(kl["mode"])
    assert modes == {"constant", "cyclical"}
    best = max(trials_of(tmp_path)["toy/all"], key=lambda t: t[2] or 0.0)
    assert RunFolder(tmp_path / "toy" / "all" / "confirm-0-s1000").read_identity().params == best[3]
    sweep(path, tmp_path)  # started again, every trial's parameters are found to be those of its folder
