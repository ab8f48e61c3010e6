"""Predict what follows given frames: `python -m cvae.predict RUN_FOLDER --frames in.npz --out out.npz`."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from cvae.cli import ShowVersion, new_command, run_command
from cvae.errors import InputError
from cvae.predict.frames_file import read_given

app = new_command()

CHECKPOINTS: tuple[Literal["last", "best"], ...] = ("last", "best")


@app.command()
def predict_command(
    run: Annotated[Path, typer.Argument(metavar="RUN_FOLDER", help="a run folder with a checkpoint")],
    frames: Annotated[
        Path, typer.Option(metavar="FILE.npz", help="an episode (docs/data.md): `frames`, `actions`, `positions`")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help=".npz (samples, frames, S, S, 3), .gif or .mp4")],
    horizon: Annotated[
        int | None, typer.Option(min=1, help="frames to predict  [default: as far as the actions reach]")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="samples of the future")] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="of the noise  [default: evaluation.seed of the run]")] = None,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="last|best", help="which weights  [default: as the run's configuration says]")
    ] = None,
    version: ShowVersion = False,
) -> None:
    """Predict what follows the first frames of a file, by a trained run."""
    which = next((known for known in CHECKPOINTS if known == checkpoint), None)
    if which != checkpoint:
        raise InputError(f"--checkpoint is '{checkpoint}'; allowed: {', '.join(CHECKPOINTS)}")
    given = read_given(frames)
    from cvae.api import load_run  # needs torch, for which neither --help nor a mistake should wait
    from cvae.predict.prediction_file import check_kind, save_prediction

    check_kind(out)
    loaded = load_run(run, which)
    n_past, reach = loaded.model.n_past, given.horizon(loaded.model.n_past)
    n_future = horizon or reach or loaded.config.n_future
    if n_future < 1:
        raise InputError(f"{frames}: has actions of {n_past + n_future} frames, of which {n_past} are given")
    predicted = loaded.predict(given.frames, given.actions, n_future, samples, positions=given.positions, seed=seed)
    save_prediction(loaded.at_its_size(given.frames), predicted, out)
    print(f"{samples} samples of {n_future} frames after {n_past} given ones: {out}")


#: Runs the command line and ends the process.
main = partial(run_command, app)


if __name__ == "__main__":
    main()
