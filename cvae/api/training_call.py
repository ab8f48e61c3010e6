"""Training from a program: what `python -m cvae.train` does, without printing."""

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from cvae.api.loaded_run import LoadedRun, load_run
from cvae.config import Config, build_config
from cvae.config.presets import over_preset
from cvae.errors import Diverged, InputError
from cvae.new_run import prepare
from cvae.record import RunFolder
from cvae.run import train_run


def train(
    config: Config | Mapping[str, Any],
    out: str | PathLike[str],
    on_evaluation: Callable[[Mapping[str, Any]], None] | None = None,
) -> LoadedRun:
    """Train one model into a run folder and return it, loaded; call again to go on after an interruption.

    Args:
        config: a configuration, or the differences from the defaults or from their `preset`, as a YAML file has them.
        out: the run folder, new or begun with the same configuration.
        on_evaluation: called with the numbers of each evaluation (docs/evaluation.md) once it is recorded.

    Raises:
        InputError: the configuration, the data, the folder or the device cannot be used, or the training diverged.
    """
    whole = config if isinstance(config, Config) else build_config(over_preset("config", config), "config")
    folder = RunFolder(Path(out))
    prepare(folder, whole)
    try:
        for evaluated in train_run(folder):
            if on_evaluation is not None:
                on_evaluation(evaluated.result.values())
    except Diverged as error:
        raise InputError(f"{folder.path}: diverged: {error}") from error
    return load_run(folder.path)
