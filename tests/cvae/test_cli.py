"""How the trainer's command lines end."""

import errno
import os
import subprocess
import sys

import pytest

from cvae.cli import new_command, run_command

COMMANDS = ["cvae.train", "cvae.evaluate", "cvae.data", "cvae.predict"]

#: Everything that `python -m` starts.
MODULES = [
    *COMMANDS, "cvae.config", "sweeps.worker", "sweeps.browse", "sweeps.dashboard", "sweeps.tracking",
    "sweeps.wandb_import", "sweeps.csv_import", "sweeps.report.all_verdicts.by_length",
    "sweeps.report.all_verdicts.by_setting", "benchmarks",
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


def test_a_reader_that_goes_away_is_no_crash() -> None:
    # `| head -1` of what prints for long
    program = (
        "from cvae.cli import new_command, run_command\n"
        "app = new_command()\n"
        "@app.command()\n"
        "def main() -> None:\n"
        "    for i in range(100_000): print(i)\n"
        "run_command(app)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stderr is not None
    assert writer.stdout.readline() == b"0\n"
    writer.stdout.close()
    assert (writer.wait(60), writer.stderr.read()) == (1, b"")
    writer.stderr.close()


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENAMETOOLONG, errno.ELOOP, errno.EISDIR, errno.ENOTDIR])
def test_what_a_path_cannot_do_is_one_line_and_status_2(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = new_command()

    @app.command()
    def main() -> None:
        raise OSError(number, os.strerror(number), "/private/runs")

    monkeypatch.setattr("sys.argv", ["x"])
    with pytest.raises(SystemExit) as ended_with:
        run_command(app)
    assert ended_with.value.code == 2
    assert capsys.readouterr().err == f"error: /private/runs: {os.strerror(number).lower()}\n"
