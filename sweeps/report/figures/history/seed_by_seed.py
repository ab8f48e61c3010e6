"""Each pair's interval against the number of its seeds, or tunings, in the order in which they are trained."""

import altair as alt

from sweeps.report.analysis import Analysis
from sweeps.report.comparison import PairResult
from sweeps.report.figures.figure import Figure, Row, build, data, rounded, tooltip, with_unit
from sweeps.report.reading import PlanRecord
from sweeps.report.statistics import Interval
from sweeps.report.steadiness import BlockStep, block_steps

#: An interval of fewer differences than this would leave nothing to see of the others.
FIRST_INTERVAL = 4


def seed_by_seed(analysis: Analysis) -> list[Figure]:
    """Return one figure a pair with enough differences to have come about at all."""
    experiment = analysis.experiment
    steps = block_steps(experiment, analysis.arms, analysis.pairs)
    own = [[s for s in steps if (s.a, s.b) == (pair.a, pair.b)] for pair in analysis.pairs]
    return [
        _of_pair(i, pair, of, experiment.plan)
        for i, (pair, of) in enumerate(zip(analysis.pairs, own, strict=True))
        if len(of) >= FIRST_INTERVAL
    ]


def _of_pair(index: int, pair: PairResult, steps: list[BlockStep], plan: PlanRecord) -> Figure:
    metric = plan.metric
    shown = [step for step in steps if step.n >= FIRST_INTERVAL]
    plain = [_band(step, step.interval) for step in shown if step.interval]
    looks = [_band(step, step.looks) for step in shown if step.looks]
    means: list[Row] = [
        {"n": s.n, "block": s.block, "difference": rounded(s.difference), "word": s.word} for s in steps
    ]
    x = alt.X("n:Q", title=f"paired {plan.block}s", axis=alt.Axis(tickMinStep=1, format="d", grid=False))
    title = f"difference in {with_unit(metric)}"
    y = alt.Y("low:Q", title=title)
    points = alt.OverlayMarkDef(color="var(--ink)")
    line = alt.Chart(data(means)).mark_line(strokeWidth=2, color="var(--ink)", point=points)
    layers = [
        _shaded(looks, 0.12).encode(x=x, y=y, y2="high:Q"),
        _shaded(plain, 0.22).encode(x=x, y=y, y2="high:Q"),
        alt.Chart(data([{"y": 0}])).mark_rule(color="var(--ink)").encode(y=alt.Y("y:Q", title=title)),
        line.encode(
            x=x, y=alt.Y("difference:Q", title=title), tooltip=tooltip("n:Q", "block:N", "difference:Q", "word:N")
        ),
    ]
    if metric.margin is not None:
        for margin in (-metric.margin, metric.margin):
            rule = alt.Chart(data([{"y": margin}])).mark_rule(color="var(--soft)", strokeDash=[4, 4])
            layers.insert(2, rule.encode(y=alt.Y("y:Q", title=title)))
    word = next((f"first word at {s.n}: {s.word}" for s in steps if s.word != "undecided"), "no word")
    return build(f"seed-by-seed-{index}", f"{pair.a} − {pair.b}", f"By the wide band, {word}.", alt.layer(*layers), 200)  # noqa: RUF001


def _shaded(band: list[Row], opacity: float) -> alt.Chart:
    """Return a band without its places; one interval alone is a bar, because an area of no width is not seen."""
    chart: alt.Chart = alt.Chart(data(band)).mark_area(fillOpacity=opacity, color="var(--ink)")
    if len(band) == 1:
        chart = chart.mark_rule(strokeWidth=8, opacity=opacity, color="var(--ink)")
    return chart


def _band(step: BlockStep, ends: Interval) -> Row:
    return {"n": step.n, "low": rounded(ends[0]), "high": rounded(ends[1])}
