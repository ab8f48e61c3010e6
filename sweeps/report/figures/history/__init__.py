"""How a verdict came about, as figures: which runs lived, and each pair seed by seed."""

from sweeps.report.figures.history.seed_by_seed import seed_by_seed
from sweeps.report.figures.history.survival_curves import survival_curves

__all__ = ["seed_by_seed", "survival_curves"]
