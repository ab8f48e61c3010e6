"""Tune scores against each searched parameter."""

import math
from collections.abc import Sequence

import altair as alt

from sweeps.report.boundary import is_log
from sweeps.report.figure import Figure, Row, build, data, tooltip, with_unit
from sweeps.report.numbers import finite
from sweeps.report.palette import arm_colour
from sweeps.report.runs import Experiment


def tuned_parameters(experiment: Experiment) -> list[Figure]:
    """Return the tune scores against each searched parameter, one small figure each."""
    paths = {path: space for arm in experiment.plan.arms for path, space in experiment.plan.spaces[arm].items()}
    figures = (_tuned(experiment, i, path, is_log(space)) for i, (path, space) in enumerate(paths.items()))
    return [figure for figure in figures if figure is not None]


def _tuned(experiment: Experiment, index: int, path: str, log: bool) -> Figure | None:
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


def _with_best(experiment: Experiment, rows: list[Row]) -> list[Row]:
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
