"""The result as a LaTeX table for a paper (booktabs)."""

from collections.abc import Sequence

from sweeps.report.analysis import Analysis
from sweeps.report.output.rows import arm_table, pair_cells

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "−": "$-$", "–": "--", "±": r"$\pm$",  # noqa: RUF001 - a minus sign and an empty cell's dash
}  # fmt: skip


def latex_text(text: object) -> str:
    """Return text that LaTeX prints as it is."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(str(text).split()))


def paper_table(analysis: Analysis) -> str:
    """Return a table of arms and one of pairs; it needs `\\usepackage{booktabs}`."""
    plan, metric = analysis.experiment.plan, analysis.experiment.plan.metric
    unit = f" ({metric.unit})" if metric.unit else ""
    arms = [
        (row.name, row.mean, row.interval, row.n, row.iqm, row.worst_tenth, row.gain)
        for row in arm_table(analysis.experiment, analysis.arms)
    ]
    pairs = [
        (f"{row.a} $-$ {row.b}", row.difference, row.interval, str(row.n), row.p_holm, row.improvement, row.verdict)
        for row in (pair_cells(metric, pair) for pair in analysis.pairs)
    ]
    lines = [
        f"% {' '.join(analysis.headline.split())}",
        f"% {plan.name}: {plan.confirm_key}{unit}, 95% Student t intervals over seeds, Holm over pairs",
        *_tabular(("Arm", f"{metric.label}{unit}", "95\\% interval", "Seeds", "IQM", "Worst tenth", "Gain"), arms),
    ]
    if pairs:
        heads = ("Difference", f"Mean{unit}", "95\\% interval", "Pairs", "$p$ (Holm)", "P(better)", "Verdict")
        lines += ["", *_tabular(heads, pairs)]
    return "\n".join(lines) + "\n"


def _tabular(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    body = [" & ".join([_name(first), *map(latex_text, rest)]) + r" \\" for first, *rest in rows]
    columns = "l" + "r" * (len(heads) - 1)
    top, bottom = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule"], [r"\bottomrule", r"\end{tabular}"]
    return [*top, " & ".join(heads) + r" \\", r"\midrule", *body, *bottom]


def _name(text: str) -> str:
    return " $-$ ".join(map(latex_text, text.split(" $-$ ")))
