"""A CSV file as spreadsheets write it: its columns and its lines, whatever encloses and separates them."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cvae.errors import InputError

#: What may stand between cells; the header says which does.
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class CsvLine:
    """One line under the header: its number in the file, from 1, and its cells without spaces around them."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class CsvFile:
    """A table as it was written: text throughout."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]
    lines: tuple[CsvLine, ...]

    def fault(self, line: CsvLine, problem: str) -> InputError:
        """Return the error that names the file, the line and what is wrong there."""
        return InputError(f"{self.path}, line {line.number}: {problem}")


def read_csv(path: Path) -> CsvFile:
    """Read a table with a header: UTF-8, with or without a byte order mark, cells between commas, semicolons or tabs.

    Raises:
        InputError: it cannot be read, is no such table, or holds no line under its header.
    """
    text = _text_of(path)
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    rows = _rows(path, text, delimiter)
    _, header = next(rows, (0, []))
    if not header:
        raise InputError(f"{path}: is empty; it needs a header and a line for each result")
    n_columns = len(header)
    while n_columns and not header[n_columns - 1]:  # a spreadsheet's empty columns at the right
        n_columns -= 1
    columns = tuple(header[:n_columns])
    if "" in columns:
        raise InputError(f"{path}: column {columns.index('') + 1} has no name")
    if len(set(columns)) < n_columns:
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InputError(f"{path}: two columns are called '{twice}'")
    lines = []
    for number, cells in rows:
        if len(cells) < n_columns or any(cells[n_columns:]):
            raise InputError(
                f"{path}, line {number}: {len(cells)} cells, the header has {n_columns} "
                f"({', '.join(columns)}; separated by {delimiter!r})"
            )
        lines.append(CsvLine(number, dict(zip(columns, cells, strict=False))))
    if not lines:
        raise InputError(f"{path}: has a header and no line under it")
    return CsvFile(path, delimiter, columns, tuple(lines))


def _text_of(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start}); save it as CSV in UTF-8") from error
    if "\0" in text:
        raise InputError(
            f"{path}: is not UTF-8 text (a zero at character {text.index(chr(0))}); save it as CSV in UTF-8"
        )
    return text


def _rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that hold something, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: is damaged ({error})") from error
