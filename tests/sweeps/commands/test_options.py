"""What the options of `run_sweep.py` may say, and what looking loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from cvae.config.yaml_file import dump_yaml
from cvae.errors import InputError
from sweeps.commands.options import OUTPUTS, parse_slots, parse_time, parse_word
from tests.sweeps.stepping_sweep import TOY

ROOT = Path(__file__).parents[3]


def test_a_word_is_one_of_those_allowed() -> None:
    assert [parse_word("--output", word, OUTPUTS) for word in OUTPUTS] == list(OUTPUTS)
    with pytest.raises(InputError, match="--output is 'loud'; allowed: live, plain, quiet, json"):
        parse_word("--output", "loud", OUTPUTS)


def test_slots_are_a_number_or_auto() -> None:
    assert (parse_slots("auto"), parse_slots("3")) == (None, 3)
    for wrong in ("0", "-1", "two", "1.5", "\u00b2", ""):
        with pytest.raises(InputError, match="--slots is"):
            parse_slots(wrong)


def test_a_time_is_a_duration() -> None:
    assert parse_time("--budget", "8h") == 28800.0
    with pytest.raises(InputError, match="--budget is '8 sheep'; expected a time such as 90m"):
        parse_time("--budget", "8 sheep")


#: Prints what a command has loaded of the packages that take long.
LOOK = """
import runpy, sys
sys.argv = ["run_sweep.py", *sys.argv[1:]]
try:
    runpy.run_path("run_sweep.py", run_name="__main__")
finally:
    print("loaded:", *sorted({*sys.modules} & {"torch", "optuna", "wandb", "scipy.stats"}))
"""


@pytest.mark.parametrize(
    ("sampler", "option", "loaded"),
    [("random", "--plan", []), ("qmc", "--plan", ["scipy.stats"]), ("qmc", "--status", []), ("qmc", "--help", [])],
)
def test_looking_loads_what_it_shows_alone(tmp_path: Path, sampler: str, option: str, loaded: list[str]) -> None:
    # a plan shows the points of a quasi-random sequence, and for those alone it waits for scipy
    path = tmp_path / "toy.yaml"
    path.write_text(dump_yaml(TOY | {"tune": {"trials_per_arm": 2, "sampler": sampler}}))
    command = [sys.executable, "-c", LOOK, str(path), option, "--no-probe", "--runs", str(tmp_path / "runs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split() == ["loaded:", *loaded]
