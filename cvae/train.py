"""Train one model, without Optuna or wandb: `python -m cvae.train CONFIG.yaml --out FOLDER`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import ShowVersion, new_command, run_command
from cvae.config import build_config, load_yaml_mapping, parse_settings
from cvae.config.presets import over_preset
from cvae.console import echo_line
from cvae.errors import InputError
from cvae.new_run import describe_threshold, format_mute_code, prepare
from cvae.record import LEAST_CODE_SHARE, RunFolder

app = new_command()


@app.command()
def train_command(
    config_file: Annotated[
        Path, typer.Argument(metavar="CONFIG.yaml", help="differences from the defaults, or from its `preset`")
    ],
    out: Annotated[Path, typer.Option(help="run folder; the same command goes on where it was interrupted")],
    settings: Annotated[list[str], typer.Option("--set", metavar="PATH=VALUE", help="override one key")] = [],  # noqa: B006
    version: ShowVersion = False,
) -> None:
    """Train one model and leave a run folder: epochs.jsonl, checkpoint, samples and the final evaluation."""
    values = over_preset(str(config_file), load_yaml_mapping(config_file), parse_settings(settings))
    config = build_config(values, str(config_file))
    folder = RunFolder(out)
    threshold = describe_threshold(config)  # opens the data: what is wrong with it leaves no folder behind
    prepare(folder, config)
    from cvae.errors import Diverged
    from cvae.run import train_run

    echo_line(config.describe_convention())
    echo_line(threshold)
    is_first = True
    try:
        for evaluated in train_run(folder):
            v = evaluated.result.values()
            if is_first and v["train/code_share"] < LEAST_CODE_SHARE:
                echo_line(f"warning: {format_mute_code(v['train/code_share'])}")
            is_first = False
            echo_line(
                f"step {v['step']:>7}/{config.train.steps}  loss {v['train/loss']:.4f}  kl {v['train/kl']:.3f} nats  "
                f"beta {v['train/beta']:.2e}  tfr {v['train/tfr']:.2f}  psnr {v['val/psnr']:.2f} dB  "
                f"(copy-last {v['val/copy_last_psnr']:.2f})  {v['train/clips_per_second']:.0f} clips/s",
            )
    except Diverged as error:
        raise InputError(f"diverged: {error}") from error
    echo_line(f"{folder.read_state().status}: {folder.path}")


#: Runs the command line and ends the process.
main = partial(run_command, app)


if __name__ == "__main__":
    main()
