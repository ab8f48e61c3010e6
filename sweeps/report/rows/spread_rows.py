"""How sure the report is: where the spread comes from, and how many seeds would find an effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from sweeps.experiment import Metric
from sweeps.report.comparison import PairResult, VarianceSplit, seeds_needed
from sweeps.report.wording import decimals_for, format_number


@dataclass(frozen=True)
class SeedsRow:
    """A pair's spread from seed to seed, and the seeds that each effect would need, as text."""

    pair: str
    sd: str
    seeds: tuple[tuple[str, str], ...]


def seeds_rows(metric: Metric, pairs: Sequence[PairResult]) -> list[SeedsRow]:
    """Return for each pair how many paired seeds would find effects of three sizes."""
    return [
        SeedsRow(
            pair=f"{row.a} against {row.b}",
            sd=_with_unit(row.sd, metric),
            seeds=tuple((f"{effect:g}{_unit(metric)}", "> 1000" if n is None else str(n)) for effect, n in row.effects),
        )
        for row in seeds_needed(metric, pairs)
    ]


def variance_rows(metric: Metric, split: VarianceSplit) -> list[tuple[str, str]]:
    """Return where the spread comes from as (source, standard deviation); empty where nothing can be told."""
    sources = {
        "from seed to seed, one configuration": split.seed,
        "from configuration to configuration, over the search space": split.configuration,
        "of the tuned configuration, from tuning to tuning": split.tuning,
        "from clip to clip, one model": split.clip,
        "of a run's score, by the choice of clips": split.clip_in_score,
    }
    return [(source, _with_unit(sd, metric)) for source, sd in sources.items() if sd is not None]


def _with_unit(sd: float, metric: Metric) -> str:
    return format_number(sd, decimals_for(sd)) + _unit(metric)


def _unit(metric: Metric) -> str:
    return f" {metric.unit}" if metric.unit else ""
