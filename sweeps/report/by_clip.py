"""Which clips an arm wins on: paired differences, sorted."""

from collections.abc import Sequence

import altair as alt

from sweeps.report.figure import Figure, Row, build, data, rounded, tooltip
from sweeps.report.results import PairResult
from sweeps.report.runs import Metric

#: Pairs that are drawn; the tables hold all.
MAX_PAIRS = 6


def clip_rows(pairs: Sequence[PairResult]) -> list[Row]:
    """Return every pair's difference on every clip, the mean over frames and seeds."""
    return [
        {"a": pair.a, "b": pair.b, "clip": clip, "difference": value, "seeds": pair.clips.n_seeds}
        for pair in pairs
        if pair.clips
        for clip, value in pair.clips.by_clip.items()
    ]


def clip_figures(metric: Metric, pairs: Sequence[PairResult]) -> list[Figure]:
    """Return one figure a pair: its differences clip by clip, in order of size."""
    known = [pair for pair in pairs if pair.clips]
    return [_figure(metric, i, pair) for i, pair in enumerate(known[:MAX_PAIRS])]


def _figure(metric: Metric, index: int, pair: PairResult) -> Figure:
    assert pair.clips is not None, pair
    ordered = sorted(pair.clips.by_clip.items(), key=lambda item: item[1])
    rows = [{"rank": i, "clip": clip, "difference": rounded(d)} for i, (clip, d) in enumerate(ordered, start=1)]
    chart = alt.Chart(data(rows)).encode(
        x=alt.X("rank:Q", title="clips, sorted", axis=alt.Axis(grid=False, tickMinStep=1), scale=alt.Scale(nice=False)),
        y=alt.Y("difference:Q", title=f"difference{f' ({metric.unit})' if metric.unit else ''}"),
        tooltip=tooltip("clip:N", "difference:Q"),
    )
    layers = alt.layer(
        alt.Chart(data([{"y": 0}])).mark_rule(color="var(--ink)").encode(y="y:Q"),
        chart.mark_area(fillOpacity=0.18, color="var(--soft)", line=False),
        chart.mark_circle(size=22, opacity=0.9, color="var(--ink)"),
    )
    words = f"{pair.a} is better on {100 * pair.clips.share:.0f}% of {pair.clips.n_clips} clips."
    return build(f"clips-{index}", f"{pair.a} − {pair.b}", words, layers, 180)  # noqa: RUF001 - a minus sign
