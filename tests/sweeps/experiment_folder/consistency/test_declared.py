"""What lies in a folder and what is launched belong together."""

from pathlib import Path
from typing import Any

import pytest

from cvae.config.yaml_file import load_yaml_mapping
from cvae.errors import InputError
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment_folder.consistency.declared import as_launched
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.stepping_sweep import TOY, Sweep


def test_secondary_metrics_may_change_on_a_folder_that_was_launched(tmp_path: Path) -> None:
    # They decide nothing; the one that decides stays.
    root = ExperimentFolder(tmp_path / "toy")
    lay_out(build_experiment(TOY, "t"), root)
    before = root.experiment.read_bytes()
    for also in (["val/ssim"], ["val/ssim", {"name": "val/kl", "direction": "none"}]):
        lay_out(build_experiment(TOY | {"also": also}, "t"), root)
        assert [metric["name"] for metric in load_yaml_mapping(root.experiment)["also"]] == ["val/ssim", "val/kl"][
            : len(also)
        ]
    lay_out(build_experiment(TOY, "t"), root)
    assert root.experiment.read_bytes() == before
    with pytest.raises(InputError, match=r"metric.margin = None, not 0.2"):
        lay_out(build_experiment(TOY | {"metric": {"margin": 0.2}, "also": ["val/ssim"]}, "t"), root)


def test_a_folder_of_before_a_key_existed_is_the_same_experiment(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    lay_out(build_experiment(TOY, "t"), root)
    text = root.experiment.read_text()
    kept = [line for line in text.splitlines() if not any(key in line for key in ("pruner", "checkpoints", "_options"))]
    root.experiment.write_text("\n".join(kept) + "\n")
    lay_out(build_experiment(TOY, "t"), root)
    with pytest.raises(InputError, match=r"tune.pruner = 'none', not 'median'; seed = 0, not 3|seed = 0, not 3; .*"):
        lay_out(build_experiment(TOY | {"seed": 3, "tune": TOY["tune"] | {"pruner": "median"}}, "t"), root)


def confirming(**confirm: Any) -> Experiment:
    arms = {"a": {}, "b": {}}
    return build_experiment(TOY | {"arms": arms, "tune": {"trials_per_arm": 24}, "confirm": confirm}, "t")


def test_what_a_file_does_not_name_is_as_the_folder_has_it(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    assert as_launched(confirming(), root) == confirming()
    assert (confirming().confirm.replicates, confirming().confirm.seeds) == (6, 12)
    lay_out(confirming(replicates=1, seeds=10), root)
    text = root.experiment.read_text()
    assert "replicates: 1" in text
    root.experiment.write_text(text.replace("  replicates: 1\n", ""))  # of before there were replicates
    again = as_launched(confirming(), root)
    assert (again.confirm.replicates, again.confirm.seeds) == (1, 10)
    lay_out(again, root)
    raised = as_launched(confirming(seeds=12), root)
    assert (raised.confirm.replicates, raised.confirm.seeds) == (1, 12)
    with pytest.raises(InputError, match=r"confirm.replicates = 1, not 6"):
        lay_out(as_launched(confirming(replicates=6, seeds=12), root), root)


def test_seeds_of_tunings_that_are_confirmed_stay_as_many(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    lay_out(confirming(), root)
    lay_out(confirming(seeds=18), root)  # nothing is confirmed yet
    (root.path / "a" / "confirm-0-s1000").mkdir(parents=True)
    lay_out(confirming(seeds=18), root)
    with pytest.raises(InputError, match=r"18 seeds an arm in 6 tunings; .* give --set confirm.seeds=18"):
        lay_out(confirming(seeds=24), root)


@pytest.mark.parametrize("damage", [None, b"", b"\0" * 60, b"[1, 2]\n", b"steps: {"])
def test_where_the_experiments_file_is_lost_the_ledger_decides(damage: bytes | None, tmp_path: Path) -> None:
    Sweep(tmp_path).run()
    root = ExperimentFolder(tmp_path / "toy")
    root.experiment.unlink()
    if damage is not None:
        root.experiment.write_bytes(damage)
    lay_out(build_experiment(TOY | {"question": "In other words?"}, "t"), root)  # what may change, may
    root.experiment.unlink()
    for change in ({"seed": 3}, {"base": TOY["base"] | {"train": {"steps": 7000}}}):
        with pytest.raises(InputError, match=r"experiment.yaml: cannot be read, and by ledger.jsonl .* another exp"):
            lay_out(build_experiment(TOY | change, "t"), root)
    assert not root.experiment.exists()
    root.ledger.unlink()
    with pytest.raises(InputError, match=r"cannot be read, nor does ledger.jsonl say"):
        lay_out(build_experiment(TOY, "t"), root)


def test_a_damaged_ledger_refuses_nothing_while_the_file_is_there(tmp_path: Path) -> None:
    Sweep(tmp_path).run()
    root = ExperimentFolder(tmp_path / "toy")
    root.ledger.write_bytes(b"\0" * 100)
    lay_out(build_experiment(TOY, "t"), root)
    assert root.ledger.read_bytes() == b"\0" * 100
