"""The result as a LaTeX table for a paper (booktabs)."""

from collections.abc import Sequence
from typing import Any

from cvae.console import printable
from sweeps.report.analysis import Analysis
from sweeps.report.rows import TextTable, arm_table, pair_table, secondary_pair_table

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "−": "$-$", "–": "--", "±": r"$\pm$",  # noqa: RUF001 - a minus sign and an empty cell's dash
}  # fmt: skip


def latex_text(text: object) -> str:
    """Return text that LaTeX prints as it is."""
    return "".join(_SPECIAL.get(character, character) for character in printable(" ".join(str(text).split())))


def paper_table(analysis: Analysis) -> str:
    """Return a table of arms, one of pairs, and one of pairs by secondary metrics where there are some.

    It needs `\\usepackage{booktabs}`.
    """
    plan, metric = analysis.experiment.plan, analysis.experiment.plan.metric
    arms = arm_table(analysis.experiment, analysis.arms).text("paper")
    pairs = pair_table(analysis.experiment, analysis.pairs).text("paper")
    unit = f" ({metric.unit})" if metric.unit else ""
    lines = [
        f"% {printable(' '.join(analysis.headline.split()))}",
        f"% {printable(plan.name)}: {plan.confirm_key}{unit}, 95% Student t intervals over seeds, Holm over pairs",
        *_tabular("Arm", arms, [latex_text(row.of.name) for row in arms.rows]),
    ]
    if pairs.rows:
        names = [f"{latex_text(row.of.pair.a)} $-$ {latex_text(row.of.pair.b)}" for row in pairs.rows]
        lines += ["", *_tabular("Difference", pairs, names)]
    secondary = secondary_pair_table(analysis.experiment, analysis.secondary).text("paper")
    if secondary.rows:
        names = [f"{latex_text(row.of.pair.a)} $-$ {latex_text(row.of.pair.b)}" for row in secondary.rows]
        lines += ["", "% secondary: decides nothing, no adjustment", *_tabular("Difference", secondary, names)]
    return "\n".join(lines) + "\n"


def _tabular(first: str, table: TextTable[Any], names: Sequence[str]) -> list[str]:
    heads = [first, *(title.text for title in table.titles)]
    body = [
        " & ".join([name, *(latex_text(cell.text) for cell in row.cells)]) + r" \\"
        for name, row in zip(names, table.rows, strict=True)
    ]
    columns = "l" + "r" * (len(heads) - 1)
    top, bottom = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule"], [r"\bottomrule", r"\end{tabular}"]
    return [*top, " & ".join(heads) + r" \\", r"\midrule", *body, *bottom]
