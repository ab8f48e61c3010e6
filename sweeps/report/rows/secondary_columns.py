"""What the report says by metrics beside the one that decides: no verdict, no adjusted p."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sweeps.report.reading import ExperimentRecord
from sweeps.report.rows.column import Column, ReportTable, between, in_decimals, signed
from sweeps.report.secondary import SecondaryArm, SecondaryPair, SecondaryResult
from sweeps.report.wording import DASH, decimals_for, pair_decimals


def _label(result: SecondaryResult) -> str:
    metric = result.metric
    return f"{metric.label}, {metric.unit}" if metric.unit else metric.label


@dataclass(frozen=True)
class SecondaryArmRow:
    """One arm by one secondary metric, in the decimals that the widest spread of its arms deserves."""

    result: SecondaryResult
    arm: SecondaryArm
    decimals: int

    @property
    def label(self) -> str:
        """The metric with its unit."""
        return _label(self.result)


@dataclass(frozen=True)
class SecondaryPairRow:
    """One pair of arms by one secondary metric, in the decimals that its own interval deserves."""

    result: SecondaryResult
    pair: SecondaryPair

    @property
    def label(self) -> str:
        """The metric with its unit."""
        return _label(self.result)

    @property
    def decimals(self) -> int:
        """Of the difference and of its interval."""
        return pair_decimals(self.pair.test)


def _format_direction(direction: str, _row: object) -> str:
    return DASH if direction == "none" else direction


#: To add a number to the arms by secondary metrics, add a column.
SECONDARY_ARM_COLUMNS: tuple[Column[SecondaryArmRow], ...] = (
    Column("", lambda row: row.result.metric.name, csv="metric"),
    Column("", lambda row: row.label, "secondary metric", style="wide", page=""),
    Column("", lambda row: row.arm.name, csv="arm"),
    Column("n", lambda row: row.arm.confirmed.n),
    Column("mean", lambda row: row.arm.confirmed.mean, "mean", in_decimals, style="main"),
    Column("interval", lambda row: row.arm.confirmed.interval, "95% interval", between, style="wide"),
    Column("", lambda row: row.arm.confirmed.n, "seeds"),
    Column("sd", lambda row: row.arm.confirmed.sd),
)

#: To add a number to the pairs by secondary metrics, add a column.
SECONDARY_PAIR_COLUMNS: tuple[Column[SecondaryPairRow], ...] = (
    Column("", lambda row: row.result.metric.name, csv="metric"),
    Column("", lambda row: row.result.metric.direction, csv="direction"),
    Column("", lambda row: row.label, "secondary metric", style="wide", page="", paper="Secondary metric"),
    Column("", lambda row: row.result.metric.direction, "direction", _format_direction, style="wide"),
    Column("a", lambda row: row.pair.a),
    Column("b", lambda row: row.pair.b),
    Column("n", lambda row: row.pair.test.n),
    Column(
        "difference", lambda row: row.pair.test.difference, "a − b", signed,  # noqa: RUF001 - a minus sign
        paper="Mean",
    ),
    Column(
        "interval", lambda row: row.pair.test.interval, "95% interval", between, style="wide", paper=r"95\% interval"
    ),
    Column("", lambda row: row.pair.test.n, "paired seeds", paper="Pairs"),
    Column("within_margin", lambda row: row.pair.is_within_margin),
    Column("left_out", lambda row: list(row.pair.left_out)),
)  # fmt: skip


def secondary_arm_table(
    experiment: ExperimentRecord, results: Sequence[SecondaryResult]
) -> ReportTable[SecondaryArmRow]:
    """Return the arms by each secondary metric, each row in its metric's unit."""
    rows = []
    for result in results:
        decimals = decimals_for(max((arm.confirmed.sd or 0.0 for arm in result.arms), default=0.0))
        rows += [SecondaryArmRow(result, arm, decimals) for arm in result.arms]
    return ReportTable(SECONDARY_ARM_COLUMNS, rows, experiment.plan.metric)


def secondary_pair_table(
    experiment: ExperimentRecord, results: Sequence[SecondaryResult]
) -> ReportTable[SecondaryPairRow]:
    """Return the pairs of arms by each secondary metric, each row in its metric's unit."""
    rows = [SecondaryPairRow(result, pair) for result in results for pair in result.pairs]
    return ReportTable(SECONDARY_PAIR_COLUMNS, rows, experiment.plan.metric)


def secondary_values(experiment: ExperimentRecord, results: Sequence[SecondaryResult]) -> list[dict[str, Any]]:
    """Return what verdict.json holds of each secondary metric."""
    return [
        {
            "name": result.metric.name,
            "read_as": result.key,
            "direction": result.metric.direction,
            "margin": result.metric.margin,
            "unit": result.metric.unit,
            "n_finished": result.n_finished,
            "n_without": result.n_without,
            "arms": dict(
                zip(experiment.plan.arms, secondary_arm_table(experiment, [result]).values(), strict=True),
            ),
            "pairs": secondary_pair_table(experiment, [result]).values(),
        }
        for result in results
    ]


def secondary_notes(results: Sequence[SecondaryResult]) -> list[str]:
    """Return what the tables do not say: numbers that runs lack, and differences inside a margin."""
    return [note for result in results for note in _notes(result)]


def _notes(result: SecondaryResult) -> Iterator[str]:
    metric, n, n_without = result.metric, result.n_finished, result.n_without
    if n_without and n_without == n:
        yield f"{metric.label}: no finished confirm run has {result.key}"
    elif n_without:
        yield f"{metric.label}: {n_without} of {n} finished confirm runs have no {result.key}, and their pairs left"
    within = [f"{pair.a} against {pair.b}" for pair in result.pairs if pair.is_within_margin]
    if within:
        unit = f" {metric.unit}" if metric.unit else ""
        yield f"{metric.label}: the whole interval lies within ±{metric.margin:g}{unit}: {'; '.join(within)}"
