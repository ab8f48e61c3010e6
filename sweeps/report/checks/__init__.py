"""What could make the verdict mean less: one subject a module, each check a pass, a warning or a failure in words."""

from sweeps.report.checks.check import Check
from sweeps.report.checks.evidence import kind_of_seeds
from sweeps.report.checks.validity import is_void, run_checks

__all__ = ["Check", "is_void", "kind_of_seeds", "run_checks"]
