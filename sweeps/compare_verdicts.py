"""Two verdicts of one experiment, told apart: `python -m sweeps.compare_verdicts A/verdict.json B/verdict.json`.

For whoever repeats an experiment, elsewhere or on another engine: the same bytes, the same but for what a machine's
speed decides, or the first places in which they differ.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cvae.cli import new_command, run_command
from cvae.errors import InputError
from cvae.files import parse_json

app = new_command()

#: What says how fast a machine was, and nothing of what was found.
OF_THE_MACHINE = frozenset({"device_hours"})

#: The same where a sentence says it.
_HOURS = re.compile(r" \([^()]* device hours\)")

#: Differences that are printed before the rest is counted.
MOST_SHOWN = 10


def differing_places(a: Any, b: Any, place: str = "") -> Iterator[str]:
    """Yield the places in which two JSON values differ, with what each has there; the machine's speed aside."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            if key not in OF_THE_MACHINE:
                yield from differing_places(a.get(key, "nothing"), b.get(key, "nothing"), f"{place}.{key}".lstrip("."))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from differing_places(x, y, f"{place}[{i}]")
    elif _without_hours(a) != _without_hours(b) or type(a) is not type(b):
        yield f"{place}: {json.dumps(a, ensure_ascii=False)} against {json.dumps(b, ensure_ascii=False)}"


def _without_hours(value: Any) -> Any:
    return _HOURS.sub("", value) if isinstance(value, str) else value


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _parse(path: Path, data: bytes) -> Any:
    try:
        return parse_json(data)
    except ValueError as error:
        raise InputError(f"{path}: is damaged ({error})") from error


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="a verdict.json")],
    b: Annotated[Path, typer.Argument(metavar="B", help="another")],
) -> None:
    """Say whether two verdicts are the same; exit status 1 where they are not."""
    first, second = _read(a), _read(b)
    found = list(differing_places(_parse(a, first), _parse(b, second)))
    if first == second:
        typer.echo(f"{a} and {b}: the same bytes")
    elif not found:
        typer.echo(f"{a} and {b}: the same but for device hours, which are the machine's")
    else:
        typer.echo(f"{a} and {b} differ in {len(found)} places:")
        for line in found[:MOST_SHOWN]:
            typer.echo(f"  {line}")
        typer.echo("another machine, precision or version rounds otherwise, and rounding is a seed: docs/results.md")
        raise typer.Exit(1)


if __name__ == "__main__":
    run_command(app)
