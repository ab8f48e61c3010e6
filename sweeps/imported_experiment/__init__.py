"""Results from elsewhere as an experiment's folder, which the report reads like any other. Whose they were is not known
here: every door of imports makes the same values of them.
"""

from sweeps.imported_experiment.imported import ImportedExperiment, ImportedRun, replace_experiment, write_experiment

__all__ = ["ImportedExperiment", "ImportedRun", "replace_experiment", "write_experiment"]
