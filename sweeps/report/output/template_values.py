"""What the templates of the page and of the Markdown file share: their values, and how a template is found."""

from collections.abc import Callable
from typing import Any

import jinja2

from cvae.console import printable_lines
from sweeps.report.analysis import Analysis
from sweeps.report.checks import kind_of_seeds
from sweeps.report.comparison import format_progress, is_over
from sweeps.report.figures import TEMPLATES
from sweeps.report.rows import (
    Medium,
    calibration_notes,
    chosen_rows,
    conditions,
    diagnostic_rows,
    missing,
    pair_table,
    run_rows,
    secondary_arm_table,
    secondary_notes,
    secondary_pair_table,
    seeds_rows,
    stage_rows,
    variance_rows,
)
from sweeps.report.statistics import calibration
from sweeps.report.steadiness import one_run_sentences, paper_paragraph, steadiness_sentences


def template_values(analysis: Analysis) -> dict[str, Any]:
    """Return name -> value of what both templates name."""
    experiment, metric = analysis.experiment, analysis.experiment.plan.metric
    return {
        "plan": experiment.plan,
        "metric": metric,
        "headline": analysis.headline,
        "clauses": analysis.clauses,
        "progress": format_progress(experiment, analysis.pairs),
        "is_void": analysis.is_void,
        "checks": analysis.checks,
        "counts": {level: sum(c.level == level for c in analysis.checks) for level in ("pass", "warn", "fail")},
        "pairs": pair_table(experiment, analysis.pairs).rows,
        "chosen": chosen_rows(experiment, analysis.arms),
        "runs": run_rows(experiment),
        "seeds": experiment.confirm_seeds,
        "conditions": conditions(experiment),
        "missing": missing(experiment, is_over(experiment, analysis.pairs)),
        "diagnostics": diagnostic_rows(experiment),
        "variance": variance_rows(metric, analysis.variance),
        "seeds_needed": seeds_rows(metric, analysis.pairs),
        "calibration": calibration(),
        "stages": stage_rows(analysis),
        "steadiness": steadiness_sentences(experiment, analysis.pairs),
        "one_run_each": one_run_sentences(experiment, analysis.pairs),
        "paragraph": paper_paragraph(analysis),
        "calibration_notes": calibration_notes(
            len(experiment.plan.arms), experiment.plan.n_tunings if experiment.plan.trials_per_arm else 0
        ),
        "similar_seeds": kind_of_seeds(analysis.arms, analysis.pairs),
        "disagreements": analysis.disagreements,
        "secondary_notes": secondary_notes(analysis.secondary),
    }


def secondary_tables(analysis: Analysis, medium: Medium) -> dict[str, Any]:
    """Return name -> table, or None where the experiment declares no secondary metric."""
    experiment, secondary = analysis.experiment, analysis.secondary
    return {
        "secondary_arms": secondary_arm_table(experiment, secondary).text(medium) if secondary else None,
        "secondary_pairs": secondary_pair_table(experiment, secondary).text(medium) if secondary else None,
    }


def template(name: str, finalize: Callable[[object], str] | None = None) -> jinja2.Template:
    """Return a template of the report; without `finalize`, every value is escaped for HTML and can be printed."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=finalize is None,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        finalize=finalize or _printable_text,
    )
    return environment.get_template(name)


def _printable_text(value: Any) -> Any:
    return printable_lines(value) if type(value) is str else value  # what is marked as safe is the page's own
