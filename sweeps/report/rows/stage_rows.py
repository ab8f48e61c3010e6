"""When was it clear: each pair's verdict by stage of the training, as text."""

from dataclasses import dataclass

from sweeps.report.analysis import Analysis
from sweeps.report.comparison import PairResult
from sweeps.report.steadiness import StageVerdict, verdicts_over_training
from sweeps.report.wording import DASH, format_number, pair_decimals


@dataclass(frozen=True)
class StageRow:
    """A pair, what its validation scores said at each stage, and what was confirmed."""

    pair: PairResult
    stages: tuple[tuple[str, str], ...]  # (title, cell)
    confirmed: str


def stage_rows(analysis: Analysis) -> list[StageRow]:
    """Return a row for each pair; none where no evaluation of the training tells."""
    verdicts = verdicts_over_training(analysis.experiment, analysis.pairs)
    shares = sorted({verdict.share for verdict in verdicts})
    if len(shares) < 2:
        return []
    known = {(v.a, v.b, v.share): v for v in verdicts}
    return [
        StageRow(
            pair,
            tuple((_title(share), _cell(pair, known.get((pair.a, pair.b, share)))) for share in shares),
            f"{pair.verdict}, {format_number(pair.test.difference, pair_decimals(pair.test), signed=True)}",
        )
        for pair in analysis.pairs
    ]


def _title(share: float) -> str:
    return "at the end" if share == 1 else f"after {share:.0%}"


def _cell(pair: PairResult, verdict: StageVerdict | None) -> str:
    if verdict is None:
        return DASH
    difference = format_number(verdict.difference, pair_decimals(pair.test), signed=True)
    return f"{verdict.word}, {difference} ({verdict.n_agree} of {verdict.n})"
