"""The verdict for programs: verdict.json, strict JSON, numbers in the metric's unit; docs/report.md has its schema."""

import json
from dataclasses import asdict
from typing import Any

from sweeps.report.analysis import Analysis
from sweeps.report.comparison import is_over
from sweeps.report.rows import ArmRow, ReportTable, arm_table, pair_table, secondary_values

#: Raised whenever a key changes its meaning or goes.
SCHEMA = 3


def verdict_json(analysis: Analysis) -> str:
    """Return the verdict as JSON text."""
    experiment, metric = analysis.experiment, analysis.experiment.plan.metric
    value = {
        "schema": SCHEMA,
        "experiment": experiment.plan.name,
        "headline": analysis.headline,
        "void": analysis.is_void,
        "metric": {
            "name": metric.name,
            "read_as": experiment.plan.confirm_key,
            "direction": metric.direction,
            "margin": metric.margin,
            "unit": metric.unit,
            "earlier": list(experiment.earlier_metrics),
        },
        "data": {"split": experiment.plan.split, "fingerprints": experiment.data_fingerprints},
        "seeds": {
            "planned": experiment.plan.n_seeds,
            "planned_at_first_look": experiment.first_planned or experiment.plan.n_seeds,
            "replicates": experiment.plan.n_tunings,
            "stop": experiment.plan.stop,
            "complete": is_over(experiment, analysis.pairs),
        },
        "arms": _arm_values(arm_table(experiment, analysis.arms)),
        "pairs": pair_table(experiment, analysis.pairs).values(),
        **_secondary(analysis),
        "variance": asdict(analysis.variance),
        "guards": [{"title": check.title, "level": check.level, "detail": check.detail} for check in analysis.checks],
    }
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return "".join(c if c == "\n" or c.isprintable() else f"\\u{ord(c):04x}" for c in text)  # the same JSON


def _secondary(analysis: Analysis) -> dict[str, Any]:
    """Return what metrics beside the one that decides say; nothing where the experiment declares none."""
    if not analysis.secondary:
        return {}
    metrics = secondary_values(analysis.experiment, analysis.secondary)
    return {"secondary": {"disagreements": analysis.disagreements, "metrics": metrics}}


def _arm_values(table: ReportTable[ArmRow]) -> dict[str, dict[str, Any]]:
    """Return arm -> its numbers, those of the result before those of how it was found."""
    both = zip(table.rows, table.values("main"), table.values("tuning"), strict=True)
    return {row.name: result | tuning for row, result, tuning in both}
