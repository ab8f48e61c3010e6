"""A trained run's checkpoint, evaluated again."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from cvae.config import Config, Split, build_config, load_yaml_mapping
from cvae.data.store import Clips, ConditionStatistics, Store, open_store
from cvae.device import Accelerator, choose_accelerator
from cvae.errors import InputError
from cvae.evaluation import Protocol
from cvae.model import CVAE, build_model
from cvae.record import RunFolder
from cvae.run.checkpoint import Which, read_checkpoint
from cvae.run.final_evaluation import EvaluationFiles, FinalEvaluation, final_evaluation


def evaluate_checkpoint(
    folder: RunFolder,
    config: Config,
    split: Split,
    files: EvaluationFiles,
    protocols: Collection[Protocol],
    is_watched: bool = False,
    which: Which = "last",
) -> FinalEvaluation:
    """Evaluate a run's checkpoint in full on a split of the data in `config`, and write scores and pictures.

    Conditions are standardised as in the run's training: the model knows no other scale.

    Raises:
        InputError: there is no checkpoint, or the data or the configuration does not fit the model.
    """
    model, statistics, accelerator = load_model(folder, config, which)
    store = open_store(config.data, config.image_size, Path(config.store))
    clips = _clips(store, config, split, statistics)
    return final_evaluation(
        model, clips, accelerator, config, split, store.n_actions, files, protocols=protocols, is_watched=is_watched
    )


def load_model(
    folder: RunFolder, config: Config, which: Which = "last"
) -> tuple[CVAE, ConditionStatistics, Accelerator]:
    """Return a run's model on its device, the scale of the conditions that it was trained on, and the device.

    Raises:
        InputError: there is no checkpoint, it does not fit the configuration, or the device is not there.
    """
    checkpoint = read_checkpoint(folder, which)
    statistics = ConditionStatistics(**{key: tuple(value) for key, value in checkpoint["statistics"].items()})
    accelerator = choose_accelerator(config.runtime)
    model = _trained_model(folder, checkpoint, config, len(statistics.mean))
    model.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model, statistics, accelerator


def _clips(store: Store, config: Config, split: Split, statistics: ConditionStatistics) -> Clips:
    """Return the clips to evaluate; data with other conditions than the model was trained on is refused."""
    use = config.model.use_positions
    if store.n_actions + (store.n_positions if use else 0) != len(statistics.mean):
        raise InputError(
            f"{store.source.location}: has {store.n_actions} action and {store.n_positions} position values a frame; "
            f"the model was trained on {len(statistics.mean)} condition values"
        )
    return store.clips(split, config.n_past + config.n_eval, use_positions=use, statistics=statistics)


def _trained_model(folder: RunFolder, checkpoint: dict[str, Any], config: Config, n_conditions: int) -> CVAE:
    """Return the model of a configuration with a checkpoint's weights; one that does not fit is refused."""
    model = build_model(config, n_conditions)
    try:
        model.load_state_dict(checkpoint["trainer"]["model"])
    except RuntimeError as error:
        raise InputError(
            f"{folder.checkpoint}: does not hold the model that the configuration describes; what was trained cannot "
            f"be changed with --set ({str(error).splitlines()[-1].strip()})"
        ) from error
    return model


def is_the_runs_own(folder: RunFolder, config: Config, split: Split) -> bool:
    """Whether this is the evaluation that the run itself would have ended with, and it has none."""
    own = build_config(load_yaml_mapping(folder.config), str(folder.config))
    same = own.model_copy(update={"evaluation": config.evaluation, "runtime": config.runtime})
    return not folder.diagnostics.exists() and config == same and split == own.evaluation.final_split
