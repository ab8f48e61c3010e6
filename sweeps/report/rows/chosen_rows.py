"""The confirmed configurations: their parameters, and their weight of the KL term in both conventions."""

from collections.abc import Sequence
from dataclasses import dataclass

from cvae.record import finite
from cvae.schedules import Weight
from sweeps.report.comparison import ArmResult
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.report.wording import DASH
from sweeps.search_space import format_value


@dataclass(frozen=True)
class ChosenRow:
    """A confirmed configuration as text: beta in both conventions, and the beta above which no latent lives."""

    arm: str
    run: str
    params: dict[str, str]
    beta: str
    beta_sum: str
    sigma: str
    beta_c: str


def chosen_rows(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> list[ChosenRow]:
    """Return a row for every confirmed configuration, arm by arm."""
    return [_chosen_row(arm.name, run, experiment.beta_c.get(arm.name)) for arm in arms for run in arm.chosen]


def _chosen_row(arm: str, run: RunRecord, beta_c: float | None) -> ChosenRow:
    beta, size = run.weight(), finite(run.config.get("image_size"))
    weight = None if beta is None or size is None else Weight(beta, int(size))
    return ChosenRow(
        arm=arm,
        run=run.name.rpartition("-s")[0] or run.name,
        params={path: format_value(value) for path, value in run.params.items()},
        beta=_significant(beta),
        beta_sum=_significant(None if weight is None else weight.beta_sum),
        sigma=_significant(None if weight is None or weight.beta < 0 else weight.sigma),
        beta_c=DASH if beta_c is None else f"≤ {beta_c:.2g}",
    )


def _significant(value: float | None) -> str:
    return DASH if value is None else f"{value:.3g}"
