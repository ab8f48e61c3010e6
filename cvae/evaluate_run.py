"""Evaluate a trained run again: on another split, or on other data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cvae.command import new_command, run_command
from cvae.config import Config, Split, build_config
from cvae.errors import InputError
from cvae.overrides import merge, parse_settings
from cvae.record import PREFIXES, RunFolder
from cvae.yaml_file import load_yaml_mapping

app = new_command()


def evaluate_run(folder: RunFolder, config: Config, split: Split, stem: Path) -> dict[str, Any]:
    """Score a run's checkpoint on a split of the data in `config`; write `STEM.npz`, `STEM.png` and `STEM.gif`.

    Conditions are standardised as in the run's training: the model knows no other scale.

    Raises:
        InputError: there is no checkpoint, or the data does not fit the model.
    """
    import torch

    from cvae.data import ConditionStatistics, open_store
    from cvae.device import choose_place
    from cvae.evaluate import draw_samples, evaluate
    from cvae.frames import save_pictures
    from cvae.model import build_model
    from cvae.run import read_checkpoint, save_clips

    checkpoint = read_checkpoint(folder)
    statistics = ConditionStatistics(**{key: tuple(value) for key, value in checkpoint["statistics"].items()})
    place = choose_place(config.runtime)
    store = open_store(config.data, config.image_size, Path(config.store))
    use = config.model.use_positions
    if store.n_actions + (store.n_positions if use else 0) != len(statistics.mean):
        raise InputError(
            f"{store.source.place}: has {store.n_actions} action and {store.n_positions} position values a frame; "
            f"the model was trained on {len(statistics.mean)} condition values"
        )
    clips = store.clips(split, config.n_past + config.n_eval, use_positions=use, statistics=statistics)
    model = build_model(config, len(statistics.mean))
    model.load_state_dict(checkpoint["trainer"]["model"])
    model.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    e = config.evaluation
    evaluation = evaluate(model, clips, place, e.batch_size, e.seed)
    save_clips(evaluation, stem.with_suffix(".npz"))
    save_pictures(draw_samples(model, clips, e.n_samples, place, e.seed), stem)
    return evaluation.summary(PREFIXES[split]) | {"n_clips": len(clips)}


@app.command()
def evaluate_command(
    run: Annotated[Path, typer.Argument(metavar="RUN_FOLDER", help="a run folder with a checkpoint")],
    split: Annotated[Split, typer.Option(help="which clips")] = "test",
    settings: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="other data or frames, as in data.root=DIR")
    ] = [],  # noqa: B006
    out: Annotated[
        Path | None, typer.Option(help="stem of the files to write  [default: RUN_FOLDER/evaluation-SPLIT]")
    ] = None,
) -> None:
    """Score a run from the prior on every clip of a split, beside copy-last-frame."""
    folder = RunFolder(run)
    if not folder.config.exists():
        raise InputError(f"{run}: not a run folder; expected a config.yaml in it")
    values = merge(load_yaml_mapping(folder.config), parse_settings(settings))
    config = build_config(values, str(folder.config))
    stem = out or run / f"evaluation-{split}"
    summary = evaluate_run(folder, config, split, stem)
    score, floor = (next(v for k, v in summary.items() if k.endswith(name)) for name in ("/psnr", "/copy_last_psnr"))
    print(f"{summary['n_clips']} clips of {split}: PSNR {score:.2f} dB, copy-last-frame {floor:.2f} dB")
    print(f"per clip and frame: {stem.with_suffix('.npz')}; pictures: {stem}.png, {stem}.gif")


if __name__ == "__main__":
    run_command(app)
