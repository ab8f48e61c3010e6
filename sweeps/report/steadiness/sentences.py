"""How steady each pair's verdict is, in sentences."""

from collections.abc import Iterator, Sequence

from sweeps.report.comparison import PairResult
from sweeps.report.reading import ExperimentRecord
from sweeps.report.steadiness.over_blocks import WithoutBlock, without_each_block
from sweeps.report.wording import format_number, pair_decimals

#: A correlation that saves less than a tenth of the seeds (or tunings) is not worth a word of praise.
LITTLE = 0.1


def steadiness_sentences(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> list[str]:
    """Return for each pair whether one seed (or tuning) carries its word, and what pairing was worth."""
    without = without_each_block(experiment, pairs)
    unit = f" {experiment.plan.metric.unit}" if experiment.plan.metric.unit else ""
    found = []
    for pair in pairs:
        own = [out for out in without if (out.a, out.b) == (pair.a, pair.b)]
        parts = [*_one_out(pair, own, unit, experiment.plan.block), *_pairing(pair, experiment.plan.block)]
        found += [f"{pair.a} against {pair.b}: {'; '.join(parts)}."] if parts else []
    return found


def _one_out(pair: PairResult, without: Sequence[WithoutBlock], unit: str, of: str) -> Iterator[str]:
    if not without:
        return
    means = [out.difference for out in without]
    ends = [format_number(mean, pair_decimals(pair.test), signed=True) for mean in (min(means), max(means))]
    other = [out for out in without if out.word != pair.verdict]
    if other:
        each = ", ".join(f"{out.word} without {of} {out.block}" for out in other[:3])
        more = f" and {len(other) - 3} others" if len(other) > 3 else ""
        kept = f"{pair.verdict}, but {each}{more}"
    else:
        kept = f"{pair.verdict} whichever one {of} is left out"
    yield f"{kept} (mean {ends[0]} to {ends[1]}{unit})"


def _pairing(pair: PairResult, of: str) -> Iterator[str]:
    """Pairs whose values correlate by r need 1 - r of the seeds that unpaired arms would."""
    r = pair.test.correlation
    if r is None or pair.test.n < 3:
        return
    if r < LITTLE:
        yield f"pairing by {of} was worth nothing here (r = {format_number(r)})"
    elif r < 0.9995:
        yield f"pairing by {of} was worth {1 / (1 - r):.1f} times the {of}s (r = {format_number(r)})"
    else:
        yield f"pairing by {of} was worth more than a thousand times the {of}s (r = 1.00)"
