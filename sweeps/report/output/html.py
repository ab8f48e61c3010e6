"""Rendering: the page, the Markdown file and the tables, as text ready to be written."""

import html
import json
import re
from functools import cache
from typing import Any

import jinja2
import vl_convert

from sweeps.report.analysis import Analysis
from sweeps.report.comparison import format_progress
from sweeps.report.figures import TEMPLATES, THEME, Figure, colour, figure_files, figures_of
from sweeps.report.output import rows as cells
from sweeps.report.output import run_rows as provenance
from sweeps.report.output.csv_tables import all_tables
from sweeps.report.output.diagnostic_rows import diagnostic_rows
from sweeps.report.output.embedded_samples import collect_samples
from sweeps.report.output.verdict_json import verdict_json
from sweeps.report.statistics import calibration


def render_files(analysis: Analysis, pictures: bool = True) -> dict[str, bytes]:
    """Return path within `report/` -> content; the page comes last. Without `pictures` no figure is drawn as a file."""
    values, figures = _template_values(analysis), figures_of(analysis)
    texts = {f"tables/{name}": text for name, text in all_tables(analysis).items()}
    texts["verdict.json"] = verdict_json(analysis)
    texts["report.md"] = _environment(is_html=False).get_template("report.md.j2").render(values)
    page = (
        _environment(is_html=True)
        .get_template("page.html.j2")
        .render(values | _page_values(analysis, figures) | {"has_files": pictures})
    )
    drawn = [figure for group in figures.values() for figure in group]
    files = {path: data for figure in drawn if pictures for path, data in figure_files(figure).items()}
    return {path: text.encode() for path, text in texts.items()} | files | {"index.html": page.encode()}


def _template_values(analysis: Analysis) -> dict[str, Any]:
    experiment = analysis.experiment
    metric = experiment.plan.metric
    return {
        "plan": experiment.plan,
        "metric": metric,
        "headline": analysis.headline,
        "clauses": analysis.clauses,
        "progress": format_progress(experiment),
        "is_void": analysis.is_void,
        "guards": analysis.guards,
        "counts": {level: sum(g.level == level for g in analysis.guards) for level in ("pass", "warn", "fail")},
        "pairs": [cells.pair_cells(metric, pair) for pair in analysis.pairs],
        "arms": cells.arm_table(experiment, analysis.arms),
        "runs": [provenance.run_cells(experiment, run) for run in experiment.runs],
        "seeds": experiment.confirm_seeds,
        "conditions": provenance.conditions(experiment),
        "missing": provenance.missing(experiment),
        "diagnostics": diagnostic_rows(experiment),
        "variance": cells.variance_cells(metric, analysis.variance),
        "seeds_needed": cells.seeds_cells(metric, analysis.pairs),
        "calibration": calibration(),
    }


def _page_values(analysis: Analysis, figures: dict[str, list[Figure]]) -> dict[str, Any]:
    experiment = analysis.experiment
    specs = {figure.id: figure.spec for group in figures.values() for figure in group}
    return {
        "figures": figures,
        "colours": {arm: colour(i) for i, arm in enumerate(experiment.plan.arms)},
        "samples": collect_samples(experiment),
        "css": (TEMPLATES / "page.css").read_text(encoding="utf-8"),
        "script": vega_bundle(),
        "page_script": (TEMPLATES / "page.js").read_text(encoding="utf-8"),
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
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=is_html,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        finalize=None if is_html else markdown_text,
    )
    environment.filters["md"] = markdown_text
    return environment
