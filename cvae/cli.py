"""How every command line of the project ends: a user's mistake is one line and status 2, never a traceback."""

import sys

import typer

from cvae.errors import InputError


def new_command() -> typer.Typer:
    """Return a command line where `-h` works and a crash shows Python's own traceback."""
    return typer.Typer(
        context_settings={"help_option_names": ["-h", "--help"]}, pretty_exceptions_enable=False, add_completion=False
    )


def run_command(app: typer.Typer) -> None:
    """Run a command line to its end and exit with its status."""
    try:
        app()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
