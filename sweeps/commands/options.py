"""What the options of `run_sweep.py` may say, checked where they are read. Loads neither optuna nor wandb."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urlsplit

from cvae.errors import InputError
from cvae.places import expand_place
from sweeps.tracking.process import Mode
from sweeps.units import parse_duration

if TYPE_CHECKING:
    from sweeps.launchers import EngineChoice

#: live: a table, or plain lines where it is piped; quiet: trouble alone; json: a JSON object a line.
Output = Literal["live", "plain", "quiet", "json"]

OUTPUTS: tuple[Output, ...] = ("live", "plain", "quiet", "json")

Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class LaunchOptions:
    """How a sweep is run; nothing of it moves a result."""

    threads: int  # of each worker
    tracker: Mode
    output: Output
    storage: str | None  # URL of Optuna's; None: that of the first launch, or a journal
    retry: str | None  # status of the lost runs that are opened again
    budget_s: float | None  # wall time that trials and seeds are cut to fit
    hang_s: float
    notify: str | None = None  # command or address that is told of verdicts and of the end
    engine: "EngineChoice | None" = None  # what runs the workers; None: this machine
    take_over: bool = False  # no coordinator of another machine is at work, by a person's word
    journal: Path | None = None  # where the journal lies, if not in the experiment's folder


def parse_word(option: str, value: str, allowed: Sequence[Word]) -> Word:
    """Return the word that an option was given.

    Raises:
        InputError: it is none of those allowed.
    """
    for word in allowed:
        if word == value:
            return word
    raise InputError(f"{option} is '{value}'; allowed: {', '.join(allowed)}")


def parse_slots(text: str) -> int | None:
    """Return the number of slots asked for; None for `auto`.

    Raises:
        InputError: it is neither.
    """
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"--slots is '{text}'; allowed: auto, or a whole number from 1")
    return int(text)


def parse_time(option: str, text: str) -> float:
    """Return the seconds that an option means.

    Raises:
        InputError: it is no duration.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"{option} is '{text}'; expected a time such as 90m, 8h or 1d12h") from error


def expand_storage(url: str) -> str:
    """Return the URL of a storage with the path of an SQLite file expanded; a `$` in any other is a password's.

    Raises:
        ValueError: there is no such user or variable.
    """
    scheme, slashes, file = url.partition(":///")
    return f"{scheme}{slashes}{expand_place(file)}" if scheme.startswith("sqlite") else url


def parse_target(text: str) -> str:
    """Return whom `--notify` tells: a command line for the shell, or an http(s) address.

    Raises:
        InputError: it is empty, or an address without a host.
    """
    if not text.strip():
        raise InputError("--notify is empty; expected a command, or an address that begins with https://")
    if is_address(text) and not urlsplit(text).hostname:
        raise InputError(f"--notify is '{text}': an address needs a host, as in https://example.org/hook")
    return text


def is_address(target: str) -> bool:
    """Return whether whom `--notify` tells is a web address, and no command."""
    return target.startswith(("http://", "https://"))
