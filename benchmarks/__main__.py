"""Run the benchmarks and write `benchmarks/results.json`: `python -m benchmarks [NAME ...]`, `make bench`.

A benchmark is a module of this folder with `rows()` (of `instruments.table.Row`) or `main()` (of mappings with the same
names). Each is recorded with the machine it ran on; naming some leaves the others' records as they are.
"""

import dataclasses
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.instruments.others import OthersMeter
from benchmarks.instruments.table import CLOCK, Row, use_processor_time
from cvae.cli import new_command, run_command
from cvae.errors import InputError
from cvae.provenance import git_commit, package_versions

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
COLUMNS = ("what", "baseline", "ours", "ratio", "spread")
#: Load above which a row is marked, and cores of other processes' work below which that load is a benchmark's own.
MOST_LOAD, LEAST_OTHERS = 1.0, 0.1
#: Flags of the processor that its fastest kernels take.
WIDE = re.compile(r"avx512|amx|avx2$")
#: Columns of the terminal that the table is written for, a file too.
WIDTH = 160

app = new_command()


def find_benchmarks() -> dict[str, Any]:
    """Return what each benchmark calls, by name."""
    modules = {m.name: import_module(f"benchmarks.{m.name}") for m in iter_modules([str(FOLDER)]) if m.name[0] != "_"}
    found = {name: getattr(module, "rows", None) or getattr(module, "main", None) for name, module in modules.items()}
    return {name: function for name, function in found.items() if function}


def as_mapping(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON values."""
    return dataclasses.asdict(row) if isinstance(row, Row) else dict(row)


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on beside the code."""
    import torch

    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": [round(x, 1) for x in os.getloadavg()],
        "bf16": bool(torch.cpu._is_avx512_bf16_supported()),
        "flags": sorted({word for line in _lines("/proc/cpuinfo") for word in line.split() if WIDE.match(word)}),
        "versions": package_versions(),
        "git_commit": git_commit()[0],
        "clock": CLOCK.name,
        "date": datetime.now(UTC).date().isoformat(),
    }


def with_load(measure: Callable[[], Iterable[Row | Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield rows as JSON values with the load at start and end of each, and what others computed meanwhile.

    Rows that come in one list were measured together. A row is marked where the load was above `MOST_LOAD` and others
    had a part in it, because a benchmark's own threads are load, too; where the system does not tell whose, every such
    row is.
    """
    before, meter = os.getloadavg()[0], OthersMeter()
    rows = measure()
    together = _load(before, meter) if isinstance(rows, list) else None
    for row in rows:
        yield as_mapping(row) | (together or _load(before, meter))
        before, meter = os.getloadavg()[0], OthersMeter()


def _load(before: float, meter: OthersMeter) -> dict[str, Any]:
    after, others = os.getloadavg()[0], meter.read()
    is_marked = max(before, after) > MOST_LOAD and (others is None or others > LEAST_OTHERS)
    load = {"load": [round(before, 2), round(after, 2)], "others": others}
    return load | ({"marked": f"taken under load {max(before, after):.1f}"} if is_marked else {})


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


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
) -> None:
    """Measure speed, each against a named baseline in the same run."""
    found = find_benchmarks()
    unknown = [name for name in names or [] if name not in found]
    if unknown:
        raise InputError(f"unknown benchmark '{unknown[0]}'; there are {', '.join(found)}")
    if processor_time:
        use_processor_time()
    chosen, load = names or list(found), os.getloadavg()[0]
    if load > MOST_LOAD and table:  # of a call for one benchmark the load is what the one before it left
        print(
            f"the load is {load:.1f} on {os.cpu_count()} cores: only ratios of this run mean anything", file=sys.stderr
        )
    for name in chosen:
        print(f"{name} ...", flush=True)
        if len(chosen) > 1:  # a process for each, so that none finds memory, threads or caches of another's
            flags = ["--processor-time"] if processor_time else []
            command = [sys.executable, "-m", "benchmarks", name, "--no-table", *flags]
            if subprocess.run(command, cwd=FOLDER.parent, check=False).returncode:
                raise InputError(f"benchmark {name} did not end well; the others' records stay in {RESULTS}")
            continue
        machine = describe_machine()  # with the load before the benchmark adds its own
        record(name, {"machine": machine, "rows": list(with_load(found[name]))})
    if table:
        results = read_results()
        print_table({name: results[name]["rows"] for name in chosen})


def read_results() -> dict[str, Any]:
    """Return the last record of every benchmark."""
    return dict(json.loads(RESULTS.read_text())) if RESULTS.exists() else {}


def record(name: str, measured: dict[str, Any]) -> None:
    """Put one benchmark's record in place of its last."""
    RESULTS.write_text(json.dumps(read_results() | {name: measured}, indent=2) + "\n")


if __name__ == "__main__":
    run_command(app)
