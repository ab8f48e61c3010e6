"""Tune scores over the search space: against each parameter, and against two at a time."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from cvae.record import finite
from sweeps.report.checks import is_log, range_of
from sweeps.report.figures.figure import Figure, Row, build, data, tooltip, with_unit
from sweeps.report.figures.theme import arm_colour
from sweeps.report.reading import ExperimentRecord
from sweeps.report.wording import format_params

#: With fewer different points there is no region to see.
MIN_POINTS = 4


def best_region(experiment: ExperimentRecord) -> Figure | None:
    """Return the tune trials over the first two searched ranges of numbers, larger where better; None for too few."""
    spaces = experiment.plan.spaces.values()
    ranges = {path: space for of_arm in spaces for path, space in of_arm.items() if range_of(space)}
    if len(ranges) < 2:
        return None
    (first, of_first), (second, of_second) = list(ranges.items())[:2]
    rows = [row for arm in experiment.plan.arms for row in _rows(experiment, arm, first, second)]
    if len({(row["x"], row["y"]) for row in rows}) < MIN_POINTS:
        return None
    boxes = [box for arm in experiment.plan.arms if (box := _box([row for row in rows if row["arm"] == arm]))]
    x, y = _axis(alt.X, "x", first, of_first), _axis(alt.Y, "y", second, of_second)
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


def _rows(experiment: ExperimentRecord, arm: str, first: str, second: str) -> list[Row]:
    found: list[Row] = []
    for run in experiment.of(arm, "tune"):
        x, y, score = finite(run.params.get(first)), finite(run.params.get(second)), experiment.score(run)
        if x is not None and y is not None and score is not None:
            row = {"arm": arm, "run": run.name, "x": x, "y": y, "score": score, "parameters": format_params(run)}
            found.append(row)
    found.sort(key=lambda row: experiment.plan.metric.sign * row["score"])
    return [{**row, "rank": (i + 1) / len(found)} for i, row in enumerate(found)]


def _box(rows: Sequence[Row]) -> Row | None:
    """Return the smallest box around the best quarter of an arm's trials; None where that is one trial."""
    best = rows[-(len(rows) // 4) :] if len(rows) >= 8 else []
    if len(best) < 2:
        return None
    ends = {key: [row[key] for row in best] for key in ("x", "y")}
    xs, ys = ends["x"], ends["y"]
    return {"arm": best[0]["arm"], "x": min(xs), "x2": max(xs), "y": min(ys), "y2": max(ys)}


def _axis(channel: Any, field: str, path: str, space: Mapping[str, Any]) -> Any:
    low, high = range_of(space) or (0.0, 1.0)
    if not is_log(space) or low <= 0:
        return channel(f"{field}:Q", title=path, scale=alt.Scale(domain=[low, high]), axis=alt.Axis(tickCount=5))
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    axis = alt.Axis(grid=False, values=[10.0**power for power in powers], labelExpr="format(datum.value, '~e')")
    return channel(f"{field}:Q", title=path, scale=alt.Scale(type="log", domain=[low, high]), axis=axis)


def tuned_parameters(experiment: ExperimentRecord) -> list[Figure]:
    """Return the tune scores against each searched parameter, one small figure each."""
    paths = {path: space for arm in experiment.plan.arms for path, space in experiment.plan.spaces[arm].items()}
    figures = (_tuned(experiment, i, path, is_log(space)) for i, (path, space) in enumerate(paths.items()))
    return [figure for figure in figures if figure is not None]


def _tuned(experiment: ExperimentRecord, index: int, path: str, log: bool) -> Figure | None:
    rows = []
    for arm in experiment.plan.arms:
        for run in experiment.of(arm, "tune"):
            score, value = experiment.score(run), run.params.get(path)
            if score is not None and value is not None:
                rows.append({"arm": arm, "value": score, "run": run.name, "parameter": value})
    if not rows:
        return None
    numeric = all(finite(row["parameter"]) is not None for row in rows)
    if not numeric:
        rows = [{**row, "parameter": str(row["parameter"])} for row in rows]
    kind = "Q" if numeric else "N"
    x = _log_x(path, [row["parameter"] for row in rows]) if numeric and log else _plain_x(path, kind)
    base = alt.Chart(data(_with_best(experiment, rows))).encode(
        x=x,
        y=alt.Y("value:Q", title=f"tune {with_unit(experiment.plan.metric)}", scale=alt.Scale(zero=False)),
        color=arm_colour(experiment.plan.arms),
        tooltip=tooltip("arm:N", "run:N", f"parameter:{kind}", "value:Q", parameter=path),
    )
    chart = alt.layer(
        base.transform_filter("!datum.is_best").mark_point(size=40, opacity=0.6),
        base.transform_filter("datum.is_best").mark_circle(size=55, opacity=0.9),
    )
    condition = experiment.plan.condition_of(path)
    return build(f"tuned-{index}", path, f"Trials with {condition}." if condition else "", chart, 180)


def _with_best(experiment: ExperimentRecord, rows: list[Row]) -> list[Row]:
    """Mark the best quarter of each arm's trials, at least one."""
    best: set[tuple[str, str]] = set()
    for arm in experiment.plan.arms:
        own = sorted(
            (row for row in rows if row["arm"] == arm), key=lambda r: -experiment.plan.metric.sign * r["value"]
        )
        best |= {(arm, row["run"]) for row in own[: max(1, len(own) // 4)]}
    return [{**row, "is_best": (row["arm"], row["run"]) in best} for row in rows]


def _plain_x(path: str, kind: str) -> alt.X:
    scale = alt.Scale(zero=False) if kind == "Q" else alt.Undefined
    axis = alt.Axis(grid=False, tickCount=4, labelOverlap=True, labelAngle=0, labelLimit=90)
    return alt.X(f"parameter:{kind}", title=path, scale=scale, axis=axis)


def _log_x(path: str, values: Sequence[float]) -> alt.X:
    """Return a logarithmic axis with a tick at each power of ten that the values reach."""
    if min(values) <= 0:
        return _plain_x(path, "Q")
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    label = "datum.value < 0.001 ? format(datum.value, '~e') : '' + datum.value"
    axis = alt.Axis(grid=False, values=[10.0**power for power in range(low, high + 1)], labelExpr=label)
    return alt.X(
        "parameter:Q",
        title=path,
        scale=alt.Scale(type="log", domain=[10.0**low, 10.0 ** max(high, low + 1)]),
        axis=axis,
    )
