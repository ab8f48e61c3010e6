"""What is kept of a measurement says under which load it was taken, and against what."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks.gpu import __main__ as gpu
from benchmarks.instruments import others
from benchmarks.instruments.others import OthersMeter
from benchmarks.instruments.table import Row, interleave
from benchmarks.records import machine, results
from benchmarks.records.machine import with_load

ROW = Row("a step", "the lab's order: 2 s", "batched: 1 s", 2.0)


def one_row() -> Iterator[Row]:
    yield ROW


@pytest.mark.parametrize(
    ("load", "of_others", "is_marked"),
    [((0.4, 0.9), 0.6, False), ((1.3, 0.9), 0.6, True), ((0.4, 1.2), 0.6, True), ((2.0, 2.0), 0.05, False)],
)
def test_a_row_that_others_loaded_is_marked(
    load: tuple[float, float], of_others: float, is_marked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = iter([*load, 0.0])
    monkeypatch.setattr(os, "getloadavg", lambda: (next(loads), 0.0, 0.0))
    monkeypatch.setattr(OthersMeter, "read", lambda meter: of_others)
    (row,) = with_load(one_row)
    assert row["what"] == ROW.what
    assert (row["load"], row["others"]) == (list(load), of_others)
    assert ("marked" in row) == is_marked


def test_where_nobody_tells_whose_load_it_is_it_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(others, "STAT", tmp_path / "none")
    monkeypatch.setattr(os, "getloadavg", lambda: (2.0, 2.0, 2.0))
    rows = list(with_load(lambda: [ROW, ROW]))  # measured together
    assert [row["marked"] for row in rows] == ["taken under load 2.0"] * 2
    assert rows[0]["others"] is None


def test_rows_that_come_at_once_have_the_load_of_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([0.02, 0.03])
    monkeypatch.setattr(OthersMeter, "read", lambda meter: next(seen))

    def measured() -> Iterator[Row]:
        yield ROW
        yield ROW
        time.sleep(2 * machine.LEAST_S)
        yield ROW

    assert [row["others"] for row in with_load(measured)] == [0.02, 0.02, 0.03]


@pytest.mark.parametrize(("load", "is_warned"), [(0.9, False), (3.2, True)])
def test_a_load_is_warned_of_before_anything_is_measured(
    load: float, is_warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(command, "find_benchmarks", lambda: {"one": one_row})
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    command.bench(["one"], processor_time=False, table=True)
    assert ("the load is 3.2 on" in capsys.readouterr().err) == is_warned
    measured_on = json.loads((tmp_path / "results.json").read_text())["one"]["machine"]
    assert measured_on["load"] == [load] * 3
    assert bool(measured_on["flags"]) == any("avx2" in line for line in machine._lines("/proc/cpuinfo"))


#: Computes on one core until it is ended.
WORK = [sys.executable, "-c", "while True: pass"]
needs_proc = pytest.mark.skipif(not others.STAT.exists(), reason="the system has no /proc/stat")


@needs_proc
def test_another_processs_work_is_seen() -> None:
    # the shell that began it has ended, so that it is no child of this process
    begin = ["sh", "-c", '"$@" >/dev/null 2>&1 & echo $!', "sh", *WORK]
    begun = subprocess.run(begin, stdout=subprocess.PIPE, check=True)
    try:
        spent, meter = others.own_s(), OthersMeter()
        time.sleep(0.5)
        seen = meter.read()
        assert others.own_s() - spent < 0.25
    finally:
        os.kill(int(begun.stdout), signal.SIGKILL)
    assert seen is not None
    assert seen > 0.2


@needs_proc
def test_a_childs_work_is_ones_own_while_it_lives_and_after() -> None:
    before = others.own_s()
    with subprocess.Popen(["sh", "-c", '"$@" & wait', "sh", *WORK], start_new_session=True) as shell:
        time.sleep(0.5)
        of_its_child = others.own_s() - before
        os.killpg(shell.pid, signal.SIGKILL)
    assert of_its_child > 0.2
    before = others.own_s()
    with subprocess.Popen(WORK) as child:
        time.sleep(0.5)
        living = others.own_s()
        child.kill()
    assert others.own_s() >= living > before + 0.2


@pytest.mark.parametrize(("most_s", "turns"), [(1e9, 5), (0.0, 2)])
def test_a_bound_on_the_time_leaves_a_spread(most_s: float, turns: int) -> None:
    calls: list[str] = []
    works = {name: partial(calls.append, name) for name in ("a", "b")}
    times = interleave(works, 5, most_s=most_s)
    assert [len(of) for of in times.values()] == [turns, turns]
    assert calls == ["a", "b"] * (turns + 1)  # in turn, after one warm-up


def test_without_a_gpu_one_line_is_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main() == 0
    assert capsys.readouterr().out.splitlines() == [gpu.NO_GPU]


def test_what_a_gpu_measured_bears_the_cards_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    results, commands = tmp_path / "results.json", []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a card")
    monkeypatch.setattr(gpu, "RESULTS", results)
    monkeypatch.setattr(gpu, "MEASURED", {"training": one_row})
    monkeypatch.setattr(gpu, "describe_machine", lambda: {"cores": 2})

    def tests(command: list[str], **named: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command[1:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", tests)
    assert gpu.main() == 0
    written = json.loads(results.read_text())
    assert (written["card"], written["tests"]) == ("a card", "passed")
    assert written["rows"]["training"][0]["baseline"] == ROW.baseline
    assert commands == [["-m", "pytest", "-m", "cuda"]]
    assert ROW.what in capsys.readouterr().out


def test_everything_that_a_gpu_is_measured_by_is_there() -> None:
    assert list(gpu.MEASURED) == ["training", "evaluation", "startup", "sweep"]
