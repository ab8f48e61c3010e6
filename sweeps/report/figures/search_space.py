"""Tune scores over the search space: over two parameters at a time, and against each one."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from cvae.record import finite
from sweeps.report.figures.figure import Figure, Row, build, data, tooltip, with_unit
from sweeps.report.figures.theme import Axis, arm_colour, decades, log_axis
from sweeps.report.reading import ExperimentRecord, PlanRecord
from sweeps.search_space import ConditionalChoice, Dimension, FloatRange, IntRange, format_params, format_value

#: With fewer different points there is no region to see.
MIN_POINTS = 4

#: Letters below an axis, beyond which they stand aslant.
WIDE = 60

#: Vega expressions of a label: 1e-5, and 1e-5 only below 0.001.
_POWER, _SMALL_AS_POWER = (
    "format(datum.value, '~e')",
    "datum.value < 0.001 ? format(datum.value, '~e') : '' + datum.value",
)


def best_region(experiment: ExperimentRecord) -> Figure | None:
    """Return the tune trials over the first two searched ranges of numbers, larger where better; None for too few."""
    spaces = experiment.plan.spaces.values()
    ranges = {name: d for space in spaces for name, d in space.items() if isinstance(d, FloatRange)}
    if len(ranges) < 2:
        return None
    first, second = list(ranges)[:2]
    rows = [row for arm in experiment.plan.arms for row in _region_rows(experiment, arm, first, second)]
    if len({(row["x"], row["y"]) for row in rows}) < MIN_POINTS:
        return None
    boxes = [box for arm in experiment.plan.arms if (box := _best_box([row for row in rows if row["arm"] == arm]))]
    x, y = _range_axis(alt.X, "x:Q", first, ranges[first]), _range_axis(alt.Y, "y:Q", second, ranges[second])
    colour = arm_colour(experiment.plan.arms)
    dots = (
        alt.Chart(data(rows))
        .mark_circle()
        .encode(
            x=x,
            y=y,
            color=colour,
            size=alt.Size("rank:Q", scale=alt.Scale(domain=[0, 1], range=[20, 190]), legend=None),
            opacity=alt.Opacity("rank:Q", scale=alt.Scale(domain=[0, 1], range=[0.35, 0.9]), legend=None),
            tooltip=tooltip("arm:N", "run:N", "score:Q", "parameters:N"),
        )
    )
    region = alt.Chart(data(boxes)).mark_rect(opacity=0.12, strokeOpacity=0.9, strokeWidth=1.5)
    region = region.encode(x=x, x2="x2", y=y, y2="y2", fill=colour, stroke=colour)
    caption = (
        "Each dot is a trial, larger where it ranks better within its arm. Boxes: the best quarter of an arm's trials."
    )
    return build("best-region", f"{first} and {second}", caption, alt.layer(region, dots), 300)


def _region_rows(experiment: ExperimentRecord, arm: str, first: str, second: str) -> list[Row]:
    rows: list[Row] = []
    for run in experiment.of(arm, "tune"):
        x, y, score = finite(run.params.get(first)), finite(run.params.get(second)), experiment.score(run)
        if x is not None and y is not None and score is not None:
            row = {"arm": arm, "run": run.name, "x": x, "y": y, "score": score, "parameters": format_params(run.params)}
            rows.append(row)
    rows.sort(key=lambda row: experiment.plan.metric.sign * row["score"])
    return [{**row, "rank": (i + 1) / len(rows)} for i, row in enumerate(rows)]


def _best_box(rows: Sequence[Row]) -> Row | None:
    """Return the smallest box around the best quarter of an arm's trials; None where that is one trial."""
    best = rows[-(len(rows) // 4) :] if len(rows) >= 8 else []
    if len(best) < 2:
        return None
    ends = {key: [row[key] for row in best] for key in ("x", "y")}
    xs, ys = ends["x"], ends["y"]
    return {"arm": best[0]["arm"], "x": min(xs), "x2": max(xs), "y": min(ys), "y2": max(ys)}


def _range_axis(channel: type[Axis], field: str, name: str, dimension: FloatRange) -> Axis:
    """Return an axis over the whole range of a parameter, on its own scale."""
    low, high = dimension.bounds
    if dimension.log:
        return log_axis(channel, field, name, (low, high), decades(low, high), _POWER)
    return channel(field, title=name, scale=alt.Scale(domain=[low, high]), axis=alt.Axis(tickCount=5))


def tuned_parameters(experiment: ExperimentRecord) -> list[Figure]:
    """Return the tune scores against each searched parameter, one small figure each."""
    searched = {name: d for arm in experiment.plan.arms for name, d in experiment.plan.spaces[arm].items()}
    figures = (_tuned_parameter(experiment, i, name, _is_log(d)) for i, (name, d) in enumerate(searched.items()))
    return [figure for figure in figures if figure is not None]


def _tuned_parameter(experiment: ExperimentRecord, index: int, name: str, is_log: bool) -> Figure | None:
    rows = []
    for arm in experiment.plan.arms:
        for run in experiment.of(arm, "tune"):
            score = experiment.score(run)
            if score is not None and name in run.params:
                rows.append({"arm": arm, "value": score, "run": run.name, "parameter": run.params[name]})
    if not rows:
        return None
    numeric = all(finite(row["parameter"]) is not None for row in rows)
    if not numeric:
        rows = [{**row, "parameter": format_value(row["parameter"])} for row in rows]
    kind = "Q" if numeric else "N"
    x = _values_axis(name, kind, [row["parameter"] for row in rows], is_log)
    base = alt.Chart(data(_with_best(experiment, rows))).encode(
        x=x,
        y=alt.Y("value:Q", title=f"tune {with_unit(experiment.plan.metric)}", scale=alt.Scale(zero=False)),
        color=arm_colour(experiment.plan.arms),
        tooltip=tooltip("arm:N", "run:N", f"parameter:{kind}", "value:Q", parameter=name),
    )
    chart = alt.layer(
        base.transform_filter("!datum.is_best").mark_point(size=40, opacity=0.6),
        base.transform_filter("datum.is_best").mark_circle(size=55, opacity=0.9),
    )
    condition = condition_of(experiment.plan, name)
    return build(f"tuned-{index}", name, f"Trials with {condition}." if condition else "", chart, 180)


def _with_best(experiment: ExperimentRecord, rows: list[Row]) -> list[Row]:
    """Mark the best quarter of each arm's trials, at least one."""
    best: set[tuple[str, str]] = set()
    for arm in experiment.plan.arms:
        own = sorted(
            (row for row in rows if row["arm"] == arm), key=lambda r: -experiment.plan.metric.sign * r["value"]
        )
        best |= {(arm, row["run"]) for row in own[: max(1, len(own) // 4)]}
    return [{**row, "is_best": (row["arm"], row["run"]) in best} for row in rows]


def _is_log(dimension: Dimension) -> bool:
    return isinstance(dimension, FloatRange | IntRange) and dimension.log


def _values_axis(name: str, kind: str, values: Sequence[Any], is_log: bool) -> alt.X:
    """Return an axis over the values that were tried; a logarithmic one reaches from power to power of ten."""
    if kind == "Q" and is_log and min(values) > 0:
        powers = decades(min(values), max(values))
        domain = (10.0 ** powers[0], 10.0 ** max(powers[-1], powers[0] + 1))
        return log_axis(alt.X, "parameter:Q", name, domain, powers, _SMALL_AS_POWER)
    scale = alt.Scale(zero=False) if kind == "Q" else alt.Undefined
    # Names stand whole, aslant where they would not find room beside each other.
    is_wide = kind == "N" and sum(len(str(value)) for value in set(values)) > WIDE
    axis = alt.Axis(grid=False, tickCount=4, labelOverlap=kind == "Q", labelAngle=-35 if is_wide else 0)
    return alt.X(f"parameter:{kind}", title=name, scale=scale, axis=axis)


def condition_of(plan: PlanRecord, parameter: str) -> str:
    """Return where a parameter exists, such as `kl_anneal = cyclical`; empty for one that every trial has."""
    searched = {name: dimension for space in plan.spaces.values() for name, dimension in space.items()}
    choices = [name for name, dimension in searched.items() if isinstance(dimension, ConditionalChoice)]
    above = [name for name in choices if parameter.startswith(f"{name}.")]
    return ", ".join(f"{name} = {parameter[len(name) + 1 :].partition('.')[0]}" for name in above)
