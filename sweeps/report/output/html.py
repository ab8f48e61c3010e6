"""The page: one file with its figures' data, its style and its programs inside."""

import json
from functools import cache
from typing import Any

import vl_convert

from sweeps.report.analysis import Analysis
from sweeps.report.figures import TEMPLATES, THEME, Figure, colour
from sweeps.report.output.embedded_samples import collect_samples
from sweeps.report.output.template_values import secondary_tables, template
from sweeps.report.rows import arm_table, pair_table


def render_page(analysis: Analysis, shared: dict[str, Any], figures: dict[str, list[Figure]], has_files: bool) -> str:
    """Return index.html by `template_values`; `has_files` says whether each figure lies beside it as a file too."""
    values = shared | _table_values(analysis) | _page_values(analysis, figures)
    return template("page.html.j2").render(values | {"has_files": has_files})


def _table_values(analysis: Analysis) -> dict[str, Any]:
    arms = arm_table(analysis.experiment, analysis.arms)
    pairs = pair_table(analysis.experiment, analysis.pairs)
    return {
        "arm_table": arms.text("page", "main"),
        "tuning_table": arms.text("page", "tuning"),
        "pair_table": pairs.text("page", "main"),
        "beside_table": pairs.text("page", "beside"),
        **secondary_tables(analysis, "page"),
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
