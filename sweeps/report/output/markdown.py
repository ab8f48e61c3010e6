"""The report as Markdown: the page's words and tables without its figures."""

from cvae.console import markdown_text
from sweeps.report.analysis import Analysis
from sweeps.report.output.template_values import secondary_tables, template, template_values
from sweeps.report.rows import arm_table, pair_table


def render_markdown(analysis: Analysis) -> str:
    """Return report.md."""
    arms = arm_table(analysis.experiment, analysis.arms)
    pairs = pair_table(analysis.experiment, analysis.pairs)
    tables = {
        "arm_table": arms.text("markdown"),
        "pair_tables": [pairs.text("markdown", "main"), pairs.text("markdown", "beside")],
        **secondary_tables(analysis, "markdown"),
    }
    return template("report.md.j2", finalize=markdown_text).render(template_values(analysis) | tables)
