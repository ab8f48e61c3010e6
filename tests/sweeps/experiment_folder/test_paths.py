"""How an experiment is found, by file, name or folder."""

from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.experiment_folder.paths import find_experiment, find_experiment_file


def test_what_is_nearest_is_proposed(tmp_path: Path) -> None:
    runs, declared = tmp_path / "runs", tmp_path / "declared"
    for folder in (runs / "launched-one", declared):
        folder.mkdir(parents=True)
    launched = runs / "launched-one" / "experiment.yaml"
    launched.write_text("name: launched-one\n")
    (declared / "a_b.yaml").write_text("name: a-b\n")
    assert find_experiment(Path("launched-one"), runs) == launched.parent
    assert find_experiment_file(Path("launched-one"), runs, declared) == launched
    assert find_experiment_file(launched.parent, runs, declared) == launched
    assert find_experiment_file(Path("a-b"), runs, declared) == declared / "a_b.yaml"
    with pytest.raises(InputError, match="did you mean 'launched-one'"):
        find_experiment(Path("lunched-one"), runs)
    with pytest.raises(InputError, match=r"there is no such experiment file$"):
        find_experiment_file(Path("xyz"), runs, declared)
