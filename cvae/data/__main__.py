"""`python -m cvae.data`: look at data before training on it, or write the pushing world out as files."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.table import Table

from cvae.cli import USER_MISTAKE, ShowVersion, new_command, run_command
from cvae.config import Config, read_configs
from cvae.console import TextConsole, new_console
from cvae.data.contact_sheet import write_contact_sheet, write_moving_sheet
from cvae.data.hidden_report import hidden_report
from cvae.data.inspection import Inspection, LaunchNeeds, detect, inspect, report_parts, verdict_lines
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources import PushingWorld, Source
from cvae.errors import InputError
from cvae.places import HoldsPlace
from cvae.sections import first_mistake

SLIP_HELP = "Strength of the hidden motion; 0: none."

GATE_HELP = "Centimetres that a lid slides in a frame by a hidden coin, 1 to 16; 0: no lid."

OF_THE_WORLD = " Of the pushing world alone."

app = new_command(__doc__)


@app.callback()
def data_command(version: ShowVersion = False) -> None:  # noqa: D103 - its help is the module's
    pass


@app.command("inspect")
def inspect_command(
    path: Annotated[
        str,
        HoldsPlace(),
        typer.Argument(help="A data folder; the word `pushing`; or an experiment's or a run's YAML file."),
    ],
    out: Annotated[Path | None, typer.Option(help="Contact sheet; default contact-sheet-NAME.png here.")] = None,
    clip_length: Annotated[int | None, typer.Option(min=1, help="Frames in a clip; 12.")] = None,
    n_frames: Annotated[int | None, typer.Option(min=1, help="Frames in a sequence of BAIR; 30.")] = None,
    image_size: Annotated[int | None, typer.Option(min=8, max=256, help=f"Pixels; 64.{OF_THE_WORLD}")] = None,
    slip: Annotated[float | None, typer.Option(help=SLIP_HELP + OF_THE_WORLD)] = None,
    gate: Annotated[float | None, typer.Option(help=GATE_HELP + OF_THE_WORLD)] = None,
    n_objects: Annotated[int | None, typer.Option(help=f"Things in the bin.{OF_THE_WORLD}")] = None,
    seed: Annotated[int | None, typer.Option(help=f"Which world.{OF_THE_WORLD}")] = None,
) -> None:
    """Say what data holds, everything that a launch would refuse of it, and what nobody would notice; draw some of it.

    Of a YAML file its `data:` section is inspected as its runs would use it. Of the pushing world also what it hides,
    and what forecasters that know it score.
    """
    of_world = {"slip": slip, "gate": gate, "n_objects": n_objects, "seed": seed}
    if path.endswith((".yaml", ".yml")):
        given = of_world | {"clip_length": clip_length, "n_frames": n_frames, "image_size": image_size}
        if flags := _flags(given):
            raise InputError(f"{path}: {flags} cannot be given with a YAML file, which says all that itself")
        parts = []
        for number, part in enumerate(_sections_of(Path(path)), start=1):
            end = "" if number == 1 else f"-{number}"  # a sheet of its own for arms that use other data
            sheet = out.with_stem(f"{out.stem}{end}") if out else None
            parts.append(_inspect(*part, f"{Path(path).stem}{end}", sheet))
    else:
        source = _with_options(detect(path, n_frames or 30), path, **of_world)
        needs = LaunchNeeds(dict.fromkeys(("train", "validate"), clip_length or 12))
        parts = [_inspect(source, needs, "", Path(path).resolve().name, out, image_size or 64)]
    if any(report.problems for report in parts):
        raise typer.Exit(USER_MISTAKE)


def _sections_of(path: Path) -> list[tuple[Source, LaunchNeeds, str]]:
    """What the runs of a file use, each different kind once with the arms that do."""
    arms: dict[str, list[str]] = {}
    found: dict[str, tuple[Source, LaunchNeeds]] = {}
    for arm, config in read_configs(path).items():
        needs = _needs(config)
        key = f"{config.data.model_dump_json()} {needs}"
        arms.setdefault(key, []).append(arm)
        found[key] = (config.data, needs)
    return [(*part, ", ".join(filter(None, arms[key])) if len(found) > 1 else "") for key, part in found.items()]


def _needs(config: Config) -> LaunchNeeds:
    lengths = {"train": config.n_past + config.n_future}
    lengths |= dict.fromkeys(["validate", config.evaluation.final_split], config.n_past + config.n_eval)
    return LaunchNeeds(lengths, config.n_past, config.image_size, config.model.use_positions)


def _inspect(
    source: Source, needs: LaunchNeeds, arms: str, name: str, out: Path | None, image_size: int = 64
) -> Inspection:
    report = inspect(source, needs, image_size)
    console = new_console()
    if arms:
        console.print(f"arms:   {arms}", soft_wrap=True)
    _print(console, report_parts(report))
    if isinstance(source, PushingWorld):
        _print(console, hidden_report(source, needs.length_of("validate"), needs.image_size or image_size))
    _draw(console, report, name, out)
    _print(console, verdict_lines(report))
    return report


def _print(console: TextConsole, parts: Iterable[str | Table]) -> None:
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, str))


def _draw(console: TextConsole, report: Inspection, name: str, out: Path | None) -> None:
    """Draw some episodes of each split, and the same in motion."""
    rows = [(split, episode) for split, of_split in report.splits.items() for episode in of_split.shown]
    if rows:
        sheet = out or Path(f"contact-sheet-{name}.png")
        moving = sheet.with_name(f"{sheet.stem}-moving.gif")
        write_contact_sheet(rows, f"{name}: {report.source.source}, {report.side}x{report.side} pixels", sheet)
        write_moving_sheet(rows, report.needs.length_of("validate"), moving)
        console.print(f"contact sheet: {sheet}; in motion: {moving}", soft_wrap=True)


def _with_options(source: Source, path: str, **options: float | None) -> Source:
    """The source with those options of the pushing world that were given."""
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        return source
    if not isinstance(source, PushingWorld):
        raise InputError(f"{path}: {_flags(given)} can only be given for the pushing world")
    return _world(**(dict(source) | given))


def _flags(options: Mapping[str, Any]) -> str:
    """The options that were given, as they were written."""
    return ", ".join(f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None)


@app.command("write")
def write_command(
    path: Annotated[Path, typer.Argument(help="A new folder.")],
    episodes: Annotated[int, typer.Option(help="Episodes in the train split.")] = 200,
    validate: Annotated[int, typer.Option(help="Episodes in the validate split.")] = 32,
    test: Annotated[int, typer.Option(help="Episodes in the test split.")] = 32,
    n_frames: Annotated[int, typer.Option(help="Frames in each episode.")] = 30,
    n_objects: Annotated[int, typer.Option(help="Things in the bin.")] = 5,
    slip: Annotated[float, typer.Option(help=SLIP_HELP)] = 1.0,
    gate: Annotated[float, typer.Option(help=GATE_HELP)] = 0.0,
    seed: Annotated[int, typer.Option(help="Which world.")] = 0,
    image_size: Annotated[int, typer.Option(min=8, max=256, help="Side of a frame in pixels.")] = 64,
) -> None:
    """Write the pushing world out in the lab layout, to be read again as `source: bair`."""
    world = _world(
        n_train=episodes,
        n_validate=validate,
        n_test=test,
        n_frames=n_frames,
        n_objects=n_objects,
        slip=slip,
        gate=gate,
        seed=seed,
    )
    written = write_lab_layout(world, path, image_size)
    counts = ", ".join(f"{n} {split}" for split, n in written.items())
    new_console().print(f"wrote {counts} sequences to {path}", soft_wrap=True)


def _world(**options: Any) -> PushingWorld:
    try:
        return PushingWorld(**options)
    except ValidationError as error:
        mistake = first_mistake(error)
        message = mistake.message.removeprefix("Value error, ")
        raise InputError(f"{mistake.path}={mistake.value!r}: {message}") from error


#: Runs the command line and ends the process.
main = partial(run_command, app)


if __name__ == "__main__":
    main()
