"""One call measures all: it goes on past what fails, says how far it is, and its rows are told from another call's."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from benchmarks import __main__ as command
from benchmarks.instruments.table import Row
from benchmarks.records import BenchRun, results
from cvae.errors import InputError

ROW = Row("a step", "the lab's order: 2 s", "1 s", 2.0)


def good() -> Iterator[Row]:
    yield ROW


def bad() -> Iterator[Row]:
    yield ROW
    raise RuntimeError("no room\nmore of it")


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the records go; the processes of single benchmarks are calls here."""
    path = tmp_path / "results.json"
    monkeypatch.setattr(results, "RESULTS", path)

    def within(words: list[str], most_s: float) -> int | None:
        name, part = words[3], words[words.index("--run") + 1]
        try:
            command.bench([name], processor_time=False, table=False, run=part)
        except typer.Exit as end:
            return end.exit_code
        return None if name == "endless" else 0

    monkeypatch.setattr(command, "run_within", within)
    return path


def measure_all(monkeypatch: pytest.MonkeyPatch, **benchmarks: Callable[[], Iterator[Row]]) -> None:
    monkeypatch.setattr(command, "find_benchmarks", lambda: benchmarks)
    command.bench(None, processor_time=False, table=True, run=None)


def test_all_rows_of_one_call_are_of_one_run(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(json.dumps({"gone": {"rows": []}, "first": {"rows": []}}))
    measure_all(monkeypatch, first=good, second=good)
    kept = json.loads(file.read_text())
    assert list(kept) == ["first", "second"]  # a benchmark that is none any more has left
    assert len(results.runs_of(kept)) == 1
    assert kept["first"]["rows"][0]["what"] == ROW.what
    said = capsys.readouterr().out
    assert re.search(r"^\d:\d\d  \[2/2\] second \.\.\.$", said, re.MULTILINE)
    assert re.search(r"^  \d:\d\d  a step: 1 s; ratio 2$", said, re.MULTILINE)
    assert re.search(r"^\d:\d\d  first took \d:\d\d$", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "how"), [("broken", r"failed after \d:\d\d \(status 1\)"), ("endless", "was ended after")]
)
def test_one_that_fails_is_a_line_and_the_others_have_rows(
    name: str, how: str, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(json.dumps({name: {"rows": ["of another call"]}}))
    with pytest.raises(InputError, match=f"no rows of {name}, which failed"):
        measure_all(monkeypatch, first=good, **{name: bad if name == "broken" else good}, last=good)
    assert list(json.loads(file.read_text())) == ["first", "last"]
    captured = capsys.readouterr()
    assert re.search(f"{name} {how}", captured.err)
    assert ("benchmark broken failed: RuntimeError: no room\n" in captured.err) == (name == "broken")
    assert "Traceback" not in captured.err


def test_each_is_kept_as_it_ends(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def looking() -> Iterator[Row]:
        seen.append(list(json.loads(file.read_text())))
        yield ROW

    measure_all(monkeypatch, first=good, second=looking)
    assert seen == [["first"]]


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    script = f"(while true; do date +%N > {beat}; sleep 0.05; done) & sleep 60"
    started = time.monotonic()
    assert command.run_within(["sh", "-c", script], 1.0) is None
    assert time.monotonic() - started < 30
    last = beat.read_text()
    time.sleep(0.3)
    assert beat.read_text() == last
    assert command.run_within(["sh", "-c", "exit 3"], 30.0) == 3


def test_a_call_tells_itself_to_its_processes() -> None:
    call = BenchRun.begin()
    assert BenchRun.parse(call.written()) == call
    assert results.elapsed(727.4) == "12:07"


def test_the_committed_rows_are_of_one_call_of_one_commit() -> None:
    runs = results.runs_of(results.read_results())
    assert len(runs) == 1
    assert sorted(results.read_results()) == sorted(command.find_benchmarks())
    assert not json.loads(runs.pop() or "{}")["git_dirty"]
