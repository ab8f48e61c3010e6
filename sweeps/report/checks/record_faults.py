"""Checks of the record itself: can all of it be read, and is it what the sweep wrote. Said only where it is not."""

from sweeps.report.checks.check import Check
from sweeps.report.reading import ExperimentRecord

#: Faults that are listed; all are counted.
MOST_LISTED = 12


def record_is_whole(experiment: ExperimentRecord) -> list[Check]:
    """Warn where a file could not be read: its run counts without it, or not at all."""
    return _check("The record can be read", "warn", experiment.damage)


def record_is_as_written(experiment: ExperimentRecord) -> list[Check]:
    """Fail where runs were edited or copied by hand."""
    return _check("The record is as the sweep wrote it", "fail", experiment.edited)


def _check(title: str, level: str, faults: tuple[str, ...]) -> list[Check]:
    if not faults:
        return []
    more = f"; and {len(faults) - MOST_LISTED} more" if len(faults) > MOST_LISTED else ""
    return [Check(title, "fail" if level == "fail" else "warn", "; ".join(faults[:MOST_LISTED]) + more)]
