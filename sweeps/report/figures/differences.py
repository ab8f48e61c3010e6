"""The figures of the result: paired differences by seed and by clip, their chances, arms against copy-last-frame."""

from collections.abc import Sequence

import altair as alt

from sweeps.experiment import Metric
from sweeps.report.comparison import ArmResult, PairResult
from sweeps.report.figures.figure import Figure, Row, build, data, rounded, tooltip, with_unit
from sweeps.report.figures.theme import arm_colour

#: Pairs that are drawn; the tables hold all.
MAX_PAIRS = 6


def paired_differences(metric: Metric, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> Figure | None:
    """Return the paired differences with their intervals and the margin's band; None without a paired seed."""
    shown = [pair for pair in pairs if pair.test.difference is not None]
    if not shown:
        return None
    y = alt.Y(
        "pair:N", sort=[_pair_label(pair) for pair in shown], title=None, axis=alt.Axis(labelLimit=170, labelOffset=-6)
    )
    title = f"difference in {with_unit(metric)}"
    summaries = alt.Chart(data([_pair_row(pair) for pair in shown])).encode(y=y)
    seeds = alt.Chart(data(_seed_rows(arms, shown))).mark_tick(thickness=1.5, size=14, opacity=0.5, color="var(--soft)")
    layers = [
        alt.Chart(data([{"x": 0}])).mark_rule(color="var(--ink)", strokeWidth=1).encode(x="x:Q"),
        seeds.encode(x=alt.X("difference:Q", title=title), y=y, tooltip=tooltip("pair:N", "seed:N", "difference:Q")),
        summaries.mark_rule(strokeWidth=3, color="var(--ink)").encode(
            x=alt.X("low:Q", title=title, axis=alt.Axis(tickCount=6, labelFlush=False)), x2="high:Q"
        ),
        summaries.mark_point(size=130, strokeWidth=2.5, opacity=1, stroke="var(--ink)").encode(
            x=alt.X("difference:Q", title=title),
            fill=alt.condition("datum.decided", alt.value("var(--ink)"), alt.value("var(--paper)")),
            tooltip=tooltip("pair:N", "difference:Q", "low:Q", "high:Q", "n:Q"),
        ),
    ]
    if metric.margin is not None:
        band = alt.Chart(data([{"x": -metric.margin, "x2": metric.margin}])).mark_rect(color="var(--band)", opacity=1)
        layers.insert(0, band.encode(x=alt.X("x:Q", title=title), x2="x2:Q"))
    return build("differences", "Paired differences", _difference_caption(metric), alt.layer(*layers), 52 * len(shown))


def _difference_caption(metric: Metric) -> str:
    better = "left" if metric.sign < 0 else "right"
    band = f" Shaded: the declared margin of ±{metric.margin:g} {metric.unit}." if metric.margin is not None else ""
    return (
        f"First arm minus second; further {better} is better for the first. Dot and bar: mean and 95% interval, filled "
        f"where the rule decides for one arm. Ticks: single seeds.{band}"
    )


def three_chances(metric: Metric, pairs: Sequence[PairResult]) -> Figure | None:
    """Return one stacked bar a pair: worse by more than the margin, within it, better; None where none is known."""
    shown = [pair for pair in pairs if pair.chances is not None]
    if not shown:
        return None
    names = list(_chances(shown[0], metric))
    rows = [
        {"pair": _pair_label(pair), "order": i, "chance": name, "percent": rounded(100 * share)}
        for pair in shown
        for i, (name, share) in enumerate(_chances(pair, metric).items())
    ]
    colours = ["var(--soft)", "var(--line)", "var(--ink)"] if len(names) == 3 else ["var(--soft)", "var(--ink)"]
    chart = alt.Chart(data(rows)).mark_bar(size=18, stroke="var(--paper)", strokeWidth=1)
    bars = chart.encode(
        x=alt.X("percent:Q", title="chance, %", scale=alt.Scale(domain=[0, 100], nice=False)),
        y=alt.Y(
            "pair:N",
            sort=[_pair_label(pair) for pair in shown],
            title=None,
            axis=alt.Axis(labelLimit=170, labelOffset=-6),
        ),
        color=alt.Color(
            "chance:N",
            scale=alt.Scale(domain=names, range=colours),
            sort=names,
            legend=alt.Legend(title=None, orient="top", labelLimit=300),
        ),
        order=alt.Order("order:Q"),
        tooltip=tooltip("pair:N", "chance:N", "percent:Q"),
    )
    caption = (
        "First arm against second, by Student's t of the paired differences with a flat prior. They decide nothing."
    )
    return build("chances", "How likely is which difference", caption, bars, 44 * len(shown))


def _chances(pair: PairResult, metric: Metric) -> dict[str, float]:
    """Return what may be true of a pair -> how likely it is; without a margin there is no practical difference."""
    assert pair.chances is not None, pair
    worse, none, better = pair.chances.worse, pair.chances.no_difference, pair.chances.better
    if metric.margin is None:
        return {"worse": worse, "better": better}
    by = f"by more than {metric.margin:g}{f' {metric.unit}' if metric.unit else ''}"
    return {f"worse {by}": worse, "no practical difference": none, f"better {by}": better}


def _pair_label(pair: PairResult) -> str:
    return f"{pair.a}\n− {pair.b}"  # noqa: RUF001 - a minus sign; two lines, so that long names fit


def _pair_row(pair: PairResult) -> Row:
    low, high = pair.test.interval or (None, None)
    row = {"pair": _pair_label(pair), "difference": pair.test.difference, "low": low, "high": high, "n": pair.test.n}
    return {**row, "decided": pair.verdict in ("better", "worse")}


def _seed_rows(arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Row]:
    by_seed = {arm.name: arm.by_seed for arm in arms}
    return [
        {"pair": _pair_label(pair), "seed": seed, "difference": value - by_seed[pair.b][seed]}
        for pair in pairs
        for seed, value in by_seed[pair.a].items()
        if seed in by_seed[pair.b]
    ]


def arm_means(metric: Metric, names: Sequence[str], arms: Sequence[ArmResult]) -> Figure | None:
    """Return each arm's confirmed mean, interval and seeds beside copy-last-frame; None without a value."""
    shown = [arm for arm in arms if arm.confirmed.mean is not None]
    if not shown:
        return None
    y = alt.Y("arm:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=170))
    x = alt.X("value:Q", title=with_unit(metric), scale=alt.Scale(zero=False, padding=14), axis=alt.Axis(tickCount=6))
    seeds = [{"arm": arm.name, "seed": seed, "value": value} for arm in shown for seed, value in arm.by_seed.items()]
    rows = [_arm_row(arm) for arm in shown]
    copies = alt.Chart(data([row for row in rows if row["copy_last"] is not None]))
    base, colour = alt.Chart(data(rows)).encode(y=y), arm_colour(names)
    chart = alt.layer(
        copies.mark_tick(thickness=2.5, size=24, color="var(--soft)", opacity=1).encode(
            x=alt.X("copy_last:Q", title=with_unit(metric)), y=y, tooltip=tooltip("arm:N", "copy_last:Q")
        ),
        alt.Chart(data(seeds))
        .mark_circle(size=36, opacity=0.4)
        .encode(x=x, y=y, color=colour, tooltip=tooltip("arm:N", "seed:N", "value:Q")),
        base.mark_rule(strokeWidth=3).encode(x=alt.X("low:Q", title=with_unit(metric)), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=150, opacity=1, shape="diamond").encode(
            x=x, color=colour, tooltip=tooltip("arm:N", "value:Q", "low:Q", "high:Q", "n:Q")
        ),
    )
    caption = "Diamond and bar: mean over seeds and its 95% interval. Dots: single seeds. Grey tick: copy-last-frame."
    return build("arm-means", "Each arm against copy-last-frame", caption, chart, 52 * len(shown))


def _arm_row(arm: ArmResult) -> Row:
    low, high = arm.confirmed.interval or (None, None)
    row = {"arm": arm.name, "value": arm.confirmed.mean, "low": low, "high": high, "n": arm.confirmed.n}
    return {**row, "copy_last": arm.copy_last}


def clip_figures(metric: Metric, pairs: Sequence[PairResult]) -> list[Figure]:
    """Return one figure a pair: its differences clip by clip, in order of size."""
    known = [pair for pair in pairs if pair.clips]
    return [_clip_figure(metric, i, pair) for i, pair in enumerate(known[:MAX_PAIRS])]


def _clip_figure(metric: Metric, index: int, pair: PairResult) -> Figure:
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


def clip_rows(pairs: Sequence[PairResult]) -> list[Row]:
    """Return every pair's difference on every clip, the mean over frames and seeds."""
    return [
        {"a": pair.a, "b": pair.b, "clip": clip, "difference": value, "seeds": pair.clips.n_seeds}
        for pair in pairs
        if pair.clips
        for clip, value in pair.clips.by_clip.items()
    ]
