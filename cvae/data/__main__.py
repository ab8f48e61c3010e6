"""`python -m cvae.data`: look at data before training on it, or write the pushing world out as files."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from pydantic import ValidationError
from rich.table import Table

from cvae.cli import USER_MISTAKE, ShowVersion, new_command, run_command
from cvae.console import TextConsole, new_console
from cvae.data.collapse_threshold import CollapseThreshold
from cvae.data.contact_sheet import write_contact_sheet
from cvae.data.hidden_report import hidden_report
from cvae.data.inspection import Inspection, SplitInspection, detect, inspect
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources import PushingWorld, Recorded, Source
from cvae.errors import InputError
from cvae.sections import first_mistake

MOST_PROBLEMS_SHOWN = 20

SLIP_HELP = "Strength of the hidden motion; 0: none."

GATE_HELP = "Centimetres that a lid slides in a frame by a hidden coin, 1 to 16; 0: no lid."

OF_THE_WORLD = " Of the pushing world alone."

app = new_command(__doc__)


@app.callback()
def data_command(version: ShowVersion = False) -> None:  # noqa: D103 - its help is the module's
    pass


@app.command("inspect")
def inspect_command(
    path: Annotated[str, typer.Argument(help="Folder with train/, validate/ or test/; or the word `pushing`.")],
    out: Annotated[Path | None, typer.Option(help="Contact sheet; default contact-sheet-NAME.png here.")] = None,
    clip_length: Annotated[int, typer.Option(min=1, help="Frames in a clip.")] = 12,
    n_frames: Annotated[int, typer.Option(min=1, help="Frames in a sequence of the lab layout.")] = 30,
    image_size: Annotated[int, typer.Option(min=8, max=256, help="Pixels; of the pushing world alone.")] = 64,
    slip: Annotated[float | None, typer.Option(help=SLIP_HELP + OF_THE_WORLD)] = None,
    gate: Annotated[float | None, typer.Option(help=GATE_HELP + OF_THE_WORLD)] = None,
    n_objects: Annotated[int | None, typer.Option(help=f"Things in the bin.{OF_THE_WORLD}")] = None,
    seed: Annotated[int | None, typer.Option(help=f"Which world.{OF_THE_WORLD}")] = None,
) -> None:
    """Say what a data folder holds and everything that is wrong with it; draw some of it.

    Of the pushing world also what it hides, and what forecasters that know it score.
    """
    source = _with_options(detect(path, n_frames), path, slip=slip, gate=gate, n_objects=n_objects, seed=seed)
    report = inspect(source, clip_length, image_size)
    console = new_console()
    _print_report(console, report, clip_length)
    if report.threshold:
        console.print(_format_threshold(report.threshold), soft_wrap=True)
    if isinstance(source, PushingWorld):
        for part in hidden_report(source, clip_length, image_size):
            console.print(part, soft_wrap=isinstance(part, str))
    rows = [(split, episode) for split, of_split in report.splits.items() for episode in of_split.shown]
    if rows:
        name = Path(path).resolve().name
        sheet = out or Path(f"contact-sheet-{name}.png")
        write_contact_sheet(rows, f"{name}: {report.source.source}, {report.side}x{report.side} pixels", sheet)
        console.print(f"contact sheet: {sheet}", soft_wrap=True)
    for problem in report.problems[:MOST_PROBLEMS_SHOWN]:
        console.print(f"problem: {problem}", soft_wrap=True)
    if report.problems:
        console.print(f"{_count(report.problems)} found{_left_out(report)}: this data cannot be trained on")
        raise typer.Exit(USER_MISTAKE)
    console.print("no problems found")


def _format_threshold(threshold: CollapseThreshold) -> str:
    given = f", linear in {threshold.n_conditions} conditions" if threshold.n_conditions else ""
    return (
        f"collapse: at {threshold.image_size}x{threshold.image_size} pixels beta_c is about {threshold.beta_c:.2g} "
        f"(beta_sum {threshold.beta_sum:.3g}, sigma {threshold.sigma:.3g}): above it a latent is expected to die in "
        f"a model that forecasts one step no worse than the previous frame{given} (it can be too low); "
        f"from {threshold.n_residuals} steps"
    )


def _count(problems: list[str]) -> str:
    return f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"


def _left_out(report: Inspection) -> str:
    return f", {MOST_PROBLEMS_SHOWN} shown" if len(report.problems) > MOST_PROBLEMS_SHOWN else ""


def _print_report(console: TextConsole, report: Inspection, clip_length: int) -> None:
    console.print(f"source: {report.source.source} ({report.source.location})", soft_wrap=True)
    if report.side:
        console.print(f"frames: {report.side}x{report.side} pixels")
    stride = report.source.stride
    console.print(f"clips:  {'one per episode' if stride is None else f'one every {stride} frames'}")
    made = report.source.made_splits() if isinstance(report.source, Recorded) else {}
    for split, rule in made.items():
        console.print(f"made:   {rule.describe(split)}")
    table = Table("split", "episodes", "frames each", f"clips of {clip_length}")
    for split, of_split in report.splits.items():
        table.add_row(split, str(len(of_split.lengths)), _span(of_split.lengths), str(of_split.n_clips))
    console.print(table)
    for split, of_split in report.splits.items():
        if of_split.conditions:
            console.print(_condition_table(split, of_split))


def _span(lengths: list[int]) -> str:
    if not lengths:
        return "-"
    low, high = min(lengths), max(lengths)
    return str(low) if low == high else f"{low} to {high}"


def _condition_table(split: str, of_split: SplitInspection) -> Table:
    values = np.concatenate(of_split.conditions).astype(np.float64)  # (frames, columns)
    n_actions = of_split.shown[0].actions.shape[1]
    table = Table("column", "min", "mean", "max", "std", title=f"{split}: conditions", title_justify="left")
    for column in range(values.shape[1]):
        name = f"action {column}" if column < n_actions else f"position {column - n_actions}"
        numbers = values[:, column]
        ranges = (numbers.min(), numbers.mean(), numbers.max(), numbers.std())
        table.add_row(name, *(f"{number:.4g}" for number in ranges))
    return table


def _with_options(source: Source, path: str, **options: float | None) -> Source:
    """The source with those options of the pushing world that were given."""
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        return source
    if not isinstance(source, PushingWorld):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise InputError(f"{path}: {flags} can only be given for the pushing world")
    return _world(**(dict(source) | given))


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
