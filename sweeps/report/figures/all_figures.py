"""Every figure of the report, in groups by what they show."""

from sweeps.report.analysis import Analysis
from sweeps.report.figures.curves import curve_figures
from sweeps.report.figures.differences import arm_means, clip_figures, paired_differences, three_chances
from sweeps.report.figures.figure import Figure
from sweeps.report.figures.history import seed_by_seed, survival_curves
from sweeps.report.figures.latent import kl_heat_maps, rate_distortion
from sweeps.report.figures.per_frame import per_frame
from sweeps.report.figures.search_space import best_region, tuned_parameters
from sweeps.report.figures.selection import budget, shrinkage


def figures_of(analysis: Analysis) -> dict[str, list[Figure]]:
    """Return group -> its figures; a group without data is empty."""
    experiment, metric = analysis.experiment, analysis.experiment.plan.metric
    groups: dict[str, list[Figure | None]] = {
        "differences": [paired_differences(metric, analysis.arms, analysis.pairs)],
        "chances": [three_chances(metric, analysis.pairs)],
        "means": [arm_means(metric, experiment.plan.arms, analysis.arms)],
        "survival": [survival_curves(experiment)],
        "seeds": [*seed_by_seed(analysis)],
        "confirm": [*curve_figures(experiment, "confirm")],
        "frames": [per_frame(experiment)],
        "plane": [rate_distortion(experiment)],
        "maps": [*kl_heat_maps(experiment)],
        "clips": [*clip_figures(metric, analysis.pairs)],
        "found": [shrinkage(experiment, analysis.arms), budget(experiment)],
        "region": [best_region(experiment)],
        "tuned": [*tuned_parameters(experiment)],
        "tune": [*curve_figures(experiment, "tune")],
    }
    return {name: [figure for figure in group if figure is not None] for name, group in groups.items()}
