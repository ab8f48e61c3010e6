"""Results as table cells, shared by the HTML page and the Markdown file."""

from collections.abc import Sequence
from dataclasses import dataclass

from cvae.record import finite
from cvae.schedules import Weight
from sweeps.experiment import Metric
from sweeps.report.comparison import (
    ArmResult,
    PairResult,
    VarianceSplit,
    format_more_seeds,
    pair_sentence,
    seeds_needed,
)
from sweeps.report.reading import ExperimentRecord, RunRecord
from sweeps.report.wording import (
    decimals_for,
    format_interval,
    format_kl,
    format_p,
    format_value,
    number,
    pair_decimals,
)


@dataclass(frozen=True)
class PairCells:
    """One pair of arms as text."""

    a: str
    b: str
    verdict: str
    difference: str
    interval: str
    n: int
    p_holm: str
    bootstrap: str
    sign_flip_p: str
    improvement: str
    over_space: str
    over_clips: str
    two_way: str
    note: str
    left_out: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class ChosenCells:
    """A confirmed configuration: its parameters, beta in both conventions, and the beta that kills every latent."""

    run: str
    params: dict[str, str]
    beta: str
    beta_sum: str
    sigma: str
    beta_c: str


@dataclass(frozen=True)
class ArmCells:
    """One arm as text."""

    name: str
    mean: str
    interval: str
    n: str
    iqm: str
    worst_tenth: str
    gain: str
    gain_interval: str
    tune_score: str
    on_tune_split: str
    shrinkage: str
    kl: str
    collapsed: str
    diverged: str
    lost: str
    chosen: tuple[ChosenCells, ...]


def pair_cells(metric: Metric, pair: PairResult) -> PairCells:
    """Return a pair's row."""
    test, decimals = pair.test, pair_decimals(pair.test)
    notes = ["smaller than the margin"] if pair.is_within_margin and pair.verdict in ("better", "worse") else []
    if pair.verdict == "undecided" and test.interval and test.interval[0] * test.interval[1] > 0:
        notes.append("the interval leaves out zero, but this does not hold after Holm's adjustment")
    if pair.verdict == "undecided" and (words := format_more_seeds(pair.more_seeds, test)):
        notes.append(f"{words} to be decided, if spread and difference stay as measured")
    if pair.with_lost:
        lost = pair.with_lost
        notes.append(f"lost runs counted as worst: better at {lost.n_a}, worse at {lost.n_b} seeds (p = {lost.p:.3f})")
    return PairCells(
        a=pair.a,
        b=pair.b,
        verdict=pair.verdict,
        difference=number(test.difference, decimals, signed=True),
        interval=format_interval(test.interval, decimals),
        n=test.n,
        p_holm=format_p(pair.p_holm),
        bootstrap=format_interval(pair.bootstrap, decimals),
        sign_flip_p=format_p(pair.sign_flip_p),
        improvement=_format_improvement(pair),
        over_space=_format_space_effect(pair),
        over_clips=_format_clip_effect(pair),
        two_way=format_interval(pair.clips.two_way if pair.clips else None),
        note="; ".join(notes),
        left_out=pair.left_out,
        sentence=pair_sentence(pair, metric),
    )


def _format_improvement(pair: PairResult) -> str:
    if pair.improvement is None:
        return number(None)
    low, high = pair.improvement.interval
    return f"{100 * pair.improvement.probability:.0f}% ({100 * low:.0f} to {100 * high:.0f}%)"


def _format_space_effect(pair: PairResult) -> str:
    if (space := pair.space) is None:
        return number(None)
    width = (space.interval[1] - space.interval[0]) / 2 if space.interval else space.difference
    decimals = decimals_for(width)
    return f"{number(space.difference, decimals, True)} ({format_interval(space.interval, decimals)}), n = {space.n}"


def _format_clip_effect(pair: PairResult) -> str:
    if (clips := pair.clips) is None:
        return number(None)
    return f"{number(clips.difference, 2, True)} ({format_interval(clips.interval)}), n = {clips.n_clips}"


def arm_table(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> list[ArmCells]:
    """Return every arm's row, with as many decimals as the widest spread deserves."""
    decimals = decimals_for(max((arm.confirmed.sd or 0.0 for arm in arms), default=0.0))
    return [_arm_cells(experiment, arm, decimals) for arm in arms]


def _arm_cells(experiment: ExperimentRecord, arm: ArmResult, decimals: int) -> ArmCells:
    return ArmCells(
        name=arm.name,
        mean=number(arm.confirmed.mean, decimals),
        interval=format_interval(arm.confirmed.interval, decimals),
        n=f"{arm.confirmed.n} of {experiment.plan.n_seeds}",
        iqm=number(arm.iqm, decimals),
        worst_tenth=number(arm.worst_tenth, decimals),
        gain=number(arm.gain.mean, decimals, signed=True),
        gain_interval=format_interval(arm.gain.interval, decimals),
        tune_score=number(arm.tune_score, decimals),
        on_tune_split=number(arm.on_tune_split, decimals),
        shrinkage=number(arm.shrinkage, decimals, signed=True),
        kl=format_kl(arm.kl),
        collapsed=f"{arm.n_collapsed} of {arm.n_kl}",
        diverged=f"{arm.n_diverged} of {arm.n_runs}",
        lost=f"{arm.n_lost} of {arm.n_runs}",
        chosen=tuple(chosen_cells(run, experiment.beta_c.get(arm.name)) for run in arm.chosen),
    )


def chosen_cells(run: RunRecord, beta_c: float | None) -> ChosenCells:
    """Return a configuration's parameters, and its weight of the KL term in both conventions."""
    beta, size = run.weight(), finite(run.config.get("image_size"))
    weight = None if beta is None or size is None else Weight(beta, int(size))
    return ChosenCells(
        run=run.name.rpartition("-s")[0] or run.name,
        params={path: format_value(value) for path, value in run.params.items()},
        beta="–" if beta is None else f"{beta:.3g}",  # noqa: RUF001
        beta_sum="–" if weight is None else f"{weight.beta_sum:.3g}",  # noqa: RUF001
        sigma="–" if weight is None or weight.beta < 0 else f"{weight.sigma:.3g}",  # noqa: RUF001
        beta_c="–" if beta_c is None else f"≤ {beta_c:.2g}",  # noqa: RUF001
    )


@dataclass(frozen=True)
class SeedsCells:
    """A pair's spread from seed to seed, and the seeds that each effect would need, as text."""

    pair: str
    sd: str
    seeds: tuple[tuple[str, str], ...]


def seeds_cells(metric: Metric, pairs: Sequence[PairResult]) -> list[SeedsCells]:
    """Return for each pair how many paired seeds would find effects of three sizes."""
    unit = f" {metric.unit}" if metric.unit else ""
    return [
        SeedsCells(
            pair=f"{row.a} against {row.b}",
            sd=number(row.sd, decimals_for(row.sd)) + unit,
            seeds=tuple((f"{effect:g}{unit}", "> 1000" if n is None else str(n)) for effect, n in row.effects),
        )
        for row in seeds_needed(metric, pairs)
    ]


def variance_cells(metric: Metric, split: VarianceSplit) -> list[tuple[str, str]]:
    """Return where the spread comes from as (source, standard deviation); empty where nothing can be told."""
    sources = {
        "from seed to seed, one configuration": split.seed,
        "from configuration to configuration, over the search space": split.configuration,
        "from clip to clip, one model": split.clip,
        "of a run's score, by the choice of clips": split.clip_in_score,
    }
    unit = f" {metric.unit}" if metric.unit else ""
    return [(words, number(sd, decimals_for(sd)) + unit) for words, sd in sources.items() if sd is not None]
