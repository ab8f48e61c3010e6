"""Evaluate a trained run again: on another split, over a longer horizon, by other protocols, or on other data."""

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cvae.cli import ShowVersion, new_command, run_command
from cvae.config import Config, Split, build_config, load_yaml_mapping, merge, parse_settings
from cvae.console import echo_line
from cvae.data.store import open_store
from cvae.errors import InputError
from cvae.record import PREFIXES, RunFolder

if TYPE_CHECKING:
    from cvae.run import FinalEvaluation


class Asked(StrEnum):
    """What `--protocol` may name: all, or a part of `cvae.evaluation.protocols.ALL`."""

    all = "all"
    prior = "prior"
    best = "best"
    mean = "mean"
    posterior = "posterior"
    zero = "zero"
    conditions = "conditions"


app = new_command()


class Weights(StrEnum):
    """Which of a run's weights are evaluated."""

    last = "last"
    best = "best"


WhichWeights = Annotated[
    Weights, typer.Option(help="weights of its end, or of its best evaluation (evaluation.checkpoint: best)")
]


@app.command()
def evaluate_command(
    run: Annotated[Path, typer.Argument(metavar="RUN_FOLDER", help="a run folder with a checkpoint")],
    split: Annotated[Split, typer.Option(help="which clips")] = "test",
    protocol: Annotated[
        list[Asked],
        typer.Option(
            help="how z is chosen; again for more than one: prior (one sample), best and mean (of N), posterior, "
            "zero (z = 0), conditions (shuffled and zeroed)"
        ),
    ] = [Asked.all],  # noqa: B006
    samples: Annotated[
        int | None, typer.Option(min=1, help="N of best and mean of N  [default: evaluation.best_of of the run]")
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(min=1, help="frames to predict, even more than in training  [default: n_eval]"),
    ] = None,
    settings: Annotated[
        list[str], typer.Option("--set", metavar="PATH=VALUE", help="other data or weight files, as in data.root=DIR")
    ] = [],  # noqa: B006
    checkpoint: WhichWeights = Weights.last,
    out: Annotated[
        Path | None,
        typer.Option(
            help="stem of the files to write  [default: RUN_FOLDER/evaluation-SPLIT and what differs from the run]"
        ),
    ] = None,
    version: ShowVersion = False,
) -> None:
    """Score a trained run on every clip of a split, beside baselines, and say what its latent does."""
    folder = RunFolder(run)
    if not folder.config.exists():
        raise InputError(f"{run}: not a run folder; expected a config.yaml in it")
    written = load_yaml_mapping(folder.config)
    values = merge(written, parse_settings(settings))
    values = merge(values, {"evaluation": {"best_of": samples}} if samples else {})
    values = merge(values, {"n_eval": horizon} if horizon else {})
    config = build_config(values, str(folder.config))
    asked = [] if Asked.all in protocol else protocol
    stem = out or run / evaluation_name(folder, config, split, asked, checkpoint)
    if out is not None and files_exist(out):
        raise InputError(f"{out}: holds another evaluation; choose another --out")
    from cvae.evaluation import ALL  # needs torch, for which neither --help nor a mistake should wait
    from cvae.run import evaluate_checkpoint, files_beside, is_the_runs_own

    chosen = ALL if Asked.all in protocol else tuple(p for p in ALL if Asked(p) in protocol)
    files = files_beside(stem)
    final = evaluate_checkpoint(folder, config, split, files, chosen, is_watched=True, which=checkpoint.value)
    if Asked.all in protocol and checkpoint is Weights.last and is_the_runs_own(folder, config, split):
        folder.diagnostics.write_bytes(files.diagnostics.read_bytes())
    for line in format_evaluation(final, split):
        echo_line(line)
    echo_line(f"per clip and frame: {files.clips}; diagnostics: {files.diagnostics}; pictures: {stem}*.png, {stem}.gif")


def files_exist(stem: Path) -> bool:
    """Return whether an evaluation was written to `STEM.npz`."""
    return stem.with_name(f"{stem.name}.npz").exists()


def evaluation_name(
    folder: RunFolder, config: Config, split: Split, protocols: Sequence[Asked], weights: Weights = Weights.last
) -> str:
    """Return what the files of an evaluation are called: its split, and whatever differs from the run's own.

    Two evaluations of one run share a name only where they ask for the same.

    Args:
        folder: the run's.
        config: with what was set beside it.
        split: which clips.
        protocols: those asked for; none: all.
        weights: the run's own are its last.

    Raises:
        InputError: the data cannot be read.
    """
    own = build_config(load_yaml_mapping(folder.config), str(folder.config))
    parts = ["evaluation", split, *sorted({str(protocol) for protocol in protocols})]
    parts += [] if weights is Weights.last else [weights.value]
    parts += [f"h{config.n_eval}"] if config.n_eval != own.n_eval else []
    parts += [f"n{config.evaluation.best_of}"] if config.evaluation.best_of != own.evaluation.best_of else []
    if config.data != own.data:
        store = open_store(config.data, config.image_size, Path(config.store))
        parts.append(f"data-{store.fingerprint[:8]}")
    if others := _set_besides(config, own):
        parts.append(f"set-{hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()[:8]}")
    return "-".join(parts)


def _set_besides(config: Config, own: Config) -> dict[str, Any]:
    """Return what else differs from the run's configuration and may move a number: all but where it is computed."""
    named = {"data": own.data, "n_eval": own.n_eval, "store": own.store, "runtime": own.runtime}
    best_of = {"evaluation": config.evaluation.model_copy(update={"best_of": own.evaluation.best_of})}
    values, before = config.model_copy(update=named | best_of).model_dump(mode="json"), own.model_dump(mode="json")
    return {key: value for key, value in values.items() if value != before[key]}


#: What is printed, in this order, where it was evaluated.
_LINES = {
    "psnr": "prior, one sample",
    "best_of_n_psnr": "best of N",
    "mean_of_n_psnr": "mean of N",
    "posterior_psnr": "posterior",
    "zero_psnr": "z = 0",
    "shuffled_actions_psnr": "actions of another clip",
    "shuffled_positions_psnr": "positions of another clip",
    "zeroed_actions_psnr": "actions zeroed",
    "zeroed_positions_psnr": "positions zeroed",
    "copy_last_psnr": "copy-last-frame",
    "linear_psnr": "linear extrapolation",
    "flat_colour_psnr": "best flat colour",
}


def format_evaluation(final: "FinalEvaluation", split: Split) -> list[str]:
    """Return what a person wants to know of an evaluation, a line each."""
    prefix, s = PREFIXES[split], final.summary
    lines = [f"{s['n_clips']} clips of {split}: PSNR {s[f'{prefix}/psnr']:.2f} dB, copy-last-frame "
             f"{s[f'{prefix}/copy_last_psnr']:.2f} dB"]  # fmt: skip
    lines.append(f"  {'':26}{'PSNR, dB':>9}{'SSIM':>8}{'MSE':>10}")
    shown = {k: name for k, name in _LINES.items() if f"{prefix}/{k}" in s}
    if s[f"{prefix}/linear_psnr"] <= s[f"{prefix}/copy_last_psnr"]:
        shown.pop("linear_psnr")  # a floor that is below another is none
    for key, name in shown.items():
        values = [final.scores[key.replace("psnr", metric)] for metric in ("psnr", "ssim", "mse")]
        lines.append(f"  {name:26}{values[0]:9.2f}{values[1]:8.4f}{values[2]:10.2e}")
    if f"{prefix}/energy_db" in s:
        lines.append(
            f"  energy score {s[f'{prefix}/energy_db']:.2f} dB ({s[f'{prefix}/energy']:.4f}), CRPS "
            f"{s[f'{prefix}/crps']:.4f}; copy-last-frame {s[f'{prefix}/copy_last_energy_db']:.2f} dB"
        )
    lines.append(
        f"  latent: posterior KL {s[f'{prefix}/kl']:.3g} nats a sequence, {s[f'{prefix}/active_units']} active "
        f"dimensions, mutual information {s[f'{prefix}/mutual_information']:.2f} nats; "
        f"distortion {s[f'{prefix}/distortion']:.4f}"
    )
    lines += [f"  FVD {s[f'{prefix}/fvd']:.1f}"] if f"{prefix}/fvd" in s else []
    called = [name for name, is_so in final.flags.items() if is_so]
    return lines + ([f"  the run is to be called {' and '.join(called)}"] if called else [])


#: Runs the command line and ends the process.
main = partial(run_command, app)


if __name__ == "__main__":
    main()
