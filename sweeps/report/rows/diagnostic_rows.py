"""What the latent does in each arm: the diagnostics of the confirm runs' final evaluation, averaged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any

from cvae.record import finite, numbers_of
from sweeps.report.reading import ExperimentRecord
from sweeps.report.wording import DASH, format_kl, format_number

Values = Mapping[str, Any]

Read = Callable[[Values], float | None]

_FORECASTS = {
    "prior": "z from the prior",
    "best_of_n": "best of n",
    "posterior": "z from the posterior",
    "zero": "z = 0",
    "flat_colour": "best flat colour",
}

_NUMBERS: dict[str, tuple[str, Callable[[float], str]]] = {
    "energy_db": ("energy score, dB", lambda value: format_number(value, 2)),
    "crps": ("CRPS", lambda value: f"{value:.4f}"),
    "posterior_zero_gap": ("posterior less z = 0, dB", lambda value: format_number(value, 2)),
    "active_units": ("active units", lambda value: format_number(value, 1)),
    "mutual_information": ("mutual information, nats", format_kl),
    "mutual_information_bound": ("its bound, nats", format_kl),
    "rate": ("rate: posterior KL, nats", format_kl),
    "distortion": ("distortion", lambda value: f"{value:.3g}"),
}


@dataclass(frozen=True)
class DiagnosticRow:
    """One number as text, for every arm in order; a dash where it was not measured."""

    title: str
    cells: tuple[str, ...]


def diagnostic_rows(experiment: ExperimentRecord) -> list[DiagnosticRow]:
    """Return one row per diagnostic that some confirm run measured."""
    arms = [
        [run.diagnostics for run in experiment.of(arm, "confirm") if run.is_finished and run.diagnostics]
        for arm in experiment.plan.arms
    ]
    rows = [
        _row(f"PSNR, {forecast}, dB", arms, partial(_mean_psnr, kind), partial(format_number, decimals=2))
        for kind, forecast in _FORECASTS.items()
    ]
    rows += [_row(title, arms, partial(_number, key), show) for key, (title, show) in _NUMBERS.items()]
    for section in ("diversity", "conditions"):
        keys = dict.fromkeys(key for runs in arms for d in runs for key in _mapping(d.get(section)))
        for key in keys:
            title = f"{section}: {key.replace('_', ' ')}"
            rows.append(_row(title, arms, partial(_number_in, section, key), lambda value: f"{value:.4g}"))
    return [row for row in rows if any(cell != DASH for cell in row.cells)]


def _row(title: str, arms: Sequence[Sequence[Values]], read: Read, show: Callable[[float], str]) -> DiagnosticRow:
    cells = []
    for runs in arms:
        known = [value for run in runs if (value := read(run)) is not None]
        cells.append(show(fmean(known)) if known else DASH)
    return DiagnosticRow(title, tuple(cells))


def _number(key: str, diagnostics: Values) -> float | None:
    return finite(diagnostics.get(key))


def _number_in(section: str, key: str, diagnostics: Values) -> float | None:
    return finite(_mapping(diagnostics.get(section)).get(key))


def _mean_psnr(kind: str, diagnostics: Values) -> float | None:
    values = numbers_of(_mapping(diagnostics.get("psnr_per_frame")).get(kind))
    return fmean(values) if values else None


def _mapping(value: object) -> Values:
    return value if isinstance(value, Mapping) else {}
