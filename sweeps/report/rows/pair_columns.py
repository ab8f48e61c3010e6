"""What the report says of each pair of arms, differences a minus b."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sweeps.experiment import Metric
from sweeps.report.comparison import PairResult, format_more_seeds, pair_sentence
from sweeps.report.rows.column import Column, ReportTable, between, signed
from sweeps.report.wording import DASH, decimals_for, format_interval, format_number, format_p, pair_decimals


@dataclass(frozen=True)
class PairRow:
    """One pair of arms, in the decimals that its own interval deserves."""

    pair: PairResult
    metric: Metric

    @property
    def decimals(self) -> int:
        """Of the difference and of its intervals."""
        return pair_decimals(self.pair.test)

    @property
    def notes(self) -> str:
        """What its verdict does not say; empty where that is all there is."""
        return "; ".join(_notes(self.pair))


def _notes(pair: PairResult) -> Iterator[str]:
    test = pair.test
    if pair.is_within_margin and pair.verdict in ("better", "worse"):
        yield "smaller than the margin"
    if pair.verdict == "undecided" and test.interval and test.interval[0] * test.interval[1] > 0:
        yield "the interval leaves out zero, but this does not hold after Holm's adjustment"
    if pair.verdict == "undecided" and (settles := format_more_seeds(pair.more_seeds, test)):
        yield f"{settles} to be decided, if spread and difference stay as measured"
    if lost := pair.with_lost:
        yield f"lost runs counted as worst: better at {lost.n_a}, worse at {lost.n_b} seeds (p = {lost.p:.3f})"


def _format_p(p: float | None, _row: PairRow) -> str:
    return format_p(p)


def _format_improvement(_: object, row: PairRow) -> str:
    if (better := row.pair.improvement) is None:
        return DASH
    low, high = better.interval
    return f"{100 * better.probability:.0f}% ({100 * low:.0f} to {100 * high:.0f}%)"


def _over_space(row: PairRow) -> dict[str, Any] | None:
    if (space := row.pair.space) is None:
        return None
    return {"n": space.n, "difference": space.difference, "interval": space.interval, "n_lost": space.n_lost}


def _format_over_space(_: object, row: PairRow) -> str:
    if (space := row.pair.space) is None:
        return DASH
    width = (space.interval[1] - space.interval[0]) / 2 if space.interval else space.difference
    decimals = decimals_for(width)
    difference = format_number(space.difference, decimals, signed=True)
    return f"{difference} ({format_interval(space.interval, decimals)}), n = {space.n}"


def _over_clips(row: PairRow) -> dict[str, Any] | None:
    if (clips := row.pair.clips) is None:
        return None
    return {
        "n": clips.n_clips,
        "n_seeds": clips.n_seeds,
        "difference": clips.difference,
        "interval": clips.interval,
        "two_way_interval": clips.two_way,
        "share": clips.share,
    }


def _format_over_clips(_: object, row: PairRow) -> str:
    if (clips := row.pair.clips) is None:
        return DASH
    return f"{format_number(clips.difference, signed=True)} ({format_interval(clips.interval)}), n = {clips.n_clips}"


#: To add a number to the pairs, add a column of group `main` or `beside`.
PAIR_COLUMNS: tuple[Column[PairRow], ...] = (
    Column("a", lambda row: row.pair.a),
    Column("b", lambda row: row.pair.b),
    Column("verdict", lambda row: row.pair.verdict, "verdict", style="verdict", page="a is"),
    Column("sentence", lambda row: pair_sentence(row.pair, row.metric), csv=""),
    Column("n", lambda row: row.pair.test.n),
    Column(
        "difference", lambda row: row.pair.test.difference, "a − b", signed,  # noqa: RUF001 - a minus sign
        page="a − b{comma_unit}", paper="Mean{unit_in_brackets}",  # noqa: RUF001
    ),
    Column(
        "interval", lambda row: row.pair.test.interval, "95% interval", between, style="wide", paper=r"95\% interval"
    ),
    Column("", lambda row: row.pair.test.n, "paired seeds", paper="Pairs"),
    Column(
        "bootstrap_interval", lambda row: row.pair.bootstrap, "bootstrap interval", between, "beside", style="wide"
    ),
    Column("p", lambda row: row.pair.test.p),
    Column("p_holm", lambda row: row.pair.p_holm, "Holm p", _format_p, paper="$p$ (Holm)"),
    Column("sign_flip_p", lambda row: row.pair.sign_flip_p, "sign-flip p", _format_p, "beside"),
    Column(
        "improvement", lambda row: row.pair.improvement.probability if row.pair.improvement else None,
        "a better at a seed", _format_improvement, paper="P(better)",
    ),
    Column("improvement_interval", lambda row: row.pair.improvement.interval if row.pair.improvement else None),
    Column("", lambda row: row.pair.verdict, paper="Verdict"),
    Column("seed_correlation", lambda row: row.pair.test.correlation),
    Column("within_margin", lambda row: row.pair.is_within_margin),
    Column("more_seeds", lambda row: row.pair.more_seeds),
    Column("with_lost", lambda row: vars(row.pair.with_lost) if row.pair.with_lost else None, csv=""),
    Column("over_space", _over_space, "over the search space", _format_over_space, "beside", style="wide"),
    Column("over_clips", _over_clips, "clip by clip", _format_over_clips, "beside", style="wide"),
    Column(
        "", lambda row: row.pair.clips.two_way if row.pair.clips else None,
        "clips and seeds", lambda interval, _: format_interval(interval), "beside", style="wide",
    ),
    Column("", lambda row: row.notes, "note", style="wide", page=""),
    Column("left_out", lambda row: list(row.pair.left_out)),
)  # fmt: skip


def pair_table(metric: Metric, pairs: Sequence[PairResult]) -> ReportTable[PairRow]:
    """Return the table of the pairs, one row a pair; differences in the metric's unit."""
    return ReportTable(PAIR_COLUMNS, [PairRow(pair, metric) for pair in pairs], metric)
