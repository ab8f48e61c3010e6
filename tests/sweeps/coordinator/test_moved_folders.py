"""A sweep that was interrupted and moved with its data goes on to the results that it would have had."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from cvae.config.yaml_file import load_yaml_mapping
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources.pushing_world import PushingWorld
from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from cvae.run.train_run import train_run
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.consistency.declared import check_unchanged
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.stepping_sweep import TOY, Sweep


def at(data: Path, store: Path) -> dict[str, Any]:
    base = TOY["base"] | {"data": {"source": "bair", "root": str(data), "n_frames": 12}, "store": str(store)}
    return {"base": base}


def test_places_are_those_of_the_launch(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    first = Sweep(old, change=at(old / "data", old / "store"))
    for _ in first.coordinator.run():
        if len(first.coordinator.counts.settled) == 2:
            first.coordinator.signals.append(2)  # Ctrl-C: every run stays at its next checkpoint
    assert len(first.coordinator.counts.settled) < 6
    old.rename(new)
    second = Sweep(new, change=at(new / "data", new / "store"))
    begun = {path.parent for path in new.glob("toy/a/*/config.yaml")}
    second.run()
    assert set(second.coordinator.counts.settled.values()) == {"finished"}
    open_then = [path for path in begun if RunFolder(path).read_state().attempt > 1]
    assert open_then
    for path in open_then:
        config = load_yaml_mapping(path / "config.yaml")
        assert (config["data"]["root"], config["store"]) == (str(new / "data"), str(new / "store"))
    Sweep(tmp_path / "calm", change=at(new / "data", new / "store")).run()
    assert results_of(new) == results_of(tmp_path / "calm")


def test_only_where_things_lie_may_change(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, change=at(tmp_path / "x", tmp_path / "s"))
    check_unchanged(build_experiment(TOY | at(tmp_path / "y", tmp_path / "t"), "t"), sweep.root)
    other = at(tmp_path / "y", tmp_path / "t")
    other["base"]["data"]["n_frames"] = 13
    with pytest.raises(InputError, match=r"base\.data\.n_frames"):
        check_unchanged(build_experiment(TOY | other, "t"), sweep.root)


def test_data_that_are_not_there_stop_the_sweep_and_fail_no_run(tmp_path: Path) -> None:
    from cvae.errors import Misplaced

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        raise Misplaced("/data: the data folder does not exist")

    sweep = Sweep(tmp_path, fault, slots=1)
    sweep.run()
    assert sweep.coordinator.standing.is_broken
    assert "/data: the data folder does not exist" in str(sweep.coordinator.standing.stopping)
    assert sweep.state("tune-000").status == "interrupted"
    again = Sweep(tmp_path)
    again.run()
    assert set(again.coordinator.counts.settled.values()) == {"finished"}


@pytest.mark.slow
def test_a_real_run_moved_with_its_data(tmp_path: Path) -> None:
    from tests.conftest import TINY

    write_lab_layout(PushingWorld(n_train=4, n_validate=3, n_test=3, n_frames=12), tmp_path / "old" / "data", 32)
    base = TINY | {"data": {"source": "bair", "root": str(tmp_path / "old" / "data"), "n_frames": 12}}
    values = TOY | {"base": base | {"store": str(tmp_path / "old" / "store")}}
    experiment = build_experiment(values, "t")
    from sweeps.experiment_folder.layout import pin_to_machine, write_config
    from sweeps.experiment_folder.locations import relocate

    def pinned(place: Path) -> Any:
        data = base["data"] | {"root": str(place / "data")}
        moved = values | {"base": base | {"data": data, "store": str(place / "store")}}
        return pin_to_machine(build_experiment(moved, "t").config("a", {}, 0, "validate"), 1)

    assert experiment.name == "toy"
    folder = RunFolder(tmp_path / "old" / "run")
    folder.path.mkdir()
    write_config(folder, pinned(tmp_path / "old"))
    for _ in train_run(folder):
        folder.ask_to_stop("paused")
    (tmp_path / "old").rename(tmp_path / "new")
    folder = RunFolder(tmp_path / "new" / "run")
    folder.stop.unlink()
    shutil.rmtree(tmp_path / "new" / "store")
    assert relocate(folder, pinned(tmp_path / "new"))
    for _ in train_run(folder):
        pass
    assert folder.read_state().status == "finished"
