"""A design says what it could find before it costs anything."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvae.errors import InputError
from sweeps.commands.design_check import design_warnings, prospects
from sweeps.decision import look_interval
from sweeps.experiment import Experiment, build_experiment
from sweeps.report import analyse
from tests.sweeps.report.planted import Planted

ROOT = Path(__file__).parents[3]

#: Seeds that the third arm has not come to.
LATE = frozenset({("c", 3), ("c", 4), ("c", 5)})


def experiment(n_arms: int = 3, seeds: int = 10, margin: float | None = 0.1, name: str = "val/psnr") -> Experiment:
    values: dict[str, Any] = {
        "name": "x",
        "base": {"evaluation": {"energy_samples": 2}},
        "arms": {f"arm{i}": {} for i in range(n_arms)},
        "metric": {"name": name, "margin": margin},
        "confirm": {"seeds": seeds},
    }
    return build_experiment(values, "x")


@pytest.mark.parametrize(("n_arms", "effect"), [(2, "0.3"), (3, "0.37"), (8, "0.52")])
def test_the_difference_that_ten_seeds_find(n_arms: int, effect: float) -> None:
    found = next(line for line in prospects(experiment(n_arms), "0.3") if "better or worse" in line)
    assert found.startswith(f"  better or worse: 10 seeds find {effect} dB with 80% power")


@pytest.mark.parametrize(("sd", "n"), [("0.3", 38), ("0.2", 18), ("0.1", 7)])
def test_the_seeds_that_equivalent_needs(sd: str, n: int) -> None:
    told = prospects(experiment(2), sd)
    assert f"  equivalent within ±0.1 dB: needs at least {n} seeds; 10 are planned" in told
    assert any(line.startswith("warning: with this spread and margin") for line in told) == (n > 10)


def test_a_design_that_can_give_no_word_says_so() -> None:
    assert "confirm.seeds is 5: below 6 paired seeds no word can be given" in next(design_warnings(experiment(seeds=5)))
    assert "there is one arm" in next(design_warnings(experiment(n_arms=1)))
    assert "metric.margin is not declared" in next(design_warnings(experiment(margin=None)))
    assert list(design_warnings(experiment(seeds=6))) == []
    assert prospects(experiment(seeds=5), None)[0].startswith("warning: confirm.seeds is 5")
    assert not any("better or worse:" in line for line in prospects(experiment(seeds=5), "0.3"))


def test_the_spread_comes_from_an_earlier_folder_pooled_over_its_pairs(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.4, "c": 0.1}, n_trials=0, n_evals=1, noise_sd=0.3, absent=LATE).write(tmp_path)
    a, b, c = (np.array(list(arm.by_seed.values())) for arm in analyse(folder).arms)
    squares = [(d.var(ddof=1), len(d) - 1) for d in (b - a, c - a[:3], c - b[:3])]
    sd = math.sqrt(sum(v * df for v, df in squares) / sum(df for _, df in squares))
    told = prospects(experiment(2), str(folder))
    assert len({round(v, 6) for v, _ in squares}) == 3
    assert told[0] == f"differences that spread by {sd:.2g} dB from seed to seed ({folder}):"


def several_tunings(stop: str = "planned", seeds: int = 24, replicates: int = 12) -> Experiment:
    confirm = {"replicates": replicates, "seeds": seeds, "stop": stop}
    values: dict[str, Any] = {
        "name": "x",
        "arms": {"a": {}, "b": {}},
        "search": {"optim.lr": {"float": [1e-4, 1e-3], "log": True}},
        "metric": {"name": "val/psnr", "margin": 0.1},
        "tune": {"trials_per_arm": 24},
        "confirm": confirm,
    }
    return build_experiment(values, "x")


def test_tunings_are_what_is_counted_where_there_are_several() -> None:
    told = prospects(several_tunings(), "0.1")
    assert told[0] == "differences that spread by 0.1 dB from tuning to tuning (0.1):"
    assert told[1] == "  better or worse: 12 tunings find 0.089 dB with 80% power"
    assert told[2] == "  equivalent within ±0.1 dB: needs at least 7 tunings; 12 are planned"
    (warning,) = design_warnings(several_tunings(replicates=4))
    assert warning.startswith("confirm.replicates is 4: below 6 paired tunings no word can be given")


def test_a_design_that_is_looked_at_pays_for_its_looks() -> None:
    planned, looked = prospects(several_tunings(), "0.1"), prospects(several_tunings("sure"), "0.1")
    found = [float(line.split(" find ")[1].split()[0]) for line in (planned[1], looked[1])]
    assert looked[1] == f"  better or worse: at most 12 tunings find {found[1]:g} dB with 80% power, looks paid for"
    assert found[0] < found[1] < 1.2 * found[0]
    # by simulation: the interval at the last look leaves out zero in four of five studies of that effect
    rng = np.random.default_rng(5)
    studies = rng.normal(found[1], 0.1, (2000, 12))
    ends = [look_interval(study.tolist(), 12, 1) for study in studies]
    assert np.mean([end is not None and end[0] > 0 for end in ends]) == pytest.approx(0.8, abs=0.04)
    assert looked[2] == (
        "  equivalent within ±0.1 dB: needs at least 10 tunings for all pairs and looks; at most 12 are planned"
    )
    told = prospects(several_tunings("sure"), "0.3")
    assert "needs at least more tunings" not in "".join(told)
    assert any(line.startswith("warning: with this spread and margin no two arms") for line in told)


def test_a_spread_from_seed_to_seed_is_not_that_of_tunings(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.4}, n_trials=0, n_evals=1, noise_sd=0.3).write(tmp_path)
    told = prospects(several_tunings(), str(folder))
    assert told[-1] == f"warning: {folder} knows the spread from seed to seed, another one"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("0", "--spread-from is '0'; allowed: an experiment's folder, or a number above 0"),
        ("nan", "--spread-from is 'nan'"),
        ("runs/none-such", "runs/none-such: no such folder"),
    ],
)
def test_what_is_no_spread_is_refused(source: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        prospects(experiment(), source)


def test_a_spread_of_another_thing_is_refused(tmp_path: Path) -> None:
    folder = Planted({"a": 0.0, "b": 0.4}, n_trials=0, n_evals=1).write(tmp_path)
    with pytest.raises(InputError, match="its metric is val/psnr; that of this experiment is val/energy_db"):
        prospects(experiment(name="val/energy_db"), str(folder))
    alone = Planted({"a": 0.0}, n_trials=0, n_evals=1).write(tmp_path / "alone")
    with pytest.raises(InputError, match="has no two arms with two paired seeds that differ"):
        prospects(experiment(), str(alone))


def test_the_plan_ends_with_it_and_nothing_else_takes_the_option() -> None:
    command = [sys.executable, "run_sweep.py", "experiments/quickstart.yaml", "--no-probe"]
    done = subprocess.run(
        [*command, "--plan", "--spread-from", "0.2"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "differences that spread by 0.2 dB from seed to seed (0.2):" in done.stdout
    done = subprocess.run([*command, "--spread-from", "0.2"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: --spread-from belongs to --plan; it changes nothing of a launch\n"
