"""What the latent does in each arm: the diagnostics of the confirm runs' final evaluation, averaged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from sweeps.report.cells import kl_words
from sweeps.report.frames_ahead import numbers_of
from sweeps.report.numbers import finite
from sweeps.report.runs import Experiment
from sweeps.report.wording import number

_FORECASTS = {
    "prior": "z from the prior",
    "best_of_n": "best of n",
    "posterior": "z from the posterior",
    "zero": "z = 0",
    "flat_colour": "best flat colour",
}
_NUMBERS: dict[str, tuple[str, Callable[[float], str]]] = {
    "active_units": ("active units", lambda value: number(value, 1)),
    "mutual_information": ("mutual information, nats", kl_words),
    "mutual_information_bound": ("its bound, nats", kl_words),
    "rate": ("rate, nats", kl_words),
    "distortion": ("distortion", lambda value: f"{value:.3g}"),
}


@dataclass(frozen=True)
class DiagnosticRow:
    """One number as text, for every arm in order; a dash where it was not measured."""

    title: str
    cells: tuple[str, ...]


def diagnostic_rows(experiment: Experiment) -> list[DiagnosticRow]:
    """Return one row per diagnostic that some confirm run measured."""
    arms = [
        [run.diagnostics for run in experiment.of(arm, "confirm") if run.is_finished and run.diagnostics]
        for arm in experiment.plan.arms
    ]
    rows = [
        _row(f"PSNR, {words}, dB", arms, lambda d, k=kind: _mean_psnr(d, k), _decibels)
        for kind, words in _FORECASTS.items()
    ]
    rows += [_row(title, arms, lambda d, k=key: finite(d.get(k)), words) for key, (title, words) in _NUMBERS.items()]
    for section in ("diversity", "conditions"):
        keys = dict.fromkeys(key for runs in arms for d in runs for key in _mapping(d.get(section)))
        for key in keys:
            read = lambda d, s=section, k=key: finite(_mapping(d.get(s)).get(k))  # noqa: E731
            rows.append(_row(f"{section}: {key.replace('_', ' ')}", arms, read, lambda value: f"{value:.4g}"))
    return [row for row in rows if any(cell != number(None) for cell in row.cells)]


def _row(
    title: str,
    arms: Sequence[Sequence[Mapping[str, Any]]],
    read: Callable[[Mapping[str, Any]], float | None],
    words: Callable[[float], str],
) -> DiagnosticRow:
    cells = []
    for runs in arms:
        known = [value for run in runs if (value := read(run)) is not None]
        cells.append(words(fmean(known)) if known else number(None))
    return DiagnosticRow(title, tuple(cells))


def _mean_psnr(diagnostics: Mapping[str, Any], kind: str) -> float | None:
    values = numbers_of(_mapping(diagnostics.get("psnr_per_frame")).get(kind))
    return fmean(values) if values else None


def _decibels(value: float) -> str:
    return number(value, 2)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
