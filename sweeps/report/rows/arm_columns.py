"""What the report says of each arm."""

from collections.abc import Sequence
from dataclasses import dataclass

from sweeps.report.comparison import ArmResult, format_breakdowns
from sweeps.report.reading import ExperimentRecord
from sweeps.report.rows.column import Column, ReportTable, between, in_decimals, signed
from sweeps.report.wording import decimals_for, format_kl


@dataclass(frozen=True)
class ArmRow:
    """One arm, with what its row needs of the others."""

    arm: ArmResult
    n_planned: int  # seeds, or tunings where there are several
    block: str  # which of them
    decimals: int  # as many as the widest spread of all arms deserves

    @property
    def name(self) -> str:
        """The arm's name."""
        return self.arm.name


def _format_part(counts: tuple[int, int], row: ArmRow) -> str:
    return f"{counts[0]} of {counts[1]}" + (" tunings" if row.block == "tuning" else "")


#: To add a number to the arms, add a column of group `main` or `tuning`.
ARM_COLUMNS: tuple[Column[ArmRow], ...] = (
    Column("", lambda row: row.name, csv="arm"),
    Column("n", lambda row: row.arm.confirmed.n),
    Column("n_planned", lambda row: row.n_planned, csv=""),
    Column(
        "mean", lambda row: row.arm.confirmed.mean, "confirmed mean", in_decimals, style="main",
        page="mean {metric}{comma_unit}", paper="{metric}{unit_in_brackets}",
    ),
    Column(
        "interval", lambda row: row.arm.confirmed.interval, "95% interval", between, style="wide",
        paper=r"95\% interval",
    ),
    Column("", lambda row: (row.arm.confirmed.n, row.n_planned), "seeds", _format_part, paper="Seeds"),
    Column("sd", lambda row: row.arm.confirmed.sd, csv=""),
    Column("iqm", lambda row: row.arm.iqm, "middle half", in_decimals, paper="IQM"),
    Column("worst_tenth", lambda row: row.arm.worst_tenth, "worst tenth", in_decimals, paper="Worst tenth"),
    Column("copy_last", lambda row: row.arm.copy_last),
    Column("", lambda row: row.arm.gain.n, csv="gain_n"),
    Column("gain", lambda row: row.arm.gain.mean, "gain over copy-last", signed, csv="gain_mean", paper="Gain"),
    Column("gain_interval", lambda row: row.arm.gain.interval, "95% interval", between, style="wide"),
    Column("tune_score", lambda row: row.arm.tune_score, "tune score", in_decimals, "tuning"),
    Column(
        "on_tune_split", lambda row: row.arm.on_tune_split, "fresh seeds, same split", in_decimals, "tuning",
        markdown="",
    ),
    Column("", lambda row: row.arm.confirmed.mean, "confirmed", in_decimals, "tuning", markdown=""),
    Column("shrinkage", lambda row: row.arm.shrinkage, "shrinkage", signed, "tuning"),
    Column("kl", lambda row: row.arm.kl, "training KL, nats", lambda kl, _: format_kl(kl)),
    Column("n_runs", lambda row: row.arm.n_runs),
    Column("n_lost", lambda row: row.arm.n_lost),
    Column("n_diverged", lambda row: row.arm.n_diverged),
    Column("n_collapsed", lambda row: row.arm.n_collapsed),
    Column("", lambda row: (row.arm.n_collapsed, row.arm.n_kl), "collapsed", _format_part),
    Column("n_broken", lambda row: len(row.arm.broken_seeds & row.arm.ended_seeds)),
    Column("n_ended", lambda row: len(row.arm.ended_seeds)),
    Column("", lambda row: row.arm, "broke down", lambda arm, _: format_breakdowns(arm)),
    Column("mean_of_all", lambda row: row.arm.everything.mean),
    Column("params", lambda row: [dict(run.params) for run in row.arm.chosen], group="tuning", csv=""),
)  # fmt: skip


def arm_table(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> ReportTable[ArmRow]:
    """Return the table of the arms, one row an arm; training KL in nats per sequence, the rest in the metric's unit."""
    decimals = decimals_for(max((arm.confirmed.sd or 0.0 for arm in arms), default=0.0))
    rows = [ArmRow(arm, experiment.plan.n_blocks, experiment.plan.block, decimals) for arm in arms]
    return ReportTable(ARM_COLUMNS, rows, experiment.plan.metric)
