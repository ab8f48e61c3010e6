"""The door of `analyze.py`: a name where a folder is."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cvae.errors import InputError
from sweeps.doors.analyze_command import app
from tests.sweeps.report.planted import Planted


def test_a_name_is_looked_for_among_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Planted({"a": 0.0, "b": 0.4}).write(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [folder.name, "--no-pictures"])
    assert done.exit_code == 0, done.output
    assert (folder / "report" / "index.html").exists()
    wrong = CliRunner().invoke(app, ["plantd"]).exception
    assert isinstance(wrong, InputError)
    assert "did you mean 'planted'?" in str(wrong)
