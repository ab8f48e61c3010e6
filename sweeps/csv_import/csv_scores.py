"""What the lines of a table say: which arm scored what at which seed, in long or in wide form."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cvae.errors import InputError
from cvae.record import LOST, Status
from sweeps.csv_import.csv_file import CsvFile, CsvLine
from sweeps.experiment import Phase

#: Columns of the long form: the first three have to be there, the others may.
NEEDED, OPTIONAL = ("arm", "seed", "score"), ("status", "clip", "phase")

#: What a status may say; an empty one says finished.
STATUSES: tuple[Status, ...] = ("finished", *LOST)

_SEED = re.compile(r"\d{1,15}")
_WITH_POINT, _WITH_COMMA = re.compile(r"[+-]?\d*\.\d*"), re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class CsvScore:
    """One result; `score` is not finite where the run broke down, and None where it was lost without a score."""

    line: CsvLine
    arm: str
    seed: int
    phase: Phase
    clip: str | None
    status: Status
    score: float | None


def scores_of(file: CsvFile) -> list[CsvScore]:
    """Return every result of a table, in the order of its lines.

    Raises:
        InputError: a column is missing or unknown, or a cell does not say what its column should.
    """
    lower = {column.lower(): column for column in file.columns}
    if {"arm", "score"} & lower.keys():
        if missing := [name for name in NEEDED if name not in lower]:
            raise InputError(
                f"{file.path}: has no column {', '.join(missing)}; one line a result needs {', '.join(NEEDED)} (and "
                f"may have {', '.join(OPTIONAL)}), it has {', '.join(file.columns)}"
            )
        if unknown := [column for name, column in lower.items() if name not in (*NEEDED, *OPTIONAL)]:
            raise InputError(
                f"{file.path}: unknown column {', '.join(unknown)}; allowed: {', '.join((*NEEDED, *OPTIONAL))}"
            )
        return list(_long(file, lower))
    if "seed" not in lower or len(file.columns) < 2:
        raise InputError(
            f"{file.path}: neither {', '.join(NEEDED)} (one line a result) nor seed and a column for each arm; "
            f"it has {', '.join(file.columns)}"
        )
    return list(_wide(file, lower["seed"]))


def _long(file: CsvFile, names: dict[str, str]) -> Iterator[CsvScore]:
    decimal = _decimal_sign(file, [names["score"]])
    for line in file.lines:
        cell = {name: line.cells[column] for name, column in names.items()}
        if not cell["arm"]:
            raise file.fault(line, "arm is empty")
        status = _status(file, line, cell.get("status", ""))
        if status == "finished" and not cell["score"]:
            raise file.fault(line, f"score is empty; give a number, or a status: {', '.join(LOST)}")
        score = _number(file, line, "score", cell["score"], decimal) if cell["score"] else None
        clip = cell.get("clip")
        if clip == "":
            raise file.fault(line, "clip is empty")
        phase = _phase(file, line, cell.get("phase", ""))
        yield CsvScore(line, cell["arm"], _seed(file, line, cell["seed"]), phase, clip, status, score)


def _wide(file: CsvFile, seed_column: str) -> Iterator[CsvScore]:
    """Yield a result for each cell; an empty one is a run that was not made, a status one that was lost."""
    arms = [column for column in file.columns if column != seed_column]
    decimal = _decimal_sign(file, arms)
    for line in file.lines:
        seed = _seed(file, line, line.cells[seed_column])
        for arm in arms:
            text = line.cells[arm]
            if text.lower() in LOST:
                yield CsvScore(line, arm, seed, "confirm", None, _status(file, line, text), None)
            elif text:
                yield CsvScore(line, arm, seed, "confirm", None, "finished", _number(file, line, arm, text, decimal))


def _status(file: CsvFile, line: CsvLine, text: str) -> Status:
    for status in STATUSES:
        if text.lower() == status or not text:
            return status
    raise file.fault(line, f"status is '{text}'; allowed: {', '.join(STATUSES)}")


def _phase(file: CsvFile, line: CsvLine, text: str) -> Phase:
    if text.lower() == "tune":
        return "tune"
    if text.lower() in ("", "confirm"):
        return "confirm"
    raise file.fault(line, f"phase is '{text}'; allowed: tune, confirm")


def _seed(file: CsvFile, line: CsvLine, text: str) -> int:
    if not _SEED.fullmatch(text):
        raise file.fault(line, f"seed is '{text}'; it is a whole number from 0")
    return int(text)


def _decimal_sign(file: CsvFile, columns: list[str]) -> str:
    """Return the sign before the decimals: a comma in some countries' files, whose cells it does not part then."""
    cells = [(line, line.cells[column]) for line in file.lines for column in columns]
    with_comma = next(((line, text) for line, text in cells if _WITH_COMMA.fullmatch(text)), None)
    with_point = next(((line, text) for line, text in cells if _WITH_POINT.fullmatch(text)), None)
    if file.delimiter == "," or with_comma is None:
        return "."
    if with_point is not None:
        line, text = with_point
        raise file.fault(line, f"'{text}' beside '{with_comma[1]}' of line {with_comma[0].number}: two decimal signs")
    return ","


def _number(file: CsvFile, line: CsvLine, column: str, text: str, decimal: str) -> float:
    try:
        if "_" in text:
            raise ValueError(text)
        number = float(text.replace(",", ".") if decimal == "," else text)
    except ValueError as error:
        raise file.fault(line, f"{column} is '{text}'; it is a number, or nan where the run broke down") from error
    return number if math.isfinite(number) else math.nan
