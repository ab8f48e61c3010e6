"""Every name that a mirrored run has in wandb, there and back: what is written is read here too. Knows no wandb.

Most names are for people. Beside them config and summary each hold one text under `cvae_record`: what a run is and its
experiment's files, and how it ended. From these and the rows comes a record that the report judges as the original.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from cvae.config import load_yaml_mapping
from cvae.errors import InputError
from cvae.files import readable_text
from cvae.record import RunFolder, RunIdentity, RunState, finite, is_collapsed, parse_record

#: Key, of config and of summary, of what is kept for the way back.
RECORD = "cvae_record"

#: Files of an experiment that every one of its runs carries.
SHARED_FILES = ("experiment.yaml", "data.json")

#: Searched parameters in a run's name; the others are counted.
NAMED_PARAMS = 3

#: Keys of a configuration that say where it ran and not what was trained.
NOISE = ("store", "runtime")

#: Keys of a run's identity that stand in its config for people to filter by.
FILTERED_BY = ("arm", "phase", "number", "trial")

#: Metric of the record -> its name in the browser, if not its own: few sections, times last.
RENAMED = {
    "seconds": "wall/seconds",
    "train/clips_per_second": "wall/clips_per_second",
    "train/beta": "schedule/beta",
    "train/tfr": "schedule/tfr",
    "train/lr": "schedule/lr",
}

_RECORDED_AS = {browsed: recorded for recorded, browsed in RENAMED.items()}
_ENDS = ("_first_frame", "_last_frame")  # of a curve over future frames


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
        return "null" if value is None else str(value)
    if value and not 0.01 <= abs(value) < 1000:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.3g}"


def flag_tags(state: RunState) -> list[str]:
    """Return which of `diverged` and `collapsed` a run's state says, or shows where it was written before flags."""
    if state.flags is not None:
        return [name for name in ("diverged", "collapsed") if state.flags.get(name)]
    diverged = ["diverged"] if state.status == "diverged" else []
    return diverged + (["collapsed"] if is_collapsed(state.scores.get("train/kl")) else [])


def tags_of(identity: RunIdentity, state: RunState | None = None) -> list[str]:
    """Return arm, seed and, once there is one to speak of, the run's status and what it means for its result."""
    ending = dict.fromkeys([state.status, *flag_tags(state)]) if state else {}
    return [identity.arm, f"seed {identity.seed}", *ending]


@dataclass(frozen=True)
class RunOrigin:
    """What a mirrored run says of itself beside its numbers."""

    identity: RunIdentity
    config: Mapping[str, Any]  # config.yaml less nulls, paths and threads
    files: Mapping[str, str]  # of SHARED_FILES those that its experiment had -> their text


def config_of(folder: RunFolder, identity: RunIdentity) -> dict[str, Any]:
    """Return what was trained, nested as in config.yaml, what was chosen for it, and what `origin_of` reads."""
    config = {k: v for k, v in load_yaml_mapping(folder.config).items() if k not in NOISE}
    for_filters = {key: getattr(identity, key) for key in FILTERED_BY}
    chosen = {key.replace(" ", "_"): value for key, value in short_params(identity.params).items()}
    shared = [folder.path.parents[1] / name for name in SHARED_FILES]
    files = {path.name: text for path in shared if (text := readable_text(path)) is not None}
    record = json.dumps({"identity": identity.written(), "files": files})
    return _without_nulls(config) | _without_nulls(for_filters) | {"searched": chosen, RECORD: record}


def _without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    kept = {k: _without_nulls(v) if isinstance(v, dict) else v for k, v in values.items()}
    return {k: v for k, v in kept.items() if v is not None and v != {}}


def origin_of(config: Mapping[str, Any]) -> RunOrigin | None:
    """Return what `config_of` wrote; None for a run that this project has not mirrored.

    Raises:
        InputError: it was mirrored by a version that kept less, or its text is damaged.
    """
    ours = {*FILTERED_BY, "searched", RECORD}
    if RECORD not in config:
        if {"arm", "phase", "searched"} <= config.keys():
            raise InputError("was mirrored by an earlier version: remove its experiment's wandb folder, then --sync")
        return None
    try:
        record = json.loads(config[RECORD])
        identity = parse_record(RunIdentity, record["identity"])
        files = {name: str(record["files"][name]) for name in SHARED_FILES if name in record["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"its {RECORD} is damaged ({error})") from error
    return RunOrigin(identity, {k: v for k, v in config.items() if k not in ours and k != "_wandb"}, files)


def row_of(line: Mapping[str, Any]) -> dict[str, float]:
    """Return an evaluation of the record as the metrics of a row.

    A curve over future frames is two metrics, its first and its last frame. Left out is what says nothing new: the
    epoch, which is a multiple of the step, and the curves of copying the last frame, which are the same every time.
    """
    row: dict[str, float] = {}
    for key, value in line.items():
        if not isinstance(value, list):
            row[RENAMED.get(key, key)] = value
        elif value and "copy_last" not in key:
            name = key.removesuffix("_per_frame")
            row |= {f"{name}{end}": value[at] for end, at in zip(_ENDS, (0, -1), strict=True)}
    row.pop("epoch", None)
    return row


def line_of(row: Mapping[str, Any]) -> dict[str, float]:
    """Return a row as an evaluation of the record, less what `row_of` left out; empty for one that is none."""
    if "step" not in row or is_final(row):
        return {}
    ours = [key for key in sorted(row) if not key.startswith(("_", "samples/")) and not key.endswith(_ENDS)]
    line = {_RECORDED_AS.get(key, key): row[key] for key in ours if key != "step" and finite(row[key]) is not None}
    return {"step": int(row["step"])} | line if line else {}


def is_final(row: Mapping[str, Any]) -> bool:
    """Return whether a row is that of the final evaluation: the record keeps it in state.json, not as a line."""
    return any(key.startswith("final/") for key in row)


def summary_of(state: RunState, lines: list[dict[str, Any]], metric: str = "val/psnr") -> dict[str, Any]:
    """Return how a run ended, its final and best scores and, for `recorded_state`, all of its state but a pid."""
    summary: dict[str, Any] = {"status": state.status, "attempts": state.attempt}
    summary |= {flag: int(flag in flag_tags(state)) for flag in ("diverged", "collapsed")}
    if state.error and state.error.message:
        summary["error"] = state.error.message
    summary |= {f"final/{key}": value for key, value in final_scores(state).items()}
    if scored := [line for line in lines if line.get(metric) is not None]:
        best = max(scored, key=lambda line: float(line[metric]))
        summary |= {f"best/{metric.replace('/', '_')}": best[metric], "best/step": best["step"]}
    return summary | {RECORD: json.dumps(asdict(replace(state, pid=None)))}


def recorded_state(summary: Mapping[str, Any], lines: list[dict[str, Any]]) -> RunState:
    """Return how a run stands, as far as its last row tells where no end of it was mirrored.

    Raises:
        InputError: the text is damaged.
    """
    step = lines[-1]["step"] if lines else 0
    try:
        record = json.loads(summary.get(RECORD, "null")) or {"status": summary.get("status", "running"), "step": step}
        return parse_record(RunState, record)
    except (ValueError, TypeError) as error:
        raise InputError(f"its {RECORD} is damaged ({error})") from error


def final_scores(state: RunState) -> dict[str, float]:
    """Return the final evaluation's numbers without the name of their split: `psnr`, `copy_last_psnr`, `kl`, ..."""
    final = state.scores
    last_of_training_first = sorted(final, key=lambda key: not key.startswith("train/"))  # the split's own wins
    return {k.rpartition("/")[2]: final[k] for k in last_of_training_first if isinstance(final[k], int | float)}
