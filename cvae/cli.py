"""How every command line of the project ends: a user's mistake is one line and status 2, never a traceback."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, ParameterInfo

from cvae.console import accept_any_text, echo_line
from cvae.errors import InputError
from cvae.places import HoldsPlace
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


def _named(name: str, annotation: Any) -> str:
    """Return what a parameter of a command is called where it is typed."""
    known = next((mark for mark in get_args(annotation)[1:] if isinstance(mark, ParameterInfo)), None)
    if isinstance(known, ArgumentInfo):
        return (known.metavar or name.upper()).strip("[].")
    return next(iter(getattr(known, "param_decls", None) or ()), f"--{name.replace('_', '-')}")


def _expanded(value: Any, mark: HoldsPlace, named: str) -> Any:
    """Return an option's value, or each of its values, with its places expanded."""
    if isinstance(value, list | tuple):
        return [_expanded(each, mark, named) for each in value]
    if not isinstance(value, str | Path):
        return value
    try:
        return type(value)(mark.expand(str(value)))
    except ValueError as error:
        raise InputError(f"{named} is '{value}': {error}") from error


def _is_path(kind: Any) -> bool:
    return kind is Path or any(_is_path(part) for part in get_args(kind))


def place_parameters(command: Callable[..., Any]) -> dict[str, tuple[HoldsPlace, str]]:
    """Return which of a command's parameters hold places: each one's mark, and what it is called where it is typed."""
    found = {}
    for name, annotation in get_type_hints(command, include_extras=True).items():
        kind, *marks = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
        mark = next((mark for mark in marks if isinstance(mark, HoldsPlace)), None)
        if mark is None and _is_path(kind):
            mark = HoldsPlace()
        if mark is not None:
            found[name] = mark, _named(name, annotation)
    return found


def with_places(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that is given its places as the shell would have made them.

    The shell expands the beginning of a word: neither `--runs=~/x`, nor what is quoted, or comes from a program.
    """
    places = place_parameters(command)

    @wraps(command)
    def run(**values: Any) -> Any:
        return command(**{k: _expanded(v, *places[k]) if k in places else v for k, v in values.items()})

    return run


def run_command(app: typer.Typer) -> None:
    """Run a command line to its end and exit with its status."""
    accept_any_text()
    for command in app.registered_commands:
        if command.callback is not None and not hasattr(command.callback, "__wrapped__"):
            command.callback = with_places(command.callback)
    try:
        status = app(sys.argv[1:], standalone_mode=False)
    except (InputError, typer.TyperException) as error:
        explain = getattr(error, "format_message", error.__str__)  # usage errors name the option only there
        echo_line(f"error: {explain()}", sys.stderr)
        sys.exit(USER_MISTAKE)
    except typer.Abort:
        sys.exit(130)
    except OSError as error:
        if error.filename is None or error.strerror is None:
            raise
        echo_line(f"error: {error.filename}: {error.strerror.lower()}", sys.stderr)
        sys.exit(USER_MISTAKE)
    sys.exit(status)
