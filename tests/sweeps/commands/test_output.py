"""What a sweep prints may find no reader: the sweep goes on."""

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sweeps.commands.options import OUTPUTS, Output
from sweeps.commands.output import watch
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.stepping_sweep import Sweep


class Gone(io.StringIO):
    """A pipe whose reader leaves after some lines."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._left = lines

    def write(self, text: str) -> int:
        self._left -= text.count("\n")
        if self._left < 0:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_reader_that_goes_away_ends_no_sweep(
    output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Sweep(tmp_path / "calm").run()
    sweep = Sweep(tmp_path)
    gone = Gone(3)
    monkeypatch.setattr(sys, "stdout", gone)
    watch(sweep.coordinator, Console(file=gone, force_terminal=False), output)
    if sys.stdout is not gone:
        sys.stdout.close()
    monkeypatch.undo()
    assert results_of(tmp_path) == results_of(tmp_path / "calm")
    said = capsys.readouterr().err
    expected = "" if output == "quiet" else "warning: nobody reads standard output any more; the sweep goes on"
    assert said.startswith(expected)
    assert said.count("nobody reads") == bool(expected)


def test_a_damaged_line_of_the_ledger_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sweeps.commands.output import _entries_after

    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(b'{"event": "started"}\n\0\0\0\n{"event": "ended"}\n{"event"')
    entries, read = _entries_after(ledger, 0)
    assert entries == [{"event": "started"}, {"event": "ended"}]
    assert ledger.read_bytes()[read:] == b'{"event"'
    assert json.dumps(entries)
