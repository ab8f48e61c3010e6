"""How every command line of the project ends: a user's mistake is one line and status 2, never a traceback."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cvae.console import accept_any_text, echo_line
from cvae.errors import InputError
from cvae.provenance import VERSION

USER_MISTAKE = 2  # exit status

#: What installed commands are called: `cvae-sweep`, `cvae-train`, ...
PREFIX = "cvae-"


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"cvae-sweeps {VERSION}")
        raise typer.Exit


#: The option that every installed command has.
ShowVersion = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version and end")
]


def new_command(about: str | None = None) -> typer.Typer:
    """Return a command line where `-h` works and a crash shows Python's own traceback; `about` heads its help.

    Shells can complete the commands that an installation has; they know nothing of `python -m`.
    """
    return typer.Typer(
        help=about,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        add_completion=Path(sys.argv[0]).name.startswith(PREFIX),
    )


def _with_home(argument: str) -> str:
    """Return `--runs=~/x` as the shell makes `--runs ~/x`: it expands a word's beginning alone."""
    option, equals, value = argument.partition("=")
    if option.startswith("--") and value.startswith("~"):
        return f"{option}{equals}{os.path.expanduser(value)}"  # noqa: PTH111 - text, of which not every one is a path
    return argument


def run_command(app: typer.Typer) -> None:
    """Run a command line to its end and exit with its status."""
    accept_any_text()
    try:
        status = app([_with_home(argument) for argument in sys.argv[1:]], standalone_mode=False)
    except (InputError, typer.TyperException) as error:
        explain = getattr(error, "format_message", error.__str__)  # usage errors name the option only there
        echo_line(f"error: {explain()}", sys.stderr)
        sys.exit(USER_MISTAKE)
    except typer.Abort:
        sys.exit(130)
    except PermissionError as error:
        echo_line(f"error: {error.filename}: permission denied", sys.stderr)
        sys.exit(USER_MISTAKE)
    sys.exit(status)
