"""What is kept of a measurement: its rows, the load beside each, the machine, and the call of `make bench` it is of."""

from benchmarks.records.machine import MOST_LOAD, describe_machine, with_load
from benchmarks.records.results import RESULTS, BenchRun, drop, elapsed, read_results, record, runs_of

__all__ = [
    "MOST_LOAD",
    "RESULTS",
    "BenchRun",
    "describe_machine",
    "drop",
    "elapsed",
    "read_results",
    "record",
    "runs_of",
    "with_load",
]
