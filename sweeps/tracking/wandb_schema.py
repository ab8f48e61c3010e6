"""How a run reads in a run browser: its name, tags, configuration, rows, captions and summary. Knows no wandb."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from cvae.config import load_yaml_mapping
from cvae.record import RunFolder, RunIdentity, RunState, is_collapsed

#: Searched parameters in a run's name; the others are counted.
NAMED_PARAMS = 3

#: Keys of a configuration that say where it ran and not what was trained.
NOISE = ("store", "runtime")

#: Where a metric of the record is found in the browser, if not under its own name: few sections, times last.
RENAMED = {
    "seconds": "wall/seconds",
    "train/clips_per_second": "wall/clips_per_second",
    "train/beta": "schedule/beta",
    "train/tfr": "schedule/tfr",
    "train/lr": "schedule/lr",
}


def run_id(identity: RunIdentity, folder: RunFolder) -> str:
    """Return the id under which all attempts of a run are one: `<experiment>-<arm>-<run folder>`."""
    return f"{identity.experiment}-{identity.arm}-{folder.path.name}"


def run_name(identity: RunIdentity) -> str:
    """Return a name for people: `cyclical · lr 1.2e-3 · s3`."""
    named = [f"{key} {_short(value)}" for key, value in short_params(identity.params).items()]
    more = [f"+{len(named) - NAMED_PARAMS}"] if len(named) > NAMED_PARAMS else []
    return " · ".join([identity.arm, *named[:NAMED_PARAMS], *more, f"s{identity.seed}"])


def short_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters by the last part of their names, or by as many parts as tell them apart."""
    short: dict[str, Any] = {}
    for name, value in params.items():
        parts = name.split(".")
        keys = [" ".join(parts[-n:]) for n in range(1, len(parts) + 1)]
        taken = [other.split(".") for other in params if other != name]
        key = next((k for n, k in enumerate(keys, 1) if all(parts[-n:] != t[-n:] for t in taken)), keys[-1])
        short[key] = value
    return short


def _short(value: Any) -> str:
    """Return a value in few letters: 1.2e-3 or 0.25 for a number."""
    if not isinstance(value, float):
        return str(value)
    if value and not 0.01 <= abs(value) < 1000:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.3g}"


def flag_tags(state: RunState) -> list[str]:
    """Return which of `diverged` and `collapsed` a run's state says, or shows where it was written before flags."""
    if state.flags is not None:
        return [name for name in ("diverged", "collapsed") if state.flags.get(name)]
    kl = state.scores.get("train/kl")
    found = ["diverged"] if state.status == "diverged" else []
    return found + (["collapsed"] if is_collapsed(kl) else [])


def tags_of(identity: RunIdentity, state: RunState | None = None) -> list[str]:
    """Return arm, seed and, once there is one to speak of, the run's status and what it means for its result."""
    tags = [identity.arm, f"seed {identity.seed}"]
    return tags + list(dict.fromkeys([state.status, *flag_tags(state)])) if state else tags


def config_of(folder: RunFolder, identity: RunIdentity) -> dict[str, Any]:
    """Return what was trained, nested as in config.yaml, and what was chosen for it."""
    config = load_yaml_mapping(folder.config)
    chosen = {key.replace(" ", "_"): value for key, value in short_params(identity.params).items()}
    who = {key: getattr(identity, key) for key in ("arm", "phase", "number", "trial")}
    return (
        _without_nulls({k: v for k, v in config.items() if k not in NOISE}) | _without_nulls(who) | {"searched": chosen}
    )


def _without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    kept = {k: _without_nulls(v) if isinstance(v, dict) else v for k, v in values.items()}
    return {k: v for k, v in kept.items() if v is not None and v != {}}


def row_of(line: Mapping[str, Any]) -> dict[str, float]:
    """Return an evaluation of the record as the metrics of a row.

    A curve over future frames is two metrics, its first and its last frame. Left out is what says nothing new: the
    epoch, which is a multiple of the step, and the curves of copying the last frame, which are the same every time.
    """
    row: dict[str, float] = {}
    for key, value in line.items():
        if key == "epoch":
            continue
        if not isinstance(value, list):
            row[RENAMED.get(key, key)] = value
        elif value and "copy_last" not in key:
            name = key.removesuffix("_per_frame")
            row |= {f"{name}_first_frame": value[0], f"{name}_last_frame": value[-1]}
    return row


def summary_of(state: RunState, lines: list[dict[str, Any]], metric: str = "val/psnr") -> dict[str, Any]:
    """Return the numbers that stand for a run: how it ended, its final scores and its best evaluation."""
    summary: dict[str, Any] = {"status": state.status, "attempts": state.attempt}
    for flag in ("diverged", "collapsed"):
        summary[flag] = int(flag in flag_tags(state))
    if state.error and state.error.message:
        summary["error"] = state.error.message
    for key, value in final_scores(state).items():
        summary[f"final/{key}"] = value
    if scored := [line for line in lines if line.get(metric) is not None]:
        best = max(scored, key=lambda line: float(line[metric]))
        summary |= {f"best/{metric.replace('/', '_')}": best[metric], "best/step": best["step"]}
    return summary


def final_scores(state: RunState) -> dict[str, float]:
    """Return the final evaluation's numbers without the name of their split: `psnr`, `copy_last_psnr`, `kl`, ..."""
    final = state.scores
    last_of_training_first = sorted(final, key=lambda key: not key.startswith("train/"))  # the split's own wins
    return {k.rpartition("/")[2]: final[k] for k in last_of_training_first if isinstance(final[k], int | float)}


def clips_drawn(picture: Path) -> list[dict[str, Any]]:
    """Return `name`, `box` and, for a single sample, mean `psnr` of each clip in a strip; empty if it says none."""
    with Image.open(picture) as image:
        return list(json.loads(image.info.get("clips", "[]")))


def caption_of(picture: Path, step: int, psnr: float | None, what: str) -> str:
    """Return a caption: step, score of the split, and each clip in it with its PSNR."""
    parts = [f"step {step}"] + ([f"{what} {psnr:.2f} dB"] if psnr is not None else [])
    clips = clips_drawn(picture)
    scores = [f" {clip['psnr']:.1f} dB" if "psnr" in clip else "" for clip in clips]
    return " · ".join(parts + [f"clip {clip['name']}{score}" for clip, score in zip(clips, scores, strict=True)])
