"""The paragraph for a paper: what was estimated, over what, how sure, and what it cost, as reviewers ask for it."""

from collections import Counter
from collections.abc import Iterator

from sweeps.report.analysis import Analysis
from sweeps.report.comparison import pair_sentence
from sweeps.report.wording import decimals_for, format_number


def paper_paragraph(analysis: Analysis) -> str:
    """Return the paragraph; numbers and rule are those of the report."""
    return " ".join([*_design(analysis), *_rule(analysis), *_results(analysis), *_costs(analysis)])


def _design(analysis: Analysis) -> Iterator[str]:
    plan, metric = analysis.experiment.plan, analysis.experiment.plan.metric
    unit = f" in {metric.unit}" if metric.unit else ""
    more = "more" if metric.sign > 0 else "less"
    yield (
        f"We compare {', '.join(plan.arms)} by {metric.label}{unit} ({more} is better) on the whole {plan.split} split "
        "of one data set."
    )
    kept = "best configuration" if plan.n_configs == 1 else f"{plan.n_configs} best configurations"
    sampler = f" ({plan.sampler})" if plan.sampler else ""
    if plan.n_tunings > 1:
        trials, seeds = plan.trials_per_arm // plan.n_tunings, plan.n_seeds // plan.n_tunings
        most = "up to " if plan.stop == "sure" else ""
        times = f"{most}{plan.n_tunings} times, each time by {trials} trials of its own{sampler}"
        yield f"Each arm was tuned {times}, by {metric.name}."
        yield f"Each choice was trained again with {seeds} fresh seed{'' if seeds == 1 else 's'} that all arms share."
        yield f"Intervals hold for the arms so tuned, with {trials} trials."
    elif plan.trials_per_arm:
        yield f"Each arm was tuned by {plan.trials_per_arm} trials{sampler}, by {metric.name}."
        yield f"Its {kept} was trained again with {_seeds(analysis)} that all arms share."
        yield "Intervals hold for the configurations that tuning chose; another tuning may choose others."
    else:
        yield f"Each arm was trained as it is, without tuning, with {_seeds(analysis)} that all arms share."


def _seeds(analysis: Analysis) -> str:
    plan = analysis.experiment.plan
    most = "up to " if plan.stop == "sure" else ""
    return f"{most}{plan.n_seeds} fresh seed{'' if plan.n_seeds == 1 else 's'}"


def _rule(analysis: Analysis) -> Iterator[str]:
    plan, n_pairs = analysis.experiment.plan, len(analysis.pairs)
    if not n_pairs:
        return
    if plan.n_tunings > 1:
        yield "The tuning is the unit: its difference is the mean over those of its seeds at which both arms trained."
    else:
        yield "The seed is the unit: differences are means over the seeds at which both arms trained."
    if analysis.experiment.first_planned is not None and analysis.experiment.first_planned < plan.n_seeds:
        added = f"{plan.block.capitalize()}s were added after a first look"
        yield f"{added}, so words are read off intervals that hold whenever one looks (95%)."
    elif plan.stop == "sure":
        pairs, looks = "both arms" if n_pairs == 1 else f"all {n_pairs} pairs", f"all looks from the sixth {plan.block}"
        yield f"Words are read off 95% intervals that hold for {pairs} and {looks} on together."
    else:
        holm = "" if n_pairs == 1 else f", adjusted by Holm over {n_pairs} pairs"
        yield f"Intervals are 95% Student t, words by the paired t test at 5%{holm}."
    margin = plan.metric.margin
    if margin is not None:
        unit = f" {plan.metric.unit}" if plan.metric.unit else ""
        yield f"A margin of ±{margin:g}{unit} was declared beforehand; equivalence is two one-sided tests of it."


def _results(analysis: Analysis) -> Iterator[str]:
    for pair in analysis.pairs:
        yield pair_sentence(pair, analysis.experiment)  # an arm's name keeps its letters
    broke = [f"{len(arm.broken_seeds)} of {len(arm.ended_seeds)} ({arm.name})" for arm in analysis.arms]
    if any(arm.broken_seeds for arm in analysis.arms):
        yield f"Seeds at which a run broke down, left out of the means and counted beside: {', '.join(broke)}."
    elif any(arm.ended_seeds for arm in analysis.arms):
        yield "No confirmed run broke down."


def _costs(analysis: Analysis) -> Iterator[str]:
    runs = analysis.experiment.runs
    seconds = [run.state.seconds for run in runs if run.state.seconds]
    if seconds:
        hours = sum(seconds) / 3600
        devices = Counter(run.state.device for run in runs if run.state.device)
        on = f" on {' and '.join(devices)}" if devices else ""
        took = format_number(hours, decimals_for(hours) if hours < 10 else 0)
        yield f"All {len(runs)} runs took {took} device hours{on}."
