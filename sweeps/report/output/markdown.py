"""The report as Markdown: the page's words and tables without its figures."""

from typing import Any

from cvae.console import markdown_text
from sweeps.report.analysis import Analysis
from sweeps.report.output.template_values import secondary_tables, template
from sweeps.report.rows import arm_table, pair_table


def render_markdown(analysis: Analysis, shared: dict[str, Any]) -> str:
    """Return report.md by `template_values`."""
    arms = arm_table(analysis.experiment, analysis.arms)
    pairs = pair_table(analysis.experiment, analysis.pairs)
    tables = {
        "arm_table": arms.text("markdown"),
        "pair_tables": [pairs.text("markdown", "main"), pairs.text("markdown", "beside")],
        **secondary_tables(analysis, "markdown"),
    }
    return template("report.md.j2", finalize=markdown_text).render(shared | tables)
