"""What an experiment could find, before it is launched: by its arms, seeds and margin, and a spread that is known."""

import math
from collections.abc import Iterator
from pathlib import Path

from cvae.errors import InputError
from sweeps.decision import LEAST_PAIRS, look_level
from sweeps.experiment import Experiment, Metric


def design_warnings(experiment: Experiment) -> Iterator[str]:
    """Yield what keeps a design from giving words, whatever its runs will say."""
    n, margin = experiment.n_blocks, experiment.metric.margin
    if len(experiment.arms) < 2:
        yield "there is one arm, so nothing will be compared"
    elif n < LEAST_PAIRS:
        key = "replicates" if experiment.n_tunings > 1 else "seeds"
        paired = f"paired {_unit_of_evidence(experiment)}s"
        yield f"confirm.{key} is {n}: below {LEAST_PAIRS} {paired} no word can be given, better or equivalent"
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
    sd, measured_from = _spread(experiment, spread_from)
    told = list(_prospects(experiment, sd, spread_from)) if len(experiment.arms) > 1 else []
    if told and measured_from != _unit_of_evidence(experiment):
        told.append(f"warning: {spread_from} knows the spread from {measured_from} to {measured_from}, another one")
    return [*warnings, *told]


def _prospects(experiment: Experiment, sd: float, source: str) -> Iterator[str]:
    from sweeps.report.statistics import ALPHA, effect_for_pairs, half_width, pairs_needed

    metric, n, is_looked_at = experiment.metric, experiment.n_blocks, experiment.confirm.stop == "sure"
    unit = f" {metric.unit}" if metric.unit else ""
    of, n_pairs = _unit_of_evidence(experiment), math.comb(len(experiment.arms), 2)
    family = f" in any one of {n_pairs} pairs, adjusted for all of them" if n_pairs > 1 else ""
    # Words are read off one interval for all pairs and looks, which is narrowest at the last look.
    alpha = look_level(n, n, n_pairs) if is_looked_at else ALPHA / n_pairs
    at_most, looks = ("at most ", ", looks paid for") if is_looked_at else ("", "")
    yield f"differences that spread by {sd:.2g}{unit} from {of} to {of} ({source}):"
    if n >= LEAST_PAIRS:
        effect = effect_for_pairs(sd, n, alpha)
        yield f"  better or worse: {at_most}{n} {of}s find {effect:.2g}{unit} with 80% power{family}{looks}"
    if (margin := metric.margin) is None:
        return
    if is_looked_at:
        least = _looked_at_needed(sd, margin, n, n_pairs)
        told = f"{least or f'more than {n}'} {of}s for all pairs and looks"
    else:
        least, for_all = (pairs_needed(sd, margin, alpha=level) for level in (ALPHA, ALPHA / n_pairs))
        told = f"{_count(least)} {of}s" + (f", {_count(for_all)} for all {n_pairs} pairs" if n_pairs > 1 else "")
    yield f"  equivalent within ±{margin:g}{unit}: needs at least {told}; {at_most}{n} are planned"
    if n >= LEAST_PAIRS and (least is None or least > n):
        own = alpha if is_looked_at else ALPHA
        yield (
            f"warning: with this spread and margin no two arms can be called equivalent by {n} {of}s; that takes a "
            f"spread below {margin / half_width(1.0, n, alpha=own):.2g}{unit}, or a margin above "
            f"{half_width(sd, n, alpha=own):.2g}{unit}"
        )


def _looked_at_needed(sd: float, margin: float, planned: int, n_pairs: int) -> int | None:
    """Return the first look at which an interval around no difference lies in the margin; None where none does."""
    from sweeps.report.statistics import half_width

    looks = range(LEAST_PAIRS, planned + 1)
    return next((n for n in looks if half_width(sd, n, alpha=look_level(n, planned, n_pairs)) < margin), None)


def _count(n: int | None) -> str:
    return "more than 1000" if n is None else str(max(n, LEAST_PAIRS))


def _unit_of_evidence(experiment: Experiment) -> str:
    """Return what one value of a pair rests on: a tuning where every arm is tuned several times, else a seed."""
    return "tuning" if experiment.n_tunings > 1 else "seed"


def _spread(experiment: Experiment, source: str) -> tuple[float, str]:
    """Return the standard deviation of paired differences, as given or pooled over a folder's pairs, and of what."""
    try:
        sd = float(source)
    except ValueError:
        return _spread_of(experiment.metric, Path(source))
    if not (sd > 0 and math.isfinite(sd)):
        raise InputError(f"--spread-from is '{source}'; allowed: an experiment's folder, or a number above 0")
    return sd, _unit_of_evidence(experiment)


def _spread_of(metric: Metric, folder: Path) -> tuple[float, str]:
    from sweeps.report import analyse

    analysis = analyse(folder)
    plan = analysis.experiment.plan
    if plan.metric.name != metric.name:
        raise InputError(
            f"--spread-from {folder}: its metric is {plan.metric.name}; that of this experiment is {metric.name}"
        )
    known = [(pair.test.n - 1, pair.test.sd) for pair in analysis.pairs if pair.test.sd]
    if not known:
        raise InputError(f"--spread-from {folder}: has no two arms with two paired {plan.block}s that differ")
    return math.sqrt(sum(df * sd**2 for df, sd in known) / sum(df for df, _ in known)), plan.block
