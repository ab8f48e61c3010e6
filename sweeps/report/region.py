"""Where the good trials lie: the two parameters that matter most to look at, and the box of each arm's best quarter."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from sweeps.report.boundary import is_log, range_of
from sweeps.report.figure import Figure, Row, build, data, tooltip
from sweeps.report.numbers import finite
from sweeps.report.palette import arm_colour
from sweeps.report.provenance import params_words
from sweeps.report.runs import Experiment

#: With fewer different points there is no region to see.
MIN_POINTS = 4


def best_region(experiment: Experiment) -> Figure | None:
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


def _rows(experiment: Experiment, arm: str, first: str, second: str) -> list[Row]:
    found: list[Row] = []
    for run in experiment.of(arm, "tune"):
        x, y, score = finite(run.params.get(first)), finite(run.params.get(second)), experiment.score(run)
        if x is not None and y is not None and score is not None:
            row = {"arm": arm, "run": run.name, "x": x, "y": y, "score": score, "parameters": params_words(run)}
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
