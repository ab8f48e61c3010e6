"""A place is written as in the shell, wherever a command takes one: every option of every command, found by looking."""

import argparse
import importlib
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import pytest
from typer.models import ArgumentInfo, ParameterInfo

from cvae.cli import new_command, place_parameters, run_command, with_places
from cvae.errors import InputError
from cvae.places import HoldsPlace, expand_place, path_argument
from sweeps.commands.options import expand_storage

ROOT = Path(__file__).parents[1]

#: What options are shown to take where it may be a path.
SHOWN = re.compile(r"FILE|FOLDER|DIR|SOURCE|EXPERIMENT|VERDICT|YAML|CSV|PATH$|URL")

#: Options that are shown so and hold no path of this machine.
NO_PLACE = {"--ray", "--notify"}  # an address; an address, or a command line, which a shell expands


def sources() -> Iterator[Path]:
    for folder in ("cvae", "sweeps", "benchmarks"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def commands() -> dict[str, Callable[..., Any]]:
    """Every command of the project, by its module and name."""
    found = {}
    for path in sources():
        if "= new_command(" in path.read_text(encoding="utf-8"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for info in importlib.import_module(module).app.registered_commands:
                assert info.callback is not None
                found[f"{module}:{info.name or ''}"] = inspect.unwrap(info.callback)
    return found


COMMANDS = commands()

PLACES = [(name, option) for name, command in COMMANDS.items() for option in place_parameters(command)]


def test_there_are_commands_and_places() -> None:
    assert len(COMMANDS) >= 14
    assert len(PLACES) >= 30
    assert {"runs", "journal", "engine_file", "storage", "experiment_file", "spread_from"} <= {
        option for name, option in PLACES if name.startswith("sweeps.doors.sweep_command")
    }


def shown(command: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """Every parameter of a command: what it is called, and what help shows that it takes."""
    for name, annotation in get_type_hints(command, include_extras=True).items():
        for info in get_args(annotation):
            if isinstance(info, ParameterInfo):
                option = next(iter(getattr(info, "param_decls", None) or ()), f"--{name.replace('_', '-')}")
                yield name if isinstance(info, ArgumentInfo) else option, info.metavar or ""


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_shown_to_take_a_path_is_known_to(name: str) -> None:
    known = {named for _, named in place_parameters(COMMANDS[name]).values()} | set(place_parameters(COMMANDS[name]))
    for option, metavar in shown(COMMANDS[name]):
        if SHOWN.search(metavar) and "=VALUE" not in metavar:
            assert option in known | NO_PLACE, f"{option} {metavar}: annotate it as Path, or mark it with HoldsPlace"


@pytest.mark.parametrize(("name", "option"), PLACES)
def test_every_place_is_expanded_or_refused(name: str, option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("DISK", "/disk")
    monkeypatch.delenv("NO_SUCH_DISK", raising=False)
    command, seen = COMMANDS[name], {}

    def stand_in(**values: Any) -> None:
        seen.update(values)

    stand_in.__annotations__ = get_type_hints(command, include_extras=True)
    run, named = with_places(stand_in), place_parameters(command)[option][1]
    before = {"storage": "sqlite:///", "studies": "an_experiment=", "settings": "a setting="}.get(option, "")
    is_path = re.search(r"\bPath\b", str(get_type_hints(command)[option])) is not None
    for written, meant in {"~/x": "/home/somebody/x", "$DISK/x": "/disk/x", "${DISK}y": "/disky"}.items():
        run(**{option: Path(written) if is_path else before + written})
        assert str(seen[option]) == before + meant
    for written in ("$NO_SUCH_DISK/x", "~no-such-user/x"):
        with pytest.raises(InputError) as refused:
            run(**{option: Path(written) if is_path else before + written})
        assert str(refused.value).startswith(f"{named} is '{before}{written}': ")
    run(**{option: None})
    assert seen[option] is None


@pytest.mark.parametrize("line", [
    "run_sweep.py x --runs $NO_SUCH/y", "run_sweep.py x --runs=$NO_SUCH/y", "analyze.py x $NO_SUCH/y",
    "-m sweeps.dashboard x --storage sqlite:///$NO_SUCH/y", "-m cvae.data inspect $NO_SUCH/y",
    "-m cvae.train x --out=$NO_SUCH/y", "-m sweeps.worker $NO_SUCH/y", "-m sweeps.tracking $NO_SUCH/y",
])  # fmt: skip
def test_commands_themselves_say_so(line: str) -> None:
    done = subprocess.run([sys.executable, *shlex.split(line)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "the environment variable $NO_SUCH is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_reads_a_path_by_itself() -> None:
    # what argparse reads is expanded too
    argparsers = [path for path in sources() if "add_argument(" in path.read_text(encoding="utf-8")]
    assert argparsers
    for path in argparsers:
        assert "type=Path" not in path.read_text(encoding="utf-8"), f"{path}: type=path_argument"


def test_a_command_line_is_given_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    app, seen = new_command(), []

    @app.command()
    def main(
        word: str, folders: list[Path], out: Path = Path("here"), marked: Annotated[str, HoldsPlace()] = ""
    ) -> None:
        seen.extend([word, folders, out, marked])

    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setattr("sys.argv", ["x", "~/word", "~/a", "b", "--out=~/runs", "--marked=~"])
    for _ in range(2):  # the second time too
        seen.clear()
        with pytest.raises(SystemExit):
            run_command(app)
        assert seen == ["~/word", [Path("/home/somebody/a"), Path("b")], Path("/home/somebody/runs"), "/home/somebody"]


def test_what_is_there_by_that_very_name_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("~", "$HOME", "a$b"):
        (tmp_path / name).touch()
        assert expand_place(name) == name


def test_a_dollar_in_a_password_is_no_variable() -> None:
    for url in ("postgresql://u:pa$word@h/db", "mysql://u:~@h/db", "not a url $x"):
        assert expand_storage(url) == url


def test_argparse_says_what_is_wrong() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="variable \\$NO_SUCH_DISK is not set"):
        path_argument("$NO_SUCH_DISK/x")
