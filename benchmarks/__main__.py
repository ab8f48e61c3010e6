"""Run the benchmarks and write `benchmarks/results.json`: `python -m benchmarks [NAME ...]`, `make bench`.

A benchmark is a module of this folder with `rows()` (of `instruments.table.Row`) or `main()` (of mappings with the same
names). Each is recorded as it ends, with the machine and the call of the command; naming some leaves the others'
records as they are.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import records
from benchmarks.instruments.table import use_processor_time
from benchmarks.records import MOST_LOAD, BenchRun, describe_machine, elapsed, with_load
from cvae.cli import new_command, run_command
from cvae.errors import InputError

FOLDER = Path(__file__).parent
COLUMNS = ("what", "baseline", "ours", "ratio", "spread")
#: Columns of the terminal that the table is written for, a file too.
WIDTH = 160
#: Seconds that a benchmark may take before it is ended: all of them together are to take less than half an hour.
MOST_S = 900

app = new_command()


def find_benchmarks() -> dict[str, Any]:
    """Return what each benchmark calls, by name."""
    modules = {m.name: import_module(f"benchmarks.{m.name}") for m in iter_modules([str(FOLDER)]) if m.name[0] != "_"}
    found = {name: getattr(module, "rows", None) or getattr(module, "main", None) for name, module in modules.items()}
    return {name: function for name, function in found.items() if function}


def print_table(measured: Mapping[str, list[dict[str, Any]]]) -> None:
    """Print the rows of all benchmarks in one table, notes beneath."""
    shown = Table()
    for column in COLUMNS:
        shown.add_column(column, overflow="fold")
    for rows in measured.values():
        for row in rows:
            shown.add_row(*(_cell(row.get(column)) for column in COLUMNS), style="yellow" if "marked" in row else None)
        shown.add_section()
    console = Console(width=WIDTH)
    console.print(shown)
    for row in (row for rows in measured.values() for row in rows if row.get("note") or row.get("marked")):
        console.print(f"  {row['what']}: {'; '.join(filter(None, (row.get('marked'), row.get('note'))))}")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return " - ".join(_cell(part) for part in value)
    return "" if value is None else str(value)


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="which; all by default")] = None,
    processor_time: Annotated[
        bool, typer.Option(help="measure processor time of one thread: for a machine that others use, too")
    ] = False,
    table: Annotated[bool, typer.Option(help="print the table at the end")] = True,
    run: Annotated[str | None, typer.Option(hidden=True, help="the call that this is a part of")] = None,
) -> None:
    """Measure speed, each against a named baseline in the same run."""
    found = find_benchmarks()
    unknown = [name for name in names or [] if name not in found]
    if unknown:
        raise InputError(f"unknown benchmark '{unknown[0]}'; there are {', '.join(found)}")
    if processor_time:
        use_processor_time()
    chosen, load = names or list(found), os.getloadavg()[0]
    if run is not None:
        part_of_a_call(chosen[0], found[chosen[0]], BenchRun.parse(run))
        return
    if load > MOST_LOAD:
        print(
            f"the load is {load:.1f} on {os.cpu_count()} cores: only ratios of this run mean anything", file=sys.stderr
        )
    call, failed = BenchRun.begin(), list[str]()
    if len(chosen) == 1:
        measure(chosen[0], found[chosen[0]], call)
    else:
        records.drop(*(set(records.read_results()) - set(found)))  # of benchmarks that are none any more
        failed = measure_apart(chosen, call, ["--processor-time"] if processor_time else [])
    if table:
        results = records.read_results()
        print_table({name: results[name]["rows"] for name in chosen if name not in failed})
    if failed:
        raise InputError(f"no rows of {', '.join(failed)}, which failed; the others' are in {records.results.RESULTS}")


def measure(name: str, benchmark: Any, call: BenchRun) -> None:
    """Run a benchmark in this process, saying each row as it comes, and record it."""
    machine, started, rows = describe_machine(), time.perf_counter(), []  # with the load before it adds its own
    for row in with_load(benchmark):
        rows.append(row)
        ratio = f"; ratio {_cell(row.get('ratio'))}" if row.get("ratio") is not None else ""
        print(f"  {call.clock()}  {row['what']}: {_cell(row.get('ours'))}{ratio}", flush=True)
    seconds = round(time.perf_counter() - started, 1)
    records.record(name, call, {"machine": machine, "seconds": seconds, "rows": rows})


def part_of_a_call(name: str, benchmark: Any, call: BenchRun) -> None:
    """Run a benchmark as one of several: what it dies of is one line."""
    try:
        measure(name, benchmark, call)
    except Exception as error:  # whatever it is, the others go on
        reason = (str(error).splitlines() or [""])[0]
        print(f"benchmark {name} failed: {type(error).__name__}: {reason}", file=sys.stderr, flush=True)
        raise typer.Exit(1) from None


def measure_apart(names: list[str], call: BenchRun, flags: list[str]) -> list[str]:
    """Run benchmarks, a process for each, so that none finds memory, threads or caches of another's; return the failed.

    One that fails, or takes longer than `MOST_S`, has no rows; the others go on.
    """
    failed = []
    for number, name in enumerate(names, start=1):
        print(f"{call.clock()}  [{number}/{len(names)}] {name} ...", flush=True)
        started = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks", name, "--no-table", "--run", call.written(), *flags]
        status = run_within(command, MOST_S)
        took = elapsed(time.perf_counter() - started)
        if status != 0:
            how = f"was ended after {took}" if status is None else f"failed after {took} (status {status})"
            print(f"{call.clock()}  {name} {how}", file=sys.stderr, flush=True)
            records.drop(name)
            failed.append(name)
        else:
            print(f"{call.clock()}  {name} took {took}", flush=True)
    return failed


def run_within(command: list[str], most_s: float) -> int | None:
    """Run a command in the project's folder; return its status, or None where it took too long and was ended."""
    with subprocess.Popen(command, cwd=FOLDER.parent, start_new_session=True) as process:
        try:
            return process.wait(most_s)
        except BaseException as error:  # too long, or a person who has seen enough
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return None


if __name__ == "__main__":
    run_command(app)
