"""The curves of what a run was told to do, step by step: its schedules, evaluated."""

from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from cvae.config import TrainConfig
from cvae.schedules import KLAnneal, TeacherForcing
from sweeps.report.runs import Run

N_POINTS = 240

_KL: TypeAdapter[Any] = TypeAdapter(KLAnneal)
_TEACHER_FORCING: TypeAdapter[Any] = TypeAdapter(TeacherForcing)


def points(run: Run, key: str) -> list[tuple[int, float]]:
    """Return the (step, value) of a curve.

    beta and tfr are evaluated from the run's configuration, up to its last recorded step: read off at evaluations only,
    a cycle shorter than the time between them would look like a constant. Other keys are what was recorded, as are
    these where the configuration does not tell: a weight that the training itself sets, as under `control`.
    """
    recorded = run.series(key)
    schedule = _schedule(run, key)
    if schedule is None or not recorded:
        return recorded
    last = recorded[-1][0]
    return [(int(step), schedule(int(step))) for step in np.unique(np.linspace(0, last - 1, N_POINTS).astype(int))]


def _schedule(run: Run, key: str) -> Callable[[int], float] | None:
    """Return step -> value of beta or tfr; None for another key, or where the configuration does not tell."""
    try:
        train = TrainConfig.model_validate(run.config["train"])
        if key == "train/beta":
            target, anneal = float(run.config["beta"]), _KL.validate_python(run.config["kl_anneal"])
            return lambda step: target * float(anneal(train.progress(step)))
        if key == "train/tfr":
            forcing = _TEACHER_FORCING.validate_python(run.config["teacher_forcing"])
            return lambda step: float(forcing(train.progress(step)))
    except (KeyError, TypeError, ValidationError):
        return None
    return None
