"""What the report says of each pair of arms, differences a minus b."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sweeps.report.comparison import PairResult, format_word_chances, pair_sentence
from sweeps.report.reading import ExperimentRecord
from sweeps.report.rows.column import Column, ReportTable, between, signed
from sweeps.report.wording import DASH, decimals_for, format_interval, format_number, format_p, pair_decimals


@dataclass(frozen=True)
class PairRow:
    """One pair of arms, in the decimals that its own interval deserves."""

    pair: PairResult
    experiment: ExperimentRecord

    @property
    def decimals(self) -> int:
        """Of the difference and of its intervals."""
        return pair_decimals(self.pair.test)

    @property
    def notes(self) -> str:
        """What its verdict does not say; empty where that is all there is."""
        return "; ".join(_notes(self.pair, self.experiment.plan.block))


def _notes(pair: PairResult, of: str) -> Iterator[str]:
    test = pair.test
    if pair.is_void:
        yield "void: both posteriors have collapsed"
    if pair.size == "within" and pair.verdict in ("better", "worse"):
        yield "smaller than the margin"
    if pair.size == "beyond" and pair.verdict in ("better", "worse"):
        yield "larger than the margin"
    if pair.why:
        yield pair.why
    if pair.verdict == "undecided" and test.interval and test.interval[0] * test.interval[1] > 0 and not pair.why:
        yield "the 95% interval leaves out zero, but not once all pairs and looks are allowed for"
    if chances := format_word_chances(pair.word_chances):
        yield chances
    if lost := pair.with_lost:
        yield f"breakdowns ranked worst: better at {lost.n_a}, worse at {lost.n_b} seeds (p = {lost.p:.3f})"
    if len(pair.looks) > 1:
        yield f"looked at {', '.join(f'{n} {of}s: {word}' for n, word in pair.looks)}"


def _format_word(word: str, row: "PairRow") -> str:
    return "void" if row.pair.is_void else word


def _format_chances(_: object, row: "PairRow") -> str:
    if (chances := row.pair.chances) is None:
        return DASH
    return f"{chances.worse:.0%} / {chances.no_difference:.0%} / {chances.better:.0%}"


def _format_breakdowns(_: object, row: "PairRow") -> str:
    both = row.pair.breakdowns
    return f"{both.a} and {both.b} of {both.n} (p = {format_p(both.p)})" if both.a or both.b else "none"


def _everything(row: "PairRow") -> dict[str, Any] | None:
    test = row.pair.everything
    return {"n": test.n, "difference": test.difference, "interval": test.interval} if test.n else None


def _format_everything(_: object, row: "PairRow") -> str:
    test = row.pair.everything
    if test.n == row.pair.test.n:
        return DASH
    decimals = pair_decimals(test)
    return f"{format_number(test.difference, decimals, signed=True)} ({format_interval(test.interval, decimals)})"


def _format_n(n: int, row: PairRow) -> str:
    return f"{n} tunings" if row.experiment.plan.n_tunings > 1 else str(n)


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
    Column("verdict", lambda row: row.pair.verdict, "verdict", _format_word, style="verdict", page="a is"),
    Column("void", lambda row: row.pair.is_void),
    Column("sentence", lambda row: pair_sentence(row.pair, row.experiment), csv=""),
    Column("n", lambda row: row.pair.test.n),
    Column(
        "difference", lambda row: row.pair.test.difference, "a − b", signed,  # noqa: RUF001 - a minus sign
        page="a − b{comma_unit}", paper="Mean{unit_in_brackets}",  # noqa: RUF001
    ),
    Column(
        "interval", lambda row: row.pair.test.interval, "95% interval", between, style="wide", paper=r"95\% interval"
    ),
    Column("", lambda row: row.pair.test.n, "paired seeds", _format_n, paper="Pairs"),
    Column(
        "bootstrap_interval", lambda row: row.pair.bootstrap, "bootstrap interval", between, "beside", style="wide"
    ),
    Column("decided_interval", lambda row: row.pair.interval, "interval for all pairs", between, style="wide"),
    Column("decided_at", lambda row: row.pair.n_decided),
    Column("size", lambda row: row.pair.size),
    Column("why", lambda row: row.pair.why),
    Column(
        "chances", lambda row: vars(row.pair.chances) if row.pair.chances else None,
        "a worse / no difference / better", _format_chances,
    ),
    Column("word_chances", lambda row: [vars(chance) for chance in row.pair.word_chances], csv=""),
    Column("breakdowns", lambda row: vars(row.pair.breakdowns), "broke down, a and b", _format_breakdowns),
    Column("everything", _everything, "with breakdowns", _format_everything, "beside", style="wide"),
    Column("rank_p", lambda row: row.pair.rank_p, "signed-rank p", _format_p, "beside"),
    Column("looks", lambda row: [list(look) for look in row.pair.looks], csv=""),
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


def pair_table(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> ReportTable[PairRow]:
    """Return the table of the pairs, one row a pair; differences in the metric's unit."""
    return ReportTable(PAIR_COLUMNS, [PairRow(pair, experiment) for pair in pairs], experiment.plan.metric)
