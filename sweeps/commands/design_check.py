"""What an experiment could find, before it is launched: by its arms, seeds and margin, and a spread that is known."""

import math
from collections.abc import Iterator
from pathlib import Path

from cvae.errors import InputError
from sweeps.decision import LEAST_PAIRS
from sweeps.experiment import Experiment, Metric


def design_warnings(experiment: Experiment) -> Iterator[str]:
    """Yield what keeps a design from giving words, whatever its runs will say."""
    n, margin = experiment.confirm.seeds, experiment.metric.margin
    if len(experiment.arms) < 2:
        yield "there is one arm, so nothing will be compared"
    elif n < LEAST_PAIRS:
        yield f"confirm.seeds is {n}: below {LEAST_PAIRS} paired seeds no word can be given, better or equivalent"
    elif margin is None:
        yield "metric.margin is not declared, so no two arms can be called equivalent"


def prospects(experiment: Experiment, spread_from: str | None) -> list[str]:
    """Return what the planned seeds could find, a line each.

    Args:
        experiment: what is planned.
        spread_from: an earlier experiment's folder, or a standard deviation of paired differences; None: not known.

    Raises:
        InputError: the folder cannot be read, measured something else, or has no spread; or the number is not above 0.
    """
    warnings = [f"warning: {warning}" for warning in design_warnings(experiment)]
    if spread_from is None:
        return [*warnings, "what these seeds could find: say --spread-from runs/OTHER, or the spread of differences"]
    sd = _spread(experiment.metric, spread_from)
    return [*warnings, *(_prospects(experiment, sd, spread_from) if len(experiment.arms) > 1 else [])]


def _prospects(experiment: Experiment, sd: float, source: str) -> Iterator[str]:
    from sweeps.report.statistics import ALPHA, effect_for_pairs, half_width, pairs_needed

    metric, n = experiment.metric, experiment.confirm.seeds
    unit = f" {metric.unit}" if metric.unit else ""
    n_pairs = math.comb(len(experiment.arms), 2)
    family = f" in any one of {n_pairs} pairs, adjusted for all of them" if n_pairs > 1 else ""
    yield f"differences that spread by {sd:.2g}{unit} from seed to seed ({source}):"
    if n >= LEAST_PAIRS:
        effect = effect_for_pairs(sd, n, ALPHA / n_pairs)
        yield f"  better or worse: {n} seeds find {effect:.2g}{unit} with 80% power{family}"
    if (margin := metric.margin) is None:
        return
    least, for_all = (pairs_needed(sd, margin, alpha=alpha) for alpha in (ALPHA, ALPHA / n_pairs))
    needed = f"{_seeds(least)} seeds" + (f", {_seeds(for_all)} for all {n_pairs} pairs" if n_pairs > 1 else "")
    yield f"  equivalent within ±{margin:g}{unit}: needs at least {needed}; {n} are planned"
    if n >= LEAST_PAIRS and (least is None or least > n):
        largest = margin / half_width(1.0, n)
        yield (
            f"warning: with this spread and margin no two arms can be called equivalent by {n} seeds; "
            f"that takes a spread below {largest:.2g}{unit}, or a margin above {half_width(sd, n):.2g}{unit}"
        )


def _seeds(n: int | None) -> str:
    return "more than 1000" if n is None else str(max(n, LEAST_PAIRS))


def _spread(metric: Metric, source: str) -> float:
    """Return the standard deviation of paired differences: a number as given, or pooled over a folder's pairs."""
    try:
        sd = float(source)
    except ValueError:
        return _spread_of(metric, Path(source))
    if not (sd > 0 and math.isfinite(sd)):
        raise InputError(f"--spread-from is '{source}'; allowed: an experiment's folder, or a number above 0")
    return sd


def _spread_of(metric: Metric, folder: Path) -> float:
    from sweeps.report import analyse

    analysis = analyse(folder)
    theirs = analysis.experiment.plan.metric
    if theirs.name != metric.name:
        raise InputError(
            f"--spread-from {folder}: its metric is {theirs.name}; that of this experiment is {metric.name}"
        )
    known = [(pair.test.n - 1, pair.test.sd) for pair in analysis.pairs if pair.test.sd]
    if not known:
        raise InputError(f"--spread-from {folder}: has no two arms with two paired seeds that differ")
    return math.sqrt(sum(df * sd**2 for df, sd in known) / sum(df for df, _ in known))
