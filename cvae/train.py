"""Train one model, without Optuna or wandb: `python -m cvae.train CONFIG.yaml --out FOLDER`."""

from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from cvae.config import Config, build_config, dump_yaml, load_yaml_mapping, parse_settings
from cvae.config.presets import over_preset
from cvae.console import echo_line
from cvae.data import store_threshold
from cvae.data.store import open_store
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.record import LEAST_CODE_SHARE, RunFolder

app = new_command()


def describe_threshold(config: Config) -> str:
    """Return what the data at hand says of the weight above which no latent can live, with a warning if need be."""
    store = open_store(config.data, config.image_size, Path(config.store))
    threshold = store_threshold(store, config.n_past + config.n_future)
    return "too few clips to estimate beta_c" if threshold is None else threshold.format(config.top_beta)


def prepare(folder: RunFolder, config: Config) -> None:
    """Write the configuration of a new run; a folder that holds another configuration is refused.

    Raises:
        InputError: the folder cannot be written or holds a run with another configuration.
    """
    text = dump_yaml(config.model_dump(mode="json"))
    if folder.config.exists():
        if build_config(load_yaml_mapping(folder.config), str(folder.config)) != config:
            raise InputError(f"{folder.path}: holds a run with another configuration; choose another --out")
        return
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder.path}: cannot be created ({error.strerror})") from error
    write_atomically(folder.config, text.encode())


def format_mute_code(share: float) -> str:
    """Return what is said of codes of which so small a share differs between frames."""
    return (
        f"{share:.0%} of the codes' second moment differ between frames: the latent hardly hears which frame it is of "
        "(docs/evaluation.md says what helps)"
    )


@app.command()
def train(
    config_file: Annotated[
        Path, typer.Argument(metavar="CONFIG.yaml", help="differences from the defaults, or from its `preset`")
    ],
    out: Annotated[Path, typer.Option(help="run folder; the same command goes on where it was interrupted")],
    settings: Annotated[list[str], typer.Option("--set", metavar="PATH=VALUE", help="override one key")] = [],  # noqa: B006
) -> None:
    """Train one model and leave a run folder: epochs.jsonl, checkpoint, samples and the final evaluation."""
    values = over_preset(str(config_file), load_yaml_mapping(config_file), parse_settings(settings))
    config = build_config(values, str(config_file))
    folder = RunFolder(out)
    prepare(folder, config)
    from cvae.errors import Diverged
    from cvae.run import train_run

    echo_line(config.describe_convention())
    echo_line(describe_threshold(config))
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


if __name__ == "__main__":
    run_command(app)
