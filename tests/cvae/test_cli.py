"""How the trainer's command lines end."""

import subprocess
import sys

import pytest

from cvae.cli import new_command, run_command

COMMANDS = ["cvae.train", "cvae.evaluate", "cvae.data", "cvae.predict"]

#: Everything that `python -m` starts.
MODULES = [
    *COMMANDS, "cvae.config", "sweeps.worker", "sweeps.browse", "sweeps.dashboard", "sweeps.tracking",
    "sweeps.wandb_import", "sweeps.csv_import", "benchmarks",
]  # fmt: skip


def ended(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("command", MODULES)
def test_help_is_short_to_ask_for(command: str) -> None:
    for option in ("-h", "--help"):
        done = ended(command, option)
        assert (done.returncode, done.stderr) == (0, "")
        assert "usage" in done.stdout.lower()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mistake_in_the_usage_is_one_line_and_status_2(command: str) -> None:
    done = ended(command, "--no-such-option")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: No such option: --no-such-option\n"


def test_home_is_home_behind_an_equals_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    app, seen = new_command(), []

    @app.command()
    def main(word: str, out: str = "") -> None:
        seen.extend([word, out])

    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setattr("sys.argv", ["x", "a=~/b", "--out=~/runs"])
    with pytest.raises(SystemExit):
        run_command(app)
    assert seen == ["a=~/b", "/home/somebody/runs"]
