"""Rendering: the page, the Markdown file and the tables, as text ready to be written."""

import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert

from sweeps.report import cells, provenance
from sweeps.report.analysis import Analysis
from sweeps.report.curves import curve_figures
from sweeps.report.figure import Figure
from sweeps.report.figures import arm_means, differences, per_frame
from sweeps.report.headline import progress_words
from sweeps.report.palette import THEME, colour
from sweeps.report.samples import collect_samples
from sweeps.report.tables import all_tables, verdict_json
from sweeps.report.tuned import tuned_parameters

_HERE = Path(__file__).parent


def render_files(analysis: Analysis) -> dict[str, str]:
    """Return path within `report/` -> content; the page comes last."""
    experiment, arms, pairs = analysis.experiment, analysis.arms, analysis.pairs
    values = _template_values(analysis)
    tables = all_tables(experiment, arms, pairs)
    verdict = verdict_json(experiment, analysis.headline, arms, pairs, analysis.guards, analysis.is_void)
    return {
        **{f"tables/{name}": text for name, text in tables.items()},
        "verdict.json": verdict,
        "report.md": _environment(is_html=False).get_template("report.md.j2").render(values),
        "index.html": _environment(is_html=True).get_template("page.html.j2").render(values | _page_values(analysis)),
    }


def _template_values(analysis: Analysis) -> dict[str, Any]:
    experiment = analysis.experiment
    metric = experiment.plan.metric
    return {
        "plan": experiment.plan,
        "metric": metric,
        "headline": analysis.headline,
        "clauses": analysis.clauses,
        "progress": progress_words(experiment),
        "is_void": analysis.is_void,
        "guards": analysis.guards,
        "counts": {level: sum(g.level == level for g in analysis.guards) for level in ("pass", "warn", "fail")},
        "pairs": [cells.pair_cells(metric, pair) for pair in analysis.pairs],
        "arms": cells.arm_table(experiment, analysis.arms),
        "runs": [provenance.run_cells(experiment, run) for run in experiment.runs],
        "seeds": experiment.confirm_seeds,
        "conditions": provenance.conditions(experiment),
        "missing": provenance.missing(experiment),
    }


def _page_values(analysis: Analysis) -> dict[str, Any]:
    experiment, metric = analysis.experiment, analysis.experiment.plan.metric
    groups: dict[str, list[Figure | None]] = {
        "differences": [differences(metric, analysis.arms, analysis.pairs)],
        "means": [arm_means(metric, experiment.plan.arms, analysis.arms)],
        "confirm": [*curve_figures(experiment, "confirm")],
        "frames": [per_frame(experiment)],
        "tuned": [*tuned_parameters(experiment)],
        "tune": [*curve_figures(experiment, "tune")],
    }
    figures = {name: [figure for figure in group if figure is not None] for name, group in groups.items()}
    specs = {figure.id: figure.spec for group in figures.values() for figure in group}
    return {
        "figures": figures,
        "colours": {arm: colour(i) for i, arm in enumerate(experiment.plan.arms)},
        "samples": collect_samples(experiment),
        "css": (_HERE / "page.css").read_text(encoding="utf-8"),
        "script": vega_bundle(),
        "specs_json": inert_json(specs),
        "theme_json": inert_json(THEME),
    }


@cache
def vega_bundle() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one JavaScript module that sets `window.vegaEmbed`; takes 2 s."""
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def inert_json(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in, whatever the names in it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )


def markdown_text(value: object) -> str:
    """Return text that Markdown shows as it is: no markup, no HTML, no new table cell."""
    flat = " ".join(str(value).split())
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(flat, quote=False))


def _environment(is_html: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=is_html,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        finalize=None if is_html else markdown_text,
    )
    environment.filters["md"] = markdown_text
    return environment
